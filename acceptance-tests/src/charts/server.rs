//! A small HTTP server on loopback that notes every request, and that tests tell to be away or to fail.
//!
//! What is answered is the business of its callers; nothing is encrypted here.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use super::Error;

/// What a server answers, from the head and the body of a request.
pub(super) type Answer = dyn Fn(&Parts, &Bytes) -> Response<Full<Bytes>> + Send + Sync;

/// A request that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub target: String,
    /// What was answered.
    pub status: StatusCode,
}

/// Orders to the task that holds the listening port.
#[derive(Debug)]
enum Order {
    /// Close the port and every connection.
    Leave,
    /// Open the same port again.
    Return,
}

/// What the server and its connections share.
#[derive(Default)]
struct Shared {
    requests: Mutex<Vec<Request>>,
    /// Answers that come before the right ones.
    failures: Mutex<Vec<StatusCode>>,
}

/// A running server. Dropping it closes the port and every connection.
pub(super) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    orders: mpsc::UnboundedSender<(Order, oneshot::Sender<Result<(), Error>>)>,
    task: JoinHandle<()>,
}

impl Server {
    /// Opens a port; what is answered may depend on its address.
    pub(super) async fn start(
        answer: impl FnOnce(SocketAddr) -> Result<Box<Answer>, Error>,
    ) -> Result<Self, Error> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = listen(address).await?;
        let address = listener.local_addr().map_err(|source| Error::Listen { address, source })?;
        let shared = Arc::new(Shared::default());
        let (orders, received) = mpsc::unbounded_channel();
        let task = tokio::spawn(serve(
            Arc::from(answer(address)?),
            Arc::clone(&shared),
            listener,
            address,
            received,
        ));
        Ok(Self { address, shared, orders, task })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        held(&self.shared.requests).clone()
    }

    /// Answers the next requests with a status and nothing else.
    pub(super) fn fail(&self, times: usize, status: StatusCode) {
        held(&self.shared.failures).extend(std::iter::repeat_n(status, times));
    }

    pub(super) async fn leave(&self) -> Result<(), Error> {
        self.order(Order::Leave).await
    }

    pub(super) async fn come_back(&self) -> Result<(), Error> {
        self.order(Order::Return).await
    }

    async fn order(&self, order: Order) -> Result<(), Error> {
        let (done, carried_out) = oneshot::channel();
        self.orders.send((order, done)).map_err(|_| Error::Ended)?;
        carried_out.await.map_err(|_| Error::Ended)?
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An answer with a body.
pub(super) fn found(content_type: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// An answer without a body.
pub(super) fn only(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

/// What is guarded; whoever panicked while holding it left whole values behind.
pub(super) fn held<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })
}

/// Accepts connections while present. The connections end with this task.
async fn serve(
    answer: Arc<Answer>,
    shared: Arc<Shared>,
    listener: TcpListener,
    address: SocketAddr,
    mut orders: mpsc::UnboundedReceiver<(Order, oneshot::Sender<Result<(), Error>>)>,
) {
    let mut listener = Some(listener);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            order = orders.recv() => {
                let Some((order, done)) = order else { return };
                let result = match order {
                    Order::Leave => {
                        listener = None;
                        connections.shutdown().await;
                        Ok(())
                    }
                    Order::Return if listener.is_some() => Ok(()),
                    Order::Return => listen(address).await.map(|opened| listener = Some(opened)),
                };
                // Whoever gave the order may have stopped waiting.
                let _ = done.send(result);
            }
            accepted = accept(listener.as_ref()) => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(stream, Arc::clone(&answer), Arc::clone(&shared)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// The next connection; never, while there is no listener.
async fn accept(listener: Option<&TcpListener>) -> io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

async fn connection(stream: TcpStream, answer: Arc<Answer>, shared: Arc<Shared>) {
    let service = service_fn(|request| {
        let (answer, shared) = (Arc::clone(&answer), Arc::clone(&shared));
        async move { Ok::<_, Infallible>(respond(request, &*answer, &shared).await) }
    });
    let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
    // How a connection ends is the client's business.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

async fn respond(
    request: http::Request<Incoming>,
    answer: &Answer,
    shared: &Shared,
) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    // A body that breaks off is one that cannot be understood.
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let failure = {
        let mut failures = held(&shared.failures);
        if failures.is_empty() { None } else { Some(failures.remove(0)) }
    };
    let response = failure.map_or_else(|| answer(&head, &body), only);
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    held(&shared.requests).push(Request { method: head.method, target, status: response.status() });
    response
}
