//! The wish that leaves a cluster or a pool as GKE shows it: the way back from what is there to what is wished. Pure.

use google_cloud_container_v1::model::{self, node_taint};

use super::names;
use super::spec::{AuthorizedNetwork, ClusterSpec, Network, NodePoolSpec, ReleaseChannel};
use crate::{ClusterId, Nodes, Taint};

/// The wish for a cluster. One without any pool has no nodes to tell.
pub(super) fn cluster(cluster: &model::Cluster, id: &ClusterId) -> ClusterSpec {
    let place = names::parse(id).ok();
    ClusterSpec {
        name: cluster.name.clone(),
        owner: cluster.resource_labels.get(names::OWNER).cloned().unwrap_or_default(),
        location: place.as_ref().map_or_else(|| cluster.location.clone(), |place| place.location.clone()),
        zones: cluster.locations.clone(),
        version: some(&cluster.current_master_version).map(|version| names::minor(&version)),
        release_channel: channel(cluster),
        network: network(cluster, place.as_ref().map_or("", |place| &place.project)),
        private_nodes: has_private_nodes(cluster),
        public_endpoint: is_public(cluster),
        authorized_networks: authorized_networks(cluster),
        system_pool: system_pool(cluster).map_or_else(|| no_pool(id), |found| pool(found, id)),
        labels: names::shown(&cluster.resource_labels),
    }
}

/// The wish for a pool.
pub(super) fn pool(pool: &model::NodePool, cluster: &ClusterId) -> NodePoolSpec {
    let none = model::NodeConfig::default();
    let config = pool.config.as_ref().unwrap_or(&none);
    NodePoolSpec {
        cluster: cluster.clone(),
        name: pool.name.clone(),
        owner: config.resource_labels.get(names::OWNER).cloned().unwrap_or_default(),
        nodes: nodes(pool, config),
        zones: pool.locations.clone(),
        disk_type: some(&config.disk_type),
        image_type: some(&config.image_type),
        service_account: some(&config.service_account),
        version: some(&pool.version).map(|version| names::minor(&version)),
        labels: names::shown(&config.resource_labels),
    }
}

/// What the nodes of a pool are.
fn nodes(pool: &model::NodePool, config: &model::NodeConfig) -> Nodes {
    let zones = i64::try_from(pool.locations.len()).unwrap_or(1).max(1);
    let scaling = pool.autoscaling.as_ref().filter(|scaling| scaling.enabled);
    Nodes {
        machine_types: some(&config.machine_type).into_iter().collect(),
        disk_size_gib: Some(i64::from(config.disk_size_gb)).filter(|size| *size > 0),
        // GKE counts for each zone, and writes what the size was last set to; an autoscaler's work is not in it.
        size: Some(i64::from(pool.initial_node_count) * zones),
        autoscaling: scaling.map(|scaling| limits(scaling, zones)),
        labels: config.labels.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
        taints: config.taints.iter().map(taint).collect(),
        spot: config.spot,
    }
}

/// The pool that the cluster was made with: the marked one, or else the first, as of a cluster from elsewhere.
pub(super) fn system_pool(cluster: &model::Cluster) -> Option<&model::NodePool> {
    let marked = |pool: &&model::NodePool| {
        pool.config.as_ref().is_some_and(|config| {
            config.resource_labels.get(names::POOL).is_some_and(|value| value == names::SYSTEM)
        })
    };
    cluster.node_pools.iter().find(marked).or(cluster.node_pools.first())
}

/// Limits of the whole pool. Pools from elsewhere may have theirs for each zone.
pub(super) fn limits(scaling: &model::NodePoolAutoscaling, zones: i64) -> (i64, i64) {
    if scaling.total_max_node_count > 0 {
        (i64::from(scaling.total_min_node_count), i64::from(scaling.total_max_node_count))
    } else {
        (i64::from(scaling.min_node_count) * zones, i64::from(scaling.max_node_count) * zones)
    }
}

