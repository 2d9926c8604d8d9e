//! `kubeblocks_aks_cluster`: schema and mapping. The steps are those of [`super::managed`].

use std::sync::Arc;
use std::time::Duration;

use kubeblocks_cloud::azure::{Aks, ClusterSpec, Mode, Network, NodePoolSpec, ResourceGroup};
use kubeblocks_cloud::{ClusterId, Error, Seen};
use tfplugin::Timeouts;
use tfplugin::prelude::*;

use super::gke_cluster::one_machine_type;
use super::managed::equality::{same_blocks, same_place};
use super::managed::fitness::Storage;
use super::managed::kind::{ManagedCluster, Patience};
use super::managed::open::seen_list;
use super::managed::schema::{
    CreatedResource, ManagedConnection, Map, SystemNodePool, cluster_state, minor_version,
};
use super::managed::state::{list, nodes, texts};
use crate::clouds::azure::subscription_of;
use crate::impact::PlannedImpact;
use crate::kubernetes::CloudMethod;
use crate::provider::Shared;

/// Machines on which the operator and small databases run.
pub(crate) const MACHINE_TYPES: [&str; 1] = ["Standard_D4s_v5"];
/// The name of the first nodes' pool.
const SYSTEM: &str = "system";

/// A managed Kubernetes cluster on Azure (AKS), fit for KubeBlocks: nodes, volumes that can grow, snapshots.
///
/// Creating it makes what it needs and waits until nodes have joined. Its `kubernetes` is the way in for everything that
/// is to run on it, and is known only when it is there, so that one apply makes all. A destroy first lets what runs inside
/// give back its load balancers and volumes.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct AksClusterState {
    /// Name of the cluster, unique in its resource group. Changing it makes a new cluster.
    #[tf(required, requires_replace, validate = cluster_name)]
    pub name: Value<String>,
    /// Region, such as `westeurope`. Changing it makes a new cluster.
    #[tf(required, requires_replace, semantic_equal = same_place)]
    pub location: Value<String>,
    /// Resource group that exists. Left out, one is made, which holds everything and goes with the cluster. Changing it
    /// makes a new cluster.
    #[tf(optional, requires_replace)]
    pub resource_group_name: Value<String>,
    /// Minor version of Kubernetes, such as `1.34`. Left out, the default of AKS when the cluster is made; later it stays
    /// what it is. It goes up one minor version at a time, in place: control plane, then the first nodes, which are
    /// replaced one after the other.
    #[tf(optional, computed, validate = minor_version, effect = ["rolling_restart", "refused"])]
    pub kubernetes_version: Value<String>,
    /// The network of the nodes: `cidr` to have one made, or the id of a subnet that exists. Left out, AKS makes one of its
    /// own. Changing it makes a new cluster.
    #[tf(optional, requires_replace)]
    pub network: Value<AksNetwork>,
    /// `Free`, which promises nothing, `Standard` or `Premium`. Left out, `Free`.
    #[tf(optional, validate = sku_tier, effect = "in_place")]
    pub sku_tier: Value<String>,
    /// Whether the Kubernetes API answers within the network only. Default false. Changing it makes a new cluster.
    #[tf(optional, requires_replace, default = false)]
    pub private_cluster: Value<bool>,
    /// Who may reach the Kubernetes API on the internet, as CIDR blocks. Left out, everybody who has credentials.
    #[tf(optional, semantic_equal = same_blocks, effect = "in_place")]
    pub public_access_cidrs: Value<Vec<Value<String>>>,
    /// Ids of the groups of Entra whose members administrate the cluster. With them the cluster takes tokens of Entra.
    #[tf(optional, effect = "in_place")]
    pub admin_group_object_ids: Value<Vec<Value<String>>>,
    /// Whether nobody gets in by a certificate of AKS. Default false. Needs `admin_group_object_ids` with a group that the
    /// identity of Terraform is in.
    #[tf(optional, default = false, effect = "in_place")]
    pub disable_local_accounts: Value<bool>,
    /// The nodes that the cluster is made with. Left out, three; later they stay what they are.
    #[tf(optional, computed, effect = "in_place")]
    pub system_node_pool: Value<SystemNodePool>,
    /// Whether a destroy, or a change that needs a new cluster, is refused. Default true.
    #[tf(optional, default = true, effect = "in_place")]
    pub deletion_protection: Value<bool>,
    /// Tags of everything that is made for the cluster.
    #[tf(optional, effect = "in_place")]
    pub tags: Value<Map<String>>,
    /// How long to wait. Defaults: `create` 90m, `update` 90m, `delete` 90m.
    #[tf(optional, effect = "in_place")]
    pub timeouts: Value<Timeouts>,
    /// Which changes may happen although the provider's `guard` holds them back: `["data_loss"]`, for one. A level
    /// includes those below it. Write it for the one change and take it out again.
    #[tf(optional, effect = "in_place")]
    pub accept_impact: Value<Set<String>>,
    /// What the change does, at worst, to the databases in the Kubernetes cluster: known in the plan, and kept until the
    /// next change. What a destroy or a replacement takes away is not in it.
    #[tf(computed)]
    pub planned_impact: Value<PlannedImpact>,
    /// Identifier: the one of the Resource Manager.
    #[tf(computed)]
    pub id: Value<String>,
    /// The way into the cluster, for the `kubernetes` of everything that is to run on it. It holds no secret.
    #[tf(computed)]
    pub kubernetes: Value<ManagedConnection>,
    /// The version that AKS runs, such as `1.34.2`.
    #[tf(computed)]
    pub platform_version: Value<String>,
    /// URL of the issuer of the tokens of the cluster's service accounts.
    #[tf(computed)]
    pub oidc_issuer: Value<String>,
    /// What was made in Azure for the cluster, and goes with it.
    #[tf(computed)]
    pub created_resources: Value<Vec<Value<CreatedResource>>>,
}

