//! The way to a Kubernetes API server: `Connection -> configuration -> transport -> Client`. Knows Kubernetes, and
//! neither KubeBlocks nor (but for [`diagnostic`]) Terraform.
//!
//! [`Kubernetes`] is the pool that the provider holds: all operations of the process with equal connections share
//! one client, its HTTP/2 connection, its tokens and its watches.

mod classify;
pub mod client;
pub mod configuration;
pub mod connection;
pub mod credential;
pub mod diagnostic;
pub mod dynamic;
pub mod error;
pub mod exec;
pub mod feed;
mod glance;
pub mod minted;
pub mod observe;
pub mod ownership;
#[cfg(test)]
mod renewal_tests;
mod request;
#[cfg(test)]
pub(crate) mod test_api;
#[cfg(test)]
pub(crate) mod test_server;
#[cfg(test)]
mod tests;
mod token_file;
mod transport;
pub mod unfinished;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

pub use client::{Applied, Client, Conflicts, Deleted, FIELD_MANAGER};
pub use connection::{Auth, CloudLogin, CloudMethod, Connection};
pub use error::{Error, ObjectName, readable};

/// The clients of this process, one for each distinct connection. Clones share them.
#[derive(Clone)]
pub struct Kubernetes {
    clients: Arc<Mutex<HashMap<Connection, Arc<tokio::sync::OnceCell<Client>>>>>,
    minter: Arc<dyn minted::Minter>,
}

impl std::fmt::Debug for Kubernetes {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Kubernetes").finish_non_exhaustive()
    }
}

impl Default for Kubernetes {
    fn default() -> Self {
        Self::new()
    }
}

impl Kubernetes {
    /// No client yet, and none for managed Kubernetes clusters.
    pub fn new() -> Self {
        Self::with_minter(Arc::new(minted::NoMinter))
    }

    /// No client yet; `minter` makes the credentials of managed Kubernetes clusters. Sets the process-wide TLS provider,
    /// which clients need.
    pub fn with_minter(minter: Arc<dyn minted::Minter>) -> Self {
        // Fails only when one was set before, which then serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { clients: Arc::default(), minter }
    }

    /// The client of `connection`. Reads files and may run a command, but sends nothing to the server.
    pub async fn client(&self, connection: &Connection) -> Result<Client, Error> {
        let cell = {
            let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(clients.entry(connection.clone()).or_default())
        };
        let mint = match &connection.auth {
            Auth::Cloud(login) => Some(minted::Mint::new(Arc::clone(&self.minter), login.clone())),
            _ => None,
        };
        cell.get_or_try_init(|| Client::connect(connection.clone(), mint)).await.cloned()
    }
}
