//! `ClusterDefinition`: Available as soon as all its templates are there, kept while Clusters or versions refer to it.

use std::sync::Arc;

use kube::ResourceExt;
use kube::runtime::controller::Action;

use super::{cluster_version, templates};
use crate::operator::Context;
use crate::operator::api::{Cluster, ClusterDefinition, ClusterVersion, ConfigSpec, DefinitionStatus};
use crate::operator::error::Error;
use crate::operator::events::Severity;
use crate::operator::naming::{DEFINITION_FINALIZER, LABEL_DEFINITION};

/// Brings one definition a step further.
pub(crate) async fn reconcile(
    trigger: Arc<ClusterDefinition>,
    context: Arc<Context>,
) -> Result<Action, Error> {
    let name = trigger.name_any();
    let Some(definition) = context.store.get_global::<ClusterDefinition>(&name).await? else {
        return Ok(Action::await_change());
    };
    if definition.metadata.deletion_timestamp.is_some() {
        return delete(&context, &definition).await;
    }
    if context.store.add_global_finalizer(&definition, DEFINITION_FINALIZER).await? {
        return Ok(Action::await_change());
    }
    let generation = definition.metadata.generation;
    let before = definition.status.clone().unwrap_or_default();
    if before.is_available(generation) {
        return Ok(Action::await_change());
    }
    let specs = specs(&definition);
    if let Err(problem) = templates::take(&context, &definition, &specs).await? {
        tracing::debug!(definition = %name, %problem, "a definition is not available");
        return Ok(super::later());
    }
    cluster_version::check_all(&context, &definition).await?;
    let status =
        DefinitionStatus { phase: "Available".to_owned(), observed_generation: generation, ..before.clone() };
    context.store.write_global_status(&definition, Some(&before), &status).await?;
    super::tell_created(&context, &definition).await;
    Ok(Action::await_change())
}

async fn delete(context: &Context, definition: &ClusterDefinition) -> Result<Action, Error> {
    if !super::is_ending(definition, DEFINITION_FINALIZER) {
        return Ok(Action::await_change());
    }
    super::tell_deleting(context, definition).await;
    let name = definition.name_any();
    if super::is_used_by::<Cluster>(context, LABEL_DEFINITION, &name).await?
        || super::is_used_by_global::<ClusterVersion>(context, LABEL_DEFINITION, &name).await?
    {
        let message = "cannot be deleted because of existing referencing Cluster or ClusterVersion.";
        context.events.record(definition, Severity::Warning, "ExistsReferencedResources", message).await;
        return Ok(super::later());
    }
    templates::release(context, &name, &specs(definition)).await?;
    super::let_go(context, definition, DEFINITION_FINALIZER).await
}

/// Script and configuration templates of all components; both are kept from being deleted.
fn specs(definition: &ClusterDefinition) -> Vec<ConfigSpec> {
    let components = &definition.spec.component_defs;
    components
        .iter()
        .flat_map(|component| component.script_specs.iter().chain(&component.config_specs))
        .cloned()
        .collect()
}
