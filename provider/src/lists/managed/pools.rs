//! The list resource of every node pool.

use std::sync::Arc;

use kubeblocks_cloud::{ClusterId, Error, Listed, ManagedKubernetes as _, Page, PageRequest, PoolId};
use tfplugin::prelude::*;

use super::{Found, Pages, Wanted, shown};
use crate::provider::Shared;
use crate::resources::managed::pool::PoolResource;
use crate::resources::managed::pool_kind::ManagedPool;
use crate::resources::managed::pool_schema::PoolState as _;

/// A node pool that can be found in its cloud.
pub(crate) trait FindablePool: ManagedPool<Identity: Clone> {
    /// What narrows the search.
    type Search: TerraformSchema;

    /// A state that names the cluster, and its place as far as the cluster's identifier does not hold it.
    fn of_search(search: &Self::Search) -> Self::State;
}

/// The list resource of one cloud's node pools.
#[derive(Debug)]
pub(crate) struct PoolListing<K> {
    shared: Arc<Shared>,
    resource: PoolResource<K>,
}

impl<K: ManagedPool> PoolListing<K> {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { resource: PoolResource::new(Arc::clone(&shared)), shared }
    }
}

impl<K: FindablePool> ListResource for PoolListing<K> {
    type Config = K::Search;
    type Resource = PoolResource<K>;

    async fn list(
        &self,
        context: &Context,
        request: ListRequest<K::Search>,
        sink: ListSink<PoolResource<K>>,
    ) -> Result<(), Diagnostics> {
        let ListRequest { config, include_resource, limit } = request;
        let wanted = Wanted {
            resource: &self.resource,
            context,
            with_state: include_resource,
            limit,
            summary: format!("Cannot list the {}s of the {} cluster", K::NOUN, K::METHOD.service()),
            sink,
        };
        let state = K::of_search(&config);
        let cloud = wanted.ask(K::cloud(&self.shared, &state)).await?;
        let id = state.common().kubernetes_cluster_id.into_known().unwrap_or_default();
        let pools = Pools::<K> { cloud: &cloud, cluster: ClusterId(id) };
        wanted.send_all(pools, |listed| found::<K>(listed, &cloud)).await
    }
}

struct Pools<'a, K: ManagedPool> {
    cloud: &'a K::Cloud,
    cluster: ClusterId,
}

impl<K: ManagedPool> Pages for Pools<'_, K> {
    type Id = PoolId;

    async fn page(&self, request: &PageRequest) -> Result<Page<PoolId>, Error> {
        self.cloud.list_pools(&self.cluster, request).await
    }
}

/// What an import of it takes.
pub(super) fn found<K: ManagedPool>(
    listed: &Listed<PoolId>,
    cloud: &K::Cloud,
) -> Result<Found<K::Identity>, Diagnostic> {
    let id = K::import_id(&listed.id.cluster.0, &listed.id.pool);
    let mut state = K::parse_import(&id)?;
    K::fill(&mut state, cloud);
    Ok(shown(K::identity(&state), &id, &listed.name))
}
