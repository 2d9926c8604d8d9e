//! Azure Resource Manager: objects by their id, over the crate's one HTTP client and its one policy of retries.
//!
//! Knows nothing of Kubernetes. An answer that an operation goes on in the background is kept here with its address,
//! which is followed as it was given: it carries a signature, and another version of the API than the request did.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, IF_MATCH, IF_NONE_MATCH, LOCATION};
use http::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::credentials::Tokens;
use super::refusal::{self, Asked};
use crate::Error;
use crate::client::http as transport;
use crate::client::retry::{Failure, Repeatable, Retry};

/// Where Azure's public cloud is managed.
pub(super) const PUBLIC_ENDPOINT: &str = "https://management.azure.com";

/// Where an operation that goes on in the background is asked after.
const ASYNC_OPERATION: HeaderName = HeaderName::from_static("azure-asyncoperation");

/// What a PUT demands of the object that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Precondition<'a> {
    /// Nothing.
    None,
    /// That there is none.
    Absent,
    /// That it has not changed since it was read.
    Unchanged(&'a str),
}

/// How a DELETE was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Removal {
    /// There is nothing any more.
    Gone,
    /// It goes on in the background.
    Going,
}

/// How far an operation in the background is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// This process knows of none.
    Unknown,
    /// It goes on.
    Running,
    /// It ended well.
    Succeeded,
}

/// A client of one Azure Resource Manager.
#[derive(Debug)]
pub(super) struct Arm {
    http: reqwest::Client,
    endpoint: String,
    tokens: Tokens,
    scope: String,
    retry: Retry,
    /// By the object's id in lower case.
    operations: Mutex<HashMap<String, String>>,
}

/// An answer that was no refusal.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: bytes::Bytes,
}

/// A request, ready to be sent several times.
struct Request<'a> {
    method: Method,
    url: String,
    id: &'a str,
    body: Option<Vec<u8>>,
    precondition: Precondition<'a>,
}

impl Arm {
    /// A client of the Resource Manager at `endpoint`, with tokens for `audience`.
    pub(super) fn new(
        http: reqwest::Client,
        endpoint: &str,
        audience: &str,
        tokens: Tokens,
        retry: Retry,
    ) -> Self {
        Self {
            http,
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            tokens,
            scope: format!("{}/.default", audience.trim_end_matches('/')),
            retry,
            operations: Mutex::default(),
        }
    }

