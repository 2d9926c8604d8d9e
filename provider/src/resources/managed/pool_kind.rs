//! What a cloud adds to the common steps of node pools.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use kubeblocks_cloud::{Error, ManagedKubernetes};
use tfplugin::prelude::*;

use super::open::Open;
use super::pool_schema::{CommonPool, PoolState};
use crate::kubernetes::CloudMethod;
use crate::provider::Shared;

/// One cloud's node pools.
pub trait ManagedPool: Debug + Send + Sync + 'static {
    /// Configuration, plan and state.
    type State: PoolState;
    /// What tells one pool from every other.
    type Identity: TerraformSchema;
    /// The client.
    type Cloud: ManagedKubernetes + 'static;

    /// Full type name.
    const TYPE_NAME: &'static str;
    /// What the cloud calls it.
    const NOUN: &'static str;
    /// The service.
    const METHOD: CloudMethod;
    /// Default timeout of each operation.
    const PATIENCE: Duration = Duration::from_hours(1);

    /// The client, connected.
    fn cloud(
        shared: &Shared,
        state: &Self::State,
    ) -> impl Future<Output = Result<Arc<Self::Cloud>, Error>> + Send;

    /// Attributes that come from the client where they are not written, such as the region.
    fn fill(state: &mut Self::State, cloud: &Self::Cloud);

    /// Where its cluster is, as far as the cluster's identifier does not hold it.
    fn place(state: &Self::State) -> String;

    /// The pool's name in the cloud's calls, as far as it is known.
    fn pool_of(common: &CommonPool) -> Option<String>;

    /// What is wished.
    fn spec(state: &Self::State, owner: &str) -> <Self::Cloud as ManagedKubernetes>::PoolSpec;

    /// Puts what the cloud shows into the attributes that are the cloud's own: what is open, and all for an import.
    fn show(state: &mut Self::State, wish: &<Self::Cloud as ManagedKubernetes>::PoolSpec, is_import: bool);

    /// Attributes of the cloud's own that are its to choose where they are left out.
    fn open_values(state: &mut Self::State) -> Vec<&mut dyn Open>;

    /// Checks of the cloud's own attributes.
    fn validate(_config: &Self::State, _diagnostics: &mut Diagnostics) {}

    /// Its identity.
    fn identity(state: &Self::State) -> Self::Identity;

    /// A state that names the pool of an import's id.
    fn parse_import(id: &str) -> Result<Self::State, Diagnostic>;

    /// What `terraform import` takes for a pool of a cluster.
    fn import_id(cluster: &str, pool: &str) -> String;

    /// A state that names the pool of an identity.
    fn of_identity(identity: Self::Identity) -> Self::State;
}
