//! Requests to EC2, IAM and STS in AWS's Query protocol: a signed form out, XML back. These services have libraries
//! of their own, of which the one for EC2 alone takes longer to compile than all the rest of this crate.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity as SmithyIdentity;

use super::identity::Identity;
use super::refusal::Refusal;
use super::xml::Element;
use crate::Error;
use crate::client::http::failure;
use crate::client::retry::{Failure, Repeatable, Retry, retry_after};

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// A service that speaks the Query protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Service {
    /// Its name in signatures and policies.
    pub(super) name: &'static str,
    /// Version of its API.
    pub(super) version: &'static str,
    /// URL.
    pub(super) endpoint: String,
    /// Region that signatures are for.
    pub(super) region: String,
}

/// One request: what is done, to what, and how.
#[derive(Clone, Debug, Default)]
pub(super) struct Call {
    action: &'static str,
    what: String,
    parameters: Vec<(String, String)>,
    filters: usize,
}

impl Call {
    /// A request for `action` about `what`, such as `VPC "vpc-1"`.
    pub(super) fn new(action: &'static str, what: impl Into<String>) -> Self {
        Self { action, what: what.into(), ..Self::default() }
    }

    /// With a parameter.
    pub(super) fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// With a filter of EC2.
    pub(super) fn filter(mut self, name: &str, values: &[&str]) -> Self {
        self.filters += 1;
        let filter = format!("Filter.{}", self.filters);
        for (index, value) in (1..).zip(values) {
            self = self.with(format!("{filter}.Value.{index}"), *value);
        }
        self.with(format!("{filter}.Name"), name)
    }

    /// With tags that an object of EC2 has from its creation on.
    pub(super) fn tagged<'a>(
        mut self,
        kind: &str,
        tags: impl IntoIterator<Item = (&'a String, &'a String)>,
    ) -> Self {
        for (index, (key, value)) in (1..).zip(tags) {
            self = self
                .with(format!("TagSpecification.1.Tag.{index}.Key"), key)
                .with(format!("TagSpecification.1.Tag.{index}.Value"), value);
        }
        self.with("TagSpecification.1.ResourceType", kind)
    }

    fn form(&self, version: &str) -> String {
        let mut form = format!("Action={}&Version={version}", self.action);
        for (name, value) in &self.parameters {
            // Writing to a string cannot fail.
            let _ = write!(form, "&{}={}", encoded(name), encoded(value));
        }
        form
    }
}

/// Percent-encoded, but for what RFC 3986 does not reserve.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Sends one request, signed if there are credentials.
pub(super) async fn exchange(
    http: &reqwest::Client,
    service: &Service,
    credentials: Option<&AwsCredentials>,
    call: &Call,
) -> Result<Element, Failure> {
    let url = format!("{}/", service.endpoint.trim_end_matches('/'));
    let body = call.form(service.version);
    let unsigned = |error: &dyn std::fmt::Display| {
        let message = format!("{}:{} cannot be signed: {error}", service.name, call.action);
        Failure::Final(Error::Unexpected { message })
    };
    let mut request = http::Request::builder()
        .method(http::Method::POST)
        .uri(&url)
        .header(http::header::CONTENT_TYPE, FORM)
        .body(body.clone())
        .map_err(|error| unsigned(&error))?;
    if let Some(credentials) = credentials {
        let identity: SmithyIdentity = credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&service.region)
            .name(service.name)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| unsigned(&error))?
            .into();
        let headers = [(http::header::CONTENT_TYPE.as_str(), FORM)];
        let signable =
            SignableRequest::new("POST", &url, headers.into_iter(), SignableBody::Bytes(body.as_bytes()))
                .map_err(|error| unsigned(&error))?;
        let (instructions, _) = sign(signable, &parameters).map_err(|error| unsigned(&error))?.into_parts();
        instructions.apply_to_request_http1x(&mut request);
    }
    let request = reqwest::Request::try_from(request).map_err(|error| failure(&error))?;
    let answer = http.execute(request).await.map_err(|error| failure(&error))?;
    let (status, asked) = (answer.status(), retry_after(answer.headers(), SystemTime::now()));
    let text = answer.text().await.map_err(|error| failure(&error))?;
    if status.is_success() {
        return Element::parse(&text).map_err(Failure::Final);
    }
    let told = Element::parse(&text).unwrap_or_default();
    let field = |name: &str| {
        let text = told.text(&format!("Errors/Error/{name}")).or_else(|| told.text(&format!("Error/{name}")));
        text.unwrap_or_default().to_owned()
    };
    Err(Refusal {
        service: service.name,
        operation: call.action,
        what: call.what.clone(),
        status: status.as_u16(),
        code: field("Code"),
        message: field("Message"),
        retry_after: asked,
    }
    .failure())
}

/// A client of the Query services, with credentials and retries.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) http: reqwest::Client,
    pub(super) identity: Arc<Identity>,
    pub(super) retry: Retry,
}

impl Query {
    /// Sends what may be repeated.
    pub(super) async fn send(&self, service: &Service, call: &Call) -> Result<Element, Error> {
        self.run(Repeatable::Always, service, call, &AtomicBool::new(false)).await
    }

    /// Sends what makes something twice when it is repeated. `None` when the answer was lost, so that nobody knows
    /// whether it was made: it must be looked for.
    pub(super) async fn create(&self, service: &Service, call: &Call) -> Result<Option<Element>, Error> {
        let is_lost = AtomicBool::new(false);
        match self.run(Repeatable::IfNotBegun, service, call, &is_lost).await {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if is_lost.load(Ordering::Relaxed) => {
                tracing::warn!(action = call.action, %error, "the answer of a creation was lost");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn run(
        &self,
        repeatable: Repeatable,
        service: &Service,
        call: &Call,
        is_lost: &AtomicBool,
    ) -> Result<Element, Error> {
        let request = async || {
            let credentials = self.identity.credentials().await.map_err(Failure::Final)?;
            let answer = Box::pin(exchange(&self.http, service, Some(&credentials), call)).await;
            is_lost.store(matches!(answer, Err(Failure::Broken { .. })), Ordering::Relaxed);
            answer
        };
        self.retry.run(repeatable, || self.identity.renew(), request).await
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_call_is_a_form() {
        let tags = BTreeMap::from([("k a".to_owned(), "v/1".to_owned()), ("l".to_owned(), String::new())]);
        let call = Call::new("CreateVpc", "VPC")
            .with("CidrBlock", "10.0.0.0/16")
            .tagged("vpc", &tags)
            .filter("state", &["a", "b"])
            .filter("tag:kubeblocks.io/owner", &["o"]);
        let expected = "Action=CreateVpc&Version=1&CidrBlock=10.0.0.0%2F16\
            &TagSpecification.1.Tag.1.Key=k%20a&TagSpecification.1.Tag.1.Value=v%2F1\
            &TagSpecification.1.Tag.2.Key=l&TagSpecification.1.Tag.2.Value=\
            &TagSpecification.1.ResourceType=vpc\
            &Filter.1.Value.1=a&Filter.1.Value.2=b&Filter.1.Name=state\
            &Filter.2.Value.1=o&Filter.2.Name=tag%3Akubeblocks.io%2Fowner";
        assert_eq!(call.form("1"), expected);
    }
}
