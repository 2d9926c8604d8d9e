//! What can go wrong in the stand-in operator.

use std::time::Duration;

/// Why the stand-in could not go on, or could not bring one object further.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The API server refused or could not be reached.
    #[error("cannot {verb} {object}")]
    Api {
        /// What was tried, for example `patch`.
        verb: &'static str,
        /// The object as `kind namespace/name`.
        object: String,
        /// The client's error.
        source: Box<kube::Error>,
    },
    /// An object that the stand-in builds or reads does not have the shape of its kind.
    #[error("{object} does not have the shape of its kind")]
    Shape {
        /// The object as `kind name`.
        object: String,
        /// Which field is wrong.
        source: serde_json::Error,
    },
    /// A file of the embedded definitions cannot be read.
    #[error("the embedded definitions of {engine} are not valid YAML")]
    Definitions {
        /// The engine whose file it is.
        engine: &'static str,
        /// Where and why.
        source: Box<serde_saphyr::Error>,
    },
    /// The custom resource definitions cannot be generated.
    #[error("cannot generate the custom resource definitions")]
    Kinds {
        /// Which kind, and why.
        source: kubeblocks_schemas::CrdError,
    },
    /// A custom resource definition did not become established.
    #[error("the custom resource definition {name} was not established within {waited:?}")]
    NotEstablished {
        /// The definition.
        name: String,
        /// How long it was waited for.
        waited: Duration,
    },
    /// A kind that the operator watches is not installed, which ends it.
    #[error("no matches for the kind of {name}")]
    KindMissing {
        /// The custom resource definition.
        name: String,
    },
    /// A setting of the operator cannot be read.
    #[error("the variable {name} cannot be {value:?}")]
    Setting {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
    },
    /// A certificate could not be made.
    #[error("cannot make a certificate for {cluster}")]
    Certificate {
        /// The cluster that asks for TLS.
        cluster: String,
        /// Why.
        source: rcgen::Error,
    },
    /// The cluster cannot be brought to its spec; the text goes into the condition `ApplyResources`.
    #[error("{message}")]
    Refused {
        /// The condition's reason.
        reason: &'static str,
        /// The condition's message, in the real operator's words.
        message: String,
    },
    /// A watch ended, which must not happen while the stand-in runs.
    #[error("the controller of {kind} ended")]
    Ended {
        /// The kind that is no longer watched.
        kind: &'static str,
    },
}

impl Error {
    /// Whether the API server answered that an object of that name exists, or changed meanwhile.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self, Self::Api { source, .. } if code(source) == Some(409))
    }

    /// The error and its causes in one line, for conditions and logs.
    pub(crate) fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            text.push_str(": ");
            // The client prints the API server's whole answer, and then once more as its cause.
            if let Some(kube::Error::Api(status)) = cause.downcast_ref::<kube::Error>() {
                text.push_str(&status.message);
                break;
            }
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        text
    }
}

/// The HTTP status that the API server answered with.
pub(crate) fn code(error: &kube::Error) -> Option<u16> {
    match error {
        kube::Error::Api(status) => Some(status.code),
        _ => None,
    }
}
