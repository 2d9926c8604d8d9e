//! `kubeblocks_gke_node_pool`: schema and mapping. The steps are those of [`super::managed::pool`].

use std::sync::Arc;

use kubeblocks_cloud::gcp::{Gke, NodePoolSpec};
use kubeblocks_cloud::{ClusterId, Error};
use tfplugin::prelude::*;

use super::gke_cluster::{GkeCluster, MACHINE_TYPES, one_machine_type};
use super::managed::kind::ManagedCluster as _;
use super::managed::open::{Open, fill};
use super::managed::pool_kind::ManagedPool;
use super::managed::pool_schema::{CommonPool, PoolState as _, pool_state};
use super::managed::state::{list, some_list, texts};
use crate::clouds::gcp::project_of;
use crate::kubernetes::CloudMethod;
use crate::provider::Shared;

pool_state! {
    /// A further pool of nodes of a GKE cluster.
    ///
    /// What cannot be changed on nodes that exist makes a new pool: the old one goes first, with whatever ran on it, unless
    /// `create_before_destroy` and another `name` are used.
    pub struct GkeNodePoolState {
        /// Zones of the nodes, whose number must divide `size`. Left out, the cluster's. Changing it makes a new pool.
        #[tf(optional, computed, requires_replace)]
        pub zones: Value<Vec<Value<String>>>,
        /// Type of the nodes' disks, such as `pd-ssd`. Left out, GKE's default. Changing it makes a new pool.
        #[tf(optional, computed, requires_replace)]
        pub disk_type: Value<String>,
        /// Image of the nodes, such as `COS_CONTAINERD`. Left out, GKE's default. Changing it makes a new pool.
        #[tf(optional, computed, requires_replace)]
        pub image_type: Value<String>,
        /// Email of the nodes' service account. Left out, the project's default one. Changing it makes a new pool.
        #[tf(optional, computed, requires_replace)]
        pub node_service_account: Value<String>,
    }
}

/// What tells one node pool from every other.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct GkeNodePoolIdentity {
    /// The cluster's identifier.
    #[tf(required_for_import)]
    pub kubernetes_cluster_id: Value<String>,
    /// Name.
    #[tf(required_for_import)]
    pub name: Value<String>,
}

/// Node pools of GKE.
#[derive(Debug)]
pub struct GkeNodePool;

impl ManagedPool for GkeNodePool {
    type State = GkeNodePoolState;
    type Identity = GkeNodePoolIdentity;
    type Cloud = Gke;

    const TYPE_NAME: &'static str = "kubeblocks_gke_node_pool";
    const NOUN: &'static str = "node pool";
    const METHOD: CloudMethod = CloudMethod::Gke;

    async fn cloud(shared: &Shared, state: &GkeNodePoolState) -> Result<Arc<Gke>, Error> {
        let cluster = state.kubernetes_cluster_id.known().map(String::as_str);
        shared.clouds().gke(cluster.and_then(project_of)).await
    }

    fn fill(_state: &mut GkeNodePoolState, _cloud: &Gke) {}

    fn place(_state: &GkeNodePoolState) -> String {
        String::new()
    }

    fn pool_of(common: &CommonPool) -> Option<String> {
        common.name.known().cloned()
    }

    fn spec(state: &GkeNodePoolState, owner: &str) -> NodePoolSpec {
        let common = state.common();
        NodePoolSpec {
            cluster: ClusterId(common.kubernetes_cluster_id.known().cloned().unwrap_or_default()),
            name: common.name.known().cloned().unwrap_or_default(),
            owner: owner.to_owned(),
            nodes: common.nodes(&MACHINE_TYPES),
            zones: list(&state.zones),
            disk_type: state.disk_type.known().cloned(),
            image_type: state.image_type.known().cloned(),
            service_account: state.node_service_account.known().cloned(),
            version: common.kubernetes_version.known().cloned(),
            labels: texts(&common.tags),
        }
    }

    fn show(state: &mut GkeNodePoolState, wish: &NodePoolSpec, is_import: bool) {
        fill(&mut state.zones, some_list(&wish.zones), is_import);
        fill(&mut state.disk_type, wish.disk_type.clone(), is_import);
        fill(&mut state.image_type, wish.image_type.clone(), is_import);
        fill(&mut state.node_service_account, wish.service_account.clone(), is_import);
    }

    fn open_values(state: &mut GkeNodePoolState) -> Vec<&mut dyn Open> {
        vec![&mut state.zones, &mut state.disk_type, &mut state.image_type, &mut state.node_service_account]
    }

    fn validate(config: &GkeNodePoolState, diagnostics: &mut Diagnostics) {
        if config.machine_types.known().is_some_and(|types| types.len() != 1) {
            diagnostics.push(one_machine_type("GKE").at(Path::attribute("machine_types")));
        }
    }

    fn identity(state: &GkeNodePoolState) -> GkeNodePoolIdentity {
        GkeNodePoolIdentity {
            kubernetes_cluster_id: state.kubernetes_cluster_id.clone(),
            name: state.name.clone(),
        }
    }

    fn parse_import(id: &str) -> Result<GkeNodePoolState, Diagnostic> {
        let found = id.rsplit_once("/nodePools/").filter(|(cluster, name)| {
            let whole =
                GkeCluster::parse_import(cluster).ok().and_then(|state| GkeCluster::cluster_id(&state));
            whole.is_some_and(|id| id.0 == *cluster) && !name.is_empty() && !name.contains('/')
        });
        let Some((cluster, name)) = found else {
            return Err(Diagnostic::error(
                "Cannot import the node pool",
                format!(
                    "{id:?} is not an id of a node pool. Write it as \"projects/PROJECT/locations/LOCATION/clusters/CLUSTER/nodePools/NAME\"."
                ),
            ));
        };
        Ok(GkeNodePoolState {
            kubernetes_cluster_id: Value::Known(cluster.to_owned()),
            name: Value::Known(name.to_owned()),
            ..GkeNodePoolState::default()
        })
    }

    fn import_id(cluster: &str, pool: &str) -> String {
        format!("{cluster}/nodePools/{pool}")
    }

    fn of_identity(identity: GkeNodePoolIdentity) -> GkeNodePoolState {
        GkeNodePoolState {
            kubernetes_cluster_id: identity.kubernetes_cluster_id,
            name: identity.name,
            ..GkeNodePoolState::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_takes_the_id_of_the_api() {
        let state = GkeNodePool::parse_import("projects/p/locations/l/clusters/c/nodePools/n").unwrap();
        assert_eq!(state.kubernetes_cluster_id, Value::Known("projects/p/locations/l/clusters/c".to_owned()));
        assert_eq!(state.name, Value::Known("n".to_owned()));
        for wrong in [
            "c/n",
            "p/l/c/nodePools/n",
            "projects/p/nodePools/n",
            "projects/p/locations//clusters/c/nodePools/n",
        ] {
            assert!(GkeNodePool::parse_import(wrong).is_err(), "{wrong}");
        }
    }
}
