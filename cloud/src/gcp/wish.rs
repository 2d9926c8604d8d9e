//! What a new cluster or pool is to be, in GKE's terms. Pure.

use std::collections::HashMap;

use google_cloud_container_v1::model::control_plane_endpoints_config::IPEndpointsConfig;
use google_cloud_container_v1::model::master_authorized_networks_config::CidrBlock;
use google_cloud_container_v1::model::{self, node_taint, release_channel};

use super::names;
use super::spec::{AuthorizedNetwork, ClusterSpec, Network, NodePoolSpec, ReleaseChannel};
use crate::{Error, Nodes, Taint};

const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// A cluster with its one pool. `network` and `subnetwork` are paths or names; `zones` are those of its nodes.
pub(super) fn cluster(
    spec: &ClusterSpec,
    project: &str,
    network: String,
    subnetwork: String,
    zones: &[String],
) -> Result<Box<model::Cluster>, Error> {
    let mut labels: HashMap<String, String> = spec.labels.clone().into_iter().collect();
    labels.insert(names::OWNER.to_owned(), spec.owner.clone());
    labels.insert(names::UNFINISHED.to_owned(), "true".to_owned());
    if let Network::Made { cidr } = &spec.network {
        labels.insert(names::NETWORK.to_owned(), names::network_label(cidr));
    }
    let (pods, services) = match &spec.network {
        Network::Made { .. } => (Some(names::PODS.to_owned()), Some(names::SERVICES.to_owned())),
        Network::Existing { pods_range, services_range, .. } => (pods_range.clone(), services_range.clone()),
    };
    let mut pool = pool(&spec.system_pool, zones)?;
    if let Some(config) = pool.config.as_mut() {
        config.resource_labels.insert(names::OWNER.to_owned(), spec.owner.clone());
        config.resource_labels.insert(names::POOL.to_owned(), names::SYSTEM.to_owned());
    }
    // Field by field: a chain of setters would move the twelve kilobytes of it with each.
    let mut cluster = Box::new(model::Cluster::new());
    cluster.name.clone_from(&spec.name);
    cluster.initial_cluster_version = spec.version.clone().unwrap_or_default();
    cluster.release_channel = Some(channel(spec.release_channel));
    cluster.resource_labels = labels;
    cluster.network = network;
    cluster.subnetwork = subnetwork;
    cluster.locations = zones.to_vec();
    cluster.ip_allocation_policy = Some(
        model::IPAllocationPolicy::new()
            .set_use_ip_aliases(true)
            .set_cluster_secondary_range_name(pods.unwrap_or_default())
            .set_services_secondary_range_name(services.unwrap_or_default()),
    );
    cluster.network_config =
        Some(model::NetworkConfig::new().set_default_enable_private_nodes(spec.private_nodes));
    cluster.control_plane_endpoints_config = Some(endpoints(spec));
    cluster.workload_identity_config =
        Some(model::WorkloadIdentityConfig::new().set_workload_pool(format!("{project}.svc.id.goog")));
    cluster.addons_config = Some(model::AddonsConfig::new().set_gce_persistent_disk_csi_driver_config(
        model::GcePersistentDiskCsiDriverConfig::new().set_enabled(true),
    ));
    cluster.node_pools = vec![pool];
    Ok(cluster)
}

/// A pool, without marks.
pub(super) fn pool(spec: &NodePoolSpec, zones: &[String]) -> Result<model::NodePool, Error> {
    let Nodes { machine_types, disk_size_gib, size: _, autoscaling: _, labels, taints, spot } = &spec.nodes;
    let mut config = model::NodeConfig::new()
        .set_oauth_scopes([SCOPE])
        .set_labels(labels.clone())
        .set_taints(taints.iter().map(taint).collect::<Result<Vec<_>, _>>()?)
        .set_spot(*spot)
        .set_resource_labels(spec.labels.clone())
        .set_metadata([("disable-legacy-endpoints", "true")])
        .set_workload_metadata_config(
            model::WorkloadMetadataConfig::new().set_mode(model::workload_metadata_config::Mode::GkeMetadata),
        );
    match machine_types.as_slice() {
        [] => {}
        [one] => config.machine_type.clone_from(one),
        many => {
            return Err(invalid(
                "machine_types",
                format!("a pool of GKE has one type of machines, not {}", many.len()),
            ));
        }
    }
    if let Some(size) = disk_size_gib {
        config.disk_size_gb = number("disk_size_gib", *size)?;
    }
    config.disk_type = spec.disk_type.clone().unwrap_or_default();
    config.image_type = spec.image_type.clone().unwrap_or_default();
    config.service_account = spec.service_account.clone().unwrap_or_default();
    let mut pool = model::NodePool::new()
        .set_name(&spec.name)
        .set_config(config)
        .set_initial_node_count(for_each_zone(&spec.nodes, zones)?)
        .set_locations(zones.iter().cloned())
        .set_version(spec.version.clone().unwrap_or_default())
        .set_management(model::NodeManagement::new().set_auto_repair(true).set_auto_upgrade(true));
    if spec.nodes.autoscaling.is_some() {
        pool.autoscaling = Some(autoscaling(&spec.nodes)?);
    }
    Ok(pool)
}

