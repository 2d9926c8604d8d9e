//! `kubeblocks_eks_node_group`: schema and mapping. The steps are those of [`super::managed::pool`].

use std::sync::Arc;

use kubeblocks_cloud::aws::{Eks, NodeGroupSpec};
use kubeblocks_cloud::{ClusterId, Error};
use tfplugin::prelude::*;

use super::eks_cluster::MACHINE_TYPES;
use super::managed::open::{Open, fill};
use super::managed::pool_kind::ManagedPool;
use super::managed::pool_schema::{CommonPool, PoolState as _, pool_state};
use super::managed::state::{list, some_list, texts};
use crate::kubernetes::CloudMethod;
use crate::provider::Shared;

pool_state! {
    /// A further group of nodes of an EKS cluster.
    ///
    /// What cannot be changed on nodes that exist makes a new group: the old one goes first, with whatever ran on it, unless
    /// `create_before_destroy` and another `name` are used.
    pub struct EksNodeGroupState {
        /// Region of the cluster. Left out, that of the provider block or of the environment. Changing it makes a new group.
        #[tf(optional, computed, requires_replace)]
        pub region: Value<String>,
        /// Ids of the group's subnets. Left out, the cluster's. Changing it makes a new group.
        #[tf(optional, computed, requires_replace)]
        pub subnet_ids: Value<Vec<Value<String>>>,
        /// ARN of the role of the nodes. Left out, that of the cluster's first nodes. Changing it makes a new group.
        #[tf(optional, computed, requires_replace)]
        pub node_role_arn: Value<String>,
        /// Kind of machine image, such as `AL2023_ARM_64_STANDARD`. Left out, what fits the machines. Changing it makes a
        /// new group.
        #[tf(optional, computed, requires_replace)]
        pub ami_type: Value<String>,
    }
}

/// What tells one node group from every other.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct EksNodeGroupIdentity {
    /// Region.
    #[tf(optional_for_import)]
    pub region: Value<String>,
    /// The cluster's name.
    #[tf(required_for_import)]
    pub kubernetes_cluster_id: Value<String>,
    /// Name.
    #[tf(required_for_import)]
    pub name: Value<String>,
}

/// Node groups of EKS.
#[derive(Debug)]
pub struct EksNodeGroup;

impl ManagedPool for EksNodeGroup {
    type State = EksNodeGroupState;
    type Identity = EksNodeGroupIdentity;
    type Cloud = Eks;

    const TYPE_NAME: &'static str = "kubeblocks_eks_node_group";
    const NOUN: &'static str = "node group";
    const METHOD: CloudMethod = CloudMethod::Eks;

    async fn cloud(shared: &Shared, state: &EksNodeGroupState) -> Result<Arc<Eks>, Error> {
        shared.clouds().eks(state.region.known().map(String::as_str)).await
    }

    fn fill(state: &mut EksNodeGroupState, cloud: &Eks) {
        if state.region.known().is_none() {
            state.region = Value::Known(cloud.region().to_owned());
        }
    }

    fn place(state: &EksNodeGroupState) -> String {
        state.region.known().cloned().unwrap_or_default()
    }

    fn pool_of(common: &CommonPool) -> Option<String> {
        common.name.known().cloned()
    }

    fn spec(state: &EksNodeGroupState, owner: &str) -> NodeGroupSpec {
        let common = state.common();
        NodeGroupSpec {
            cluster: ClusterId(common.kubernetes_cluster_id.known().cloned().unwrap_or_default()),
            name: common.name.known().cloned().unwrap_or_default(),
            owner: owner.to_owned(),
            nodes: common.nodes(&MACHINE_TYPES),
            ami_type: state.ami_type.known().cloned(),
            subnet_ids: list(&state.subnet_ids),
            role_arn: state.node_role_arn.known().cloned(),
            version: common.kubernetes_version.known().cloned(),
            tags: texts(&common.tags),
        }
    }

    fn show(state: &mut EksNodeGroupState, wish: &NodeGroupSpec, is_import: bool) {
        fill(&mut state.ami_type, wish.ami_type.clone(), is_import);
        fill(&mut state.subnet_ids, some_list(&wish.subnet_ids), is_import);
        fill(&mut state.node_role_arn, wish.role_arn.clone(), is_import);
    }

    fn open_values(state: &mut EksNodeGroupState) -> Vec<&mut dyn Open> {
        vec![&mut state.ami_type, &mut state.subnet_ids, &mut state.node_role_arn]
    }

    fn identity(state: &EksNodeGroupState) -> EksNodeGroupIdentity {
        EksNodeGroupIdentity {
            region: state.region.clone(),
            kubernetes_cluster_id: state.kubernetes_cluster_id.clone(),
            name: state.name.clone(),
        }
    }

    fn parse_import(id: &str) -> Result<EksNodeGroupState, Diagnostic> {
        let parts: Vec<&str> = id.split('/').collect();
        let (region, cluster, name) = match parts[..] {
            [cluster, name] => (Value::Null, cluster, name),
            [region, cluster, name] => (Value::Known(region.to_owned()), cluster, name),
            _ => (Value::Null, "", ""),
        };
        if cluster.is_empty() || name.is_empty() || region == Value::Known(String::new()) {
            return Err(Diagnostic::error(
                "Cannot import the node group",
                format!(
                    "{id:?} is not an id of a node group. Write it as \"CLUSTER/NAME\", or as \"REGION/CLUSTER/NAME\" for another region than the provider's."
                ),
            ));
        }
        Ok(EksNodeGroupState {
            region,
            kubernetes_cluster_id: Value::Known(cluster.to_owned()),
            name: Value::Known(name.to_owned()),
            ..EksNodeGroupState::default()
        })
    }

    fn import_id(cluster: &str, pool: &str) -> String {
        format!("{cluster}/{pool}")
    }

    fn of_identity(identity: EksNodeGroupIdentity) -> EksNodeGroupState {
        EksNodeGroupState {
            region: identity.region,
            kubernetes_cluster_id: identity.kubernetes_cluster_id,
            name: identity.name,
            ..EksNodeGroupState::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_takes_cluster_and_name_with_or_without_a_region() {
        let cases = [
            ("orders/db", Some((None, "orders", "db"))),
            ("us-east-1/orders/db", Some((Some("us-east-1"), "orders", "db"))),
            ("db", None),
            ("/db", None),
            ("/orders/db", None),
            ("a/b/c/d", None),
        ];
        for (id, expected) in cases {
            let found = EksNodeGroup::parse_import(id).ok();
            let found = found.map(|state| {
                (state.region.into_known(), state.kubernetes_cluster_id.into_known(), state.name.into_known())
            });
            let expected = expected.map(|(region, cluster, name): (Option<&str>, &str, &str)| {
                (region.map(str::to_owned), Some(cluster.to_owned()), Some(name.to_owned()))
            });
            assert_eq!(found, expected, "{id}");
        }
    }
}
