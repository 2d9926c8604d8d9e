//! Tests without a cloud: what is wished, what is seen, and what lies between.

use std::collections::{BTreeMap, HashMap};

use google_cloud_container_v1::model;
use google_cloud_container_v1::model::release_channel::Channel;
use google_cloud_container_v1::model::server_config::ReleaseChannelConfig;

use super::difference::{PoolStep, Step};
use super::*;
use crate::{Nodes, Phase, Taint};

pub(super) fn pool_spec(size: i64) -> NodePoolSpec {
    NodePoolSpec {
        cluster: names::cluster_id("p", "europe-west4", "orders"),
        name: "system".to_owned(),
        owner: "owner-1".to_owned(),
        nodes: Nodes {
            machine_types: vec!["e2-standard-4".to_owned()],
            disk_size_gib: Some(50),
            size: Some(size),
            labels: BTreeMap::from([("role".to_owned(), "db".to_owned())]),
            taints: vec![Taint {
                key: "db".to_owned(),
                value: "yes".to_owned(),
                effect: "NoExecute".to_owned(),
            }],
            ..Nodes::default()
        },
        zones: Vec::new(),
        disk_type: Some("pd-ssd".to_owned()),
        image_type: None,
        service_account: None,
        version: None,
        labels: BTreeMap::from([("cost".to_owned(), "17".to_owned())]),
    }
}

pub(super) fn spec() -> ClusterSpec {
    ClusterSpec {
        name: "orders".to_owned(),
        owner: "owner-1".to_owned(),
        location: "europe-west4".to_owned(),
        zones: Vec::new(),
        version: Some("1.34".to_owned()),
        release_channel: ReleaseChannel::Stable,
        network: Network::Made { cidr: "10.0.0.0/16".to_owned() },
        private_nodes: true,
        public_endpoint: true,
        authorized_networks: Some(vec![AuthorizedNetwork {
            cidr: "192.0.2.0/24".to_owned(),
            name: "office".to_owned(),
        }]),
        system_pool: pool_spec(6),
        labels: BTreeMap::from([("team".to_owned(), "data".to_owned())]),
    }
}

pub(super) fn zones() -> Vec<String> {
    ["a", "b", "c"].map(|letter| format!("europe-west4-{letter}")).to_vec()
}

/// The cluster of `spec` as GKE shows it when it is made.
pub(super) fn found() -> Box<model::Cluster> {
    let mut cluster = wish::cluster(&spec(), "p", "n".to_owned(), "s".to_owned(), &zones()).unwrap();
    cluster.current_master_version = "1.34.1-gke.1829001".to_owned();
    cluster.status = model::cluster::Status::Running;
    cluster.resource_labels.insert("goog-fleet".to_owned(), "x".to_owned());
    for pool in &mut cluster.node_pools {
        pool.version = "1.34.1-gke.1829001".to_owned();
        pool.status = model::node_pool::Status::Running;
    }
    cluster
}

#[test]
fn sizes_are_those_of_the_whole_pool() {
    let one_zone = &zones()[..1];
    let nodes = |size, autoscaling| Nodes { size, autoscaling, ..Nodes::default() };
    for (nodes, zones, expected) in [
        (nodes(Some(6), None), zones(), Some(2)),
        (nodes(None, None), zones(), Some(1)),
        (nodes(Some(4), None), zones(), None),
        (nodes(Some(4), None), one_zone.to_vec(), Some(4)),
        (nodes(Some(4), Some((3, 9))), zones(), Some(2)),
        (nodes(None, Some((3, 9))), zones(), Some(1)),
        (nodes(Some(1 << 40), None), one_zone.to_vec(), None),
    ] {
        assert_eq!(wish::for_each_zone(&nodes, &zones).ok(), expected, "{nodes:?}");
    }
}

#[test]
fn a_new_cluster_carries_its_marks_and_is_seen_as_it_was_wished() {
    let cluster = found();
    let id = names::cluster_id("p", "europe-west4", "orders");
    let seen = observed::cluster(&cluster, &id);
    assert_eq!(seen.owner.as_deref(), Some("owner-1"));
    assert!(seen.is_unfinished);
    assert_eq!(seen.tags, spec().labels);
    assert_eq!((seen.version.as_str(), seen.phase), ("1.34", Phase::Active));
    let pool = seen.system_pool.unwrap();
    assert_eq!((pool.nodes.size, pool.nodes.disk_size_gib), (Some(6), Some(50)));
    assert_eq!(pool.nodes.labels, spec().system_pool.nodes.labels);
    assert_eq!(pool.nodes.taints, spec().system_pool.nodes.taints);
    assert_eq!(pool.tags, spec().system_pool.labels);
    assert!(!pool.is_unfinished);
}

