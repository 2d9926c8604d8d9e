//! What GKE shows, and the wish that it is told as.

use super::super::tests::{found, spec, zones};
use super::super::{difference, wish};
use super::*;

fn id() -> ClusterId {
    names::cluster_id("p", "europe-west4", "orders")
}

/// The wish of which [`found`] was made, with what GKE chose where it said nothing.
fn wished() -> ClusterSpec {
    let mut spec = spec();
    spec.zones = zones();
    spec.system_pool.cluster = id();
    spec.system_pool.zones = zones();
    spec.system_pool.version = Some("1.34".to_owned());
    spec
}

#[test]
fn what_was_made_here_is_told_as_it_was_wished() {
    let mut found = found();
    assert_eq!(cluster(&found, &id()), wished());
    if let Some(config) = &mut found.node_pools[0].config {
        config.service_account = "default".to_owned();
        config.image_type = "COS_CONTAINERD".to_owned();
    }
    let mut chosen = wished();
    chosen.system_pool.service_account = Some("default".to_owned());
    chosen.system_pool.image_type = Some("COS_CONTAINERD".to_owned());
    assert_eq!(cluster(&found, &id()), chosen);
}

#[test]
fn what_is_shown_can_be_wished_and_changes_nothing() {
    type Change = fn(&mut model::Cluster);
    let cases: [Change; 7] = [
        |_| {},
        |found| found.release_channel = None,
        |found| found.control_plane_endpoints_config = None,
        |found| found.network_config = None,
        |found| found.resource_labels.clear(),
        |found| {
            let each = model::NodePoolAutoscaling::new();
            let each = each.set_enabled(true).set_min_node_count(1).set_max_node_count(3);
            found.node_pools[0].autoscaling = Some(each);
        },
        |found| found.node_pools[0].config = None,
    ];
    for (index, change) in cases.iter().enumerate() {
        let mut found = found();
        change(&mut found);
        let shown = cluster(&found, &id());
        assert_eq!(difference::cluster(&found, &shown).unwrap(), None, "case {index}: {shown:?}");
    }
}

#[test]
fn a_network_is_known_by_its_mark() {
    let paths = ["projects/p/global/networks/n", "projects/p/regions/europe-west4/subnetworks/s"];
    let existing = |network: &str, subnetwork: &str| Network::Existing {
        network: network.to_owned(),
        subnetwork: subnetwork.to_owned(),
        pods_range: Some("pods".to_owned()),
        services_range: Some("services".to_owned()),
    };
    let shared = paths.map(|path| path.replace("/p/", "/host/"));
    let cases = [
        (paths.map(str::to_owned), None, Network::Made { cidr: "10.0.0.0/16".to_owned() }),
        (paths.map(str::to_owned), Some(names::OWNER), existing("n", "s")),
        (paths.map(str::to_owned), Some(names::NETWORK), existing("n", "s")),
        (shared.clone(), Some(names::NETWORK), existing(&shared[0], &shared[1])),
    ];
    for ([network, subnetwork], lost, expected) in cases {
        let mut found = found();
        let parts = found.network_config.take().unwrap_or_default();
        found.network_config = Some(parts.set_network(network).set_subnetwork(subnetwork));
        if let Some(lost) = lost {
            found.resource_labels.remove(lost);
        }
        assert_eq!(cluster(&found, &id()).network, expected, "without {lost:?}");
    }
    // An existing network of a wish gets no mark.
    let spec = ClusterSpec { network: existing("n", "s"), ..spec() };
    let made = wish::cluster(&spec, "p", "n".to_owned(), "s".to_owned(), &zones()).unwrap();
    assert!(!made.resource_labels.contains_key(names::NETWORK));
}

#[test]
fn ranges_that_gke_makes_were_not_wished() {
    for (range, kind, expected) in [
        ("gke-orders-pods-3f2a1b0c", "-pods-", None),
        ("gke-orders-services-3f2a1b0c", "-services-", None),
        ("", "-pods-", None),
        ("team-pods-1", "-pods-", Some("team-pods-1")),
    ] {
        assert_eq!(given(range, kind).as_deref(), expected, "{range}");
    }
}

#[test]
fn the_doors_of_an_api_are_told_as_they_are() {
    let office = AuthorizedNetwork { cidr: "192.0.2.0/24".to_owned(), name: "office".to_owned() };
    let home = AuthorizedNetwork { cidr: "10.1.0.0/16".to_owned(), name: "home".to_owned() };
    for (is_public, networks) in [
        (true, None),
        (false, Some(Vec::new())),
        // In the order of the cloud.
        (true, Some(vec![office, home])),
    ] {
        let wished = ClusterSpec { public_endpoint: is_public, authorized_networks: networks, ..spec() };
        let mut found = found();
        found.control_plane_endpoints_config = Some(wish::endpoints(&wished));
        let shown = cluster(&found, &id());
        assert_eq!(shown.public_endpoint, wished.public_endpoint);
        assert_eq!(shown.authorized_networks, wished.authorized_networks);
    }
}

#[test]
#[allow(deprecated, reason = "older clusters are described by it")]
fn channels_and_private_nodes_have_several_spellings() {
    let mut found = found();
    for channel in [
        ReleaseChannel::Rapid,
        ReleaseChannel::Regular,
        ReleaseChannel::Stable,
        ReleaseChannel::Extended,
        ReleaseChannel::Unspecified,
    ] {
        found.release_channel = Some(wish::channel(channel));
        assert_eq!(cluster(&found, &id()).release_channel, channel);
    }
    for (is, older, expected) in
        [(Some(true), false, true), (Some(false), true, false), (None, true, true), (None, false, false)]
    {
        let mut network = model::NetworkConfig::new();
        network.default_enable_private_nodes = is;
        found.network_config = Some(network);
        found.private_cluster_config =
            Some(model::PrivateClusterConfig::new().set_enable_private_nodes(older));
        assert_eq!(cluster(&found, &id()).private_nodes, expected, "{is:?} {older}");
    }
}

#[test]
fn a_cluster_without_nodes_is_told_all_the_same() {
    let mut found = found();
    found.node_pools.clear();
    let shown = cluster(&found, &id());
    assert_eq!((shown.system_pool.name.as_str(), shown.system_pool.nodes), ("system", Nodes::default()));
}
