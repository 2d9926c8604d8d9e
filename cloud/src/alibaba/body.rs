//! What ACK is asked for. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::network;
use super::spec::{ClusterSpec, NodePoolSpec, PodNetwork};
use super::view::{Pool, Runtime, SYSTEM_TAG};
use crate::{NETWORK_TAG, Nodes, OWNER_TAG, Taint, UNFINISHED_TAG};

/// The kind of runtime that all versions of Kubernetes have.
const RUNTIME: &str = "containerd";
/// Add-ons for disks: the driver on the nodes, and the part that ACK runs.
const STORAGE: [&str; 2] = ["csi-plugin", "managed-csiprovisioner"];

/// Which marks something carries beside the owner's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) is_unfinished: bool,
    pub(super) is_system: bool,
}

impl Marks {
    pub(super) fn of(pool: &Pool) -> Self {
        Self { is_unfinished: pool.tag(UNFINISHED_TAG).is_some(), is_system: pool.tag(SYSTEM_TAG).is_some() }
    }
}

/// The user's tags with our marks. What is nobody's gets no mark of an owner.
pub(super) fn marked(tags: &BTreeMap<String, String>, owner: &str, marks: Marks) -> BTreeMap<String, String> {
    let mut all = tags.clone();
    if !owner.is_empty() {
        all.insert(OWNER_TAG.to_owned(), owner.to_owned());
    }
    if marks.is_unfinished {
        all.insert(UNFINISHED_TAG.to_owned(), "true".to_owned());
    }
    if marks.is_system {
        all.insert(SYSTEM_TAG.to_owned(), "true".to_owned());
    }
    all
}

