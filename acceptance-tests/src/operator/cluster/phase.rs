//! The phase of a cluster and its readiness conditions, from the states of its components.
//!
//! Pure.

use kube::ResourceExt;

use crate::operator::api::{Cluster, ClusterStatus, Condition};
use crate::operator::conditions;

/// Drops components that the spec no longer has, then sets conditions and phase.
pub(super) fn update(cluster: &Cluster, status: &mut ClusterStatus) {
    if status.components.is_empty() {
        return;
    }
    status.components.retain(|name, _| cluster.component(name).is_some());
    set_ready_conditions(status);
    let phase = aggregate(&status.components.values().map(|component| component.phase.as_str()));
    if phase == "Running" && status.phase != "Running" {
        let message = format!("Cluster: {} is ready, current phase is Running", cluster.name_any());
        conditions::set(&mut status.conditions, Condition::met("Ready", "ClusterReady", message));
    }
    phase.clone_into(&mut status.phase);
}

fn set_ready_conditions(status: &mut ClusterStatus) {
    let waiting: Vec<&str> = status
        .components
        .iter()
        .filter(|(_, component)| component.pods_ready != Some(true))
        .map(|(name, _)| name.as_str())
        .collect();
    let unready: Vec<&str> = status
        .components
        .iter()
        .filter(|(_, component)| {
            component.pods_ready != Some(true) || ["Failed", "Abnormal"].contains(&component.phase.as_str())
        })
        .map(|(name, _)| name.as_str())
        .collect();
    let see = "refer to related component message in Cluster.status.components";
    let replicas = if waiting.is_empty() {
        let message = "all pods of components are ready, waiting for the probe detection successful";
        Condition::met("ReplicasReady", "AllReplicasReady", message)
    } else {
        let message = format!("pods are not ready in Components: [{}], {see}", waiting.join(" "));
        Condition::unmet("ReplicasReady", "ReplicasNotReady", message)
    };
    let ready = (!unready.is_empty()).then(|| {
        let message = format!("pods are unavailable in Components: [{}], {see}", unready.join(" "));
        Condition::unmet("Ready", "ComponentsNotReady", message)
    });
    conditions::set(&mut status.conditions, replicas);
    if let Some(ready) = ready {
        conditions::set(&mut status.conditions, ready);
    }
}

/// The phase of a cluster whose components have these phases.
fn aggregate<'a>(phases: &(impl Iterator<Item = &'a str> + Clone)) -> &'static str {
    let all = |wanted: &[&str]| phases.clone().all(|phase| wanted.contains(&phase));
    if all(&["Running"]) {
        "Running"
    } else if all(&["Creating"]) {
        "Creating"
    } else if all(&["Creating", "Running", "Updating"]) {
        "Updating"
    } else if all(&["Stopped"]) {
        "Stopped"
    } else if phases.clone().any(|phase| phase == "Stopping") {
        "Stopping"
    } else if all(&["Failed"]) {
        "Failed"
    } else {
        "Abnormal"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::api::ComponentStatus;

    #[test]
    fn the_phase_follows_from_the_components() {
        for (components, expected) in [
            (&["Running", "Running"][..], "Running"),
            (&["Creating"], "Creating"),
            (&["Creating", "Running"], "Updating"),
            (&["Updating", "Running"], "Updating"),
            (&["Stopped", "Stopped"], "Stopped"),
            (&["Stopping", "Failed"], "Stopping"),
            (&["Failed", "Failed"], "Failed"),
            (&["Failed", "Running"], "Abnormal"),
            (&["Stopped", "Running"], "Abnormal"),
        ] {
            assert_eq!(aggregate(&components.iter().copied()), expected, "{components:?}");
        }
    }

    #[test]
    fn ready_is_written_on_the_way_to_running_and_not_taken_back_by_a_spec_change() {
        let mut cluster = Cluster::new("cache", crate::operator::api::ClusterSpec::default());
        cluster.spec.component_specs.push(crate::operator::api::ComponentSpec {
            name: "redis".to_owned(),
            ..crate::operator::api::ComponentSpec::default()
        });
        let mut status = ClusterStatus::default();
        let component = |phase: &str, ready| ComponentStatus {
            phase: phase.to_owned(),
            pods_ready: Some(ready),
            ..ComponentStatus::default()
        };
        status.components.insert("redis".to_owned(), component("Creating", false));
        status.components.insert("gone".to_owned(), component("Running", true));
        update(&cluster, &mut status);
        assert_eq!(status.phase, "Creating");
        assert!(!status.components.contains_key("gone"));
        assert_eq!(
            conditions::find(&status.conditions, "Ready").map(|ready| ready.status.as_str()),
            Some("False")
        );
        status.components.insert("redis".to_owned(), component("Running", true));
        update(&cluster, &mut status);
        let ready = conditions::find(&status.conditions, "Ready").cloned();
        assert_eq!(ready.as_ref().map(|ready| ready.reason.as_str()), Some("ClusterReady"));
        status.components.insert("redis".to_owned(), component("Stopped", true));
        update(&cluster, &mut status);
        assert_eq!(status.phase, "Stopped");
        assert_eq!(conditions::find(&status.conditions, "Ready").cloned(), ready);
    }
}
