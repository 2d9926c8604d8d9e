//! The wire of the proxy: TLS on both sides, HTTP/1.1 or HTTP/2 as the client likes, bodies as streams.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, RETRY_AFTER, UPGRADE};
use http::{Response, StatusCode, Uri, Version};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::rules::{Fault, Request, Rules};
use super::{ControlPlane, Error};

/// Why a body or a connection ends early.
type Failure = Box<dyn std::error::Error + Send + Sync>;
type Body = UnsyncBoxBody<Bytes, Failure>;

/// Everything that a connection needs.
pub(super) struct Proxy {
    acceptor: TlsAcceptor,
    upstream: Uri,
    client: Client<HttpsConnector<HttpConnector>, Incoming>,
    /// HTTP/1.1 alone, which connections to containers begin with.
    upgrading: Client<HttpsConnector<HttpConnector>, Incoming>,
    rules: Arc<Rules>,
}

/// The connection is to break, as the test ordered.
#[derive(Debug, thiserror::Error)]
#[error("broken off on request of a test")]
struct BrokenOff;

impl Proxy {
    /// A proxy in front of a control plane, and the certificate by which to know it.
    pub(super) fn new(plane: &ControlPlane, rules: Arc<Rules>) -> Result<(Self, String), Error> {
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let made =
            rcgen::generate_simple_self_signed(names).map_err(|source| Error::Certificate { source })?;
        let mut serving = rustls::ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|source| Error::Tls { source })?
            .with_no_client_auth()
            .with_single_cert(
                vec![made.cert.der().clone()],
                PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()).into(),
            )
            .map_err(|source| Error::Tls { source })?;
        serving.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];

        let tls = client_config(plane)?;
        let connector =
            || HttpsConnectorBuilder::new().with_tls_config(tls.clone()).https_only().enable_http1();
        let proxy = Self {
            acceptor: TlsAcceptor::from(Arc::new(serving)),
            upstream: plane.endpoint().parse().map_err(|source| Error::Endpoint { source })?,
            client: Client::builder(TokioExecutor::new()).build(connector().enable_http2().build()),
            upgrading: Client::builder(TokioExecutor::new()).build(connector().build()),
            rules,
        };
        Ok((proxy, made.cert.pem()))
    }

    /// Serves one connection until either side ends it.
    pub(super) async fn connection(self: Arc<Self>, stream: TcpStream) {
        // A client that does not speak TLS, or gives up, is no failure of the proxy.
        let Ok(stream) = self.acceptor.accept(stream).await else { return };
        let (lose, mut ordered) = watch::channel(false);
        let service = service_fn(|request| {
            let proxy = Arc::clone(&self);
            let lose = lose.clone();
            async move { Ok::<_, Infallible>(proxy.answer(request, &lose).await) }
        });
        let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
        let serving = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        tokio::select! {
            // How a connection ends is the client's business.
            _ = serving => {}
            _ = ordered.wait_for(|lose| *lose) => {}
        }
    }

    /// Answers one request. Setting `lose` breaks the connection that it came by.
    async fn answer(&self, request: http::Request<Incoming>, lose: &watch::Sender<bool>) -> Response<Body> {
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
        let arrived = Request { method: request.method().clone(), target, fault: None, status: None };
        let is_watch = arrived.is_watch();
        // Subscribed before the watch begins, or a cut in between would be missed.
        let cuts = self.rules.cuts();
        let mut releases = self.rules.releases();
        let (number, fault) = self.rules.arrive(arrived);
        match fault {
            Some(Fault::Answer { status, retry_after }) => {
                self.rules.answer(number, status);
                return own_answer(status, retry_after);
            }
            Some(Fault::Stall(duration)) => tokio::time::sleep(duration).await,
            // The rules outlive every connection, so the channel is never closed.
            Some(Fault::Hold) => drop(releases.changed().await),
            Some(Fault::Reset) => return break_off(lose).await,
            Some(Fault::EndWatch) => return events(Bytes::new()),
            Some(Fault::Expire) => return events(expired()),
            Some(Fault::LoseAnswer | Fault::HoldAnswer) | None => {}
        }
        let answered = self.pass_on(request).await;
        match fault {
            Some(Fault::LoseAnswer) => return break_off(lose).await,
            Some(Fault::HoldAnswer) => {
                let status = answered.as_ref().map_or(StatusCode::BAD_GATEWAY, Response::status);
                self.rules.answer(number, status);
                drop(releases.changed().await);
            }
            _ => {}
        }
        let Ok(response) = answered else {
            self.rules.answer(number, StatusCode::BAD_GATEWAY);
            return own_answer(StatusCode::BAD_GATEWAY, None);
        };
        self.rules.answer(number, response.status());
        let (parts, body) = response.into_parts();
        let body = if is_watch { cut_off(body, cuts) } else { body.map_err(Failure::from).boxed_unsync() };
        Response::from_parts(parts, body)
    }

    async fn pass_on(
        &self,
        mut request: http::Request<Incoming>,
    ) -> Result<Response<Incoming>, hyper_util::client::legacy::Error> {
        let upgrades = request.headers().contains_key(UPGRADE);
        let theirs = upgrades.then(|| hyper::upgrade::on(&mut request));
        let (mut parts, body) = request.into_parts();
        let mut uri = self.upstream.clone().into_parts();
        uri.path_and_query = parts.uri.path_and_query().cloned();
        parts.uri = Uri::from_parts(uri).unwrap_or_default();
        // The client library fills in what fits the connection to the server.
        parts.version = Version::HTTP_11;
        parts.headers.remove(HOST);
        if let Some(value) = parts.headers.get_mut(AUTHORIZATION) {
            value.set_sensitive(true);
        }
        let request = http::Request::from_parts(parts, body);
        let Some(theirs) = theirs else { return self.client.request(request).await };
        let mut response = self.upgrading.request(request).await?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let ours = hyper::upgrade::on(&mut response);
            tokio::spawn(async move {
                let (Ok(theirs), Ok(ours)) = tokio::join!(theirs, ours) else { return };
                // How such a connection ends is the business of its two ends.
                let _ =
                    tokio::io::copy_bidirectional(&mut TokioIo::new(theirs), &mut TokioIo::new(ours)).await;
            });
        }
        Ok(response)
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Proxy").field("upstream", &self.upstream).finish_non_exhaustive()
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Trusts the control plane's certificate authority and nobody else's.
fn client_config(plane: &ControlPlane) -> Result<rustls::ClientConfig, Error> {
    let path = plane.ca_certificate();
    let certificate = CertificateDer::from_pem_file(path)
        .map_err(|source| Error::Authority { path: path.to_owned(), source })?;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).map_err(|source| Error::Tls { source })?;
    Ok(rustls::ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|source| Error::Tls { source })?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// Breaks the connection by which a request came; nothing can be sent any more.
