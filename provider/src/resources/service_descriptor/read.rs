//! Refresh and import: reads the object and hands it to `convert`. Writes nothing.

use std::time::Duration;

use kubeblocks_schemas::v1alpha1::ServiceDescriptor;
use tfplugin::prelude::*;

use super::convert;
use super::schema::{ServiceDescriptorIdentity, ServiceDescriptorState};
use crate::provider::Shared;
use crate::resources::namespaced::{Look, find_to_import, import_place, look};
use crate::resources::own_secret;
use crate::wait::at_most;

const CANNOT_READ: &str = "Cannot read the service descriptor";
const CANNOT_IMPORT: &str = "Cannot import the service descriptor";

/// A read is two requests; retries of a busy server take some time.
const READ_TIMEOUT: Duration = Duration::from_mins(2);

/// The descriptor as it is now. Gone only when a reachable server says so.
pub(super) async fn read(
    shared: &Shared,
    context: &Context,
    state: ServiceDescriptorState,
) -> Result<Option<ServiceDescriptorState>, Diagnostics> {
    let (place, limit) = ((state.namespace(), state.name()), state.timeouts.read_or(READ_TIMEOUT));
    match look::<ServiceDescriptor>(shared, context, &state.kubernetes, place, CANNOT_READ, limit).await? {
        Look::Unasked => Ok(Some(state)),
        Look::Gone => Ok(None),
        Look::Here(object, client) => {
            let mut seen = convert::observe(&state, &object);
            // A password that is gone is to be written again.
            let place = convert::place(seen.namespace(), seen.name());
            if convert::keeps_password(&seen)
                && at_most(limit, own_secret::exists(&client, &place))
                    .await
                    .is_some_and(|there| matches!(there, Ok(false)))
            {
                seen.password_wo_version = Value::Null;
            }
            Ok(Some(seen))
        }
    }
}

/// A state that names the descriptor; the read that follows fills it.
pub(super) async fn import(
    shared: &Shared,
    context: &Context,
    request: Import<ServiceDescriptorIdentity>,
) -> Result<ServiceDescriptorState, Diagnostics> {
    let (namespace, name) =
        import_place(request, "a service descriptor", |identity| (identity.namespace, identity.name))?;
    find_to_import::<ServiceDescriptor>(shared, context, (&namespace, &name), CANNOT_IMPORT).await?;
    Ok(ServiceDescriptorState {
        namespace: Value::Known(namespace),
        name: Value::Known(name),
        ..ServiceDescriptorState::default()
    })
}
