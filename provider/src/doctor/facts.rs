//! What is known of a Kubernetes cluster when the checks judge it: plain data. What could not be read says why.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::api::storage::v1::StorageClass;
use kubeblocks_schemas::v1alpha1::Addon;

use super::access::Access;
use super::report::Check;
use crate::kubernetes::Error;

/// A cloud whose managed Kubernetes KubeBlocks knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Cloud {
    /// Amazon EKS.
    Aws,
    /// Google GKE.
    Gcp,
    /// Azure AKS.
    Azure,
    /// Alibaba Cloud ACK.
    Alibaba,
}

/// Why something could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread(pub String);

impl Unread {
    /// The error in one clause.
    pub fn of(error: &Error) -> Self {
        Self(error.to_string())
    }

    /// The check of what could not be read.
    pub fn check(&self, name: &'static str) -> Check {
        Check::warn(
            name,
            format!("not checked: {}", self.0),
            "Ask somebody who may read it to run `doctor`, or be given the right to read it.",
        )
    }
}

/// Something that was read, or why not.
pub type Reading<T> = Result<T, Unread>;

/// The kinds of KubeBlocks that an API server serves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServedKinds {
    /// Versions of the group `apps.kubeblocks.io`; none when it is not served.
    pub versions: BTreeSet<String>,
    /// `plural.group` of every kind of `v1alpha1` in KubeBlocks' groups.
    pub kinds: BTreeSet<String>,
}

/// Everything that is judged.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Version as the server says it, such as `v1.34.4-eks-1a2b3c4`.
    pub version: String,
    /// The cloud, as the user says it.
    pub told_cloud: Option<Cloud>,
    /// The operator's namespace.
    pub namespace: String,
    /// The nodes.
    pub nodes: Reading<Vec<Node>>,
    /// The `StorageClass`es.
    pub storage_classes: Reading<Vec<StorageClass>>,
    /// Names of the `VolumeSnapshotClass`es; none at all when the kind is not served.
    pub snapshot_classes: Reading<Option<Vec<String>>>,
    /// AWS Load Balancer Controller, where one runs.
    pub load_balancer: Reading<Option<Deployment>>,
    /// KubeBlocks' kinds.
    pub served: Reading<ServedKinds>,
    /// Deployments of the operator: in its namespace, else anywhere.
    pub operator: Reading<Vec<Deployment>>,
    /// The add-ons; none at all when the kind is not served.
    pub addons: Reading<Option<Vec<Addon>>>,
    /// What the credentials may do.
    pub access: Access,
}

#[cfg(test)]
pub(super) mod fixtures {
    use serde::de::DeserializeOwned;
    use serde_json::Value;

    use super::*;

    /// A Kubernetes cluster that nothing was read of.
    pub(in crate::doctor) fn unread() -> Facts {
        let why = || Unread("not allowed to list it".to_owned());
        Facts {
            version: "v1.34.4".to_owned(),
            told_cloud: None,
            namespace: "kb-system".to_owned(),
            nodes: Err(why()),
            storage_classes: Err(why()),
            snapshot_classes: Err(why()),
            load_balancer: Err(why()),
            served: Err(why()),
            operator: Err(why()),
            addons: Err(why()),
            access: Access::default(),
        }
    }

    pub(in crate::doctor) fn object<T: DeserializeOwned>(value: Value) -> T {
        serde_json::from_value(value).unwrap()
    }
}
