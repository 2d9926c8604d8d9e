//! A cluster as it is wished, as it is to change, and as it is seen. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::ids::Place;
use super::kubeconfig::Access;
use super::model::{
    AccessProfile, ClusterProperties, EntraProfile, Identity, ManagedCluster, OidcIssuer, Pool, Sku, Tags,
};
use super::spec::{ClusterSpec, Network, NodePoolSpec};
use super::{Seen, ids, marks, pool, shown, version};
use crate::{ClusterId, Error, Phase};

/// Address blocks of Services and of Pods; of each, the first that the network of the nodes does not overlap.
const SERVICES: [(&str, &str); 3] =
    [("10.0.0.0/16", "10.0.0.10"), ("172.30.0.0/16", "172.30.0.10"), ("192.168.0.0/16", "192.168.0.10")];
const PODS: [&str; 3] = ["10.244.0.0/16", "172.29.0.0/16", "100.64.0.0/16"];

/// Refuses what AKS could only refuse later on.
pub(super) fn check(spec: &ClusterSpec) -> Result<(), Error> {
    let refused = |field: &str, message: &str| {
        Err(Error::InvalidSpec { field: Some(field.to_owned()), message: message.to_owned() })
    };
    if spec.disable_local_accounts && spec.admin_group_object_ids.is_empty() {
        return refused(
            "admin_group_object_ids",
            "without local accounts, only members of a group of Entra get in; name at least one",
        );
    }
    if spec.private_cluster && !spec.authorized_ip_ranges.is_empty() {
        return refused("authorized_ip_ranges", "a private cluster does not answer on the internet at all");
    }
    if let Network::Made { cidr } = &spec.network
        && block(cidr).is_none()
    {
        return refused("cidr", "the network's address block is none of IPv4, such as 10.1.0.0/16");
    }
    if let Network::Existing { subnet_id } = &spec.network
        && ids::network_of(subnet_id).is_none()
    {
        return refused("subnet_id", "it is no id of a subnet, .../virtualNetworks/NETWORK/subnets/SUBNET");
    }
    pool::check(&spec.system_pool)
}

/// A new cluster. `identity` is the id of the one that it gets, and `subnet` that of its nodes, where these are ours.
pub(super) fn wished(
    spec: &ClusterSpec,
    identity: Option<&str>,
    subnet: Option<&str>,
    is_unfinished: bool,
) -> ManagedCluster {
    let identity = match identity {
        None => Identity { kind: Some("SystemAssigned".to_owned()), ..Identity::default() },
        Some(id) => Identity {
            kind: Some("UserAssigned".to_owned()),
            user_assigned_identities: Some(BTreeMap::from([(id.to_owned(), json!({}))])),
            ..Identity::default()
        },
    };
    let access = (spec.private_cluster || !spec.authorized_ip_ranges.is_empty()).then(|| AccessProfile {
        authorized_ip_ranges: (!spec.authorized_ip_ranges.is_empty())
            .then(|| spec.authorized_ip_ranges.clone()),
        enable_private_cluster: spec.private_cluster.then_some(true),
        ..AccessProfile::default()
    });
    // By the cluster's mark its first pool is told from later ones for the system.
    let system = NodePoolSpec { owner: spec.owner.clone(), ..spec.system_pool.clone() };
    ManagedCluster {
        location: Some(spec.location.clone()),
        tags: Some(tags(spec, is_unfinished)),
        identity: Some(identity),
        sku: spec.sku_tier.clone().map(|tier| Sku {
            name: Some("Base".to_owned()),
            tier: Some(tier),
            ..Sku::default()
        }),
        properties: ClusterProperties {
            kubernetes_version: spec.version.clone(),
            dns_prefix: Some(dns_prefix(&spec.name)),
            agent_pool_profiles: Some(vec![pool::wished(&system, subnet, false)]),
            oidc_issuer_profile: Some(OidcIssuer { enabled: Some(true), ..OidcIssuer::default() }),
            security_profile: Some(json!({"workloadIdentity": {"enabled": true}})),
            network_profile: Some(network(&spec.network)),
            aad_profile: entra(spec),
            api_server_access_profile: access,
            disable_local_accounts: Some(spec.disable_local_accounts),
            ..ClusterProperties::default()
        },
        ..ManagedCluster::default()
    }
}

