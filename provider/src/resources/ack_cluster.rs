//! `kubeblocks_ack_cluster`: schema and mapping. The steps are those of [`super::managed`].

use std::sync::Arc;
use std::time::Duration;

use kubeblocks_cloud::alibaba::{Ack, ClusterSpec, Network, NodePoolSpec, PodNetwork};
use kubeblocks_cloud::{ClusterId, Error, Seen};
use tfplugin::Timeouts;
use tfplugin::prelude::*;

use super::managed::fitness::Storage;
use super::managed::kind::{ManagedCluster, Patience};
use super::managed::open::{Open, fill};
use super::managed::schema::{
    CreatedResource, ManagedConnection, Map, SystemNodePool, cluster_state, minor_version,
};
use super::managed::state::{list, nodes, some_list, texts};
use crate::impact::PlannedImpact;
use crate::kubernetes::CloudMethod;
use crate::provider::Shared;

/// Machines on which the operator and small databases run.
pub(crate) const MACHINE_TYPES: [&str; 2] = ["ecs.g7.xlarge", "ecs.g6.xlarge"];
/// The name of the first nodes' pool.
const SYSTEM: &str = "system";

/// A managed Kubernetes cluster on Alibaba Cloud (ACK), fit for KubeBlocks: nodes, volumes that can grow, snapshots.
///
/// Creating it makes what it needs and waits until nodes have joined. Its `kubernetes` is the way in for everything that
/// is to run on it, and is known only when it is there, so that one apply makes all. The account must have authorised the
/// service roles of ACK once. A destroy first lets what runs inside give back its load balancers and volumes.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct AckClusterState {
    /// Name of the cluster. ACK would allow several of one name in a region; this provider does not. Changing it makes a
    /// new cluster.
    #[tf(required, requires_replace, validate = cluster_name)]
    pub name: Value<String>,
    /// Region, such as `cn-hangzhou`. Left out, that of the provider block or of the environment. Changing it makes a new
    /// cluster.
    #[tf(optional, computed, requires_replace)]
    pub region: Value<String>,
    /// Minor version of Kubernetes, such as `1.34`. Left out, the newest that ACK offers when the cluster is made; later it
    /// stays what it is. It goes up one minor version at a time, in place: control plane, then the nodes of all pools, which
    /// are not replaced.
    #[tf(optional, computed, validate = minor_version, effect = ["rolling_restart", "refused"])]
    pub kubernetes_version: Value<String>,
    /// Edition of the control plane, such as `ack.pro.small`. Default `ack.pro.small`. Changing it makes a new cluster.
    #[tf(optional, requires_replace, default = "ack.pro.small")]
    pub cluster_spec: Value<String>,
    /// The network: `cidr` to have one made, or ids of vSwitches that exist. Changing it makes a new cluster.
    #[tf(required, requires_replace)]
    pub network: Value<AckNetwork>,
    /// Address block of pods, apart from the network's, which chooses the plugin `flannel`. Left out, pods get addresses of
    /// the vSwitches (`terway-eniip`). Changing it makes a new cluster.
    #[tf(optional, requires_replace)]
    pub pod_cidr: Value<String>,
    /// Address block of Services. Left out, ACK's default. Changing it makes a new cluster.
    #[tf(optional, computed, requires_replace)]
    pub service_cidr: Value<String>,
    /// Whether the Kubernetes API answers on the internet. Default true. Changing it makes a new cluster.
    #[tf(optional, requires_replace, default = true)]
    pub endpoint_public_access: Value<bool>,
    /// Whether ACK makes a NAT gateway, by which nodes reach the internet. Default true. Changing it makes a new cluster.
    #[tf(optional, requires_replace, default = true)]
    pub nat_gateway: Value<bool>,
    /// The nodes that the cluster is made with. Left out, three; later they stay what they are.
    #[tf(optional, computed, effect = "in_place")]
    pub system_node_pool: Value<SystemNodePool>,
    /// Whether a destroy, or a change that needs a new cluster, is refused. Default true.
    #[tf(optional, default = true, effect = "in_place")]
    pub deletion_protection: Value<bool>,
    /// Tags of the cluster and of the network that is made for it.
    #[tf(optional, effect = "in_place")]
    pub tags: Value<Map<String>>,
    /// How long to wait. Defaults: `create` 90m, `update` 60m, `delete` 60m.
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
    /// Identifier: the one of ACK.
    #[tf(computed)]
    pub id: Value<String>,
    /// The way into the cluster, for the `kubernetes` of everything that is to run on it. It holds no secret.
    #[tf(computed)]
    pub kubernetes: Value<ManagedConnection>,
    /// The version that ACK runs, such as `1.34.1-aliyun.1`.
    #[tf(computed)]
    pub platform_version: Value<String>,
    /// URL of the issuer of the tokens of the cluster's service accounts.
    #[tf(computed)]
    pub oidc_issuer: Value<String>,
    /// What was made in Alibaba Cloud for the cluster, and goes with it.
    #[tf(computed)]
    pub created_resources: Value<Vec<Value<CreatedResource>>>,
}