    /// The tokens that this client uses.
    pub(super) fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// The object, or `None` when the cloud says for sure that there is none. `id` may carry a query of its own.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        id: &str,
        api_version: &str,
    ) -> Result<Option<T>, Error> {
        match self.send(&self.request(Method::GET, id, api_version)).await {
            Ok(answer) => read(&answer, id).map(Some),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A page of a list: the first, or the one at the address that the page before named. [`Error::NotFound`] where the
    /// list itself does not exist.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        id: &str,
        api_version: &str,
        next: Option<&str>,
    ) -> Result<T, Error> {
        let mut request = self.request(Method::GET, id, api_version);
        if let Some(next) = next {
            if !is_of(next, &self.endpoint) {
                let message = format!("{}: the next page is elsewhere: {next}", refusal::described(id));
                return Err(Error::Unexpected { message });
            }
            next.clone_into(&mut request.url);
        }
        read(&self.send(&request).await?, id)
    }

    /// Makes the object what `body` says, or begins to.
    pub(super) async fn put<T: DeserializeOwned>(
        &self,
        id: &str,
        api_version: &str,
        precondition: Precondition<'_>,
        body: &(impl Serialize + Sync),
    ) -> Result<T, Error> {
        let mut request = self.request(Method::PUT, id, api_version);
        request.body = Some(serde_json::to_vec(body).map_err(|error| unexpected(id, &error))?);
        request.precondition = precondition;
        let answer = self.send(&request).await?;
        self.note_operation(id, &answer.headers);
        read(&answer, id)
    }

    /// Removes the object, or begins to.
    pub(super) async fn delete(&self, id: &str, api_version: &str) -> Result<Removal, Error> {
        match self.send(&self.request(Method::DELETE, id, api_version)).await {
            Ok(answer) if answer.status == StatusCode::ACCEPTED => {
                self.note_operation(id, &answer.headers);
                Ok(Removal::Going)
            }
            Ok(_) | Err(Error::NotFound { .. }) => Ok(Removal::Gone),
            Err(error) => Err(error),
        }
    }

    /// Asks an object for something that only a POST gives; it must change nothing.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        id: &str,
        action: &str,
        api_version: &str,
    ) -> Result<T, Error> {
        let mut request = self.request(Method::POST, id, api_version);
        request.url = format!("{}{id}/{action}?api-version={api_version}", self.endpoint);
        read(&self.send(&request).await?, id)
    }

    /// How far the operation is that this process began on the object; the cloud's reasons when it failed.
    pub(super) async fn operation(&self, id: &str) -> Result<Operation, Error> {
        let url = self.operations().get(&id.to_ascii_lowercase()).cloned();
        let Some(url) = url else { return Ok(Operation::Unknown) };
        let request = Request { method: Method::GET, url, id, body: None, precondition: Precondition::None };
        let progress = match self.send(&request).await {
            // An operation is forgotten after a while; the object itself tells the rest.
            Err(Error::NotFound { .. }) => Ok(Operation::Unknown),
            Err(error) => return Err(error),
            // `Location` answers with 202 until it is over, and then with the object.
            Ok(answer) if answer.status == StatusCode::ACCEPTED => Ok(Operation::Running),
            Ok(answer) => refusal::operation(&answer.body, id),
        };
        if progress != Ok(Operation::Running) {
            self.operations().remove(&id.to_ascii_lowercase());
        }
        progress.map_err(|message| Error::Failed { what: refusal::described(id), message })
    }

    fn operations(&self) -> std::sync::MutexGuard<'_, HashMap<String, String>> {
        self.operations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn request<'a>(&self, method: Method, id: &'a str, api_version: &str) -> Request<'a> {
        let separator = if id.contains('?') { '&' } else { '?' };
        let url = format!("{}{id}{separator}api-version={api_version}", self.endpoint);
        Request { method, url, id, body: None, precondition: Precondition::None }
    }

    fn note_operation(&self, id: &str, headers: &HeaderMap) {
        let url = headers.get(ASYNC_OPERATION).or_else(|| headers.get(LOCATION));
        let url = url.and_then(|url| url.to_str().ok()).filter(|url| is_of(url, &self.endpoint));
        let key = id.to_ascii_lowercase();
        match url {
            Some(url) => self.operations().insert(key, url.to_owned()),
            None => self.operations().remove(&key),
        };
    }

    /// All requests can be repeated: none makes a second object, and a POST only reads.
    async fn send(&self, request: &Request<'_>) -> Result<Answer, Error> {
        let renew = || self.tokens.forget();
        self.retry.run(Repeatable::Always, renew, || self.exchange(request)).await
    }

    async fn exchange(&self, request: &Request<'_>) -> Result<Answer, Failure> {
        let (token, _) = self.tokens.token(&self.scope).await.map_err(Failure::Final)?;
        let mut sent = self
            .http
            .request(request.method.clone(), &request.url)
            .header(AUTHORIZATION, super::credentials::bearer(&token).map_err(Failure::Final)?)
            .header("accept", "application/json");
        match request.precondition {
            Precondition::None => {}
            Precondition::Absent => sent = sent.header(IF_NONE_MATCH, "*"),
            Precondition::Unchanged(etag) => sent = sent.header(IF_MATCH, etag),
        }
        sent = match &request.body {
            Some(body) => sent.header(CONTENT_TYPE, "application/json").body(body.clone()),
            // Azure's front end refuses a POST that does not say how long it is.
            None if request.method == Method::POST => sent.header("content-length", "0"),
            None => sent,
        };
        let response = sent.send().await.map_err(|error| transport::failure(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.map_err(|error| transport::failure(&error))?;
        if status.is_success() {
            return Ok(Answer { status, headers, body });
        }
        let asked = Asked { id: request.id, method: &request.method };
        Err(refusal::failure(&asked, status, &headers, &body, SystemTime::now()))
    }
}

/// Whether an address that was answered may get our token: the endpoint itself, or a region of it.
fn is_of(url: &str, endpoint: &str) -> bool {
    let (Ok(url), Ok(endpoint)) = (reqwest::Url::parse(url), reqwest::Url::parse(endpoint)) else {
        return false;
    };
    let (Some(host), Some(ours)) = (url.host_str(), endpoint.host_str()) else { return false };
    let is_region = host.strip_suffix(ours).is_some_and(|region| region.is_empty() || region.ends_with('.'));
    url.scheme() == endpoint.scheme()
        && url.port_or_known_default() == endpoint.port_or_known_default()
        && is_region
}

fn read<T: DeserializeOwned>(answer: &Answer, id: &str) -> Result<T, Error> {
    // A PUT may be answered without a body; then nothing is known yet.
    if answer.body.is_empty() {
        return serde_json::from_value(Value::Object(serde_json::Map::new()))
            .map_err(|error| unexpected(id, &error));
    }
    serde_json::from_slice(&answer.body).map_err(|error| unexpected(id, &error))
}

fn unexpected(id: &str, error: &serde_json::Error) -> Error {
    Error::Unexpected { message: format!("{}: {error}", refusal::described(id)) }
}

#[cfg(test)]
mod tests;
