//! Names: of clusters and their parts, of the owner's marks, and the division of an address block. Pure.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use sha2::{Digest as _, Sha256};

use crate::{ClusterId, Error, OWNER_TAG, PoolId};

/// Label of the owner's mark; labels have no dots.
pub(super) const OWNER: &str = "kubeblocks-io-owner";
/// Label of what has steps left.
pub(super) const UNFINISHED: &str = "kubeblocks-io-unfinished";
/// Label of a cluster whose network is made with it: its address block, spelled [`network_label`].
pub(super) const NETWORK: &str = "kubeblocks-io-network";
/// Label of the pool that a cluster is made with.
pub(super) const POOL: &str = "kubeblocks-io-pool";
/// Value of [`POOL`].
pub(super) const SYSTEM: &str = "system";
/// Secondary ranges of a subnetwork that is made here.
pub(super) const PODS: &str = "pods";
pub(super) const SERVICES: &str = "services";

/// A cluster's project, location and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) project: String,
    pub(super) location: String,
    pub(super) name: String,
}

pub(super) fn cluster_id(project: &str, location: &str, name: &str) -> ClusterId {
    ClusterId(format!("projects/{project}/locations/{location}/clusters/{name}"))
}

/// The parts of `projects/P/locations/L/clusters/C`.
pub(super) fn parse(id: &ClusterId) -> Result<Place, Error> {
    let parts: Vec<&str> = id.0.split('/').collect();
    match parts.as_slice() {
        ["projects", project, "locations" | "zones", location, "clusters", name]
            if [project, location, name].iter().all(|part| !part.is_empty()) =>
        {
            Ok(Place {
                project: (*project).to_owned(),
                location: (*location).to_owned(),
                name: (*name).to_owned(),
            })
        }
        _ => Err(Error::InvalidSpec {
            field: Some("id".to_owned()),
            message: format!("{:?} is no projects/PROJECT/locations/LOCATION/clusters/CLUSTER", id.0),
        }),
    }
}

pub(super) fn pool_path(id: &PoolId) -> String {
    format!("{}/nodePools/{}", id.cluster.0, id.pool)
}

/// How errors and waits call things.
pub(super) fn cluster_words(id: &ClusterId) -> String {
    format!("GKE cluster {:?}", id.0.rsplit('/').next().unwrap_or_default())
}

pub(super) fn pool_words(name: &str) -> String {
    format!("node pool {name:?}")
}

/// The region of a region or a zone.
pub(super) fn region(location: &str) -> &str {
    if is_zone(location) {
        location.rsplit_once('-').map_or(location, |(region, _)| region)
    } else {
        location
    }
}

/// Zones end with one letter, regions with a digit.
pub(super) fn is_zone(location: &str) -> bool {
    location
        .rsplit_once('-')
        .is_some_and(|(_, last)| last.len() == 1 && last.chars().all(char::is_alphabetic))
}

/// The name of the network that is made for a cluster, and of its parts: the same each time, and another one for
/// another owner's cluster of that name.
pub(super) fn network(cluster: &str, owner: &str) -> String {
    let digest = Sha256::digest(owner.as_bytes());
    let short: String = digest.iter().take(4).fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    format!("{cluster}-{short}")
}

/// What the description of a part of the network says; those have no labels.
pub(super) fn description(owner: &str) -> String {
    format!("{OWNER_TAG}={owner}")
}

/// Labels without the marks, and without those that Google adds.
pub(super) fn shown<'a>(
    labels: impl IntoIterator<Item = (&'a String, &'a String)>,
) -> BTreeMap<String, String> {
    labels
        .into_iter()
        .filter(|(key, _)| {
            ![OWNER, UNFINISHED, NETWORK, POOL].contains(&key.as_str()) && !key.starts_with("goog-")
        })
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// `1.34` of `1.34.1-gke.1829001`.
pub(super) fn minor(version: &str) -> String {
    let mut parts = version.splitn(3, '.');
    match (parts.next(), parts.next()) {
        (Some(major), Some(minor)) => format!("{major}.{minor}"),
        _ => version.to_owned(),
    }
}

/// The order of versions; what is no version is the oldest.
pub(super) fn order(version: &str) -> (u64, u64) {
    let mut parts = version.splitn(3, '.').map(|part| part.parse().unwrap_or_default());
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

/// An address block as a label: they have neither dots nor slashes.
pub(super) fn network_label(cidr: &str) -> String {
    cidr.replace('.', "-").replace('/', "_")
}

/// The address block that a label spells, if it does.
pub(super) fn block(label: &str) -> Option<String> {
    let (address, length) = label.split_once('_')?;
    let address: Ipv4Addr = address.replace('-', ".").parse().ok()?;
    let length: u32 = length.parse().ok()?;
    Some(format!("{address}/{length}"))
}

/// The name of a network or subnetwork of the project itself; the whole path of another project's.
pub(super) fn within<'a>(path: &'a str, project: &str) -> &'a str {
    let is_own = path.strip_prefix("projects/").and_then(|rest| rest.split('/').next()) == Some(project);
    if is_own { path.rsplit('/').next().unwrap_or(path) } else { path }
}

