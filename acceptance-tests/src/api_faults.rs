//! A faulty network in front of a control plane: a TLS proxy that tests tell what to break, and that notes every request.
//!
//! Clients use the proxy's own kubeconfig. Without orders the proxy passes everything on as it came. It changes requests
//! and answers only as a [`Fault`] says, and never retries: whatever a client survives, it survived itself.

mod proxy;
mod rules;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

pub use rules::{Fault, Matching, Request};

use crate::control_plane::{self, ControlPlane};
use crate::kubeconfig::{Kubeconfig, Login};
use proxy::Proxy;
use rules::Rules;

/// Why the proxy does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No port could be opened.
    #[error("unable to listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The cause.
        source: std::io::Error,
    },
    /// A file cannot be used.
    #[error("unable to {action} {path}")]
    File {
        /// What was to be done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// No certificate could be made.
    #[error("unable to make a certificate for the proxy")]
    Certificate {
        /// The cause.
        source: rcgen::Error,
    },
    /// TLS cannot be set up.
    #[error("unable to set up TLS")]
    Tls {
        /// The cause.
        source: rustls::Error,
    },
    /// The control plane's certificate authority cannot be read.
    #[error("unable to read the certificate authority {path}")]
    Authority {
        /// The PEM file.
        path: PathBuf,
        /// The cause.
        source: rustls::pki_types::pem::Error,
    },
    /// The control plane's endpoint is no URL.
    #[error("unable to read the endpoint of the control plane")]
    Endpoint {
        /// The cause.
        source: http::uri::InvalidUri,
    },
    /// The kubeconfig cannot be written.
    #[error("unable to write the kubeconfig of the proxy")]
    Kubeconfig {
        /// The cause.
        source: crate::kubeconfig::Error,
    },
    /// A pattern of paths is no regular expression.
    #[error("unable to read the pattern {pattern:?}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// The cause.
        source: Box<regex::Error>,
    },
    /// The proxy has ended.
    #[error("the proxy has ended")]
    Ended,
}

/// Orders to the task that holds the listening port.
#[derive(Debug)]
enum Order {
    /// Close the port and every connection.
    Leave,
    /// Open the same port again.
    Return,
}

/// An order, and where to say that it is carried out.
type Ordered = (Order, oneshot::Sender<Result<(), Error>>);

/// A running proxy. Dropping it closes the port and every connection.
#[derive(Debug)]
pub struct ApiFaults {
    endpoint: String,
    kubeconfig: PathBuf,
    rules: Arc<Rules>,
    orders: mpsc::UnboundedSender<Ordered>,
    task: JoinHandle<()>,
    _folder: TempDir,
}

impl ApiFaults {
    /// Starts a proxy in front of a control plane, with a kubeconfig that logs in as the administrator through it.
    pub async fn start(plane: &ControlPlane) -> Result<Self, Error> {
        let folder = tempfile::Builder::new().prefix("kb-faults-").tempdir().map_err(|source| {
            Error::File { action: "create a folder in", path: std::env::temp_dir(), source }
        })?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = listen(address).await?;
        let address = listener.local_addr().map_err(|source| Error::Listen { address, source })?;
        let rules = Arc::new(Rules::default());
        let (proxy, certificate) = Proxy::new(plane, Arc::clone(&rules))?;

        let certificate_path = folder.path().join("ca.crt");
        std::fs::write(&certificate_path, certificate).map_err(|source| Error::File {
            action: "write",
            path: certificate_path.clone(),
            source,
        })?;
        let endpoint = format!("https://{address}");
        let kubeconfig = folder.path().join("kubeconfig");
        Kubeconfig {
            server: endpoint.clone(),
            ca_certificate: Some(certificate_path),
            // A client certificate would end at the proxy; a token passes through.
            login: Login::Token(plane.admin_token().to_owned()),
            context: "faulty".to_owned(),
        }
        .write(&kubeconfig)
        .map_err(|source| Error::Kubeconfig { source })?;

        let (orders, received) = mpsc::unbounded_channel();
        let task = tokio::spawn(serve(Arc::new(proxy), listener, address, received));
        Ok(Self { endpoint, kubeconfig, rules, orders, task, _folder: folder })
    }

    /// URL of the proxy.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The administrator's kubeconfig through the proxy.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// An administrator's client through the proxy.
    pub async fn client(&self) -> Result<kube::Client, control_plane::Error> {
        control_plane::client(&self.kubeconfig).await
    }

    /// The next `times` requests that match get the fault. The oldest order that fits comes first.
    pub fn inject(&self, matching: Matching, fault: Fault, times: u32) {
        self.rules.add(matching, fault, times);
    }

    /// The request that matches after `spared` others did gets the fault.
    pub fn inject_at(&self, matching: Matching, spared: u32, fault: Fault) {
        self.rules.add_at(matching, spared, fault);
    }

    /// Waits until a fault was played. The caller sets the time limit.
    pub async fn wait_for_fault(&self) {
        self.rules.wait_for_fault().await;
    }

    /// Lets the requests go on that are held.
    pub fn release(&self) {
        self.rules.release();
    }

    /// Forgets all faults that were ordered and did not happen yet; returns how many those were.
    pub fn forget_faults(&self) -> u32 {
        self.rules.clear()
    }

    /// Breaks off every watch that is open now, in the middle of its stream.
    pub fn cut_watches(&self) {
        self.rules.cut_watches();
    }

    /// Refuses connections and closes those that are open, until [`come_back`](Self::come_back).
    pub async fn leave(&self) -> Result<(), Error> {
        self.order(Order::Leave).await
    }

    /// Listens on the same port again.
    pub async fn come_back(&self) -> Result<(), Error> {
        self.order(Order::Return).await
    }

    /// Is away for a time: returns when connections are refused, and comes back by itself.
    pub async fn be_away_for(&self, duration: Duration) -> Result<(), Error> {
        self.leave().await?;
        let orders = self.orders.clone();
        tokio::spawn(async move {
            tokio::time::sleep(duration).await;
            // If the proxy has ended meanwhile, nobody waits for its return.
            let _ = send(&orders, Order::Return).await;
        });
        Ok(())
    }

    /// Every request so far, in the order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.rules.requests()
    }

    /// How many requests so far match.
    pub fn count(&self, matching: &Matching) -> usize {
        self.rules.requests().iter().filter(|request| matching.fits(request)).count()
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        self.rules.forget_requests();
    }

    /// Waits until so many requests matched, counting those before the call. The caller sets the time limit.
    pub async fn wait_for(&self, matching: &Matching, times: usize) {
        self.rules.wait_for(matching, times).await;
    }

    async fn order(&self, order: Order) -> Result<(), Error> {
        send(&self.orders, order).await
    }
}

impl Drop for ApiFaults {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn send(orders: &mpsc::UnboundedSender<Ordered>, order: Order) -> Result<(), Error> {
    let (done, carried_out) = oneshot::channel();
    orders.send((order, done)).map_err(|_| Error::Ended)?;
    carried_out.await.map_err(|_| Error::Ended)?
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })
}

/// Accepts connections while present. The connections end with this task.
async fn serve(
    proxy: Arc<Proxy>,
    listener: TcpListener,
    address: SocketAddr,
    mut orders: mpsc::UnboundedReceiver<Ordered>,
) {
    let mut listener = Some(listener);
    let mut connections = tokio::task::JoinSet::new();
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
                    let proxy = Arc::clone(&proxy);
                    connections.spawn(async move { proxy.connection(stream).await });
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// The next connection; never, while there is no listener.
async fn accept(listener: Option<&TcpListener>) -> std::io::Result<(tokio::net::TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}
