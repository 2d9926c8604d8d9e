//! What the Resource Manager's refusals mean: its codes onto [`Failure`] and [`Error`]. Pure.

use std::time::SystemTime;

use http::{HeaderMap, Method, StatusCode};
use serde::Deserialize;

use super::arm::Operation;
use crate::Error;
use crate::client::retry::{Failure, retry_after};

/// What was asked for.
pub(super) struct Asked<'a> {
    /// The object's id.
    pub(super) id: &'a str,
    pub(super) method: &'a Method,
}

#[derive(Deserialize)]
struct Envelope {
    error: Told,
}

/// An error as the Resource Manager tells it; services answer some of theirs without the envelope.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Told {
    code: Option<String>,
    message: Option<String>,
    target: Option<String>,
    details: Option<Vec<Told>>,
}

/// An operation as its address shows it.
#[derive(Deserialize)]
struct Shown {
    status: Option<String>,
    #[serde(default)]
    error: Option<Told>,
}

impl Told {
    fn read(body: &[u8]) -> Self {
        serde_json::from_slice::<Envelope>(body)
            .map(|envelope| envelope.error)
            .or_else(|_| serde_json::from_slice(body))
            .unwrap_or_default()
    }

    fn has_code(&self, code: &str) -> bool {
        self.codes().iter().any(|known| known.eq_ignore_ascii_case(code))
    }

    /// Its own code, and those of its details: the outer one is often only a wrapper.
    fn codes(&self) -> Vec<&str> {
        let details = self.details.iter().flatten().flat_map(Self::codes);
        self.code.as_deref().into_iter().chain(details).collect()
    }

    /// All that it says, once.
    fn text(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        self.collect(&mut parts);
        parts.join("; ")
    }

    fn collect(&self, parts: &mut Vec<String>) {
        let message = self.message.as_deref().unwrap_or_default().trim();
        let code = self.code.as_deref().unwrap_or_default();
        let text = match (code, message) {
            ("", "") => String::new(),
            (code, "") => code.to_owned(),
            ("", message) => message.to_owned(),
            (code, message) => format!("{code}: {message}"),
        };
        if !text.is_empty() && !parts.contains(&text) {
            parts.push(text);
        }
        for detail in self.details.iter().flatten() {
            detail.collect(parts);
        }
    }
}

/// The meaning of an answer that is no success.
pub(super) fn failure(
    asked: &Asked<'_>,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: SystemTime,
) -> Failure {
    let told = Told::read(body);
    let rest = retry_after(headers, now);
    match status {
        StatusCode::TOO_MANY_REQUESTS => {
            Failure::Throttled { retry_after: rest, error: Error::Throttled { retry_after: rest } }
        }
        StatusCode::UNAUTHORIZED => {
            Failure::Expired(Error::Unauthenticated { message: worded(&told, status) })
        }
        StatusCode::REQUEST_TIMEOUT => Failure::Broken { retry_after: rest, error: strange(&told, status) },
        _ if status.is_server_error() => Failure::Broken { retry_after: rest, error: strange(&told, status) },
        _ => Failure::Final(meaning(asked, &told, status)),
    }
}

/// An error that repeating does not help against.
fn meaning(asked: &Asked<'_>, told: &Told, status: StatusCode) -> Error {
    let (what, message) = (described(asked.id), worded(told, status));
    if let Some(error) = named(asked, told, &message) {
        return error;
    }
    match status {
        StatusCode::FORBIDDEN => {
            Error::PermissionDenied { action: action(told).unwrap_or_else(|| plain_action(asked)), message }
        }
        StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => Error::Conflict { what, message },
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
            Error::InvalidSpec { field: told.target.clone(), message }
        }
        _ => Error::Unexpected { message },
    }
}

/// The codes whose meaning their status does not tell.
fn named(asked: &Asked<'_>, told: &Told, message: &str) -> Option<Error> {
    const MISSING: [&str; 5] = [
        "ResourceNotFound",
        "ResourceGroupNotFound",
        "ParentResourceNotFound",
        "NotFound",
        "RoleAssignmentNotFound",
    ];
    const QUOTA: [&str; 4] = [
        "QuotaExceeded",
        "ErrCode_InsufficientVCPUQuota",
        "InsufficientVCPUQuota",
        "PublicIPCountLimitReached",
    ];
    const BUSY: [&str; 6] = [
        "PrincipalNotFound",
        "InUseSubnetCannotBeDeleted",
        "AnotherOperationInProgress",
        "ResourceGroupBeingDeleted",
        "RetryableError",
        "EtagMismatch",
    ];
    let has = |codes: &[&str]| codes.iter().any(|code| told.has_code(code));
    let (what, message) = (described(asked.id), message.to_owned());
    if has(&QUOTA) || (told.has_code("OperationNotAllowed") && message.to_ascii_lowercase().contains("quota"))
    {
        return Some(Error::QuotaExceeded { message });
    }
    if has(&MISSING) {
        // What lies above the object is missing, not the object itself, when one is to be made.
        let is_above = *asked.method == Method::PUT;
        return Some(if is_above {
            Error::InvalidSpec { field: None, message }
        } else {
            Error::NotFound { what }
        });
    }
    if has(&BUSY) {
        return Some(Error::Conflict { what, message });
    }
    if has(&["MissingSubscriptionRegistration"]) {
        let namespace = namespace(asked.id).unwrap_or("Microsoft.ContainerService");
        let message = format!(
            "{message}; register the provider once for the subscription: az provider register --namespace {namespace} --wait"
        );
        return Some(Error::InvalidSpec { field: None, message });
    }
    has(&["SubscriptionNotFound"])
        .then(|| Error::PermissionDenied { action: "use the subscription".to_owned(), message })
}

