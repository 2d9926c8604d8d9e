//! `kubeblocks_ack_node_pool`: schema and mapping. The steps are those of [`super::managed::pool`].

use std::sync::Arc;

use kubeblocks_cloud::alibaba::{Ack, NodePoolSpec};
use kubeblocks_cloud::{ClusterId, Error};
use tfplugin::prelude::*;

use super::ack_cluster::MACHINE_TYPES;
use super::managed::open::{Open, fill};
use super::managed::pool_kind::ManagedPool;
use super::managed::pool_schema::{CommonPool, PoolState as _, pool_state};
use super::managed::state::{list, some_list, texts};
use crate::kubernetes::CloudMethod;
use crate::provider::Shared;

pool_state! {
    /// A further pool of nodes of an ACK cluster.
    ///
    /// What cannot be changed on nodes that exist makes a new pool: the old one goes first, with whatever ran on it, unless
    /// `create_before_destroy` and another `name` are used. Its `kubernetes_version` is always the cluster's: ACK upgrades
    /// the nodes of all pools together with the control plane, so it need not be written.
    pub struct AckNodePoolState {
        /// Region of the cluster. Left out, that of the provider block or of the environment. Changing it makes a new pool.
        #[tf(optional, computed, requires_replace)]
        pub region: Value<String>,
        /// Ids of the pool's vSwitches. Left out, the cluster's. Changing it makes a new pool.
        #[tf(optional, computed, requires_replace)]
        pub vswitch_ids: Value<Vec<Value<String>>>,
        /// Kind of the nodes' disks, such as `cloud_essd`. Left out, ACK's default. Changing it makes a new pool.
        #[tf(optional, computed, requires_replace)]
        pub system_disk_category: Value<String>,
        /// Image of the nodes, such as `AliyunLinux3`. Left out, ACK's default. Changing it makes a new pool.
        #[tf(optional, computed, requires_replace)]
        pub image_type: Value<String>,
        /// Name of the SSH key pair of the nodes. Left out, nobody can log in to them. Changing it makes a new pool.
        #[tf(optional, requires_replace)]
        pub key_pair: Value<String>,
    }
}

/// What tells one node pool from every other.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct AckNodePoolIdentity {
    /// Region.
    #[tf(optional_for_import)]
    pub region: Value<String>,
    /// The cluster's identifier.
    #[tf(required_for_import)]
    pub kubernetes_cluster_id: Value<String>,
    /// Identifier of the pool.
    #[tf(required_for_import)]
    pub id: Value<String>,
}

/// Node pools of ACK.
#[derive(Debug)]
pub struct AckNodePool;

impl ManagedPool for AckNodePool {
    type State = AckNodePoolState;
    type Identity = AckNodePoolIdentity;
    type Cloud = Ack;

    const TYPE_NAME: &'static str = "kubeblocks_ack_node_pool";
    const NOUN: &'static str = "node pool";
    const METHOD: CloudMethod = CloudMethod::Ack;

    async fn cloud(shared: &Shared, state: &AckNodePoolState) -> Result<Arc<Ack>, Error> {
        shared.clouds().ack(state.region.known().map(String::as_str)).await
    }

    fn fill(state: &mut AckNodePoolState, cloud: &Ack) {
        if state.region.known().is_none() {
            state.region = Value::Known(cloud.region().to_owned());
        }
    }

    fn place(state: &AckNodePoolState) -> String {
        state.region.known().cloned().unwrap_or_default()
    }

    fn pool_of(common: &CommonPool) -> Option<String> {
        common.id.known().cloned()
    }

    fn spec(state: &AckNodePoolState, owner: &str) -> NodePoolSpec {
        let common = state.common();
        NodePoolSpec {
            cluster: ClusterId(common.kubernetes_cluster_id.known().cloned().unwrap_or_default()),
            name: common.name.known().cloned().unwrap_or_default(),
            owner: owner.to_owned(),
            nodes: common.nodes(&MACHINE_TYPES),
            vswitch_ids: list(&state.vswitch_ids),
            system_disk_category: state.system_disk_category.known().cloned(),
            image_type: state.image_type.known().cloned(),
            key_pair: state.key_pair.known().cloned(),
            version: common.kubernetes_version.known().cloned(),
            tags: texts(&common.tags),
        }
    }

    fn show(state: &mut AckNodePoolState, wish: &NodePoolSpec, is_import: bool) {
        fill(&mut state.vswitch_ids, some_list(&wish.vswitch_ids), is_import);
        fill(&mut state.system_disk_category, wish.system_disk_category.clone(), is_import);
        fill(&mut state.image_type, wish.image_type.clone(), is_import);
        fill(&mut state.key_pair, wish.key_pair.clone(), is_import);
    }

    fn open_values(state: &mut AckNodePoolState) -> Vec<&mut dyn Open> {
        vec![&mut state.vswitch_ids, &mut state.system_disk_category, &mut state.image_type]
    }

    fn identity(state: &AckNodePoolState) -> AckNodePoolIdentity {
        AckNodePoolIdentity {
            region: state.region.clone(),
            kubernetes_cluster_id: state.kubernetes_cluster_id.clone(),
            id: state.id.clone(),
        }
    }

    fn parse_import(id: &str) -> Result<AckNodePoolState, Diagnostic> {
        let parts: Vec<&str> = id.split('/').collect();
        let (region, cluster, pool) = match parts[..] {
            [cluster, pool] => (Value::Null, cluster, pool),
            [region, cluster, pool] => (Value::Known(region.to_owned()), cluster, pool),
            _ => (Value::Null, "", ""),
        };
        if cluster.is_empty() || pool.is_empty() || region == Value::Known(String::new()) {
            return Err(Diagnostic::error(
                "Cannot import the node pool",
                format!(
                    "{id:?} is not an id of a node pool. Write it as \"CLUSTER/POOL\" with both ids, or as \"REGION/CLUSTER/POOL\"."
                ),
            ));
        }
        Ok(AckNodePoolState {
            region,
            kubernetes_cluster_id: Value::Known(cluster.to_owned()),
            id: Value::Known(pool.to_owned()),
            ..AckNodePoolState::default()
        })
    }

    fn import_id(cluster: &str, pool: &str) -> String {
        format!("{cluster}/{pool}")
    }

    fn of_identity(identity: AckNodePoolIdentity) -> AckNodePoolState {
        AckNodePoolState {
            region: identity.region,
            kubernetes_cluster_id: identity.kubernetes_cluster_id,
            id: identity.id,
            ..AckNodePoolState::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_takes_both_ids() {
        let state = AckNodePool::parse_import("c1/np1").unwrap();
        assert_eq!(state.kubernetes_cluster_id, Value::Known("c1".to_owned()));
        assert_eq!(state.id, Value::Known("np1".to_owned()));
        for wrong in ["c1", "/c1/np1", "/np1", "c1/"] {
            assert!(AckNodePool::parse_import(wrong).is_err(), "{wrong}");
        }
    }
}
