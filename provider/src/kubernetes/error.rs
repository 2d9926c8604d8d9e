//! What can go wrong between this process and a Kubernetes API server, by meaning. `classify.rs` makes these from
//! answers and broken connections; `diagnostic.rs` turns them into text for the practitioner.

use std::fmt;
use std::time::Duration;

pub use super::configuration::Error as ConfigurationError;

/// An object of the API, for messages: `Cluster shop/orders`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName {
    /// Kind.
    pub kind: String,
    /// Namespace; absent for cluster-scoped kinds.
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
}

impl fmt::Display for ObjectName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(formatter, "{} {namespace}/{}", self.kind, self.name),
            None => write!(formatter, "{} {}", self.kind, self.name),
        }
    }
}

/// What a request does, to what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// The verb of the Kubernetes authorization: `get`, `list`, `watch`, `create`, `patch`, `delete`.
    pub verb: &'static str,
    /// Group of the kind; empty for the core group.
    pub group: String,
    /// Version of the kind.
    pub version: String,
    /// Plural of the kind as in URLs and roles, such as `clusters`.
    pub resource: String,
    /// Kind, such as `Cluster`.
    pub kind: String,
    /// Namespace; absent for cluster-scoped kinds and for all namespaces.
    pub namespace: Option<String>,
    /// The object; absent for lists.
    pub name: Option<String>,
}

impl Action {
    /// The object of the action; for a list, its name is `*`.
    pub fn object(&self) -> ObjectName {
        ObjectName {
            kind: self.kind.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone().unwrap_or_else(|| "*".to_owned()),
        }
    }

    /// `clusters.apps.kubeblocks.io`, or `pods` for the core group.
    pub fn qualified_resource(&self) -> String {
        if self.group.is_empty() {
            self.resource.clone()
        } else {
            format!("{}.{}", self.resource, self.group)
        }
    }
}

/// A field that another field manager owns with another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldConflict {
    /// The field as the server writes it: `.spec.componentSpecs[name="redis"].replicas`.
    pub field: String,
    /// The manager that owns it, when the server named it.
    pub manager: String,
}

/// A field whose value the server refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidField {
    /// The field as the server writes it; empty when it names none.
    pub field: String,
    /// The reason in the server's words.
    pub message: String,
}

/// Why a connection could not be made or kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreachability {
    /// The name of the host does not resolve.
    Name,
    /// Nobody listens there.
    Refused,
    /// No answer in time.
    Silent,
    /// The server's certificate is not trusted, or the TLS handshake failed otherwise.
    Certificate,
    /// The server speaks no version of TLS that is still safe.
    TlsVersion,
    /// The connection broke.
    Broken,
}

/// A request that did not have its effect.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The connection's own settings do not lead to an API server; no request was sent.
    #[error("failed to configure access to Kubernetes")]
    Configuration {
        /// What is wrong with the settings.
        source: ConfigurationError,
    },
    /// No answer from the API server, also after retries.
    #[error("failed to reach the Kubernetes API server {endpoint}: {cause}")]
    Unreachable {
        /// URL of the server.
        endpoint: String,
        /// What kind of failure.
        kind: Unreachability,
        /// The innermost cause.
        cause: String,
        /// How long it was tried.
        waited: Duration,
    },
    /// The server does not accept the credentials.
    #[error("the Kubernetes API server {endpoint} does not accept the credentials")]
    Unauthenticated {
        /// URL of the server.
        endpoint: String,
        /// The server's words.
        message: String,
    },
    /// The credentials are not allowed to do this.
    #[error("not allowed to {} {}", action.verb, action.qualified_resource())]
    Forbidden {
        /// What was not allowed. Its verb is the one that the server names as missing.
        action: Box<Action>,
        /// The user as the server sees it, when it said so.
        user: Option<String>,
        /// The server's words.
        message: String,
    },
    /// The server does not know this kind: its `CustomResourceDefinition` is not installed.
    #[error("the Kubernetes API server {endpoint} does not serve {}", action.qualified_resource())]
    KindNotServed {
        /// URL of the server.
        endpoint: String,
        /// What was tried.
        action: Box<Action>,
    },
    /// The namespace is missing.
    #[error("namespace {namespace} does not exist")]
    NamespaceMissing {
        /// The namespace.
        namespace: String,
    },
    /// The object is missing.
    #[error("{object} does not exist")]
    NotFound {
        /// The object.
        object: ObjectName,
    },
    /// An object of that name exists.
    #[error("{object} exists already")]
    AlreadyExists {
        /// The object.
        object: ObjectName,
    },
    /// Other field managers own fields with other values.
    #[error("fields of {object} belong to other field managers")]
    FieldConflict {
        /// The object.
        object: ObjectName,
        /// The fields, each with its owner.
        conflicts: Vec<FieldConflict>,
    },
    /// The object was replaced by another one of the same name, or changed meanwhile.
    #[error("{object} was changed or replaced meanwhile: {message}")]
    Changed {
        /// The object.
        object: ObjectName,
        /// The server's words.
        message: String,
        /// Whether a delete met another object of the same name.
        replaced: bool,
    },
    /// The server refused values of the object.
    #[error("{object} is not valid: {message}")]
    Invalid {
        /// The object.
        object: ObjectName,
        /// The fields, when the server named any.
        causes: Vec<InvalidField>,
        /// The server's words.
        message: String,
    },
    /// The server refused for another reason, such as a quota or an admission policy.
    #[error("the Kubernetes API server refused to {verb} {object} ({code}): {message}")]
    Refused {
        /// What was tried.
        verb: &'static str,
        /// The object.
        object: ObjectName,
        /// HTTP status.
        code: u16,
        /// The server's words.
        message: String,
    },
    /// The server was too busy or failed, also after retries.
    #[error("the Kubernetes API server {endpoint} failed to answer ({code}): {message}")]
    Server {
        /// URL of the server.
        endpoint: String,
        /// HTTP status; 429 when it throttles.
        code: u16,
        /// The server's words.
        message: String,
        /// How long it was tried.
        waited: Duration,
    },
    /// The answer could not be read.
    #[error("failed to read the answer about {object}")]
    Decode {
        /// The object.
        object: ObjectName,
        /// What is wrong with the answer.
        source: serde_json::Error,
    },
    /// The object could not be written as JSON.
    #[error("failed to write {object} as JSON")]
    Encode {
        /// The object.
        object: ObjectName,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The request could not be put together; only a mistake in the provider causes this.
    #[error("failed to build a request for {object}: {message}")]
    Request {
        /// The object.
        object: ObjectName,
        /// What is wrong.
        message: String,
    },
    /// The practitioner interrupted.
    #[error("interrupted")]
    Interrupted,
}

/// What was read; nothing where the server says that it may not be.
///
/// # Errors
///
/// Every other error.
pub fn readable<T>(found: Result<T, Error>) -> Result<Option<T>, Error> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Error::Forbidden { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Error {
    /// Whether the answer says that the object does not exist, on a server that is there and knows the kind.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. } | Self::NamespaceMissing { .. })
    }

    /// Whether the server does not know the kind, or its group and version.
    pub fn is_not_served(&self) -> bool {
        matches!(self, Self::KindNotServed { .. })
    }

    /// Whether the server could not be asked at all, so that offline work may go on.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Server { .. })
    }
}
