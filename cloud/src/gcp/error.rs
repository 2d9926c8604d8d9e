//! What Google's refusals mean, mapped once: those of GKE, of Compute Engine and of the endpoint for tokens.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use google_cloud_gax::error::rpc::StatusDetails;
use reqwest::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::Error;
use crate::client::retry::{Failure, retry_after};

/// A refusal, as far as it means anything.
#[derive(Debug, Default)]
struct Refusal {
    code: u16,
    /// The canonical code, such as `FAILED_PRECONDITION`; Compute Engine has none.
    status: String,
    /// Words for the reason, the newer and the older ones.
    reasons: Vec<String>,
    message: String,
    /// The field that is wrong.
    field: Option<String>,
    /// Of a service that is not enabled: its name, and the project.
    service: Option<(String, String)>,
    retry_after: Option<Duration>,
}

/// Of Google's own client.
pub(super) fn of_client(error: &google_cloud_gax::error::Error, what: &str, action: &str) -> Failure {
    let told = || Error::Unexpected { message: chain(error) };
    if error.is_connect() {
        return Failure::NotSent(told());
    }
    let wait = error.http_headers().and_then(|headers| retry_after(headers, SystemTime::now()));
    let code = error.http_status_code().unwrap_or_default();
    if let Some(status) = error.status() {
        let mut refusal = Refusal {
            code,
            status: status.code.name().to_owned(),
            message: status.message.clone(),
            retry_after: wait,
            ..Refusal::default()
        };
        for detail in &status.details {
            match detail {
                StatusDetails::ErrorInfo(info) => {
                    refusal.reasons.push(info.reason.clone());
                    refusal.service = service(&info.metadata);
                }
                StatusDetails::BadRequest(wrong) => {
                    refusal.field = wrong.field_violations.first().map(|violation| violation.field.clone());
                }
                _ => {}
            }
        }
        return meaning(refusal, what, action);
    }
    if code != 0 {
        let message = error.http_payload().map(|body| text(code, body)).unwrap_or_default();
        return meaning(Refusal { code, message, retry_after: wait, ..Refusal::default() }, what, action);
    }
    if error.is_authentication() || error.is_serialization() || error.is_binding() {
        return Failure::Final(told());
    }
    Failure::Broken { retry_after: wait, error: told() }
}

/// Reads an answer of Compute Engine.
pub(super) fn read_compute<T: DeserializeOwned>(
    code: StatusCode,
    headers: &http::HeaderMap,
    body: &[u8],
    what: &str,
    action: &str,
) -> Result<T, Failure> {
    #[derive(Deserialize)]
    struct Envelope {
        error: Inner,
    }
    #[derive(Deserialize)]
    struct Inner {
        message: String,
        #[serde(default)]
        status: String,
        #[serde(default)]
        errors: Vec<Reason>,
        #[serde(default)]
        details: Vec<Detail>,
    }
    #[derive(Deserialize)]
    struct Reason {
        #[serde(default)]
        reason: String,
    }
    #[derive(Deserialize)]
    struct Detail {
        reason: Option<String>,
        #[serde(default)]
        metadata: std::collections::HashMap<String, serde_json::Value>,
    }

    if code.is_success() {
        return parsed(body);
    }
    let mut refusal = Refusal {
        code: code.as_u16(),
        retry_after: retry_after(headers, SystemTime::now()),
        ..Refusal::default()
    };
    match serde_json::from_slice::<Envelope>(body) {
        Ok(Envelope { error }) => {
            refusal.message = error.message;
            refusal.status = error.status;
            refusal.reasons = error.errors.into_iter().map(|inner| inner.reason).collect();
            for detail in error.details {
                refusal.reasons.extend(detail.reason);
                let texts = detail.metadata.iter();
                let texts = texts.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
                refusal.service = refusal.service.or(service(&texts.collect()));
            }
        }
        Err(_) => refusal.message = text(refusal.code, body),
    }
    Err(meaning(refusal, what, action))
}

