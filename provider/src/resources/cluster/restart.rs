//! `restart_trigger`: an `OpsRequest` of type Restart, where nothing else of the same apply has restarted the instances.
//!
//! The triggers of the last restart stand on the Cluster. So an import knows them, and an apply that was cut off before the
//! restart is seen to be not at its end.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kubeblocks_schemas::v1alpha1::Cluster;
use tfplugin::diagnostic::Diagnostics;
use tfplugin::path::Path;
use tfplugin::typed::Value;

use super::plan::kept_components;
use super::schema::ClusterState;
use super::{build, names, running};
use crate::kubeblocks::naming::{self, COMPONENT_LABEL};
use crate::kubeblocks::operation::diagnostic::{Attributes, diagnostic as of_operation};
use crate::kubeblocks::operation::{self, About, Operation, OperationError, Request};
use crate::kubernetes::{Client, Error};
use crate::wait::Limits;

/// Annotation of a Cluster: the triggers, by component, as a JSON object.
const ANNOTATION: &str = "terraform.kubeblocks.io/restart-triggers";
const CANNOT_RESTART: &str = "Cannot restart the KubeBlocks cluster";

/// The annotation with the triggers of a state, when there are any.
pub fn triggers(state: &ClusterState) -> Option<(String, String)> {
    let triggers: BTreeMap<&String, &String> = build::known_entries(&state.components)
        .filter_map(|(name, component)| Some((name, component.restart_trigger.known()?)))
        .collect();
    (!triggers.is_empty())
        .then(|| (ANNOTATION.to_owned(), serde_json::to_string(&triggers).unwrap_or_default()))
}

/// The trigger that an object shows for a component.
pub fn trigger(object: &Cluster, component: &str) -> Option<String> {
    let text = object.metadata.annotations.as_ref()?.get(ANNOTATION)?;
    serde_json::from_str::<BTreeMap<String, String>>(text).ok()?.remove(component)
}

/// The components that a change asks to restart, with their triggers. One that is new, or that has no instance before or
/// after, has nothing to restart.
pub fn due(prior: &ClusterState, planned: &ClusterState) -> BTreeMap<String, String> {
    if running::is_stopped(prior) || running::is_stopped(planned) {
        return BTreeMap::new();
    }
    kept_components(prior, planned)
        .filter_map(|(name, before, after)| {
            let trigger = after.restart_trigger.known()?;
            let has_instances = |count: &Value<i64>| *count != Value::Known(0);
            (before.restart_trigger.known() != Some(trigger)
                && has_instances(&before.replicas)
                && has_instances(&after.replicas))
            .then(|| (name.clone(), trigger.clone()))
        })
        .collect()
}

/// `planned` before its restarts are done: with the triggers of `prior`.
pub fn before(prior: &ClusterState, planned: &ClusterState) -> ClusterState {
    let due = due(prior, planned);
    let mut state = planned.clone();
    let known: BTreeMap<_, _> = build::known_entries(&prior.components).collect();
    for (name, component) in state.components.known_mut().into_iter().flatten() {
        if let (true, Some(component), Some(prior)) =
            (due.contains_key(name), component.known_mut(), known.get(name))
        {
            component.restart_trigger = prior.restart_trigger.clone();
        }
    }
    state
}

/// Instances that were there at a moment: the uids of their pods, by component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instances(BTreeMap<String, BTreeSet<String>>);

impl Instances {
    /// Those of a database.
    pub async fn of(client: &Client, namespace: &str, cluster: &str) -> Result<Self, Error> {
        let pods: Vec<Pod> = client.list(Some(namespace), Some(&naming::cluster_selector(cluster))).await?;
        Ok(Self::among(&pods))
    }

    fn among(pods: &[Pod]) -> Self {
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for pod in pods {
            if let (Some(component), Some(uid)) = (pod.labels().get(COMPONENT_LABEL), pod.uid()) {
                all.entry(component.clone()).or_default().insert(uid);
            }
        }
        Self(all)
    }

    /// Whether none of a component's instances is still there in `later`.
    fn are_all_replaced(&self, later: &Self, component: &str) -> bool {
        let none = BTreeSet::new();
        let of = |instances: &Self| instances.0.get(component).unwrap_or(&none).clone();
        of(self).is_disjoint(&of(later))
    }
}

/// A restart of some components.
pub struct Restart<'a> {
    /// How the server is reached.
    pub client: &'a Client,
    /// What is planned.
    pub planned: &'a ClusterState,
    /// The components and their triggers.
    pub due: &'a BTreeMap<String, String>,
    /// The instances before the apply, where they may be read.
    pub before: Option<&'a Instances>,
    /// How long, and whether to stop.
    pub limits: &'a Limits,
}

