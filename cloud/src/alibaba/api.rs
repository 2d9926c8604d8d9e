//! Requests to the services of Alibaba Cloud: signed, repeated by the one policy, and read as JSON.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::{Told, failure};
use super::keys::Keys;
use super::sign;
use super::spec::{Config, Endpoints, StaticCredentials};
use crate::Error;
use crate::client::http;
use crate::client::retry::{Failure, Repeatable, Retry, retry_after};

const USER_AGENT: &str = "terraform-provider-kubeblocks";
const JSON: &str = "application/json";

/// A service that is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// ACK.
    Cs,
    /// VPC.
    Vpc,
    /// STS.
    Sts,
}

impl Service {
    fn name(self) -> &'static str {
        match self {
            Self::Cs => "cs",
            Self::Vpc => "vpc",
            Self::Sts => "sts",
        }
    }

    fn version(self) -> &'static str {
        match self {
            Self::Cs => "2015-12-15",
            Self::Vpc => "2016-04-28",
            Self::Sts => "2015-04-01",
        }
    }
}

/// One request.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) service: Service,
    pub(super) action: &'static str,
    pub(super) method: &'static str,
    /// Path as it stands in the URL.
    pub(super) path: String,
    pub(super) query: BTreeMap<String, String>,
    pub(super) body: Option<Value>,
    pub(super) repeatable: Repeatable,
    /// The thing that it is about: kind and name.
    pub(super) what: &'a str,
}

impl<'a> Call<'a> {
    /// A request to ACK, whose paths say what it is about.
    pub(super) fn cs(action: &'static str, method: &'static str, path: String, what: &'a str) -> Self {
        let repeatable = if method == "POST" { Repeatable::IfNotBegun } else { Repeatable::Always };
        let query = BTreeMap::new();
        Self { service: Service::Cs, action, method, path, query, body: None, repeatable, what }
    }

    /// A request to VPC: all of it is in the query.
    pub(super) fn vpc(action: &'static str, pairs: &[(&str, &str)], what: &'a str) -> Self {
        let query = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        // All of them read or delete, or have a token by which VPC knows them again.
        let repeatable = Repeatable::Always;
        let (method, path) = ("POST", "/".to_owned());
        Self { service: Service::Vpc, action, method, path, query, body: None, repeatable, what }
    }

    /// A request to STS, which gives new keys each time.
    pub(super) fn sts(action: &'static str, query: BTreeMap<String, String>, what: &'a str) -> Self {
        let (service, method, path) = (Service::Sts, "POST", "/".to_owned());
        Self { service, action, method, path, query, body: None, repeatable: Repeatable::Always, what }
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// It may be repeated whatever became of the first one.
    pub(super) fn always(mut self) -> Self {
        self.repeatable = Repeatable::Always;
        self
    }
}

/// The services of one region, as one user.
pub(super) struct Api {
    sender: Sender,
    keys: Keys,
    region: String,
}

impl Api {
    pub(super) fn new(config: &Config, variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let region = config
            .region
            .clone()
            .or_else(|| variable("ALIBABA_CLOUD_REGION_ID"))
            .or_else(|| variable("ALIBABA_CLOUD_REGION"))
            .filter(|region| !region.is_empty())
            .ok_or_else(|| Error::InvalidSpec {
                field: Some("region".to_owned()),
                message: "no region was given; set it in the configuration or as ALIBABA_CLOUD_REGION_ID"
                    .to_owned(),
            })?;
        let endpoints = Endpoints {
            cs: config.endpoints.cs.clone().or_else(|| variable("CS_ENDPOINT")),
            vpc: config.endpoints.vpc.clone().or_else(|| variable("VPC_ENDPOINT")),
            sts: config.endpoints.sts.clone().or_else(|| variable("STS_ENDPOINT")),
            metadata: None,
        };
        let sender = Sender::new(&endpoints, &region)?;
        Ok(Self { sender, keys: Keys::find(config, variable)?, region })
    }

    pub(super) fn region(&self) -> &str {
        &self.region
    }