/// Reads an answer of the endpoint for tokens.
pub(super) fn read_grant<T: DeserializeOwned>(
    code: StatusCode,
    headers: &http::HeaderMap,
    body: &[u8],
) -> Result<T, Failure> {
    #[derive(Deserialize)]
    struct Refused {
        error: String,
        #[serde(default)]
        error_description: String,
    }
    if code.is_success() {
        return parsed(body);
    }
    let message = match serde_json::from_slice::<Refused>(body) {
        Ok(refused) => {
            format!("Google gives no access token: {} ({})", refused.error_description, refused.error)
        }
        Err(_) => text(code.as_u16(), body),
    };
    let wait = retry_after(headers, SystemTime::now());
    Err(match code.as_u16() {
        429 => Failure::Throttled { retry_after: wait, error: Error::Throttled { retry_after: wait } },
        500.. => Failure::Broken { retry_after: wait, error: Error::Unexpected { message } },
        _ => Failure::Final(Error::Unauthenticated { message }),
    })
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        let message = format!("an answer cannot be read: {error}");
        Failure::Broken { retry_after: None, error: Error::Unexpected { message } }
    })
}

/// What an operation that has ended says of its failure. `reasons` are its words.
pub(super) fn of_operation(what: &str, reasons: &[String]) -> Error {
    let mut message = String::new();
    for reason in reasons.iter().filter(|reason| !reason.is_empty()) {
        if !message.contains(reason.as_str()) {
            let _ = write!(message, "{}{reason}", if message.is_empty() { "" } else { "; " });
        }
    }
    if is_quota(&message) {
        return Error::QuotaExceeded { message: format!("{what}: {message}") };
    }
    if message.is_empty() {
        "the cloud gives no reason".clone_into(&mut message);
    }
    Error::Failed { what: what.to_owned(), message }
}

fn meaning(refusal: Refusal, what: &str, action: &str) -> Failure {
    let Refusal { code, status, reasons, message, field, service, retry_after } = refusal;
    let says = |words: &[&str]| {
        words.iter().any(|word| status == *word || reasons.iter().any(|reason| reason == word))
    };
    let what = what.to_owned();
    if code == 429 || says(&["rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"]) {
        return Failure::Throttled { retry_after, error: Error::Throttled { retry_after } };
    }
    if code >= 500 || code == 408 || says(&["UNAVAILABLE", "INTERNAL", "DEADLINE_EXCEEDED"]) {
        return Failure::Broken { retry_after, error: Error::Unexpected { message } };
    }
    if code == 401 || says(&["UNAUTHENTICATED"]) {
        return Failure::Expired(Error::Unauthenticated { message });
    }
    Failure::Final(match code {
        _ if says(&["quotaExceeded", "QUOTA_EXCEEDED"]) || (code == 403 && is_quota(&message)) => {
            Error::QuotaExceeded { message }
        }
        403 => {
            let enable = service.filter(|_| says(&["SERVICE_DISABLED", "accessNotConfigured"]));
            let message = match enable {
                Some((service, project)) => {
                    format!(
                        "{message} (enable it with: gcloud services enable {service} --project {project})"
                    )
                }
                None => message,
            };
            Error::PermissionDenied { action: action.to_owned(), message }
        }
        404 => Error::NotFound { what },
        409 if says(&["ABORTED", "aborted"]) => Error::Conflict { what, message },
        409 => Error::AlreadyExists { what },
        412 => Error::Conflict { what, message },
        400 if says(&["resourceNotReady", "resourceInUseByAnotherResource", "RESOURCE_IN_USE"])
            || (says(&["FAILED_PRECONDITION", "failedPrecondition"]) && passes(&message))
            || says(&["CLUSTER_ALREADY_HAS_OPERATION"]) =>
        {
            Error::Conflict { what, message }
        }
        400 => Error::InvalidSpec { field, message },
        _ => Error::Unexpected { message },
    })
}

/// Whether a failed precondition is one that passes by itself: an operation that runs, a state on the way, labels that
/// somebody else changed. Others, such as a policy of the organisation, stay.
fn passes(message: &str) -> bool {
    let message = message.to_lowercase();
    ["operation", "fingerprint", "not ready", "provisioning", "reconciling", "stopping"]
        .iter()
        .any(|word| message.contains(word))
}

