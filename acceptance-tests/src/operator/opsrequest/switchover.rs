//! A switchover: a Job per component, then the roles have to follow.
//!
//! The real operator looks the component definition up by the component's name, so it only works where both are the
//! same; and a failed Job is never a failed operation.

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{Container, Pod, PodSpec, PodTemplateSpec};
use kube::ResourceExt;
use kube::api::ObjectMeta;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Operation, REQUEUE, Verdict, details};
use crate::operator::api::{
    ClusterDefinition, ComponentDefinition, OpsComponentStatus, OpsRequestStatus, ReplicatedStateMachine,
    Switchover,
};
use crate::operator::conditions;
use crate::operator::error::Error;
use crate::operator::events::Severity;
use crate::operator::naming::{self, LABEL_ACCESS_MODE, LABEL_ROLE, Labels};
use crate::operator::rsm::members;

const JOB: &str = "kb-switchover-job";
const JOB_LABEL: &str = "kubeblocks.io/switchover-job";
const CONTAINER: &str = "kb-switchover-job-container";
/// Any member but the one that leads.
const ANY: &str = "*";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    component_name: &'a str,
    instance_name: &'a str,
    #[serde(rename = "OldPrimary")]
    old_primary: String,
    #[serde(rename = "Cluster")]
    cluster: String,
}

/// What the started condition carries: who leads now and who shall.
pub(super) async fn started_message(operation: &Operation<'_>) -> Result<String, Error> {
    let mut entries = std::collections::BTreeMap::new();
    for wanted in &operation.request.spec.switchover {
        let name = wanted.component_name.as_str();
        let leader = leader(operation, name).await?.unwrap_or_default();
        let cluster = operation.cluster.name_any();
        let instance_name = wanted.instance_name.as_str();
        entries.insert(name, Message { component_name: name, instance_name, old_primary: leader, cluster });
    }
    Ok(serde_json::to_string(&entries).unwrap_or_default())
}

async fn workload(
    operation: &Operation<'_>,
    component: &str,
) -> Result<Option<ReplicatedStateMachine>, Error> {
    let name = naming::workload(&operation.cluster.name_any(), component);
    operation.context.store.get(&operation.namespace(), &name).await
}

async fn leader(operation: &Operation<'_>, component: &str) -> Result<Option<String>, Error> {
    let Some(workload) = workload(operation, component).await? else { return Ok(None) };
    let role = workload.spec.roles.iter().find(|role| role.is_leader).map(|role| role.name.clone());
    let pods = members(operation.context, &workload).await?;
    Ok(pods.iter().find(|pod| pod.labels().get(LABEL_ROLE) == role.as_ref()).map(ResourceExt::name_any))
}

fn refused(message: String) -> Error {
    Error::Refused { reason: "DoActionFailed", message }
}

/// Starts the Jobs of all components that do not have the wanted leader yet.
pub(super) async fn act(operation: &Operation<'_>, status: &mut OpsRequestStatus) -> Result<(), Error> {
    let definition = operation
        .context
        .store
        .get_global::<ClusterDefinition>(&operation.cluster.spec.cluster_definition_ref)
        .await?;
    for wanted in &operation.request.spec.switchover {
        let name = &wanted.component_name;
        let known = definition
            .as_ref()
            .and_then(|known| known.spec.component_defs.iter().find(|component| &component.name == name))
            .ok_or_else(|| {
                refused(format!("component definition {name} of the cluster definition not found"))
            })?;
        let leader =
            leader(operation, name).await?.ok_or_else(|| refused("primary pod not found".to_owned()))?;
        if wanted.instance_name == leader {
            let entry = OpsComponentStatus { phase: "Running".to_owned(), ..OpsComponentStatus::default() };
            status.components.insert(name.clone(), entry);
            continue;
        }
        check_candidate(operation, wanted).await?;
        let entry = OpsComponentStatus { phase: "Updating".to_owned(), ..OpsComponentStatus::default() };
        status.components.insert(name.clone(), entry);
        let job = job(operation, wanted, known)?;
        operation.context.store.create_if_absent(&job).await?;
    }
    Ok(())
}

