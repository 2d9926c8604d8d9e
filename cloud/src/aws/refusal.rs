//! What AWS's error codes mean. The same codes come from EKS as JSON and from EC2, IAM and STS as XML, so they are
//! read in one place.

use std::time::Duration;

use crate::Error;
use crate::client::retry::Failure;

/// An answer that is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Service as IAM spells it: `eks`, `ec2`.
    pub(super) service: &'static str,
    /// Operation, such as `CreateVpc`.
    pub(super) operation: &'static str,
    /// What it was about, such as `cluster "prod"`.
    pub(super) what: String,
    /// HTTP status; 0 when nobody knows.
    pub(super) status: u16,
    /// AWS's code, such as `ResourceInUseException`; empty without one.
    pub(super) code: String,
    /// AWS's words.
    pub(super) message: String,
    /// How long AWS asks to wait.
    pub(super) retry_after: Option<Duration>,
}

const THROTTLED: &[&str] = &[
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "Throttling",
    "ThrottledException",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
];
const EXPIRED: &[&str] = &["ExpiredToken", "ExpiredTokenException", "RequestExpired"];
const UNAUTHENTICATED: &[&str] = &[
    "AuthFailure",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidIdentityToken",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];
const DENIED: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "Client.UnauthorizedOperation",
    "OptInRequired",
    "UnauthorizedException",
    "UnauthorizedOperation",
];
const NOT_FOUND: &[&str] = &[
    "Gateway.NotAttached",
    "NatGatewayNotFound",
    "NoSuchEntity",
    "NotFoundException",
    "ResourceNotFoundException",
];
const CONFLICT: &[&str] = &[
    "ConcurrentModification",
    "ConflictException",
    "DeleteConflict",
    "DependencyViolation",
    "EntityTemporarilyUnmodifiable",
    "IncorrectInstanceState",
    "IncorrectState",
    "InvalidIPAddress.InUse",
    "InvalidNetworkInterface.InUse",
    "InvalidState",
    "OperationNotPermitted",
    "ResourceInUseException",
];
const ALREADY_THERE: &[&str] = &["EntityAlreadyExists", "Resource.AlreadyAssociated", "RouteAlreadyExists"];
const SERVER: &[&str] =
    &["InternalError", "InternalFailure", "ServerException", "ServiceUnavailable", "Unavailable"];

impl Refusal {
    /// What it means, also for a repetition.
    pub(super) fn failure(self) -> Failure {
        let is = |codes: &[&str]| codes.contains(&self.code.as_str());
        let retry_after = self.retry_after;
        if is(THROTTLED) || self.status == 429 {
            return Failure::Throttled { retry_after, error: Error::Throttled { retry_after } };
        }
        if is(EXPIRED) {
            return Failure::Expired(Error::Unauthenticated { message: self.words() });
        }
        if self.status >= 500 || is(SERVER) {
            return Failure::Broken { retry_after, error: Error::Unexpected { message: self.words() } };
        }
        Failure::Final(self.error())
    }

    fn error(self) -> Error {
        let is = |codes: &[&str]| codes.contains(&self.code.as_str());
        if is(UNAUTHENTICATED) {
            return Error::Unauthenticated { message: self.words() };
        }
        if is(DENIED) {
            return Error::PermissionDenied { action: self.action(), message: self.message };
        }
        // EKS answers for a cluster that is just made, or just gone, with a `ClientException`.
        let is_missing = self.code == "ClientException" && self.message.contains("No cluster found");
        if is(NOT_FOUND) || self.code.ends_with(".NotFound") || is_missing {
            return Error::NotFound { what: self.what };
        }
        // `ResourceInUseException` says both, and only the text tells them apart.
        let says_exists = self.message.to_lowercase().contains("already exists");
        if is(ALREADY_THERE) || (self.code == "ResourceInUseException" && says_exists) {
            return Error::AlreadyExists { what: self.what };
        }
        if is(CONFLICT) {
            return Error::Conflict { what: self.what, message: self.message };
        }
        let is_limit = self.code.ends_with("LimitExceeded") || self.code.ends_with("LimitExceededException");
        if is_limit || self.code == "ServiceQuotaExceededException" {
            return Error::QuotaExceeded { message: self.words() };
        }
        if (400..500).contains(&self.status) && !self.code.is_empty() {
            return Error::InvalidSpec { field: None, message: self.words() };
        }
        Error::Unexpected { message: self.words() }
    }