impl Restart<'_> {
    /// Restarts the components whose instances are still those of before.
    pub async fn run(&self) -> Result<(), Diagnostics> {
        let (namespace, cluster) = names(self.planned);
        let now = Instances::of(self.client, &namespace, &cluster).await.ok();
        let components: Vec<String> = self
            .due
            .keys()
            .filter(|component| match (self.before, &now) {
                (Some(before), Some(now)) => !before.are_all_replaced(now, component),
                _ => true,
            })
            .cloned()
            .collect();
        if components.is_empty() {
            return Ok(());
        }
        let run = serde_json::to_string(self.due).unwrap_or_default();
        let operation = Operation::Restart { components: components.clone() };
        let request = Request {
            namespace: &namespace,
            cluster: &cluster,
            operation: &operation,
            run: &run,
            keep: None,
        };
        match operation::run(self.client, &request, self.limits, &operation::Log).await {
            Ok(_) => Ok(()),
            Err(error) => Err(of_operation(CANNOT_RESTART, &error, &Names(&components)).into()),
        }
    }
}

/// Waits until nobody's operation holds the database.
pub async fn wait_for_others(
    client: &Client,
    state: &ClusterState,
    limits: &Limits,
) -> Result<(), OperationError> {
    let (namespace, cluster) = names(state);
    let client = client.obeying(&limits.stop);
    operation::wait_until_free(&client, &namespace, &cluster, limits, &operation::Log).await
}

/// How the attributes of a restart are called, by the places of the components.
pub struct Names<'a>(pub &'a [String]);

impl Attributes for Names<'_> {
    fn path(&self, about: &About) -> Path {
        let place = match about {
            About::Component(place) => *place,
            _ => 0,
        };
        let components = Path::attribute("components");
        match self.0.get(place) {
            Some(name) => components.then_key(name).then_attribute("restart_trigger"),
            None => components,
        }
    }

    fn timeout(&self) -> &'static str {
        "timeouts.update"
    }

    fn again(&self) -> &'static str {
        "Run the command again to do it once more."
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::cluster::test_support::{component_mut, redis_and_sentinel, text};
    use serde_json::json;

    fn with(triggers: [Value<String>; 2]) -> ClusterState {
        let mut state = redis_and_sentinel();
        for (name, trigger) in ["redis", "sentinel"].into_iter().zip(triggers) {
            component_mut(&mut state, name).restart_trigger = trigger;
        }
        state
    }

    #[test]
    fn the_triggers_stand_on_the_object_and_come_back() {
        let object = build::cluster(&with([text("1"), Value::Null]));
        assert_eq!(object.metadata.annotations.clone().unwrap()[ANNOTATION], r#"{"redis":"1"}"#);
        assert_eq!(trigger(&object, "redis").as_deref(), Some("1"));
        assert_eq!(trigger(&object, "sentinel"), None);
        assert_eq!(triggers(&redis_and_sentinel()), None);
    }

    #[test]
    fn a_new_or_another_trigger_restarts_and_a_removed_one_does_not() {
        let (none, one, two) = (Value::Null, text("1"), text("2"));
        for (before, after, expected) in [
            (&none, &one, true),
            (&one, &two, true),
            (&one, &one, false),
            (&one, &none, false),
            (&none, &Value::Unknown, false),
        ] {
            let (prior, planned) =
                (with([before.clone(), none.clone()]), with([after.clone(), none.clone()]));
            let found = due(&prior, &planned);
            assert_eq!(found.contains_key("redis"), expected, "{before:?} {after:?}");
            let open = super::before(&prior, &planned);
            assert_eq!(open == planned, !expected);
        }
    }

    #[test]
    fn where_there_is_no_instance_there_is_no_restart() {
        let (prior, planned) = (with([text("1"), Value::Null]), with([text("2"), Value::Null]));
        let stopped = |state: &ClusterState| ClusterState { running: Value::Known(false), ..state.clone() };
        assert!(due(&stopped(&prior), &planned).is_empty());
        assert!(due(&prior, &stopped(&planned)).is_empty());
        let mut empty = prior.clone();
        component_mut(&mut empty, "redis").replicas = Value::Known(0);
        assert!(due(&empty, &planned).is_empty());
    }

    #[test]
    fn instances_that_another_change_has_restarted_are_not_restarted_again() {
        let instances = |uids: &[&str]| {
            let pods: Vec<Pod> = uids
                .iter()
                .map(|uid| {
                    let metadata = json!({"name": uid, "uid": uid, "labels": {COMPONENT_LABEL: "redis"}});
                    serde_json::from_value(json!({ "metadata": metadata })).unwrap()
                })
                .collect();
            Instances::among(&pods)
        };
        let before = instances(&["a", "b"]);
        assert!(before.are_all_replaced(&instances(&["c", "d"]), "redis"));
        assert!(!before.are_all_replaced(&instances(&["c", "b"]), "redis"));
        assert!(!before.are_all_replaced(&before, "redis"));
    }
}
