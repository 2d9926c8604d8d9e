//! Refresh and import: reads the object and hands it to `convert`. Writes nothing.

use std::time::Duration;

use kubeblocks_schemas::v1alpha1::ServiceDescriptor;
use tfplugin::prelude::*;

use super::convert;
use super::schema::{ServiceDescriptorIdentity, ServiceDescriptorState};
use crate::kubernetes::Error;
use crate::kubernetes::diagnostic::{diagnostic, read_timed_out};
use crate::provider::{Reach, Shared};
use crate::resources::own_secret;
use crate::resources::waited::{import_id, nothing_to_import};
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
    // A plan whose provider block is not known yet cannot look; what is known stays.
    if shared.reach(&state.kubernetes) == Reach::Unknown {
        return Ok(Some(state));
    }
    let limit = state.timeouts.read_or(READ_TIMEOUT);
    let client = shared.client_for(&state.kubernetes, CANNOT_READ).await?.obeying(context.stop());
    match at_most(limit, client.get_opt::<ServiceDescriptor>(Some(state.namespace()), state.name())).await {
        Some(Ok(Some(object))) => {
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
        Some(Ok(None) | Err(Error::KindNotServed { .. })) => Ok(None),
        Some(Err(error)) => Err(diagnostic(CANNOT_READ, &error).into()),
        None => Err(read_timed_out(CANNOT_READ, &client, limit).into()),
    }
}

/// A state that names the descriptor; the read that follows fills it.
pub(super) async fn import(
    shared: &Shared,
    context: &Context,
    request: Import<ServiceDescriptorIdentity>,
) -> Result<ServiceDescriptorState, Diagnostics> {
    let (namespace, name) = match request {
        Import::Id(id) => import_id(&id, "a service descriptor")?,
        Import::Identity(identity) => {
            let text = |value: Value<String>| value.into_known().unwrap_or_default();
            (text(identity.namespace), text(identity.name))
        }
    };
    let state = ServiceDescriptorState {
        namespace: Value::Known(namespace.clone()),
        name: Value::Known(name.clone()),
        ..ServiceDescriptorState::default()
    };
    let client = shared.client_for(&state.kubernetes, CANNOT_IMPORT).await?.obeying(context.stop());
    let found = client.get_opt::<ServiceDescriptor>(Some(&namespace), &name).await;
    let object = format!("ServiceDescriptor {namespace}/{name}");
    match found.map_err(|error| Diagnostics::from(diagnostic(CANNOT_IMPORT, &error)))? {
        Some(_) => Ok(state),
        None => Err(nothing_to_import(CANNOT_IMPORT, &object, &client.endpoint())),
    }
}
