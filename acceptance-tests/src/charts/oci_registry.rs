//! A registry of OCI artifacts, as far as reading charts goes: the distribution API, and the login by tokens before it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::server::{Request, Server, found};
use super::{Charts, Error};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
const ARCHIVE: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

/// Where the charts' repositories are in the registry.
const NAMESPACE: &str = "charts";

/// Who may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everyone.
    Open,
    /// Everyone who fetched a token before.
    Token,
    /// Who fetched a token with this user's password.
    Login {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
}

/// A registry on loopback without TLS, with all charts of [`Charts`]. Dropping it ends it.
#[derive(Debug)]
pub struct OciRegistry {
    server: Server,
}

impl OciRegistry {
    /// Starts a registry that everyone may read.
    pub async fn start(charts: &Charts) -> Result<Self, Error> {
        Self::start_with(charts, Access::Open).await
    }

    /// Starts a registry that asks for a token first.
    pub async fn start_with(charts: &Charts, access: Access) -> Result<Self, Error> {
        let content = Content::read(charts)?;
        let server = Server::start(|address| {
            let registry = Registry { content, access, address };
            Ok(Box::new(move |head, body| registry.answer(head, body)))
        })
        .await?;
        Ok(Self { server })
    }

    /// Host and port.
    pub fn host(&self) -> String {
        self.server.address().to_string()
    }

    /// Reference of the operator's chart.
    pub fn reference(&self) -> String {
        self.reference_of("kubeblocks")
    }

    /// Reference of any chart.
    pub fn reference_of(&self, chart: &str) -> String {
        format!("oci://{}/{NAMESPACE}/{chart}", self.server.address())
    }

    /// Every request so far, in the order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.server.requests()
    }

    /// Answers the next requests with this status.
    pub fn fail(&self, times: usize, status: StatusCode) {
        self.server.fail(times, status);
    }

    /// Refuses connections and closes those that are open, until [`come_back`](Self::come_back).
    pub async fn leave(&self) -> Result<(), Error> {
        self.server.leave().await
    }

    /// Listens on the same port again.
    pub async fn come_back(&self) -> Result<(), Error> {
        self.server.come_back().await
    }

    /// Ends the registry; its port is closed when this returns.
    pub async fn stop(self) -> Result<(), Error> {
        self.server.leave().await
    }
}

/// Something that is known by its digest.
struct Blob {
    content_type: &'static str,
    bytes: Bytes,
}

/// What lies in the registry: each chart is a repository, each version a tag.
#[derive(Default)]
struct Content {
    /// Digests of manifests by repository and tag.
    tags: BTreeMap<String, BTreeMap<String, String>>,
    /// Everything by digest.
    blobs: BTreeMap<String, Blob>,
}

/// The index, as far as a registry needs it.
#[derive(Deserialize)]
struct Index {
    entries: BTreeMap<String, Vec<Value>>,
}

impl Content {
    fn read(charts: &Charts) -> Result<Self, Error> {
        let path = charts.index();
        let text =
            std::fs::read_to_string(&path).map_err(|source| Error::File { action: "read", path, source })?;
        let index: Index =
            serde_saphyr::from_str(&text).map_err(|source| Error::Index { source: Box::new(source) })?;
        let mut content = Self::default();
        for (chart, versions) in index.entries {
            for entry in versions {
                let path = charts.indexed(entry["urls"][0].as_str().unwrap_or_default());
                let archive =
                    std::fs::read(&path).map_err(|source| Error::File { action: "read", path, source })?;
                content.add(&chart, entry, archive);
            }
        }
        Ok(content)
    }

    /// Adds one version of a chart as helm would push it.
    fn add(&mut self, chart: &str, mut entry: Value, archive: Vec<u8>) {
        // What the index knows besides the chart's own description.
        for key in ["created", "digest", "urls"] {
            entry.as_object_mut().and_then(|entry| entry.remove(key));
        }
        // Tags do not take a plus sign.
        let tag = entry["version"].as_str().unwrap_or_default().replace('+', "_");
        let config = self.store(CONFIG, entry.to_string().into());
        let layer = self.store(ARCHIVE, archive.into());
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": config,
            "layers": [layer],
        });
        let manifest = self.store(MANIFEST, manifest.to_string().into());
        let digest = manifest["digest"].as_str().unwrap_or_default().to_owned();
        self.tags.entry(format!("{NAMESPACE}/{chart}")).or_default().insert(tag, digest);
    }

    /// Stores bytes and returns their descriptor.
    fn store(&mut self, content_type: &'static str, bytes: Bytes) -> Value {
        let hex =
            Sha256::digest(&bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        let digest = format!("sha256:{hex}");
        let descriptor = json!({ "mediaType": content_type, "digest": digest, "size": bytes.len() });
        self.blobs.insert(digest, Blob { content_type, bytes });
        descriptor
    }
}

/// What answers the requests.
struct Registry {
    content: Content,
    access: Access,
    address: SocketAddr,
}