/// How far the operation is whose address answered `body`, or why it failed.
pub(super) fn operation(body: &[u8], id: &str) -> Result<Operation, String> {
    let shown: Option<Shown> = serde_json::from_slice(body).ok();
    let told = shown.as_ref().and_then(|shown| shown.error.as_ref()).map(Told::text).unwrap_or_default();
    match shown.as_ref().and_then(|shown| shown.status.as_deref()) {
        // The object itself, at the end of a `Location`.
        None | Some("Succeeded") => Ok(Operation::Succeeded),
        Some(status @ ("Failed" | "Canceled")) if told.is_empty() => {
            Err(format!("the operation on {} is {status}", described(id)))
        }
        Some("Failed" | "Canceled") => Err(told),
        Some(_) => Ok(Operation::Running),
    }
}

/// All that an error says that an object keeps of its last operation.
pub(super) fn reasons(error: &serde_json::Value) -> String {
    Told::deserialize(error).map(|told| told.text()).unwrap_or_default()
}

fn worded(told: &Told, status: StatusCode) -> String {
    let text = told.text();
    if text.is_empty() { format!("status {status}") } else { text }
}

fn strange(told: &Told, status: StatusCode) -> Error {
    Error::Unexpected { message: format!("status {}: {}", status.as_u16(), worded(told, status)) }
}

/// `Microsoft.ContainerService/managedClusters/write`, which the message names in quotes.
fn action(told: &Told) -> Option<String> {
    let message = told.message.as_deref()?;
    let after = message.split_once("action '")?.1;
    Some(after.split_once('\'')?.0.to_owned())
}

fn plain_action(asked: &Asked<'_>) -> String {
    let verb = match *asked.method {
        Method::GET => "read",
        Method::DELETE => "delete",
        Method::POST => "use",
        _ => "write",
    };
    format!("{verb} {}", described(asked.id))
}

/// `Microsoft.Network` of an id.
fn namespace(id: &str) -> Option<&str> {
    let mut parts = id.split('?').next()?.split('/');
    let mut found = None;
    while let Some(part) = parts.next() {
        if part.eq_ignore_ascii_case("providers") {
            found = parts.next();
        }
    }
    found
}