    /// Asks, and reads the answer.
    pub(super) async fn ask<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, Error> {
        let action = call.action;
        let answer = self.call(call).await?;
        serde_json::from_value(answer)
            .map_err(|error| Error::Unexpected { message: format!("the answer to {action}: {error}") })
    }

    /// Asks, and gives the answer without what is null.
    pub(super) async fn call(&self, call: Call<'_>) -> Result<Value, Error> {
        let request = async || {
            let keys = self.keys.get(&self.sender).await.map_err(Failure::Final)?;
            self.sender.send(&call, Some(&keys)).await
        };
        let renew = async || self.keys.forget().await;
        let mut answer = self.sender.retry.run(call.repeatable, renew, request).await?;
        drop_null(&mut answer);
        Ok(answer)
    }
}

/// Where the services are, as URLs.
#[derive(Debug)]
struct Addresses {
    cs: String,
    vpc: String,
    sts: String,
}

impl Addresses {
    fn of(endpoints: &Endpoints, region: &str) -> Self {
        let url = |given: &Option<String>, standard: String| {
            let url = given.clone().filter(|url| !url.is_empty()).unwrap_or(standard);
            let url = if url.contains("://") { url } else { format!("https://{url}") };
            url.trim_end_matches('/').to_owned()
        };
        // The region in which VPC began has no name of its own there.
        let vpc = if region == "cn-hangzhou" { String::new() } else { format!(".{region}") };
        Self {
            cs: url(&endpoints.cs, format!("https://cs.{region}.aliyuncs.com")),
            vpc: url(&endpoints.vpc, format!("https://vpc{vpc}.aliyuncs.com")),
            sts: url(&endpoints.sts, format!("https://sts.{region}.aliyuncs.com")),
        }
    }
}

/// Sends single requests.
pub(super) struct Sender {
    http: reqwest::Client,
    retry: Retry,
    addresses: Addresses,
}

impl Sender {
    fn new(endpoints: &Endpoints, region: &str) -> Result<Self, Error> {
        let addresses = Addresses::of(endpoints, region);
        Ok(Self { http: http::client(USER_AGENT)?, retry: Retry::default(), addresses })
    }

    pub(super) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    pub(super) fn retry(&self) -> &Retry {
        &self.retry
    }

    /// Sends a request once; without keys it is not signed.
    pub(super) async fn send(
        &self,
        call: &Call<'_>,
        keys: Option<&StaticCredentials>,
    ) -> Result<Value, Failure> {
        let request = self.build(call, keys).map_err(Failure::Final)?;
        let answer = self.http.execute(request).await.map_err(|error| http::failure(&error))?;
        let status = answer.status().as_u16();
        let retry_after = asked_rest(answer.headers());
        let bytes = answer.bytes().await.map_err(|error| http::failure(&error))?;
        let value = serde_json::from_slice(&bytes);
        if (200..300).contains(&status) {
            return match value {
                Ok(value) => Ok(value),
                Err(_) if bytes.is_empty() => Ok(Value::Null),
                Err(error) => Err(Failure::Final(Error::Unexpected { message: format!("no JSON: {error}") })),
            };
        }
        let told = told(status, &value.unwrap_or_default(), retry_after);
        tracing::debug!(action = call.action, status, code = told.code, "Alibaba Cloud refused a request");
        Err(failure(&told, call.service.name(), call.action, call.what))
    }

