//! A web server on loopback for unit tests: a function from requests to answers, over real sockets.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) authorization: Option<String>,
    pub(crate) host: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// What the server says the length is, when that is a lie.
    pub(crate) length: Option<u64>,
}

pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Answer {
    Answer { status: 200, headers: Vec::new(), body: body.into(), length: None }
}

pub(crate) fn status(status: u16) -> Answer {
    Answer { status, ..ok("") }
}

impl Answer {
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// Files by path, for the simplest of servers.
pub(crate) fn files(files: BTreeMap<&'static str, Vec<u8>>) -> impl Fn(&Request) -> Answer + Send + Sync {
    move |request| files.get(request.path.as_str()).map_or_else(|| status(404), |body| ok(body.clone()))
}

pub(crate) struct Web {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
    serving: JoinHandle<()>,
}

impl Drop for Web {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Web {
    pub(crate) async fn start(handler: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (noted, handler) = (Arc::clone(&seen), Arc::new(handler));
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (noted, handler) = (Arc::clone(&noted), Arc::clone(&handler));
                tokio::spawn(async move {
                    // A client that goes away early is its own affair.
                    let _ = serve(stream, &noted, &*handler).await;
                });
            }
        });
        Self { address, seen, serving }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The paths that were asked for.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.path).collect()
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    seen: &Mutex<Vec<Request>>,
    handler: &(impl Fn(&Request) -> Answer + ?Sized),
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let request = parse(&String::from_utf8_lossy(&head));
    let answer = handler(&request);
    seen.lock().unwrap().push(request);
    let length = answer.length.unwrap_or(answer.body.len() as u64);
    let mut text =
        format!("HTTP/1.1 {} X\r\ncontent-length: {length}\r\nconnection: close\r\n", answer.status);
    for (name, value) in &answer.headers {
        text.extend([name, ": ", value, "\r\n"]);
    }
    text.push_str("\r\n");
    stream.write_all(text.as_bytes()).await?;
    stream.write_all(&answer.body).await?;
    stream.shutdown().await
}

fn parse(head: &str) -> Request {
    let mut lines = head.lines();
    let target = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default().to_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let header = |name: &str| {
        head.lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.to_owned())
    };
    Request {
        path: path.to_owned(),
        query: query.to_owned(),
        authorization: header("authorization"),
        host: header("host").unwrap_or_default(),
    }
}
