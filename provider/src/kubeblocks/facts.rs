//! What readiness and diagnosis need to know of each object, and nothing more: watches keep only this in memory.
//! Pure mappings from the API's kinds.

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{ContainerStatus, Event, PersistentVolumeClaim, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use kubeblocks_schemas::v1alpha1::{
    Cluster, ComponentPhase, ReplicatedStateMachine, Restore, RestorePhase, TerminationPolicy,
};

use super::naming::{
    CLUSTER_LABEL, COMPONENT_LABEL, GENERATION_ANNOTATION, OPS_REQUEST_ANNOTATION, RESTORE_ANNOTATION,
};
use crate::kubernetes::feed::Fact;

/// A Cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterFacts {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Identity; a Cluster of the same name made later has another.
    pub uid: String,
    /// Generation of the spec.
    pub generation: i64,
    /// Generation that the operator has applied.
    pub observed_generation: Option<i64>,
    /// Phase; absent before the operator's first pass.
    pub phase: Option<ComponentPhase>,
    /// Whether a delete was accepted.
    pub deleting: bool,
    /// What deleting it removes.
    pub termination_policy: TerminationPolicy,
    /// What holds it when it is deleted.
    pub finalizers: Vec<String>,
    /// Its `ClusterDefinition`.
    pub definition: String,
    /// Its `ClusterVersion`.
    pub version: Option<String>,
    /// The `OpsRequest`s that hold it, as the operator notes them.
    pub ops_requests: Option<String>,
    /// Whether the operator is still restoring it from a backup.
    pub restoring: bool,
    /// Conditions.
    pub conditions: Vec<ConditionFacts>,
    /// Components of the spec, each with its status.
    pub components: Vec<ComponentFacts>,
}

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub struct ConditionFacts {
    /// Type.
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// One word.
    pub reason: String,
    /// Text.
    pub message: String,
}

/// One component of a Cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct ComponentFacts {
    /// Name.
    pub name: String,
    /// Instances that the spec wants.
    pub wanted: i32,
    /// Phase; absent before the operator's first pass.
    pub phase: Option<ComponentPhase>,
    /// Texts of the operator by `Kind/name`.
    pub messages: Vec<(String, String)>,
}

/// The workload of a component.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkloadFacts {
    /// Component.
    pub component: String,
    /// Generation of its own spec.
    pub generation: i64,
    /// Generation that its controller has applied.
    pub observed_generation: Option<i64>,
    /// Generation that its pods have.
    pub current_generation: Option<i64>,
    /// Generation of the Cluster that it was made from.
    pub cluster_generation: Option<i64>,
    /// Revision that pods should have.
    pub update_revision: Option<String>,
    /// Wanted, existing, ready and updated pods.
    pub replicas: [i32; 4],
    /// Whether the `StatefulSet` beneath has not taken up its newest spec, or has pods of an older one, so that the numbers
    /// above are of before. Only a fresh read tells.
    pub is_behind: bool,
}

/// A pod.
#[derive(Clone, Debug, PartialEq)]
pub struct PodFacts {
    /// Name.
    pub name: String,
    /// Component; empty for a pod that belongs to no database.
    pub component: String,
    /// Revision of the workload.
    pub revision: Option<String>,
    /// `Pending`, `Running`, ...
    pub phase: String,
    /// Whether it is being removed.
    pub deleting: bool,
    /// Whether it serves.
    pub ready: bool,
    /// Why no node takes it, when none does.
    pub unschedulable: Option<String>,
    /// Containers, those of the start first.
    pub containers: Vec<ContainerFacts>,
}

/// A container.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerFacts {
    /// Name.
    pub name: String,
    /// Reason and text, when it waits.
    pub waiting: Option<(String, String)>,
    /// How often it was started again.
    pub restarts: i32,
    /// Exit code and reason of the last end.
    pub last_exit: Option<(i32, String)>,
}

/// A volume claim.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimFacts {
    /// Name.
    pub name: String,
    /// Component.
    pub component: String,
    /// `Pending`, `Bound`, `Lost`.
    pub phase: String,
    /// Storage class.
    pub storage_class: Option<String>,
    /// Wanted size.
    pub requested: Option<String>,
    /// Actual size.
    pub capacity: Option<String>,
    /// Texts about a resize that is under way or has failed.
    pub resize: Vec<String>,
}

/// A Kubernetes event.
#[derive(Clone, Debug, PartialEq)]
pub struct EventFacts {
    /// Kind of the object that it is about.
    pub kind: String,
    /// Name of that object.
    pub object: String,
    /// One word.
    pub reason: String,
    /// Text.
    pub message: String,
    /// Whether it tells of a problem.
    pub warning: bool,
    /// When it happened last.
    pub last_seen: Option<Timestamp>,
}

/// A restore into the cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct RestoreFacts {
    /// Name.
    pub name: String,
    /// Whether it has failed, which is final.
    pub failed: bool,
    /// The text of the condition that says why.
    pub message: Option<String>,
}

