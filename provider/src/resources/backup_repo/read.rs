//! Refresh and import: reads the object and hands it to `observe`. Writes nothing.

use std::time::Duration;

use kubeblocks_schemas::catalogue::did_you_mean;
use kubeblocks_schemas::names::{NameKind, check_name};
use kubeblocks_schemas::v1alpha1::BackupRepo;
use tfplugin::prelude::*;

use super::schema::{BackupRepoIdentity, BackupRepoState};
use super::{keys, observe};
use crate::kubernetes::diagnostic::{diagnostic, read_timed_out};
use crate::kubernetes::ownership::Ownership;
use crate::kubernetes::{Client, Error};
use crate::provider::{Reach, Shared};
use crate::resources::cluster::claims::{Claims, Everything, Nothing, Place};
use crate::wait::at_most;

const CANNOT_READ: &str = "Cannot read the backup repository";
const CANNOT_IMPORT: &str = "Cannot import the backup repository";

/// A read is two requests; retries of a busy server take some time.
const READ_TIMEOUT: Duration = Duration::from_mins(2);

/// The repository as it is now. Gone only when a reachable server says so.
pub(super) async fn read(
    shared: &Shared,
    context: &Context,
    state: BackupRepoState,
) -> Result<Option<BackupRepoState>, Diagnostics> {
    // A plan whose provider block is not known yet cannot look; what is known stays.
    if shared.reach(&state.kubernetes) == Reach::Unknown {
        return Ok(Some(state));
    }
    let limit = state.timeouts.read_or(READ_TIMEOUT);
    let client = shared.client_for(&state.kubernetes, CANNOT_READ).await?.obeying(context.stop()).glancing();
    match at_most(limit, Box::pin(look(&client, state))).await {
        Some(Ok(state)) => Ok(state),
        Some(Err(error)) => Err(diagnostic(CANNOT_READ, &error).into()),
        None => Err(read_timed_out(CANNOT_READ, &client, limit).into()),
    }
}

pub(super) async fn look(client: &Client, state: BackupRepoState) -> Result<Option<BackupRepoState>, Error> {
    let object = match client.get_opt::<BackupRepo>(None, state.name()).await {
        Ok(Some(object)) => object,
        // The kind went with the operator, and the repository with it.
        Ok(None) | Err(Error::KindNotServed { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let is_import = state.storage_provider.is_null();
    let ours = Ownership::ours(&object.metadata);
    let claims: &dyn Claims = match &ours {
        Some(ours) => ours,
        None if is_import => &Everything,
        None => &Nothing,
    };
    let mut observed = observe::repo(&state, &object, &Place::root(claims));
    // Keys that are gone, or that the repository no longer refers to, are to be written again.
    let has_keys = match keys::of(&object) {
        Some(place) => keys::exist(client, &place).await?,
        None => false,
    };
    if !has_keys {
        observed.credentials_wo_version = Value::Null;
    }
    Ok(Some(observed))
}

/// Reads the name of an import.
pub(super) fn identity(request: Import<BackupRepoIdentity>) -> Result<String, Diagnostics> {
    let name = match request {
        Import::Id(id) => id,
        Import::Identity(identity) => identity.name.into_known().unwrap_or_default(),
    };
    if check_name(NameKind::Object, &name).is_ok() {
        return Ok(name);
    }
    let detail =
        format!("{name:?} is not the name of a backup repository. Write the name alone, such as \"main\".");
    Err(Diagnostic::error("Import id of the wrong form", detail).into())
}

/// A state that names the repository; the read that follows fills it.
pub(super) async fn import(
    shared: &Shared,
    context: &Context,
    name: &str,
) -> Result<BackupRepoState, Diagnostics> {
    let state = BackupRepoState { name: Value::Known(name.to_owned()), ..BackupRepoState::default() };
    let client = shared.client_for(&state.kubernetes, CANNOT_IMPORT).await?.obeying(context.stop());
    let failed = |error| Diagnostics::from(diagnostic(CANNOT_IMPORT, &error));
    if client.get_opt::<BackupRepo>(None, name).await.map_err(failed)?.is_some() {
        return Ok(state);
    }
    let there = client.list::<BackupRepo>(None, None).await.unwrap_or_default();
    let mut names: Vec<String> = there.into_iter().filter_map(|repo| repo.metadata.name).collect();
    names.sort_unstable();
    let known = if names.is_empty() {
        "There are none.".to_owned()
    } else {
        format!("There are: {}.", names.join(", "))
    };
    let hint = did_you_mean(name, names.iter().map(String::as_str));
    Err(Diagnostic::error(
        CANNOT_IMPORT,
        format!(
            "BackupRepo {name} does not exist in the Kubernetes cluster {}. {known}{hint}\n\nAn import uses the `kubernetes` of the provider block, or the kubeconfig.",
            client.endpoint()
        ),
    )
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_is_asked_for_by_name() {
        assert_eq!(identity(Import::Id("main".to_owned())).unwrap(), "main");
        let written = BackupRepoIdentity { name: Value::Known("eu.main".to_owned()) };
        assert_eq!(identity(Import::Identity(written)).unwrap(), "eu.main");
        for wrong in ["", "kb-system/main", "Main", "../x"] {
            assert!(identity(Import::Id(wrong.to_owned())).is_err(), "{wrong}");
        }
        assert!(identity(Import::Identity(BackupRepoIdentity::default())).is_err());
    }
}
