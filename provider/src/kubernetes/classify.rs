//! What an answer or a broken connection means. Pure: it maps, and never sends, waits or logs.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use kube::client::AuthError;
use kube::core::Status;

use super::configuration;
use super::error::{Action, Error, FieldConflict, InvalidField, ObjectName, Unreachability};
use super::transport::authentication_failed;

/// An attempt that did not succeed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server answered with an error.
    Answer { status: Box<Status>, retry_after: Option<Duration> },
    /// No answer came.
    Broken { kind: Unreachability, cause: String },
    /// The credentials could not be made, or the file with the token not be read.
    Configuration(configuration::Error),
    /// Interrupted.
    Interrupted,
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer { status, .. } => write!(formatter, "{} {}", status.code, status.message),
            Self::Broken { cause, .. } => formatter.write_str(cause),
            Self::Configuration(error) => error.fmt(formatter),
            Self::Interrupted => formatter.write_str("interrupted"),
        }
    }
}

impl Failure {
    /// No answer within `limit`.
    pub(super) fn silent(limit: Duration) -> Self {
        Self::Broken {
            kind: Unreachability::Silent,
            cause: format!("no answer within {} seconds", limit.as_secs()),
        }
    }

    /// How long to wait at least before the same request may succeed; nothing when it never will.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            // The server gave up between writes of others; nothing of the request speaks against it.
            Self::Answer { status, .. } if is_contention(status) => Some(Duration::ZERO),
            Self::Answer { status, retry_after } => {
                let asked = retry_after.unwrap_or(Duration::from_secs(status_delay(status)));
                matches!(status.code, 408 | 429 | 500..=599)
                    .then_some(asked)
                    .filter(|_| !is_schema_error(status))
            }
            Self::Broken { kind: Unreachability::Certificate, .. }
            | Self::Configuration(_)
            | Self::Interrupted => None,
            Self::Broken { .. } => Some(Duration::ZERO),
        }
    }

    /// Whether others wrote the object at the same time.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self, Self::Answer { status, .. } if status.code == 409)
    }

    /// The meaning of this failure for `action`.
    pub(super) fn into_error(self, endpoint: &str, action: &Action, waited: Duration) -> Error {
        let endpoint = endpoint.to_owned();
        match self {
            Self::Answer { status, .. } => answered(&status, endpoint, action, waited),
            Self::Broken { kind, cause } => Error::Unreachable { endpoint, kind, cause, waited },
            Self::Configuration(source) => Error::Configuration { source },
            Self::Interrupted => Error::Interrupted,
        }
    }
}

/// Whether the object changed while the server was at it. A request that itself names the version of an object is
/// answered the same way, and is not to be sent again: see [`super::request`].
fn is_contention(status: &Status) -> bool {
    status.code == 409
        && status.reason == "Conflict"
        && field_conflicts(status).is_empty()
        && !is_replaced(status)
}

/// Whether a delete meant another object of the same name.
fn is_replaced(status: &Status) -> bool {
    status.message.contains("Precondition failed")
}

fn status_delay(status: &Status) -> u64 {
    status.details.as_ref().map_or(0, |details| u64::from(details.retry_after_seconds))
}

/// Server-side apply reports fields that the kind does not have as an internal error.
fn is_schema_error(status: &Status) -> bool {
    status.code == 500 && status.message.contains("failed to create typed patch object")
}

fn answered(status: &Status, endpoint: String, action: &Action, waited: Duration) -> Error {
    let message = status.message.trim().to_owned();
    let object = action.object();
    match (status.code, status.reason.as_str()) {
        (401, _) => Error::Unauthenticated { endpoint, message },
        (403, _) if is_authorization(&message) => forbidden(action, message),
        (404, "NotFound") => missing(status, action),
        (404, _) => Error::KindNotServed { endpoint, action: Box::new(action.clone()) },
        (409, "AlreadyExists") => Error::AlreadyExists { object },
        (409, "Conflict") => conflict(status, object, message),
        (422, _) => Error::Invalid { object, causes: causes(status), message },
        (500, _) if is_schema_error(status) => Error::Invalid { object, causes: Vec::new(), message },
        (408 | 429 | 500..=599, _) => Error::Server { endpoint, code: status.code, message, waited },
        (code, _) => Error::Refused { verb: action.verb, object, code, message },
    }
}

/// Authorization speaks in this form; quotas and admission policies answer 403 as well, in their own words.
fn is_authorization(message: &str) -> bool {
    message.contains(" cannot ") && message.contains("User \"")
}

/// `clusters.apps.kubeblocks.io is forbidden: User "jane" cannot create resource "clusters" in API group ...`
fn forbidden(action: &Action, message: String) -> Error {
    let user = between(&message, "User \"", "\"").map(str::to_owned);
    let mut action = action.clone();
    if let Some(verb) = between(&message, " cannot ", " ").and_then(known_verb) {
        action.verb = verb;
    }
    Error::Forbidden { action: Box::new(action), user, message }
}

