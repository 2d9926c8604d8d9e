//! Backups: `New -> Running -> Completed | Failed`, and `Deleting`. A failure is final.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{
    PersistentVolumeClaim, PersistentVolumeClaimSpec, Pod, Secret, VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::ResourceExt;
use kube::api::ObjectMeta;
use kube::runtime::controller::Action;
use kubeblocks_schemas::duration::parse_retention_period;
use serde_json::{Value, json};

use super::{LABEL_REPO, MANAGED_BY, duration_since, job, outcome, owned, short};
use crate::operator::Context;
use crate::operator::api::{ActionSet, Backup, BackupPolicy, BackupRepo, BackupStatus, Cluster};
use crate::operator::conditions::{now, stamp};
use crate::operator::error::Error;
use crate::operator::events::Severity;
use crate::operator::naming::{
    self, DATA_PROTECTION_FINALIZER, LABEL_BACKUP_POLICY, LABEL_COMPONENT, LABEL_INSTANCE, LABEL_MANAGED_BY,
    Labels,
};
use crate::operator::random;
use crate::operator::store::controlled_by;

const LABEL_TYPE: &str = "dataprotection.kubeblocks.io/backup-type";
const LABEL_CLUSTER_UID: &str = "dataprotection.kubeblocks.io/cluster-uid";
const LABEL_NAME: &str = "dataprotection.kubeblocks.io/backup-name";
const PASSWORD: &str = "dataprotection.kubeblocks.io/connection-password";
const TARGET_POD: &str = "dataprotection.kubeblocks.io/target-pod-name";
const SNAPSHOT: &str = "kubeblocks.io/cluster-snapshot";

