//! Restores: claims and Jobs before the workloads ("prepare data"), and nothing but a nod after them ("post ready").

use std::sync::Arc;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimSpec};
use kube::ResourceExt;
use kube::api::ObjectMeta;
use kube::runtime::controller::Action;
use serde_json::{Value, json};

use super::{MANAGED_BY, duration_since, job, outcome, short};
use crate::operator::Context;
use crate::operator::api::{Backup, Condition, Restore, RestoreStatus};
use crate::operator::conditions::{self, now};
use crate::operator::error::Error;
use crate::operator::events::Severity;
use crate::operator::naming::{self, DATA_PROTECTION_FINALIZER, LABEL_MANAGED_BY, Labels};
use crate::operator::store::controlled_by;

const LABEL_RESTORE: &str = "dataprotection.kubeblocks.io/restore";

/// Brings one restore a step further.
pub(crate) async fn reconcile(trigger: Arc<Restore>, context: Arc<Context>) -> Result<Action, Error> {
    let namespace = trigger.namespace().unwrap_or_default();
    let Some(restore) = context.store.get::<Restore>(&namespace, &trigger.name_any()).await? else {
        return Ok(Action::await_change());
    };
    let name = restore.name_any();
    if restore.metadata.deletion_timestamp.is_some() {
        let record = |reason: &'static str, text: String| {
            let (context, restore) = (&context, &restore);
            async move { context.events.record(restore, Severity::Normal, reason, &text).await }
        };
        record("DeletingCR", format!("Deleting restore: {name}")).await;
        context.store.remove_finalizer(&restore, DATA_PROTECTION_FINALIZER).await?;
        record("DeletedCR", format!("Deleted restore: {name}")).await;
        return Ok(Action::await_change());
    }
    if !restore.finalizers().iter().any(|known| known == DATA_PROTECTION_FINALIZER) {
        context.store.add_finalizer(&restore, DATA_PROTECTION_FINALIZER).await?;
        return Ok(Action::await_change());
    }
    let mut status = restore.status.clone().unwrap_or_default();
    match status.phase.as_str() {
        "" => {
            "Running".clone_into(&mut status.phase);
            status.start_timestamp = Some(now());
            context.store.write_status(&restore, restore.status.as_ref(), &status).await?;
            context.events.record(&restore, Severity::Normal, "RestoreStarting", "start to restore").await;
        }
        "Running" => advance(&context, &restore, status).await?,
        _ => {}
    }
    Ok(Action::await_change())
}

async fn advance(context: &Context, restore: &Restore, mut status: RestoreStatus) -> Result<(), Error> {
    let source = &restore.spec.backup;
    let backup = context.store.get::<Backup>(&source.namespace, &source.name).await?;
    let phase = backup.and_then(|backup| backup.status).map(|status| status.phase);
    if phase.as_deref() != Some("Completed") {
        let message = match phase {
            None => format!("backups.dataprotection.kubeblocks.io \"{}\" not found", source.name),
            Some(_) => format!("backup {} is not completed", source.name),
        };
        let condition = Condition::unmet("ValidationPassed", "ValidateFailed", message.clone());
        conditions::set(&mut status.conditions, condition);
        context.events.record(restore, Severity::Warning, "RestoreFailed", &message).await;
        return end(context, restore, status, "Failed").await;
    }
    let message = "validate restore spec successfully";
    conditions::set(
        &mut status.conditions,
        Condition::met("ValidationPassed", "ValidateSuccessfully", message),
    );
    let Some(prepare) = &restore.spec.prepare_data_config else {
        context.events.record(restore, Severity::Normal, "RestoreCompleted", "restore completed.").await;
        return end(context, restore, status, "Completed").await;
    };
    let jobs = prepare_data(context, restore, prepare).await?;
    let mut entries = Vec::new();
    let (mut is_done, mut problem) = (true, None);
    for (index, job) in jobs.iter().enumerate() {
        let key = format!("Job/{}", job.name_any());
        let (state, message) = match outcome(job) {
            None => {
                is_done = false;
                ("Processing", format!("\"{key}\" is processing"))
            }
            Some(Ok(())) => ("Completed", format!("successfully processed the \"{key}\"")),
            Some(Err(reason)) => {
                problem = Some(reason.clone());
                ("Failed", reason)
            }
        };
        let started = status
            .actions
            .as_ref()
            .and_then(|actions| actions.pointer(&format!("/prepareData/{index}/startTime")).cloned())
            .unwrap_or_else(|| json!(now()));
        let mut entry = json!({
            "backupName": source.name,
            "name": format!("prepareData-{index}"),
            "objectKey": key,
            "startTime": started,
            "status": state,
            "message": message,
        });
        if state != "Processing" {
            entry["endTime"] = json!(now());
        }
        entries.push(entry);
    }
    status.actions = Some(json!({ "prepareData": entries }));
    let condition = match (&problem, is_done) {
        (Some(reason), _) => Condition::unmet("PrepareData", "Failed", reason.clone()),
        (None, true) => Condition::met("PrepareData", "Succeed", "prepare data successfully"),
        (None, false) => Condition::unmet("PrepareData", "Processing", "processing prepareData stage."),
    };
    conditions::set(&mut status.conditions, condition);
    if !is_done && problem.is_none() {
        context.store.write_status(restore, restore.status.as_ref(), &status).await?;
        return Ok(());
    }
    for job in &jobs {
        context.store.remove_finalizer(job, DATA_PROTECTION_FINALIZER).await?;
        context.store.delete::<Job>(&job.namespace().unwrap_or_default(), &job.name_any()).await?;
    }
    if let Some(reason) = problem {
        context.events.record(restore, Severity::Warning, "RestoreFailed", &reason).await;
        return end(context, restore, status, "Failed").await;
    }
    context.events.record(restore, Severity::Normal, "RestoreCompleted", "restore completed.").await;
    end(context, restore, status, "Completed").await
}

