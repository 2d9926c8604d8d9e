//! Why nothing could be done with an account, by meaning.

use std::time::Duration;

use crate::kubernetes::Error;
use crate::kubernetes::exec::ExecError;

/// A call that did not have its effect, or of which it is not known.
#[derive(Debug, thiserror::Error)]
pub enum LorryError {
    /// The Kubernetes API failed.
    #[error("failed to ask the Kubernetes API")]
    Api(#[source] Box<Error>),
    /// The database cannot be asked as it is, and will not come to it by itself.
    #[error("the database cannot be asked: {why}")]
    Never {
        /// The reason.
        why: String,
    },
    /// The database was not ready in time.
    #[error("the database was not ready: {why}")]
    TimedOut {
        /// What it was waited for.
        why: String,
        /// How long.
        waited: Duration,
    },
    /// The command in the pod did not run to its end.
    #[error("failed to run curl in pod {pod}")]
    Exec {
        /// The pod.
        pod: String,
        /// Why.
        #[source]
        source: ExecError,
    },
    /// curl did not get an answer.
    #[error("curl in pod {pod} ended with {code}: {said}")]
    Curl {
        /// The pod.
        pod: String,
        /// Exit code.
        code: i32,
        /// Standard error, without secrets.
        said: String,
    },
    /// The engine refused, or lorry did.
    #[error("{operation} was refused: {message}")]
    Refused {
        /// The operation of lorry.
        operation: &'static str,
        /// The engine's words, without secrets.
        message: String,
    },
    /// The engine has no such operation.
    #[error("lorry has no {operation} for this engine")]
    NotImplemented {
        /// The operation of lorry.
        operation: &'static str,
    },
    /// The answer does not have the form that KubeBlocks v0.7 gives it.
    #[error("failed to read lorry's answer: {cause}")]
    Garbled {
        /// What is wrong with it.
        cause: String,
    },
}

impl LorryError {
    /// A failure of the API.
    pub fn api(error: Error) -> Self {
        Self::Api(Box::new(error))
    }

    /// Whether the call may have had its effect all the same.
    pub fn is_uncertain(&self) -> bool {
        match self {
            Self::Exec { source, .. } => !matches!(source, ExecError::Api(_) | ExecError::TooOld),
            Self::Curl { .. } | Self::Garbled { .. } => true,
            Self::Api(_)
            | Self::Never { .. }
            | Self::TimedOut { .. }
            | Self::Refused { .. }
            | Self::NotImplemented { .. } => false,
        }
    }
}
