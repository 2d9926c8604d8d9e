//! What the plan of a managed Kubernetes cluster adds to the schema's rules. Pure: no cloud is asked.

use tfplugin::prelude::*;

use super::kind::ManagedCluster;
use super::open::Open;
use super::rules::{judge_system_pool, judge_version, protected};
use super::schema::ClusterState as _;
use super::{UNFINISHED, is_lost, is_unfinished};

/// Plans a create or an update.
pub(super) fn modify<K: ManagedCluster>(
    context: &Context,
    plan: &mut Plan<K::State>,
) -> Result<(), Diagnostics> {
    let Some(prior) = &plan.prior else { return Ok(()) };
    let (before, mut after) = (prior.common(), plan.planned.common());
    if !plan.requires_replace.is_empty() {
        if before.deletion_protection == Value::Known(true) {
            return Err(protected(K::METHOD.service(), name(&before.name)).into());
        }
        return Ok(());
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
    if goes_on || before.kubernetes_version != after.kubernetes_version {
        after.platform_version = Value::Unknown;
    }
    if before.kubernetes_version != after.kubernetes_version
        && let (Some(from), Some(to)) = (before.kubernetes_version.known(), after.kubernetes_version.known())
    {
        context.warn(
            Diagnostic::warning(
                "Nodes are replaced one after the other",
                format!("Going from Kubernetes {from} to {to} makes the first nodes anew: their pods move, so every database instance on them restarts. Node pools are upgraded by their own `kubernetes_version`."),
            )
            .at(Path::attribute("kubernetes_version")),
        );
    }
    plan.planned.set_common(after);
    if goes_on {
        K::open_values(&mut plan.planned).into_iter().for_each(Open::reopen);
    }
    Ok(())
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