    /// The action that the policies of IAM lack: AWS names it in its text, and it may be another than was called.
    fn action(&self) -> String {
        let named = self.message.split_once("perform: ").map(|(_, rest)| rest);
        let named = named.and_then(|rest| rest.split_whitespace().next());
        let own = || format!("{}:{}", self.service, self.operation);
        named.map_or_else(own, |action| action.trim_end_matches(['.', ',']).to_owned())
    }

    fn words(&self) -> String {
        let about = format!("{}:{}", self.service, self.operation);
        match (self.code.as_str(), self.message.as_str()) {
            ("", "") => format!("{about} was answered with {}", self.status),
            ("", message) => format!("{about} was answered with {}: {message}", self.status),
            (code, "") => format!("{about}: {code}"),
            (code, message) => format!("{about}: {message} ({code})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, code: &str, message: &str) -> Refusal {
        Refusal {
            service: "eks",
            operation: "CreateCluster",
            what: "cluster \"prod\"".to_owned(),
            status,
            code: code.to_owned(),
            message: message.to_owned(),
            retry_after: None,
        }
    }

    #[test]
    fn codes_have_a_meaning() {
        let table = [
            (429, "TooManyRequestsException", "", "Throttled"),
            (400, "ThrottlingException", "Rate exceeded", "Throttled"),
            (503, "RequestLimitExceeded", "", "Throttled"),
            (400, "ExpiredToken", "", "Expired"),
            (500, "ServerException", "", "Broken"),
            (502, "", "", "Broken"),
            (403, "AccessDeniedException", "", "PermissionDenied"),
            (403, "UnauthorizedOperation", "", "PermissionDenied"),
            (403, "UnrecognizedClientException", "", "Unauthenticated"),
            (401, "AuthFailure", "", "Unauthenticated"),
            (404, "ResourceNotFoundException", "No cluster found for name: prod.", "NotFound"),
            (400, "ClientException", "No cluster found for name: prod.", "NotFound"),
            (400, "ClientException", "something else", "InvalidSpec"),
            (400, "InvalidVpcID.NotFound", "", "NotFound"),
            (404, "NoSuchEntity", "", "NotFound"),
            (409, "ResourceInUseException", "Cluster already exists with name: prod", "AlreadyExists"),
            (409, "ResourceInUseException", "Cluster has nodegroups attached", "Conflict"),
            (409, "EntityAlreadyExists", "", "AlreadyExists"),
            (400, "DependencyViolation", "", "Conflict"),
            (409, "DeleteConflict", "", "Conflict"),
            (400, "ResourceLimitExceededException", "", "QuotaExceeded"),
            (400, "AddressLimitExceeded", "", "QuotaExceeded"),
            (409, "LimitExceeded", "", "QuotaExceeded"),
            (400, "InvalidParameterException", "", "InvalidSpec"),
            (404, "", "", "Unexpected"),
        ];
        for (status, code, message, meaning) in table {
            let told = format!("{:?}", refusal(status, code, message).failure());
            let meant = told.trim_start_matches("Final(");
            assert!(meant.starts_with(meaning), "{status} {code} {message}: {told}");
        }
    }

    #[test]
    fn a_denial_names_the_action_that_is_missing() {
        let message = "User: arn:aws:iam::1:user/a is not authorized to perform: iam:PassRole on resource: x";
        let table = [(message, "iam:PassRole"), ("no", "eks:CreateCluster")];
        for (message, expected) in table {
            match refusal(403, "AccessDeniedException", message).failure() {
                Failure::Final(Error::PermissionDenied { action, .. }) => assert_eq!(action, expected),
                other => panic!("{other:?}"),
            }
        }
    }
}