/// Why a backup cannot be made: the reason of its event, and the text.
type Problem = (&'static str, String);

/// Everything that a backup needs.
struct Request {
    policy: BackupPolicy,
    method: Value,
    image: String,
    backup_type: String,
    repo: Option<BackupRepo>,
    pod: Pod,
}

/// Brings one backup a step further.
pub(crate) async fn reconcile(trigger: Arc<Backup>, context: Arc<Context>) -> Result<Action, Error> {
    let namespace = trigger.namespace().unwrap_or_default();
    let Some(backup) = context.store.get::<Backup>(&namespace, &trigger.name_any()).await? else {
        return Ok(Action::await_change());
    };
    let status = backup.status.clone().unwrap_or_default();
    if backup.metadata.deletion_timestamp.is_some() {
        return Box::pin(delete(&context, &backup, status)).await;
    }
    match status.phase.as_str() {
        "" | "New" => match prepare(&context, &backup).await? {
            Ok(request) => start(&context, &backup, request, status).await,
            Err((reason, message)) => {
                context.events.record(&backup, Severity::Warning, reason, &message).await;
                fail(&context, &backup, status, message).await
            }
        },
        "Running" => follow(&context, &backup, status).await,
        _ => Ok(Action::await_change()),
    }
}

async fn fail(
    context: &Context,
    backup: &Backup,
    mut status: BackupStatus,
    reason: String,
) -> Result<Action, Error> {
    "Failed".clone_into(&mut status.phase);
    status.failure_reason = reason;
    context.store.write_status(backup, backup.status.as_ref(), &status).await?;
    Ok(Action::await_change())
}

/// Finds all that the backup refers to.
async fn prepare(context: &Context, backup: &Backup) -> Result<Result<Request, Problem>, Error> {
    let namespace = backup.namespace().unwrap_or_default();
    let name = &backup.spec.backup_policy_name;
    let not_found = |message: String| Ok(Err(("NotFound", message)));
    let Some(policy) = context.store.get::<BackupPolicy>(&namespace, name).await? else {
        return not_found(format!("backup policy \"{name}\" not found"));
    };
    let wanted = &backup.spec.backup_method;
    let Some(method) = policy.spec.backup_methods.iter().find(|method| method["name"] == **wanted).cloned()
    else {
        return not_found(format!("backupMethod: {wanted} not found"));
    };
    let (mut image, mut backup_type) = (String::new(), "Full".to_owned());
    if let Some(action) = method.get("actionSetName").and_then(Value::as_str) {
        let Some(action) = context.store.get_global::<ActionSet>(action).await? else {
            return not_found(format!("actionsets.dataprotection.kubeblocks.io \"{action}\" not found"));
        };
        backup_type.clone_from(&action.spec.backup_type);
        let data =
            action.spec.backup.as_ref().and_then(|backup| backup.pointer("/backupData/image")?.as_str());
        data.unwrap_or_default().clone_into(&mut image);
    }
    let is_snapshot = method.get("snapshotVolumes").and_then(Value::as_bool) == Some(true);
    if is_snapshot {
        let message =
            "snapshots of volumes are not served: no matches for kind \"VolumeSnapshot\"".to_owned();
        return Ok(Err(("Failed", message)));
    }
    let repo = match find_repo(context, &policy).await? {
        Ok(repo) => Some(repo),
        Err(problem) => return Ok(Err(problem)),
    };
    let labels: Labels = policy
        .spec
        .target
        .pointer("/podSelector/matchLabels")
        .and_then(|labels| serde_json::from_value(labels.clone()).ok())
        .unwrap_or_default();
    let pods: Vec<Pod> = context.store.list(&namespace, &labels).await?;
    let is_running =
        |pod: &&Pod| pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Running");
    let Some(pod) = pods.iter().find(is_running).cloned() else {
        return Ok(Err(("Failed", format!("failed to get target pods by backup policy {namespace}/{name}"))));
    };
    Ok(Ok(Request { policy, method, image, backup_type, repo, pod }))
}

/// The repository of the policy, or the only default one.
async fn find_repo(context: &Context, policy: &BackupPolicy) -> Result<Result<BackupRepo, Problem>, Error> {
    let phase = |repo: &BackupRepo| repo.status.as_ref().map_or(String::new(), |status| status.phase.clone());
    if let Some(name) = &policy.spec.backup_repo_name {
        let Some(repo) = context.store.get_global::<BackupRepo>(name).await? else {
            return Ok(Err(("NotFound", format!("backup repo {name} not found"))));
        };
        if phase(&repo) != "Ready" {
            return Ok(Err(("BackupRepoIsNotReady", format!("backup repository {name} is not ready"))));
        }
        return Ok(Ok(repo));
    }
    let mut defaults: Vec<BackupRepo> = context.store.list_global::<BackupRepo>().await?;
    defaults.retain(|repo| {
        phase(repo) == "Ready" && repo.status.as_ref().is_some_and(|status| status.is_default)
    });
    match (defaults.pop(), defaults.is_empty()) {
        (Some(repo), true) => Ok(Ok(repo)),
        (Some(_), false) => {
            let message = "multiple default backup repo found, both are ready".to_owned();
            Ok(Err(("Failed", message)))
        }
        (None, _) => Ok(Err(("NotFound", "no default backup repo found".to_owned()))),
    }
}

/// Writes what the backup is of, then starts its Job.
async fn start(
    context: &Context,
    backup: &Backup,
    request: Request,
    mut status: BackupStatus,
) -> Result<Action, Error> {
    let (namespace, name) = (backup.namespace().unwrap_or_default(), backup.name_any());
    let claim = match &request.repo {
        Some(repo) if repo.spec.access_method != "Tool" => Some(make_claim(context, repo, &namespace).await?),
        _ => None,
    };
    describe(context, backup, &request).await?;
    // One that was deleted before it had a finalizer is gone; nobody would let go of its Job.
    let described = context.store.get::<Backup>(&namespace, &name).await?;
    if described.is_none_or(|described| described.metadata.uid != backup.metadata.uid) {
        return Ok(Action::await_change());
    }
    let prefix = request.policy.spec.path_prefix.clone().unwrap_or_default();
    let action = json!({ "name": "dp-backup", "actionType": "Job", "phase": "New", "startTimestamp": now() });
    "Running".clone_into(&mut status.phase);
    "0.1.0".clone_into(&mut status.format_version);
    status.path = format!("/{namespace}{prefix}/{name}");
    status.backup_repo_name = request.repo.as_ref().map(ResourceExt::name_any).unwrap_or_default();
    status.persistent_volume_claim_name = claim.clone().unwrap_or_default();
    status.start_timestamp = Some(now());
    status.expiration = expiration(backup);
    status.backup_method = Some(request.method);
    status.target = Some(request.policy.spec.target);
    status.actions = vec![action];
    context.store.write_status(backup, backup.status.as_ref(), &status).await?;
    let job_name = format!("dp-backup-{name}-{}", short(backup.metadata.uid.as_deref()));
    let message = format!("creating job {namespace}/{job_name}");
    context.events.record(backup, Severity::Normal, "CreatingJob", &message).await;
    let mut labels = naming::labels([(LABEL_NAME, &name), (LABEL_MANAGED_BY, MANAGED_BY)]);
    labels.extend(owned(request.pod.labels(), &[LABEL_INSTANCE]));
    let mut job = job(job_name, &namespace, labels, "backupdata", &request.image, claim.as_deref());
    job.metadata.owner_references = Some(vec![controlled_by(backup)]);
    context.store.create_if_absent(&job).await?;
    Ok(Action::await_change())
}

/// The claim of the repository in the namespace of the backup.
async fn make_claim(context: &Context, repo: &BackupRepo, namespace: &str) -> Result<String, Error> {
    let name = repo.status.as_ref().map_or(String::new(), |status| status.backup_pvc_name.clone());
    let size = repo.spec.volume_capacity.as_ref().and_then(Value::as_str).unwrap_or("100Gi");
    let claim = PersistentVolumeClaim {
        metadata: ObjectMeta {
            name: Some(name.clone()),
            namespace: Some(namespace.to_owned()),
            labels: Some(naming::labels([(LABEL_REPO, &repo.name_any())])),
            owner_references: Some(vec![controlled_by(repo)]),
            ..ObjectMeta::default()
        },
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            resources: Some(VolumeResourceRequirements {
                requests: Some([("storage".to_owned(), Quantity(size.to_owned()))].into()),
                ..VolumeResourceRequirements::default()
            }),
            ..PersistentVolumeClaimSpec::default()
        }),
        status: None,
    };
    context.store.create_if_absent(&claim).await?;
    Ok(name)
}