pub(super) fn taint(taint: &model::NodeTaint) -> Taint {
    let effect = match &taint.effect {
        node_taint::Effect::NoSchedule => "NoSchedule",
        node_taint::Effect::PreferNoSchedule => "PreferNoSchedule",
        node_taint::Effect::NoExecute => "NoExecute",
        other => other.name().unwrap_or_default(),
    };
    Taint { key: taint.key.clone(), value: taint.value.clone(), effect: effect.to_owned() }
}

fn channel(cluster: &model::Cluster) -> ReleaseChannel {
    use model::release_channel::Channel;
    match cluster.release_channel.as_ref().map(|channel| &channel.channel) {
        Some(Channel::Rapid) => ReleaseChannel::Rapid,
        Some(Channel::Regular) => ReleaseChannel::Regular,
        Some(Channel::Stable) => ReleaseChannel::Stable,
        Some(Channel::Extended) => ReleaseChannel::Extended,
        _ => ReleaseChannel::Unspecified,
    }
}

/// Whether the nodes have no addresses on the internet; older clusters say so in another place.
#[allow(deprecated, reason = "older clusters are described by it")]
fn has_private_nodes(cluster: &model::Cluster) -> bool {
    let network = cluster.network_config.as_ref();
    let older = || cluster.private_cluster_config.as_ref().is_some_and(|config| config.enable_private_nodes);
    network.and_then(|network| network.default_enable_private_nodes).unwrap_or_else(older)
}

/// Whether the API answers on the internet.
pub(super) fn is_public(cluster: &model::Cluster) -> bool {
    ip_endpoints(cluster).and_then(|endpoints| endpoints.enable_public_endpoint).unwrap_or(true)
}

/// Who may reach the API; `None` is everybody.
pub(super) fn authorized_networks(cluster: &model::Cluster) -> Option<Vec<AuthorizedNetwork>> {
    let authorized = ip_endpoints(cluster)?.authorized_networks_config.as_ref();
    let authorized = authorized.filter(|authorized| authorized.enabled)?;
    let networks = authorized
        .cidr_blocks
        .iter()
        .map(|block| AuthorizedNetwork { cidr: block.cidr_block.clone(), name: block.display_name.clone() });
    Some(networks.collect())
}

fn ip_endpoints(
    cluster: &model::Cluster,
) -> Option<&model::control_plane_endpoints_config::IPEndpointsConfig> {
    let endpoints = cluster.control_plane_endpoints_config.as_ref();
    endpoints.and_then(|endpoints| endpoints.ip_endpoints_config.as_ref())
}

fn network(cluster: &model::Cluster, project: &str) -> Network {
    let labels = &cluster.resource_labels;
    // Without its owner nobody knows any more whose network it is.
    if labels.contains_key(names::OWNER)
        && let Some(cidr) = labels.get(names::NETWORK).and_then(|value| names::block(value))
    {
        return Network::Made { cidr };
    }
    let parts = cluster.network_config.as_ref();
    let named = |path: Option<&String>, name: &String| {
        let path = path.filter(|path| !path.is_empty()).unwrap_or(name);
        names::within(path, project).to_owned()
    };
    let ranges = cluster.ip_allocation_policy.as_ref();
    Network::Existing {
        network: named(parts.map(|parts| &parts.network), &cluster.network),
        subnetwork: named(parts.map(|parts| &parts.subnetwork), &cluster.subnetwork),
        pods_range: ranges.and_then(|ranges| given(&ranges.cluster_secondary_range_name, "-pods-")),
        services_range: ranges.and_then(|ranges| given(&ranges.services_secondary_range_name, "-services-")),
    }
}

/// A secondary range that was named; those that GKE makes are `gke-CLUSTER-pods-3f2a1b0c` and the like.
fn given(range: &str, kind: &str) -> Option<String> {
    some(range).filter(|range| !(range.starts_with("gke-") && range.contains(kind)))
}

fn no_pool(cluster: &ClusterId) -> NodePoolSpec {
    let none = model::NodePool::new().set_name(names::SYSTEM);
    NodePoolSpec { nodes: Nodes::default(), ..pool(&none, cluster) }
}

pub(super) fn some(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
