//! The workload controller: turns a `ReplicatedStateMachine` into Services, an environment ConfigMap and a
//! `StatefulSet`, reports its members and rolls its pods.
//!
//! It knows only the workload, never the Cluster above it.

mod build;
mod roles;
mod roll;
mod status;

use std::sync::Arc;

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Service};
use kube::ResourceExt;
use kube::runtime::controller::Action;

pub(crate) use roles::label_roles;
pub(crate) use status::{is_ready, pod_is_ready};

use super::Context;
use super::api::ReplicatedStateMachine;
use super::error::Error;
use super::naming::{self, LABEL_RSM_GENERATION, Labels, RSM_FINALIZER};
use super::store::Object;

/// Suffix of the workload's annotations that belong to the headless Service.
pub(crate) const HEADLESS_SCOPE: &str = ".headless.rsm";

/// Brings one workload a step further.
pub(crate) async fn reconcile(
    trigger: Arc<ReplicatedStateMachine>,
    context: Arc<Context>,
) -> Result<Action, Error> {
    let (namespace, name) = (trigger.namespace().unwrap_or_default(), trigger.name_any());
    let Some(workload) = context.store.get::<ReplicatedStateMachine>(&namespace, &name).await? else {
        return Ok(Action::await_change());
    };
    if workload.metadata.deletion_timestamp.is_some() {
        delete(&context, &workload).await?;
        return Ok(Action::await_change());
    }
    if !workload.finalizers().iter().any(|known| known == RSM_FINALIZER) {
        context.store.add_finalizer(&workload, RSM_FINALIZER).await?;
        return Ok(Action::await_change());
    }
    let running = context.store.get::<StatefulSet>(&namespace, &name).await?;
    let is_updating = workload.status().observed_generation != workload.generation();
    if is_updating || running.is_none() {
        apply_children(&context, &workload, running.as_ref()).await?;
    }
    let mut next = workload.status();
    let mut pods = Vec::new();
    if is_updating {
        next.observed_generation = workload.generation();
    } else {
        let Some(running) = running.as_ref() else { return Ok(Action::requeue(context.options.pace)) };
        pods = members(&context, &workload).await?;
        status::copy(&mut next, running);
        next.members_status = status::members(&workload, &pods);
    }
    status::count_first_members(&workload, &mut next);
    let changed = context.store.write_status(&workload, workload.status.as_ref(), &next).await?;
    if let (false, Some(running)) = (is_updating || changed, running) {
        roll_pods(&context, &workload, &running, pods).await?;
    }
    Ok(Action::await_change())
}

/// Deletes the pods that the update plan takes next.
async fn roll_pods(
    context: &Context,
    workload: &ReplicatedStateMachine,
    running: &StatefulSet,
    pods: Vec<Pod>,
) -> Result<(), Error> {
    let is_settled =
        running.metadata.generation == running.status.as_ref().and_then(|status| status.observed_generation);
    let wanted = running.spec.replicas.unwrap_or_default();
    if !is_settled || usize::try_from(wanted) != Ok(pods.len()) {
        return Ok(());
    }
    for pod in roll::next(workload, pods) {
        context.store.delete::<Pod>(&workload.namespace().unwrap_or_default(), &pod).await?;
    }
    Ok(())
}

/// The pods of the workload, in the order of their ordinals.
pub(crate) async fn members(context: &Context, workload: &ReplicatedStateMachine) -> Result<Vec<Pod>, Error> {
    let labels = workload.spec.selector.match_labels.clone().unwrap_or_default();
    let name = workload.name_any();
    let mut pods: Vec<(i32, Pod)> = context
        .store
        .list::<Pod>(&workload.namespace().unwrap_or_default(), &labels)
        .await?
        .into_iter()
        .filter_map(|pod| naming::ordinal(&name, &pod.name_any()).map(|ordinal| (ordinal, pod)))
        .collect();
    pods.sort_by_key(|(ordinal, _)| *ordinal);
    Ok(pods.into_iter().map(|(_, pod)| pod).collect())
}

/// Services and environment first, then the `StatefulSet` that uses them.
async fn apply_children(
    context: &Context,
    workload: &ReplicatedStateMachine,
    running: Option<&StatefulSet>,
) -> Result<(), Error> {
    context.store.apply(&build::headless_service(workload)).await?;
    if let Some(service) = build::service(workload) {
        context.store.apply(&service).await?;
    }
    let alternatives = build::alternative_services(workload);
    for service in &alternatives {
        context.store.apply(service).await?;
    }
    delete_dropped_services(context, workload, &alternatives).await?;
    context.store.apply(&build::environment(workload)).await?;
    context.store.apply(&build::stateful_set(workload, running)).await?;
    Ok(())
}

/// A service that the spec no longer lists goes.
async fn delete_dropped_services(
    context: &Context,
    workload: &ReplicatedStateMachine,
    alternatives: &[Service],
) -> Result<(), Error> {
    let namespace = workload.namespace().unwrap_or_default();
    let name = workload.name_any();
    let kept = |service: &Service| {
        let known = service.name_any();
        known == name
            || known == naming::headless(&name)
            || alternatives.iter().any(|wanted| wanted.name_any() == known)
    };
    for service in context.store.list::<Service>(&namespace, &workload.labels()).await? {
        if is_owned(&service, workload) && !kept(&service) {
            release(context, &service).await?;
        }
    }
    Ok(())
}

async fn delete(context: &Context, workload: &ReplicatedStateMachine) -> Result<(), Error> {
    release_all::<Service>(context, workload).await?;
    release_all::<ConfigMap>(context, workload).await?;
    release_all::<StatefulSet>(context, workload).await?;
    context.store.remove_finalizer(workload, RSM_FINALIZER).await?;
    Ok(())
}

async fn release_all<K: Object>(context: &Context, workload: &ReplicatedStateMachine) -> Result<(), Error> {
    let labels: Labels =
        workload.labels().into_iter().filter(|(key, _)| key != LABEL_RSM_GENERATION).collect();
    for child in context.store.list::<K>(&workload.namespace().unwrap_or_default(), &labels).await? {
        if is_owned(&child, workload) {
            release(context, &child).await?;
        }
    }
    Ok(())
}

/// Takes our finalizer off an object and deletes it.
async fn release<K: Object>(context: &Context, child: &K) -> Result<(), Error> {
    context.store.remove_finalizer(child, naming::CLUSTER_FINALIZER).await?;
    context.store.delete::<K>(&child.namespace().unwrap_or_default(), &child.name_any()).await
}

fn is_owned<K: Object>(child: &K, workload: &ReplicatedStateMachine) -> bool {
    child
        .owner_references()
        .iter()
        .any(|owner| owner.kind == "ReplicatedStateMachine" && owner.name == workload.name_any())
}
