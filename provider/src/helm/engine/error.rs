//! What can go wrong when helm is run, by meaning. `classify.rs` makes most of these from what helm says;
//! `diagnostic.rs` turns them into text for the practitioner. No message in them shows a secret value.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::helm::process;
use crate::wait::WaitError;

/// What helm was run for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// To render a chart.
    Render,
    /// To install or upgrade a release.
    Upgrade,
    /// To roll a release back.
    Rollback,
    /// To uninstall a release.
    Uninstall,
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Render => "render the chart",
            Self::Upgrade => "install or upgrade the release",
            Self::Rollback => "roll the release back",
            Self::Uninstall => "uninstall the release",
        })
    }
}

/// Why helm did not do what it was run for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The private folder or the chart's archive in it cannot be written.
    #[error("failed to prepare a private folder to {operation}")]
    Setup {
        /// What helm was to do.
        operation: Operation,
        /// The operating system's answer.
        source: io::Error,
    },
    /// Helm cannot be run.
    #[error("failed to run helm to {operation}")]
    Process {
        /// What helm was to do.
        operation: Operation,
        /// The cause.
        source: process::Error,
    },
    /// The chart's schema refuses values.
    #[error("the chart's schema refuses the values: {message}")]
    Values {
        /// The refused paths, each with its reason, as helm lists them.
        message: String,
    },
    /// The chart itself refuses to be rendered like this (`fail` and `required` of its templates).
    #[error("the chart refuses: {message}")]
    ChartRefused {
        /// The chart's words.
        message: String,
        /// The template and line that say so.
        location: String,
    },
    /// A template, or what it renders to, is broken.
    #[error("a template of the chart is broken: {message}")]
    Template {
        /// Helm's words.
        message: String,
    },
    /// The archive is no chart that can be installed.
    #[error("the chart cannot be used: {message}")]
    Chart {
        /// Helm's words.
        message: String,
    },
    /// The chart is for other versions of Kubernetes.
    #[error("the chart is not for this version of Kubernetes: {message}")]
    KubernetesVersion {
        /// Helm's words, with both versions.
        message: String,
    },
    /// An object that the chart would create is there, and belongs to somebody else.
    #[error("an object of the chart exists and does not belong to the release: {message}")]
    NotOwned {
        /// Helm's words, with the object and its owner.
        message: String,
    },
    /// Another operation on the release runs, or one was killed.
    #[error("another operation on the release is in progress: {message}")]
    Busy {
        /// Helm's words.
        message: String,
    },
    /// A release of this name is there.
    #[error("the name of the release is in use: {message}")]
    NameInUse {
        /// Helm's words.
        message: String,
    },
    /// There is no such release or revision.
    #[error("there is no such release: {message}")]
    ReleaseMissing {
        /// Helm's words.
        message: String,
    },
    /// There is no such namespace.
    #[error("namespace {namespace} does not exist")]
    NamespaceMissing {
        /// The namespace.
        namespace: String,
    },
    /// The chart has objects of kinds that the API server does not know.
    #[error("the API server does not know a kind of the chart: {message}")]
    KindMissing {
        /// Helm's words, with the kinds.
        message: String,
    },
    /// The release would not fit into a Secret.
    #[error("the release is too large to be stored: {message}")]
    TooLarge {
        /// Helm's words.
        message: String,
    },
    /// The credentials do not allow something that the chart needs.
    #[error("not allowed: {message}")]
    Forbidden {
        /// The API server's words.
        message: String,
    },
    /// The API server does not accept the credentials, or there are none.
    #[error("the API server does not accept helm's credentials: {message}")]
    Unauthenticated {
        /// Helm's words.
        message: String,
    },
    /// The API server cannot be reached.
    #[error("helm cannot reach the API server: {message}")]
    Unreachable {
        /// Helm's words.
        message: String,
    },
    /// Something else.
    #[error("failed to {operation} (exit code {code}): {message}")]
    Failed {
        /// What helm was to do.
        operation: Operation,
        /// Helm's exit code.
        code: i32,
        /// Helm's words.
        message: String,
    },
    /// The rendering is larger than 32 MiB.
    #[error("failed to {operation}: helm printed more than 32 MiB")]
    TooMuchOutput {
        /// What helm was to do.
        operation: Operation,
    },
    /// Helm was killed, and not by this provider. A release that it was writing is left pending.
    #[error("helm was killed by signal {signal} before it could {operation}")]
    Killed {
        /// What helm was to do.
        operation: Operation,
        /// The signal.
        signal: i32,
    },
    /// Helm did not end in time. A release that it was writing is failed, or pending if helm did not obey.
    #[error("helm could not {operation} within {} seconds", waited.as_secs())]
    TimedOut {
        /// What helm was to do.
        operation: Operation,
        /// How long it had.
        waited: Duration,
        /// Helm's last words; may be empty.
        message: String,
    },
    /// The practitioner interrupted. A release that helm was writing is failed, or pending if helm did not obey.
    #[error("interrupted before helm could {operation}")]
    Interrupted {
        /// What helm was to do.
        operation: Operation,
    },
}

impl Error {
    /// Waiting for another operation on the release ended without its turn.
    pub(super) fn of_waiting(operation: Operation, ended: &WaitError<(), ()>) -> Self {
        match ended {
            WaitError::TimedOut { waited, .. } => Self::TimedOut {
                operation,
                waited: *waited,
                message: "another operation of this run on the same release took all the time".to_owned(),
            },
            WaitError::Interrupted { .. } | WaitError::Failed { .. } => Self::Interrupted { operation },
        }
    }

    /// Whether the values or the chart are at fault, so that a plan can already say so.
    pub fn is_of_configuration(&self) -> bool {
        matches!(
            self,
            Self::Values { .. }
                | Self::ChartRefused { .. }
                | Self::Template { .. }
                | Self::Chart { .. }
                | Self::KubernetesVersion { .. }
        )
    }
}
