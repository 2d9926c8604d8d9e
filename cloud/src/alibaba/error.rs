//! What the codes of Alibaba Cloud mean. Pure.

use crate::Error;
use crate::client::retry::Failure;

/// An answer that is an error.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) message: String,
    pub(super) retry_after: Option<std::time::Duration>,
}

/// Codes of credentials that nobody takes.
const UNAUTHENTICATED: [&str; 7] = [
    "InvalidAccessKeyId",
    "InvalidSecurityToken",
    "MissingAccessKeyId",
    "MissingSecurityToken",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "InvalidTimeStamp",
];
/// Codes of what somebody known may not do.
const DENIED: [&str; 5] =
    ["Forbidden", "StatusForbidden", "NoPermission", "ErrorCheckAcl", "ErrorRoleNotAuthorized"];
/// Codes of what the account has no more of.
const USED_UP: [&str; 4] =
    ["QuotaExceeded", "InvalidAccountStatus", "NotEnoughBalance", "InsufficientBalance"];
/// Codes of what is busy now.
const BUSY: [&str; 8] = [
    "DependencyViolation",
    "ErrorClusterState",
    "ErrorNodePoolState",
    "IncorrectVpcStatus",
    "IncorrectVSwitchStatus",
    "OperationConflict",
    "TaskConflict",
    "Operation.Conflict",
];

/// What it means for a repetition. `action` is the operation, `what` the thing that it is about.
pub(super) fn failure(told: &Told, service: &str, action: &str, what: &str) -> Failure {
    let Told { status, code, retry_after, .. } = told;
    let (status, retry_after) = (*status, *retry_after);
    if status == 429 || code.starts_with("Throttling") {
        return Failure::Throttled { retry_after, error: Error::Throttled { retry_after } };
    }
    if status >= 500 {
        return Failure::Broken { retry_after, error: Error::Unexpected { message: words(told) } };
    }
    // New keys come with a new session, also where the old ones are no longer known.
    if code.starts_with("InvalidSecurityToken") {
        return Failure::Expired(Error::Unauthenticated { message: words(told) });
    }
    Failure::Final(error(told, service, action, what))
}

fn error(told: &Told, service: &str, action: &str, what: &str) -> Error {
    let is = |codes: &[&str]| codes.iter().any(|code| told.code.starts_with(code));
    let (message, what) = (words(told), what.to_owned());
    if is(&UNAUTHENTICATED) || told.status == 401 {
        Error::Unauthenticated { message }
    } else if told.status == 403 || is(&DENIED) {
        Error::PermissionDenied { action: format!("{service}:{action}"), message }
    } else if is(&USED_UP) || told.code.ends_with("NotEnoughBalance") {
        Error::QuotaExceeded { message }
    } else if told.status == 409 || is(&BUSY) {
        Error::Conflict { what, message }
    } else if told.code.starts_with("InvalidAction") {
        Error::Unexpected { message }
    } else if told.status == 404 && !action.starts_with("Create") {
        Error::NotFound { what }
    } else if told.code.contains("DeleteProtect") || told.code.contains("DeletionProtect") {
        Error::InvalidSpec { field: Some("deletion_protection".to_owned()), message }
    } else if (400..500).contains(&told.status) {
        // Also a network that is not there: that is a fault of the wish, and not of what is to be made.
        Error::InvalidSpec { field: None, message }
    } else {
        Error::Unexpected { message }
    }
}

/// The cloud's words with its code.
fn words(told: &Told) -> String {
    match (told.message.trim(), told.code.as_str()) {
        ("", "") => format!("HTTP status {}", told.status),
        ("", code) => code.to_owned(),
        (message, "") => message.to_owned(),
        (message, code) => format!("{message} ({code})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, code: &str) -> Told {
        Told { status, code: code.to_owned(), message: "words".to_owned(), retry_after: None }
    }

    /// Name of the failure and of its error.
    fn name(failure: &Failure) -> (&'static str, &'static str) {
        let (kind, error) = match failure {
            Failure::Throttled { error, .. } => ("throttled", error),
            Failure::NotSent(error) => ("not sent", error),
            Failure::Broken { error, .. } => ("broken", error),
            Failure::Expired(error) => ("expired", error),
            Failure::Final(error) => ("final", error),
        };
        let error = match error {
            Error::NotFound { .. } => "not found",
            Error::AlreadyExists { .. } => "already exists",
            Error::Conflict { .. } => "conflict",
            Error::PermissionDenied { .. } => "denied",
            Error::Unauthenticated { .. } => "unauthenticated",
            Error::Throttled { .. } => "throttled",
            Error::QuotaExceeded { .. } => "quota",
            Error::InvalidSpec { .. } => "invalid",
            Error::Failed { .. } => "failed",
            Error::Unexpected { .. } => "unexpected",
        };
        (kind, error)
    }

    #[test]
    fn codes_mean_what_they_mean() {
        let table = [
            (400, "Throttling.User", "DescribeVpcs", ("throttled", "throttled")),
            (503, "Throttling", "DescribeVpcs", ("throttled", "throttled")),
            (429, "", "DescribeVpcs", ("throttled", "throttled")),
            (503, "ServiceUnavailable", "DescribeVpcs", ("broken", "unexpected")),
            (400, "InvalidSecurityToken.Expired", "DescribeVpcs", ("expired", "unauthenticated")),
            (404, "InvalidAccessKeyId.NotFound", "DescribeVpcs", ("final", "unauthenticated")),
            (400, "SignatureDoesNotMatch", "DescribeVpcs", ("final", "unauthenticated")),
            (403, "StatusForbidden", "CreateCluster", ("final", "denied")),
            (400, "ErrorCheckAcl", "CreateCluster", ("final", "denied")),
            (400, "QuotaExceeded.Cluster", "CreateCluster", ("final", "quota")),
            (400, "InvalidAccountStatus.NotEnoughBalance", "CreateCluster", ("final", "quota")),
            (409, "Whatever", "DeleteCluster", ("final", "conflict")),
            (400, "ErrorClusterState", "UpgradeCluster", ("final", "conflict")),
            (400, "DependencyViolation.VSwitch", "DeleteVpc", ("final", "conflict")),
            (404, "ErrorClusterNotFound", "DescribeClusterDetail", ("final", "not found")),
            (404, "InvalidVSwitchId.NotFound", "CreateCluster", ("final", "invalid")),
            (404, "InvalidAction.NotFound", "CreateCluster", ("final", "unexpected")),
            (400, "ErrorDeleteProtectedCluster", "DeleteCluster", ("final", "invalid")),
            (400, "OperationDenied.NoStock", "CreateCluster", ("final", "invalid")),
            (302, "", "DescribeVpcs", ("final", "unexpected")),
        ];
        for (status, code, action, wanted) in table {
            let failure = failure(&told(status, code), "cs", action, "it");
            assert_eq!(name(&failure), wanted, "{status} {code}");
        }
    }

    #[test]
    fn words_are_the_cloud_s_with_its_code() {
        assert_eq!(words(&told(400, "Code")), "words (Code)");
        assert_eq!(words(&Told { status: 502, ..Told::default() }), "HTTP status 502");
    }
}