async fn end(
    context: &Context,
    restore: &Restore,
    mut status: RestoreStatus,
    phase: &str,
) -> Result<(), Error> {
    phase.clone_into(&mut status.phase);
    status.completion_timestamp = Some(now());
    status.duration = Some(duration_since(status.start_timestamp.as_deref()));
    context.store.write_status(restore, restore.status.as_ref(), &status).await?;
    Ok(())
}

/// Makes the claims of all replicas, and a Job that fills each.
async fn prepare_data(context: &Context, restore: &Restore, prepare: &Value) -> Result<Vec<Job>, Error> {
    let namespace = restore.namespace().unwrap_or_default();
    let template = &prepare["volumeClaimsTemplate"];
    let replicas = template["replicas"].as_i64().unwrap_or(1);
    let mut jobs = Vec::new();
    for ordinal in 0..replicas {
        for wanted in template["templates"].as_array().into_iter().flatten() {
            let labels: Labels =
                serde_json::from_value(wanted["metadata"]["labels"].clone()).unwrap_or_default();
            let annotations: Labels =
                serde_json::from_value(wanted["metadata"]["annotations"].clone()).unwrap_or_default();
            let name = format!("{}-{ordinal}", wanted["metadata"]["name"].as_str().unwrap_or_default());
            let spec: PersistentVolumeClaimSpec = serde_json::from_value(wanted["volumeClaimSpec"].clone())
                .map_err(|source| Error::Shape {
                object: format!("volumeClaimSpec of Restore {}", restore.name_any()),
                source,
            })?;
            let claim = PersistentVolumeClaim {
                metadata: ObjectMeta {
                    name: Some(name.clone()),
                    namespace: Some(namespace.clone()),
                    labels: Some(labels.clone()),
                    annotations: Some(annotations),
                    ..ObjectMeta::default()
                },
                spec: Some(spec),
                status: None,
            };
            if context.store.create_if_absent(&claim).await? {
                let text = format!("created pvc {namespace}/{name}");
                context.events.record(restore, Severity::Normal, "CreateRestorePVC", &text).await;
            }
            jobs.push(fill(context, restore, labels, &name, ordinal).await?);
        }
    }
    Ok(jobs)
}

/// The Job that fills a claim.
async fn fill(
    context: &Context,
    restore: &Restore,
    mut labels: Labels,
    claim: &str,
    ordinal: i64,
) -> Result<Job, Error> {
    let namespace = restore.namespace().unwrap_or_default();
    let uid = short(restore.metadata.uid.as_deref());
    let name = format!("restore-preparedata-{uid}-{}-{ordinal}", restore.spec.backup.name);
    if let Some(job) = context.store.get::<Job>(&namespace, &name).await? {
        return Ok(job);
    }
    labels.extend(naming::labels([(LABEL_MANAGED_BY, MANAGED_BY), (LABEL_RESTORE, &restore.name_any())]));
    let mut job =
        job(name.clone(), &namespace, labels, "restore", "apecloud/kubeblocks-tools:0.7.5", Some(claim));
    job.metadata.owner_references = Some(vec![controlled_by(restore)]);
    if context.store.create_if_absent(&job).await? {
        let text = format!("created job {namespace}/{name}");
        context.events.record(restore, Severity::Normal, "CreateRestoreJob", &text).await;
    }
    Ok(job)
}