    fn build(&self, call: &Call<'_>, keys: Option<&StaticCredentials>) -> Result<reqwest::Request, Error> {
        let Call { service, action, path, body, .. } = call;
        let base = match service {
            Service::Cs => &self.addresses.cs,
            Service::Vpc => &self.addresses.vpc,
            Service::Sts => &self.addresses.sts,
        };
        let mut query = call.query.clone();
        if keys.is_none() {
            // Without a signature, it is the query that says what is asked.
            query.insert("Action".to_owned(), (*action).to_owned());
            query.insert("Version".to_owned(), service.version().to_owned());
            query.insert("Format".to_owned(), "JSON".to_owned());
        }
        let text = sign::query(&query);
        let url = if text.is_empty() { format!("{base}{path}") } else { format!("{base}{path}?{text}") };
        let unbuilt = |error: &dyn std::error::Error| Error::Unexpected {
            message: format!("{action} cannot be asked at {base}: {error}"),
        };
        let url = reqwest::Url::parse(&url).map_err(|error| unbuilt(&error))?;
        let method = reqwest::Method::from_bytes(call.method.as_bytes()).map_err(|error| unbuilt(&error))?;
        let content = body.as_ref().map(Value::to_string).unwrap_or_default().into_bytes();
        let mut request = self.http.request(method.clone(), url.clone()).header("accept", JSON);
        if let Some(keys) = keys {
            let host = url.host_str().unwrap_or_default();
            let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
            let signed = sign::Request {
                method: method.as_str(),
                host: &host,
                path: url.path(),
                query: &query,
                action,
                version: service.version(),
                body: &content,
                content_type: body.as_ref().map(|_| JSON),
            };
            for (name, value) in sign::headers(&signed, keys, jiff::Timestamp::now(), &token()) {
                request = request.header(name, value);
            }
        }
        request.body(content).build().map_err(|error| unbuilt(&error))
    }
}

/// A word that nobody has had before.
pub(super) fn token() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// Path of something in ACK; the ids are those of whoever imports it, and may be anything.
pub(super) fn path(parts: &[&str]) -> String {
    parts.iter().flat_map(|part| ["/".to_owned(), sign::encode(part)]).collect()
}

/// How long the cloud asks to wait: in its own header, or in that of HTTP.
fn asked_rest(headers: &::http::HeaderMap) -> Option<Duration> {
    let own = headers.get("x-acs-retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    own.map(Duration::from_secs).or_else(|| retry_after(headers, SystemTime::now()))
}

/// CS begins its names with small letters, and all others with capital ones.
fn told(status: u16, body: &Value, retry_after: Option<Duration>) -> Told {
    let get = |small: &str, capital: &str| {
        let text = body.get(small).or_else(|| body.get(capital));
        text.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    Told { status, code: get("code", "Code"), message: get("message", "Message"), retry_after }
}

/// What is null is as good as absent, but not to `serde`.
fn drop_null(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_null);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_null),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_the_region_s_unless_others_are_given() {
        let none = Endpoints::default();
        assert_eq!(Addresses::of(&none, "cn-hangzhou").vpc, "https://vpc.aliyuncs.com");
        let addresses = Addresses::of(&none, "eu-central-1");
        assert_eq!(addresses.vpc, "https://vpc.eu-central-1.aliyuncs.com");
        assert_eq!(addresses.cs, "https://cs.eu-central-1.aliyuncs.com");
        let given = Endpoints { sts: Some("sts-vpc.cn-hangzhou.aliyuncs.com/".to_owned()), ..none };
        assert_eq!(Addresses::of(&given, "x").sts, "https://sts-vpc.cn-hangzhou.aliyuncs.com");
    }

    #[test]
    fn errors_are_read_in_either_spelling() {
        let capital = serde_json::json!({"Code": "A", "Message": "b"});
        let small = serde_json::json!({"code": "A", "message": "b"});
        for body in [capital, small] {
            let told = told(400, &body, None);
            assert_eq!((told.code.as_str(), told.message.as_str()), ("A", "b"));
        }
    }

    #[test]
    fn ids_cannot_leave_their_place_in_a_path() {
        assert_eq!(path(&["clusters", "../x?y"]), "/clusters/..%2Fx%3Fy");
    }

    #[test]
    fn the_cloud_s_own_header_goes_first() {
        let mut headers = ::http::HeaderMap::new();
        headers.insert("retry-after", ::http::HeaderValue::from_static("7"));
        assert_eq!(asked_rest(&headers), Some(Duration::from_secs(7)));
        headers.insert("x-acs-retry-after", ::http::HeaderValue::from_static("3"));
        assert_eq!(asked_rest(&headers), Some(Duration::from_secs(3)));
    }
}
