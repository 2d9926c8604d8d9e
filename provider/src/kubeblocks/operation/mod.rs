//! One operation on a database, as an `OpsRequest`: checks what nobody else checks, waits for its turn, submits, follows
//! it to its end, and takes away what would lock the database. Knows Kubernetes and KubeBlocks; only [`diagnostic`] knows
//! Terraform.
//!
//! `checks` and `lock` (what is there) -> `build` (pure) -> [`run`] (writes) -> `follow` (waits) -> [`Outcome`]. What hangs is
//! undone by `unlock`.

mod build;
mod check_backup;
mod check_script;
mod check_switchover;
mod checks;
pub mod diagnostic;
pub mod error;
mod follow;
mod judge;
mod lock;
pub(crate) mod roles;
mod run;
#[cfg(test)]
mod run_tests;
#[cfg(test)]
mod test_support;
mod unlock;

use std::collections::BTreeMap;
use std::time::Duration;

use kubeblocks_schemas::catalogue::Function;
use kubeblocks_schemas::v1alpha1::OpsType;

pub use checks::{Foreseen, foresee};
pub use error::{About, OperationError, Refusal};
pub use lock::wait_until_free;
pub(crate) use roles::{Leading, role};
pub use run::{go_on, remove, run};

/// What is to be done to a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Restarts all instances of components, one after the other.
    Restart {
        /// The components.
        components: Vec<String>,
    },
    /// Moves the leading role of a component.
    Switchover {
        /// The component.
        component: String,
        /// The pod that is to lead; any other one when absent.
        instance: Option<String>,
    },
    /// Runs statements in the database.
    Script(Script),
    /// Stops all instances. Volumes stay.
    Stop,
    /// Starts what a [`Operation::Stop`] stopped.
    Start,
    /// Makes a backup.
    Backup(BackupNow),
}

/// Statements to run in a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// The component; the only one that can run statements when absent.
    pub component: Option<String>,
    /// The statements.
    pub statements: Vec<String>,
    /// Keys of `ConfigMap`s with statements.
    pub config_maps: Vec<KeyReference>,
    /// Keys of Secrets with statements.
    pub secrets: Vec<KeyReference>,
    /// Image of the client.
    pub image: Option<String>,
    /// Who logs in; the database's first user when absent.
    pub login: Option<Login>,
    /// Labels of the pods to run on, each by itself; the Service of the component when empty.
    pub selector: BTreeMap<String, String>,
}

/// A key of an object in the namespace of the database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyReference {
    /// Name of the object.
    pub name: String,
    /// The key.
    pub key: String,
}

/// A Secret with a user and a password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Login {
    /// Name of the Secret.
    pub secret: String,
    /// Key of the user; `username` when absent.
    pub username_key: Option<String>,
    /// Key of the password; `password` when absent.
    pub password_key: Option<String>,
}

/// A backup to make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackupNow {
    /// A method of the policy.
    pub method: String,
    /// The policy; the default one of the database when absent.
    pub policy: Option<String>,
    /// Name of the Backup; that of the operation when absent.
    pub name: Option<String>,
    /// How long it is kept, such as `7d`; for ever when absent.
    pub retention: Option<String>,
    /// `Delete` or `Retain`.
    pub deletion_policy: Option<String>,
}

impl Operation {
    /// The type of the `OpsRequest`.
    pub fn ops_type(&self) -> OpsType {
        match self {
            Self::Restart { .. } => OpsType::Restart,
            Self::Switchover { .. } => OpsType::Switchover,
            Self::Script(_) => OpsType::DataScript,
            Self::Stop => OpsType::Stop,
            Self::Start => OpsType::Start,
            Self::Backup(_) => OpsType::Backup,
        }
    }

    /// The operation in a word, for names and messages.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Restart { .. } => "restart",
            Self::Switchover { .. } => "switchover",
            Self::Script(_) => "script",
            Self::Stop => "stop",
            Self::Start => "start",
            Self::Backup(_) => "backup",
        }
    }

    /// The function of the support matrix that it is.
    pub fn function(&self) -> Option<Function> {
        match self {
            Self::Restart { .. } => Some(Function::Restart),
            Self::Switchover { .. } => Some(Function::Switchover),
            Self::Stop | Self::Start => Some(Function::StopStart),
            Self::Backup(_) => Some(Function::BackupRestore),
            Self::Script(_) => None,
        }
    }

    /// Whether the operator keeps other operations away while this one runs.
    pub fn locks(&self) -> bool {
        match self {
            Self::Restart { .. } | Self::Switchover { .. } | Self::Stop | Self::Start => true,
            Self::Script(_) | Self::Backup(_) => false,
        }
    }

    /// How long it is given when nobody says so. Roles move within seconds, or never.
    pub fn default_timeout(&self) -> Duration {
        match self {
            Self::Switchover { .. } => Duration::from_mins(10),
            Self::Restart { .. } | Self::Script(_) | Self::Stop | Self::Start | Self::Backup(_) => {
                Duration::from_hours(1)
            }
        }
    }
}

/// One run of an operation.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Namespace of the database.
    pub namespace: &'a str,
    /// Name of the database.
    pub cluster: &'a str,
    /// What is to be done.
    pub operation: &'a Operation,
    /// Text that tells this run from other runs of the same, such as triggers. With an equal one, a run that was cut off
    /// is gone on with, and one that came to its end is done once more.
    pub run: &'a str,
    /// How long the object stays after success; for ever when absent.
    pub keep: Option<Duration>,
}

impl Request<'_> {
    /// A digest of all that makes this run what it is.
    pub fn key(&self) -> String {
        build::key(self)
    }
}

/// Who is told how an operation goes.
pub trait Listener: Send + Sync {
    /// Something worth telling happened.
    fn says(&self, text: &str);

    /// The operation is with the server now, under this name.
    fn submitted(&self, _name: &str) {}
}

/// A listener that only writes to the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Log;

impl Listener for Log {
    fn says(&self, text: &str) {
        tracing::info!("{text}");
    }
}

/// How an operation ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Name of the `OpsRequest`; absent when there was nothing to do.
    pub name: Option<String>,
    /// The phase that it ended with.
    pub phase: String,
    /// Done and all objects, `2/2`.
    pub progress: Option<String>,
    /// What the operator says of the end, or why it was taken for one.
    pub message: String,
}