/// Labels and annotations by which a backup tells where it comes from.
async fn describe(context: &Context, backup: &Backup, request: &Request) -> Result<(), Error> {
    let (namespace, name) = (backup.namespace().unwrap_or_default(), backup.name_any());
    let mut labels = naming::labels([
        (LABEL_BACKUP_POLICY, &backup.spec.backup_policy_name),
        (LABEL_MANAGED_BY, MANAGED_BY),
        (LABEL_TYPE, &request.backup_type),
    ]);
    labels.extend(owned(request.pod.labels(), &[LABEL_INSTANCE, LABEL_COMPONENT]));
    if let Some(repo) = &request.repo {
        labels.insert(LABEL_REPO.to_owned(), repo.name_any());
    }
    let mut annotations = naming::labels([(TARGET_POD, &request.pod.name_any())]);
    let cluster = request.pod.labels().get(LABEL_INSTANCE).cloned().unwrap_or_default();
    if let Some(cluster) = context.store.get::<Cluster>(&namespace, &cluster).await? {
        labels.insert(LABEL_CLUSTER_UID.to_owned(), cluster.metadata.uid.clone().unwrap_or_default());
        let snapshot = json!({
            "metadata": { "name": cluster.name_any(), "namespace": namespace, "creationTimestamp": null },
            "spec": cluster.spec,
            "status": {},
        });
        annotations.insert(SNAPSHOT.to_owned(), snapshot.to_string());
    }
    let credential =
        request.policy.spec.target.pointer("/connectionCredential/secretName").and_then(Value::as_str);
    if let Some(secret) = context.store.get::<Secret>(&namespace, credential.unwrap_or_default()).await? {
        let password = secret.data.unwrap_or_default().remove("password").unwrap_or_default();
        annotations.insert(PASSWORD.to_owned(), hide(&password.0));
    }
    let mut finalizers = backup.finalizers().to_vec();
    if !finalizers.iter().any(|known| known == DATA_PROTECTION_FINALIZER) {
        finalizers.push(DATA_PROTECTION_FINALIZER.to_owned());
    }
    let patch =
        json!({ "metadata": { "labels": labels, "annotations": annotations, "finalizers": finalizers } });
    context.store.merge::<Backup>(&namespace, &name, &patch).await
}

/// Stands in for the encryption of passwords: unreadable at a glance, different each time, and no secret at all.
fn hide(password: &[u8]) -> String {
    let mask = random::bytes::<16>();
    let hidden = password.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
    STANDARD.encode(mask.iter().copied().chain(hidden).collect::<Vec<u8>>())
}

/// The password that `hide` hid.
pub(crate) fn reveal(text: &str) -> Option<String> {
    let bytes = STANDARD.decode(text).ok()?;
    let (mask, hidden) = bytes.split_at_checked(16)?;
    let plain = hidden.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
    String::from_utf8(plain).ok()
}

