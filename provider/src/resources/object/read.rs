//! Refresh and import: reads the object and hands it to `observe`. Writes nothing.

use std::time::Duration;

use serde_json::Value as Json;
use tfplugin::prelude::*;

use super::manifest::{Form, Written};
use super::observe::{imported, observe};
use super::remote::{Target, as_json};
use super::schema::{ObjectIdentity, ObjectState};
use super::values::{from_json, to_json, to_yaml, without_nulls};
use super::{IMPORTED, ObjectResource, UID, names};
use crate::kubernetes::diagnostic::{diagnostic, read_timed_out};
use crate::kubernetes::ownership::Ownership;
use crate::kubernetes::{Client, Error};
use crate::provider::Reach;
use crate::wait::at_most;

const CANNOT_READ: &str = "Cannot read the object";
const CANNOT_IMPORT: &str = "Cannot import the object";

const READ_TIMEOUT: Duration = Duration::from_mins(2);

/// The object as it is now. Gone only when a reachable server says so.
pub(super) async fn read(
    resource: &ObjectResource,
    context: &Context,
    state: ObjectState,
) -> Result<Option<ObjectState>, Diagnostics> {
    // A plan whose provider block is not known yet cannot look; what is known stays.
    if resource.shared.reach(&state.kubernetes) == Reach::Unknown {
        return Ok(Some(state));
    }
    let limit = state.timeouts.read_or(READ_TIMEOUT);
    let client =
        resource.shared.client_for(&state.kubernetes, CANNOT_READ).await?.obeying(context.stop()).glancing();
    match at_most(limit, Box::pin(look(resource, &client, context, state))).await {
        Some(Ok(state)) => Ok(state),
        Some(Err(error)) => Err(diagnostic(CANNOT_READ, &error).into()),
        None => Err(read_timed_out(CANNOT_READ, &client, limit).into()),
    }
}

async fn look(
    resource: &ObjectResource,
    client: &Client,
    context: &Context,
    state: ObjectState,
) -> Result<Option<ObjectState>, Error> {
    let (api_version, kind, name) = names(&state);
    let served = resource.kinds.require(client, &api_version, &kind).await?;
    let namespace = state.namespace.known().map(String::as_str);
    let target = Target { client, served: &served, namespace, name: &name };
    let Some(object) = target.get().await? else { return Ok(None) };
    if let Some(uid) = &object.metadata.uid {
        context.set_private(UID, uid.clone().into());
    }
    let live = as_json(&object);
    let Some(written) = Written::of(&state) else {
        context.set_private(IMPORTED, true.into());
        let manifest = Value::Known(from_json(&imported(&live, &object.metadata)));
        return Ok(Some(ObjectState { manifest, ..state }));
    };
    Ok(Some(shown(state, &written, &live, Ownership::ours(&object.metadata).as_ref())))
}

/// The state with the live values of what is written. As long as they mean the same, it stays as it is written.
fn shown(state: ObjectState, written: &Written, live: &Json, ours: Option<&Ownership>) -> ObjectState {
    let Some(before) = to_json(&written.value) else { return state };
    let now = observe(&before, live, ours);
    if now == before {
        return state;
    }
    match written.form {
        Form::Manifest => ObjectState { manifest: Value::Known(from_json(&now)), ..state },
        Form::Yaml => match to_yaml(&without_nulls(now)) {
            Some(text) => ObjectState { yaml: Value::Known(text), ..state },
            None => state,
        },
    }
}

/// A state that names the object; the read that follows fills it.
pub(super) async fn import(
    resource: &ObjectResource,
    context: &Context,
    identity: ObjectIdentity,
) -> Result<ObjectState, Diagnostics> {
    let ObjectIdentity { api_version, kind, namespace, name } = identity;
    let state = ObjectState { api_version, kind, namespace, name, ..ObjectState::default() };
    let client = resource.shared.client_for(&state.kubernetes, CANNOT_IMPORT).await?.obeying(context.stop());
    let failed = |error| Diagnostics::from(diagnostic(CANNOT_IMPORT, &error));
    let (api_version, kind, name) = names(&state);
    let served = resource.kinds.require(&client, &api_version, &kind).await.map_err(failed)?;
    if let Some(problem) = super::manifest::scope_problem(&kind, served.namespaced, &state.namespace) {
        let detail = format!("{problem}\n\n{}", super::import::FORM);
        return Err(Diagnostic::error(CANNOT_IMPORT, detail).into());
    }
    let namespace = state.namespace.known().map(String::as_str);
    let target = Target { client: &client, served: &served, namespace, name: &name };
    if target.get().await.map_err(failed)?.is_some() {
        return Ok(state);
    }
    let object = super::manifest::display(&kind, namespace, &name);
    Err(Diagnostic::error(
        CANNOT_IMPORT,
        format!("{object} does not exist in the Kubernetes cluster {}. An import uses the `kubernetes` of the provider block, or the kubeconfig.", client.endpoint()),
    )
    .into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resources::object::manifest::Manifest;
    use crate::resources::object::test_support::{definition, in_hcl, in_yaml};

    fn refreshed(state: &ObjectState, live: &Json) -> ObjectState {
        shown(state.clone(), &Written::of(state).unwrap(), live, None)
    }

    #[test]
    fn a_state_stays_as_it_is_written_until_something_that_is_written_changes() {
        let text = "# mine\nkind: ClusterDefinition\napiVersion: apps.kubeblocks.io/v1alpha1\nmetadata: {name: redis}\nspec: {type: memo}\n";
        let mut live = definition("redis");
        live["metadata"]["uid"] = "1".into();
        live["spec"]["defaulted"] = true.into();
        for state in [in_hcl(&definition("redis")), in_yaml(text)] {
            assert_eq!(refreshed(&state, &live), state);
        }
        live["spec"]["type"] = "other".into();
        let hcl = refreshed(&in_hcl(&definition("redis")), &live);
        assert_eq!(Manifest::of(&hcl).unwrap().body["spec"]["type"], "other");
        assert!(Manifest::of(&hcl).unwrap().body["spec"]["defaulted"].is_null());
        let yaml = refreshed(&in_yaml(text), &live);
        assert_eq!(Manifest::of(&yaml).unwrap().body["spec"], json!({"type": "other"}));
        assert!(yaml.manifest.is_null());
    }
}
