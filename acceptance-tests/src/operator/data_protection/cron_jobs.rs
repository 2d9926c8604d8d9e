//! The `CronJob`s of a schedule: one for each method that is switched on. What they run does nothing here.

use k8s_openapi::api::batch::v1::{CronJob, CronJobSpec, JobSpec, JobTemplateSpec};
use k8s_openapi::api::core::v1::{Container, PodSpec, PodTemplateSpec};
use kube::ResourceExt;
use kube::api::ObjectMeta;
use serde_json::{Value, json};

use super::{MANAGED_BY, short};
use crate::operator::Context;
use crate::operator::api::{ActionSet, BackupPolicy, BackupSchedule};
use crate::operator::error::Error;
use crate::operator::naming::{self, DATA_PROTECTION_FINALIZER, LABEL_INSTANCE, LABEL_MANAGED_BY, Labels};

const LABEL_SCHEDULE: &str = "dataprotection.kubeblocks.io/backup-schedule";
const LABEL_METHOD: &str = "dataprotection.kubeblocks.io/backup-method";
/// So many characters of the schedule's own part of a name are kept.
const KEPT: usize = 30;

/// Makes, changes and removes the `CronJob`s of the methods in the list, or says why it cannot. Those of methods that are
/// not in the list any more are not looked at.
pub(super) async fn sync(
    context: &Context,
    schedule: &BackupSchedule,
    policy: &BackupPolicy,
) -> Result<Option<String>, Error> {
    for entry in &schedule.spec.schedules {
        let method = entry["backupMethod"].as_str().unwrap_or_default();
        match is_continuous(context, policy, method).await? {
            Ok(true) => continue,
            Ok(false) => {}
            Err(problem) => return Ok(Some(problem)),
        }
        let known = jobs(context, schedule, Some(method)).await?.into_iter().next();
        if entry["enabled"] != true {
            if let Some(known) = known {
                release(context, &known).await?;
            }
            continue;
        }
        let wanted = build(context, schedule, policy, entry);
        let namespace = schedule.namespace().unwrap_or_default();
        if let Some(known) = known {
            let patch = json!({ "spec": {
                "schedule": wanted.spec.schedule,
                "startingDeadlineSeconds": wanted.spec.starting_deadline_seconds,
                "jobTemplate": wanted.spec.job_template,
            }});
            context.store.merge::<CronJob>(&namespace, &known.name_any(), &patch).await?;
        } else if !context.store.create_if_absent(&wanted).await? {
            return Ok(Some(format!("cronjobs.batch \"{}\" already exists", wanted.name_any())));
        }
    }
    Ok(None)
}

/// Removes all `CronJob`s of a schedule.
pub(super) async fn remove(context: &Context, schedule: &BackupSchedule) -> Result<(), Error> {
    for job in jobs(context, schedule, None).await? {
        release(context, &job).await?;
    }
    Ok(())
}

async fn jobs(
    context: &Context,
    schedule: &BackupSchedule,
    method: Option<&str>,
) -> Result<Vec<CronJob>, Error> {
    let mut labels = naming::labels([(LABEL_SCHEDULE, &schedule.name_any())]);
    labels.extend(method.map(|method| (LABEL_METHOD.to_owned(), method.to_owned())));
    context.store.list(&schedule.namespace().unwrap_or_default(), &labels).await
}

async fn release(context: &Context, job: &CronJob) -> Result<(), Error> {
    context.store.remove_finalizer(job, DATA_PROTECTION_FINALIZER).await?;
    context.store.delete::<CronJob>(&job.namespace().unwrap_or_default(), &job.name_any()).await
}

/// Whether a method goes on all the time, which this operator leaves to others.
async fn is_continuous(
    context: &Context,
    policy: &BackupPolicy,
    method: &str,
) -> Result<Result<bool, String>, Error> {
    let known = policy.spec.backup_methods.iter().find(|known| known["name"] == method);
    let Some(known) = known.filter(|known| known["snapshotVolumes"] != true) else { return Ok(Ok(false)) };
    let name = known["actionSetName"].as_str().unwrap_or_default();
    let found = context.store.get_global::<ActionSet>(name).await?;
    Ok(found
        .map(|actions| actions.spec.backup_type == "Continuous")
        .ok_or_else(|| format!("ActionSet.dataprotection.kubeblocks.io \"{name}\" not found")))
}

