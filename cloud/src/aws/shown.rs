//! The wish that leaves a cluster or a node group as EKS shows it: the way back from what is there to what is wished. Pure.

use std::collections::HashMap;

use aws_sdk_eks::types::{AmiTypes, CapacityTypes, Cluster, Nodegroup, TaintEffect};

use super::SYSTEM_TAG;
use super::observe::{mark, user_tags};
use super::roles::{CLUSTER_ROLE, NODE_ROLE, Role};
use super::spec::{ClusterSpec, Network, NodeGroupSpec};
use crate::{ClusterId, NETWORK_TAG, Nodes, OWNER_TAG, Taint};

/// The system node group of a cluster that names none, if there is one of this name.
pub(super) const SYSTEM: &str = "system";
/// What EKS has for the whole internet.
pub(super) const EVERYBODY: &str = "0.0.0.0/0";
/// EKS spells effects in its own way.
pub(super) const EFFECTS: &[(&str, &str)] =
    &[("NoSchedule", "NO_SCHEDULE"), ("PreferNoSchedule", "PREFER_NO_SCHEDULE"), ("NoExecute", "NO_EXECUTE")];

/// The wish for a cluster. Its add-ons are not told: they take further requests. One without a system node group has no
/// nodes to tell.
pub(super) fn cluster(cluster: &Cluster, system: Option<&Nodegroup>, region: &str) -> ClusterSpec {
    let tags = cluster.tags.as_ref();
    let name = cluster.name.clone().unwrap_or_default();
    let owner = mark(tags, OWNER_TAG);
    let network = network(cluster);
    let is_made = |role: Role, arn: &String| owner.is_some_and(|owner| role.is_of(arn, owner, region, &name));
    let mut group = system.map_or_else(|| no_group(cluster), node_group);
    group.role_arn = group.role_arn.filter(|arn| !is_made(NODE_ROLE, arn));
    // The private subnets of a network that is made are where nobody has to say it.
    if matches!(network, Network::Made { .. }) {
        group.subnet_ids.clear();
    }
    let place = cluster.resources_vpc_config.as_ref();
    ClusterSpec {
        owner: owner.unwrap_or_default().to_owned(),
        version: cluster.version.clone(),
        network,
        role_arn: cluster.role_arn.clone().filter(|arn| !is_made(CLUSTER_ROLE, arn)),
        node_role_arn: group.role_arn.clone(),
        endpoint_public_access: place.is_some_and(|place| place.endpoint_public_access),
        endpoint_private_access: place.is_some_and(|place| place.endpoint_private_access),
        public_access_cidrs: public_access_cidrs(cluster),
        log_types: log_types(cluster),
        add_ons: std::collections::BTreeMap::new(),
        system_node_group: group,
        tags: user_tags(tags),
        name,
    }
}

/// The wish for a node group. Its role and its subnets are told as they are, whoever chose them.
pub(super) fn node_group(group: &Nodegroup) -> NodeGroupSpec {
    let tags = group.tags.as_ref();
    NodeGroupSpec {
        cluster: ClusterId(group.cluster_name.clone().unwrap_or_default()),
        name: group.nodegroup_name.clone().unwrap_or_default(),
        owner: mark(tags, OWNER_TAG).unwrap_or_default().to_owned(),
        nodes: nodes(group),
        ami_type: group.ami_type.as_ref().map(AmiTypes::as_str).map(str::to_owned),
        subnet_ids: group.subnets.clone().unwrap_or_default(),
        role_arn: group.node_role.clone(),
        version: group.version.clone(),
        tags: user_tags(tags),
    }
}