cluster_state!(AckClusterState);

/// The network of a cluster: either one that is made, or one that exists.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct AckNetwork {
    /// Address block of a VPC to be made, such as `10.0.0.0/16`, with a vSwitch in each zone.
    #[tf(optional)]
    pub cidr: Value<String>,
    /// With `cidr`: the zones. Left out, the first three of the region.
    #[tf(optional)]
    pub zones: Value<Vec<Value<String>>>,
    /// Ids of vSwitches of one VPC.
    #[tf(optional)]
    pub vswitch_ids: Value<Vec<Value<String>>>,
    /// With `vswitch_ids`: ids of the vSwitches of pods. Left out, those of the nodes.
    #[tf(optional)]
    pub pod_vswitch_ids: Value<Vec<Value<String>>>,
}

/// What tells one cluster from every other.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct AckClusterIdentity {
    /// Region.
    #[tf(optional_for_import)]
    pub region: Value<String>,
    /// Identifier of ACK.
    #[tf(required_for_import)]
    pub id: Value<String>,
}

fn cluster_name(text: &str) -> Result<(), String> {
    let is_right = (1..=63).contains(&text.chars().count())
        && text.starts_with(char::is_alphanumeric)
        && text.chars().all(|letter| letter.is_alphanumeric() || letter == '-' || letter == '_');
    if is_right {
        return Ok(());
    }
    Err(format!(
        "{text:?} is not a name of an ACK cluster: up to 63 letters, digits, `-` and `_`, beginning with a letter or digit."
    ))
}

/// Clusters of ACK.
#[derive(Debug)]
pub struct AckCluster;

impl ManagedCluster for AckCluster {
    type State = AckClusterState;
    type Identity = AckClusterIdentity;
    type Cloud = Ack;

    const TYPE_NAME: &'static str = "kubeblocks_ack_cluster";
    const METHOD: CloudMethod = CloudMethod::Ack;
    const PATIENCE: Patience = Patience {
        create: Duration::from_mins(90),
        update: Duration::from_hours(1),
        delete: Duration::from_hours(1),
    };
    const STORAGE: Storage = Storage {
        driver: "diskplugin.csi.alibabacloud.com",
        class: "cloud-essd",
        parameters: &[("type", "cloud_essd,cloud_auto,cloud_ssd")],
    };

    async fn cloud(shared: &Shared, state: &AckClusterState) -> Result<Arc<Ack>, Error> {
        shared.clouds().ack(state.region.known().map(String::as_str)).await
    }

    fn fill(state: &mut AckClusterState, cloud: &Ack) {
        if state.region.known().is_none() {
            state.region = Value::Known(cloud.region().to_owned());
        }
    }

    fn place(state: &AckClusterState) -> String {
        state.region.known().cloned().unwrap_or_default()
    }

    fn login_region(state: &AckClusterState) -> Option<String> {
        state.region.known().cloned()
    }

    fn cluster_id(state: &AckClusterState) -> Option<ClusterId> {
        state.id.known().cloned().map(ClusterId)
    }

    fn spec(state: &AckClusterState, owner: &str) -> Result<ClusterSpec, Diagnostics> {
        let text = |value: &Value<String>| value.known().cloned();
        let network = state.network.known().cloned().unwrap_or_default();
        Ok(ClusterSpec {
            name: text(&state.name).unwrap_or_default(),
            owner: owner.to_owned(),
            version: text(&state.kubernetes_version),
            cluster_spec: text(&state.cluster_spec).unwrap_or_default(),
            pod_network: match text(&state.pod_cidr) {
                Some(pod_cidr) => PodNetwork::Flannel { pod_cidr },
                None => PodNetwork::Terway { pod_vswitch_ids: list(&network.pod_vswitch_ids) },
            },
            network: match network.cidr {
                Value::Known(cidr) => Network::Made { cidr, zones: list(&network.zones) },
                _ => Network::Existing { vswitch_ids: list(&network.vswitch_ids) },
            },
            service_cidr: text(&state.service_cidr),
            endpoint_public_access: state.endpoint_public_access != Value::Known(false),
            snat_entry: state.nat_gateway != Value::Known(false),
            system_node_pool: NodePoolSpec {
                cluster: ClusterId(String::new()),
                name: SYSTEM.to_owned(),
                owner: owner.to_owned(),
                nodes: nodes(&state.system_node_pool, &MACHINE_TYPES),
                vswitch_ids: Vec::new(),
                system_disk_category: None,
                image_type: None,
                key_pair: None,
                version: None,
                tags: texts(&state.tags),
            },
            tags: texts(&state.tags),
        })
    }