cluster_state!(AksClusterState);

/// The network of a cluster: either one that is made, or one that exists.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct AksNetwork {
    /// Address block to make a virtual network with one subnet of, such as `10.0.0.0/16`.
    #[tf(optional)]
    pub cidr: Value<String>,
    /// Id of a subnet that exists.
    #[tf(optional)]
    pub subnet_id: Value<String>,
}

/// What tells one cluster from every other.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct AksClusterIdentity {
    /// Identifier of the Resource Manager.
    #[tf(required_for_import)]
    pub id: Value<String>,
}

fn cluster_name(text: &str) -> Result<(), String> {
    let ends = |letter: char| letter.is_ascii_alphanumeric();
    let is_right = text.len() <= 63
        && text.starts_with(ends)
        && text.ends_with(ends)
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if is_right {
        return Ok(());
    }
    Err(format!(
        "{text:?} is not a name of an AKS cluster: up to 63 letters, digits, `-` and `_`, with a letter or digit at both ends."
    ))
}

fn sku_tier(text: &str) -> Result<(), String> {
    if ["Free", "Standard", "Premium"].contains(&text) {
        return Ok(());
    }
    Err(format!("{text:?} is not a tier. Use \"Free\", \"Standard\" or \"Premium\"."))
}

/// Clusters of AKS.
#[derive(Debug)]
pub struct AksCluster;

impl ManagedCluster for AksCluster {
    type State = AksClusterState;
    type Identity = AksClusterIdentity;
    type Cloud = Aks;

    const TYPE_NAME: &'static str = "kubeblocks_aks_cluster";
    const METHOD: CloudMethod = CloudMethod::Aks;
    const PATIENCE: Patience = Patience {
        create: Duration::from_mins(90),
        update: Duration::from_mins(90),
        delete: Duration::from_mins(90),
    };
    const STORAGE: Storage = Storage {
        driver: "disk.csi.azure.com",
        class: "managed-premium-growing",
        parameters: &[("skuName", "Premium_LRS")],
    };

