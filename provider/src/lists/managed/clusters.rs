//! The list resource of every managed Kubernetes cluster.

use std::sync::Arc;

use kubeblocks_cloud::{ClusterId, Error, Listed, ManagedKubernetes, Page, PageRequest};
use tfplugin::prelude::*;

use super::{Found, Pages, Wanted, shown};
use crate::provider::Shared;
use crate::resources::managed::cluster::ClusterResource;
use crate::resources::managed::kind::ManagedCluster;

/// Where a cloud's clusters are looked for.
pub(crate) type Place<K> = <<K as ManagedCluster>::Cloud as ManagedKubernetes>::Place;

/// A managed Kubernetes cluster that can be found in its cloud.
pub(crate) trait FindableCluster: ManagedCluster<Identity: Clone> {
    /// What narrows the search.
    type Search: TerraformSchema;

    /// Checks of several attributes together.
    fn validate_search(_search: &Self::Search, _diagnostics: &mut Diagnostics) {}

    /// The client for a search, connected.
    fn client(
        shared: &Shared,
        search: &Self::Search,
    ) -> impl Future<Output = Result<Arc<Self::Cloud>, Error>> + Send;

    /// Where it looks.
    fn place_of(search: &Self::Search) -> Place<Self>;
}

/// The list resource of one cloud's clusters.
#[derive(Debug)]
pub(crate) struct ClusterListing<K> {
    shared: Arc<Shared>,
    resource: ClusterResource<K>,
}

impl<K> ClusterListing<K> {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { resource: ClusterResource::new(Arc::clone(&shared)), shared }
    }
}

impl<K: FindableCluster> ListResource for ClusterListing<K> {
    type Config = K::Search;
    type Resource = ClusterResource<K>;

    fn validate(&self, config: &K::Search, diagnostics: &mut Diagnostics) {
        K::validate_search(config, diagnostics);
    }

    async fn list(
        &self,
        context: &Context,
        request: ListRequest<K::Search>,
        sink: ListSink<ClusterResource<K>>,
    ) -> Result<(), Diagnostics> {
        let ListRequest { config, include_resource, limit } = request;
        let wanted = Wanted {
            resource: &self.resource,
            context,
            with_state: include_resource,
            limit,
            summary: format!("Cannot list the {} clusters", K::METHOD.service()),
            sink,
        };
        let cloud = wanted.ask(K::client(&self.shared, &config)).await?;
        let clusters = Clusters::<K> { cloud: &cloud, place: K::place_of(&config) };
        wanted.send_all(clusters, |listed| found::<K>(listed, &cloud)).await
    }
}

struct Clusters<'a, K: ManagedCluster> {
    cloud: &'a K::Cloud,
    place: Place<K>,
}

impl<K: ManagedCluster> Pages for Clusters<'_, K> {
    type Id = ClusterId;

    async fn page(&self, request: &PageRequest) -> Result<Page<ClusterId>, Error> {
        self.cloud.list(&self.place, request).await
    }
}

/// What an import of it takes.
pub(super) fn found<K: ManagedCluster>(
    listed: &Listed<ClusterId>,
    cloud: &K::Cloud,
) -> Result<Found<K::Identity>, Diagnostic> {
    let id = match &listed.region {
        Some(region) => format!("{region}/{}", listed.id.0),
        None => listed.id.0.clone(),
    };
    let mut state = K::parse_import(&id)?;
    K::fill(&mut state, cloud);
    Ok(shown(K::identity(&state), &id, &listed.name))
}
