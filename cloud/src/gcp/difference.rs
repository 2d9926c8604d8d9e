//! What is to be changed next, to come from what is there to what is wished. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use google_cloud_container_v1::model;

use super::spec::{AuthorizedNetwork, ClusterSpec, NodePoolSpec};
use super::{names, shown, wish};
use crate::{Error, Taint};

/// One operation of GKE on a cluster.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// `UpdateCluster`, which changes one thing at a time.
    Cluster(Box<model::ClusterUpdate>),
    /// All labels of the cluster, with the marks.
    Labels(HashMap<String, String>),
    /// On the pool that it was made with.
    Pool(PoolStep),
}

/// One operation of GKE on a pool.
#[derive(Debug, PartialEq)]
pub(super) enum PoolStep {
    /// `UpdateNodePool`, which changes one thing at a time.
    Update(Box<model::UpdateNodePoolRequest>),
    Autoscaling(model::NodePoolAutoscaling),
    /// Nodes in each zone.
    Size(i32),
}

/// The next step for a cluster; the control plane goes before its nodes.
pub(super) fn cluster(found: &model::Cluster, spec: &ClusterSpec) -> Result<Option<Step>, Error> {
    let update = |update: model::ClusterUpdate| Ok(Some(Step::Cluster(Box::new(update))));
    let network = found.network_config.as_ref();
    if let Some(is) = network.and_then(|network| network.default_enable_private_nodes)
        && is != spec.private_nodes
    {
        let message = format!("it is {is} and is not changed in place; make another cluster");
        return Err(wish::invalid("private_nodes", message));
    }
    if let Some(version) = upgrade("version", spec.version.as_deref(), &found.current_master_version)? {
        return update(model::ClusterUpdate::new().set_desired_master_version(version));
    }
    let channel = wish::channel(spec.release_channel);
    if found.release_channel.clone().unwrap_or_default() != channel {
        return update(model::ClusterUpdate::new().set_desired_release_channel(channel));
    }
    if access(found) != (spec.public_endpoint, spec.authorized_networks.clone().map(BTreeSet::from_iter)) {
        return update(
            model::ClusterUpdate::new().set_desired_control_plane_endpoints_config(wish::endpoints(spec)),
        );
    }
    if names::shown(&found.resource_labels) != spec.labels {
        return Ok(Some(Step::Labels(with_kept(&found.resource_labels, &spec.labels))));
    }
    let name = &spec.system_pool.name;
    let pool_found = found.node_pools.iter().find(|pool| pool.name == *name);
    let pool_found = pool_found.ok_or_else(|| Error::NotFound { what: names::pool_words(name) })?;
    Ok(pool(pool_found, &spec.system_pool, &found.current_master_version)?.map(Step::Pool))
}

/// The next step for a pool of a cluster whose control plane has the version `master`.
pub(super) fn pool(
    found: &model::NodePool,
    spec: &NodePoolSpec,
    master: &str,
) -> Result<Option<PoolStep>, Error> {
    let config = found.config.clone().unwrap_or_default();
    fixed(&config, spec)?;
    let update = |update: model::UpdateNodePoolRequest| Ok(Some(PoolStep::Update(Box::new(update))));
    // Without a wish, nodes follow the control plane, which is never behind them.
    let wished = spec.version.clone().unwrap_or_else(|| names::minor(master));
    if let Some(version) = upgrade("version", Some(&wished), &found.version)? {
        let version = if names::minor(&version) == version && version == names::minor(master) {
            master.to_owned()
        } else {
            version
        };
        return update(model::UpdateNodePoolRequest::new().set_node_version(version));
    }
    let labels: BTreeMap<String, String> = config.labels.clone().into_iter().collect();
    if labels != spec.nodes.labels {
        let labels = model::NodeLabels::new().set_labels(spec.nodes.labels.clone());
        return update(model::UpdateNodePoolRequest::new().set_labels(labels));
    }
    let taints: BTreeSet<Taint> = config.taints.iter().map(shown::taint).collect();
    if taints != spec.nodes.taints.iter().cloned().collect() {
        let wished = spec.nodes.taints.iter().map(wish::taint).collect::<Result<Vec<_>, _>>()?;
        return update(
            model::UpdateNodePoolRequest::new().set_taints(model::NodeTaints::new().set_taints(wished)),
        );
    }
    if names::shown(&config.resource_labels) != spec.labels {
        let labels = with_kept(&config.resource_labels, &spec.labels);
        return update(
            model::UpdateNodePoolRequest::new()
                .set_resource_labels(model::ResourceLabels::new().set_labels(labels)),
        );
    }
    let zones = i64::try_from(found.locations.len()).unwrap_or(1).max(1);
    let scaling = found.autoscaling.as_ref().filter(|scaling| scaling.enabled);
    if scaling.map(|scaling| shown::limits(scaling, zones)) != spec.nodes.autoscaling {
        return Ok(Some(PoolStep::Autoscaling(wish::autoscaling(&spec.nodes)?)));
    }
    if spec.nodes.autoscaling.is_none() && spec.nodes.size.is_some() {
        let wished = wish::for_each_zone(&spec.nodes, &found.locations)?;
        if wished != found.initial_node_count {
            return Ok(Some(PoolStep::Size(wished)));
        }
    }
    Ok(None)
}

/// The wished version when it is newer than what is there. GKE goes no way back.
fn upgrade(field: &str, wished: Option<&str>, actual: &str) -> Result<Option<String>, Error> {
    let Some(wished) = wished else { return Ok(None) };
    let is_whole = wished.contains("-gke.");
    if wished == actual || (!is_whole && names::minor(wished) == names::minor(actual)) {
        return Ok(None);
    }
    if names::order(wished) < names::order(actual) {
        return Err(wish::invalid(
            field,
            format!(
                "it runs {actual}, and GKE does not go back to {wished}; wish for {}",
                names::minor(actual)
            ),
        ));
    }
    Ok(Some(wished.to_owned()))
}

/// Refuses what GKE would make a new pool for.
fn fixed(config: &model::NodeConfig, spec: &NodePoolSpec) -> Result<(), Error> {
    let refused = |field: &str, is: &str, wished: &str| {
        let message = format!("it is {is} and is not changed to {wished} in place; make another pool");
        Err(wish::invalid(field, message))
    };
    match spec.nodes.machine_types.first() {
        Some(wished) if *wished != config.machine_type => {
            return refused("machine_types", &config.machine_type, wished);
        }
        _ => {}
    }
    match spec.nodes.disk_size_gib {
        Some(wished) if wished != i64::from(config.disk_size_gb) => {
            refused("disk_size_gib", &config.disk_size_gb.to_string(), &wished.to_string())
        }
        _ => Ok(()),
    }
}

/// Whether the API answers on the internet, and to whom, in any order.
fn access(found: &model::Cluster) -> (bool, Option<BTreeSet<AuthorizedNetwork>>) {
    (shown::is_public(found), shown::authorized_networks(found).map(BTreeSet::from_iter))
}

/// The wished labels, with the marks and Google's own that are there.
fn with_kept(found: &HashMap<String, String>, wished: &BTreeMap<String, String>) -> HashMap<String, String> {
    let shown = names::shown(found);
    let kept = found.iter().filter(|(key, _)| !shown.contains_key(*key));
    kept.chain(wished).map(|(key, value)| (key.clone(), value.clone())).collect()
}
