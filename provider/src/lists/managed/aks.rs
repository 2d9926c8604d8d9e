//! What a search in AKS says.

use std::sync::Arc;

use kubeblocks_cloud::Error;
use kubeblocks_cloud::azure::Aks;
use tfplugin::prelude::*;

use super::{FindableCluster, FindablePool};
use crate::provider::Shared;
use crate::resources::aks_cluster::AksCluster;
use crate::resources::aks_node_pool::{AksNodePool, AksNodePoolState};

/// Finds the Kubernetes clusters of AKS in a subscription, by whoever made them, so that `kubeblocks_aks_cluster` can take
/// them over.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub(crate) struct AksClusterSearch {
    /// Id of the subscription. Left out, that of the provider block or of the environment.
    #[tf(optional)]
    pub(crate) subscription_id: Value<String>,
    /// Only in the resource group of this name. Left out, in all.
    #[tf(optional)]
    pub(crate) resource_group_name: Value<String>,
}

impl FindableCluster for AksCluster {
    type Search = AksClusterSearch;

    async fn client(shared: &Shared, search: &AksClusterSearch) -> Result<Arc<Aks>, Error> {
        shared.clouds().aks(search.subscription_id.known().map(String::as_str)).await
    }

    fn place_of(search: &AksClusterSearch) -> Option<String> {
        search.resource_group_name.known().cloned()
    }
}

/// Finds the node pools of an AKS cluster, by whoever made them, so that `kubeblocks_aks_node_pool` can take them
/// over. The one that the cluster was made with is not among them: it is `system_node_pool` of the
/// `kubeblocks_aks_cluster`. Of a cluster from elsewhere that is its first one of mode `System`.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub(crate) struct AksNodePoolSearch {
    /// The Kubernetes cluster:
    /// `/subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/Microsoft.ContainerService/managedClusters/NAME`.
    #[tf(required)]
    pub(crate) kubernetes_cluster_id: Value<String>,
}

impl FindablePool for AksNodePool {
    type Search = AksNodePoolSearch;

    fn of_search(search: &AksNodePoolSearch) -> AksNodePoolState {
        AksNodePoolState {
            kubernetes_cluster_id: search.kubernetes_cluster_id.clone(),
            ..AksNodePoolState::default()
        }
    }
}
