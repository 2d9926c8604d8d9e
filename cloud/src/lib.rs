//! Managed Kubernetes on several clouds behind one trait, and the suite that every cloud must pass.
//!
//! Knows neither Terraform nor KubeBlocks. Nothing here waits: every call does what can be done now and says what it
//! waits for; the caller waits, in one place for all clouds, and calls again.

#[cfg(feature = "alibaba")]
pub mod alibaba;
#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "azure")]
pub mod azure;
pub mod client;
pub mod contract;
pub mod error;
#[cfg(feature = "gcp")]
pub mod gcp;
pub mod list;
pub mod made;
#[cfg(any(feature = "alibaba", feature = "aws"))]
mod network_mark;

use std::future::Future;
use std::time::SystemTime;

pub use error::Error;
pub use list::{Listed, Page, PageRequest};
pub use made::{Made, Object};

/// Tag by which what was made for a cluster is found again; labels of GKE are spelled `kubeblocks-io-owner`.
pub const OWNER_TAG: &str = "kubeblocks.io/owner";
/// Tag of a cluster or pool whose creation has steps left, `true`; labels of GKE are spelled
/// `kubeblocks-io-unfinished`.
pub const UNFINISHED_TAG: &str = "kubeblocks.io/unfinished";
/// Tag of a cluster whose network is made with it: the address block that was wished, and the zones behind it if any were,
/// apart by spaces. The cloud does not tell what was left to it; labels of GKE spell `10-0-0-0_16`.
pub const NETWORK_TAG: &str = "kubeblocks.io/network";

/// A cloud's managed Kubernetes service (EKS, GKE, AKS, ACK).
///
/// All calls are idempotent, so that an interrupted run can simply be repeated, also by another process that knows no
/// more than the wish: what was made is found again by its name and by the owner's mark. None blocks until the cloud
/// is done.
pub trait ManagedKubernetes: Send + Sync {
    /// What a Kubernetes cluster is to be, in the cloud's own terms, with its network and its first nodes.
    type Spec: Clone + std::fmt::Debug + PartialEq + Send + Sync;
    /// What a further pool of nodes is to be, in the cloud's own terms.
    type PoolSpec: Clone + std::fmt::Debug + PartialEq + Send + Sync;
    /// What narrows a list of clusters; the default is all that the client reaches.
    type Place: Clone + std::fmt::Debug + Default + Send + Sync;

    /// A page of the clusters of a place, whoever made them. Changes nothing; one request.
    fn list(
        &self,
        place: &Self::Place,
        page: &PageRequest,
    ) -> impl Future<Output = Result<Page<ClusterId>, Error>> + Send;

    /// A page of the pools of a cluster, whoever made them, but not of the one that it was made with. Changes nothing.
    /// [`Error::NotFound`] for a cluster that does not exist.
    fn list_pools(
        &self,
        cluster: &ClusterId,
        page: &PageRequest,
    ) -> impl Future<Output = Result<Page<PoolId>, Error>> + Send;

    /// Finds the cluster; `None` when the cloud says for sure that it does not exist. Changes nothing. At most three
    /// requests.
    fn observe(&self, id: &ClusterId) -> impl Future<Output = Result<Option<Seen<Self>>, Error>> + Send;

    /// Takes the creation as far as it goes without waiting. From the first to the last step the cluster carries the
    /// mark of what is unfinished beside the owner's; a cluster of that name without both is
    /// [`Error::AlreadyExists`], before anything is made. What is made is written into `made` as soon as the cloud has
    /// it, also when the call fails later on.
    fn create(
        &self,
        spec: &Self::Spec,
        made: &mut Made,
    ) -> impl Future<Output = Result<Progress, Error>> + Send;

    /// Takes an existing cluster one step further towards the wish: one operation of the cloud at a time. While one
    /// that somebody else began runs, that is waited for. [`Error::NotFound`] for a cluster that does not exist.
    fn update(
        &self,
        spec: &Self::Spec,
        made: &mut Made,
    ) -> impl Future<Output = Result<Progress, Error>> + Send;

    /// Takes the removal of the cluster, and of all that is in `made` or carries the owner's mark, as far as it goes.
    /// A cluster that is gone is no failure.
    fn delete(
        &self,
        id: &ClusterId,
        owner: &str,
        made: &mut Made,
    ) -> impl Future<Output = Result<Progress, Error>> + Send;

    /// Finds a pool, like [`ManagedKubernetes::observe`].
    fn observe_pool(&self, id: &PoolId)
    -> impl Future<Output = Result<Option<SeenPool<Self>>, Error>> + Send;

    /// Takes the creation of a pool as far as it goes, with marks as [`ManagedKubernetes::create`]. A pool that is made
    /// with its cluster is no pool for this call.
    fn create_pool(
        &self,
        spec: &Self::PoolSpec,
        made: &mut Made,
    ) -> impl Future<Output = Result<Progress, Error>> + Send;

    /// Takes a pool one step further towards the wish.
    fn update_pool(
        &self,
        spec: &Self::PoolSpec,
        made: &mut Made,
    ) -> impl Future<Output = Result<Progress, Error>> + Send;

    /// Takes the removal of a pool as far as it goes.
    fn delete_pool(
        &self,
        id: &PoolId,
        made: &mut Made,
    ) -> impl Future<Output = Result<Progress, Error>> + Send;

    /// A credential for the cluster's Kubernetes API, valid now. [`Error::NotFound`] for a cluster that does not exist,
    /// where the cloud has to be asked for it.
    fn credentials(&self, id: &ClusterId) -> impl Future<Output = Result<Credentials, Error>> + Send;

    /// The versions of Kubernetes that the cloud offers now, oldest first.
    fn versions(&self) -> impl Future<Output = Result<Vec<OfferedVersion>, Error>> + Send;
}

