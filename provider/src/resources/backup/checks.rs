//! What must be there before a backup is asked for. The operator would only say so by a backup that has failed for good.

use kubeblocks_schemas::catalogue::did_you_mean;
use kubeblocks_schemas::v1alpha1::{BackupMethod, BackupPolicy, BackupRepo, Cluster};
use tfplugin::prelude::*;

use super::schema::BackupState;
use crate::kubeblocks::backup_policy::{NoPolicy, choose, name, names};
use crate::kubeblocks::naming::cluster_selector;
use crate::kubernetes::diagnostic::diagnostic;
use crate::kubernetes::{Client, Error};
use crate::resources::backup_repo::observe::{is_default, is_ready};

/// The policy by which the backup is made, once all that it needs is there.
pub(super) async fn policy(
    client: &Client,
    summary: &'static str,
    planned: &BackupState,
) -> Result<String, Diagnostics> {
    let failed = |error: Error| Diagnostics::from(diagnostic(summary, &error));
    let (namespace, text) = (planned.namespace(), |value: &Value<String>| value.known().cloned());
    let cluster = text(&planned.cluster).unwrap_or_default();
    let refuse = |attribute: &str, detail: String| {
        Err(Diagnostic::error(summary, detail).at(Path::attribute(attribute)).into())
    };
    if client.get_opt::<Cluster>(Some(namespace), &cluster).await.map_err(failed)?.is_none() {
        return refuse("cluster", format!("There is no database {namespace}/{cluster}."));
    }
    let selector = cluster_selector(&cluster);
    let policies = client.list::<BackupPolicy>(Some(namespace), Some(&selector)).await.map_err(failed)?;
    let named = text(&planned.policy);
    let chosen = match choose(&policies, named.as_deref()) {
        Ok(chosen) => chosen,
        Err(why) => {
            let detail = no_policy(why, &policies, named.as_deref().unwrap_or_default());
            return refuse("policy", format!("{detail} The database is {namespace}/{cluster}."));
        }
    };
    let name = name(chosen).to_owned();
    let wanted = text(&planned.method).unwrap_or_default();
    let method = match method_of(chosen, &wanted) {
        Ok(method) => method,
        Err(detail) => return refuse("method", detail),
    };
    // Snapshots stay with the storage of the Kubernetes cluster.
    if method.snapshot_volumes != Some(true)
        && let Err(detail) = repository(client, chosen).await.map_err(failed)?
    {
        return Err(Diagnostic::error(summary, detail).into());
    }
    Ok(name)
}

/// The method of a policy, or that there is none of that name.
pub(crate) fn method_of<'a>(policy: &'a BackupPolicy, wanted: &str) -> Result<&'a BackupMethod, String> {
    let methods = &policy.spec.backup_methods;
    methods.iter().find(|method| method.name == wanted).ok_or_else(|| {
        let known: Vec<&str> = methods.iter().map(|method| &*method.name).collect();
        let hint = did_you_mean(wanted, known.iter().copied());
        let known = known.join(", ");
        format!("BackupPolicy {} has no method \"{wanted}\".{hint} It has {known}.", name(policy))
    })
}

/// Whether there is a place for what a policy backs up, or why not.
pub(crate) async fn repository(client: &Client, policy: &BackupPolicy) -> Result<Result<(), String>, Error> {
    let repos = client.list::<BackupRepo>(None, None).await?;
    Ok(repo(&repos, policy.spec.backup_repo_name.as_deref()))
}

/// That there is no policy to make it by.
pub(crate) fn no_policy(why: NoPolicy, policies: &[BackupPolicy], wanted: &str) -> String {
    let names = names(policies);
    match why {
        NoPolicy::None => "There is no BackupPolicy: the add-on of the engine brings none, or the operator's part `dataprotection` does not run.".to_owned(),
        NoPolicy::Unknown => format!("There is no BackupPolicy \"{wanted}\"; there are: {names}."),
        NoPolicy::Several => format!("No one BackupPolicy is the default; name one of: {names}."),
    }
}

/// Checks the repository that is named, or the default one.
fn repo(repos: &[BackupRepo], wanted: Option<&str>) -> Result<(), String> {
    let name = |repo: &BackupRepo| repo.metadata.name.clone().unwrap_or_default();
    if let Some(wanted) = wanted.filter(|wanted| !wanted.is_empty()) {
        return match repos.iter().find(|repo| name(repo) == wanted) {
            None => Err(format!("The database's backups go to BackupRepo {wanted}, which does not exist.")),
            Some(repo) if !is_ready(repo) => Err(format!("BackupRepo {wanted} is not ready.")),
            Some(_) => Ok(()),
        };
    }
    let defaults: Vec<&BackupRepo> = repos.iter().filter(|repo| is_default(repo)).collect();
    match defaults[..] {
        [] => Err("There is no default BackupRepo, and the database names none. Make a `kubeblocks_backup_repo` with `is_default = true`, or name one in `backup.repo` of the database.".to_owned()),
        [repo] if !is_ready(repo) => Err(format!("BackupRepo {} is not ready.", name(repo))),
        [_] => Ok(()),
        _ => Err("Several BackupRepos are the default one. Leave one, or name one in `backup.repo` of the database.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resources::backup_repo::build::DEFAULT as DEFAULT_REPO;

    #[test]
    fn a_repository_must_be_there_and_ready() {
        let object = |(name, is_default, phase): &(&str, bool, &str)| -> BackupRepo {
            serde_json::from_value(json!({
                "apiVersion": "dataprotection.kubeblocks.io/v1alpha1", "kind": "BackupRepo",
                "metadata": {"name": name, "annotations": {DEFAULT_REPO: is_default.to_string()}},
                "spec": {"storageProviderRef": "s3", "pvReclaimPolicy": "Retain"},
                "status": {"phase": phase},
            }))
            .unwrap()
        };
        for (there, wanted, expected) in [
            (&[("a", true, "Ready")][..], None, None),
            (&[("a", false, "Ready")], Some("a"), None),
            (&[("a", false, "Ready")], None, Some("no default")),
            (&[("a", true, "Failed")], None, Some("not ready")),
            (&[("a", false, "Failed")], Some("a"), Some("not ready")),
            (&[("a", true, "Ready"), ("b", true, "Ready")], None, Some("Several")),
            (&[("a", true, "Ready")], Some("b"), Some("does not exist")),
        ] {
            let there: Vec<BackupRepo> = there.iter().map(object).collect();
            match (repo(&there, wanted), expected) {
                (Ok(()), None) => {}
                (Err(found), Some(part)) => assert!(found.contains(part), "{found}"),
                other => panic!("{other:?}"),
            }
        }
    }
}