/// The cluster as it is to be, when that is another one than it is; its version and its pools are other steps.
pub(super) fn changed(current: &ManagedCluster, spec: &ClusterSpec) -> Option<ManagedCluster> {
    let mut next = current.clone();
    let tags = current.tags.as_ref();
    if marks::unmarked(tags) != spec.tags {
        next.tags = Some(marks::retagged(tags, &spec.tags));
    }
    let tier = spec.sku_tier.as_deref().unwrap_or(shown::USUAL_TIER);
    let running_tier = current.sku.as_ref().and_then(|sku| sku.tier.as_deref());
    if !running_tier.unwrap_or(shown::USUAL_TIER).eq_ignore_ascii_case(tier) {
        next.sku.get_or_insert_default().tier = Some(tier.to_owned());
    }
    let access = current.properties.api_server_access_profile.as_ref();
    let ranges = access.and_then(|access| access.authorized_ip_ranges.as_deref()).unwrap_or_default();
    if hosts(ranges) != hosts(&spec.authorized_ip_ranges) {
        let access = next.properties.api_server_access_profile.get_or_insert_default();
        access.authorized_ip_ranges = Some(spec.authorized_ip_ranges.clone());
    }
    let groups =
        current.properties.aad_profile.as_ref().and_then(|entra| entra.admin_group_object_ids.as_ref());
    let wished_groups: BTreeSet<&String> = spec.admin_group_object_ids.iter().collect();
    if groups.into_iter().flatten().collect::<BTreeSet<_>>() != wished_groups {
        let profile = next.properties.aad_profile.get_or_insert_default();
        profile.managed = Some(true);
        profile.admin_group_object_ids = Some(spec.admin_group_object_ids.clone());
    }
    if current.properties.disable_local_accounts.unwrap_or_default() != spec.disable_local_accounts {
        next.properties.disable_local_accounts = Some(spec.disable_local_accounts);
    }
    (next != *current).then_some(next)
}

/// The cluster without the mark of what is unfinished.
pub(super) fn finished(current: &ManagedCluster) -> ManagedCluster {
    ManagedCluster { tags: Some(marks::finished(current.tags.as_ref())), ..current.clone() }
}

/// What is known of the cluster at a place. `access` is there once its API is.
pub(super) fn observed(
    place: &Place,
    cluster: &ManagedCluster,
    access: Option<Access>,
    phase: Phase,
) -> Seen {
    let properties = &cluster.properties;
    let running = running(cluster);
    let (endpoint, ca_certificate) = access.map(|access| (access.endpoint, access.ca_certificate)).unzip();
    let system = system_pool(cluster);
    let wish = shown::cluster(place, cluster);
    Seen {
        name: wish.name.clone(),
        phase,
        version: running.map(version::minor).unwrap_or_default(),
        platform_version: properties.current_kubernetes_version.clone(),
        endpoint,
        ca_certificate,
        oidc_issuer: properties.oidc_issuer_profile.as_ref().and_then(|issuer| issuer.issuer_url.clone()),
        tags: wish.tags.clone(),
        owner: marks::owner(cluster.tags.as_ref()).map(str::to_owned),
        is_unfinished: marks::is_unfinished(cluster.tags.as_ref()),
        network: network_ids(cluster),
        system_pool: system.map(|pool| {
            let name = pool.name.as_deref().unwrap_or_default();
            pool::observed(&ClusterId(place.cluster()), pool, name)
        }),
        wish,
    }
}

/// How far a cluster is; one whose pool changes is not at rest.
pub(super) fn phase(cluster: &ManagedCluster) -> Phase {
    let properties = &cluster.properties;
    let own = pool::phase(properties.provisioning_state.as_deref(), properties.status.as_ref());
    if own == Phase::Active && busy_pool(cluster).is_some() {
        return Phase::Updating;
    }
    own
}

