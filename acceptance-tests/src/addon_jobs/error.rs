//! What can go wrong with the node that runs the Jobs of add-ons.

use std::path::{Path, PathBuf};

use crate::tools;

/// Why the node does not run, or no longer, or cannot run a container.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Helm cannot be had.
    #[error("unable to get helm")]
    Helm {
        /// The cause.
        source: tools::Error,
    },
    /// No port could be opened.
    #[error("unable to listen on the loopback interface")]
    Listen {
        /// The cause.
        source: std::io::Error,
    },
    /// No certificate could be made.
    #[error("unable to make a certificate for the node")]
    Certificate {
        /// The cause.
        source: rcgen::Error,
    },
    /// TLS cannot be set up.
    #[error("unable to set up TLS for the node")]
    Tls {
        /// The cause.
        source: rustls::Error,
    },
    /// The API server refused or could not be reached.
    #[error("unable to {verb} {object}")]
    Api {
        /// What was tried.
        verb: &'static str,
        /// The object.
        object: String,
        /// The client's error.
        source: Box<kube::Error>,
    },
    /// The API server does not call the webhook.
    #[error("pods of add-ons are not sent to the node: {reason}")]
    Webhook {
        /// What it said or did last.
        reason: String,
    },
    /// The kubeconfig cannot be used.
    #[error("unable to read the server from the kubeconfig {path}")]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file of a container cannot be made.
    #[error("unable to {action} {path}")]
    File {
        /// What was to be done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A program cannot be run.
    #[error("unable to run {program}")]
    Program {
        /// The program.
        program: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The watch of the node's pods ended.
    #[error("the watch of the pods of the node ended")]
    Ended,
}

impl Error {
    pub(super) fn api(verb: &'static str, object: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let object = object.into();
        move |source| Self::Api { verb, object, source: Box::new(source) }
    }

    pub(super) fn file(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }

    /// The error and its causes in one line.
    pub(super) fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        text
    }
}
