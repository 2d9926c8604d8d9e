//! What a search in ACK says.

use std::sync::Arc;

use kubeblocks_cloud::Error;
use kubeblocks_cloud::alibaba::{Ack, Place};
use tfplugin::prelude::*;

use super::{FindableCluster, FindablePool};
use crate::provider::Shared;
use crate::resources::ack_cluster::AckCluster;
use crate::resources::ack_node_pool::{AckNodePool, AckNodePoolState};

/// Finds the managed Kubernetes clusters of ACK, by whoever made them, so that `kubeblocks_ack_cluster` can take them over.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub(crate) struct AckClusterSearch {
    /// Region, such as `cn-hangzhou`. Left out, that of the provider block or of the environment.
    #[tf(optional)]
    pub(crate) region: Value<String>,
    /// Whether all regions are searched instead of one. Default false.
    #[tf(optional)]
    pub(crate) all_regions: Value<bool>,
}

impl FindableCluster for AckCluster {
    type Search = AckClusterSearch;

    fn validate_search(search: &AckClusterSearch, diagnostics: &mut Diagnostics) {
        if search.all_regions == Value::Known(true) && search.region.known().is_some() {
            diagnostics.push(
                Diagnostic::error(
                    "Which regions are meant is not clear",
                    "Give either `region`, or `all_regions = true`.",
                )
                .at(Path::attribute("region")),
            );
        }
    }

    async fn client(shared: &Shared, search: &AckClusterSearch) -> Result<Arc<Ack>, Error> {
        shared.clouds().ack(search.region.known().map(String::as_str)).await
    }

    fn place_of(search: &AckClusterSearch) -> Place {
        if search.all_regions == Value::Known(true) { Place::Everywhere } else { Place::Region }
    }
}

/// Finds the node pools of an ACK cluster, by whoever made them, so that `kubeblocks_ack_node_pool` can take them
/// over. The one that the cluster was made with is not among them: it is `system_node_pool` of the
/// `kubeblocks_ack_cluster`. Of a cluster from elsewhere that is its default one, or else the oldest.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub(crate) struct AckNodePoolSearch {
    /// Region of the cluster. Left out, that of the provider block or of the environment.
    #[tf(optional)]
    pub(crate) region: Value<String>,
    /// The Kubernetes cluster: its `id`.
    #[tf(required)]
    pub(crate) kubernetes_cluster_id: Value<String>,
}

impl FindablePool for AckNodePool {
    type Search = AckNodePoolSearch;

    fn of_search(search: &AckNodePoolSearch) -> AckNodePoolState {
        AckNodePoolState {
            region: search.region.clone(),
            kubernetes_cluster_id: search.kubernetes_cluster_id.clone(),
            ..AckNodePoolState::default()
        }
    }
}
