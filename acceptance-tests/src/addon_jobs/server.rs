//! The node's port: the API server asks the webhook here, and reads logs as from any kubelet.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream;
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::Error;
use super::log::{Logs, Written, tail};
use super::webhook;

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// The port, open but not yet answered.
pub(super) struct Server {
    listener: TcpListener,
    port: u16,
    acceptor: TlsAcceptor,
    certificate: String,
    logs: Logs,
}

impl Server {
    /// Opens a port on the loopback interface, with a certificate of its own.
    pub(super) async fn bind() -> Result<Self, Error> {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|source| Error::Listen { source })?;
        let port = listener.local_addr().map_err(|source| Error::Listen { source })?.port();
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()])
            .map_err(|source| Error::Certificate { source })?;
        let mut serving =
            rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(|source| Error::Tls { source })?
                .with_no_client_auth()
                .with_single_cert(
                    vec![made.cert.der().clone()],
                    PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()).into(),
                )
                .map_err(|source| Error::Tls { source })?;
        serving.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(serving));
        Ok(Self { listener, port, acceptor, certificate: made.cert.pem(), logs: Logs::default() })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The certificate as PEM.
    pub(super) fn certificate(&self) -> &str {
        &self.certificate
    }

    pub(super) fn logs(&self) -> Logs {
        self.logs.clone()
    }

    /// Answers for ever.
    pub(super) async fn serve(self) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(connection(self.acceptor.clone(), self.logs.clone(), stream));
                    }
                    Err(error) => tracing::debug!(%error, "a connection to the node was not accepted"),
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }
}

async fn connection(acceptor: TlsAcceptor, logs: Logs, stream: TcpStream) {
    // A client that does not speak TLS, or gives up, is no failure of the node.
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(|request| {
        let logs = logs.clone();
        async move { Ok::<_, Infallible>(answer(request, &logs).await) }
    });
    let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
    // How a connection ends is the client's business.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(request: Request<Incoming>, logs: &Logs) -> Response<Body> {
    if request.method() == Method::POST && request.uri().path() == webhook::PATH {
        let body = match request.into_body().collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => return text(StatusCode::BAD_REQUEST, error.to_string()),
        };
        return match serde_json::from_slice::<Value>(&body) {
            Ok(review) => {
                let mut response = text(StatusCode::OK, webhook::answer(&review).to_string());
                let json = http::HeaderValue::from_static("application/json");
                response.headers_mut().insert(http::header::CONTENT_TYPE, json);
                response
            }
            Err(error) => text(StatusCode::BAD_REQUEST, error.to_string()),
        };
    }
    let path: Vec<&str> = request.uri().path().split('/').skip(1).collect();
    match path[..] {
        ["containerLogs", namespace, pod, container] if request.method() == Method::GET => {
            let key = (namespace.to_owned(), pod.to_owned(), container.to_owned());
            let Some(log) = logs.get(&key) else {
                let message = format!("container \"{container}\" in pod \"{pod}\" is waiting to start");
                return text(StatusCode::BAD_REQUEST, message);
            };
            let asked = Asked::read(request.uri().query().unwrap_or_default());
            if asked.previous {
                let message =
                    format!("previous terminated container \"{container}\" in pod \"{pod}\" not found");
                return text(StatusCode::BAD_REQUEST, message);
            }
            let written = log.text();
            let start = asked.tail.map_or(0, |lines| tail(&written, lines));
            if asked.follow {
                follow(log.follow(), start)
            } else {
                text(StatusCode::OK, written[start..].to_owned())
            }
        }
        _ => text(StatusCode::NOT_FOUND, "404 page not found".to_owned()),
    }
}

/// What of a log is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    follow: bool,
    previous: bool,
    tail: Option<usize>,
}

impl Asked {
    fn read(query: &str) -> Self {
        let mut asked = Self::default();
        for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match key {
                "follow" => asked.follow = value == "true",
                "previous" => asked.previous = value == "true",
                "tailLines" => asked.tail = value.parse().ok(),
                _ => {}
            }
        }
        asked
    }
}

fn text(status: StatusCode, content: String) -> Response<Body> {
    let body = Full::new(Bytes::from(content)).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

/// The log from `start`, and what comes until it is complete.
fn follow(log: watch::Receiver<Written>, start: usize) -> Response<Body> {
    let frames = stream::unfold((log, start), |(mut log, sent)| async move {
        // The sender lives with the log; when both are gone nothing more can come.
        let written =
            log.wait_for(|written| written.text.len() > sent || written.is_complete).await.ok()?.clone();
        let more = written.text.get(sent..).filter(|more| !more.is_empty())?.to_owned();
        let frame = Ok::<_, Infallible>(Frame::data(Bytes::from(more)));
        Some((frame, (log, written.text.len())))
    });
    Response::new(StreamBody::new(frames).boxed_unsync())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_questions_of_kubectl_are_understood() {
        for (query, expected) in [
            ("", Asked::default()),
            ("follow=true&tailLines=5", Asked { follow: true, tail: Some(5), ..Asked::default() }),
            ("previous=true&timestamps=false", Asked { previous: true, ..Asked::default() }),
            ("tailLines=many", Asked::default()),
        ] {
            assert_eq!(Asked::read(query), expected, "{query}");
        }
    }
}
