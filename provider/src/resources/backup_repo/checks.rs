//! What the Kubernetes cluster has that matters for a repository: its storage provider, other default repositories, the
//! backups in it. Reads; writes nothing.

use std::time::Duration;

use kube::core::ApiResource;
use kubeblocks_schemas::storage::storage_provider;
use kubeblocks_schemas::v1alpha1::{Backup, BackupRepo};
use tfplugin::prelude::*;
use tokio_util::sync::CancellationToken;

use super::messages;
use super::observe::is_default;
use super::parameters::Parameters;
use super::schema::BackupRepoState;
use crate::kubernetes::observe::{Seen, Selection, Sight};
use crate::kubernetes::{Client, Error};
use crate::resources::object::remote::as_json;
use crate::wait::{Limits, Step, until};

/// So long others are given to make room: the same run may be changing them.
const MAY_BE_GOING: Duration = Duration::from_secs(20);

/// Label of a backup with the name of its repository.
const REPO_LABEL: &str = "dataprotection.kubeblocks.io/backup-repo-name";

/// The kind of storage providers, which has no type of its own: only its parameters are read.
fn providers() -> ApiResource {
    ApiResource {
        group: "storage.kubeblocks.io".to_owned(),
        version: "v1alpha1".to_owned(),
        api_version: "storage.kubeblocks.io/v1alpha1".to_owned(),
        kind: "StorageProvider".to_owned(),
        plural: "storageproviders".to_owned(),
    }
}

/// What stands against the storage that a configuration asks for. Who may not read storage providers finds nothing.
pub(super) async fn storage(
    client: &Client,
    summary: &str,
    config: &BackupRepoState,
) -> Result<Diagnostics, Error> {
    let mut found = Diagnostics::new();
    let Some(name) = config.storage_provider.known() else { return Ok(found) };
    let installed = match client.get_object(&providers(), None, name).await {
        Ok(installed) => installed,
        Err(Error::Forbidden { .. }) => return Ok(found),
        Err(error) => return Err(error),
    };
    let Some(installed) = installed else {
        let all = client.list_objects(&providers(), None, None).await?;
        let names: Vec<String> = all.into_iter().filter_map(|object| object.metadata.name).collect();
        found.push(messages::no_provider(summary, name, &names));
        return Ok(found);
    };
    // At apply all of it is known, and what was checked while planning may not have been.
    let parameters = storage_provider(name)
        .map_or_else(|| Parameters::installed(name, &as_json(&installed)), Parameters::from);
    found.append(parameters.check(config));
    Ok(found)
}

/// Names of the other repositories that are the default one.
pub(super) async fn other_defaults(client: &Client, name: &str) -> Result<Vec<String>, Error> {
    client.list::<BackupRepo>(None, None).await.map(|repos| defaults_beside(name, &repos))
}

fn defaults_beside(name: &str, repos: &[BackupRepo]) -> Vec<String> {
    let staying = repos.iter().filter(|repo| repo.metadata.deletion_timestamp.is_none() && is_default(repo));
    staying.filter_map(|repo| repo.metadata.name.clone()).filter(|other| other != name).collect()
}

/// Waits a moment until no other repository is the default one. Those that stay are the error.
pub(super) async fn until_only_default(
    client: &Client,
    name: &str,
    stop: &CancellationToken,
) -> Result<Vec<String>, Error> {
    let others = other_defaults(client, name).await?;
    if others.is_empty() {
        return Ok(others);
    }
    until_none(client, Selection::kind::<BackupRepo>(), stop, |seen| {
        defaults_beside(name, &seen.typed::<BackupRepo>()).is_empty()
    })
    .await;
    other_defaults(client, name).await
}

/// Backups in the repository, `namespace/name`; those that are on their way out only when `all` is set.
pub(super) async fn backups_in(client: &Client, repo: &str, all: bool) -> Result<Vec<String>, Error> {
    let label = format!("{REPO_LABEL}={repo}");
    let backups = client.list::<Backup>(None, Some(&label)).await?;
    Ok(backups.iter().filter(|backup| all || is_staying(backup)).map(display).collect())
}

/// Waits a moment until no backup is in the repository, but for those on their way out. Those that stay are returned.
pub(super) async fn until_unused(
    client: &Client,
    repo: &str,
    stop: &CancellationToken,
) -> Result<Vec<String>, Error> {
    let there = backups_in(client, repo, false).await?;
    if there.is_empty() {
        return Ok(there);
    }
    let label = format!("{REPO_LABEL}={repo}");
    until_none(client, Selection::kind::<Backup>().labelled(&label), stop, |seen| {
        !seen.typed::<Backup>().iter().any(is_staying)
    })
    .await;
    backups_in(client, repo, false).await
}

/// Waits a moment for what a watch sees. How it ends tells nothing: the caller asks once more.
pub(crate) async fn until_none(
    client: &Client,
    selection: Selection,
    stop: &CancellationToken,
    is_over: impl Fn(&Seen) -> bool,
) {
    let limits = Limits::new(MAY_BE_GOING, stop);
    let mut snapshots = client.observe(vec![selection]);
    let waited = until(&limits, &mut snapshots, |all: &Vec<Seen>, _| match all.first() {
        Some(seen) if seen.sight == Sight::Closed => Step::<_, ()>::Done(()),
        Some(seen) if seen.sight == Sight::Open && is_over(seen) => Step::Done(()),
        Some(_) | None => Step::Wait(None),
    });
    drop(waited.await);
}

fn is_staying(backup: &Backup) -> bool {
    backup.metadata.deletion_timestamp.is_none()
}

fn display(backup: &Backup) -> String {
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    format!("{}/{}", part(&backup.metadata.namespace), part(&backup.metadata.name))
}
