//! A scripted API server for unit tests: the exact requests that it must see, in order, and its answers. A missing
//! or an additional request fails the test. Watches stay open until the script ends.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use kube::client::Body;
use serde_json::{Value, json};

use super::Client;

/// One request that must come, and what is answered.
pub(crate) struct Expected {
    method: &'static str,
    /// Path and query, as far as the test cares: all parts must be in the request's.
    parts: Vec<String>,
    answer: Answer,
}

pub(crate) enum Answer {
    Json {
        code: u16,
        body: Value,
        headers: Vec<(&'static str, &'static str)>,
    },
    Text {
        code: u16,
        body: &'static str,
    },
    /// The connection breaks.
    Broken(std::io::ErrorKind),
    /// No answer ever comes.
    Silence,
}

pub(crate) fn on(method: &'static str, parts: &[&str]) -> Builder {
    Builder { method, parts: parts.iter().map(|part| (*part).to_owned()).collect() }
}

pub(crate) struct Builder {
    method: &'static str,
    parts: Vec<String>,
}

impl Builder {
    pub(crate) fn answers(self, code: u16, body: Value) -> Expected {
        self.with(Answer::Json { code, body, headers: Vec::new() })
    }

    pub(crate) fn fails(self, code: u16, reason: &str, message: &str) -> Expected {
        self.answers(code, status(code, reason, message, &Value::Null))
    }

    pub(crate) fn with(self, answer: Answer) -> Expected {
        Expected { method: self.method, parts: self.parts, answer }
    }
}

/// A `Status` as the API server sends it.
pub(crate) fn status(code: u16, reason: &str, message: &str, details: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Status", "status": "Failure",
        "code": code, "reason": reason, "message": message, "details": details,
    })
}

/// What the server saw: path with query, body.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) body: Value,
}

#[derive(Clone)]
pub(crate) struct TestServer {
    script: Arc<Mutex<VecDeque<Expected>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl TestServer {
    pub(crate) fn expecting(script: impl IntoIterator<Item = Expected>) -> Self {
        Self { script: Arc::new(Mutex::new(script.into_iter().collect())), seen: Arc::default() }
    }

    pub(crate) fn client(&self) -> Client {
        Client::over(kube::Client::new(self.clone(), "default"), "https://server.test:6443")
    }

    /// The requests that came, after checking that none is missing.
    #[track_caller]
    pub(crate) fn finish(&self) -> Vec<Seen> {
        let missing: Vec<String> = self
            .script
            .lock()
            .unwrap()
            .iter()
            .map(|expected| format!("{} {:?}", expected.method, expected.parts))
            .collect();
        assert!(missing.is_empty(), "requests that never came: {missing:?}");
        self.seen.lock().unwrap().clone()
    }
}

impl tower::Service<Request<Body>> for TestServer {
    type Response = Response<Full<bytes::Bytes>>;
    type Error = std::io::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let server = self.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
            let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
            let method = head.method.to_string();
            let next = server.script.lock().unwrap().pop_front();
            server.seen.lock().unwrap().push(Seen {
                path: path.clone(),
                body: serde_json::from_slice(&body).unwrap_or(Value::Null),
            });
            let Some(expected) = next else { panic!("unexpected request: {method} {path}") };
            assert_eq!(method, expected.method, "{path}");
            for part in &expected.parts {
                assert!(path.contains(part.as_str()), "{path} lacks {part}");
            }
            match expected.answer {
                Answer::Json { code, body, headers } => {
                    let mut response = Response::builder().status(code);
                    for (name, value) in headers {
                        response = response.header(name, value);
                    }
                    response.body(Full::from(body.to_string())).map_err(std::io::Error::other)
                }
                Answer::Text { code, body } => {
                    Response::builder().status(code).body(Full::from(body)).map_err(std::io::Error::other)
                }
                Answer::Broken(kind) => Err(kind.into()),
                Answer::Silence => std::future::pending().await,
            }
        })
    }
}