fn known_verb(text: &str) -> Option<&'static str> {
    ["get", "list", "watch", "create", "patch", "update", "delete"].into_iter().find(|verb| *verb == text)
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(found, _)| found)
}

/// A create in a namespace that is not there names the namespace as what is missing.
fn missing(status: &Status, action: &Action) -> Error {
    match (&status.details, &action.namespace) {
        (Some(details), Some(namespace))
            if details.kind == "namespaces" && action.resource != "namespaces" =>
        {
            Error::NamespaceMissing { namespace: namespace.clone() }
        }
        _ => Error::NotFound { object: action.object() },
    }
}

fn conflict(status: &Status, object: ObjectName, message: String) -> Error {
    let conflicts = field_conflicts(status);
    if conflicts.is_empty() {
        let replaced = is_replaced(status);
        Error::Changed { object, message, replaced }
    } else {
        Error::FieldConflict { object, conflicts }
    }
}

fn field_conflicts(status: &Status) -> Vec<FieldConflict> {
    status
        .details
        .iter()
        .flat_map(|details| &details.causes)
        .filter(|cause| cause.reason == "FieldManagerConflict")
        .map(|cause| FieldConflict {
            field: cause.field.clone(),
            manager: between(&cause.message, "conflict with \"", "\"").unwrap_or_default().to_owned(),
        })
        .collect()
}

fn causes(status: &Status) -> Vec<InvalidField> {
    status
        .details
        .iter()
        .flat_map(|details| &details.causes)
        // Said when checks were left out because of the other causes.
        .filter(|cause| cause.field != "<nil>")
        .map(|cause| InvalidField { field: cause.field.clone(), message: cause.message.clone() })
        .collect()
}

/// What a request that got no answer failed of.
pub(super) fn broken(error: kube::Error, exec_command: Option<&str>) -> Failure {
    let source: Box<dyn StdError + Send + Sync> = match error {
        kube::Error::Auth(error) => {
            return Failure::Configuration(authentication_failed(&error, exec_command));
        }
        kube::Error::Service(source) => source,
        other => Box::new(other),
    };
    let source = match source.downcast::<AuthError>() {
        Ok(error) => return Failure::Configuration(authentication_failed(&error, exec_command)),
        Err(source) => source,
    };
    let source = match source.downcast::<configuration::Error>() {
        Ok(error) => return Failure::Configuration(*error),
        Err(source) => source,
    };
    unreachable_because(source.as_ref())
}

fn unreachable_because(error: &(dyn StdError + 'static)) -> Failure {
    let mut kind = Unreachability::Broken;
    let mut cause = String::new();
    for error in chain(error) {
        let text = error.to_string();
        // Each error of a chain may repeat the ones beneath it: only the innermost text says what happened.
        if !text.is_empty() {
            cause = text;
        }
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            kind = kind_of_tls(error);
        } else if let Some(error) = error.downcast_ref::<std::io::Error>() {
            kind = match error.kind() {
                std::io::ErrorKind::ConnectionRefused => Unreachability::Refused,
                std::io::ErrorKind::TimedOut => Unreachability::Silent,
                _ => kind,
            };
        }
        if cause.contains("failed to lookup address") || cause.contains("dns error") {
            kind = Unreachability::Name;
        }
    }
    // What the timer of a connection attempt says does not tell what was waited for.
    if kind == Unreachability::Silent && cause == "deadline has elapsed" {
        "no connection in time".clone_into(&mut cause);
    }
    Failure::Broken { kind, cause }
}

/// TLS 1.2 and 1.3 are all that the client offers.
fn kind_of_tls(error: &rustls::Error) -> Unreachability {
    match error {
        rustls::Error::PeerIncompatible(rustls::PeerIncompatible::ServerDoesNotSupportTls12Or13)
        | rustls::Error::AlertReceived(rustls::AlertDescription::ProtocolVersion) => {
            Unreachability::TlsVersion
        }
        _ => Unreachability::Certificate,
    }
}

/// The error and what caused it, including what an `io::Error` wraps.
fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn StdError + 'static) = *error;
        match error.downcast_ref::<std::io::Error>() {
            Some(io) => io.get_ref().map(|inner| inner as &(dyn StdError + 'static)),
            None => error.source(),
        }
    })
    // A source that cycles must not hang a request.
    .take(16)
}

/// What a watch failed of, in short and free of addresses and credentials.
pub(super) fn broken_text(error: &kube::Error) -> String {
    match unreachable_because(error) {
        Failure::Broken { cause, .. } => cause,
        other => other.to_string(),
    }
}
