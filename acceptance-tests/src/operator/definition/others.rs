//! `ConfigConstraint`, `BackupPolicyTemplate`, `ActionSet` and `StorageProvider`.

use std::sync::Arc;

use k8s_openapi::api::storage::v1::CSIDriver;
use kube::ResourceExt;
use kube::runtime::controller::Action;
use serde_json::json;

use crate::operator::Context;
use crate::operator::api::{
    ActionSet, BackupPolicyTemplate, ClusterDefinition, ClusterVersion, Condition, ConfigConstraint,
    DefinitionStatus, StorageProvider,
};
use crate::operator::conditions;
use crate::operator::error::Error;
use crate::operator::events::Severity;
use crate::operator::naming::{
    DATA_PROTECTION_FINALIZER, LABEL_DEFINITION, STORAGE_FINALIZER, TEMPLATE_FINALIZER, constraint_label,
};

/// Brings one constraint a step further: it is kept while definitions or versions refer to it.
pub(crate) async fn reconcile_constraint(
    trigger: Arc<ConfigConstraint>,
    context: Arc<Context>,
) -> Result<Action, Error> {
    let name = trigger.name_any();
    let Some(constraint) = context.store.get_global::<ConfigConstraint>(&name).await? else {
        return Ok(Action::await_change());
    };
    let generation = constraint.metadata.generation;
    let before = constraint.status.clone().unwrap_or_default();
    let judged = |phase: &str| DefinitionStatus {
        phase: phase.to_owned(),
        observed_generation: generation,
        ..before.clone()
    };
    if constraint.metadata.deletion_timestamp.is_some() {
        if !super::is_ending(&constraint, TEMPLATE_FINALIZER) {
            return Ok(Action::await_change());
        }
        super::tell_deleting(&context, &constraint).await;
        context.store.write_global_status(&constraint, Some(&before), &judged("Deleting")).await?;
        let label = constraint_label(&name);
        if super::is_used_by_global::<ClusterDefinition>(&context, &label, &name).await?
            || super::is_used_by_global::<ClusterVersion>(&context, &label, &name).await?
        {
            let message =
                "cannot be deleted because of existing referencing of ClusterDefinition or ClusterVersion.";
            context.events.record(&constraint, Severity::Warning, "ExistsReferencedResources", message).await;
            return Ok(super::later());
        }
        // The status has just been written, so what was read is old.
        let Some(constraint) = context.store.get_global::<ConfigConstraint>(&name).await? else {
            return Ok(Action::await_change());
        };
        return super::let_go(&context, &constraint, TEMPLATE_FINALIZER).await;
    }
    if context.store.add_global_finalizer(&constraint, TEMPLATE_FINALIZER).await?
        || before.is_available(generation)
    {
        return Ok(Action::await_change());
    }
    context.store.write_global_status(&constraint, Some(&before), &judged("Available")).await?;
    super::tell_created(&context, &constraint).await;
    Ok(Action::await_change())
}

/// Labels a template of backup policies with its definition; it has no status.
pub(crate) async fn reconcile_policy_template(
    trigger: Arc<BackupPolicyTemplate>,
    context: Arc<Context>,
) -> Result<Action, Error> {
    let definition = &trigger.spec.cluster_definition_ref;
    if trigger.labels().get(LABEL_DEFINITION) != Some(definition) {
        let patch = json!({ "metadata": { "labels": { LABEL_DEFINITION: definition } } });
        context.store.merge_global::<BackupPolicyTemplate>(&trigger.name_any(), &patch).await?;
    }
    Ok(Action::await_change())
}

/// Brings one action set a step further.
pub(crate) async fn reconcile_action_set(
    trigger: Arc<ActionSet>,
    context: Arc<Context>,
) -> Result<Action, Error> {
    let Some(actions) = context.store.get_global::<ActionSet>(&trigger.name_any()).await? else {
        return Ok(Action::await_change());
    };
    if actions.metadata.deletion_timestamp.is_some() {
        if !super::is_ending(&actions, DATA_PROTECTION_FINALIZER) {
            return Ok(Action::await_change());
        }
        super::tell_deleting(&context, &actions).await;
        return super::let_go(&context, &actions, DATA_PROTECTION_FINALIZER).await;
    }
    let generation = actions.metadata.generation;
    let before = actions.status.clone().unwrap_or_default();
    if context.store.add_global_finalizer(&actions, DATA_PROTECTION_FINALIZER).await?
        || before.is_available(generation)
    {
        return Ok(Action::await_change());
    }
    let status =
        DefinitionStatus { phase: "Available".to_owned(), observed_generation: generation, ..before.clone() };
    context.store.write_global_status(&actions, Some(&before), &status).await?;
    super::tell_created(&context, &actions).await;
    Ok(Action::await_change())
}

/// Brings one storage provider a step further: it is Ready when the driver that it needs is installed.
pub(crate) async fn reconcile_storage_provider(
    trigger: Arc<StorageProvider>,
    context: Arc<Context>,
) -> Result<Action, Error> {
    let Some(provider) = context.store.get_global::<StorageProvider>(&trigger.name_any()).await? else {
        return Ok(Action::await_change());
    };
    if provider.metadata.deletion_timestamp.is_some() {
        if !super::is_ending(&provider, STORAGE_FINALIZER) {
            return Ok(Action::await_change());
        }
        super::tell_deleting(&context, &provider).await;
        return super::let_go(&context, &provider, STORAGE_FINALIZER).await;
    }
    if context.store.add_global_finalizer(&provider, STORAGE_FINALIZER).await? {
        return Ok(Action::await_change());
    }
    let driver = &provider.spec.driver;
    let is_ready = driver.is_empty() || context.store.get_global::<CSIDriver>(driver).await?.is_some();
    let phase = if is_ready { "Ready" } else { "NotReady" };
    let before = provider.status.clone().unwrap_or_default();
    if before.phase != phase {
        let mut condition = if is_ready {
            Condition::met("CSIDriverInstalled", "CSIDriverObjectFound", "")
        } else {
            let message = format!("CSIDriver.storage.k8s.io \"{driver}\" not found");
            Condition::unmet("CSIDriverInstalled", "CheckCSIDriverFailed", message)
        };
        if !is_ready {
            "Unknown".clone_into(&mut condition.status);
        }
        let mut status = before.clone();
        phase.clone_into(&mut status.phase);
        let generation = provider.metadata.generation.unwrap_or_default();
        conditions::set(&mut status.conditions, condition.of_generation(generation));
        context.store.write_global_status(&provider, Some(&before), &status).await?;
    }
    // The real one watches drivers, and tries again with growing pauses.
    Ok(if is_ready { Action::await_change() } else { Action::requeue(super::REQUEUE * 5) })
}