/// What the nodes of a group are.
fn nodes(group: &Nodegroup) -> Nodes {
    let scaling = group.scaling_config.as_ref();
    let bounds = scaling.and_then(|scaling| Some((scaling.min_size?, scaling.max_size?)));
    let desired = scaling.and_then(|scaling| scaling.desired_size);
    Nodes {
        machine_types: group.instance_types.clone().unwrap_or_default(),
        disk_size_gib: group.disk_size.map(i64::from),
        size: desired.map(i64::from),
        // A group of one size has the same bounds; EKS wants room for one node also when there is to be none.
        autoscaling: bounds
            .filter(|bounds| bounds.0 < bounds.1 && !(*bounds == (0, 1) && desired == Some(0)))
            .map(|(least, most)| (least.into(), most.into())),
        labels: group.labels.iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect(),
        taints: taints(group),
        spot: group.capacity_type == Some(CapacityTypes::Spot),
    }
}

/// The taints of a group's nodes, as Kubernetes spells them.
pub(super) fn taints(group: &Nodegroup) -> Vec<Taint> {
    group.taints.iter().flatten().map(taint).collect()
}

fn taint(taint: &aws_sdk_eks::types::Taint) -> Taint {
    let effect = taint.effect.as_ref().map(TaintEffect::as_str).unwrap_or_default();
    let spelled =
        EFFECTS.iter().find(|(_, eks)| *eks == effect).map_or(effect, |(kubernetes, _)| *kubernetes);
    Taint {
        key: taint.key.clone().unwrap_or_default(),
        value: taint.value.clone().unwrap_or_default(),
        effect: spelled.to_owned(),
    }
}

/// The logs of a control plane that are kept.
pub(super) fn log_types(cluster: &Cluster) -> Vec<String> {
    let setups = cluster.logging.as_ref().and_then(|logging| logging.cluster_logging.as_deref());
    let enabled = setups.unwrap_or_default().iter().filter(|setup| setup.enabled == Some(true));
    enabled.flat_map(|setup| setup.types.iter().flatten().map(|kind| kind.as_str().to_owned())).collect()
}

/// The mark of a network that is made with its cluster; none of one that exists.
pub(super) fn network_mark(network: &Network) -> Option<String> {
    let Network::Made { cidr, zones } = network else { return None };
    Some(crate::network_mark::written(cidr, zones))
}

fn network(cluster: &Cluster) -> Network {
    let tags = cluster.tags.as_ref();
    // Without its owner nobody knows any more whose network it is.
    if let (Some(_), Some(made)) = (mark(tags, OWNER_TAG), made_network(tags)) {
        return made;
    }
    let place = cluster.resources_vpc_config.as_ref();
    Network::Existing {
        subnet_ids: place.and_then(|place| place.subnet_ids.clone()).unwrap_or_default(),
        security_group_ids: place.and_then(|place| place.security_group_ids.clone()).unwrap_or_default(),
    }
}

fn made_network(tags: Option<&HashMap<String, String>>) -> Option<Network> {
    let (cidr, zones) = crate::network_mark::read(mark(tags, NETWORK_TAG)?)?;
    Some(Network::Made { cidr, zones })
}

/// Who may reach the API on the internet; empty when it is everybody, and when nobody can, as the list then means nothing.
fn public_access_cidrs(cluster: &Cluster) -> Vec<String> {
    let place = cluster.resources_vpc_config.as_ref().filter(|place| place.endpoint_public_access);
    let cidrs = place.and_then(|place| place.public_access_cidrs.clone()).unwrap_or_default();
    if cidrs == [EVERYBODY] { Vec::new() } else { cidrs }
}

fn no_group(cluster: &Cluster) -> NodeGroupSpec {
    let tags = cluster.tags.as_ref();
    NodeGroupSpec {
        cluster: ClusterId(cluster.name.clone().unwrap_or_default()),
        name: mark(tags, SYSTEM_TAG).unwrap_or(SYSTEM).to_owned(),
        owner: mark(tags, OWNER_TAG).unwrap_or_default().to_owned(),
        nodes: Nodes::default(),
        ami_type: None,
        subnet_ids: Vec::new(),
        role_arn: None,
        version: None,
        tags: std::collections::BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests;
