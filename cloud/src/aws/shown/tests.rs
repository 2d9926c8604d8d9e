//! What EKS shows, and the wish that it is told as.

use std::collections::BTreeMap;

use aws_sdk_eks::types::builders::{ClusterBuilder, NodegroupBuilder};
use aws_sdk_eks::types::{
    LogSetup, LogType, Logging, NodegroupScalingConfig, Taint as EksTaint, VpcConfigResponse,
};

use super::*;

const REGION: &str = "eu-central-1";
const OWNER: &str = "owner-1";

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// What is there of a cluster whose roles and network were made with it.
fn of_ours() -> ClusterBuilder {
    let place = VpcConfigResponse::builder()
        .endpoint_public_access(true)
        .endpoint_private_access(true)
        .public_access_cidrs(EVERYBODY)
        .set_subnet_ids(Some(texts(&["subnet-1", "subnet-2"])));
    let logs = LogSetup::builder().enabled(true).types(LogType::Api).types(LogType::Audit).build();
    let off = LogSetup::builder().enabled(false).types(LogType::Scheduler).build();
    Cluster::builder()
        .name("orders")
        .version("1.34")
        .role_arn(role("cluster"))
        .resources_vpc_config(place.build())
        .logging(Logging::builder().cluster_logging(logs).cluster_logging(off).build())
        .tags("team", "data")
        .tags(OWNER_TAG, OWNER)
        .tags(NETWORK_TAG, "10.0.0.0/16 eu-central-1a eu-central-1b")
        .tags(SYSTEM_TAG, "system")
}

/// ARN of a role that is made for the cluster.
fn role(suffix: &str) -> String {
    let all = [CLUSTER_ROLE, NODE_ROLE];
    let [cluster, node] = all.map(|role| role.name(OWNER, REGION, "orders"));
    let name = if suffix == "cluster" { cluster } else { node };
    format!("arn:aws:iam::123456789012:role/{name}")
}

fn group() -> NodegroupBuilder {
    let taint = EksTaint::builder().key("db").value("yes").effect(TaintEffect::PreferNoSchedule).build();
    Nodegroup::builder()
        .cluster_name("orders")
        .nodegroup_name("system")
        .version("1.33")
        .instance_types("m6i.xlarge")
        .instance_types("m5.xlarge")
        .disk_size(40)
        .ami_type(AmiTypes::Al2023X8664Standard)
        .subnets("subnet-1")
        .node_role(role("node"))
        .labels("role", "db")
        .taints(taint)
        .capacity_type(CapacityTypes::Spot)
        .scaling_config(NodegroupScalingConfig::builder().min_size(1).max_size(5).desired_size(3).build())
        .tags("cost", "17")
        .tags(OWNER_TAG, OWNER)
        .tags("aws:autoscaling", "x")
}

/// The wish for [`group`] as the cluster of [`of_ours`] has it.
fn group_wish() -> NodeGroupSpec {
    NodeGroupSpec {
        cluster: ClusterId("orders".to_owned()),
        name: "system".to_owned(),
        owner: OWNER.to_owned(),
        nodes: Nodes {
            machine_types: texts(&["m6i.xlarge", "m5.xlarge"]),
            disk_size_gib: Some(40),
            size: Some(3),
            autoscaling: Some((1, 5)),
            labels: BTreeMap::from([("role".to_owned(), "db".to_owned())]),
            taints: vec![Taint {
                key: "db".to_owned(),
                value: "yes".to_owned(),
                effect: "PreferNoSchedule".to_owned(),
            }],
            spot: true,
        },
        ami_type: Some("AL2023_x86_64_STANDARD".to_owned()),
        subnet_ids: Vec::new(),
        role_arn: None,
        version: Some("1.33".to_owned()),
        tags: BTreeMap::from([("cost".to_owned(), "17".to_owned())]),
    }
}

fn wish() -> ClusterSpec {
    ClusterSpec {
        name: "orders".to_owned(),
        owner: OWNER.to_owned(),
        version: Some("1.34".to_owned()),
        network: Network::Made {
            cidr: "10.0.0.0/16".to_owned(),
            zones: texts(&["eu-central-1a", "eu-central-1b"]),
        },
        role_arn: None,
        node_role_arn: None,
        endpoint_public_access: true,
        endpoint_private_access: true,
        public_access_cidrs: Vec::new(),
        log_types: texts(&["api", "audit"]),
        add_ons: BTreeMap::new(),
        system_node_group: group_wish(),
        tags: BTreeMap::from([("team".to_owned(), "data".to_owned())]),
    }
}

