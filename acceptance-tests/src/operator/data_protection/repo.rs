//! Repositories: Ready as soon as their storage provider is there and needs no driver that is missing.

use std::sync::Arc;

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::ResourceExt;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use kube::runtime::controller::Action;
use serde_json::{Value, json};

use super::LABEL_REPO;
use crate::operator::Context;
use crate::operator::api::{Backup, BackupRepo, BackupRepoStatus, Condition};
use crate::operator::conditions;
use crate::operator::error::Error;
use crate::operator::naming::{DATA_PROTECTION_FINALIZER, labels};
use crate::operator::random;

const DEFAULT: &str = "dataprotection.kubeblocks.io/is-default-repo";
/// The conditions that make a repository Ready, with the reason of each.
const CHECKS: [(&str, &str); 5] = [
    ("StorageProviderReady", "StorageProviderReady"),
    ("ParametersChecked", "ParametersChecked"),
    ("StorageClassCreated", "StorageClassCreated"),
    ("PVCTemplateChecked", "PVCTemplateChecked"),
    ("ToolConfigChecked", "ToolConfigChecked"),
];

/// Brings one repository a step further.
pub(crate) async fn reconcile(trigger: Arc<BackupRepo>, context: Arc<Context>) -> Result<Action, Error> {
    let name = trigger.name_any();
    let Some(repo) = context.store.get_global::<BackupRepo>(&name).await? else {
        return Ok(Action::await_change());
    };
    let api: Api<BackupRepo> = Api::all(context.store.client());
    let failed =
        |source| Error::Api { verb: "patch", object: format!("BackupRepo {name}"), source: Box::new(source) };
    if repo.metadata.deletion_timestamp.is_some() {
        if !is_unused(&context, &name).await? || !claims_are_gone(&context, &name).await? {
            return Ok(Action::requeue(context.options.pace * 10));
        }
        let left: Vec<&String> =
            repo.finalizers().iter().filter(|known| *known != DATA_PROTECTION_FINALIZER).collect();
        let patch = json!({ "metadata": { "finalizers": left } });
        api.patch(&name, &PatchParams::default(), &Patch::Merge(&patch)).await.map_err(failed)?;
        return Ok(Action::await_change());
    }
    if !repo.finalizers().iter().any(|known| known == DATA_PROTECTION_FINALIZER) {
        let mut finalizers = repo.finalizers().to_vec();
        finalizers.push(DATA_PROTECTION_FINALIZER.to_owned());
        let patch = json!({ "metadata": { "finalizers": finalizers } });
        api.patch(&name, &PatchParams::default(), &Patch::Merge(&patch)).await.map_err(failed)?;
        return Ok(Action::await_change());
    }
    let before = repo.status.clone().unwrap_or_default();
    let mut status = before.clone();
    let problem = provider_problem(&context, &repo).await?;
    judge(&repo, &mut status, problem);
    if status != before {
        let patch = json!({ "status": status });
        api.patch_status(&name, &PatchParams::default(), &Patch::Merge(&patch)).await.map_err(failed)?;
    }
    // A provider that is missing may come; the real one watches providers.
    Ok(if status.phase == "Ready" {
        Action::await_change()
    } else {
        Action::requeue(context.options.pace * 10)
    })
}

/// Whether no backup refers to the repository.
async fn is_unused(context: &Context, name: &str) -> Result<bool, Error> {
    let backups: Vec<Backup> = context.store.list_everywhere(&labels([(LABEL_REPO, name)])).await?;
    Ok(backups.is_empty())
}

/// Deletes the claims that backups were written to. They go when no pod uses them.
async fn claims_are_gone(context: &Context, name: &str) -> Result<bool, Error> {
    let claims: Vec<PersistentVolumeClaim> =
        context.store.list_everywhere(&labels([(LABEL_REPO, name)])).await?;
    for claim in claims.iter().filter(|claim| claim.metadata.deletion_timestamp.is_none()) {
        let namespace = claim.namespace().unwrap_or_default();
        context.store.delete::<PersistentVolumeClaim>(&namespace, &claim.name_any()).await?;
    }
    Ok(claims.is_empty())
}

fn judge(repo: &BackupRepo, status: &mut BackupRepoStatus, problem: Option<(&'static str, String)>) {
    status.observed_generation = repo.metadata.generation;
    status.is_default = repo.annotations().get(DEFAULT).is_some_and(|value| value == "true");
    if let Some((reason, message)) = problem {
        "Failed".clone_into(&mut status.phase);
        conditions::set(&mut status.conditions, Condition::unmet("StorageProviderReady", reason, message));
        return;
    }
    for (type_, reason) in CHECKS {
        conditions::set(&mut status.conditions, Condition::met(type_, reason, ""));
    }
    "Ready".clone_into(&mut status.phase);
    if repo.spec.access_method == "Tool" {
        status.tool_config_secret_name = format!("tool-config-{}", repo.name_any());
    } else if status.backup_pvc_name.is_empty() {
        status.backup_pvc_name = format!("pvc-{}-{}", repo.name_any(), random::text(6));
    }
}

/// Why the storage provider cannot serve: it is missing, or its driver is not installed.
async fn provider_problem(
    context: &Context,
    repo: &BackupRepo,
) -> Result<Option<(&'static str, String)>, Error> {
    let wanted = &repo.spec.storage_provider_ref;
    let kind = GroupVersionKind::gvk("storage.kubeblocks.io", "v1alpha1", "StorageProvider");
    let api: Api<DynamicObject> = Api::all_with(context.store.client(), &ApiResource::from_gvk(&kind));
    let known = api.get_opt(wanted).await.map_err(|source| Error::Api {
        verb: "get",
        object: format!("StorageProvider {wanted}"),
        source: Box::new(source),
    })?;
    let Some(known) = known else {
        return Ok(Some((
            "StorageProviderNotFound",
            format!("storageproviders.storage.kubeblocks.io \"{wanted}\" not found"),
        )));
    };
    let driver = known.data.pointer("/spec/csiDriverName").and_then(Value::as_str).unwrap_or_default();
    if repo.spec.access_method != "Tool" && !driver.is_empty() {
        return Ok(Some((
            "StorageProviderNotReady",
            format!("CSI driver {driver:?} of storage provider {wanted:?} is not installed"),
        )));
    }
    Ok(None)
}
