//! The data protection controllers: repositories, policies, schedules, backups and restores.
//!
//! On a real cluster they are a Deployment of their own. Jobs run and end as Kubernetes makes them, but nothing is
//! copied.

mod backup;
mod cron_jobs;
mod policy;
mod repo;
mod restore;

pub(crate) use backup::{reconcile as reconcile_backup, reveal};
pub(crate) use policy::{reconcile_policy, reconcile_schedule};
pub(crate) use repo::reconcile as reconcile_repo;
pub(crate) use restore::reconcile as reconcile_restore;

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{
    Container, PersistentVolumeClaimVolumeSource, PodSpec, PodTemplateSpec, Volume, VolumeMount,
};
use kube::api::ObjectMeta;

use super::conditions::age;
use super::naming::{DATA_PROTECTION_FINALIZER, Labels};

/// Value of the managed-by label of what these controllers make.
const MANAGED_BY: &str = "kubeblocks-dataprotection";
const LABEL_REPO: &str = "dataprotection.kubeblocks.io/backup-repo-name";

/// A Job with one container, and perhaps a claim that it mounts.
fn job(
    name: String,
    namespace: &str,
    labels: Labels,
    container: &str,
    image: &str,
    claim: Option<&str>,
) -> Job {
    let mounts = claim.map(|_| {
        vec![VolumeMount {
            name: "repo".to_owned(),
            mount_path: "/backupdata".to_owned(),
            ..VolumeMount::default()
        }]
    });
    let volumes = claim.map(|claim| {
        vec![Volume {
            name: "repo".to_owned(),
            persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
                claim_name: claim.to_owned(),
                read_only: None,
            }),
            ..Volume::default()
        }]
    });
    Job {
        metadata: ObjectMeta {
            name: Some(name),
            namespace: Some(namespace.to_owned()),
            labels: Some(labels),
            finalizers: Some(vec![DATA_PROTECTION_FINALIZER.to_owned()]),
            ..ObjectMeta::default()
        },
        spec: Some(JobSpec {
            backoff_limit: Some(2),
            template: PodTemplateSpec {
                metadata: None,
                spec: Some(PodSpec {
                    restart_policy: Some("Never".to_owned()),
                    containers: vec![Container {
                        name: container.to_owned(),
                        image: Some(image.to_owned()),
                        volume_mounts: mounts,
                        ..Container::default()
                    }],
                    volumes,
                    ..PodSpec::default()
                }),
            },
            ..JobSpec::default()
        }),
        status: None,
    }
}

/// How a Job has ended, if it has.
fn outcome(job: &Job) -> Option<Result<(), String>> {
    let has = |type_: &str| {
        job.status
            .iter()
            .flat_map(|status| status.conditions.iter().flatten())
            .find(|condition| condition.type_ == type_ && condition.status == "True")
    };
    if has("Complete").is_some() {
        return Some(Ok(()));
    }
    has("Failed").map(|condition| Err(condition.message.clone().unwrap_or_default()))
}

/// The time from a start until now as the real controllers write it, in whole seconds.
fn duration_since(start: Option<&str>) -> String {
    format!("{}s", start.map_or(0, |start| age(start).as_secs()))
}

/// The first part of a uid, which names are made unique with.
fn short(uid: Option<&str>) -> String {
    uid.unwrap_or_default().chars().take(8).collect()
}

fn owned(labels: &BTreeMap<String, String>, keys: &[&str]) -> Labels {
    labels
        .iter()
        .filter(|(key, _)| keys.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}