#[test]
fn what_was_made_here_is_told_as_it_was_wished() {
    let shown = cluster(&of_ours().build(), Some(&group().build()), REGION);
    assert_eq!(shown, wish());
    let further =
        NodeGroupSpec { subnet_ids: texts(&["subnet-1"]), role_arn: Some(role("node")), ..group_wish() };
    assert_eq!(node_group(&group().build()), further);
}

#[test]
fn what_is_not_ours_is_told_as_it_is() {
    let mut theirs = of_ours().build();
    let marks = theirs.tags.get_or_insert_default();
    marks.remove(OWNER_TAG);
    let place = VpcConfigResponse::builder()
        .endpoint_public_access(true)
        .public_access_cidrs("192.0.2.0/24")
        .set_subnet_ids(Some(texts(&["subnet-1", "subnet-2"])))
        .security_group_ids("sg-1");
    theirs.resources_vpc_config = Some(place.build());
    let shown = cluster(&theirs, Some(&group().build()), REGION);
    let expected = ClusterSpec {
        owner: String::new(),
        network: Network::Existing {
            subnet_ids: texts(&["subnet-1", "subnet-2"]),
            security_group_ids: texts(&["sg-1"]),
        },
        role_arn: Some(role("cluster")),
        node_role_arn: Some(role("node")),
        endpoint_private_access: false,
        public_access_cidrs: texts(&["192.0.2.0/24"]),
        system_node_group: NodeGroupSpec {
            subnet_ids: texts(&["subnet-1"]),
            role_arn: Some(role("node")),
            ..group_wish()
        },
        ..wish()
    };
    assert_eq!(shown, expected);
}

#[test]
fn a_network_is_known_by_its_mark() {
    let made = |cidr: &str, zones: &[&str]| Network::Made { cidr: cidr.to_owned(), zones: texts(zones) };
    for network in [made("10.0.0.0/16", &[]), made("10.1.0.0/20", &["a", "b", "c"])] {
        let tags = HashMap::from([(NETWORK_TAG.to_owned(), network_mark(&network).unwrap())]);
        assert_eq!(made_network(Some(&tags)), Some(network));
    }
    for mark in ["", "mine"] {
        let tags = HashMap::from([(NETWORK_TAG.to_owned(), mark.to_owned())]);
        assert_eq!(made_network(Some(&tags)), None, "{mark}");
    }
    let existing = Network::Existing { subnet_ids: Vec::new(), security_group_ids: Vec::new() };
    assert_eq!((network_mark(&existing), made_network(None)), (None, None));
}

#[test]
fn a_list_of_who_may_reach_an_api_that_nobody_can_reach_means_nothing() {
    let table: [(bool, &[&str], &[&str]); 4] = [
        (true, &[EVERYBODY], &[]),
        (true, &[], &[]),
        (true, &[EVERYBODY, "::/0"], &[EVERYBODY, "::/0"]),
        (false, &["192.0.2.0/24"], &[]),
    ];
    for (is_public, cidrs, expected) in table {
        let place = VpcConfigResponse::builder()
            .endpoint_public_access(is_public)
            .set_public_access_cidrs(Some(texts(cidrs)));
        let known = Cluster::builder().resources_vpc_config(place.build()).build();
        assert_eq!(public_access_cidrs(&known), texts(expected), "{cidrs:?}");
    }
}

#[test]
fn sizes_are_those_that_were_wished() {
    let table = [
        ((3, 3, 3), Some(3), None),
        ((0, 1, 0), Some(0), None),
        ((0, 1, 1), Some(1), Some((0, 1))),
        ((1, 5, 4), Some(4), Some((1, 5))),
    ];
    for ((least, most, desired), size, autoscaling) in table {
        let scaling =
            NodegroupScalingConfig::builder().min_size(least).max_size(most).desired_size(desired).build();
        let nodes = nodes(&Nodegroup::builder().scaling_config(scaling).build());
        assert_eq!((nodes.size, nodes.autoscaling), (size, autoscaling));
    }
}

#[test]
fn a_cluster_without_nodes_is_told_all_the_same() {
    let shown = cluster(&of_ours().build(), None, REGION);
    assert_eq!((shown.system_node_group.name.as_str(), shown.node_role_arn), ("system", None));
    assert_eq!(shown.system_node_group.nodes, Nodes::default());
}