fn is_quota(message: &str) -> bool {
    let lower = message.to_lowercase();
    lower.contains("quota") && (lower.contains("exceeded") || lower.contains("insufficient"))
}

fn service(metadata: &std::collections::HashMap<String, String>) -> Option<(String, String)> {
    let project = metadata.get("consumer")?.trim_start_matches("projects/").to_owned();
    Some((metadata.get("service")?.clone(), project))
}

/// The head of a body that is no envelope: a proxy's page, or a load balancer's word.
fn text(code: u16, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let head: String = text.trim().chars().take(200).collect();
    format!("HTTP {code}: {head}")
}

/// An error with its causes.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let words = inner.to_string();
        if !text.contains(&words) {
            let _ = write!(text, ": {words}");
        }
        source = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(code: u16, error: &serde_json::Value) -> Failure {
        let body = json!({ "error": error }).to_string();
        let code = StatusCode::from_u16(code).unwrap();
        let read = read_compute::<serde_json::Value>(
            code,
            &http::HeaderMap::new(),
            body.as_bytes(),
            "network \"n\"",
            "compute.networks.create",
        );
        read.unwrap_err()
    }

    #[test]
    fn each_refusal_has_its_meaning() {
        let reason = |word: &str| json!({ "message": "m", "errors": [{ "reason": word }] });
        let status = |word: &str, message: &str| json!({ "message": message, "status": word });
        let final_cases = [
            (404, reason("notFound"), "network \"n\" does not exist"),
            (409, reason("alreadyExists"), "exists already"),
            (409, status("ABORTED", "m"), "busy: m"),
            (412, reason("conditionNotMet"), "busy: m"),
            (400, reason("resourceNotReady"), "busy: m"),
            (400, reason("resourceInUseByAnotherResource"), "busy: m"),
            (400, status("FAILED_PRECONDITION", "Operation o-1 is currently creating"), "busy"),
            (400, status("FAILED_PRECONDITION", "Constraint violated"), "refused"),
            (400, status("INVALID_ARGUMENT", "no"), "refused: no"),
            (403, reason("quotaExceeded"), "a quota is used up"),
            (403, status("PERMISSION_DENIED", "Insufficient regional quota"), "a quota is used up"),
            (403, reason("forbidden"), "not allowed to compute.networks.create"),
        ];
        for (code, error, expected) in final_cases {
            match of(code, &error) {
                Failure::Final(meaning) => {
                    assert!(meaning.to_string().contains(expected), "{error}: {meaning}");
                }
                other => panic!("{error}: {other:?}"),
            }
        }
        assert!(matches!(of(401, &reason("authError")), Failure::Expired(Error::Unauthenticated { .. })));
        assert!(matches!(of(429, &reason("x")), Failure::Throttled { .. }));
        assert!(matches!(of(403, &reason("rateLimitExceeded")), Failure::Throttled { .. }));
        assert!(matches!(of(503, &reason("backendError")), Failure::Broken { .. }));
    }

    #[test]
    fn a_disabled_service_is_told_with_the_way_to_enable_it() {
        let info = json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "SERVICE_DISABLED",
            "metadata": { "service": "compute.googleapis.com", "consumer": "projects/p-1" },
        });
        let error = json!({ "message": "off", "status": "PERMISSION_DENIED", "details": [info] });
        let Failure::Final(meaning) = of(403, &error) else { panic!("must be final") };
        assert!(
            meaning.to_string().contains("gcloud services enable compute.googleapis.com --project p-1"),
            "{meaning}"
        );
    }

    #[test]
    fn an_operation_s_reasons_are_told_once_each() {
        let reasons = ["no machines".to_owned(), "no machines".to_owned(), "no luck".to_owned()];
        assert_eq!(of_operation("pool", &reasons).to_string(), "pool failed: no machines; no luck");
        let quota = ["Quota 'NETWORKS' exceeded.".to_owned()];
        assert!(matches!(of_operation("network", &quota), Error::QuotaExceeded { .. }));
    }
}
