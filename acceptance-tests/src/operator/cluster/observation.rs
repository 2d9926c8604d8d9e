//! What a status pass sees of one component, and the status that follows from it.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use super::{Pass, revision, scaling};
use crate::operator::api::{ComponentStatus, Configuration, MemberStatus, ReplicatedStateMachine};
use crate::operator::component::Component;
use crate::operator::conditions::now;
use crate::operator::error::Error;
use crate::operator::{health, rsm};

/// What a status pass sees of one component.
pub(super) struct Observation {
    phase: &'static str,
    pub(super) is_failing: bool,
    messages: BTreeMap<String, String>,
}

/// Looks at workload, pods, configuration and claims of a component.
pub(super) async fn observe(
    pass: &Pass<'_>,
    component: &Component<'_>,
    running: &ReplicatedStateMachine,
    pods: &[Pod],
    known_phase: &str,
) -> Result<Observation, Error> {
    let context = pass.context;
    let is_latest =
        revision::is_latest(context, pass.cluster, pass.cluster.observed_generation(), running).await?;
    // A pod of an older revision hides all failures: a roll onto pods that cannot run stays Updating for ever.
    let failures = if is_latest {
        health::failures(&context.options, component, pods)
    } else {
        health::Failures::default()
    };
    let is_running = is_latest
        && rsm::is_ready(running)
        && is_configured(pass, component).await?
        && !scaling::is_expanding(pass, component).await?;
    let is_stopped = running.spec.replicas == 0 && component.spec.replicas == 0;
    let phase = if running.metadata.deletion_timestamp.is_some() {
        "Deleting"
    } else if is_stopped && !pods.is_empty() {
        "Stopping"
    } else if is_stopped {
        "Stopped"
    } else if is_running {
        "Running"
    } else if !failures.timed_out.is_empty() {
        "Failed"
    } else if known_phase.is_empty() || known_phase == "Creating" {
        "Creating"
    } else {
        "Updating"
    };
    Ok(Observation {
        phase,
        is_failing: failures.pending || !failures.timed_out.is_empty(),
        messages: failures.timed_out,
    })
}

/// Whether all configuration items of the component have reached their newest revision.
async fn is_configured(pass: &Pass<'_>, component: &Component<'_>) -> Result<bool, Error> {
    if component.definition.config_specs.is_empty() {
        return Ok(true);
    }
    let Some(configuration) =
        pass.context.store.get::<Configuration>(component.namespace(), &component.workload()).await?
    else {
        return Ok(false);
    };
    let status = configuration.status.unwrap_or_default();
    Ok(component.definition.config_specs.iter().all(|spec| {
        status.configuration_status.iter().any(|item| item.name == spec.name && item.phase == "Finished")
    }))
}

/// The component's next status.
pub(super) fn next_status(
    component: &Component<'_>,
    running: &ReplicatedStateMachine,
    known: &ComponentStatus,
    observation: &Observation,
) -> ComponentStatus {
    let mut next = known.clone();
    if observation.phase != known.phase {
        observation.phase.clone_into(&mut next.phase);
        if next.phase == "Failed" {
            next.message.extend(observation.messages.clone());
        }
    }
    let ready = ["Stopping", "Stopped", "Running"].contains(&observation.phase);
    if next.pods_ready != Some(ready) {
        next.pods_ready = Some(ready);
        if ready {
            next.pods_ready_time = Some(now());
        }
    }
    next.members_status = running.status().members_status;
    if component.is_replication() {
        next.replication_set_status = Some(replication_status(&next.members_status));
    } else if component.is_consensus() {
        next.consensus_set_status = Some(consensus_status(&next.members_status));
    }
    next
}

fn replication_status(members: &[MemberStatus]) -> Value {
    let primary = members.iter().find(|member| member.role.is_leader);
    let secondaries: Vec<Value> = members
        .iter()
        .filter(|member| !member.role.is_leader)
        .map(|member| json!({ "pod": member.pod_name }))
        .collect();
    let mut status = json!({ "primary": { "pod": primary.map_or("Unknown", |member| &member.pod_name) } });
    if !secondaries.is_empty() {
        status["secondaries"] = Value::Array(secondaries);
    }
    status
}

fn consensus_status(members: &[MemberStatus]) -> Value {
    let describe = |member: &MemberStatus| json!({ "name": member.role.name, "pod": member.pod_name, "accessMode": member.role.access_mode });
    let leader = members.iter().find(|member| member.role.is_leader);
    let followers: Vec<Value> = members
        .iter()
        .filter(|member| !member.role.is_leader && member.role.can_vote)
        .map(describe)
        .collect();
    let unknown = json!({ "name": "", "pod": "Unknown", "accessMode": "None" });
    let mut status = json!({ "leader": leader.map_or(unknown, describe) });
    if !followers.is_empty() {
        status["followers"] = Value::Array(followers);
    }
    if let Some(learner) = members.iter().find(|member| !member.role.can_vote) {
        status["learner"] = describe(learner);
    }
    status
}

/// What the event about a new phase says.
pub(super) fn transition_message(phase: &str) -> &'static str {
    match phase {
        "Deleting" => "component is Deleting",
        "Stopping" => "component is Stopping",
        "Stopped" => "component is Stopped",
        "Running" => "component is Running",
        "Creating" => "Create a new component",
        "Updating" => "component is Updating",
        "Failed" => "component is Failed",
        _ => "unknown",
    }
}
