//! Tokens for the Kubernetes API of EKS: a signed request to STS that says who one is, which the cluster sends on in
//! one's name. Nobody is asked for it; the format is that of aws-iam-authenticator.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::{Credentials, Error, Proof};

/// What every token begins with: the version of the format.
const PREFIX: &str = "k8s-aws-v1.";
/// The header that binds a token to one cluster.
const CLUSTER_HEADER: &str = "x-k8s-aws-id";
/// How long STS takes the request when it comes from outside; the cluster counts [`LIFE`] from its date.
const EXPIRES: Duration = Duration::from_mins(1);
/// How long a cluster takes a token, less a minute for clocks that differ.
const LIFE: Duration = Duration::from_mins(14);

/// A token for the cluster `name`, good from `now` on.
///
/// `sts` is the URL of the regional STS, which the cluster must know as one of its partition. Ends with the AWS
/// credentials when these end before it.
pub fn mint(
    credentials: &AwsCredentials,
    region: &str,
    sts: &str,
    name: &str,
    now: SystemTime,
) -> Result<Credentials, Error> {
    let url = format!("{}/?Action=GetCallerIdentity&Version=2011-06-15", sts.trim_end_matches('/'));
    let url = presign(credentials, region, &url, name, now)?;
    let ends = credentials.expiry();
    let expires_at = ends.map_or(now + LIFE, |ends| ends.min(now + LIFE));
    Ok(Credentials { proof: Proof::Token(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(url))), expires_at })
}

fn presign(
    credentials: &AwsCredentials,
    region: &str,
    url: &str,
    name: &str,
    now: SystemTime,
) -> Result<String, Error> {
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(EXPIRES);
    let identity: Identity = credentials.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("sts")
        .time(now)
        .settings(settings)
        .build()
        .map_err(|error| unsigned(&error))?
        .into();
    let headers = [(CLUSTER_HEADER, name)];
    let request = SignableRequest::new("GET", url, headers.into_iter(), SignableBody::empty())
        .map_err(|error| unsigned(&error))?;
    let (instructions, _) = sign(request, &parameters).map_err(|error| unsigned(&error))?.into_parts();
    let mut request = http::Request::builder().uri(url).body(()).map_err(|error| unsigned(&error))?;
    instructions.apply_to_request_http1x(&mut request);
    Ok(request.uri().to_string())
}

/// The signer refuses addresses and names that are none; it does not say which of them.
fn unsigned(error: &dyn std::error::Error) -> Error {
    Error::Unexpected { message: format!("the token's request cannot be signed: {error}") }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// 2026-01-02T03:04:05Z.
    const NOW: Duration = Duration::from_secs(1_767_323_045);

    fn token(session: Option<&str>, ends: Option<SystemTime>) -> Credentials {
        let key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let credentials = AwsCredentials::new("AKIDEXAMPLE", key, session.map(str::to_owned), ends, "test");
        let sts = "https://sts.eu-central-1.amazonaws.com";
        mint(&credentials, "eu-central-1", sts, "prod", SystemTime::UNIX_EPOCH + NOW).unwrap()
    }

    fn query(credentials: &Credentials) -> BTreeMap<String, String> {
        let Proof::Token(token) = &credentials.proof else { panic!("no token") };
        let url = URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX).unwrap()).unwrap();
        let url = String::from_utf8(url).unwrap();
        let query = url.strip_prefix("https://sts.eu-central-1.amazonaws.com/?").unwrap();
        let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap());
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn a_token_is_what_other_signers_make_of_the_same() {
        // Signatures by botocore 1.44.5, `RequestSigner.generate_presigned_url` at that time.
        let table = [
            (None, "8fb212f6307177b21f5b98e84955bafa8cd337f36e6eb27ed4bb552f48ff4494"),
            (
                Some("AQoDYXdzEPT//////////wEXAMPLE/+="),
                "195aca7a376caca14fbf01a9a09839c4d2b49bfab6534e949ec7d097ecbf08e6",
            ),
        ];
        for (session, signature) in table {
            let query = query(&token(session, None));
            assert_eq!(query["Action"], "GetCallerIdentity");
            assert_eq!(query["X-Amz-Date"], "20260102T030405Z");
            assert_eq!(query["X-Amz-Expires"], "60");
            assert_eq!(query["X-Amz-SignedHeaders"], "host%3Bx-k8s-aws-id");
            assert_eq!(query.contains_key("X-Amz-Security-Token"), session.is_some());
            assert_eq!(query["X-Amz-Signature"], signature);
        }
    }

    #[test]
    fn a_token_ends_before_the_cluster_refuses_it_and_with_the_credentials_behind_it() {
        let now = SystemTime::UNIX_EPOCH + NOW;
        assert_eq!(token(None, None).expires_at, now + Duration::from_mins(14));
        let soon = now + Duration::from_mins(5);
        assert_eq!(token(None, Some(soon)).expires_at, soon);
        assert_eq!(token(None, Some(now + Duration::from_hours(1))).expires_at, now + LIFE);
    }

    #[test]
    fn what_cannot_be_signed_is_an_error() {
        let credentials = AwsCredentials::new("AKIDEXAMPLE", "key", None, None, "test");
        let now = SystemTime::UNIX_EPOCH + NOW;
        assert!(mint(&credentials, "eu-central-1", "not a url", "prod", now).is_err());
        let sts = "https://sts.eu-central-1.amazonaws.com";
        assert!(mint(&credentials, "eu-central-1", sts, "a\nb", now).is_err());
    }
}
