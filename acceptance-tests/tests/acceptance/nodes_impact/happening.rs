//! What becomes of nodes, and of what runs on them, as the control plane itself knows it.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::{Namespace, Node, Pod};
use kube::api::{ListParams, PostParams};
use kube::{Api, Client, ResourceExt as _};
use serde_json::json;

use crate::cloud_world::World;

/// The label by which the stand-in tells which pool a node is of.
const POOL: &str = "playground.kubeblocks.io/pool";
/// The name and the label of what runs on each node.
const INSTANCE: &str = "instance";

/// A Kubernetes cluster of the cloud, seen by an administrator.
pub(super) struct Inside {
    client: Client,
    /// The label of the cluster's own first nodes, which stays; that of a pool that is made anew may be another one.
    first_pool: String,
}

/// Nodes by name and uid, and the uid of the instance on each; none where nothing may run.
pub(super) type Nodes = BTreeMap<(String, String), Option<String>>;

/// All there is at a time.
pub(super) struct Look {
    /// The cluster's own first nodes.
    pub(super) first: Nodes,
    /// Those of the further pool.
    pub(super) further: Nodes,
    /// Uid of the namespace that a control plane has from its begin.
    pub(super) system_namespace: String,
}

/// What became of some nodes.
#[derive(Debug)]
pub(super) struct Happened {
    /// How many there were.
    pub(super) before: usize,
    /// How many there are.
    pub(super) after: usize,
    /// How many were removed and made anew.
    pub(super) recreated: usize,
    /// Instances that are no longer what and where they were.
    pub(super) restarted: usize,
}

impl Happened {
    pub(super) fn between(before: &Nodes, after: &Nodes) -> Self {
        let gone = before.keys().filter(|node| !after.contains_key(*node)).count();
        let stays = |instance: &String| after.values().flatten().any(|other| other == instance);
        Self {
            before: before.len(),
            after: after.len(),
            recreated: gone.saturating_sub(before.len().saturating_sub(after.len())),
            restarted: before.values().flatten().filter(|instance| !stays(instance)).count(),
        }
    }

    /// The same as a level.
    pub(super) fn level(&self) -> &'static str {
        if self.restarted == 0 { "none" } else { "rolling_restart" }
    }
}

impl Inside {
    /// Of a cluster that has a further pool with this id.
    pub(super) async fn of(world: &World, pool: &str) -> Self {
        let client = world.managed().control_planes()[0].client().await.expect("the control plane answers");
        let nodes = Api::<Node>::all(client.clone()).list(&ListParams::default().labels(POOL)).await;
        let mut labels =
            nodes.expect("nodes can be listed").into_iter().map(|node| node.labels()[POOL].clone());
        let first_pool = labels.find(|label| label != pool).expect("there are first nodes");
        Self { client, first_pool }
    }

    /// Runs one instance on each node, which only a taint that evicts drives away.
    pub(super) async fn begin(&self) {
        let set = json!({
            "metadata": { "name": INSTANCE },
            "spec": {
                "selector": { "matchLabels": { "app": INSTANCE } },
                "template": {
                    "metadata": { "labels": { "app": INSTANCE } },
                    "spec": {
                        "containers": [{ "name": INSTANCE, "image": INSTANCE }],
                        "terminationGracePeriodSeconds": 0,
                        "tolerations": [{ "operator": "Exists", "effect": "NoSchedule" }],
                        "affinity": { "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": {
                            "nodeSelectorTerms": [{ "matchExpressions": [{ "key": POOL, "operator": "Exists" }] }]
                        } } }
                    }
                }
            }
        });
        let set = serde_json::from_value(set).expect("a DaemonSet");
        let sets = Api::<DaemonSet>::namespaced(self.client.clone(), "default");
        sets.create(&PostParams::default(), &set).await.expect("it is made");
    }

    /// What there is, once each node has its instance, and none is where it may not be.
    pub(super) async fn settled(&self) -> Look {
        let wait = async {
            loop {
                if let Some(look) = self.try_look().await {
                    return look;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let settled = tokio::time::timeout(Duration::from_mins(2), wait).await;
        settled.expect("each node gets its instance")
    }

    /// What there is; it has settled before.
    pub(super) async fn look(&self) -> Look {
        self.try_look().await.expect("it has settled")
    }

    async fn try_look(&self) -> Option<Look> {
        let (client, of_instances) = (&self.client, ListParams::default().labels(&format!("app={INSTANCE}")));
        let nodes = Api::<Node>::all(client.clone()).list(&ListParams::default().labels(POOL)).await;
        let pods = Api::<Pod>::namespaced(client.clone(), "default").list(&of_instances).await;
        let namespace = Api::<Namespace>::all(client.clone()).get("kube-system").await;
        let nodes = nodes.expect("nodes can be listed");
        let mut instances: BTreeMap<String, String> = BTreeMap::new();
        for pod in pods.expect("pods can be listed") {
            let is_running =
                pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Running");
            let node = pod.spec.as_ref().and_then(|spec| spec.node_name.clone())?;
            // What is left of one on a node that is gone goes later.
            if !nodes.iter().any(|known| known.name_any() == node) {
                continue;
            }
            if !is_running || pod.metadata.deletion_timestamp.is_some() {
                return None;
            }
            if instances.insert(node, pod.uid()?).is_some() {
                return None;
            }
        }
        let (mut first, mut further) = (Nodes::new(), Nodes::new());
        for node in nodes {
            let instance = instances.remove(&node.name_any());
            if instance.is_some() == is_evicting(&node) {
                return None;
            }
            let is_first = node.labels().get(POOL).is_some_and(|of| *of == self.first_pool);
            let side = if is_first { &mut first } else { &mut further };
            side.insert((node.name_any(), node.uid()?), instance);
        }
        let system_namespace = namespace.expect("it is there").uid()?;
        Some(Look { first, further, system_namespace })
    }
}

fn is_evicting(node: &Node) -> bool {
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_ref());
    taints.into_iter().flatten().any(|taint| taint.effect == "NoExecute")
}