/// Nodes in each zone. With an autoscaler the beginning may be a little more than is wished, as it evens that out.
pub(super) fn for_each_zone(nodes: &Nodes, zones: &[String]) -> Result<i32, Error> {
    let count = i64::try_from(zones.len()).unwrap_or(1).max(1);
    if let Some((least, _)) = nodes.autoscaling {
        let begin = nodes.size.unwrap_or(least);
        return number("size", (begin + count - 1) / count);
    }
    let size = nodes.size.unwrap_or(count);
    if size % count != 0 {
        return Err(invalid(
            "size",
            format!(
                "{size} nodes cannot be spread evenly over the zones {}; take a multiple of {count}, or name other zones",
                zones.join(", ")
            ),
        ));
    }
    number("size", size / count)
}

/// The autoscaler's limits, of the whole pool.
pub(super) fn autoscaling(nodes: &Nodes) -> Result<model::NodePoolAutoscaling, Error> {
    let Some((least, most)) = nodes.autoscaling else { return Ok(model::NodePoolAutoscaling::new()) };
    Ok(model::NodePoolAutoscaling::new()
        .set_enabled(true)
        .set_total_min_node_count(number("autoscaling", least)?)
        .set_total_max_node_count(number("autoscaling", most)?))
}

pub(super) fn taint(taint: &Taint) -> Result<model::NodeTaint, Error> {
    let effect = match taint.effect.as_str() {
        "NoSchedule" => node_taint::Effect::NoSchedule,
        "PreferNoSchedule" => node_taint::Effect::PreferNoSchedule,
        "NoExecute" => node_taint::Effect::NoExecute,
        other => {
            let message = format!("{other:?} is none of NoSchedule, PreferNoSchedule, NoExecute");
            return Err(invalid("taints", message));
        }
    };
    Ok(model::NodeTaint::new().set_key(&taint.key).set_value(&taint.value).set_effect(effect))
}

pub(super) fn channel(channel: ReleaseChannel) -> model::ReleaseChannel {
    use release_channel::Channel;
    model::ReleaseChannel::new().set_channel(match channel {
        ReleaseChannel::Rapid => Channel::Rapid,
        ReleaseChannel::Regular => Channel::Regular,
        ReleaseChannel::Stable => Channel::Stable,
        ReleaseChannel::Extended => Channel::Extended,
        // No channel is what a channel is without a value.
        ReleaseChannel::Unspecified => Channel::default(),
    })
}

/// Where the API answers, and to whom.
pub(super) fn endpoints(spec: &ClusterSpec) -> model::ControlPlaneEndpointsConfig {
    let authorized = model::MasterAuthorizedNetworksConfig::new()
        .set_enabled(spec.authorized_networks.is_some())
        .set_cidr_blocks(spec.authorized_networks.iter().flatten().map(block));
    model::ControlPlaneEndpointsConfig::new().set_ip_endpoints_config(
        IPEndpointsConfig::new()
            .set_enabled(true)
            .set_enable_public_endpoint(spec.public_endpoint)
            .set_authorized_networks_config(authorized),
    )
}

fn block(network: &AuthorizedNetwork) -> CidrBlock {
    CidrBlock::new().set_cidr_block(&network.cidr).set_display_name(&network.name)
}

fn number(field: &str, value: i64) -> Result<i32, Error> {
    i32::try_from(value).map_err(|_| invalid(field, format!("{value} is too large a number")))
}

pub(super) fn invalid(field: &str, message: String) -> Error {
    Error::InvalidSpec { field: Some(field.to_owned()), message }
}
