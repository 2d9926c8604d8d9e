//! What a search in GKE says.

use std::sync::Arc;

use kubeblocks_cloud::Error;
use kubeblocks_cloud::gcp::Gke;
use tfplugin::prelude::*;

use super::{FindableCluster, FindablePool};
use crate::provider::Shared;
use crate::resources::gke_cluster::GkeCluster;
use crate::resources::gke_node_pool::{GkeNodePool, GkeNodePoolState};

/// Finds the Kubernetes clusters of GKE in a project, by whoever made them, so that `kubeblocks_gke_cluster` can take them
/// over.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub(crate) struct GkeClusterSearch {
    /// Project. Left out, that of the provider block or of the environment.
    #[tf(optional)]
    pub(crate) project: Value<String>,
    /// Only in this region, such as `europe-west3`, or zone, such as `europe-west3-a`. Left out, in all.
    #[tf(optional)]
    pub(crate) location: Value<String>,
}

impl FindableCluster for GkeCluster {
    type Search = GkeClusterSearch;

    async fn client(shared: &Shared, search: &GkeClusterSearch) -> Result<Arc<Gke>, Error> {
        shared.clouds().gke(search.project.known().map(String::as_str)).await
    }

    fn place_of(search: &GkeClusterSearch) -> Option<String> {
        search.location.known().cloned()
    }
}

/// Finds the node pools of a GKE cluster, by whoever made them, so that `kubeblocks_gke_node_pool` can take them over.
/// The one that the cluster was made with is not among them: it is `system_node_pool` of the `kubeblocks_gke_cluster`.
/// Of a cluster from elsewhere that is its first one.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub(crate) struct GkeNodePoolSearch {
    /// The Kubernetes cluster: `projects/PROJECT/locations/LOCATION/clusters/NAME`.
    #[tf(required)]
    pub(crate) kubernetes_cluster_id: Value<String>,
}

impl FindablePool for GkeNodePool {
    type Search = GkeNodePoolSearch;

    fn of_search(search: &GkeNodePoolSearch) -> GkeNodePoolState {
        GkeNodePoolState {
            kubernetes_cluster_id: search.kubernetes_cluster_id.clone(),
            ..GkeNodePoolState::default()
        }
    }
}