async fn break_off(lose: &watch::Sender<bool>) -> Response<Body> {
    lose.send_replace(true);
    std::future::pending().await
}

/// A watch that ends after these events.
fn events(content: Bytes) -> Response<Body> {
    let body = Full::new(content).map_err(|never| match never {}).boxed_unsync();
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The event that tells a watch to begin anew.
fn expired() -> Bytes {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "Expired", "code": 410,
        "message": "too old resource version: 1 (2)",
    });
    Bytes::from(format!("{}\n", json!({ "type": "ERROR", "object": status })))
}

/// An answer in the shape of the API server's own.
fn own_answer(status: StatusCode, retry_after: Option<u32>) -> Response<Body> {
    let content = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message(status),
        "reason": reason(status),
        "details": retry_after.map(|seconds| json!({ "retryAfterSeconds": seconds })),
        "code": status.as_u16(),
    });
    let body = Full::new(Bytes::from(content.to_string())).map_err(|never| match never {}).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// What the API server says beside a status code, where clients look at it.
fn message(status: StatusCode) -> String {
    if status == StatusCode::CONFLICT {
        return "Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest \
                version and try again (the playground was told to say so)"
            .to_owned();
    }
    format!("the playground was told to answer {status}")
}

/// The word that the API server puts beside a status code.
fn reason(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        409 => "Conflict",
        410 => "Expired",
        429 => "TooManyRequests",
        500 => "InternalError",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        _ => "",
    }
}

/// The body, until watches are cut; then it breaks off.
fn cut_off(body: Incoming, cuts: watch::Receiver<u64>) -> Body {
    let frames = stream::unfold(Some((body, cuts)), |state| async move {
        let (mut body, mut cuts) = state?;
        tokio::select! {
            biased;
            // The rules outlive every connection, so the channel is never closed.
            _ = cuts.changed() => Some((Err(Failure::from(BrokenOff)), None)),
            frame = body.frame() => {
                let frame: Result<Frame<Bytes>, Failure> = frame?.map_err(Failure::from);
                let state = frame.is_ok().then_some((body, cuts));
                Some((frame, state))
            }
        }
    });
    StreamBody::new(frames).boxed_unsync()
}
