//! The events that a change of a Cluster's status brings.

use kube::ResourceExt;

use crate::operator::Context;
use crate::operator::api::{Cluster, ClusterStatus};
use crate::operator::conditions;
use crate::operator::events::Severity;

/// Records what changed between two versions of a status.
pub(super) async fn record_events(
    context: &Context,
    cluster: &Cluster,
    before: &ClusterStatus,
    after: &ClusterStatus,
) {
    for condition in &after.conditions {
        let known = conditions::find(&before.conditions, &condition.type_);
        let is_met = condition.status == "True";
        if known.is_none() && !is_met {
            break;
        }
        if known != Some(condition) {
            let severity = if is_met { Severity::Normal } else { Severity::Warning };
            context.events.record(cluster, severity, &condition.reason, &condition.message).await;
        }
    }
    if before.phase != after.phase
        && let Some((severity, message)) = phase_message(&cluster.name_any(), &after.phase)
    {
        context.events.record(cluster, severity, &after.phase, &message).await;
    }
}

fn phase_message(cluster: &str, phase: &str) -> Option<(Severity, String)> {
    match phase {
        "Running" => {
            Some((Severity::Normal, format!("Cluster: {cluster} is ready, current phase is {phase}")))
        }
        "Stopped" => Some((Severity::Normal, format!("Cluster: {cluster} stopped successfully."))),
        "Failed" | "Abnormal" => Some((
            Severity::Warning,
            format!("Cluster: {cluster} is {phase}, check according to the components message"),
        )),
        _ => None,
    }
}
