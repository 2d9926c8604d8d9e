//! Refresh and import: reads the object and hands it to `convert`. Writes nothing.

use std::time::Duration;

use kubeblocks_schemas::v1alpha1::BackupSchedule;
use tfplugin::prelude::*;

use super::convert;
use super::schema::{BackupScheduleIdentity, BackupScheduleState};
use crate::provider::Shared;
use crate::resources::namespaced::{Look, find_to_import, import_place, look};

const CANNOT_READ: &str = "Cannot read the backup schedule";
const CANNOT_IMPORT: &str = "Cannot import the backup schedule";

/// A read is one request; retries of a busy server take some time.
const READ_TIMEOUT: Duration = Duration::from_mins(2);

/// The schedule as it is now. Gone only when a reachable server says so.
pub(super) async fn read(
    shared: &Shared,
    context: &Context,
    state: BackupScheduleState,
) -> Result<Option<BackupScheduleState>, Diagnostics> {
    let (place, limit) = ((state.namespace(), state.name()), state.timeouts.read_or(READ_TIMEOUT));
    match look::<BackupSchedule>(shared, context, &state.kubernetes, place, CANNOT_READ, limit).await? {
        Look::Unasked => Ok(Some(state)),
        Look::Gone => Ok(None),
        Look::Here(object, _) => Ok(Some(convert::observe(&state, &object))),
    }
}

/// A state that names the schedule; the read that follows fills it.
pub(super) async fn import(
    shared: &Shared,
    context: &Context,
    request: Import<BackupScheduleIdentity>,
) -> Result<BackupScheduleState, Diagnostics> {
    let (namespace, name) =
        import_place(request, "a backup schedule", |identity| (identity.namespace, identity.name))?;
    let found: BackupSchedule = find_to_import(shared, context, (&namespace, &name), CANNOT_IMPORT).await?;
    if convert::is_of_the_operator(&found) {
        let detail = format!(
            "BackupSchedule {namespace}/{name} is the operator's: it makes one with each database. Its schedule is `backup` of the `kubeblocks_cluster`."
        );
        return Err(Diagnostic::error(CANNOT_IMPORT, detail).into());
    }
    Ok(BackupScheduleState {
        namespace: Value::Known(namespace),
        name: Value::Known(name),
        ..BackupScheduleState::default()
    })
}