impl Registry {
    fn answer(&self, head: &Parts, body: &Bytes) -> Response<Full<Bytes>> {
        let path = head.uri.path();
        if path == "/token" {
            return self.token(head, body);
        }
        if !matches!(head.method, Method::GET | Method::HEAD) {
            return refused(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED");
        }
        let Some(path) = path.strip_prefix("/v2/") else {
            return refused(StatusCode::NOT_FOUND, "NAME_UNKNOWN");
        };
        if !self.may_read(head) {
            return self.challenge(path);
        }
        if path.is_empty() {
            return found("application/json", "{}");
        }
        let parts: Vec<&str> = path.rsplitn(3, '/').collect();
        let [reference, what, repository] = parts[..] else {
            return refused(StatusCode::NOT_FOUND, "NAME_UNKNOWN");
        };
        let Some(tags) = self.content.tags.get(repository) else {
            return refused(StatusCode::NOT_FOUND, "NAME_UNKNOWN");
        };
        match (what, reference) {
            ("tags", "list") => list(repository, tags, head.uri.query().unwrap_or_default()),
            ("manifests", reference) => {
                let digest = tags.get(reference).map_or(reference, String::as_str);
                self.blob(digest, "MANIFEST_UNKNOWN")
            }
            ("blobs", digest) => self.blob(digest, "BLOB_UNKNOWN"),
            _ => refused(StatusCode::NOT_FOUND, "UNSUPPORTED"),
        }
    }

    fn blob(&self, digest: &str, unknown: &str) -> Response<Full<Bytes>> {
        let Some(blob) = self.content.blobs.get(digest) else {
            return refused(StatusCode::NOT_FOUND, unknown);
        };
        let mut response = found(blob.content_type, blob.bytes.clone());
        if let Ok(digest) = HeaderValue::from_str(digest) {
            response.headers_mut().insert("docker-content-digest", digest);
        }
        response
    }

    /// The token that this registry gives out; it is no secret, the registry ends with the test.
    fn issued(&self) -> String {
        format!("playground-{}", self.address.port())
    }

    fn may_read(&self, head: &Parts) -> bool {
        self.access == Access::Open || credential(head) == Some(format!("Bearer {}", self.issued()))
    }

    fn challenge(&self, path: &str) -> Response<Full<Bytes>> {
        let scope = match path.rsplitn(3, '/').nth(2) {
            Some(repository) => format!(",scope=\"repository:{repository}:pull\""),
            None => String::new(),
        };
        let challenge =
            format!("Bearer realm=\"http://{}/token\",service=\"playground\"{scope}", self.address);
        let mut response = refused(StatusCode::UNAUTHORIZED, "UNAUTHORIZED");
        if let Ok(challenge) = HeaderValue::from_str(&challenge) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }

    /// Gives out a token, for a password in the header or in a form.
    fn token(&self, head: &Parts, body: &Bytes) -> Response<Full<Bytes>> {
        let allowed = match &self.access {
            Access::Open | Access::Token => true,
            Access::Login { user, password } => {
                let basic = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
                let form = String::from_utf8_lossy(body);
                let fields: Vec<&str> = form.split('&').collect();
                let in_form = fields.contains(&format!("username={user}").as_str())
                    && fields.contains(&format!("password={password}").as_str());
                credential(head) == Some(basic) || in_form
            }
        };
        if !allowed {
            return refused(StatusCode::UNAUTHORIZED, "UNAUTHORIZED");
        }
        let token = self.issued();
        found(
            "application/json",
            json!({ "token": token, "access_token": token, "expires_in": 300 }).to_string(),
        )
    }
}

fn credential(head: &Parts) -> Option<String> {
    Some(head.headers.get(header::AUTHORIZATION)?.to_str().ok()?.to_owned())
}

/// The tags of a repository, in pages if asked for.
fn list(repository: &str, tags: &BTreeMap<String, String>, query: &str) -> Response<Full<Bytes>> {
    let parameter = |name: &str| query.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
    let after = parameter("last").unwrap_or_default();
    let size = parameter("n").and_then(|size| size.parse().ok()).unwrap_or(usize::MAX);
    let mut rest = tags.keys().map(String::as_str).filter(|tag| *tag > after);
    let page: Vec<&str> = rest.by_ref().take(size).collect();
    let mut response = found("application/json", json!({ "name": repository, "tags": page }).to_string());
    if let (Some(last), Some(_)) = (page.last(), rest.next()) {
        let link = format!("</v2/{repository}/tags/list?n={size}&last={last}>; rel=\"next\"");
        if let Ok(link) = HeaderValue::from_str(&link) {
            response.headers_mut().insert(header::LINK, link);
        }
    }
    response
}

/// A refusal in the shape that clients of registries expect.
fn refused(status: StatusCode, code: &str) -> Response<Full<Bytes>> {
    let errors = json!({ "errors": [{ "code": code, "message": "the playground's registry refuses" }] });
    let mut response = found("application/json", errors.to_string());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn tags_are_listed_in_the_pages_that_are_asked_for() {
        let tags = ["0.7.4", "0.7.5", "0.8.0"].map(|tag| (tag.to_owned(), String::new())).into();
        let next = |last: &str| Some(format!("</v2/charts/a/tags/list?n=2&last={last}>; rel=\"next\""));
        for (query, expected, link) in [
            ("", json!(["0.7.4", "0.7.5", "0.8.0"]), None),
            ("n=2", json!(["0.7.4", "0.7.5"]), next("0.7.5")),
            ("n=2&last=0.7.5", json!(["0.8.0"]), None),
            ("n=3", json!(["0.7.4", "0.7.5", "0.8.0"]), None),
        ] {
            let response = list("charts/a", &tags, query);
            let found = response.headers().get(header::LINK).map(|link| link.to_str().unwrap().to_owned());
            assert_eq!(found, link, "{query}");
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let body: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(body, json!({ "name": "charts/a", "tags": expected }), "{query}");
        }
    }
}
