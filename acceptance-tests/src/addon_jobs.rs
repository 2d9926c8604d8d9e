//! Runs the Jobs of add-ons in earnest: a node named `addon-jobs`, whose kubelet is this process.
//!
//! Its containers are real programs of this machine in a folder of their own: helm with the token of the Job's own service
//! account, and kubectl for the Job that removes add-ons. Simulated pods would only be called completed, and an add-on
//! would look installed with nothing there.
//!
//! The pieces: a webhook sends the pods of such Jobs to the node (the scheduler never does), `kubelet` follows the pods
//! of the node, `pod` lives one pod's life, `server` answers the webhook and hands out logs, so that `kubectl logs` works.
//! It knows nothing about Addons: what a container does is read from the pod, as a kubelet does.

mod error;
mod images;
mod kubelet;
mod log;
mod node;
mod pod;
mod program;
mod sandbox;
mod server;
mod status;
mod webhook;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kube::Client;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::operator::Faults;
use crate::tools;
pub use error::Error;

/// How many helms run at once. They need a second or two each, and most of it is CPU.
const PARALLEL: usize = 3;

/// What the node runs, and with what.
#[derive(Clone, Debug)]
pub struct Options {
    /// A kubeconfig of the Kubernetes cluster. Only the server and its certificate authority are read from it.
    pub kubeconfig: PathBuf,
    /// What the images with charts hold: a folder of `<chart>-<version>.tgz`. The tag of an image says which versions.
    pub charts: PathBuf,
    /// The helm in the image of tools.
    pub helm: PathBuf,
    /// The kubectl in the image of tools. Without it that image cannot be pulled by containers that need it.
    pub kubectl: Option<PathBuf>,
    /// Whether containers may use the network. Otherwise they reach this machine only, as in an air gap.
    pub network: bool,
    /// Faults of add-ons; a clone of those of the operator, or faults of its own.
    pub faults: Faults,
}

impl Options {
    /// The pinned helm 3, which is built if need be, what takes minutes, and the kubectl of this machine.
    pub fn new(kubeconfig: &Path, charts: &Path) -> Result<Self, Error> {
        Ok(Self {
            kubeconfig: kubeconfig.to_owned(),
            charts: charts.to_owned(),
            helm: tools::helm().map_err(|source| Error::Helm { source })?,
            kubectl: tools::kubectl(),
            network: false,
            faults: Faults::default(),
        })
    }
}

/// A running node. Dropping it ends what its containers run; the node itself stays, as that of a dead kubelet does.
#[derive(Debug)]
pub struct AddonJobs {
    task: JoinHandle<Error>,
}

impl AddonJobs {
    /// Registers the node, and returns when the pods of Jobs of add-ons are sent to it.
    pub async fn start(client: Client, options: Options) -> Result<Self, Error> {
        let server = server::Server::bind().await?;
        let logs = server.logs();
        node::register(&client, server.port()).await?;
        webhook::register(&client, server.port(), server.certificate()).await?;
        let context =
            Arc::new(Context { client: client.clone(), options, logs, slots: Semaphore::new(PARALLEL) });
        let serving = AbortOnDrop(tokio::spawn(server.serve()));
        webhook::until_it_works(&client).await?;
        let task = tokio::spawn(async move {
            let _serving = serving;
            tokio::select! {
                error = kubelet::run(context) => error,
                error = node::renew(&client) => error,
            }
        });
        Ok(Self { task })
    }

    /// Returns when the node cannot go on, with the reason.
    pub async fn ended(&mut self) -> Error {
        match (&mut self.task).await {
            Ok(error) => error,
            // The task is aborted only when this value is dropped, so it can only have panicked.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

impl Drop for AddonJobs {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What every pod of the node shares.
struct Context {
    client: Client,
    options: Options,
    logs: log::Logs,
    /// One permit for each program that may run at once.
    slots: Semaphore,
}

/// A task that ends with this value.
#[derive(Debug)]
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Returns when the pod is to end. Its kubelet may be gone, too, which ends this task anyway.
async fn until_stopped(stop: &mut tokio::sync::watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
