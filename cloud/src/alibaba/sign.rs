//! The signature `ACS3-HMAC-SHA256` of requests to Alibaba Cloud. Pure.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

use super::spec::StaticCredentials;

const ALGORITHM: &str = "ACS3-HMAC-SHA256";
/// What stays as it is in paths and queries.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A request as far as it is signed.
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    /// Host with its port, as the header says it.
    pub(super) host: &'a str,
    /// Path as it stands in the URL.
    pub(super) path: &'a str,
    pub(super) query: &'a BTreeMap<String, String>,
    pub(super) action: &'a str,
    pub(super) version: &'a str,
    pub(super) body: &'a [u8],
    pub(super) content_type: Option<&'a str>,
}

/// The headers that a request gets, with its signature; all but `host`.
pub(super) fn headers(
    request: &Request<'_>,
    keys: &StaticCredentials,
    now: jiff::Timestamp,
    nonce: &str,
) -> BTreeMap<&'static str, String> {
    let payload = hex(&Sha256::digest(request.body));
    let mut headers = BTreeMap::from([
        ("host", request.host.to_owned()),
        ("x-acs-action", request.action.to_owned()),
        ("x-acs-content-sha256", payload.clone()),
        ("x-acs-date", now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        ("x-acs-signature-nonce", nonce.to_owned()),
        ("x-acs-version", request.version.to_owned()),
    ]);
    if let Some(kind) = request.content_type {
        headers.insert("content-type", kind.to_owned());
    }
    if let Some(token) = &keys.security_token {
        headers.insert("x-acs-security-token", token.clone());
    }
    let signed = headers.keys().copied().collect::<Vec<_>>().join(";");
    let canonical = canonical(request, &headers, &payload);
    let signature = signature(&canonical, &keys.access_key_secret);
    let id = &keys.access_key_id;
    let proof = format!("{ALGORITHM} Credential={id},SignedHeaders={signed},Signature={signature}");
    headers.insert("authorization", proof);
    headers.remove("host");
    headers
}

/// The query as it stands in the URL, in the order in which it is signed.
pub(super) fn query(pairs: &BTreeMap<String, String>) -> String {
    let pairs = pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// Text for a path or a query.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

fn canonical(request: &Request<'_>, headers: &BTreeMap<&'static str, String>, payload: &str) -> String {
    let mut lines = String::new();
    for (name, value) in headers {
        lines.push_str(name);
        lines.push(':');
        lines.push_str(value.trim());
        lines.push('\n');
    }
    let signed = headers.keys().copied().collect::<Vec<_>>().join(";");
    let (method, path, query) = (request.method, request.path, query(request.query));
    format!("{method}\n{path}\n{query}\n{lines}\n{signed}\n{payload}")
}

fn signature(canonical: &str, secret: &str) -> String {
    let text = format!("{ALGORITHM}\n{}", hex(&Sha256::digest(canonical.as_bytes())));
    // A key may be of any length, so that there is always a code.
    let code = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map(|mut code| {
        code.update(text.as_bytes());
        code.finalize().into_bytes()
    });
    code.map(|code| hex(&code)).unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request<'a>(query: &'a BTreeMap<String, String>, body: &'a [u8]) -> Request<'a> {
        Request {
            method: "GET",
            host: "127.0.0.1:5004",
            path: "/k8s/c1/user_config",
            query,
            action: "DescribeClusterUserKubeconfig",
            version: "2015-12-15",
            body,
            content_type: None,
        }
    }

    /// What alibabacloud-tea-openapi 0.4.6 for Python sent and signed; it signs all headers, and we only those that
    /// must be.
    #[test]
    fn a_signature_is_what_the_vendor_makes_of_the_same() {
        let query = BTreeMap::from([("TemporaryDurationMinutes".to_owned(), "60".to_owned())]);
        let payload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let agent = "AlibabaCloud (Linux; x86_64) Python/3.11.7 Core/0.4.3 TeaDSL/2";
        let headers = BTreeMap::from([
            ("accept", "application/json".to_owned()),
            ("host", "127.0.0.1:5004".to_owned()),
            ("user-agent", agent.to_owned()),
            ("x-acs-action", "DescribeClusterUserKubeconfig".to_owned()),
            ("x-acs-content-sha256", payload.to_owned()),
            ("x-acs-credentials-provider", "static_ak".to_owned()),
            ("x-acs-date", "2026-11-23T09:18:32Z".to_owned()),
            ("x-acs-signature-nonce", "0c4870289e6572d67fd36890461e426f".to_owned()),
            ("x-acs-version", "2015-12-15".to_owned()),
        ]);
        let canonical = canonical(&request(&query, b""), &headers, payload);
        assert_eq!(
            signature(&canonical, "SKTEST"),
            "c91af543009eb72ce57985992c754ff6e20df8cf5e1fd6b754812784d37c75bc"
        );
    }

    #[test]
    fn all_that_matters_is_signed() {
        let keys = StaticCredentials {
            access_key_id: "AK".to_owned(),
            access_key_secret: "SK".to_owned(),
            security_token: Some("token".to_owned()),
        };
        let query = BTreeMap::new();
        let mut request = request(&query, b"{}");
        request.content_type = Some("application/json");
        let now = "2026-11-23T09:18:32.5Z".parse().unwrap();
        let headers = headers(&request, &keys, now, "nonce");
        assert_eq!(headers["x-acs-date"], "2026-11-23T09:18:32Z");
        assert_eq!(headers["x-acs-security-token"], "token");
        let signed = "content-type;host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-security-token;\
                      x-acs-signature-nonce;x-acs-version";
        assert!(headers["authorization"].contains(&format!("SignedHeaders={signed},")));
        assert!(!headers["authorization"].contains("SK"));
    }

    #[test]
    fn queries_are_sorted_and_encoded() {
        let pairs = [("Tag.1.Value", "a b/c"), ("Tag.1.Key", "kubeblocks.io/owner"), ("A", "~*")];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(query(&pairs), "A=~%2A&Tag.1.Key=kubeblocks.io%2Fowner&Tag.1.Value=a%20b%2Fc");
    }
}
