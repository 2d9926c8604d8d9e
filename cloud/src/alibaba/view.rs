//! What ACK answers about clusters, pools and tasks, and what it means. Pure.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{NETWORK_TAG, OWNER_TAG, Phase, Taint, UNFINISHED_TAG};

/// Tag of the pool that a cluster was made with.
pub(super) const SYSTEM_TAG: &str = "kubeblocks.io/system";
/// Tags that the cloud itself sets begin with these.
const CLOUD_TAGS: [&str; 2] = ["ack.", "acs:"];

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Pair {
    pub(super) key: String,
    pub(super) value: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Listed {
    pub(super) clusters: Vec<Cluster>,
    pub(super) page_info: Page,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Page {
    pub(super) total_count: usize,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Cluster {
    #[serde(rename = "cluster_id")]
    pub(super) id: String,
    pub(super) name: String,
    pub(super) region_id: String,
    pub(super) state: String,
    pub(super) current_version: String,
    #[serde(rename = "cluster_spec")]
    pub(super) edition: String,
    pub(super) master_url: String,
    pub(super) vpc_id: String,
    pub(super) vswitch_ids: Vec<String>,
    pub(super) tags: Vec<Pair>,
    pub(super) rrsa_config: Rrsa,
    pub(super) container_cidr: Option<String>,
    pub(super) service_cidr: Option<String>,
    pub(super) parameters: Option<Parameters>,
}

/// What a cluster was asked for, as the service behind ACK spells it: all of it text.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Parameters {
    #[serde(rename = "Network")]
    pub(super) plugin: Option<String>,
    #[serde(rename = "PodVswitchIds")]
    pub(super) pod_vswitch_ids: Option<String>,
    #[serde(rename = "ContainerCIDR")]
    pub(super) container_cidr: Option<String>,
    #[serde(rename = "ServiceCIDR")]
    pub(super) service_cidr: Option<String>,
    #[serde(rename = "SNatEntry")]
    pub(super) snat_entry: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Rrsa {
    issuer: String,
}

/// `master_url`, which is JSON within JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Urls {
    api_server_endpoint: String,
    intranet_api_server_endpoint: String,
}

/// Where a cluster's API answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) url: String,
    pub(super) is_public: bool,
}

impl Cluster {
    pub(super) fn tag(&self, key: &str) -> Option<&str> {
        tag(&self.tags, key)
    }

    pub(super) fn endpoint(&self) -> Option<Endpoint> {
        let urls: Urls = serde_json::from_str(&self.master_url).ok()?;
        let (public, private) = (urls.api_server_endpoint, urls.intranet_api_server_endpoint);
        let is_public = !public.is_empty();
        let url = if is_public { public } else { private };
        (!url.is_empty()).then_some(Endpoint { url, is_public })
    }

    pub(super) fn is_gone(&self) -> bool {
        self.state == "deleted"
    }

    pub(super) fn phase(&self) -> Phase {
        match self.state.as_str() {
            "initial" => Phase::Creating,
            "running" => Phase::Active,
            "deleting" => Phase::Deleting,
            "failed" | "delete_failed" | "unavailable" | "inactive" => {
                Phase::Failed(format!("the cluster is {}", self.state))
            }
            // updating, upgrading, scaling, removing, draining, and what ACK may add.
            _ => Phase::Updating,
        }
    }

    pub(super) fn minor(&self) -> String {
        minor(&self.current_version)
    }

    /// There may be several issuers, of which the first is in the tokens.
    pub(super) fn issuer(&self) -> Option<String> {
        let first = self.rrsa_config.issuer.split(',').next().unwrap_or_default().trim();
        (!first.is_empty()).then(|| first.to_owned())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Pools {
    pub(super) nodepools: Vec<Pool>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Pool {
    pub(super) nodepool_info: PoolInfo,
    pub(super) scaling_group: ScalingGroup,
    pub(super) kubernetes_config: KubernetesConfig,
    pub(super) auto_scaling: AutoScaling,
    pub(super) status: PoolStatus,
    pub(super) node_components: Option<Vec<Component>>,
}

/// A program of the nodes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Component {
    name: String,
    version: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PoolInfo {
    pub(super) nodepool_id: String,
    pub(super) name: String,
    pub(super) created: String,
    pub(super) is_default: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ScalingGroup {
    pub(super) desired_size: Option<i64>,
    pub(super) instance_types: Vec<String>,
    pub(super) system_disk_size: Option<i64>,
    pub(super) system_disk_category: Option<String>,
    pub(super) image_type: Option<String>,
    pub(super) key_pair: Option<String>,
    pub(super) spot_strategy: Option<String>,
    pub(super) tags: Vec<Pair>,
    pub(super) vswitch_ids: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct KubernetesConfig {
    pub(super) labels: Vec<Pair>,
    pub(super) taints: Vec<PoolTaint>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PoolTaint {
    key: String,
    value: String,
    effect: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AutoScaling {
    enable: bool,
    min_instances: i64,
    max_instances: i64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PoolStatus {
    pub(super) state: String,
    pub(super) total_nodes: i64,
    pub(super) healthy_nodes: i64,
    pub(super) conditions: Vec<Condition>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Condition {
    reason: String,
    message: String,
    status: String,
}

impl Pool {
    pub(super) fn tag(&self, key: &str) -> Option<&str> {
        tag(&self.scaling_group.tags, key)
    }

    pub(super) fn autoscaling(&self) -> Option<(i64, i64)> {
        let AutoScaling { enable, min_instances, max_instances } = self.auto_scaling;
        enable.then_some((min_instances, max_instances))
    }

    pub(super) fn labels(&self) -> BTreeMap<String, String> {
        pairs(&self.kubernetes_config.labels)
    }

    pub(super) fn taints(&self) -> Vec<Taint> {
        let taint = |taint: &PoolTaint| Taint {
            key: taint.key.clone(),
            value: taint.value.clone(),
            effect: taint.effect.clone(),
        };
        self.kubernetes_config.taints.iter().map(taint).collect()
    }

    /// Tags without the cloud's and without our marks.
    pub(super) fn tags(&self) -> BTreeMap<String, String> {
        plain(&self.scaling_group.tags)
    }

    /// How many nodes there are to be; where nobody said it, as many as there are.
    pub(super) fn size(&self) -> i64 {
        self.scaling_group.desired_size.unwrap_or(self.status.total_nodes)
    }

    /// `NoSpot`, or one of two strategies.
    pub(super) fn is_spot(&self) -> bool {
        self.scaling_group.spot_strategy.as_ref().is_some_and(|strategy| strategy.starts_with("Spot"))
    }

    /// Minor version of Kubernetes of its nodes, where ACK tells it.
    pub(super) fn version(&self) -> Option<String> {
        let mut components = self.node_components.iter().flatten();
        let kubelet = components.find(|component| component.name == "kubelet");
        kubelet.filter(|kubelet| !order(&kubelet.version).is_empty()).map(|kubelet| minor(&kubelet.version))
    }

    /// How many nodes there are to be at least.
    fn wanted(&self) -> i64 {
        let least = self.autoscaling().map(|(least, _)| least);
        least.or(self.scaling_group.desired_size).unwrap_or_default()
    }

    /// Whether it is at rest and has all its nodes.
    pub(super) fn is_ready(&self) -> bool {
        self.status.state == "active" && self.status.healthy_nodes >= self.wanted()
    }

    /// How far it is, for "waiting for ...".
    pub(super) fn progress(&self) -> String {
        let (name, state) = (&self.nodepool_info.name, &self.status.state);
        let (healthy, wanted) = (self.status.healthy_nodes, self.wanted());
        format!("node pool \"{name}\" ({state}, {healthy} of {wanted} nodes)")
    }

    /// Why it is at rest without its nodes, in the cloud's words.
    pub(super) fn complaint(&self) -> Option<String> {
        if self.status.state != "active" || self.is_ready() {
            return None;
        }
        let bad = |condition: &&Condition| condition.status == "False" && !condition.message.is_empty();
        let said = |Condition { reason, message, .. }: &Condition| format!("{message} ({reason})");
        let all: Vec<String> = self.status.conditions.iter().filter(bad).map(said).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    pub(super) fn phase(&self) -> Phase {
        match self.status.state.as_str() {
            "active" => self.complaint().map_or(Phase::Active, Phase::Failed),
            "initial" => Phase::Creating,
            "deleting" => Phase::Deleting,
            "scaling" if self.status.total_nodes == 0 && self.tag(UNFINISHED_TAG).is_some() => {
                Phase::Creating
            }
            _ => Phase::Updating,
        }
    }
}

/// The pool that a cluster was made with: the one marked so, else the cloud's default one, else the oldest.
pub(super) fn system_pool(pools: Vec<Pool>) -> Option<Pool> {
    let rank = |pool: &Pool| {
        let is_marked = pool.tag(SYSTEM_TAG).is_some();
        (!is_marked, !pool.nodepool_info.is_default, pool.nodepool_info.created.clone())
    };
    pools.into_iter().min_by_key(rank)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tasks {
    pub(super) tasks: Vec<Task>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Task {
    pub(super) state: String,
    #[serde(rename = "task_type")]
    kind: String,
    error: TaskError,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TaskError {
    code: String,
    message: String,
}

impl Task {
    /// `fail` in the SDK's documentation, `failed` elsewhere.
    pub(super) fn is_failed(&self) -> bool {
        self.state.starts_with("fail")
    }

    /// Why it failed, in the cloud's words.
    pub(super) fn reason(&self) -> String {
        let TaskError { code, message } = &self.error;
        match (message.as_str(), code.as_str()) {
            ("", "") => format!("the task {} failed", self.kind),
            (message, code) => format!("{message} ({code})"),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Version {
    #[serde(rename = "version")]
    pub(super) name: String,
    pub(super) creatable: bool,
    pub(super) expiration_date: String,
    pub(super) runtimes: Vec<Runtime>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Runtime {
    pub(super) name: String,
    pub(super) version: String,
}

/// `1.34` of `1.34.1-aliyun.1`.
pub(super) fn minor(version: &str) -> String {
    version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".")
}

/// What versions are sorted by: all their numbers.
pub(super) fn order(version: &str) -> Vec<u64> {
    version.split(|letter: char| !letter.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}

fn tag<'a>(tags: &'a [Pair], key: &str) -> Option<&'a str> {
    tags.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str())
}

pub(super) fn pairs(pairs: &[Pair]) -> BTreeMap<String, String> {
    pairs.iter().map(|pair| (pair.key.clone(), pair.value.clone())).collect()
}

/// Tags without the cloud's own and without our marks.
pub(super) fn plain(tags: &[Pair]) -> BTreeMap<String, String> {
    let mut tags = pairs(tags);
    let marks = [OWNER_TAG, UNFINISHED_TAG, NETWORK_TAG, SYSTEM_TAG];
    tags.retain(|key, _| {
        !marks.contains(&key.as_str()) && !CLOUD_TAGS.iter().any(|prefix| key.starts_with(prefix))
    });
    tags
}

#[cfg(test)]
mod tests;