impl ClusterFacts {
    /// The condition of that type.
    pub fn condition(&self, kind: &str) -> Option<&ConditionFacts> {
        self.conditions.iter().find(|condition| condition.kind == kind)
    }
}

impl From<&Cluster> for ClusterFacts {
    fn from(cluster: &Cluster) -> Self {
        let status = cluster.status.clone().unwrap_or_default();
        let components = cluster.spec.component_specs.iter().map(|spec| {
            let status = status.components.get(&spec.name);
            ComponentFacts {
                name: spec.name.clone(),
                wanted: spec.replicas.unwrap_or(1),
                phase: status.and_then(|status| status.phase.clone()),
                messages: status.into_iter().flat_map(|status| status.message.clone()).collect(),
            }
        });
        let conditions = status.conditions.iter().map(|condition| ConditionFacts {
            kind: condition.r#type.clone(),
            status: condition.status.clone(),
            reason: condition.reason.clone().unwrap_or_default(),
            message: condition.message.clone().unwrap_or_default(),
        });
        Self {
            namespace: cluster.namespace().unwrap_or_default(),
            name: cluster.name_any(),
            uid: cluster.uid().unwrap_or_default(),
            generation: cluster.metadata.generation.unwrap_or_default(),
            observed_generation: status.observed_generation,
            phase: status.phase.clone(),
            deleting: cluster.metadata.deletion_timestamp.is_some(),
            termination_policy: cluster.spec.termination_policy.clone(),
            finalizers: cluster.finalizers().to_vec(),
            definition: cluster.spec.cluster_definition_ref.clone(),
            version: cluster.spec.cluster_version_ref.clone(),
            ops_requests: cluster.annotations().get(OPS_REQUEST_ANNOTATION).cloned(),
            restoring: cluster.annotations().contains_key(RESTORE_ANNOTATION),
            conditions: conditions.collect(),
            components: components.collect(),
        }
    }
}

impl Fact for ClusterFacts {
    type Kind = Cluster;

    fn take(cluster: &Cluster) -> Option<(String, Self)> {
        Some((cluster.name_any(), Self::from(cluster)))
    }
}

impl From<&ReplicatedStateMachine> for WorkloadFacts {
    fn from(workload: &ReplicatedStateMachine) -> Self {
        let status = workload.status.clone().unwrap_or_default();
        let generation = workload.annotations().get(GENERATION_ANNOTATION);
        Self {
            component: label(&workload.metadata, COMPONENT_LABEL).unwrap_or_default(),
            generation: workload.metadata.generation.unwrap_or_default(),
            observed_generation: status.observed_generation,
            current_generation: status.current_generation,
            cluster_generation: generation.and_then(|generation| generation.parse().ok()),
            update_revision: status.update_revision.filter(|revision| !revision.is_empty()),
            replicas: [
                workload.spec.replicas.unwrap_or(1),
                status.replicas.unwrap_or_default(),
                status.ready_replicas.unwrap_or_default(),
                status.updated_replicas.unwrap_or_default(),
            ],
            is_behind: false,
        }
    }
}

/// Whether a `StatefulSet` has not rolled, by its own word: the numbers that the workload above it copies are those of the spec
/// that was observed last.
pub fn is_behind(set: &StatefulSet) -> bool {
    let status = set.status.clone().unwrap_or_default();
    status.observed_generation != set.metadata.generation
        || status.updated_replicas.unwrap_or_default() != status.replicas
}

impl Fact for WorkloadFacts {
    type Kind = ReplicatedStateMachine;

    fn take(workload: &ReplicatedStateMachine) -> Option<(String, Self)> {
        Some((label(&workload.metadata, CLUSTER_LABEL)?, Self::from(workload)))
    }
}

impl From<&Pod> for PodFacts {
    fn from(pod: &Pod) -> Self {
        let status = pod.status.clone().unwrap_or_default();
        let conditions = status.conditions.unwrap_or_default();
        let condition = |kind: &str| conditions.iter().find(|condition| condition.type_ == kind);
        let unschedulable = condition("PodScheduled")
            .filter(|scheduled| {
                scheduled.status == "False" && scheduled.reason.as_deref() == Some("Unschedulable")
            })
            .map(|scheduled| scheduled.message.clone().unwrap_or_default());
        let containers = status.init_container_statuses.into_iter().flatten();
        let containers = containers.chain(status.container_statuses.into_iter().flatten());
        Self {
            name: pod.name_any(),
            component: label(&pod.metadata, COMPONENT_LABEL).unwrap_or_default(),
            revision: label(&pod.metadata, "controller-revision-hash"),
            phase: status.phase.unwrap_or_default(),
            deleting: pod.metadata.deletion_timestamp.is_some(),
            ready: condition("Ready").is_some_and(|ready| ready.status == "True"),
            unschedulable,
            containers: containers.map(|status| ContainerFacts::from(&status)).collect(),
        }
    }
}