pub(super) fn pairs(pairs: &BTreeMap<String, String>) -> Value {
    pairs.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

fn taints(taints: &[Taint]) -> Value {
    let taint = |taint: &Taint| json!({"key": taint.key, "value": taint.value, "effect": taint.effect});
    taints.iter().map(taint).collect()
}

/// Body of `CreateCluster`. `vswitch_ids` are of the VPC `vpc_id`; `password` is for nodes without a key pair.
pub(super) fn cluster(
    spec: &ClusterSpec,
    region: &str,
    (vpc_id, vswitch_ids): (&str, &[String]),
    (version, runtime): (&str, &Runtime),
    password: &str,
    token: &str,
) -> Value {
    let marks = Marks { is_unfinished: true, is_system: false };
    let system = Marks { is_unfinished: false, is_system: true };
    let mut pool = node_pool(&spec.system_node_pool, &spec.owner, vswitch_ids, system, password);
    pool["kubernetes_config"]["runtime"] = json!(RUNTIME);
    pool["kubernetes_config"]["runtime_version"] = json!(runtime.version);
    let mut tags = marked(&spec.tags, &spec.owner, marks);
    // Only this tells later on that the network is made with the cluster.
    tags.extend(network::mark(&spec.network).map(|mark| (NETWORK_TAG.to_owned(), mark)));
    let mut body = json!({
        "client_token": token,
        "name": spec.name,
        "region_id": region,
        "cluster_type": "ManagedKubernetes",
        "profile": "Default",
        "cluster_spec": spec.cluster_spec,
        "kubernetes_version": version,
        "vpcid": vpc_id,
        "vswitch_ids": vswitch_ids,
        "endpoint_public_access": spec.endpoint_public_access,
        "snat_entry": spec.snat_entry,
        "enable_rrsa": true,
        "tags": pairs(&tags),
        "nodepools": [pool],
    });
    let plugin = match &spec.pod_network {
        PodNetwork::Terway { pod_vswitch_ids } => {
            let ids = if pod_vswitch_ids.is_empty() { vswitch_ids } else { pod_vswitch_ids };
            body["pod_vswitch_ids"] = json!(ids);
            "terway-eniip"
        }
        PodNetwork::Flannel { pod_cidr } => {
            body["container_cidr"] = json!(pod_cidr);
            "flannel"
        }
    };
    body["addons"] = [plugin].iter().chain(&STORAGE).map(|name| json!({"name": name})).collect();
    if let Some(cidr) = &spec.service_cidr {
        body["service_cidr"] = json!(cidr);
    }
    body
}

/// Body of `CreateClusterNodePool`, and a member of `nodepools` of a new cluster. `vswitch_ids` are the cluster's.
pub(super) fn node_pool(
    spec: &NodePoolSpec,
    owner: &str,
    vswitch_ids: &[String],
    marks: Marks,
    password: &str,
) -> Value {
    let NodePoolSpec { nodes, .. } = spec;
    let vswitch_ids = if spec.vswitch_ids.is_empty() { vswitch_ids } else { &spec.vswitch_ids };
    let mut group = json!({
        "instance_charge_type": "PostPaid",
        "instance_types": nodes.machine_types,
        "multi_az_policy": "BALANCE",
        "spot_strategy": if nodes.spot { "SpotAsPriceGo" } else { "NoSpot" },
        "tags": pairs(&marked(&spec.tags, owner, marks)),
        "vswitch_ids": vswitch_ids,
    });
    match &spec.key_pair {
        Some(name) => group["key_pair"] = json!(name),
        None => group["login_password"] = json!(password),
    }
    for (name, value) in [
        ("system_disk_category", spec.system_disk_category.as_ref().map(|kind| json!(kind))),
        ("image_type", spec.image_type.as_ref().map(|kind| json!(kind))),
        ("system_disk_size", nodes.disk_size_gib.map(|size| json!(size))),
    ] {
        if let Some(value) = value {
            group[name] = value;
        }
    }
    let mut body = json!({
        "nodepool_info": {"name": spec.name, "type": "ess"},
        "kubernetes_config": {"labels": pairs(&nodes.labels), "taints": taints(&nodes.taints)},
    });
    match nodes.autoscaling {
        Some(bounds) => body["auto_scaling"] = scaling(nodes, bounds),
        None => group["desired_size"] = json!(nodes.size.unwrap_or_default()),
    }
    body["scaling_group"] = group;
    body
}

fn scaling(nodes: &Nodes, (least, most): (i64, i64)) -> Value {
    let kind = if nodes.spot { "spot" } else { "cpu" };
    json!({"enable": true, "min_instances": least, "max_instances": most, "type": kind})
}

/// Body of `ModifyClusterNodePool` that makes a pool what it is to be; none when it is that already. What a pool
/// cannot become in place is not compared.
pub(super) fn change(spec: &NodePoolSpec, owner: &str, pool: &Pool, marks: Marks) -> Option<Value> {
    let (nodes, mut body, mut group) = (&spec.nodes, Map::new(), Map::new());
    let now = pool.autoscaling();
    match (nodes.autoscaling, nodes.size) {
        (Some(bounds), _) if now != Some(bounds) => {
            body.insert("auto_scaling".to_owned(), scaling(nodes, bounds));
        }
        (Some(_), _) => {}
        (None, size) => {
            if now.is_some() {
                body.insert("auto_scaling".to_owned(), json!({"enable": false}));
            }
            if let Some(size) = size
                && (now.is_some() || pool.size() != size)
            {
                group.insert("desired_size".to_owned(), json!(size));
            }
        }
    }
    let is_marked = pool.tag(OWNER_TAG).unwrap_or_default() == owner && Marks::of(pool) == marks;
    if pool.tags() != spec.tags || !is_marked {
        group.insert("tags".to_owned(), pairs(&marked(&spec.tags, owner, marks)));
    }
    let (mut wanted, mut given) = (nodes.taints.clone(), pool.taints());
    wanted.sort();
    given.sort();
    if pool.labels() != nodes.labels || wanted != given {
        let config = json!({"labels": pairs(&nodes.labels), "taints": taints(&nodes.taints)});
        body.insert("kubernetes_config".to_owned(), config);
        // Else only new nodes would get them.
        body.insert("update_nodes".to_owned(), json!(true));
    }
    if !group.is_empty() {
        body.insert("scaling_group".to_owned(), Value::Object(group));
    }
    (!body.is_empty()).then_some(Value::Object(body))
}

/// A password that nobody knows, with all kinds of letters that ACK asks for.
pub(super) fn password() -> String {
    format!("Aa1-{:022x}", rand::random::<u128>() >> 40)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ClusterId;

    fn pool_spec() -> NodePoolSpec {
        NodePoolSpec {
            cluster: ClusterId("c1".to_owned()),
            name: "one".to_owned(),
            owner: "me".to_owned(),
            nodes: Nodes {
                machine_types: vec!["ecs.g7.xlarge".to_owned()],
                disk_size_gib: Some(80),
                size: Some(2),
                labels: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
                taints: vec![Taint {
                    key: "t".to_owned(),
                    value: String::new(),
                    effect: "NoSchedule".to_owned(),
                }],
                ..Nodes::default()
            },
            vswitch_ids: Vec::new(),
            system_disk_category: None,
            image_type: None,
            key_pair: None,
            version: None,
            tags: BTreeMap::from([("team".to_owned(), "data".to_owned())]),
        }
    }

    /// The pool as ACK shows what was asked for.
    fn shown(spec: &NodePoolSpec, marks: Marks) -> Pool {
        serde_json::from_value(node_pool(spec, "me", &[], marks, "secret")).unwrap()
    }

    #[test]
    fn what_is_there_already_is_no_change() {
        let mut by_itself = pool_spec();
        by_itself.nodes.autoscaling = Some((1, 5));
        for spec in [pool_spec(), by_itself] {
            let marks = Marks { is_unfinished: false, is_system: true };
            assert_eq!(change(&spec, "me", &shown(&spec, marks), marks), None);
        }
    }

    type Alter = fn(&mut NodePoolSpec);

    #[test]
    fn only_what_differs_is_changed() {
        let now = shown(&pool_spec(), Marks::default());
        let table: [(Alter, Value); 6] = [
            (|spec| spec.nodes.size = Some(3), json!({"scaling_group": {"desired_size": 3}})),
            (|spec| spec.nodes.size = None, Value::Null),
            (
                |spec| spec.nodes.autoscaling = Some((1, 4)),
                json!({"auto_scaling": {"enable": true, "min_instances": 1, "max_instances": 4, "type": "cpu"}}),
            ),
            (
                |spec| spec.nodes.labels.clear(),
                json!({
                    "kubernetes_config": {
                        "labels": [],
                        "taints": [{"key": "t", "value": "", "effect": "NoSchedule"}],
                    },
                    "update_nodes": true,
                }),
            ),
            (
                |spec| spec.tags.clear(),
                json!({"scaling_group": {"tags": [{"key": OWNER_TAG, "value": "me"}]}}),
            ),
            // It would have to be another pool.
            (|spec| spec.nodes.machine_types.clear(), Value::Null),
        ];
        for (alter, wanted) in table {
            let mut spec = pool_spec();
            alter(&mut spec);
            assert_eq!(change(&spec, "me", &now, Marks::default()).unwrap_or_default(), wanted);
        }
    }

    #[test]
    fn a_pool_that_no_longer_scales_by_itself_gets_a_size() {
        let mut spec = pool_spec();
        spec.nodes.autoscaling = Some((1, 5));
        let now = shown(&spec, Marks::default());
        let wanted = json!({"auto_scaling": {"enable": false}, "scaling_group": {"desired_size": 2}});
        assert_eq!(change(&pool_spec(), "me", &now, Marks::default()), Some(wanted));
    }

    #[test]
    fn the_mark_of_what_is_unfinished_is_taken_away_and_nothing_else() {
        let now = shown(&pool_spec(), Marks { is_unfinished: true, is_system: false });
        let wanted = json!({"scaling_group": {"tags": [
            {"key": OWNER_TAG, "value": "me"}, {"key": "team", "value": "data"},
        ]}});
        assert_eq!(change(&pool_spec(), "me", &now, Marks::default()), Some(wanted));
    }

    #[test]
    fn a_password_is_as_ack_wants_it() {
        let password = password();
        assert!((8..=30).contains(&password.len()) && password != super::password());
    }
}
