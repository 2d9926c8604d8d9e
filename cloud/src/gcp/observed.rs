//! What GKE shows, in the terms of all clouds. Pure.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use google_cloud_container_v1::model::{self, release_channel};

use super::names;
use super::shown::{self, some};
use super::spec::{ClusterSpec, NodePoolSpec};
use crate::{ClusterId, Observed, ObservedPool, OfferedVersion, Phase};

pub(super) fn cluster(cluster: &model::Cluster, id: &ClusterId) -> Observed<ClusterSpec, NodePoolSpec> {
    let wish = shown::cluster(cluster, id);
    let network = cluster.network_config.as_ref().map(|network| {
        [&network.network, &network.subnetwork].into_iter().filter(|part| !part.is_empty()).cloned().collect()
    });
    let authority = cluster.master_auth.as_ref().map(|auth| auth.cluster_ca_certificate.as_str());
    Observed {
        name: cluster.name.clone(),
        phase: phase(cluster),
        version: names::minor(&cluster.current_master_version),
        platform_version: some(&cluster.current_master_version),
        endpoint: some(&cluster.endpoint).map(|address| format!("https://{address}")),
        ca_certificate: authority.and_then(pem),
        oidc_issuer: cluster
            .workload_identity_config
            .as_ref()
            .map(|_| format!("https://container.googleapis.com/v1/{}", id.0)),
        tags: wish.labels.clone(),
        owner: cluster.resource_labels.get(names::OWNER).cloned(),
        is_unfinished: is_unfinished(&cluster.resource_labels),
        network: network.unwrap_or_default(),
        system_pool: shown::system_pool(cluster).map(|found| pool(found, wish.system_pool.clone())),
        wish,
    }
}

/// Whether the labels carry the mark of what has steps left.
pub(super) fn is_unfinished<S: std::hash::BuildHasher>(
    labels: &std::collections::HashMap<String, String, S>,
) -> bool {
    labels.get(names::UNFINISHED).is_some_and(|value| value == "true")
}

/// A pool as it is told, with the wish for it.
pub(super) fn pool(pool: &model::NodePool, wish: NodePoolSpec) -> ObservedPool<NodePoolSpec> {
    let labels = pool.config.as_ref().map(|config| &config.resource_labels);
    ObservedPool {
        name: wish.name.clone(),
        phase: pool_phase(pool),
        nodes: wish.nodes.clone(),
        version: wish.version.clone(),
        tags: wish.labels.clone(),
        owner: labels.and_then(|labels| labels.get(names::OWNER)).cloned(),
        is_unfinished: labels.is_some_and(is_unfinished),
        wish,
    }
}

/// The reasons that GKE gives for the state of a cluster.
#[allow(deprecated, reason = "GKE still writes its words there, and often only there")]
pub(super) fn reasons(cluster: &model::Cluster) -> Vec<String> {
    let pools = cluster.node_pools.iter().flat_map(pool_reasons);
    std::iter::once(cluster.status_message.clone())
        .chain(cluster.conditions.iter().map(|condition| condition.message.clone()))
        .chain(pools)
        .filter(|reason| !reason.is_empty())
        .collect()
}

#[allow(deprecated, reason = "GKE still writes its words there, and often only there")]
pub(super) fn pool_reasons(pool: &model::NodePool) -> Vec<String> {
    std::iter::once(pool.status_message.clone())
        .chain(pool.conditions.iter().map(|condition| condition.message.clone()))
        .filter(|reason| !reason.is_empty())
        .collect()
}

fn phase(cluster: &model::Cluster) -> Phase {
    use model::cluster::Status;
    match &cluster.status {
        Status::Provisioning => Phase::Creating,
        Status::Running => Phase::Active,
        Status::Stopping => Phase::Deleting,
        Status::Error | Status::Degraded => Phase::Failed(told(&cluster.status, reasons(cluster))),
        _ => Phase::Updating,
    }
}

fn pool_phase(pool: &model::NodePool) -> Phase {
    use model::node_pool::Status;
    match &pool.status {
        Status::Provisioning => Phase::Creating,
        Status::Running => Phase::Active,
        Status::Stopping => Phase::Deleting,
        Status::Error | Status::RunningWithError => Phase::Failed(told(&pool.status, pool_reasons(pool))),
        _ => Phase::Updating,
    }
}

fn told(status: &impl std::fmt::Debug, mut reasons: Vec<String>) -> String {
    reasons.dedup();
    if reasons.is_empty() { format!("{status:?}").to_uppercase() } else { reasons.join("; ") }
}

/// The minor versions that a place offers. A preview is one that only the rapid channel has; one in paid support is in
/// none but the extended channel.
pub(super) fn versions(config: &model::ServerConfig) -> Vec<OfferedVersion> {
    use release_channel::Channel;
    let channel = |wanted: &Channel| config.channels.iter().find(|channel| channel.channel == *wanted);
    let of = |wanted: &Channel| -> BTreeSet<String> {
        channel(wanted)
            .into_iter()
            .flat_map(|found| &found.valid_versions)
            .map(|full| names::minor(full))
            .collect()
    };
    let standard: BTreeSet<String> = of(&Channel::Regular).into_iter().chain(of(&Channel::Stable)).collect();
    let default = channel(&Channel::Regular)
        .map_or(config.default_cluster_version.as_str(), |channel| channel.default_version.as_str());
    let default = names::minor(default);
    let all: BTreeMap<(u64, u64), String> = config
        .valid_master_versions
        .iter()
        .chain(config.channels.iter().flat_map(|channel| &channel.valid_versions))
        .map(|full| (names::order(full), names::minor(full)))
        .collect();
    all.into_values()
        .map(|version| OfferedVersion {
            is_default: version == default,
            is_standard: standard.contains(&version),
            version,
        })
        .collect()
}

/// GKE gives the authority as base64 of its PEM.
fn pem(encoded: &str) -> Option<String> {
    let decoded = BASE64_STANDARD.decode(encoded).ok()?;
    String::from_utf8(decoded).ok().filter(|text| text.contains("BEGIN CERTIFICATE"))
}