/// The blocks of nodes, pods and services within one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Blocks {
    pub(super) nodes: String,
    pub(super) pods: String,
    pub(super) services: String,
}

/// Divides an address block: nodes the first quarter, services a sixteenth after it, pods the upper half.
pub(super) fn divide(cidr: &str) -> Result<Blocks, Error> {
    let wrong =
        |why: &str| Error::InvalidSpec { field: Some("cidr".to_owned()), message: format!("{cidr:?} {why}") };
    let (address, length) =
        cidr.split_once('/').ok_or_else(|| wrong("is no address block like 10.0.0.0/16"))?;
    let address: Ipv4Addr = address.parse().map_err(|_| wrong("is no block of IPv4 addresses"))?;
    let length: u32 = length.parse().map_err(|_| wrong("has no length like /16"))?;
    if !(9..=20).contains(&length) {
        return Err(wrong("must be between /9 and /20 to have room for nodes, pods and services"));
    }
    let (first, size) = (address.to_bits(), 1_u32 << (32 - length));
    if first % size != 0 {
        return Err(wrong("does not begin at its first address"));
    }
    let block = |offset: u32, more: u32| format!("{}/{}", Ipv4Addr::from_bits(first + offset), length + more);
    Ok(Blocks { nodes: block(0, 2), services: block(size / 4, 4), pods: block(size / 2, 1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_and_written() {
        let id = cluster_id("p", "europe-west4", "orders");
        let place = parse(&id).unwrap();
        assert_eq!((place.project.as_str(), place.name.as_str()), ("p", "orders"));
        assert_eq!(cluster_id(&place.project, &place.location, &place.name), id);
        for wrong in ["orders", "projects/p/locations//clusters/c", "projects/p/locations/l/clusters/c/x"] {
            assert!(parse(&ClusterId(wrong.to_owned())).is_err(), "{wrong}");
        }
    }

    #[test]
    fn zones_are_known_from_regions() {
        for (location, is_a_zone, its_region) in [
            ("europe-west4-a", true, "europe-west4"),
            ("europe-west4", false, "europe-west4"),
            ("us-central1-f", true, "us-central1"),
            ("northamerica-northeast2", false, "northamerica-northeast2"),
        ] {
            assert_eq!((is_zone(location), region(location)), (is_a_zone, its_region));
        }
    }

    #[test]
    fn a_block_is_divided_without_overlap() {
        let blocks = divide("10.20.0.0/16").unwrap();
        assert_eq!(blocks.nodes, "10.20.0.0/18");
        assert_eq!(blocks.services, "10.20.64.0/20");
        assert_eq!(blocks.pods, "10.20.128.0/17");
        for wrong in ["10.20.0.0", "10.20.0.0/8", "10.20.0.0/21", "10.20.1.0/16", "fd00::/16"] {
            assert!(divide(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_are_the_same_each_time_and_other_for_another_owner() {
        assert_eq!(network("orders", "a"), network("orders", "a"));
        assert_ne!(network("orders", "a"), network("orders", "b"));
        assert!(network(&"x".repeat(40), "a").len() < 63);
    }

    #[test]
    fn a_block_is_a_label_and_back() {
        assert_eq!(network_label("10.0.0.0/16"), "10-0-0-0_16");
        assert_eq!(block("10-0-0-0_16").as_deref(), Some("10.0.0.0/16"));
        for wrong in ["", "10-0-0-0", "10-0-0_16", "net_16", "10-0-0-0_x"] {
            assert_eq!(block(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_in_the_project_has_a_short_name() {
        for (path, expected) in [
            ("projects/p/global/networks/n", "n"),
            ("projects/p/regions/r/subnetworks/s", "s"),
            ("projects/host/global/networks/n", "projects/host/global/networks/n"),
            ("n", "n"),
        ] {
            assert_eq!(within(path, "p"), expected);
        }
    }

    #[test]
    fn versions_have_an_order() {
        assert_eq!(minor("1.34.1-gke.1829001"), "1.34");
        assert!(order("1.9.3-gke.1") < order("1.34"));
    }
}
