//! The few calls of Compute Engine that a network takes, by hand: its own client would be ten times the rest.

use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error;
use super::token::Tokens;
use crate::Error;
use crate::client::http;
use crate::client::retry::{Failure, Repeatable, Retry};

const ENDPOINT: &str = "https://compute.googleapis.com/compute/v1/";

/// Compute Engine in one project.
#[derive(Debug)]
pub(super) struct Compute {
    http: reqwest::Client,
    endpoint: String,
    project: String,
    tokens: Tokens,
    retry: Retry,
}

/// A network, subnetwork, router or firewall rule, as far as it is looked at.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Resource {
    pub(super) name: String,
    #[serde(default)]
    pub(super) description: String,
}

/// An operation of Compute Engine.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Operation {
    name: String,
    status: String,
    region: Option<String>,
    error: Option<Errors>,
    http_error_message: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Errors {
    #[serde(default)]
    errors: Vec<Reason>,
}

#[derive(Debug, Deserialize)]
struct Reason {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl Operation {
    pub(super) fn is_done(&self) -> bool {
        self.status == "DONE"
    }

    /// What failed; nothing when it ended well.
    pub(super) fn reasons(&self) -> Vec<String> {
        let Some(failed) = &self.error else { return Vec::new() };
        let mut found: Vec<String> =
            failed.errors.iter().map(|reason| format!("{}: {}", reason.code, reason.message)).collect();
        if found.is_empty() {
            found.push(self.http_error_message.clone().unwrap_or_else(|| "no reason is given".to_owned()));
        }
        found
    }

    /// Where it is looked at, within the project.
    pub(super) fn path(&self) -> String {
        match self.region.as_deref().and_then(|url| url.rsplit('/').next()) {
            Some(region) => format!("regions/{region}/operations/{}", self.name),
            None => format!("global/operations/{}", self.name),
        }
    }
}

impl Compute {
    pub(super) fn new(
        http: reqwest::Client,
        endpoint: Option<String>,
        project: String,
        tokens: Tokens,
        retry: Retry,
    ) -> Self {
        let mut endpoint = endpoint.unwrap_or_else(|| ENDPOINT.to_owned());
        if !endpoint.ends_with('/') {
            endpoint.push('/');
        }
        Self { http, endpoint, project, tokens, retry }
    }

    /// The path of a resource of this project, such as GKE takes it: `projects/P/global/networks/N`.
    pub(super) fn full(&self, path: &str) -> String {
        format!("projects/{}/{path}", self.project)
    }

    /// A resource by its path within the project; `None` when there is none.
    pub(super) async fn get(&self, path: &str, action: &str) -> Result<Option<Resource>, Error> {
        match self.ask(Method::GET, path, &[], None, action).await {
            Ok(found) => Ok(Some(found)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Begins to make a resource. Repeating it does nothing more, since its name is unique.
    pub(super) async fn insert(&self, path: &str, body: &Value, action: &str) -> Result<Operation, Error> {
        self.ask(Method::POST, path, &[], Some(body), action).await
    }

    /// Begins to remove a resource.
    pub(super) async fn delete(&self, path: &str, action: &str) -> Result<Operation, Error> {
        self.ask(Method::DELETE, path, &[], None, action).await
    }

    pub(super) async fn operation(&self, path: &str) -> Result<Operation, Error> {
        self.ask(Method::GET, path, &[], None, "compute.globalOperations.get").await
    }

    /// Names of the firewall rules of a network of this project.
    pub(super) async fn firewalls(&self, network: &str) -> Result<Vec<String>, Error> {
        #[derive(Deserialize)]
        struct List {
            #[serde(default)]
            items: Vec<Resource>,
        }
        let link = format!("https://www.googleapis.com/compute/v1/{}", self.full(network));
        let filter = format!("network = \"{link}\"");
        let query = [("filter", filter.as_str()), ("maxResults", "500")];
        let list: List =
            self.ask(Method::GET, "global/firewalls", &query, None, "compute.firewalls.list").await?;
        Ok(list.items.into_iter().map(|rule| rule.name).collect())
    }

    /// Names of the zones of a region, in their order.
    pub(super) async fn zones(&self, region: &str) -> Result<Vec<String>, Error> {
        #[derive(Deserialize)]
        struct Region {
            #[serde(default)]
            zones: Vec<String>,
        }
        let found: Region =
            self.ask(Method::GET, &format!("regions/{region}"), &[], None, "compute.regions.get").await?;
        let mut zones: Vec<String> =
            found.zones.iter().filter_map(|url| url.rsplit('/').next()).map(str::to_owned).collect();
        zones.sort();
        Ok(zones)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
        action: &str,
    ) -> Result<T, Error> {
        let url = format!("{}{}", self.endpoint, self.full(path));
        let attempt = async || {
            let token = self.tokens.get().await.map_err(Failure::Final)?;
            let mut request = self.http.request(method.clone(), &url).bearer_auth(&token.value).query(query);
            if let Some(body) = body {
                request = request.json(body);
            }
            let answer = request.send().await.map_err(|error| http::failure(&error))?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            let body = answer.bytes().await.map_err(|error| http::failure(&error))?;
            error::read_compute(status, &headers, &body, path, action)
        };
        self.retry.run(Repeatable::Always, || self.tokens.forget(), attempt).await
    }
}
