//! Managed Kubernetes on several clouds behind one trait, and the suite that every cloud must pass.
//!
//! Knows neither Terraform nor KubeBlocks. Nothing here waits: an operation is asked for, and
//! [`ManagedKubernetes::observe`] tells how far it is; the caller waits, in one place for all clouds.

pub mod contract;
pub mod error;

use std::future::Future;
use std::time::SystemTime;

pub use error::Error;

/// A cloud's managed Kubernetes service (EKS, GKE, AKS, ACK).
///
/// All calls are idempotent, so that an interrupted run can simply be repeated. None blocks until the cloud is done.
pub trait ManagedKubernetes: Send + Sync {
    /// What a Kubernetes cluster is to be, in the cloud's own terms.
    type Spec: Send + Sync;
    /// A change of an existing one, in the cloud's own terms.
    type Change: Send + Sync;

    /// Finds the cluster; `None` when the cloud says for sure that it does not exist. Changes nothing.
    fn observe(&self, id: &ClusterId) -> impl Future<Output = Result<Option<Observed>, Error>> + Send;

    /// Asks for the cluster. Asking again for the same is fine; a cluster of that name that carries another owner's
    /// mark is [`Error::AlreadyExists`].
    fn create(&self, spec: &Self::Spec) -> impl Future<Output = Result<ClusterId, Error>> + Send;

    /// Asks for a change. While another operation of the cloud runs on the cluster: [`Error::Conflict`].
    fn update(&self, id: &ClusterId, change: &Self::Change)
    -> impl Future<Output = Result<(), Error>> + Send;

    /// Asks for the removal. A cluster that is gone, or already going, is a success.
    fn delete(&self, id: &ClusterId) -> impl Future<Output = Result<(), Error>> + Send;

    /// A token for the cluster's Kubernetes API, valid now. [`Error::NotFound`] for a cluster that does not exist.
    fn credentials(&self, id: &ClusterId) -> impl Future<Output = Result<Credentials, Error>> + Send;
}

/// The cloud's natural identifier of a cluster: a name with region, project or resource group as the cloud has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClusterId(pub String);

/// A cluster as the cloud shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// How far it is.
    pub phase: Phase,
    /// Version of Kubernetes, such as `1.34`.
    pub version: String,
    /// URL of the Kubernetes API, once there is one.
    pub endpoint: Option<String>,
    /// PEM of the authority that signed the API's certificate, once there is one.
    pub ca_certificate: Option<String>,
}

/// How far a cluster is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Being made.
    Creating,
    /// Usable, and no operation of the cloud runs on it.
    Active,
    /// Usable while the cloud changes it.
    Updating,
    /// Going.
    Deleting,
    /// Will not become usable by itself; in the cloud's words.
    Failed(String),
}

/// A bearer token for a Kubernetes API. Its `Debug` does not show it.
#[derive(Clone)]
pub struct Credentials {
    /// The token.
    pub token: String,
    /// When it ends. It is renewed at 80 % of its life.
    pub expires_at: SystemTime,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Credentials")
            .field("token", &"******")
            .field("expires_at", &self.expires_at)
            .finish()
    }
}