    fn show(state: &mut AckClusterState, observed: &Seen<Ack>, is_import: bool) {
        let wish = &observed.wish;
        fill(&mut state.service_cidr, wish.service_cidr.clone(), is_import);
        if !is_import {
            return;
        }
        state.name = Value::Known(observed.name.clone());
        let pods = match &wish.pod_network {
            PodNetwork::Terway { pod_vswitch_ids } => some_list(pod_vswitch_ids),
            PodNetwork::Flannel { .. } => Value::Null,
        };
        state.network = Value::Known(match &wish.network {
            Network::Made { cidr, zones } => AckNetwork {
                cidr: Value::Known(cidr.clone()),
                zones: some_list(zones),
                ..AckNetwork::default()
            },
            Network::Existing { vswitch_ids } => AckNetwork {
                vswitch_ids: some_list(vswitch_ids),
                pod_vswitch_ids: pods,
                ..AckNetwork::default()
            },
        });
        state.pod_cidr = match &wish.pod_network {
            PodNetwork::Flannel { pod_cidr } => Value::Known(pod_cidr.clone()),
            PodNetwork::Terway { .. } => Value::Null,
        };
        state.cluster_spec = Value::Known(wish.cluster_spec.clone());
        state.endpoint_public_access = Value::Known(wish.endpoint_public_access);
        state.nat_gateway = Value::Known(wish.snat_entry);
    }

    fn refresh(_state: &mut AckClusterState, _wish: &ClusterSpec) {}

    fn open_values(state: &mut AckClusterState) -> Vec<&mut dyn Open> {
        vec![&mut state.service_cidr]
    }

    fn validate(config: &AckClusterState, diagnostics: &mut Diagnostics) {
        let path = Path::attribute("network");
        let Some(network) = config.network.known() else { return };
        if network.cidr.is_null() == network.vswitch_ids.is_null() {
            diagnostics.push(
                Diagnostic::error(
                    "Which network is not clear",
                    "Give either `cidr`, to have a network made, or `vswitch_ids` of one that exists.",
                )
                .at(path.clone()),
            );
        }
        let misplaced = [
            ("zones", !network.zones.is_null() && network.cidr.is_null(), "cidr"),
            (
                "pod_vswitch_ids",
                !network.pod_vswitch_ids.is_null() && network.vswitch_ids.is_null(),
                "vswitch_ids",
            ),
        ];
        for (name, is_misplaced, of) in misplaced {
            if is_misplaced {
                diagnostics.push(
                    Diagnostic::error(
                        "Attribute of the other kind of network",
                        format!("`{name}` goes with `{of}` only. Remove it."),
                    )
                    .at(path.then_attribute(name)),
                );
            }
        }
    }

    fn identity(state: &AckClusterState) -> AckClusterIdentity {
        AckClusterIdentity { region: state.region.clone(), id: state.id.clone() }
    }

    fn parse_import(id: &str) -> Result<AckClusterState, Diagnostic> {
        let (region, cluster) = match id.split_once('/') {
            Some((region, cluster)) => (Value::Known(region.to_owned()), cluster),
            None => (Value::Null, id),
        };
        if region == Value::Known(String::new())
            || cluster.is_empty()
            || !cluster.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            return Err(Diagnostic::error(
                "Cannot import the ACK cluster",
                format!(
                    "{id:?} is not an id of a cluster. Write it as \"ID\" (such as c82e6987e2961451182edacd74faf****), or as \"REGION/ID\"."
                ),
            ));
        }
        Ok(AckClusterState { region, id: Value::Known(cluster.to_owned()), ..AckClusterState::default() })
    }

    fn of_identity(identity: AckClusterIdentity) -> Result<AckClusterState, Diagnostic> {
        Ok(AckClusterState { region: identity.region, id: identity.id, ..AckClusterState::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_one_of_two_kinds() {
        let text = |text: &str| Value::Known(text.to_owned());
        let some = Value::Known(vec![text("vsw-1")]);
        let cases: Vec<(AckNetwork, &[&str])> = vec![
            (AckNetwork { cidr: text("10.0.0.0/16"), ..AckNetwork::default() }, &[]),
            (AckNetwork { vswitch_ids: some.clone(), ..AckNetwork::default() }, &[]),
            (AckNetwork::default(), &["network"]),
            (
                AckNetwork { vswitch_ids: some.clone(), zones: some.clone(), ..AckNetwork::default() },
                &["network.zones"],
            ),
            (
                AckNetwork { cidr: text("10.0.0.0/16"), pod_vswitch_ids: some, ..AckNetwork::default() },
                &["network.pod_vswitch_ids"],
            ),
        ];
        for (network, expected) in cases {
            let label = format!("{network:?}");
            let config = AckClusterState { network: Value::Known(network), ..AckClusterState::default() };
            let mut found = Diagnostics::new();
            AckCluster::validate(&config, &mut found);
            let paths: Vec<String> =
                found.iter().filter_map(|found| found.path.as_ref()).map(ToString::to_string).collect();
            assert_eq!(paths, expected, "{label}");
        }
    }

    #[test]
    fn an_import_takes_an_id_with_or_without_a_region() {
        let state = AckCluster::parse_import("cn-beijing/c82e6987").unwrap();
        assert_eq!(
            (state.region.into_known().as_deref(), state.id.into_known().as_deref()),
            (Some("cn-beijing"), Some("c82e6987"))
        );
        for wrong in ["not an id", "/c82e6987", "cn-beijing/"] {
            assert!(AckCluster::parse_import(wrong).is_err(), "{wrong}");
        }
    }
}
