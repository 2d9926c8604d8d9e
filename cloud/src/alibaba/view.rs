//! What ACK answers about clusters, pools and tasks, and what it means. Pure.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{OWNER_TAG, Observed, ObservedPool, Phase, Taint, UNFINISHED_TAG};

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

    pub(super) fn into_observed(
        self,
        ca_certificate: Option<String>,
        pool: Option<ObservedPool>,
    ) -> Observed {
        Observed {
            name: self.name.clone(),
            phase: self.phase(),
            version: self.minor(),
            platform_version: (!self.current_version.is_empty()).then(|| self.current_version.clone()),
            endpoint: self.endpoint().map(|endpoint| endpoint.url),
            ca_certificate,
            oidc_issuer: issuer(&self.rrsa_config.issuer),
            owner: self.tag(OWNER_TAG).map(str::to_owned),
            is_unfinished: self.tag(UNFINISHED_TAG).is_some(),
            network: [self.vpc_id].into_iter().chain(self.vswitch_ids).filter(|id| !id.is_empty()).collect(),
            tags: plain(&self.tags),
            system_pool: pool,
        }
    }
}

/// There may be several, of which the first is in the tokens.
fn issuer(list: &str) -> Option<String> {
    let first = list.split(',').next().unwrap_or_default().trim();
    (!first.is_empty()).then(|| first.to_owned())
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

    fn phase(&self) -> Phase {
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

    pub(super) fn into_observed(self) -> ObservedPool {
        let autoscaling = self.autoscaling();
        ObservedPool {
            phase: self.phase(),
            size: self.scaling_group.desired_size.or(Some(self.status.total_nodes)),
            autoscaling,
            labels: self.labels(),
            taints: self.taints(),
            tags: self.tags(),
            owner: self.tag(OWNER_TAG).map(str::to_owned),
            is_unfinished: self.tag(UNFINISHED_TAG).is_some(),
            name: self.nodepool_info.name,
            machine_types: self.scaling_group.instance_types,
            disk_size_gib: self.scaling_group.system_disk_size,
            // ACK does not tell the version of a pool's nodes; it upgrades them with the cluster.
            version: None,
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
    let marks = [OWNER_TAG, UNFINISHED_TAG, SYSTEM_TAG];
    tags.retain(|key, _| {
        !marks.contains(&key.as_str()) && !CLOUD_TAGS.iter().any(|prefix| key.starts_with(prefix))
    });
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(value: serde_json::Value) -> Pool {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn states_mean_what_they_mean() {
        let failed = |state: &str| Phase::Failed(format!("the cluster is {state}"));
        for (state, phase) in [
            ("initial", Phase::Creating),
            ("running", Phase::Active),
            ("upgrading", Phase::Updating),
            ("draining", Phase::Updating),
            ("deleting", Phase::Deleting),
            ("failed", failed("failed")),
            ("unavailable", failed("unavailable")),
        ] {
            let cluster = Cluster { state: state.to_owned(), ..Cluster::default() };
            assert_eq!(cluster.phase(), phase, "{state}");
        }
    }

    #[test]
    fn the_public_address_goes_first() {
        let table = [
            (
                r#"{"api_server_endpoint":"https://a","intranet_api_server_endpoint":"https://b"}"#,
                Some(("https://a", true)),
            ),
            (r#"{"intranet_api_server_endpoint":"https://b"}"#, Some(("https://b", false))),
            ("{}", None),
            ("", None),
        ];
        for (text, wanted) in table {
            let cluster = Cluster { master_url: text.to_owned(), ..Cluster::default() };
            let wanted = wanted.map(|(url, is_public)| Endpoint { url: url.to_owned(), is_public });
            assert_eq!(cluster.endpoint(), wanted, "{text}");
        }
    }

    #[test]
    fn marks_and_the_cloud_s_own_tags_are_no_tags() {
        let pair = |key: &str| Pair { key: key.to_owned(), value: "x".to_owned() };
        let tags = [OWNER_TAG, UNFINISHED_TAG, SYSTEM_TAG, "ack.aliyun.com", "acs:x", "team"].map(pair);
        let cluster = Cluster { tags: tags.to_vec(), ..Cluster::default() };
        let observed = cluster.into_observed(None, None);
        assert_eq!(observed.tags.keys().collect::<Vec<_>>(), ["team"]);
        assert_eq!((observed.owner.as_deref(), observed.is_unfinished), (Some("x"), true));
    }

    #[test]
    fn a_pool_without_its_nodes_is_not_ready_and_may_say_why() {
        let value = serde_json::json!({
            "nodepool_info": {"name": "one"},
            "scaling_group": {"desired_size": 3},
            "status": {"state": "active", "total_nodes": 1, "healthy_nodes": 1},
        });
        let mut short = pool(value);
        assert!(!short.is_ready() && short.complaint().is_none());
        assert_eq!(short.progress(), "node pool \"one\" (active, 1 of 3 nodes)");
        let condition = |status: &str| Condition {
            reason: "NoStock".to_owned(),
            message: "none left".to_owned(),
            status: status.to_owned(),
        };
        short.status.conditions = vec![condition("True"), condition("False")];
        assert_eq!(short.complaint().as_deref(), Some("none left (NoStock)"));
        assert_eq!(short.clone().into_observed().phase, Phase::Failed("none left (NoStock)".to_owned()));
        short.status.healthy_nodes = 3;
        assert!(short.is_ready() && short.complaint().is_none());
    }

    #[test]
    fn the_system_pool_is_the_marked_one_else_the_default_one_else_the_oldest() {
        let old = pool(serde_json::json!({"nodepool_info": {"name": "old", "created": "2026-01-01"}}));
        let default = pool(
            serde_json::json!({"nodepool_info": {"name": "default", "is_default": true, "created": "2026-01-02"}}),
        );
        let marked = pool(serde_json::json!({
            "nodepool_info": {"name": "marked", "created": "2026-01-03"},
            "scaling_group": {"tags": [{"key": SYSTEM_TAG, "value": "true"}]},
        }));
        let young = pool(serde_json::json!({"nodepool_info": {"name": "young", "created": "2026-01-04"}}));
        let name = |pools: &[&Pool]| {
            system_pool(pools.iter().copied().cloned().collect()).map(|pool| pool.nodepool_info.name)
        };
        assert_eq!(name(&[&young, &marked, &default, &old]).as_deref(), Some("marked"));
        assert_eq!(name(&[&young, &default, &old]).as_deref(), Some("default"));
        assert_eq!(name(&[&young, &old]).as_deref(), Some("old"));
        assert_eq!(name(&[]), None);
    }

    #[test]
    fn versions_are_sorted_by_their_numbers() {
        assert_eq!(minor("1.34.1-aliyun.1"), "1.34");
        assert!(order("1.34.10-aliyun.1") > order("1.34.9-aliyun.2"));
        assert!(order("1.34.1-aliyun.10") > order("1.34.1-aliyun.9"));
    }
}
