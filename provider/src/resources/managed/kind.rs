//! What a cloud adds to the common steps of managed Kubernetes clusters.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use kubeblocks_cloud::{ClusterId, Error, ManagedKubernetes, Seen};
use tfplugin::prelude::*;

use super::fitness::Storage;
use super::open::Open;
use super::schema::ClusterState;
use crate::kubernetes::CloudMethod;
use crate::provider::Shared;

/// How long the operations on a Kubernetes cluster take at most, unless `timeouts` says otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// A create.
    pub create: Duration,
    /// An update.
    pub update: Duration,
    /// A destroy.
    pub delete: Duration,
}

/// One cloud's managed Kubernetes clusters.
pub trait ManagedCluster: Debug + Send + Sync + 'static {
    /// Configuration, plan and state.
    type State: ClusterState;
    /// What tells one cluster from every other.
    type Identity: TerraformSchema;
    /// The client.
    type Cloud: ManagedKubernetes + 'static;

    /// Full type name.
    const TYPE_NAME: &'static str;
    /// The service.
    const METHOD: CloudMethod;
    /// Default timeouts.
    const PATIENCE: Patience;
    /// What its Kubernetes clusters need for volumes.
    const STORAGE: Storage;

    /// The client for a cluster, connected.
    fn cloud(
        shared: &Shared,
        state: &Self::State,
    ) -> impl Future<Output = Result<Arc<Self::Cloud>, Error>> + Send;

    /// Attributes that come from the client where they are not written, such as the region.
    fn fill(state: &mut Self::State, cloud: &Self::Cloud);

    /// Where a cluster is, for the owner's mark: what makes its name unique, once it is filled.
    fn place(state: &Self::State) -> String;

    /// The region, where the cluster's identifier does not hold it.
    fn login_region(state: &Self::State) -> Option<String>;

    /// The identifier, as far as it is known before the cluster is there.
    fn cluster_id(state: &Self::State) -> Option<ClusterId>;

    /// What is wished.
    fn spec(
        state: &Self::State,
        owner: &str,
    ) -> Result<<Self::Cloud as ManagedKubernetes>::Spec, Diagnostics>;

    /// Puts what the cloud shows into those attributes of the cloud's own that only a create knows: what is open, and all of
    /// them for an import.
    fn show(state: &mut Self::State, observed: &Seen<Self::Cloud>, is_import: bool);

    /// Puts what the cloud shows into those attributes of the cloud's own that are changed in place.
    fn refresh(state: &mut Self::State, wish: &<Self::Cloud as ManagedKubernetes>::Spec);

    /// Attributes of the cloud's own that are its to choose where they are left out.
    fn open_values(_state: &mut Self::State) -> Vec<&mut dyn Open> {
        Vec::new()
    }

    /// Checks of the cloud's own attributes.
    fn validate(config: &Self::State, diagnostics: &mut Diagnostics);

    /// Its identity.
    fn identity(state: &Self::State) -> Self::Identity;

    /// A state that names the cluster of an import's id.
    fn parse_import(id: &str) -> Result<Self::State, Diagnostic>;

    /// A state that names the cluster of an identity.
    fn of_identity(identity: Self::Identity) -> Result<Self::State, Diagnostic>;

    /// What `terraform import` takes for this cluster, as far as it is known before the cluster is there.
    fn import_id(state: &Self::State, _cloud: &Self::Cloud) -> Option<String> {
        Self::cluster_id(state).map(|id| id.0)
    }
}
