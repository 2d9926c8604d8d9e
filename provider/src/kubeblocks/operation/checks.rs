//! What an operation needs and the operator does not check: with its webhooks off, which they always are, it takes
//! everything, and does nothing, something else, or the same again for ever. Reads; writes nothing.

use kubeblocks_schemas::catalogue::{Catalogue, suggest};
use kubeblocks_schemas::v1alpha1::{Cluster, ClusterDefinition, ComponentDefinition, ComponentSpec};
use kubeblocks_schemas::validate::unsupported_function;

use super::error::{About, OperationError, Refusal};
use super::lock::{Turn, display, turn};
use super::{Operation, Request, check_backup, check_script, check_switchover};
use crate::kubernetes::{Client, Error};

/// What was found out for an operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Resolved {
    /// The component of a script.
    pub(super) component: Option<String>,
    /// The policy of a backup.
    pub(super) policy: Option<String>,
    /// The pod that leads before a switchover.
    pub(super) leader: Option<String>,
}

/// Whether the engine can do it at all, in whatever phase the database is. Checked before anything is waited for.
pub(super) async fn possible(
    client: &Client,
    cluster: &Cluster,
    request: &Request<'_>,
) -> Result<(), OperationError> {
    components(cluster, request.operation)?;
    match request.operation {
        Operation::Switchover { component, instance } => {
            let component = require(cluster, component, About::Component(0))?;
            check_switchover::possible(client, cluster, component, instance.as_deref()).await
        }
        Operation::Script(script) => check_script::possible(client, cluster, script).await.map(drop),
        Operation::Restart { .. } | Operation::Stop | Operation::Start | Operation::Backup(_) => Ok(()),
    }
}

/// Checks an operation that is possible against a database as it is now.
pub(super) async fn check(
    client: &Client,
    cluster: &Cluster,
    request: &Request<'_>,
) -> Result<Resolved, OperationError> {
    match request.operation {
        Operation::Restart { .. } | Operation::Stop | Operation::Start => Ok(Resolved::default()),
        Operation::Switchover { component, instance } => {
            let component = require(cluster, component, About::Component(0))?;
            let leader = check_switchover::check(client, cluster, component, instance.as_deref()).await?;
            Ok(Resolved { leader: Some(leader), ..Resolved::default() })
        }
        Operation::Script(script) => {
            let component = check_script::check(client, cluster, script).await?;
            Ok(Resolved { component: Some(component), ..Resolved::default() })
        }
        Operation::Backup(backup) => {
            let policy = check_backup::check(client, cluster, backup).await?;
            Ok(Resolved { policy: Some(policy), ..Resolved::default() })
        }
    }
}

/// What is seen of an operation before it is asked for.
#[derive(Clone, Debug, Default)]
pub struct Foreseen {
    /// What would stand against it as things are.
    pub refusal: Option<Refusal>,
    /// That the support matrix does not give it to the engine, though the engine could.
    pub unsupported: Option<String>,
}

/// What is to be said of an operation as things are. A database that is not there, or not ready, may be so by the time of
/// the apply, and so counts as nothing.
pub async fn foresee(client: &Client, request: &Request<'_>) -> Result<Foreseen, Error> {
    let Some(cluster) = client.get_opt::<Cluster>(Some(request.namespace), request.cluster).await? else {
        return Ok(Foreseen::default());
    };
    let refusal = stands_against(client, &cluster, request).await?;
    let definition = &cluster.spec.cluster_definition_ref;
    let is_refused = refusal.as_ref().is_some_and(|refusal| refusal.for_good);
    let unsupported = match request.operation.function() {
        Some(function) if !is_refused => unsupported_function(definition, function, Catalogue::v0_7()),
        _ => None,
    };
    Ok(Foreseen { refusal, unsupported })
}

async fn stands_against(
    client: &Client,
    cluster: &Cluster,
    request: &Request<'_>,
) -> Result<Option<Refusal>, Error> {
    let turn = match turn(cluster, request.operation) {
        Turn::Never(refusal) => return Ok(Some(refusal)),
        Turn::Needless(_) => return Ok(None),
        turn @ (Turn::Later(_) | Turn::Now) => turn,
    };
    let checked = match possible(client, cluster, request).await {
        Ok(()) if turn == Turn::Now => check(client, cluster, request).await.map(drop),
        possible => possible,
    };
    match checked {
        Err(OperationError::Refused(refusal)) => Ok(Some(refusal)),
        Err(OperationError::Api(error)) => Err(*error),
        Ok(()) | Err(_) => Ok(None),
    }
}

/// Whether all components that an operation names exist.
pub(super) fn components(cluster: &Cluster, operation: &Operation) -> Result<(), Refusal> {
    match operation {
        Operation::Restart { components } => {
            for (place, component) in components.iter().enumerate() {
                require(cluster, component, About::Component(place))?;
            }
        }
        Operation::Switchover { component, .. } => {
            require(cluster, component, About::Component(0))?;
        }
        Operation::Script(script) => {
            if let Some(component) = &script.component {
                require(cluster, component, About::Component(0))?;
            }
        }
        Operation::Stop | Operation::Start | Operation::Backup(_) => {}
    }
    Ok(())
}

/// The component of that name.
pub(super) fn require<'a>(
    cluster: &'a Cluster,
    name: &str,
    about: About,
) -> Result<&'a ComponentSpec, Refusal> {
    let all = &cluster.spec.component_specs;
    all.iter().find(|component| component.name == name).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|component| component.name.as_str()).collect();
        let meant = suggest(name, names.iter().copied());
        let meant = meant.map(|meant| format!(" Did you mean {meant:?}?")).unwrap_or_default();
        Refusal::new(
            about,
            format!(
                "{} has no component {name:?}; it has {}.{meant}\n\nKubeBlocks would take the operation, do nothing, and call it a success.",
                display(cluster),
                names.join(", ")
            ),
        )
    })
}

/// The definition of a database's engine. Definitions are cluster-wide and not everybody may read them.
pub(super) async fn definition(
    client: &Client,
    cluster: &Cluster,
) -> Result<Option<ClusterDefinition>, OperationError> {
    match client.get_opt::<ClusterDefinition>(None, &cluster.spec.cluster_definition_ref).await {
        Ok(definition) => Ok(definition),
        Err(Error::Forbidden { .. } | Error::Decode { .. }) => Ok(None),
        Err(error) => Err(OperationError::api(error)),
    }
}

/// The definition of one component.
pub(super) fn definition_of<'a>(
    definition: &'a ClusterDefinition,
    component: &ComponentSpec,
) -> Option<&'a ComponentDefinition> {
    definition.spec.component(&component.component_def_ref)
}

/// What may be read, or nothing where it must not.
pub(super) fn readable<T>(found: Result<T, Error>) -> Result<Option<T>, OperationError> {
    crate::kubernetes::readable(found).map_err(OperationError::api)
}
