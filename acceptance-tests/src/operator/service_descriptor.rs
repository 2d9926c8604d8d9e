//! Descriptors of services outside: Available when the Secrets that they read from are there. Nothing says why one is not.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use kube::runtime::controller::Action;

use super::Context;
use super::api::{DefinitionStatus, ServiceDescriptor};
use super::error::Error;
use super::events::Severity;

const FINALIZER: &str = "servicedescriptor.kubeblocks.io/finalizer";

/// Brings one descriptor a step further. One that was found Available is not looked at again.
pub(crate) async fn reconcile(
    trigger: Arc<ServiceDescriptor>,
    context: Arc<Context>,
) -> Result<Action, Error> {
    let (namespace, name) = (trigger.namespace().unwrap_or_default(), trigger.name_any());
    let Some(descriptor) = context.store.get::<ServiceDescriptor>(&namespace, &name).await? else {
        return Ok(Action::await_change());
    };
    if context.options.faults.is_paused(&namespace, &name) {
        return Ok(Action::requeue(context.options.pace));
    }
    if descriptor.metadata.deletion_timestamp.is_some() {
        // The real one looks for Clusters with a label that nobody writes.
        context.store.remove_finalizer(&descriptor, FINALIZER).await?;
        return Ok(Action::await_change());
    }
    if !descriptor.finalizers().iter().any(|known| known == FINALIZER) {
        context.store.add_finalizer(&descriptor, FINALIZER).await?;
        return Ok(Action::await_change());
    }
    let generation = descriptor.metadata.generation;
    let before = descriptor.status.clone().unwrap_or_default();
    if before.is_available(generation) {
        return Ok(Action::await_change());
    }
    let mut is_complete = true;
    for secret in descriptor.spec.secrets() {
        is_complete &= context.store.get::<Secret>(&namespace, secret).await?.is_some();
    }
    let phase = if is_complete { "Available" } else { "Unavailable" };
    let status =
        DefinitionStatus { phase: phase.to_owned(), observed_generation: generation, ..before.clone() };
    context.store.write_status(&descriptor, descriptor.status.as_ref(), &status).await?;
    if !is_complete {
        return Ok(Action::requeue(context.options.pace));
    }
    if generation == Some(1) {
        let message = format!("Created : {name}");
        context.events.record(&descriptor, Severity::Normal, "CreatedCR", &message).await;
    }
    Ok(Action::await_change())
}
