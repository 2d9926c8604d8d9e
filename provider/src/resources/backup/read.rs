//! Refresh and import: reads the object and hands it to `convert`. Writes nothing.

use std::time::Duration;

use kubeblocks_schemas::v1alpha1::Backup;
use tfplugin::prelude::*;

use super::convert;
use super::schema::{BackupIdentity, BackupState};
use crate::provider::Shared;
use crate::resources::namespaced::{Look, find_to_import, import_place, look};

const CANNOT_READ: &str = "Cannot read the backup";
const CANNOT_IMPORT: &str = "Cannot import the backup";

/// A read is one request; retries of a busy server take some time.
const READ_TIMEOUT: Duration = Duration::from_mins(2);

/// The backup as it is now. Gone only when a reachable server says so.
pub(super) async fn read(
    shared: &Shared,
    context: &Context,
    state: BackupState,
) -> Result<Option<BackupState>, Diagnostics> {
    let (place, limit) = ((state.namespace(), state.name()), state.timeouts.read_or(READ_TIMEOUT));
    match look::<Backup>(shared, context, &state.kubernetes, place, CANNOT_READ, limit).await? {
        Look::Unasked => Ok(Some(state)),
        Look::Gone => Ok(None),
        Look::Here(object, _) => Ok(Some(convert::observe(&state, &object))),
    }
}

/// A state that names the backup; the read that follows fills it.
pub(super) async fn import(
    shared: &Shared,
    context: &Context,
    request: Import<BackupIdentity>,
) -> Result<BackupState, Diagnostics> {
    let (namespace, name) =
        import_place(request, "a backup", |identity| (identity.namespace, identity.name))?;
    find_to_import::<Backup>(shared, context, (&namespace, &name), CANNOT_IMPORT).await?;
    Ok(BackupState { namespace: Value::Known(namespace), name: Value::Known(name), ..BackupState::default() })
}