/// A pool that AKS is at work on.
pub(super) fn busy_pool(cluster: &ManagedCluster) -> Option<&Pool> {
    let pools = cluster.properties.agent_pool_profiles.iter().flatten();
    pools.into_iter().find(|pool| {
        let state = pool.provisioning_state.as_deref();
        matches!(pool::phase(state, None), Phase::Creating | Phase::Updating | Phase::Deleting)
    })
}

/// The version that the control plane runs.
pub(super) fn running(cluster: &ManagedCluster) -> Option<&str> {
    let properties = &cluster.properties;
    properties.current_kubernetes_version.as_deref().or(properties.kubernetes_version.as_deref())
}

/// The pool that the cluster was made with: of the pools for the system, the one with the cluster's own mark.
pub(super) fn system_pool(cluster: &ManagedCluster) -> Option<&Pool> {
    let owner = marks::owner(cluster.tags.as_ref());
    let pools = cluster.properties.agent_pool_profiles.iter().flatten();
    let systems: Vec<&Pool> = pools.filter(|pool| pool::is_system(pool)).collect();
    let ours = systems.iter().find(|pool| owner.is_some() && marks::owner(pool.tags.as_ref()) == owner);
    ours.or(systems.first()).copied()
}

/// Tags of a new cluster. That its network is made with it, only it tells.
fn tags(spec: &ClusterSpec, is_unfinished: bool) -> Tags {
    let mut tags = marks::marked(&spec.tags, &spec.owner, is_unfinished);
    if let Network::Made { cidr } = &spec.network {
        tags.insert(marks::NETWORK_TAG.to_owned(), cidr.clone());
    }
    tags
}

fn entra(spec: &ClusterSpec) -> Option<EntraProfile> {
    (!spec.admin_group_object_ids.is_empty()).then(|| EntraProfile {
        managed: Some(true),
        admin_group_object_ids: Some(spec.admin_group_object_ids.clone()),
        ..EntraProfile::default()
    })
}

fn network(network: &Network) -> Value {
    let nodes = match network {
        Network::Made { cidr } => block(cidr),
        Network::Managed | Network::Existing { .. } => None,
    };
    let is_free =
        |text: &str| nodes.is_none_or(|nodes| block(text).is_none_or(|other| !overlap(nodes, other)));
    let (services, dns) = SERVICES.into_iter().find(|(text, _)| is_free(text)).unwrap_or(SERVICES[0]);
    let pods = PODS.into_iter().find(|text| is_free(text)).unwrap_or(PODS[0]);
    json!({
        "networkPlugin": "azure",
        "networkPluginMode": "overlay",
        "loadBalancerSku": "standard",
        "serviceCidr": services,
        "dnsServiceIP": dns,
        "podCidr": pods,
    })
}

/// Address and mask of an IPv4 block.
fn block(text: &str) -> Option<(u32, u32)> {
    let (address, length) = text.split_once('/')?;
    let address: std::net::Ipv4Addr = address.parse().ok()?;
    let length: u32 = length.parse().ok().filter(|length| *length <= 32)?;
    let mask = u32::MAX.checked_shl(32 - length).unwrap_or_default();
    Some((u32::from(address) & mask, mask))
}

fn overlap((first, first_mask): (u32, u32), (second, second_mask): (u32, u32)) -> bool {
    let mask = first_mask & second_mask;
    first & mask == second & mask
}

/// Ranges in one spelling: Azure shows a single address with its length.
fn hosts(ranges: &[String]) -> BTreeSet<&str> {
    ranges.iter().map(|range| range.trim_end_matches("/32")).collect()
}

/// The network and the subnets of the pools, each once.
fn network_ids(cluster: &ManagedCluster) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let pools = cluster.properties.agent_pool_profiles.iter().flatten();
    for subnet in pools.filter_map(|pool| pool.vnet_subnet_id.as_deref()) {
        for id in ids::network_of(subnet).into_iter().chain([subnet]) {
            if !found.iter().any(|known| known.eq_ignore_ascii_case(id)) {
                found.push(id.to_owned());
            }
        }
    }
    found
}

/// What begins the host name of the API: letters, digits and hyphens, which begins and ends with none of these.
fn dns_prefix(name: &str) -> String {
    let text: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(54).collect();
    text.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests;