    async fn cloud(shared: &Shared, state: &AksClusterState) -> Result<Arc<Aks>, Error> {
        let id = state.id.known().map(String::as_str);
        shared.clouds().aks(id.and_then(subscription_of)).await
    }

    /// The identifier is known as soon as the subscription is.
    fn fill(state: &mut AksClusterState, cloud: &Aks) {
        if state.id.known().is_none()
            && let Ok(spec) = Self::spec(state, "")
        {
            state.id = Value::Known(cloud.cluster_id(&spec).0);
        }
    }

    fn place(state: &AksClusterState) -> String {
        state.id.known().map(|id| id.to_ascii_lowercase()).unwrap_or_default()
    }

    fn login_region(_state: &AksClusterState) -> Option<String> {
        None
    }

    fn cluster_id(state: &AksClusterState) -> Option<ClusterId> {
        state.id.known().cloned().map(ClusterId)
    }

    fn spec(state: &AksClusterState, owner: &str) -> Result<ClusterSpec, Diagnostics> {
        let text = |value: &Value<String>| value.known().cloned();
        let name = text(&state.name).unwrap_or_default();
        let network = state.network.known().cloned().unwrap_or_default();
        Ok(ClusterSpec {
            owner: owner.to_owned(),
            location: text(&state.location).unwrap_or_default(),
            resource_group: match text(&state.resource_group_name) {
                Some(name) => ResourceGroup::Existing { name },
                None => ResourceGroup::Made { name: format!("kubeblocks-{name}") },
            },
            network: match (network.cidr, network.subnet_id) {
                (Value::Known(cidr), _) => Network::Made { cidr },
                (_, Value::Known(subnet_id)) => Network::Existing { subnet_id },
                _ => Network::Managed,
            },
            version: text(&state.kubernetes_version),
            sku_tier: text(&state.sku_tier),
            private_cluster: state.private_cluster == Value::Known(true),
            authorized_ip_ranges: list(&state.public_access_cidrs),
            disable_local_accounts: state.disable_local_accounts == Value::Known(true),
            admin_group_object_ids: list(&state.admin_group_object_ids),
            system_pool: NodePoolSpec {
                cluster: ClusterId(String::new()),
                name: SYSTEM.to_owned(),
                owner: owner.to_owned(),
                nodes: nodes(&state.system_node_pool, &MACHINE_TYPES),
                mode: Mode::System,
                zones: Vec::new(),
                subnet_id: None,
                version: text(&state.kubernetes_version),
                tags: texts(&state.tags),
            },
            tags: texts(&state.tags),
            name,
        })
    }

    fn show(state: &mut AksClusterState, observed: &Seen<Aks>, is_import: bool) {
        if !is_import {
            return;
        }
        let wish = &observed.wish;
        state.location = Value::Known(wish.location.clone());
        state.resource_group_name = match &wish.resource_group {
            ResourceGroup::Made { .. } => Value::Null,
            ResourceGroup::Existing { name } => Value::Known(name.clone()),
        };
        state.network = match wish.network.clone() {
            Network::Managed => Value::Null,
            Network::Existing { subnet_id } => {
                Value::Known(AksNetwork { subnet_id: Value::Known(subnet_id), ..AksNetwork::default() })
            }
            Network::Made { cidr } => {
                Value::Known(AksNetwork { cidr: Value::Known(cidr), ..AksNetwork::default() })
            }
        };
        state.private_cluster = Value::Known(wish.private_cluster);
    }

    fn refresh(state: &mut AksClusterState, wish: &ClusterSpec) {
        state.sku_tier = match &wish.sku_tier {
            // It is what a cluster has when nothing is said.
            None if state.sku_tier == Value::Known("Free".to_owned()) => state.sku_tier.clone(),
            tier => tier.clone().into(),
        };
        state.public_access_cidrs = seen_list(&state.public_access_cidrs, &wish.authorized_ip_ranges);
        state.admin_group_object_ids = seen_list(&state.admin_group_object_ids, &wish.admin_group_object_ids);
        state.disable_local_accounts = Value::Known(wish.disable_local_accounts);
    }

