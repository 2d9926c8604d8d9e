//! Policies are Available once seen; schedules when their policy and its methods are there.

use std::sync::Arc;

use kube::ResourceExt;
use kube::runtime::controller::Action;
use serde_json::{Value, json};

use super::cron_jobs;
use crate::operator::Context;
use crate::operator::api::{BackupPolicy, BackupSchedule, PolicyStatus};
use crate::operator::error::Error;
use crate::operator::events::Severity;
use crate::operator::naming::{DATA_PROTECTION_FINALIZER, LABEL_BACKUP_POLICY};

/// Brings one policy a step further.
pub(crate) async fn reconcile_policy(
    trigger: Arc<BackupPolicy>,
    context: Arc<Context>,
) -> Result<Action, Error> {
    let namespace = trigger.namespace().unwrap_or_default();
    let Some(policy) = context.store.get::<BackupPolicy>(&namespace, &trigger.name_any()).await? else {
        return Ok(Action::await_change());
    };
    let name = policy.name_any();
    if policy.metadata.deletion_timestamp.is_some() {
        let text = format!("Deleting backuppolicy: {name}");
        context.events.record(&policy, Severity::Normal, "DeletingCR", &text).await;
        context.store.remove_finalizer(&policy, DATA_PROTECTION_FINALIZER).await?;
        context
            .events
            .record(&policy, Severity::Normal, "DeletedCR", &format!("Deleted backuppolicy: {name}"))
            .await;
        return Ok(Action::await_change());
    }
    if !policy.finalizers().iter().any(|known| known == DATA_PROTECTION_FINALIZER) {
        context.store.add_finalizer(&policy, DATA_PROTECTION_FINALIZER).await?;
        return Ok(Action::await_change());
    }
    let before = policy.status.clone().unwrap_or_default();
    let status = PolicyStatus {
        phase: "Available".to_owned(),
        observed_generation: policy.metadata.generation,
        failure_reason: String::new(),
    };
    if context.store.write_status(&policy, policy.status.as_ref(), &status).await? && before.phase.is_empty()
    {
        context
            .events
            .record(&policy, Severity::Normal, "CreatedCR", &format!("Created backuppolicy: {name}"))
            .await;
    }
    Ok(Action::await_change())
}

/// Brings one schedule a step further.
pub(crate) async fn reconcile_schedule(
    trigger: Arc<BackupSchedule>,
    context: Arc<Context>,
) -> Result<Action, Error> {
    let namespace = trigger.namespace().unwrap_or_default();
    let Some(schedule) = context.store.get::<BackupSchedule>(&namespace, &trigger.name_any()).await? else {
        return Ok(Action::await_change());
    };
    let name = schedule.name_any();
    if context.options.faults.is_paused(&namespace, &name) {
        return Ok(Action::requeue(context.options.pace));
    }
    if schedule.metadata.deletion_timestamp.is_some() {
        let text = format!("Deleting backupschedule: {name}");
        context.events.record(&schedule, Severity::Normal, "DeletingCR", &text).await;
        cron_jobs::remove(&context, &schedule).await?;
        context.store.remove_finalizer(&schedule, DATA_PROTECTION_FINALIZER).await?;
        let text = format!("Deleted backupschedule: {name}");
        context.events.record(&schedule, Severity::Normal, "DeletedCR", &text).await;
        return Ok(Action::await_change());
    }
    if !schedule.finalizers().iter().any(|known| known == DATA_PROTECTION_FINALIZER) {
        context.store.add_finalizer(&schedule, DATA_PROTECTION_FINALIZER).await?;
        return Ok(Action::await_change());
    }
    let wanted = schedule.spec.backup_policy_name.clone();
    if schedule.labels().get(LABEL_BACKUP_POLICY) != Some(&wanted) {
        let patch = json!({ "metadata": { "labels": { LABEL_BACKUP_POLICY: wanted } } });
        context.store.merge::<BackupSchedule>(&namespace, &name, &patch).await?;
    }
    let policy = context.store.get::<BackupPolicy>(&namespace, &wanted).await?;
    let mut problem = problem(&schedule, policy.as_ref());
    if let (None, Some(policy)) = (&problem, &policy) {
        problem = cron_jobs::sync(&context, &schedule, policy).await?;
    }
    let before = schedule.status.clone().unwrap_or_default();
    let status = PolicyStatus {
        phase: if problem.is_some() { "Failed" } else { "Available" }.to_owned(),
        observed_generation: if problem.is_some() {
            before.observed_generation
        } else {
            schedule.metadata.generation
        },
        failure_reason: problem.clone().unwrap_or_default(),
    };
    context.store.write_status(&schedule, schedule.status.as_ref(), &status).await?;
    if let Some(problem) = problem {
        context.events.record(&schedule, Severity::Warning, "HandleBackupScheduleFailed", &problem).await;
        return Ok(Action::requeue(context.options.pace));
    }
    Ok(Action::await_change())
}

/// Why the schedule cannot run.
fn problem(schedule: &BackupSchedule, policy: Option<&BackupPolicy>) -> Option<String> {
    let Some(policy) = policy else {
        return Some(format!(
            "BackupPolicy.dataprotection.kubeblocks.io \"{}\" not found",
            schedule.spec.backup_policy_name
        ));
    };
    let known: Vec<&str> = policy
        .spec
        .backup_methods
        .iter()
        .filter_map(|method| method.get("name").and_then(Value::as_str))
        .collect();
    let unknown = schedule
        .spec
        .schedules
        .iter()
        .filter_map(|entry| entry.get("backupMethod").and_then(Value::as_str))
        .find(|method| !known.contains(method))?;
    let namespace = schedule.namespace().unwrap_or_default();
    Some(format!("backup method {unknown} is not in backup policy {namespace}/{}", policy.name_any()))
}
