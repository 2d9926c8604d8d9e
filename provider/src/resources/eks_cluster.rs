//! `kubeblocks_eks_cluster`: schema and mapping. The steps are those of [`super::managed`].

use std::sync::Arc;
use std::time::Duration;

use kubeblocks_cloud::aws::{ClusterSpec, Eks, Network, NodeGroupSpec};
use kubeblocks_cloud::{ClusterId, Error, Seen};
use tfplugin::Timeouts;
use tfplugin::prelude::*;

use super::managed::equality::seen_access;
use super::managed::fitness::Storage;
use super::managed::kind::{ManagedCluster, Patience};
use super::managed::open::seen_list;
use super::managed::schema::{
    CreatedResource, ManagedConnection, Map, SystemNodePool, cluster_state, minor_version,
};
use super::managed::state::{list, nodes, some_list, texts};
use crate::impact::PlannedImpact;
use crate::kubernetes::CloudMethod;
use crate::provider::Shared;

/// Machines on which the operator and small databases run.
pub(crate) const MACHINE_TYPES: [&str; 2] = ["m6i.xlarge", "m5.xlarge"];
/// The name of the first nodes' group.
const SYSTEM: &str = "system";

/// A managed Kubernetes cluster on AWS (EKS), fit for KubeBlocks: nodes, volumes that can grow, snapshots.
///
/// Creating it makes what it needs and waits until nodes have joined. Its `kubernetes` is the way in for everything that
/// is to run on it, and is known only when it is there, so that one apply makes all. The identity that creates it is its
/// administrator. A destroy first lets what runs inside give back its load balancers and volumes.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct EksClusterState {
    /// Name of the cluster, unique in account and region. Changing it makes a new cluster.
    #[tf(required, requires_replace, validate = cluster_name)]
    pub name: Value<String>,
    /// Region, such as `eu-central-1`. Left out, that of the provider block or of the environment. Changing it makes a new
    /// cluster.
    #[tf(optional, computed, requires_replace)]
    pub region: Value<String>,
    /// Minor version of Kubernetes, such as `1.34`. Left out, the default of EKS when the cluster is made; later it stays
    /// what it is. It goes up one minor version at a time, in place: control plane, add-ons, then the first nodes, which
    /// are replaced one after the other.
    #[tf(optional, computed, validate = minor_version, effect = ["rolling_restart", "refused"])]
    pub kubernetes_version: Value<String>,
    /// The network: `cidr` to have one made, or ids of subnets that exist. Changing it makes a new cluster.
    #[tf(required, requires_replace)]
    pub network: Value<EksNetwork>,
    /// ARN of the role of the control plane. Left out, one is made. Changing it makes a new cluster.
    #[tf(optional, requires_replace)]
    pub role_arn: Value<String>,
    /// ARN of the role of the nodes. Left out, one is made. Changing it makes a new cluster.
    #[tf(optional, requires_replace)]
    pub node_role_arn: Value<String>,
    /// Whether the Kubernetes API answers on the internet. Default true.
    #[tf(optional, default = true, effect = "in_place")]
    pub endpoint_public_access: Value<bool>,
    /// Whether the Kubernetes API answers within the network. Default true.
    #[tf(optional, default = true, effect = "in_place")]
    pub endpoint_private_access: Value<bool>,
    /// Who may reach the Kubernetes API on the internet, as CIDR blocks. Left out, everybody who has credentials.
    #[tf(optional, effect = "in_place")]
    pub public_access_cidrs: Value<Vec<Value<String>>>,
    /// Logs of the control plane that `CloudWatch` keeps: `api`, `audit`, `authenticator`, `controllerManager`,
    /// `scheduler`. They cost money.
    #[tf(optional, effect = "in_place")]
    pub log_types: Value<Vec<Value<String>>>,
    /// Further add-ons of EKS, and versions of those that are always installed (`vpc-cni`, `kube-proxy`, `coredns`,
    /// `eks-pod-identity-agent`, `aws-ebs-csi-driver`, `snapshot-controller`), by name.
    #[tf(optional, effect = "in_place")]
    pub add_ons: Value<Map<EksAddOn>>,
    /// The nodes that the cluster is made with. Left out, three; later they stay what they are.
    #[tf(optional, computed, effect = "in_place")]
    pub system_node_pool: Value<SystemNodePool>,
    /// Whether a destroy, or a change that needs a new cluster, is refused. Default true.
    #[tf(optional, default = true, effect = "in_place")]
    pub deletion_protection: Value<bool>,
    /// Tags of everything that is made for the cluster.
    #[tf(optional, effect = "in_place")]
    pub tags: Value<Map<String>>,
    /// How long to wait. Defaults: `create` 45m, `update` 75m, `delete` 45m.
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
    /// Identifier: the name.
    #[tf(computed)]
    pub id: Value<String>,
    /// The way into the cluster, for the `kubernetes` of everything that is to run on it. It holds no secret.
    #[tf(computed)]
    pub kubernetes: Value<ManagedConnection>,
    /// The platform version of EKS, such as `eks.12`.
    #[tf(computed)]
    pub platform_version: Value<String>,
    /// URL of the issuer of the tokens of the cluster's service accounts.
    #[tf(computed)]
    pub oidc_issuer: Value<String>,
    /// What was made in AWS for the cluster, and goes with it.
    #[tf(computed)]
    pub created_resources: Value<Vec<Value<CreatedResource>>>,
}

