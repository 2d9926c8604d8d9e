//! Plays the role probe of the pods: labels each ready pod with its role.
//!
//! On a real cluster the probe's sidecar asks the database. Pods of the playground run nothing, so the member with
//! ordinal 0 leads unless another one does already.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::runtime::controller::Action;
use serde_json::json;

use super::{members, pod_is_ready};
use crate::operator::Context;
use crate::operator::api::{ReplicaRole, ReplicatedStateMachine};
use crate::operator::error::Error;
use crate::operator::naming::{LABEL_ACCESS_MODE, LABEL_INSTANCE, LABEL_ROLE};

/// Labels the ready pods of one workload that have no role yet.
pub(crate) async fn label_roles(
    trigger: Arc<ReplicatedStateMachine>,
    context: Arc<Context>,
) -> Result<Action, Error> {
    let namespace = trigger.namespace().unwrap_or_default();
    let Some(workload) = context.store.get::<ReplicatedStateMachine>(&namespace, &trigger.name_any()).await?
    else {
        return Ok(Action::await_change());
    };
    let cluster = workload.labels().get(LABEL_INSTANCE).cloned().unwrap_or_default();
    if !workload.has_roles()
        || workload.metadata.deletion_timestamp.is_some()
        || context.options.faults.is_never_running(&namespace, &cluster)
    {
        return Ok(Action::await_change());
    }
    let pods = members(&context, &workload).await?;
    let fails_over = context.options.fails_over;
    let taking_over = if fails_over { successor(&workload, &pods) } else { None };
    for (pod, role) in taking_over.into_iter().chain(missing(&workload, &pods, fails_over)) {
        let patch = json!({ "metadata": { "labels": {
            LABEL_ROLE: role.name,
            LABEL_ACCESS_MODE: role.access_mode,
        }}});
        context.store.merge::<Pod>(&namespace, &pod, &patch).await?;
    }
    Ok(Action::await_change())
}

/// The follower that takes the lead when nobody leads any more, as databases of several members do by themselves.
fn successor<'a>(workload: &'a ReplicatedStateMachine, pods: &[Pod]) -> Option<(String, &'a ReplicaRole)> {
    let leader = workload.spec.roles.iter().find(|role| role.is_leader)?;
    let is_here = |pod: &&Pod| pod.metadata.deletion_timestamp.is_none();
    if pods.iter().filter(is_here).any(|pod| pod.labels().get(LABEL_ROLE) == Some(&leader.name)) {
        return None;
    }
    let follows = |pod: &&Pod| pod_is_ready(pod) && pod.labels().contains_key(LABEL_ROLE);
    let next = pods.iter().filter(is_here).find(follows)?;
    Some((next.name_any(), leader))
}

/// The pods that need a role, each with the role it gets.
fn missing<'a>(
    workload: &'a ReplicatedStateMachine,
    pods: &[Pod],
    fails_over: bool,
) -> Vec<(String, &'a ReplicaRole)> {
    let Some(leader) = workload.spec.roles.iter().find(|role| role.is_leader) else { return Vec::new() };
    let follower = workload.spec.roles.iter().find(|role| !role.is_leader && role.can_vote).unwrap_or(leader);
    let leads = |pod: &Pod| {
        pod.metadata.deletion_timestamp.is_none() && pod.labels().get(LABEL_ROLE) == Some(&leader.name)
    };
    // One that follows takes over, if there is one.
    let follows =
        |pod: &Pod| pod.metadata.deletion_timestamp.is_none() && pod.labels().contains_key(LABEL_ROLE);
    let is_followed = fails_over && pods.iter().any(|pod| follows(pod) && pod_is_ready(pod));
    let mut has_leader = is_followed || pods.iter().any(leads);
    // A later member takes the lead only after the first one has a role, or a cluster that starts would have two
    // leaders for a moment.
    let first_has_role = pods.first().is_some_and(|pod| pod.labels().contains_key(LABEL_ROLE));
    pods.iter()
        .enumerate()
        .filter(|(_, pod)| pod_is_ready(pod) && !pod.labels().contains_key(LABEL_ROLE))
        .map(|(ordinal, pod)| {
            let may_lead = ordinal == 0 || first_has_role;
            let role = if may_lead && !has_leader { leader } else { follower };
            has_leader |= role.is_leader;
            (pod.name_any(), role)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workload() -> ReplicatedStateMachine {
        serde_json::from_value(json!({
            "apiVersion": "workloads.kubeblocks.io/v1alpha1",
            "kind": "ReplicatedStateMachine",
            "metadata": {"name": "db"},
            "spec": {"roles": [
                {"name": "leader", "canVote": true, "isLeader": true},
                {"name": "follower", "canVote": true},
            ]},
        }))
        .unwrap()
    }

    fn pod(ordinal: i32, role: Option<&str>, ready: bool) -> Pod {
        let labels = role.map_or(json!({}), |role| json!({ LABEL_ROLE: role }));
        serde_json::from_value(json!({
            "metadata": {"name": format!("db-{ordinal}"), "labels": labels},
            "status": {"conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}]},
        }))
        .unwrap()
    }

    #[test]
    fn a_follower_takes_over_and_the_lost_leader_comes_back_as_one() {
        let workload = workload();
        let next = |pods: &[Pod]| successor(&workload, pods).map(|(pod, role)| (pod, role.name.clone()));
        let promoted = Some(("db-1".to_owned(), "leader".to_owned()));
        assert_eq!(next(&[pod(0, None, true), pod(1, Some("follower"), true)]), promoted);
        assert_eq!(next(&[pod(1, Some("follower"), true)]), promoted);
        for pods in [
            &[pod(0, Some("leader"), false), pod(1, Some("follower"), true)][..],
            &[pod(0, None, true), pod(1, None, true)],
            &[pod(1, Some("follower"), false)],
        ] {
            assert_eq!(next(pods), None, "{pods:?}");
        }
        let back = [pod(0, None, true), pod(1, Some("follower"), true)];
        let labelled = missing(&workload, &back, true);
        assert_eq!(labelled.iter().map(|(_, role)| role.name.as_str()).collect::<Vec<_>>(), ["follower"]);
    }

    #[test]
    fn the_first_member_leads_unless_another_one_does() {
        type Row<'a> = (&'a [Pod], &'a [(&'a str, &'a str)]);
        let table: [Row<'_>; 5] = [
            (&[pod(0, None, true), pod(1, None, true)], &[("db-0", "leader"), ("db-1", "follower")]),
            (&[pod(0, None, false), pod(1, None, true)], &[("db-1", "follower")]),
            (&[pod(0, None, true), pod(1, Some("leader"), true)], &[("db-0", "follower")]),
            (&[pod(0, Some("leader"), true), pod(1, None, false)], &[]),
            (&[pod(0, Some("follower"), true), pod(1, None, true)], &[("db-1", "leader")]),
        ];
        for (pods, expected) in table {
            let workload = workload();
            let labelled = missing(&workload, pods, false);
            let labelled: Vec<(&str, &str)> =
                labelled.iter().map(|(pod, role)| (pod.as_str(), role.name.as_str())).collect();
            assert_eq!(labelled, expected);
        }
    }
}
