//! `kubeblocks_aks_node_pool`: schema and mapping. The steps are those of [`super::managed::pool`].

use std::sync::Arc;

use kubeblocks_cloud::azure::{Aks, Mode, NodePoolSpec};
use kubeblocks_cloud::{ClusterId, Error};
use tfplugin::prelude::*;

use super::aks_cluster::{AksCluster, MACHINE_TYPES};
use super::gke_cluster::one_machine_type;
use super::managed::kind::ManagedCluster as _;
use super::managed::open::{Open, fill};
use super::managed::pool_kind::ManagedPool;
use super::managed::pool_schema::{CommonPool, PoolState as _, pool_state};
use super::managed::state::{list, some_list, texts};
use crate::clouds::azure::subscription_of;
use crate::kubernetes::CloudMethod;
use crate::provider::Shared;

pool_state! {
    /// A further pool of nodes of an AKS cluster.
    ///
    /// What cannot be changed on nodes that exist makes a new pool: the old one goes first, with whatever ran on it, unless
    /// `create_before_destroy` and another `name` are used.
    pub struct AksNodePoolState {
        /// Availability zones of the nodes, such as `["1", "2", "3"]`. Left out, none is chosen. Changing it makes a new pool.
        #[tf(optional, computed, requires_replace)]
        pub zones: Value<Vec<Value<String>>>,
        /// Id of the subnet of the nodes. Left out, that of the cluster's first nodes. Changing it makes a new pool.
        #[tf(optional, computed, requires_replace)]
        pub subnet_id: Value<String>,
    }
}

/// What tells one node pool from every other.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct AksNodePoolIdentity {
    /// The cluster's identifier.
    #[tf(required_for_import)]
    pub kubernetes_cluster_id: Value<String>,
    /// Name.
    #[tf(required_for_import)]
    pub name: Value<String>,
}

/// Node pools of AKS.
#[derive(Debug)]
pub struct AksNodePool;

impl ManagedPool for AksNodePool {
    type State = AksNodePoolState;
    type Identity = AksNodePoolIdentity;
    type Cloud = Aks;

    const TYPE_NAME: &'static str = "kubeblocks_aks_node_pool";
    const NOUN: &'static str = "node pool";
    const METHOD: CloudMethod = CloudMethod::Aks;

    async fn cloud(shared: &Shared, state: &AksNodePoolState) -> Result<Arc<Aks>, Error> {
        let cluster = state.kubernetes_cluster_id.known().map(String::as_str);
        shared.clouds().aks(cluster.and_then(subscription_of)).await
    }

    fn fill(_state: &mut AksNodePoolState, _cloud: &Aks) {}

    fn place(_state: &AksNodePoolState) -> String {
        String::new()
    }

    fn pool_of(common: &CommonPool) -> Option<String> {
        common.name.known().cloned()
    }

    fn spec(state: &AksNodePoolState, owner: &str) -> NodePoolSpec {
        let common = state.common();
        NodePoolSpec {
            cluster: ClusterId(common.kubernetes_cluster_id.known().cloned().unwrap_or_default()),
            name: common.name.known().cloned().unwrap_or_default(),
            owner: owner.to_owned(),
            nodes: common.nodes(&MACHINE_TYPES),
            mode: Mode::User,
            zones: list(&state.zones),
            subnet_id: state.subnet_id.known().cloned(),
            version: common.kubernetes_version.known().cloned(),
            tags: texts(&common.tags),
        }
    }

    fn show(state: &mut AksNodePoolState, wish: &NodePoolSpec, is_import: bool) {
        fill(&mut state.zones, some_list(&wish.zones), is_import);
        fill(&mut state.subnet_id, wish.subnet_id.clone(), is_import);
    }

    fn open_values(state: &mut AksNodePoolState) -> Vec<&mut dyn Open> {
        vec![&mut state.zones, &mut state.subnet_id]
    }

    fn validate(config: &AksNodePoolState, diagnostics: &mut Diagnostics) {
        if config.machine_types.known().is_some_and(|types| types.len() != 1) {
            diagnostics.push(one_machine_type("AKS").at(Path::attribute("machine_types")));
        }
        if let Some(name) = config.name.known()
            && !is_name(name)
        {
            diagnostics.push(
                Diagnostic::error(
                    "Name of a node pool",
                    format!("{name:?} is not a name of a node pool of AKS: up to 12 lower-case letters and digits, beginning with a letter."),
                )
                .at(Path::attribute("name")),
            );
        }
    }

    fn identity(state: &AksNodePoolState) -> AksNodePoolIdentity {
        AksNodePoolIdentity {
            kubernetes_cluster_id: state.kubernetes_cluster_id.clone(),
            name: state.name.clone(),
        }
    }

    fn parse_import(id: &str) -> Result<AksNodePoolState, Diagnostic> {
        let lower = id.to_ascii_lowercase();
        let found = lower.rfind("/agentpools/").map(|at| (&id[..at], &id[at + "/agentpools/".len()..]));
        let Some((cluster, name)) =
            found.filter(|(cluster, name)| AksCluster::parse_import(cluster).is_ok() && is_name(name))
        else {
            return Err(Diagnostic::error(
                "Cannot import the node pool",
                format!(
                    "{id:?} is not an id of a node pool. Write it as the cluster's id with \"/agentPools/NAME\" behind it."
                ),
            ));
        };
        Ok(AksNodePoolState {
            kubernetes_cluster_id: Value::Known(cluster.to_owned()),
            name: Value::Known(name.to_owned()),
            ..AksNodePoolState::default()
        })
    }

    fn import_id(cluster: &str, pool: &str) -> String {
        format!("{cluster}/agentPools/{pool}")
    }

    fn of_identity(identity: AksNodePoolIdentity) -> AksNodePoolState {
        AksNodePoolState {
            kubernetes_cluster_id: identity.kubernetes_cluster_id,
            name: identity.name,
            ..AksNodePoolState::default()
        }
    }
}

fn is_name(text: &str) -> bool {
    (1..=12).contains(&text.len())
        && text.starts_with(|letter: char| letter.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_takes_the_id_of_the_resource_manager() {
        let cluster =
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c";
        let state = AksNodePool::parse_import(&format!("{cluster}/agentPools/db")).unwrap();
        assert_eq!(state.kubernetes_cluster_id, Value::Known(cluster.to_owned()));
        assert_eq!(state.name, Value::Known("db".to_owned()));
        for wrong in ["c/db", "/subscriptions/s/agentPools/db", &format!("{cluster}/agentPools/")] {
            assert!(AksNodePool::parse_import(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_are_short() {
        for (name, expected) in
            [("db", true), ("databases12", true), ("Databases", false), ("a-b", false), ("", false)]
        {
            assert_eq!(is_name(name), expected, "{name}");
        }
    }
}