cluster_state!(EksClusterState);

/// The network of a cluster: either one that is made, or one that exists.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct EksNetwork {
    /// Address block of a VPC to be made, `/16` to `/24`, such as `10.0.0.0/16`: with a public and a private subnet in each
    /// zone, an internet gateway, and one NAT gateway for the nodes.
    #[tf(optional)]
    pub cidr: Value<String>,
    /// With `cidr`: the availability zones. Left out, the first three of the region.
    #[tf(optional)]
    pub zones: Value<Vec<Value<String>>>,
    /// Ids of at least two subnets in two zones.
    #[tf(optional)]
    pub subnet_ids: Value<Vec<Value<String>>>,
    /// With `subnet_ids`: ids of further security groups of the control plane.
    #[tf(optional)]
    pub security_group_ids: Value<Vec<Value<String>>>,
}

/// An add-on of EKS.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct EksAddOn {
    /// Its version, such as `v1.20.0-eksbuild.1`. Left out, the default for the cluster's version of Kubernetes.
    #[tf(optional)]
    pub version: Value<String>,
}

/// What tells one cluster from every other.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct EksClusterIdentity {
    /// Region.
    #[tf(optional_for_import)]
    pub region: Value<String>,
    /// Name.
    #[tf(required_for_import)]
    pub name: Value<String>,
}

