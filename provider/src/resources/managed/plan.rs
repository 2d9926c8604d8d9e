//! What the plan of a managed Kubernetes cluster adds to the schema's rules. Pure: no cloud is asked.

use tfplugin::prelude::*;

use super::kind::ManagedCluster;
use super::rules::{judge_system_pool, judge_version, protected};
use super::schema::ClusterState as _;
use super::{UNFINISHED, is_unfinished};

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
        tracing::debug!(private = UNFINISHED, "an earlier apply is gone on with");
        after.created_resources = Value::Unknown;
        if after.kubernetes.is_null() {
            after.kubernetes = Value::Unknown;
        }
        if after.oidc_issuer.is_null() {
            after.oidc_issuer = Value::Unknown;
        }
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
    Ok(())
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
