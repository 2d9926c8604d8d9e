//! Refresh and import: reads the object, its parameters and its Services, and hands them to `observe` and `endpoints`. Writes
//! nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::Service;
use kubeblocks_schemas::catalogue::suggest;
use kubeblocks_schemas::v1alpha1::Cluster;
use kubeblocks_schemas::v1alpha1::configuration::ConfigurationItem;
use tfplugin::prelude::*;

use super::claims::{Claims, Everything, Nothing, Place};
use super::parameters::live::Live;
use super::schema::{ClusterIdentity, ClusterState, Endpoint, Map, SecretReference};
use super::{UID, UNFINISHED, build, endpoints, impact, names, observe, parameters};
use crate::kubeblocks::naming;
use crate::kubernetes::diagnostic::{diagnostic, read_timed_out};
use crate::kubernetes::ownership::Ownership;
use crate::kubernetes::unfinished::MARK;
use crate::kubernetes::{Client, Error};
use crate::provider::{Reach, Shared};
use crate::wait::at_most;

const CANNOT_READ: &str = "Cannot read the KubeBlocks cluster";
const CANNOT_IMPORT: &str = "Cannot import the KubeBlocks cluster";

/// A read is one or two requests; retries of a busy server take some time.
const READ_TIMEOUT: Duration = Duration::from_mins(2);

/// The object as it is now. Gone only when a reachable server says so.
pub(super) async fn read(
    shared: &Shared,
    context: &Context,
    state: ClusterState,
) -> Result<Option<ClusterState>, Diagnostics> {
    // A plan whose provider block is not known yet cannot look; what is known stays.
    if shared.reach(&state.kubernetes) == Reach::Unknown {
        return Ok(Some(state));
    }
    let limit = state.timeouts.read_or(READ_TIMEOUT);
    let client = shared.client_for(&state.kubernetes, CANNOT_READ).await?.obeying(context.stop()).glancing();
    match at_most(limit, Box::pin(look(&client, context, state))).await {
        Some(Ok(state)) => Ok(state),
        Some(Err(error)) => Err(diagnostic(CANNOT_READ, &error).into()),
        None => Err(read_timed_out(CANNOT_READ, &client, limit).into()),
    }
}

async fn look(
    client: &Client,
    context: &Context,
    state: ClusterState,
) -> Result<Option<ClusterState>, Error> {
    let (namespace, name) = names(&state);
    let Some(object) = client.get_opt::<Cluster>(Some(&namespace), &name).await? else { return Ok(None) };
    if let Some(uid) = &object.metadata.uid {
        context.set_private(UID, uid.clone().into());
    }
    if is_marked(&object) {
        context.set_private(UNFINISHED, true.into());
    }
    let is_import = state.definition.is_null();
    let ours = Ownership::ours(&object.metadata);
    let claims: &dyn Claims = match &ours {
        Some(ours) => ours,
        None if is_import => &Everything,
        None => &Nothing,
    };
    let mut observed = observe::cluster(&state, &object, &Place::root(claims));
    observe_parameters(client, &mut observed, is_import).await?;
    // What an interrupted create has not come to stays open, so that the next apply goes on with it.
    if is_import || !state.endpoints.is_null() {
        observed.endpoints = match self::endpoints(client, &observed).await {
            Ok(found) => Value::Known(found),
            Err(Error::Forbidden { .. }) => state.endpoints,
            Err(error) => return Err(error),
        };
        observed.credentials_secret = Value::Known(credentials_secret(&observed));
    }
    if is_import {
        observed.planned_impact = impact::of_create(&observed).into();
    }
    Ok(Some(observed))
}

/// The parameters of each component, which stand in an object of their own.
async fn observe_parameters(client: &Client, state: &mut ClusterState, is_import: bool) -> Result<(), Error> {
    let (namespace, cluster) = names(state);
    for (name, component) in state.components.known_mut().into_iter().flatten() {
        let Some(component) = component.known_mut() else { continue };
        let written = parameters::written(&component.parameters);
        let is_set = |item: &ConfigurationItem| {
            !item.config_file_params.is_empty()
                || written.keys().any(|key| parameters::split_key(key).0 == item.name)
        };
        match Live::read(client, &namespace, &cluster, name, is_set).await {
            Ok(live) => {
                component.parameters =
                    parameters::observe::parameters(&component.parameters, live.as_ref(), is_import);
            }
            // Who may not see them keeps what the state says.
            Err(Error::Forbidden { .. } | Error::KindNotServed { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether an apply was killed before it could say that it was not at its end.
fn is_marked(object: &Cluster) -> bool {
    object.metadata.annotations.as_ref().is_some_and(|annotations| annotations.contains_key(MARK))
}

/// The addresses of the database, from its Services.
pub(super) async fn endpoints(client: &Client, state: &ClusterState) -> Result<Map<Endpoint>, Error> {
    let (namespace, name) = names(state);
    let services: Vec<Service> =
        client.list(Some(&namespace), Some(&naming::cluster_selector(&name))).await?;
    let components: BTreeMap<&String, Vec<&String>> = build::known_entries(&state.components)
        .map(|(name, component)| {
            (name, build::known_entries(&component.services).map(|(name, _)| name).collect())
        })
        .collect();
    Ok(endpoints::endpoints(&namespace, &name, components, &services))
}

/// Where user, password and addresses are.
pub(super) fn credentials_secret(state: &ClusterState) -> SecretReference {
    SecretReference {
        namespace: state.namespace.clone(),
        name: Value::Known(naming::connection_secret(&names(state).1)),
    }
}

/// A state that names the object; the read that follows fills it.
pub(super) async fn import(
    shared: &Shared,
    context: &Context,
    identity: ClusterIdentity,
) -> Result<ClusterState, Diagnostics> {
    let state =
        ClusterState { namespace: identity.namespace, name: identity.name, ..ClusterState::default() };
    let client = shared.client_for(&state.kubernetes, CANNOT_IMPORT).await?.obeying(context.stop());
    let (namespace, name) = names(&state);
    let failed = |error| Diagnostics::from(diagnostic(CANNOT_IMPORT, &error));
    if client.get_opt::<Cluster>(Some(&namespace), &name).await.map_err(failed)?.is_some() {
        return Ok(state);
    }
    let there = client.list::<Cluster>(Some(&namespace), None).await.unwrap_or_default();
    Err(missing(&namespace, &name, &there, &client.endpoint()).into())
}

fn missing(namespace: &str, name: &str, there: &[Cluster], endpoint: &str) -> Diagnostic {
    let mut names: Vec<&str> = there.iter().filter_map(|cluster| cluster.metadata.name.as_deref()).collect();
    names.sort_unstable();
    let known = if names.is_empty() {
        "There is no KubeBlocks cluster in that namespace.".to_owned()
    } else {
        format!("There are: {}.", names.join(", "))
    };
    let hint = suggest(name, names.iter().copied())
        .map_or_else(String::new, |near| format!(" Did you mean \"{namespace}/{near}\"?"));
    Diagnostic::error(
        CANNOT_IMPORT,
        format!(
            "Cluster {namespace}/{name} does not exist in the Kubernetes cluster {endpoint}. {known}{hint}\n\nAn import uses the `kubernetes` of the provider block, or the kubeconfig."
        ),
    )
}
