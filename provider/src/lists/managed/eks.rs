//! What a search in EKS says.

use std::sync::Arc;

use kubeblocks_cloud::Error;
use kubeblocks_cloud::aws::Eks;
use tfplugin::prelude::*;

use super::{FindableCluster, FindablePool};
use crate::provider::Shared;
use crate::resources::eks_cluster::EksCluster;
use crate::resources::eks_node_group::{EksNodeGroup, EksNodeGroupState};

/// Finds the Kubernetes clusters of EKS in a region, by whoever made them, so that `kubeblocks_eks_cluster` can take them
/// over.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub(crate) struct EksClusterSearch {
    /// Region, such as `eu-central-1`. Left out, that of the provider block or of the environment.
    #[tf(optional)]
    pub(crate) region: Value<String>,
}

impl FindableCluster for EksCluster {
    type Search = EksClusterSearch;

    async fn client(shared: &Shared, search: &EksClusterSearch) -> Result<Arc<Eks>, Error> {
        shared.clouds().eks(search.region.known().map(String::as_str)).await
    }

    fn place_of(_search: &EksClusterSearch) {}
}

/// Finds the node groups of an EKS cluster, by whoever made them, so that `kubeblocks_eks_node_group` can take them
/// over. The one that the cluster was made with is not among them: it is `system_node_pool` of the
/// `kubeblocks_eks_cluster`. Of a cluster from elsewhere that is the one called `system`, or else the first by name.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub(crate) struct EksNodeGroupSearch {
    /// Region of the cluster. Left out, that of the provider block or of the environment.
    #[tf(optional)]
    pub(crate) region: Value<String>,
    /// The Kubernetes cluster: its name.
    #[tf(required)]
    pub(crate) kubernetes_cluster_id: Value<String>,
}

impl FindablePool for EksNodeGroup {
    type Search = EksNodeGroupSearch;

    fn of_search(search: &EksNodeGroupSearch) -> EksNodeGroupState {
        EksNodeGroupState {
            region: search.region.clone(),
            kubernetes_cluster_id: search.kubernetes_cluster_id.clone(),
            ..EksNodeGroupState::default()
        }
    }
}