fn cluster_name(text: &str) -> Result<(), String> {
    let is_right = !text.is_empty()
        && text.len() <= 100
        && text.starts_with(|letter: char| letter.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if is_right {
        return Ok(());
    }
    Err(format!(
        "{text:?} is not a name of an EKS cluster: up to 100 letters, digits, `-` and `_`, beginning with a letter or digit."
    ))
}

/// Clusters of EKS.
#[derive(Debug)]
pub struct EksCluster;

impl ManagedCluster for EksCluster {
    type State = EksClusterState;
    type Identity = EksClusterIdentity;
    type Cloud = Eks;

    const TYPE_NAME: &'static str = "kubeblocks_eks_cluster";
    const METHOD: CloudMethod = CloudMethod::Eks;
    const PATIENCE: Patience = Patience {
        create: Duration::from_mins(45),
        update: Duration::from_mins(75),
        delete: Duration::from_mins(45),
    };
    const STORAGE: Storage = Storage {
        driver: "ebs.csi.aws.com",
        class: "gp3",
        parameters: &[("type", "gp3"), ("encrypted", "true")],
    };

    async fn cloud(shared: &Shared, state: &EksClusterState) -> Result<Arc<Eks>, Error> {
        shared.clouds().eks(state.region.known().map(String::as_str)).await
    }

    fn fill(state: &mut EksClusterState, cloud: &Eks) {
        if state.region.known().is_none() {
            state.region = Value::Known(cloud.region().to_owned());
        }
    }

    fn place(state: &EksClusterState) -> String {
        state.region.known().cloned().unwrap_or_default()
    }

    fn login_region(state: &EksClusterState) -> Option<String> {
        state.region.known().cloned()
    }

    fn cluster_id(state: &EksClusterState) -> Option<ClusterId> {
        state.name.known().cloned().map(ClusterId)
    }

    fn spec(state: &EksClusterState, owner: &str) -> Result<ClusterSpec, Diagnostics> {
        let name = state.name.known().cloned().unwrap_or_default();
        let network = state.network.known().cloned().unwrap_or_default();
        let add_ons = state.add_ons.known().into_iter().flatten();
        Ok(ClusterSpec {
            owner: owner.to_owned(),
            version: state.kubernetes_version.known().cloned(),
            network: match network.cidr {
                Value::Known(cidr) => Network::Made { cidr, zones: list(&network.zones) },
                _ => Network::Existing {
                    subnet_ids: list(&network.subnet_ids),
                    security_group_ids: list(&network.security_group_ids),
                },
            },
            role_arn: state.role_arn.known().cloned(),
            node_role_arn: state.node_role_arn.known().cloned(),
            endpoint_public_access: state.endpoint_public_access != Value::Known(false),
            endpoint_private_access: state.endpoint_private_access != Value::Known(false),
            public_access_cidrs: list(&state.public_access_cidrs),
            log_types: list(&state.log_types),
            add_ons: add_ons
                .map(|(name, add_on)| {
                    (name.clone(), add_on.known().and_then(|add_on| add_on.version.known().cloned()))
                })
                .collect(),
            system_node_group: NodeGroupSpec {
                cluster: ClusterId(name.clone()),
                name: SYSTEM.to_owned(),
                owner: owner.to_owned(),
                nodes: nodes(&state.system_node_pool, &MACHINE_TYPES),
                ami_type: None,
                subnet_ids: Vec::new(),
                role_arn: state.node_role_arn.known().cloned(),
                version: state.kubernetes_version.known().cloned(),
                tags: texts(&state.tags),
            },
            tags: texts(&state.tags),
            name,
        })
    }

    fn show(state: &mut EksClusterState, observed: &Seen<Eks>, is_import: bool) {
        if !is_import {
            return;
        }
        state.network = Value::Known(match &observed.wish.network {
            Network::Made { cidr, zones } => EksNetwork {
                cidr: Value::Known(cidr.clone()),
                zones: some_list(zones),
                ..EksNetwork::default()
            },
            Network::Existing { subnet_ids, security_group_ids } => EksNetwork {
                subnet_ids: some_list(subnet_ids),
                security_group_ids: some_list(security_group_ids),
                ..EksNetwork::default()
            },
        });
        state.role_arn = observed.wish.role_arn.clone().into();
        state.node_role_arn = observed.wish.node_role_arn.clone().into();
    }

    fn refresh(state: &mut EksClusterState, wish: &ClusterSpec) {
        state.endpoint_public_access = Value::Known(wish.endpoint_public_access);
        state.endpoint_private_access = Value::Known(wish.endpoint_private_access);
        state.public_access_cidrs =
            seen_access(&state.public_access_cidrs, wish.endpoint_public_access, &wish.public_access_cidrs);
        state.log_types = seen_list(&state.log_types, &wish.log_types);
    }

    fn validate(config: &EksClusterState, diagnostics: &mut Diagnostics) {
        let path = Path::attribute("network");
        let Some(network) = config.network.known() else { return };
        if network.cidr.is_null() == network.subnet_ids.is_null() {
            diagnostics.push(
                Diagnostic::error(
                    "Which network is not clear",
                    "Give either `cidr`, to have a network made, or `subnet_ids` of one that exists.",
                )
                .at(path.clone()),
            );
        }
        let misplaced = [
            ("zones", !network.zones.is_null() && network.cidr.is_null(), "cidr"),
            (
                "security_group_ids",
                !network.security_group_ids.is_null() && network.subnet_ids.is_null(),
                "subnet_ids",
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
        if let Some(subnets) = network.subnet_ids.known()
            && subnets.len() < 2
        {
            diagnostics.push(
                Diagnostic::error(
                    "Too few subnets",
                    "EKS wants at least two subnets, in two availability zones.",
                )
                .at(path.then_attribute("subnet_ids")),
            );
        }
        if let Some(cidr) = network.cidr.known()
            && let Err(why) = vpc_block(cidr)
        {
            diagnostics
                .push(Diagnostic::error("Address block cannot be used", why).at(path.then_attribute("cidr")));
        }
        if config.endpoint_public_access == Value::Known(false)
            && config.endpoint_private_access == Value::Known(false)
        {
            diagnostics.push(
                Diagnostic::error(
                    "Nobody could reach the Kubernetes API",
                    "`endpoint_public_access` and `endpoint_private_access` are both false. Set one of them.",
                )
                .at(Path::attribute("endpoint_private_access")),
            );
        }
    }

    fn identity(state: &EksClusterState) -> EksClusterIdentity {
        EksClusterIdentity { region: state.region.clone(), name: state.name.clone() }
    }

    fn parse_import(id: &str) -> Result<EksClusterState, Diagnostic> {
        let (region, name) = match id.split_once('/') {
            Some((region, name)) => (Value::Known(region.to_owned()), name),
            None => (Value::Null, id),
        };
        let found = match region.known().map(String::as_str) {
            Some("") => Err(format!("{id:?} names no region.")),
            _ => cluster_name(name),
        };
        found.map_err(|why| {
            Diagnostic::error("Cannot import the EKS cluster", format!("{why} Write the id as \"NAME\", or as \"REGION/NAME\" for another region than the provider's."))
        })?;
        Ok(EksClusterState { region, name: Value::Known(name.to_owned()), ..EksClusterState::default() })
    }

    fn of_identity(identity: EksClusterIdentity) -> Result<EksClusterState, Diagnostic> {
        Ok(EksClusterState { region: identity.region, name: identity.name, ..EksClusterState::default() })
    }
}

/// Whether AWS takes it as the block of a VPC that has room for the subnets.
fn vpc_block(cidr: &str) -> Result<(), String> {
    let told = || format!("{cidr:?} is not an address block from /16 to /24, such as \"10.0.0.0/16\".");
    let (address, length) = cidr.split_once('/').ok_or_else(told)?;
    let address: std::net::Ipv4Addr = address.parse().map_err(|_| told())?;
    let length: u32 = length.parse().map_err(|_| told())?;
    if !(16..=24).contains(&length) {
        return Err(told());
    }
    let block = u32::from(address) & (u32::MAX << (32 - length));
    if block != u32::from(address) {
        let right = std::net::Ipv4Addr::from(block);
        return Err(format!("{cidr:?} has bits behind its prefix. Write \"{right}/{length}\"."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value<String> {
        Value::Known(text.to_owned())
    }

    fn texts_of(texts: &[&str]) -> Value<Vec<Value<String>>> {
        Value::Known(texts.iter().map(|one| text(one)).collect())
    }

    #[test]
    fn networks_are_one_of_two_kinds() {
        let made = EksNetwork { cidr: text("10.0.0.0/16"), ..EksNetwork::default() };
        let existing =
            EksNetwork { subnet_ids: texts_of(&["subnet-1", "subnet-2"]), ..EksNetwork::default() };
        let cases: Vec<(EksNetwork, &[&str])> = vec![
            (made.clone(), &[]),
            (existing.clone(), &[]),
            (EksNetwork { cidr: Value::Unknown, ..EksNetwork::default() }, &[]),
            (EksNetwork::default(), &["network"]),
            (EksNetwork { cidr: text("10.0.0.0/16"), ..existing.clone() }, &["network"]),
            (EksNetwork { zones: texts_of(&["a"]), ..existing.clone() }, &["network.zones"]),
            (
                EksNetwork { security_group_ids: texts_of(&["sg-1"]), ..made.clone() },
                &["network.security_group_ids"],
            ),
            (EksNetwork { subnet_ids: texts_of(&["subnet-1"]), ..existing }, &["network.subnet_ids"]),
            (EksNetwork { cidr: text("10.0.0.0/8"), ..made.clone() }, &["network.cidr"]),
            (EksNetwork { cidr: text("10.0.0.1/16"), ..made.clone() }, &["network.cidr"]),
            (EksNetwork { cidr: text("ten"), ..made }, &["network.cidr"]),
        ];
        for (network, expected) in cases {
            let label = format!("{network:?}");
            let config = EksClusterState { network: Value::Known(network), ..EksClusterState::default() };
            let mut found = Diagnostics::new();
            EksCluster::validate(&config, &mut found);
            let paths: Vec<String> =
                found.iter().filter_map(|found| found.path.as_ref()).map(ToString::to_string).collect();
            assert_eq!(paths, expected, "{label}");
        }
    }

    #[test]
    fn an_import_takes_a_name_with_or_without_a_region() {
        let state = EksCluster::parse_import("us-east-1/orders").unwrap();
        assert_eq!((state.region, state.name), (text("us-east-1"), text("orders")));
        assert_eq!(EksCluster::parse_import("orders").unwrap().region, Value::Null);
        for wrong in ["no/such/name", "/orders"] {
            assert!(EksCluster::parse_import(wrong).unwrap_err().detail.contains("REGION/NAME"), "{wrong}");
        }
    }
}