/// The name of the `CronJob` of a method.
fn name(schedule: &BackupSchedule, method: &str) -> String {
    let own = match schedule.owner_references().first() {
        Some(owner) => format!("{}-{}", short(Some(owner.uid.as_str())), owner.name),
        None => schedule.name_any(),
    };
    let whole = format!("{own}-{}", schedule.namespace().unwrap_or_default());
    let kept = whole.get(..KEPT).map_or(whole.as_str(), |kept| kept.trim_end_matches('-'));
    format!("{kept}-{method}")
}

fn build(context: &Context, schedule: &BackupSchedule, policy: &BackupPolicy, entry: &Value) -> CronJob {
    let text = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
    let method = text("backupMethod");
    let mut labels: Labels = schedule.labels().clone();
    labels.extend(naming::labels([
        (LABEL_SCHEDULE, schedule.name_any().as_str()),
        (LABEL_METHOD, &method),
        (LABEL_MANAGED_BY, MANAGED_BY),
    ]));
    let target = &policy.spec.target;
    let cluster = target["podSelector"]["matchLabels"][LABEL_INSTANCE].as_str().map(str::to_owned);
    let pod = PodSpec {
        service_account_name: target["serviceAccountName"].as_str().map(str::to_owned),
        restart_policy: Some("Never".to_owned()),
        containers: vec![Container {
            name: "backup-schedule".to_owned(),
            image: Some(context.settings.tools_image.clone()),
            command: Some(vec!["create-backup".to_owned()]),
            args: Some(vec![
                cluster.unwrap_or_else(|| schedule.name_any()),
                policy.name_any(),
                method.clone(),
                text("retentionPeriod"),
            ]),
            ..Container::default()
        }],
        ..PodSpec::default()
    };
    CronJob {
        metadata: ObjectMeta {
            name: Some(name(schedule, &method)),
            namespace: schedule.namespace(),
            labels: Some(labels),
            finalizers: Some(vec![DATA_PROTECTION_FINALIZER.to_owned()]),
            ..ObjectMeta::default()
        },
        spec: CronJobSpec {
            schedule: text("cronExpression"),
            time_zone: Some("UTC".to_owned()),
            concurrency_policy: Some("Forbid".to_owned()),
            successful_jobs_history_limit: Some(0),
            failed_jobs_history_limit: Some(1),
            starting_deadline_seconds: schedule.spec.starting_deadline_minutes.map(|minutes| minutes * 60),
            job_template: JobTemplateSpec {
                spec: Some(JobSpec {
                    template: PodTemplateSpec { metadata: None, spec: Some(pod) },
                    ..JobSpec::default()
                }),
                ..JobTemplateSpec::default()
            },
            ..CronJobSpec::default()
        },
        status: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cron_jobs_are_named_by_their_schedule_or_by_the_cluster_that_owns_it() {
        let schedule = |name: &str, owner: Option<&str>| -> BackupSchedule {
            serde_json::from_value(json!({
                "metadata": {"name": name, "namespace": "production", "ownerReferences": owner.map(|owner| json!([
                    {"apiVersion": "apps.kubeblocks.io/v1alpha1", "kind": "Cluster", "name": owner, "uid": "0123456789"}]))},
                "spec": {},
            }))
            .unwrap()
        };
        for (schedule, expected) in [
            (schedule("nightly", None), "nightly-production-pg"),
            (schedule("orders-every-hour-nightly-abc", None), "orders-every-hour-nightly-abc-pg"),
            (schedule("x", Some("orders")), "01234567-orders-production-pg"),
        ] {
            assert_eq!(name(&schedule, "pg"), expected);
        }
    }
}
