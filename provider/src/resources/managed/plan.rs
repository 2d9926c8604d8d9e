//! What the plan of a managed Kubernetes cluster adds to the schema's rules. Pure: no cloud is asked.

use tfplugin::prelude::*;

use super::impact::{Nodes, Version, of_replaced_cluster};
use super::kind::ManagedCluster;
use super::open::Open;
use super::rules::{judge_system_pool, judge_version, protected};
use super::schema::{ClusterState as _, Common, SystemNodePool};
use super::{UNFINISHED, is_lost, is_unfinished, noted_behind, with_noted_size};
use crate::impact::guard::Guard;
use crate::impact::{PlannedImpact, is_unchanged};

/// Plans a create or an update.
pub(super) fn modify<K: ManagedCluster>(
    guard: Guard,
    context: &Context,
    plan: &mut Plan<K::State>,
) -> Result<(), Diagnostics> {
    let config = plan.config.common();
    let Some(prior) = &plan.prior else {
        let mut after = plan.planned.common();
        after.planned_impact = of_create::<K>(&after, &config).into();
        plan.planned.set_common(after);
        return Ok(());
    };
    let (before, mut after) = (prior.common(), plan.planned.common());
    if !plan.requires_replace.is_empty() {
        if before.deletion_protection == Value::Known(true) {
            return Err(protected(K::METHOD.service(), name(&before.name)).into());
        }
        let change = of_replaced_cluster(&plan.requires_replace);
        return context.settle(guard.judge(&change, &after.accept_impact));
    }
    let mut found: Vec<Diagnostic> =
        judge_version(&before.kubernetes_version, &after.kubernetes_version).into_iter().collect();
    found.extend(judge_system_pool(&before.system_node_pool, &after.system_node_pool));
    if !found.is_empty() {
        return Err(found.into_iter().collect());
    }
    let goes_on = is_unfinished(context);
    if goes_on {
        if is_lost(context) {
            context.warn(made_anew(K::METHOD.service(), name(&before.name)));
        }
        tracing::debug!(private = UNFINISHED, "an earlier apply is gone on with");
        after.open_values().into_iter().for_each(Open::reopen);
        after.created_resources = Value::Unknown;
    }
    // Where the version is left to the cloud, so are the nodes.
    let behind = noted_behind(context).filter(|_| config.kubernetes_version.known().is_some());
    if let Some(nodes) = behind.as_deref().filter(|_| !goes_on) {
        context.warn(behind_the_control_plane(nodes, &before.kubernetes_version));
    }
    let running = behind.map_or_else(|| before.kubernetes_version.clone(), Value::Known);
    if goes_on || running != after.kubernetes_version {
        after.platform_version = Value::Unknown;
    }
    plan.planned.set_common(after.clone());
    if goes_on {
        K::open_values(&mut plan.planned).into_iter().for_each(Open::reopen);
    }
    if is_unchanged(prior, &plan.planned) {
        return Ok(());
    }
    let version =
        Version { before: &running, after: &after.kubernetes_version, config: &config.kubernetes_version };
    let first = with_noted_size(context, first_nodes(&before));
    let change = nodes::<K>(Some(first), &after, &config).of_update(&version);
    let found = guard.judge(&change, &after.accept_impact);
    after.planned_impact = change.into_planned().into();
    plan.planned.set_common(after);
    context.settle(found)
}

/// What is said of a cluster that is new, to the cloud or to the state.
pub(super) fn of_create<K: ManagedCluster>(after: &Common, config: &Common) -> PlannedImpact {
    nodes::<K>(None, after, config).of_create().into_planned()
}

fn nodes<K: ManagedCluster>(before: Option<SystemNodePool>, after: &Common, config: &Common) -> Nodes {
    Nodes {
        path: Path::attribute("system_node_pool"),
        noun: "cluster's first node pool",
        method: K::METHOD,
        before,
        after: first_nodes(after),
        config: first_nodes(config),
    }
}

/// The first nodes, as far as they are known.
fn first_nodes(common: &Common) -> SystemNodePool {
    match &common.system_node_pool {
        Value::Known(pool) => pool.clone(),
        Value::Unknown => SystemNodePool {
            size: Value::Unknown,
            autoscaling: Value::Unknown,
            taints: Value::Unknown,
            ..SystemNodePool::default()
        },
        Value::Null => SystemNodePool::default(),
    }
}

/// An update that was cut off, or somebody else, has upgraded the control plane alone.
fn behind_the_control_plane(nodes: &str, version: &Value<String>) -> Diagnostic {
    let version = version.known().map_or("a later version", String::as_str);
    Diagnostic::warning(
        "Nodes are behind the control plane",
        format!(
            "The first nodes run Kubernetes {nodes}, and the control plane {version}: an earlier apply was cut off, or somebody upgraded the control plane alone. This update takes the nodes to the version that is written here."
        ),
    )
    .at(Path::attribute("kubernetes_version"))
}

/// A cluster that somebody removed is made anew around what is left of it: the plan shows an update, which says too little.
fn made_anew(service: &str, name: &str) -> Diagnostic {
    Diagnostic::warning(
        "Kubernetes cluster is not there any more",
        format!(
            "Somebody removed the {service} cluster \"{name}\" outside of Terraform, and what ran on it is lost. This update makes it anew, empty, within the network that is left. To remove the rest instead, run `terraform destroy`."
        ),
    )
}

/// Refuses a destroy of what is protected.
pub(super) fn destroy<K: ManagedCluster>(prior: &K::State) -> Result<(), Diagnostics> {
    let common = prior.common();
    if common.deletion_protection == Value::Known(true) {
        return Err(protected(K::METHOD.service(), name(&common.name)).into());
    }
    Ok(())
}

fn name(name: &Value<String>) -> &str {
    name.known().map(String::as_str).unwrap_or_default()
}