/// Kind and name of the object that an id names, in words.
pub(super) fn described(id: &str) -> String {
    let parts: Vec<&str> = id.split('?').next().unwrap_or_default().split('/').collect();
    let [.., kind, name] = parts.as_slice() else { return id.to_owned() };
    let words = match kind.to_ascii_lowercase().as_str() {
        "managedclusters" => "AKS cluster",
        "agentpools" => "node pool",
        "resourcegroups" => "resource group",
        "virtualnetworks" => "virtual network",
        "subnets" => "subnet",
        "userassignedidentities" => "managed identity",
        "roleassignments" => "role assignment",
        "subscriptions" => "subscription",
        // The list of them.
        "microsoft.containerservice" => return "AKS clusters".to_owned(),
        _ => return format!("{kind} \"{name}\""),
    };
    format!("{words} \"{name}\"")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const CLUSTER: &str =
        "/subscriptions/0/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/orders";

    fn told(method: &Method, status: u16, body: &Value) -> Failure {
        let asked = Asked { id: CLUSTER, method };
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", "7".parse().unwrap());
        let status = StatusCode::from_u16(status).unwrap();
        failure(&asked, status, &headers, body.to_string().as_bytes(), SystemTime::UNIX_EPOCH)
    }

    fn coded(code: &str, message: &str) -> Value {
        json!({"error": {"code": code, "message": message}})
    }

    #[test]
    fn each_refusal_has_its_meaning() {
        let cases = [
            (Method::GET, 404, "ResourceNotFound", "gone", "AKS cluster \"orders\" does not exist"),
            (Method::GET, 404, "ResourceGroupNotFound", "gone", "AKS cluster \"orders\" does not exist"),
            (
                Method::GET,
                404,
                "SubscriptionNotFound",
                "who",
                "not allowed to use the subscription: SubscriptionNotFound: who",
            ),
            (Method::GET, 404, "InvalidResourceType", "typo", "unexpected answer: InvalidResourceType: typo"),
            (Method::PUT, 404, "ResourceGroupNotFound", "no g", "refused: ResourceGroupNotFound: no g"),
            (
                Method::PUT,
                409,
                "OperationNotAllowed",
                "in progress",
                "AKS cluster \"orders\" is busy: OperationNotAllowed: in progress",
            ),
            (
                Method::PUT,
                409,
                "OperationNotAllowed",
                "exceeds approved Cores Quota",
                "a quota is used up: OperationNotAllowed: exceeds approved Cores Quota",
            ),
            (
                Method::PUT,
                412,
                "EtagMismatch",
                "changed",
                "AKS cluster \"orders\" is busy: EtagMismatch: changed",
            ),
            (Method::PUT, 400, "QuotaExceeded", "cores", "a quota is used up: QuotaExceeded: cores"),
            (
                Method::PUT,
                400,
                "ErrCode_InsufficientVCPUQuota",
                "left 0",
                "a quota is used up: ErrCode_InsufficientVCPUQuota: left 0",
            ),
            (
                Method::PUT,
                400,
                "PrincipalNotFound",
                "not yet",
                "AKS cluster \"orders\" is busy: PrincipalNotFound: not yet",
            ),
            (
                Method::DELETE,
                400,
                "InUseSubnetCannotBeDeleted",
                "nic",
                "AKS cluster \"orders\" is busy: InUseSubnetCannotBeDeleted: nic",
            ),
            (Method::PUT, 400, "BadRequest", "no such size", "refused: BadRequest: no such size"),
            (
                Method::PUT,
                403,
                "AuthorizationFailed",
                "The client 'x' does not have authorization to perform action 'Microsoft.ContainerService/managedClusters/write' over scope",
                "not allowed to Microsoft.ContainerService/managedClusters/write: AuthorizationFailed: The client 'x' does not have authorization to perform action 'Microsoft.ContainerService/managedClusters/write' over scope",
            ),
            (
                Method::DELETE,
                403,
                "RequestDisallowedByPolicy",
                "p",
                "not allowed to delete AKS cluster \"orders\": RequestDisallowedByPolicy: p",
            ),
            (
                Method::PUT,
                409,
                "MissingSubscriptionRegistration",
                "not registered",
                "refused: MissingSubscriptionRegistration: not registered; register the provider once for the subscription: az provider register --namespace Microsoft.ContainerService --wait",
            ),
        ];
        for (method, status, code, message, expected) in cases {
            match told(&method, status, &coded(code, message)) {
                Failure::Final(error) => assert_eq!(error.to_string(), expected, "{status} {code}"),
                other => panic!("{status} {code}: {other:?}"),
            }
        }
    }

    #[test]
    fn throttling_expiry_and_outages_are_told_apart() {
        let rest = Some(std::time::Duration::from_secs(7));
        match told(&Method::PUT, 429, &coded("TooManyRequests", "slow")) {
            Failure::Throttled { retry_after, .. } => assert_eq!(retry_after, rest),
            other => panic!("{other:?}"),
        }
        match told(&Method::PUT, 401, &coded("ExpiredAuthenticationToken", "old")) {
            Failure::Expired(Error::Unauthenticated { message }) => {
                assert_eq!(message, "ExpiredAuthenticationToken: old");
            }
            other => panic!("{other:?}"),
        }
        for status in [408, 500, 503] {
            match told(&Method::PUT, status, &json!("<html>")) {
                Failure::Broken { retry_after, .. } => assert_eq!(retry_after, rest),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn details_are_told_and_decide_and_services_may_omit_the_envelope() {
        let wrapped = json!({"error": {"code": "DeploymentFailed", "message": "outer", "details": [
            {"code": "QuotaExceeded", "message": "inner"}, {"code": "QuotaExceeded", "message": "inner"},
        ]}});
        for (body, expected) in [
            (wrapped, "a quota is used up: DeploymentFailed: outer; QuotaExceeded: inner"),
            (json!({"code": "QuotaExceeded", "message": "bare"}), "a quota is used up: QuotaExceeded: bare"),
            (json!({"code": "BadRequest", "details": null}), "refused: BadRequest"),
            (json!([]), "refused: status 400 Bad Request"),
        ] {
            match told(&Method::PUT, 400, &body) {
                Failure::Final(error) => assert_eq!(error.to_string(), expected),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn operations_run_end_and_fail() {
        let cases = [
            (json!({"status": "InProgress"}), Ok(Operation::Running)),
            (json!({"status": "Upgrading"}), Ok(Operation::Running)),
            (json!({"status": "Succeeded"}), Ok(Operation::Succeeded)),
            (json!({"id": "/x"}), Ok(Operation::Succeeded)),
            (
                json!({"status": "Canceled"}),
                Err("the operation on AKS cluster \"orders\" is Canceled".to_owned()),
            ),
            (
                json!({"status": "Failed", "error": {"code": "SkuNotAvailable", "message": "none left"}}),
                Err("SkuNotAvailable: none left".to_owned()),
            ),
        ];
        for (body, expected) in cases {
            assert_eq!(operation(body.to_string().as_bytes(), CLUSTER), expected, "{body}");
        }
    }
}