/// Waits for the Job and takes its outcome over.
async fn follow(context: &Context, backup: &Backup, mut status: BackupStatus) -> Result<Action, Error> {
    let (namespace, name) = (backup.namespace().unwrap_or_default(), backup.name_any());
    let job_name = format!("dp-backup-{name}-{}", short(backup.metadata.uid.as_deref()));
    let Some(job) = context.store.get::<Job>(&namespace, &job_name).await? else {
        return Ok(Action::requeue(context.options.pace));
    };
    if let Some(action) = status.actions.first_mut() {
        action["phase"] = json!("Running");
        action["objectRef"] = json!({
            "apiVersion": "batch/v1",
            "kind": "Job",
            "name": job_name,
            "namespace": namespace,
            "resourceVersion": job.metadata.resource_version,
            "uid": job.metadata.uid,
        });
    }
    let Some(outcome) = outcome(&job) else {
        let known =
            backup.status.as_ref().and_then(|known| known.actions.first()).map(|known| &known["phase"]);
        if known != Some(&json!("Running")) {
            context.store.write_status(backup, backup.status.as_ref(), &status).await?;
        }
        return Ok(Action::await_change());
    };
    let phase = if outcome.is_ok() { "Completed" } else { "Failed" };
    if let Some(action) = status.actions.first_mut() {
        action["phase"] = json!(phase);
        action["completionTimestamp"] = json!(now());
    }
    phase.clone_into(&mut status.phase);
    status.completion_timestamp = Some(now());
    status.duration = Some(duration_since(status.start_timestamp.as_deref()));
    match outcome {
        Ok(()) => {
            context.events.record(backup, Severity::Normal, "CreatedBackup", "Completed backup").await;
        }
        Err(reason) => {
            context.events.record(backup, Severity::Warning, "Failed", &reason).await;
            status.failure_reason = reason;
        }
    }
    context.store.write_status(backup, backup.status.as_ref(), &status).await?;
    release(context, &job).await?;
    Ok(Action::await_change())
}

async fn release(context: &Context, job: &Job) -> Result<(), Error> {
    context.store.remove_finalizer(job, DATA_PROTECTION_FINALIZER).await?;
    context.store.delete::<Job>(&job.namespace().unwrap_or_default(), &job.name_any()).await
}

/// A Job deletes the files; a backup that is to be retained can never be deleted.
async fn delete(context: &Context, backup: &Backup, mut status: BackupStatus) -> Result<Action, Error> {
    let (namespace, name) = (backup.namespace().unwrap_or_default(), backup.name_any());
    if status.phase != "Deleting" {
        "Deleting".clone_into(&mut status.phase);
        context.store.write_status(backup, backup.status.as_ref(), &status).await?;
    }
    // Its Job may have begun a moment ago.
    let begun = format!("dp-backup-{name}-{}", short(backup.metadata.uid.as_deref()));
    if let Some(job) = context.store.get::<Job>(&namespace, &begun).await? {
        release(context, &job).await?;
    }
    if backup.spec.deletion_policy == "Retain" {
        let message = "can not delete the backup if deletionPolicy is Retain";
        context.events.record(backup, Severity::Warning, "Retain", message).await;
        return Ok(Action::await_change());
    }
    if status.path.is_empty() {
        context.store.remove_finalizer(backup, DATA_PROTECTION_FINALIZER).await?;
        return Ok(Action::await_change());
    }
    let job_name = format!("{}-delete-{name}", short(backup.metadata.uid.as_deref()));
    if let Some(job) = context.store.get::<Job>(&namespace, &job_name).await? {
        if outcome(&job).is_some() {
            context.store.remove_finalizer(backup, DATA_PROTECTION_FINALIZER).await?;
            context.store.delete::<Job>(&namespace, &job_name).await?;
        }
        return Ok(Action::await_change());
    }
    let labels = naming::labels([(LABEL_MANAGED_BY, MANAGED_BY)]);
    let claim = Some(status.persistent_volume_claim_name.as_str()).filter(|claim| !claim.is_empty());
    let mut job = job(job_name, &namespace, labels, &name, "apecloud/kubeblocks-tools:0.7.5", claim);
    job.metadata.finalizers = None;
    job.metadata.owner_references = Some(vec![controlled_by(backup)]);
    context.store.create_if_absent(&job).await?;
    Ok(Action::await_change())
}

/// When a backup is to be removed: its retention is counted from when it was asked for. Without one it is kept.
fn expiration(backup: &Backup) -> Option<String> {
    let kept = parse_retention_period(&backup.spec.retention_period).ok().filter(|kept| !kept.is_zero())?;
    let asked_for = backup.metadata.creation_timestamp.as_ref()?.0;
    Some(stamp(asked_for.checked_add(kept).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_password_is_revealed_and_hidden_differently_each_time() {
        assert_eq!(reveal(&hide(b"geheim12")).as_deref(), Some("geheim12"));
        assert_ne!(hide(b"geheim12"), hide(b"geheim12"));
        assert_eq!(reveal("not base64!"), None);
    }
}
