//! Refresh and import: reads the object and what it has brought, and hands them to `observe`. Writes nothing.

use std::time::Duration;

use kubeblocks_schemas::v1alpha1::{Addon, AddonPhase, ClusterDefinition, ClusterVersion};
use tfplugin::prelude::*;

use super::definitions::{self, Brought, unusable};
use super::schema::{AddonIdentity, AddonState};
use super::{checks, observe, operator, remember, text, validate};
use crate::kubernetes::diagnostic::{diagnostic, read_timed_out};
use crate::kubernetes::ownership::Ownership;
use crate::kubernetes::{Client, Error};
use crate::provider::{Reach, Shared};
use crate::resources::cluster::claims::{Claims, Nothing, Place};
use crate::wait::at_most;

const CANNOT_READ: &str = "Cannot read the KubeBlocks add-on";
const CANNOT_IMPORT: &str = "Cannot import the KubeBlocks add-on";

/// A read is a handful of requests; retries of a busy server take some time.
const READ_TIMEOUT: Duration = Duration::from_mins(2);

/// The add-on as it is now. Gone only when a reachable server says so.
pub(super) async fn read(
    shared: &Shared,
    context: &Context,
    state: AddonState,
) -> Result<Option<AddonState>, Diagnostics> {
    // A plan whose provider block is not known yet cannot look; what is known stays.
    if shared.reach(&state.kubernetes) == Reach::Unknown {
        return Ok(Some(state));
    }
    let limit = state.timeouts.read_or(READ_TIMEOUT);
    let client = shared.client_for(&state.kubernetes, CANNOT_READ).await?.obeying(context.stop()).glancing();
    match at_most(limit, Box::pin(look(&client, context, state))).await {
        Some(Ok(state)) => Ok(state),
        Some(Err(error)) => Err(text::unreadable(CANNOT_READ, &error).into()),
        None => Err(read_timed_out(CANNOT_READ, &client, limit).into()),
    }
}

async fn look(
    client: &Client,
    context: &Context,
    state: AddonState,
) -> Result<Option<AddonState>, definitions::Error> {
    let api = |source| definitions::Error::Api { source };
    let object = match client.get_opt::<Addon>(None, state.name()).await {
        Ok(Some(object)) => object,
        // The kind went with the operator, and the add-on with it.
        Ok(None) | Err(Error::KindNotServed { .. }) => return Ok(None),
        Err(error) => return Err(api(error)),
    };
    let ours = Ownership::ours(&object.metadata);
    let claims: &dyn Claims = match &ours {
        Some(ours) => ours,
        None => &Nothing,
    };
    let mut observed = observe::addon(&state, &object, &Place::root(claims));
    let operator = match operator::find(client).await {
        Ok(operator) => operator,
        Err(Error::Forbidden { .. }) => None,
        Err(error) => return Err(api(error)),
    };
    let brought = match operator {
        Some(operator) => Some(definitions::brought(client, &operator.namespace, state.name()).await?),
        None => None,
    };
    // An add-on that is not as it should be has to be worked on, which a plan shows by what it will bring.
    let is_as_wanted = if observed.is_enabled() {
        let is_usable = match &brought {
            Some(brought) => flaws(client, brought).await.map_err(api)?.is_empty(),
            None => true,
        };
        is_settled(&object, &AddonPhase::Enabled) && is_usable
    } else {
        true
    };
    remember(context, !is_as_wanted);
    if let Some(brought) = brought {
        observed.cluster_definitions = brought.definition_names();
        observed.cluster_versions = brought.version_names();
    }
    if !observed.is_enabled() && is_settled(&object, &AddonPhase::Disabled) {
        (observed.cluster_definitions, observed.cluster_versions) =
            (Value::Known(Vec::new()), Value::Known(Vec::new()));
    }
    Ok(Some(observed))
}

fn is_settled(addon: &Addon, wanted: &AddonPhase) -> bool {
    let Some(status) = &addon.status else { return false };
    status.phase.as_ref() == Some(wanted) && status.observed_generation >= addon.metadata.generation
}

/// What of it cannot be used now.
async fn flaws(client: &Client, brought: &Brought) -> Result<Vec<String>, Error> {
    let definitions = brought.definitions.iter().map(|name| client.get_opt::<ClusterDefinition>(None, name));
    let versions = brought.versions.iter().map(|name| client.get_opt::<ClusterVersion>(None, name));
    let (definitions, versions) = futures::future::join(
        futures::future::try_join_all(definitions),
        futures::future::try_join_all(versions),
    )
    .await;
    match (definitions, versions) {
        (Ok(definitions), Ok(versions)) => {
            let definitions: Vec<ClusterDefinition> = definitions.into_iter().flatten().collect();
            let versions: Vec<ClusterVersion> = versions.into_iter().flatten().collect();
            Ok(unusable(brought, &definitions, &versions))
        }
        (Err(Error::Forbidden { .. }), _) | (_, Err(Error::Forbidden { .. })) => Ok(Vec::new()),
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}

/// Reads the name of an import.
pub(super) fn identity(request: Import<AddonIdentity>) -> Result<String, Diagnostics> {
    let name = match request {
        Import::Id(id) => id,
        Import::Identity(identity) => identity.name.into_known().unwrap_or_default(),
    };
    if validate::is_name(&name) {
        return Ok(name);
    }
    let detail = format!("{name:?} is not the name of an add-on. Write the name alone, such as \"redis\".");
    Err(Diagnostic::error("Import id of the wrong form", detail).into())
}

/// A state that names the add-on; the read that follows fills it.
pub(super) async fn import(
    shared: &Shared,
    context: &Context,
    name: &str,
) -> Result<AddonState, Diagnostics> {
    let state = AddonState { name: Value::Known(name.to_owned()), ..AddonState::default() };
    let client = shared.client_for(&state.kubernetes, CANNOT_IMPORT).await?.obeying(context.stop());
    let failed = |error| Diagnostics::from(diagnostic(CANNOT_IMPORT, &error));
    if client.get_opt::<Addon>(None, name).await.map_err(failed)?.is_some() {
        return Ok(state);
    }
    let there = client.list::<Addon>(None, None).await.unwrap_or_default();
    Err(checks::missing(CANNOT_IMPORT, name, &there).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_is_asked_for_by_name() {
        assert_eq!(identity(Import::Id("apecloud-mysql".to_owned())).unwrap(), "apecloud-mysql");
        let written = AddonIdentity { name: Value::Known("redis".to_owned()) };
        assert_eq!(identity(Import::Identity(written)).unwrap(), "redis");
        for wrong in ["", "kb-system/redis", "Redis", "../x"] {
            assert!(identity(Import::Id(wrong.to_owned())).is_err(), "{wrong}");
        }
        assert!(identity(Import::Identity(AddonIdentity::default())).is_err());
    }
}