    fn import_id(state: &AksClusterState, cloud: &Aks) -> Option<String> {
        let spec = Self::spec(state, "").ok()?;
        Some(cloud.cluster_id(&spec).0)
    }

    fn validate(config: &AksClusterState, diagnostics: &mut Diagnostics) {
        if let Some(network) = config.network.known()
            && network.cidr.is_null() == network.subnet_id.is_null()
        {
            diagnostics.push(
                Diagnostic::error(
                    "Which network is not clear",
                    "Give either `cidr`, to have a network made, or `subnet_id` of one that exists; or leave `network` out.",
                )
                .at(Path::attribute("network")),
            );
        }
        if config.disable_local_accounts == Value::Known(true) && config.admin_group_object_ids.is_null() {
            diagnostics.push(
                Diagnostic::error(
                    "Nobody could get in",
                    "`disable_local_accounts` needs `admin_group_object_ids`: without certificates only members of groups of Entra get in.",
                )
                .at(Path::attribute("admin_group_object_ids")),
            );
        }
        if let Some(pool) = config.system_node_pool.known()
            && pool.machine_types.known().is_some_and(|types| types.len() != 1)
        {
            diagnostics.push(
                one_machine_type("AKS")
                    .at(Path::attribute("system_node_pool").then_attribute("machine_types")),
            );
        }
    }

    fn identity(state: &AksClusterState) -> AksClusterIdentity {
        AksClusterIdentity { id: state.id.clone() }
    }

    fn parse_import(id: &str) -> Result<AksClusterState, Diagnostic> {
        let parts: Vec<&str> = id.split('/').collect();
        let found = match parts[..] {
            ["", subscriptions, subscription, groups, group, providers, provider, clusters, name]
                if ![subscription, group, name].contains(&"")
                    && subscriptions.eq_ignore_ascii_case("subscriptions")
                    && groups.eq_ignore_ascii_case("resourceGroups")
                    && providers.eq_ignore_ascii_case("providers")
                    && provider.eq_ignore_ascii_case("Microsoft.ContainerService")
                    && clusters.eq_ignore_ascii_case("managedClusters") =>
            {
                Some((group, name))
            }
            _ => None,
        };
        let Some((group, name)) = found else {
            return Err(Diagnostic::error(
                "Cannot import the AKS cluster",
                format!(
                    "{id:?} is not an id of a cluster. Write it as \"/subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/Microsoft.ContainerService/managedClusters/NAME\"."
                ),
            ));
        };
        Ok(AksClusterState {
            id: Value::Known(id.to_owned()),
            name: Value::Known(name.to_owned()),
            resource_group_name: Value::Known(group.to_owned()),
            ..AksClusterState::default()
        })
    }

    fn of_identity(identity: AksClusterIdentity) -> Result<AksClusterState, Diagnostic> {
        Self::parse_import(&identity.id.into_known().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str =
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/orders";

    #[test]
    fn an_import_takes_the_id_in_any_case() {
        for id in [ID, &ID.replace("resourceGroups", "resourcegroups")] {
            let state = AksCluster::parse_import(id).unwrap();
            assert_eq!(state.name, Value::Known("orders".to_owned()));
            assert_eq!(state.resource_group_name, Value::Known("g".to_owned()));
        }
        for wrong in ["orders", &ID.replace("/s/", "//"), &ID.replace("/g/", "//"), &ID.replace("orders", "")]
        {
            assert!(AksCluster::parse_import(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_would_lock_everybody_out_is_refused() {
        let config =
            AksClusterState { disable_local_accounts: Value::Known(true), ..AksClusterState::default() };
        let mut found = Diagnostics::new();
        AksCluster::validate(&config, &mut found);
        let paths: Vec<String> =
            found.iter().filter_map(|found| found.path.as_ref()).map(ToString::to_string).collect();
        assert_eq!(paths, ["admin_group_object_ids"]);
    }
}