async fn check_candidate(operation: &Operation<'_>, wanted: &Switchover) -> Result<(), Error> {
    if wanted.instance_name == ANY {
        return Ok(());
    }
    let name = naming::workload(&operation.cluster.name_any(), &wanted.component_name);
    let labels = naming::component_selector(&operation.cluster.name_any(), &wanted.component_name);
    let pods: Vec<Pod> = operation.context.store.list(&operation.namespace(), &labels).await?;
    let ordinal =
        naming::ordinal(&name, &wanted.instance_name).and_then(|ordinal| usize::try_from(ordinal).ok());
    if ordinal.is_some_and(|ordinal| ordinal < pods.len()) {
        return Ok(());
    }
    Err(refused("switchover.InstanceName is invalid".to_owned()))
}

fn labels(operation: &Operation<'_>, component: &str) -> Labels {
    let mut labels = naming::component_selector(&operation.cluster.name_any(), component);
    labels.insert(JOB_LABEL.to_owned(), JOB.to_owned());
    labels
}

fn job_name(operation: &Operation<'_>, component: &str, generation: i64) -> String {
    format!("{JOB}-{}-{component}-{generation}", operation.cluster.name_any())
}

fn job(
    operation: &Operation<'_>,
    wanted: &Switchover,
    definition: &ComponentDefinition,
) -> Result<Job, Error> {
    let kind = if wanted.instance_name == ANY { "withoutCandidate" } else { "withCandidate" };
    let spec =
        definition.switchover_spec.as_ref().ok_or_else(|| refused("switchover spec not found".to_owned()))?;
    let executor = spec
        .get(kind)
        .and_then(|action| action.get("cmdExecutorConfig"))
        .ok_or_else(|| refused("switchover action not found".to_owned()))?;
    Ok(Job {
        metadata: ObjectMeta {
            name: Some(job_name(operation, &wanted.component_name, operation.cluster.generation())),
            namespace: Some(operation.namespace()),
            labels: Some(labels(operation, &wanted.component_name)),
            ..ObjectMeta::default()
        },
        spec: Some(JobSpec {
            template: PodTemplateSpec {
                metadata: None,
                spec: Some(PodSpec {
                    restart_policy: Some("Never".to_owned()),
                    containers: vec![Container {
                        name: CONTAINER.to_owned(),
                        image: executor.get("image").and_then(Value::as_str).map(str::to_owned),
                        ..Container::default()
                    }],
                    ..PodSpec::default()
                }),
            },
            ..JobSpec::default()
        }),
        status: None,
    })
}

/// Follows the Jobs, then the roles.
pub(super) async fn look(operation: &Operation<'_>, status: &mut OpsRequestStatus) -> Result<Verdict, Error> {
    let generation = conditions::find(&status.conditions, "Switchover")
        .and_then(|condition| condition.observed_generation)
        .unwrap_or_default();
    let wanted = &operation.request.spec.switchover;
    let mut completed = 0;
    let mut jobs = Vec::new();
    let mut waiting = None;
    for switchover in wanted {
        let component = &switchover.component_name;
        let mut entry = status.components.get(component).cloned().unwrap_or_default();
        if entry.phase == "Running" {
            completed += 1;
            continue;
        }
        let name = job_name(operation, component, generation);
        let job = operation.context.store.get::<Job>(&operation.namespace(), &name).await?;
        let has_run = job.as_ref().is_some_and(|job| {
            job.status.as_ref().and_then(|status| status.succeeded).is_some_and(|count| count > 0)
        }) && operation.context.options.switchover_ends;
        let faults = &operation.context.options.faults;
        let is_blind = faults.is_blind_to_switchover(&operation.namespace(), &operation.cluster.name_any());
        if has_run && is_blind && !leads(operation, status, switchover).await? {
            move_roles(operation, switchover).await?;
        }
        let is_done = has_run && !is_blind;
        let key = format!("CheckJob/{name}");
        if !is_done {
            note(operation, &mut entry, &key, "Processing", format!("switchover job {name} is not succeed"))
                .await;
            status.components.insert(component.clone(), entry);
            waiting = Some(format!("requeue to waiting for job {name} finished."));
            continue;
        }
        note(operation, &mut entry, &key, "Succeed", format!("switchover job {name} is succeed")).await;
        move_roles(operation, switchover).await?;
        let key = format!("CheckRoleLabel/{component}");
        if leads(operation, status, switchover).await? {
            let text =
                format!("check component {component} pod role label consistency after switchover is succeed");
            note(operation, &mut entry, &key, "Succeed", text).await;
            note(operation, &mut entry, component, "Succeed", format!("switchover job {name} is succeed"))
                .await;
            "Running".clone_into(&mut entry.phase);
            completed += 1;
            jobs.push(name);
        } else {
            let text =
                format!("waiting for component {component} pod role label consistency after switchover");
            note(operation, &mut entry, &key, "Processing", text).await;
            waiting = Some("requeue to waiting for pod role label consistency.".to_owned());
        }
        status.components.insert(component.clone(), entry);
    }
    status.progress = format!("{completed}/{}", wanted.len());
    if completed < wanted.len() {
        if let Some(reason) = waiting {
            let message = format!("Failed to reconcile the status of OpsRequest: {reason}");
            operation.record(Severity::Warning, "ReconcileStatusFailed", &message).await;
        }
        // The real operator looks again when the cluster changes, as it does when roles move.
        let again = operation.context.options.switchover_ends.then_some(REQUEUE);
        return Ok(Verdict::Running(again));
    }
    for job in jobs {
        operation.context.store.delete::<Job>(&operation.namespace(), &job).await?;
    }
    Ok(Verdict::Succeeded)
}