#[test]
fn what_gke_cannot_have_is_refused_before_it_is_asked() {
    let mut many = pool_spec(3);
    many.nodes.machine_types.push("n2-standard-4".to_owned());
    let mut effect = pool_spec(3);
    effect.nodes.taints[0].effect = "Never".to_owned();
    for (wrong, expected) in [(many, "machine_types"), (effect, "taints"), (pool_spec(5), "size")] {
        let refused = wish::pool(&wrong, &zones());
        assert!(
            matches!(&refused, Err(Error::InvalidSpec { field: Some(field), .. }) if field == expected),
            "{refused:?}"
        );
    }
}

/// A name of a step.
fn step(found: &model::Cluster, spec: &ClusterSpec) -> &'static str {
    let pool = |step: PoolStep| match step {
        PoolStep::Update(update) if !update.node_version.is_empty() => "pool version",
        PoolStep::Update(update) if update.labels.is_some() => "pool labels",
        PoolStep::Update(update) if update.taints.is_some() => "pool taints",
        PoolStep::Update(update) if update.resource_labels.is_some() => "pool tags",
        PoolStep::Update(_) => "nothing known",
        PoolStep::Autoscaling(_) => "autoscaling",
        PoolStep::Size(_) => "size",
    };
    match difference::cluster(found, spec) {
        Ok(None) => "none",
        Ok(Some(Step::Labels(_))) => "labels",
        Ok(Some(Step::Pool(step))) => pool(step),
        Ok(Some(Step::Cluster(update))) if !update.desired_master_version.is_empty() => "version",
        Ok(Some(Step::Cluster(update))) if update.desired_release_channel.is_some() => "channel",
        Ok(Some(Step::Cluster(_))) => "access",
        Err(Error::InvalidSpec { .. }) => "refused",
        Err(_) => "failed",
    }
}

#[test]
fn each_change_is_a_step_of_its_own() {
    type Change = fn(&mut ClusterSpec);
    let cases: [(&str, Change); 19] = [
        ("none", |_| {}),
        ("none", |spec| spec.version = None),
        ("none", |spec| spec.version = Some("1.34.1-gke.1829001".to_owned())),
        ("version", |spec| spec.version = Some("1.35".to_owned())),
        ("refused", |spec| spec.version = Some("1.33".to_owned())),
        ("refused", |spec| spec.private_nodes = false),
        ("channel", |spec| spec.release_channel = ReleaseChannel::Rapid),
        ("access", |spec| spec.authorized_networks = None),
        ("access", |spec| spec.public_endpoint = false),
        ("labels", |spec| spec.labels.clear()),
        ("pool version", |spec| spec.system_pool.version = Some("1.34.9-gke.1".to_owned())),
        ("pool labels", |spec| spec.system_pool.nodes.labels.clear()),
        ("pool taints", |spec| spec.system_pool.nodes.taints.clear()),
        ("pool tags", |spec| spec.system_pool.labels.clear()),
        ("autoscaling", |spec| spec.system_pool.nodes.autoscaling = Some((3, 9))),
        ("size", |spec| spec.system_pool.nodes.size = Some(9)),
        ("refused", |spec| spec.system_pool.nodes.size = Some(7)),
        ("refused", |spec| spec.system_pool.nodes.machine_types = vec!["n2-standard-4".to_owned()]),
        ("refused", |spec| spec.system_pool.nodes.disk_size_gib = Some(60)),
    ];
    for (index, (expected, change)) in cases.iter().enumerate() {
        let mut wished = spec();
        change(&mut wished);
        assert_eq!(step(&found(), &wished), *expected, "case {index}");
    }
}

#[test]
fn nodes_follow_their_control_plane_and_an_autoscaler_is_left_alone() {
    let mut cluster = found();
    cluster.node_pools[0].version = "1.33.5-gke.1308000".to_owned();
    let Ok(Some(Step::Pool(PoolStep::Update(update)))) = difference::cluster(&cluster, &spec()) else {
        panic!("the pool must be upgraded");
    };
    assert_eq!(update.node_version, "1.34.1-gke.1829001");

    let mut cluster = found();
    let mut wished = spec();
    wished.system_pool.nodes.autoscaling = Some((3, 9));
    cluster.node_pools[0].autoscaling = Some(wish::autoscaling(&wished.system_pool.nodes).unwrap());
    cluster.node_pools[0].initial_node_count = 3;
    assert_eq!(step(&cluster, &wished), "none");
    // Limits for each zone, as of a pool from elsewhere, are the same ones.
    let each =
        model::NodePoolAutoscaling::new().set_enabled(true).set_min_node_count(1).set_max_node_count(3);
    cluster.node_pools[0].autoscaling = Some(each);
    assert_eq!(step(&cluster, &wished), "none");
}

