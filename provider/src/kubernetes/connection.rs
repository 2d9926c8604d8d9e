//! Which Kubernetes cluster is meant and how to prove who asks: plain data, no secret in it. The first step of the
//! way `Connection -> kubeconfig -> transport -> Client`. Must not read files or the network.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// A Kubernetes API server and the way in. Two equal connections share one client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Connection {
    /// `https://` URL of the API server. Replaces the one of the kubeconfig when both are given.
    pub endpoint: Option<String>,
    /// PEM of the certificate authorities that may have signed the server's certificate. Absent: those of the
    /// kubeconfig, else those of the operating system.
    pub ca_certificate: Option<String>,
    /// How to authenticate.
    pub auth: Auth,
}

/// How requests are authenticated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Auth {
    /// What `kubectl` would use: `KUBECONFIG`, else `~/.kube/config`, else the pod's service account.
    #[default]
    Default,
    /// A context of a kubeconfig.
    Kubeconfig {
        /// The file; absent: as in [`Auth::Default`], but never the pod's service account.
        path: Option<PathBuf>,
        /// The context; absent: the file's current context.
        context: Option<String>,
    },
    /// The service account of the pod that this process runs in.
    InCluster,
    /// A command that prints an `ExecCredential` of `client.authentication.k8s.io/v1`.
    Exec {
        /// The command, found through `PATH`.
        command: String,
        /// Its arguments.
        arguments: Vec<String>,
        /// Variables added to its environment.
        environment: BTreeMap<String, String>,
    },
    /// A file that holds a bearer token. It is read again every minute.
    TokenFile {
        /// The file.
        path: PathBuf,
    },
    /// What the cloud of a managed Kubernetes cluster gives whoever may use it.
    Cloud(CloudLogin),
}

/// A managed Kubernetes cluster, as its cloud knows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CloudLogin {
    /// The cloud's service.
    pub method: CloudMethod,
    /// The cloud's identifier of the cluster.
    pub cluster: String,
    /// Region, where the identifier does not hold it.
    pub region: Option<String>,
}

/// A cloud's managed Kubernetes service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CloudMethod {
    /// Of AWS.
    Eks,
    /// Of Google Cloud.
    Gke,
    /// Of Azure.
    Aks,
    /// Of Alibaba Cloud.
    Ack,
}

impl CloudMethod {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Eks, Self::Gke, Self::Aks, Self::Ack];

    /// As it is written in configuration.
    pub fn text(self) -> &'static str {
        match self {
            Self::Eks => "eks",
            Self::Gke => "gke",
            Self::Aks => "aks",
            Self::Ack => "ack",
        }
    }

    /// As people write it.
    pub fn service(self) -> &'static str {
        match self {
            Self::Eks => "EKS",
            Self::Gke => "GKE",
            Self::Aks => "AKS",
            Self::Ack => "ACK",
        }
    }

    /// The method that is written so.
    pub fn of(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.text() == text)
    }
}

impl Auth {
    /// Whether the way in says by itself where the API server is.
    pub fn knows_endpoint(&self) -> bool {
        match self {
            Self::Default | Self::Kubeconfig { .. } | Self::InCluster => true,
            Self::Exec { .. } | Self::TokenFile { .. } | Self::Cloud(_) => false,
        }
    }
}