async fn note(
    operation: &Operation<'_>,
    entry: &mut OpsComponentStatus,
    key: &str,
    status: &str,
    message: String,
) {
    if let Some(report) = details::note(entry, key, status, message) {
        operation.record(report.severity, report.reason, &report.message).await;
    }
}

/// Whether the wanted member leads.
async fn leads(
    operation: &Operation<'_>,
    status: &OpsRequestStatus,
    wanted: &Switchover,
) -> Result<bool, Error> {
    let leader = leader(operation, &wanted.component_name).await?;
    if wanted.instance_name != ANY {
        return Ok(leader.as_deref() == Some(&wanted.instance_name));
    }
    let before = conditions::find(&status.conditions, "Switchover")
        .and_then(|condition| serde_json::from_str::<Value>(&condition.message).ok())
        .and_then(|message| {
            message.pointer(&format!("/{}/OldPrimary", wanted.component_name))?.as_str().map(str::to_owned)
        });
    Ok(leader.is_some() && leader != before)
}

/// Plays the database: the candidate takes the lead and the old leader follows.
async fn move_roles(operation: &Operation<'_>, wanted: &Switchover) -> Result<(), Error> {
    let Some(workload) = workload(operation, &wanted.component_name).await? else { return Ok(()) };
    let Some(leading) = workload.spec.roles.iter().find(|role| role.is_leader) else { return Ok(()) };
    let Some(following) = workload.spec.roles.iter().find(|role| !role.is_leader && role.can_vote) else {
        return Ok(());
    };
    let pods = members(operation.context, &workload).await?;
    let leads = |pod: &&Pod| pod.labels().get(LABEL_ROLE) == Some(&leading.name);
    let old = pods.iter().find(leads).map(ResourceExt::name_any);
    let new = match wanted.instance_name.as_str() {
        // The Job may be looked at twice: once another member leads, it has had its effect.
        ANY if operation.request.status().progress != "0/1" => return Ok(()),
        ANY => pods.iter().find(|pod| !leads(pod)).map(ResourceExt::name_any),
        name => Some(name.to_owned()),
    };
    let Some(new) = new.filter(|new| Some(new) != old.as_ref()) else { return Ok(()) };
    for (pod, role) in [(old, following), (Some(new), leading)] {
        let Some(pod) = pod else { continue };
        let patch = json!({ "metadata": { "labels": {
            LABEL_ROLE: role.name,
            LABEL_ACCESS_MODE: role.access_mode,
        }}});
        operation.context.store.merge::<Pod>(&operation.namespace(), &pod, &patch).await?;
    }
    Ok(())
}