impl Fact for PodFacts {
    type Kind = Pod;

    fn take(pod: &Pod) -> Option<(String, Self)> {
        let cluster = label(&pod.metadata, CLUSTER_LABEL)?;
        label(&pod.metadata, COMPONENT_LABEL)?;
        Some((cluster, Self::from(pod)))
    }
}

impl From<&ContainerStatus> for ContainerFacts {
    fn from(status: &ContainerStatus) -> Self {
        let waiting = status.state.as_ref().and_then(|state| state.waiting.as_ref());
        let ended = [status.state.as_ref(), status.last_state.as_ref()];
        let ended = ended.into_iter().flatten().find_map(|state| state.terminated.as_ref());
        Self {
            name: status.name.clone(),
            waiting: waiting.map(|waiting| {
                (waiting.reason.clone().unwrap_or_default(), waiting.message.clone().unwrap_or_default())
            }),
            restarts: status.restart_count,
            last_exit: ended.map(|ended| (ended.exit_code, ended.reason.clone().unwrap_or_default())),
        }
    }
}

impl Fact for ClaimFacts {
    type Kind = PersistentVolumeClaim;

    fn take(claim: &PersistentVolumeClaim) -> Option<(String, Self)> {
        let cluster = label(&claim.metadata, CLUSTER_LABEL)?;
        let spec = claim.spec.clone().unwrap_or_default();
        let status = claim.status.clone().unwrap_or_default();
        let requests = spec.resources.and_then(|resources| resources.requests).unwrap_or_default();
        let resize = status.conditions.into_iter().flatten().filter_map(|condition| condition.message);
        let facts = Self {
            name: claim.name_any(),
            component: label(&claim.metadata, COMPONENT_LABEL).unwrap_or_default(),
            phase: status.phase.unwrap_or_default(),
            storage_class: spec.storage_class_name.filter(|class| !class.is_empty()),
            requested: requests.get("storage").map(|quantity| quantity.0.clone()),
            capacity: status.capacity.unwrap_or_default().get("storage").map(|quantity| quantity.0.clone()),
            resize: resize.filter(|message| !message.is_empty()).collect(),
        };
        Some((cluster, facts))
    }
}

impl Fact for EventFacts {
    type Kind = Event;

    fn take(event: &Event) -> Option<(String, Self)> {
        let facts = Self::from(event);
        // Grouped by object: the object's name does not tell its cluster.
        Some((format!("{}/{}", facts.kind, facts.object), facts))
    }
}

impl From<&Event> for EventFacts {
    fn from(event: &Event) -> Self {
        let series = event.series.as_ref().and_then(|series| series.last_observed_time.as_ref());
        let last_seen = series.map(|time| time.0);
        let last_seen = last_seen.or_else(|| event.last_timestamp.as_ref().map(|time| time.0));
        let last_seen = last_seen.or_else(|| event.event_time.as_ref().map(|time| time.0));
        Self {
            kind: event.involved_object.kind.clone().unwrap_or_default(),
            object: event.involved_object.name.clone().unwrap_or_default(),
            reason: event.reason.clone().unwrap_or_default(),
            message: event.message.clone().unwrap_or_default(),
            warning: event.type_.as_deref() == Some("Warning"),
            last_seen,
        }
    }
}

impl Fact for RestoreFacts {
    type Kind = Restore;

    fn take(restore: &Restore) -> Option<(String, Self)> {
        let cluster = label(&restore.metadata, CLUSTER_LABEL)?;
        let status = restore.status.clone().unwrap_or_default();
        let message = status
            .conditions
            .iter()
            .rev()
            .filter(|condition| condition.status == "False")
            .find_map(|condition| condition.message.clone());
        let failed = status.phase == Some(RestorePhase::Failed);
        Some((cluster, Self { name: restore.name_any(), failed, message }))
    }
}

pub(super) fn label(metadata: &ObjectMeta, key: &str) -> Option<String> {
    metadata.labels.as_ref().and_then(|labels| labels.get(key)).cloned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::is_behind;

    #[test]
    fn a_set_is_behind_until_it_has_observed_its_spec_and_all_of_its_pods_are_of_it() {
        for (observed, replicas, updated, expected) in
            [(2, 3, 3, false), (1, 3, 3, true), (2, 3, 2, true), (2, 0, 0, false)]
        {
            let set = json!({
                "metadata": {"name": "s", "generation": 2},
                "spec": {"selector": {}, "serviceName": "s", "template": {}},
                "status": {"observedGeneration": observed, "replicas": replicas, "updatedReplicas": updated},
            });
            let set = serde_json::from_value(set).unwrap();
            assert_eq!(is_behind(&set), expected, "{observed} {replicas} {updated}");
        }
        let new = json!({"metadata": {"name": "s", "generation": 1}, "spec": {"selector": {}, "serviceName": "s", "template": {}}});
        assert!(is_behind(&serde_json::from_value(new).unwrap()), "it has said nothing yet");
    }
}
