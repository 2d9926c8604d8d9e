//! The order in which a workload's pods are replaced: followers first, the leader last.
//!
//! Pure: pods in, names of the pods to delete now out.

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;

use super::pod_is_ready;
use crate::operator::api::ReplicatedStateMachine;
use crate::operator::naming::{LABEL_ROLE, ordinal};

const REVISION: &str = "controller-revision-hash";

/// The pods to delete now. A pod of the newest revision that is not ready holds everything behind it back.
pub(super) fn next(workload: &ReplicatedStateMachine, pods: Vec<Pod>) -> Vec<String> {
    let Some(strategy) = workload.spec.member_update_strategy.as_deref() else { return Vec::new() };
    let newest = workload.status().update_revision;
    let mut ranked: Vec<(usize, i32, Pod)> = pods
        .into_iter()
        .map(|pod| {
            let ordinal = ordinal(&workload.name_any(), &pod.name_any()).unwrap_or_default();
            (rank(workload, &pod), ordinal, pod)
        })
        .collect();
    ranked.sort_by_key(|(rank, ordinal, _)| (*rank, *ordinal));
    match strategy {
        "Parallel" => ranked
            .iter()
            .filter(|(_, _, pod)| is_due(pod, &newest))
            .map(|(_, _, pod)| pod.name_any())
            .collect(),
        "BestEffortParallel" => in_groups(&ranked, &newest),
        _ => in_sequence(ranked.iter().map(|(_, _, pod)| pod), &newest).into_iter().collect(),
    }
}

/// The pods without a role first, then learners and followers, the leader last.
fn rank(workload: &ReplicatedStateMachine, pod: &Pod) -> usize {
    let Some(role) = pod.labels().get(LABEL_ROLE) else { return 0 };
    match workload.spec.roles.iter().find(|known| known.name.eq_ignore_ascii_case(role)) {
        None => 0,
        Some(role) if role.is_leader => 3,
        Some(role) if role.can_vote => 2,
        Some(_) => 1,
    }
}

fn is_due(pod: &Pod, newest: &str) -> bool {
    pod.metadata.deletion_timestamp.is_none()
        && pod.labels().get(REVISION).is_none_or(|known| known != newest)
}

fn is_done(pod: &Pod, newest: &str) -> bool {
    pod.labels().get(REVISION).is_some_and(|known| known == newest)
        && pod_is_ready(pod)
        && pod.labels().contains_key(LABEL_ROLE)
}

fn in_sequence<'a>(pods: impl Iterator<Item = &'a Pod>, newest: &str) -> Option<String> {
    for pod in pods {
        if is_due(pod, newest) {
            return Some(pod.name_any());
        }
        if !is_done(pod, newest) {
            return None;
        }
    }
    None
}

/// Those without a vote, then half of the followers, then the other half, then the leader; each group at once.
fn in_groups(ranked: &[(usize, i32, Pod)], newest: &str) -> Vec<String> {
    let of = |wanted: &[usize]| -> Vec<&Pod> {
        ranked.iter().filter(|(rank, _, _)| wanted.contains(rank)).map(|(_, _, pod)| pod).collect()
    };
    let followers = of(&[2]);
    let (first, second) = followers.split_at(followers.len() / 2);
    for group in [of(&[0, 1]), first.to_vec(), second.to_vec(), of(&[3])] {
        let due: Vec<String> =
            group.iter().filter(|pod| is_due(pod, newest)).map(|pod| pod.name_any()).collect();
        if !due.is_empty() {
            return due;
        }
        if !group.iter().all(|pod| is_done(pod, newest)) {
            return Vec::new();
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn workload(strategy: &str) -> ReplicatedStateMachine {
        serde_json::from_value(json!({
            "apiVersion": "workloads.kubeblocks.io/v1alpha1",
            "kind": "ReplicatedStateMachine",
            "metadata": {"name": "db"},
            "spec": {
                "memberUpdateStrategy": strategy,
                "roles": [
                    {"name": "leader", "canVote": true, "isLeader": true},
                    {"name": "follower", "canVote": true},
                    {"name": "learner"},
                ],
            },
            "status": {"updateRevision": "new"},
        }))
        .unwrap()
    }

    fn pod(ordinal: i32, role: &str, revision: &str, ready: bool) -> Pod {
        serde_json::from_value(json!({
            "metadata": {"name": format!("db-{ordinal}"), "labels": {LABEL_ROLE: role, REVISION: revision}},
            "status": {"conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}]},
        }))
        .unwrap()
    }

    #[test]
    fn the_plan_follows_the_strategy_and_waits_for_what_it_replaced() {
        let old =
            [pod(0, "leader", "old", true), pod(1, "follower", "old", true), pod(2, "follower", "old", true)];
        let one_new =
            [pod(0, "leader", "old", true), pod(1, "follower", "new", true), pod(2, "follower", "old", true)];
        let one_starting = [
            pod(0, "leader", "old", true),
            pod(1, "follower", "new", false),
            pod(2, "follower", "old", true),
        ];
        let leader_left =
            [pod(0, "leader", "old", true), pod(1, "follower", "new", true), pod(2, "follower", "new", true)];
        let table: [(&str, &[Pod], &[&str]); 8] = [
            ("Serial", &old, &["db-1"]),
            ("Serial", &one_new, &["db-2"]),
            ("Serial", &one_starting, &[]),
            ("Serial", &leader_left, &["db-0"]),
            ("Parallel", &old, &["db-1", "db-2", "db-0"]),
            ("BestEffortParallel", &old, &["db-1"]),
            ("BestEffortParallel", &one_starting, &[]),
            ("BestEffortParallel", &leader_left, &["db-0"]),
        ];
        for (strategy, pods, expected) in table {
            assert_eq!(next(&workload(strategy), pods.to_vec()), expected, "{strategy}");
        }
    }
}
