//! The controllers of what engines are described by: definitions, versions, constraints, action sets, and where backups
//! go. They say `Available`, keep what is in use from being deleted, and label what belongs together.
//!
//! Schemas of parameters in CUE are taken as they are: the real operator also checks them and translates them.

mod cluster_definition;
mod cluster_version;
mod others;
mod templates;

pub(crate) use cluster_definition::reconcile as reconcile_definition;
pub(crate) use cluster_version::reconcile as reconcile_version;
pub(crate) use others::{
    reconcile_action_set, reconcile_constraint, reconcile_policy_template, reconcile_storage_provider,
};

use std::time::Duration;

use kube::ResourceExt;
use kube::runtime::controller::Action;

use super::Context;
use super::error::Error;
use super::events::Severity;
use super::naming::labels;
use super::store::{Global, Object};

/// How soon the real operator looks again at what it cannot bring further.
const REQUEUE: Duration = Duration::from_secs(1);

/// Looks again later.
fn later() -> Action {
    Action::requeue(REQUEUE)
}

/// Whether the object is being deleted and waits for this controller.
fn is_ending<K: Global>(object: &K, finalizer: &str) -> bool {
    object.meta().deletion_timestamp.is_some() && object.finalizers().iter().any(|known| known == finalizer)
}

/// Lets a deleted object go, and tells.
async fn let_go<K: Global>(context: &Context, object: &K, finalizer: &str) -> Result<Action, Error> {
    context.store.remove_global_finalizer(object, finalizer).await?;
    let message = format!("Deleted : {}", object.name_any());
    context.events.record(object, Severity::Normal, "DeletedCR", &message).await;
    Ok(Action::await_change())
}

async fn tell_deleting<K: Global>(context: &Context, object: &K) {
    let message = format!("Deleting : {}", object.name_any());
    context.events.record(object, Severity::Normal, "DeletingCR", &message).await;
}

async fn tell_created<K: Global>(context: &Context, object: &K) {
    if object.meta().generation == Some(1) {
        let message = format!("Created : {}", object.name_any());
        context.events.record(object, Severity::Normal, "CreatedCR", &message).await;
    }
}

/// Whether objects of a kind in namespaces carry this label.
async fn is_used_by<K: Object>(context: &Context, label: &str, value: &str) -> Result<bool, Error> {
    Ok(!context.store.list_everywhere::<K>(&labels([(label, value)])).await?.is_empty())
}

/// Whether objects of a kind outside namespaces carry this label.
async fn is_used_by_global<K: Global>(context: &Context, label: &str, value: &str) -> Result<bool, Error> {
    Ok(!context.store.list_global_labeled::<K>(&labels([(label, value)])).await?.is_empty())
}
