//! What a workload reports: the `StatefulSet`'s numbers and the roles of its members.
//!
//! Pure.

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;

use crate::operator::api::{MemberStatus, ReplicatedStateMachine, ReplicatedStateMachineStatus};
use crate::operator::naming::{self, LABEL_ROLE, LABEL_RSM_GENERATION};

/// Takes over the `StatefulSet`'s numbers; `observedGeneration` stays the workload's own.
pub(super) fn copy(status: &mut ReplicatedStateMachineStatus, running: &StatefulSet) {
    let counted = running.status.clone().unwrap_or_default();
    status.replicas = counted.replicas;
    status.ready_replicas = counted.ready_replicas.unwrap_or_default();
    status.current_replicas = counted.current_replicas.unwrap_or_default();
    status.updated_replicas = counted.updated_replicas.unwrap_or_default();
    status.available_replicas = counted.available_replicas.unwrap_or_default();
    status.current_revision = counted.current_revision.unwrap_or_default();
    status.update_revision = counted.update_revision.unwrap_or_default();
    status.collision_count = counted.collision_count;
    if let Some(generation) = running.labels().get(LABEL_RSM_GENERATION).and_then(|text| text.parse().ok()) {
        status.current_generation = generation;
    }
}

/// The members that are ready and have a role: the leader first, the others with the highest ordinal first.
pub(super) fn members(workload: &ReplicatedStateMachine, pods: &[Pod]) -> Vec<MemberStatus> {
    let mut members: Vec<(usize, i32, MemberStatus)> = pods
        .iter()
        .filter(|pod| pod_is_ready(pod))
        .filter_map(|pod| {
            let label = pod.labels().get(LABEL_ROLE)?;
            let rank = workload.spec.roles.iter().position(|role| role.name.eq_ignore_ascii_case(label))?;
            let ordinal = naming::ordinal(&workload.name_any(), &pod.name_any())?;
            let role = workload.spec.roles.get(rank)?.clone();
            Some((rank, ordinal, MemberStatus { pod_name: pod.name_any(), role }))
        })
        .collect();
    members.sort_by_key(|(rank, ordinal, _)| (*rank, std::cmp::Reverse(*ordinal)));
    members.into_iter().map(|(_, _, member)| member).collect()
}

/// Counts the members of the very first start, until all are there.
pub(super) fn count_first_members(
    workload: &ReplicatedStateMachine,
    status: &mut ReplicatedStateMachineStatus,
) {
    if !workload.has_roles() {
        return;
    }
    if status.init_replicas == 0 {
        status.init_replicas = workload.spec.replicas;
    } else if status.ready_init_replicas < status.init_replicas {
        status.ready_init_replicas = i32::try_from(status.members_status.len()).unwrap_or(i32::MAX);
    }
}

/// Whether the newest spec runs: all replicas are there, ready and updated, every member has a role and one leads.
pub(crate) fn is_ready(workload: &ReplicatedStateMachine) -> bool {
    let status = workload.status();
    let replicas = workload.spec.replicas;
    let is_rolled_out = status.ready_init_replicas == status.init_replicas
        && status.observed_generation == workload.generation()
        && status.current_generation == workload.generation()
        && [status.replicas, status.ready_replicas, status.available_replicas, status.updated_replicas]
            .iter()
            .all(|count| *count == replicas);
    if !is_rolled_out || !workload.has_roles() {
        return is_rolled_out;
    }
    let name = workload.name_any();
    let has_role = |ordinal: i32| {
        let pod = naming::pod(&name, ordinal);
        status.members_status.iter().any(|member| member.pod_name == pod)
    };
    usize::try_from(replicas) == Ok(status.members_status.len())
        && (0..replicas).all(has_role)
        && status.members_status.iter().any(|member| member.role.is_leader)
}

/// Whether a pod serves and is not on its way out.
pub(crate) fn pod_is_ready(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_none()
        && pod
            .status
            .iter()
            .flat_map(|status| status.conditions.iter().flatten())
            .any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn workload(status: &serde_json::Value) -> ReplicatedStateMachine {
        serde_json::from_value(json!({
            "apiVersion": "workloads.kubeblocks.io/v1alpha1",
            "kind": "ReplicatedStateMachine",
            "metadata": {"name": "cache-redis", "generation": 3},
            "spec": {
                "replicas": 2,
                "roles": [
                    {"name": "primary", "accessMode": "ReadWrite", "canVote": true, "isLeader": true},
                    {"name": "secondary", "accessMode": "Readonly", "canVote": true, "isLeader": false},
                ],
                "roleProbe": {},
            },
            "status": status,
        }))
        .unwrap()
    }

    fn pod(name: &str, role: Option<&str>, ready: bool) -> Pod {
        let labels = role.map_or(json!({}), |role| json!({ LABEL_ROLE: role }));
        serde_json::from_value(json!({
            "metadata": {"name": name, "labels": labels},
            "status": {"conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}]},
        }))
        .unwrap()
    }

    #[test]
    fn the_leader_comes_first_and_members_without_role_or_readiness_do_not_count() {
        let pods = [
            pod("cache-redis-0", Some("secondary"), true),
            pod("cache-redis-1", Some("primary"), true),
            pod("cache-redis-2", Some("secondary"), true),
            pod("cache-redis-3", None, true),
            pod("cache-redis-4", Some("secondary"), false),
            pod("cache-redis-sentinel-0", Some("primary"), true),
        ];
        let members = members(&workload(&json!({})), &pods);
        let names: Vec<&str> = members.iter().map(|member| member.pod_name.as_str()).collect();
        assert_eq!(names, ["cache-redis-1", "cache-redis-2", "cache-redis-0"]);
    }

    #[test]
    fn a_workload_is_ready_only_when_its_newest_spec_runs_with_a_leader() {
        let leader = json!({"podName": "cache-redis-0", "role": {"name": "primary", "isLeader": true}});
        let follower = json!({"podName": "cache-redis-1", "role": {"name": "secondary"}});
        let ready = json!({
            "observedGeneration": 3, "currentGeneration": 3, "replicas": 2, "readyReplicas": 2,
            "availableReplicas": 2, "updatedReplicas": 2, "initReplicas": 2, "readyInitReplicas": 2,
            "membersStatus": [leader, follower],
        });
        assert!(is_ready(&workload(&ready)));
        for (field, value) in [
            ("observedGeneration", json!(2)),
            ("currentGeneration", json!(2)),
            ("updatedReplicas", json!(1)),
            ("readyReplicas", json!(1)),
            ("readyInitReplicas", json!(1)),
            ("membersStatus", json!([leader])),
            ("membersStatus", json!([follower, {"podName": "cache-redis-0", "role": {"name": "secondary"}}])),
        ] {
            let mut status = ready.clone();
            status[field] = value.clone();
            assert!(!is_ready(&workload(&status)), "{field} = {value}");
        }
    }
}
