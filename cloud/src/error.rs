//! What can go wrong with a cloud, by meaning and not by cloud: each cloud maps its own codes onto these once.

use std::time::Duration;

/// Why a call failed. The texts are the cloud's own words; whoever shows them says what was being done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing.
    #[error("{what} does not exist")]
    NotFound {
        /// Kind and name.
        what: String,
    },
    /// Something of that name exists and is not ours.
    #[error("{what} exists already and is not managed here")]
    AlreadyExists {
        /// Kind and name.
        what: String,
    },
    /// Another operation runs, or the object changed in between; the same call works later.
    #[error("{what} is busy: {message}")]
    Conflict {
        /// Kind and name.
        what: String,
        /// The cloud's words.
        message: String,
    },
    /// The credentials are known, but may not do this.
    #[error("not allowed to {action}: {message}")]
    PermissionDenied {
        /// The cloud's name of the action.
        action: String,
        /// The cloud's words.
        message: String,
    },
    /// The credentials are missing, wrong or expired.
    #[error("not authenticated: {message}")]
    Unauthenticated {
        /// What is missing, and the ways to give it.
        message: String,
    },
    /// Too many calls; already retried within the policy.
    #[error("the cloud asks for fewer calls")]
    Throttled {
        /// How long the cloud asked to wait.
        retry_after: Option<Duration>,
    },
    /// A limit of the account is reached.
    #[error("a quota is used up: {message}")]
    QuotaExceeded {
        /// The cloud's words, with the quota's name.
        message: String,
    },
    /// The cloud refuses the wish itself.
    #[error("refused: {message}")]
    InvalidSpec {
        /// The cloud's field, when it names one.
        field: Option<String>,
        /// The cloud's words.
        message: String,
    },
    /// The cloud began, and says that it failed.
    #[error("{what} failed: {message}")]
    Failed {
        /// Kind and name.
        what: String,
        /// The cloud's reasons, all of them.
        message: String,
    },
    /// Anything else.
    #[error("unexpected answer: {message}")]
    Unexpected {
        /// The cloud's words.
        message: String,
    },
}
