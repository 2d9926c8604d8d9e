//! One running Kubernetes control plane, owned by the value that stands for it.
//!
//! The program behind it (`control-plane/`) runs as a child whose standard input is a pipe that this process holds: when
//! the process ends in whatever way, SIGKILL included, the pipe closes and the control plane ends and removes its data.
//! Every start listens on ports of its own, so any number run side by side.

mod process;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::OnceCell;

use crate::kubeconfig::{Kubeconfig, Login};
use crate::tools;

use process::Process;

/// How long a start may take on a machine that does other things, too. A quiet one needs 4 s.
const START_TIMEOUT: Duration = Duration::from_mins(3);

/// What kind of control plane to start.
#[derive(Clone, Debug)]
pub struct Options {
    /// Number of simulated nodes, spread over three zones.
    pub nodes: u32,
    /// CPU of each node, as a Kubernetes quantity.
    pub node_cpu: String,
    /// Memory of each node, as a Kubernetes quantity.
    pub node_memory: String,
    /// Users that get a token, and no rights until a test binds a role.
    pub users: Vec<User>,
    /// Kubeconfig of a webhook that reviews bearer tokens.
    pub token_webhook: Option<PathBuf>,
    /// Whether there are storage classes from the beginning; a managed cluster gets its own from its cloud.
    pub storage_classes: bool,
    /// Whether Services of type `LoadBalancer` get an address.
    pub load_balancers: bool,
    /// Suffix of the version that the server reports, such as `-eks-1a2b3c4`.
    pub version_suffix: Option<String>,
    /// Further flags of kube-apiserver.
    pub api_server_flags: Vec<String>,
    /// File for the logs of all components; by default one under the target folder, removed when all went well.
    pub log: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            nodes: 3,
            node_cpu: "16".to_owned(),
            node_memory: "64Gi".to_owned(),
            users: Vec::new(),
            token_webhook: None,
            storage_classes: true,
            load_balancers: false,
            version_suffix: None,
            api_server_flags: Vec::new(),
            log: None,
        }
    }
}

/// Someone who may log in by token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Name, as role bindings know it.
    pub name: String,
    /// Groups.
    pub groups: Vec<String>,
}