#[test]
fn labels_that_are_not_the_users_survive_a_change() {
    let mut wished = spec();
    wished.labels = BTreeMap::from([("team".to_owned(), "shop".to_owned())]);
    let Ok(Some(Step::Labels(labels))) = difference::cluster(&found(), &wished) else { panic!("labels") };
    let expected = [
        ("team", "shop"),
        (names::OWNER, "owner-1"),
        (names::UNFINISHED, "true"),
        (names::NETWORK, "10-0-0-0_16"),
        ("goog-fleet", "x"),
    ];
    let expected: HashMap<String, String> =
        expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    assert_eq!(labels, expected);
}

#[test]
fn a_preview_and_paid_support_are_not_the_standard() {
    let channel = |channel: Channel, default: &str, versions: &[&str]| {
        ReleaseChannelConfig::new()
            .set_channel(channel)
            .set_default_version(default)
            .set_valid_versions(versions.iter().copied())
    };
    let config = model::ServerConfig::new()
        .set_default_cluster_version("1.33.5-gke.1")
        .set_valid_master_versions(["1.35.0-gke.1", "1.34.1-gke.1", "1.33.5-gke.1"])
        .set_channels([
            channel(Channel::Rapid, "1.35.0-gke.1", &["1.35.0-gke.1", "1.34.1-gke.1"]),
            channel(Channel::Regular, "1.34.1-gke.1", &["1.34.1-gke.1", "1.33.5-gke.1"]),
            channel(Channel::Extended, "1.34.1-gke.1", &["1.34.1-gke.1", "1.9.9-gke.1"]),
        ]);
    let offered: Vec<(String, bool, bool)> = observed::versions(&config)
        .into_iter()
        .map(|version| (version.version, version.is_default, version.is_standard))
        .collect();
    let expected =
        [("1.9", false, false), ("1.33", false, true), ("1.34", true, true), ("1.35", false, false)];
    assert_eq!(offered, expected.map(|(version, default, standard)| (version.to_owned(), default, standard)));
}

#[test]
fn states_are_phases_with_their_reasons() {
    use model::cluster::Status;
    let mut cluster = found();
    let id = names::cluster_id("p", "l", "c");
    for (status, phase) in [
        (Status::Provisioning, Phase::Creating),
        (Status::Reconciling, Phase::Updating),
        (Status::Stopping, Phase::Deleting),
        (Status::Error, Phase::Failed("no machines; no luck".to_owned())),
        (Status::Degraded, Phase::Failed("no machines; no luck".to_owned())),
    ] {
        cluster.status = status;
        cluster.conditions = ["no machines", "no luck"]
            .map(|message| model::StatusCondition::new().set_message(message))
            .to_vec();
        assert_eq!(observed::cluster(&cluster, &id).phase, phase);
    }
}

#[tokio::test]
async fn nothing_secret_is_shown_and_a_given_token_is_taken_as_it_is() {
    // Fails only when one was set before, which then serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = Config {
        project: Some("p".to_owned()),
        access_token: Some(Secret("marker-1".to_owned())),
        ..Config::default()
    };
    let cloud = connect_in(&config, &|_| None).await.unwrap();
    let id = cloud.cluster_id("europe-west4", "orders");
    let credentials = cloud.credentials(&id).await.unwrap();
    assert!(matches!(&credentials.proof, Proof::Token(token) if token == "marker-1"));
    let shown = format!("{cloud:?} {credentials:?}");
    assert!(!shown.contains("marker"), "{shown}");
}

#[test]
fn a_key_that_cannot_be_used_is_refused_without_showing_it() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = http::client("test").unwrap();
    for (json, expected) in [
        (serde_json::json!({ "type": "service_account", "private_key": "marker-1" }), "lacks a field"),
        (serde_json::json!({ "type": "magic" }), "none that is known"),
    ] {
        let source = config::Source { kind: config::SourceKind::Json(json), impersonate: None };
        let refused = token::Tokens::new(source, client.clone(), Retry::default()).unwrap_err();
        let told = refused.to_string();
        assert!(told.contains(expected) && !told.contains("marker"), "{told}");
    }
}