/// The cloud's natural identifier of a cluster, as `import` takes it: `name` (EKS, the region is the provider's),
/// `projects/P/locations/L/clusters/C` (GKE), `/subscriptions/.../managedClusters/C` (AKS), the cluster's id (ACK).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClusterId(pub String);

/// A pool of nodes: its cluster, and its name or id there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PoolId {
    /// The cluster.
    pub cluster: ClusterId,
    /// The pool's name, or its id where the cloud knows it by that (ACK).
    pub pool: String,
}

/// How far an operation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There is nothing left to do.
    Done,
    /// The cloud is at work; the same call goes on later.
    Waiting {
        /// What is waited for, in words that finish the sentence "waiting for ...": `node group "system" (CREATING)`.
        what: String,
    },
}

/// A cluster as a cloud shows it.
pub type Seen<C> = Observed<<C as ManagedKubernetes>::Spec, <C as ManagedKubernetes>::PoolSpec>;
/// A pool of nodes as a cloud shows it.
pub type SeenPool<C> = ObservedPool<<C as ManagedKubernetes>::PoolSpec>;

/// A cluster as the cloud shows it; `S` and `P` are the cloud's [`ManagedKubernetes::Spec`] and
/// [`ManagedKubernetes::PoolSpec`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed<S, P> {
    /// Its name.
    pub name: String,
    /// How far it is.
    pub phase: Phase,
    /// Version of Kubernetes, such as `1.34`.
    pub version: String,
    /// The cloud's own version of what it runs, such as `eks.12`, `1.34.1-gke.1829001`, `1.34.2` (AKS) or
    /// `1.34.1-aliyun.1`.
    pub platform_version: Option<String>,
    /// URL of the Kubernetes API, once there is one.
    pub endpoint: Option<String>,
    /// PEM of the authority that signed the API's certificate, once there is one.
    pub ca_certificate: Option<String>,
    /// URL of the issuer of its service accounts' tokens, where the cloud has one.
    pub oidc_issuer: Option<String>,
    /// Labels or tags of the cluster, without the owner's mark.
    pub tags: std::collections::BTreeMap<String, String>,
    /// The owner's mark, if there is one.
    pub owner: Option<String>,
    /// Whether its creation has steps left: only then does [`ManagedKubernetes::create`] go on with it.
    pub is_unfinished: bool,
    /// Ids of the network and of its parts that the cluster lies in, in the cloud's order.
    pub network: Vec<String>,
    /// The pool of nodes that the cluster was made with.
    pub system_pool: Option<ObservedPool<P>>,
    /// The wish that leaves the cluster as it is. A network or a role that was made with it is told as it was wished; what
    /// the cloud does not show at no further request is as in a wish that says nothing of it.
    pub wish: S,
}

/// A pool of nodes as the cloud shows it; `P` is the cloud's [`ManagedKubernetes::PoolSpec`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedPool<P> {
    /// Its name.
    pub name: String,
    /// How far it is.
    pub phase: Phase,
    /// What its nodes are; [`Nodes::size`] is how many are wanted now.
    pub nodes: Nodes,
    /// Version of Kubernetes of its nodes, such as `1.34`.
    pub version: Option<String>,
    /// The cloud's tags or labels of the pool, without the owner's mark.
    pub tags: std::collections::BTreeMap<String, String>,
    /// The owner's mark, if there is one.
    pub owner: Option<String>,
    /// Whether its creation has steps left, as of a cluster.
    pub is_unfinished: bool,
    /// The wish that leaves the pool as it is, as of a cluster.
    pub wish: P,
}

/// What the nodes of a pool are to be, as far as all clouds agree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nodes {
    /// Types of machines that will do, the best first. Clouds but AWS and Alibaba take exactly one.
    pub machine_types: Vec<String>,
    /// Size of each node's disk in GiB; the cloud's default without it.
    pub disk_size_gib: Option<i64>,
    /// How many nodes; with [`Nodes::autoscaling`] only those to begin with. For the whole pool, not for a zone.
    pub size: Option<i64>,
    /// The least and the most nodes when it is to scale by itself.
    pub autoscaling: Option<(i64, i64)>,
    /// Kubernetes labels of its nodes.
    pub labels: std::collections::BTreeMap<String, String>,
    /// Kubernetes taints of its nodes.
    pub taints: Vec<Taint>,
    /// Whether the nodes are cheaper ones that the cloud may take away.
    pub spot: bool,
}

/// A taint of a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Taint {
    /// Its key.
    pub key: String,
    /// Its value; empty without one.
    pub value: String,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: String,
}

/// How far a cluster or a pool is.
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

/// A version of Kubernetes that a cloud offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedVersion {
    /// Such as `1.34`.
    pub version: String,
    /// Whether a cluster gets it when none is asked for.
    pub is_default: bool,
    /// Whether it is in the cloud's standard support: not a preview, and not in paid extended support.
    pub is_standard: bool,
}

/// A proof of who asks a Kubernetes API. Its `Debug` does not show it.
#[derive(Clone)]
pub struct Credentials {
    /// The proof.
    pub proof: Proof,
    /// When it ends. It is renewed at 80 % of its life.
    pub expires_at: SystemTime,
}

/// The two ways to prove who asks a Kubernetes API.
#[derive(Clone, PartialEq, Eq)]
pub enum Proof {
    /// A bearer token.
    Token(String),
    /// A client certificate.
    Certificate {
        /// PEM of the certificate.
        certificate: String,
        /// PEM of its private key.
        key: String,
    },
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Credentials")
            .field("proof", &self.proof)
            .field("expires_at", &self.expires_at)
            .finish()
    }
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Token(_) => "Token(******)",
            Self::Certificate { .. } => "Certificate(******)",
        })
    }
}