/// Why a control plane does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The program cannot be had.
    #[error("unable to get the control plane program")]
    Program {
        /// The cause.
        source: tools::Error,
    },
    /// A folder or file cannot be made.
    #[error("unable to create {path}")]
    File {
        /// The folder or file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The program cannot be started.
    #[error("unable to start {program}")]
    Spawn {
        /// The program.
        program: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The program ended before it was ready.
    #[error("the control plane ended before it was ready; the last lines of {log}:\n{tail}")]
    Ended {
        /// Where its logs are.
        log: PathBuf,
        /// The end of the logs.
        tail: String,
    },
    /// The program took too long.
    #[error("the control plane was not ready after {} s; the last lines of {log}:\n{tail}", START_TIMEOUT.as_secs())]
    Slow {
        /// Where its logs are.
        log: PathBuf,
        /// The end of the logs.
        tail: String,
    },
    /// The program announced something else than agreed.
    #[error("unable to read what the control plane announced")]
    Announcement {
        /// The cause.
        source: serde_json::Error,
    },
    /// The kubeconfig cannot be used.
    #[error("unable to make a client from the kubeconfig {path}")]
    Client {
        /// The kubeconfig.
        path: PathBuf,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Nobody of this name was asked for at the start.
    #[error("there is no user {name:?}; name it in the options")]
    UnknownUser {
        /// The name.
        name: String,
    },
    /// A kubeconfig cannot be written.
    #[error("unable to write a kubeconfig for user {name:?}")]
    UserKubeconfig {
        /// The user.
        name: String,
        /// The cause.
        source: crate::kubeconfig::Error,
    },
}

/// The line that the program prints once it can be used.
#[derive(Debug, Deserialize)]
struct Announcement {
    endpoint: String,
    kubeconfig: PathBuf,
    ca_certificate: PathBuf,
    client_ca: PathBuf,
    client_ca_key: PathBuf,
    admin_certificate: PathBuf,
    admin_key: PathBuf,
    admin_token: String,
    tokens: BTreeMap<String, String>,
}

/// A running control plane. Dropping it stops it and removes its data.
#[derive(Debug)]
pub struct ControlPlane {
    announcement: Announcement,
    process: Process,
}

impl ControlPlane {
    /// Starts a control plane and returns when pods could run on it. Builds the program if need be, which takes minutes.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let started = tokio::task::spawn_blocking(move || Self::start_blocking(&options)).await;
        // The task is not aborted, so it can only have panicked; that panic is the caller's.
        started.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }

    /// The control plane that all tests of this process share, each in namespaces of its own. It ends with the process.
    pub async fn shared() -> Result<&'static Self, Error> {
        static SHARED: OnceCell<ControlPlane> = OnceCell::const_new();
        SHARED.get_or_try_init(|| Self::start(Options::default())).await
    }

    /// [`start`](Self::start) for callers without a runtime.
    pub fn start_blocking(options: &Options) -> Result<Self, Error> {
        let program = tools::control_plane().map_err(|source| Error::Program { source })?;
        let (process, line) =
            Process::start(&program, &arguments(options), options.log.as_deref(), START_TIMEOUT)?;
        let announcement = serde_json::from_str(&line).map_err(|source| Error::Announcement { source })?;
        Ok(Self { announcement, process })
    }

    /// URL of the API server.
    pub fn endpoint(&self) -> &str {
        &self.announcement.endpoint
    }

    /// The administrator's kubeconfig, with a client certificate inside.
    pub fn kubeconfig(&self) -> &Path {
        &self.announcement.kubeconfig
    }

    /// Certificate authority of the API server, as PEM file.
    pub fn ca_certificate(&self) -> &Path {
        &self.announcement.ca_certificate
    }

    /// PEM files of the authority whose client certificates the API server accepts, and of its key.
    pub fn client_authority(&self) -> (&Path, &Path) {
        (&self.announcement.client_ca, &self.announcement.client_ca_key)
    }

    /// PEM files of the administrator's client certificate, and of its key.
    pub fn admin_certificate(&self) -> (&Path, &Path) {
        (&self.announcement.admin_certificate, &self.announcement.admin_key)
    }

    /// A bearer token with all rights.
    pub fn admin_token(&self) -> &str {
        &self.announcement.admin_token
    }

    /// The bearer token of a user named in the options.
    pub fn token(&self, user: &str) -> Result<&str, Error> {
        let token = self.announcement.tokens.get(user).map(String::as_str);
        token.ok_or_else(|| Error::UnknownUser { name: user.to_owned() })
    }

    /// Writes a kubeconfig of a user named in the options, next to the administrator's.
    pub fn user_kubeconfig(&self, user: &str) -> Result<PathBuf, Error> {
        let path = self.process.folder().join(format!("{user}.kubeconfig"));
        let content = Kubeconfig {
            server: self.endpoint().to_owned(),
            ca_certificate: Some(self.ca_certificate().to_owned()),
            login: Login::Token(self.token(user)?.to_owned()),
            context: user.to_owned(),
        };
        content.write(&path).map_err(|source| Error::UserKubeconfig { name: user.to_owned(), source })?;
        Ok(path)
    }

    /// An administrator's client, as [`client`].
    pub async fn client(&self) -> Result<kube::Client, Error> {
        client(self.kubeconfig()).await
    }

    /// Returns when the program has ended by itself or was killed, which it should not while this value lives.
    pub async fn ended(&self) {
        self.process.ended().await;
    }

    /// The file with the logs of all components.
    pub fn log(&self) -> &Path {
        self.process.log()
    }

    /// Process id of the program.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// The folder with all data, which is removed at the end.
    pub fn folder(&self) -> &Path {
        self.process.folder()
    }
}

/// A client from a kubeconfig file, as its current context says. Its connections live on the runtime of the caller,
/// whichever runtime asks later: a connection that a passing runtime opened would end with it, and with the connection
/// the request that another one has in it.
pub async fn client(kubeconfig: &Path) -> Result<kube::Client, Error> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| Error::Client {
        path: kubeconfig.to_owned(),
        source,
    };
    let content = kube::config::Kubeconfig::read_from(kubeconfig).map_err(|source| failed(source.into()))?;
    let config = kube::Config::from_custom_kubeconfig(content, &kube::config::KubeConfigOptions::default())
        .await
        .map_err(|source| failed(source.into()))?;
    let namespace = config.default_namespace.clone();
    let client = kube::Client::try_from(config).map_err(|source| failed(source.into()))?;
    let runtime = tokio::runtime::Handle::current();
    let at_home = tower::service_fn(move |request| {
        let (client, runtime) = (client.clone(), runtime.clone());
        async move {
            let sent = runtime.spawn(async move { client.send(request).await });
            Ok::<_, tower::BoxError>(sent.await??)
        }
    });
    Ok(kube::Client::new(at_home, namespace))
}

fn arguments(options: &Options) -> Vec<String> {
    let mut arguments = vec![
        "--follow-stdin".to_owned(),
        format!("--nodes={}", options.nodes),
        format!("--node-cpu={}", options.node_cpu),
        format!("--node-memory={}", options.node_memory),
    ];
    arguments
        .extend(options.users.iter().map(|user| format!("--user={}:{}", user.name, user.groups.join(","))));
    arguments.extend(options.token_webhook.iter().map(|path| format!("--token-webhook={}", path.display())));
    arguments.push(format!("--storage-classes={}", options.storage_classes));
    arguments.push(format!("--load-balancers={}", options.load_balancers));
    arguments.extend(options.version_suffix.iter().map(|suffix| format!("--version-suffix={suffix}")));
    arguments.extend(options.api_server_flags.iter().map(|flag| format!("--apiserver-flag={flag}")));
    arguments
}
