//! Which pods of a component fail, and which of them for long enough to count.
//!
//! Pure but for the clock.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::ResourceExt;

use super::component::Component;
use super::naming::LABEL_ROLE;
use super::options::Options;

/// How long a ready pod may be without a role when the definition does not say.
const ROLE_PROBE_TIMEOUT: Duration = Duration::from_mins(1);

/// What is wrong with the pods of a component.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Failures {
    /// Pods that count as failed, as `Pod/name`, with the reason.
    pub(crate) timed_out: BTreeMap<String, String>,
    /// Whether some pod fails but not for long enough yet.
    pub(crate) pending: bool,
}

/// Looks at all pods of a component.
pub(crate) fn failures(options: &Options, component: &Component<'_>, pods: &[Pod]) -> Failures {
    let mut found = Failures::default();
    for pod in pods {
        match failure(options, pod) {
            Some((message, true)) => {
                found.timed_out.insert(format!("Pod/{}", pod.name_any()), message);
            }
            Some((_, false)) => found.pending = true,
            None => {}
        }
    }
    if !found.timed_out.is_empty() || component.roles().is_empty() || component.role_probe().is_none() {
        return found;
    }
    let limit = component
        .definition
        .probes
        .as_ref()
        .map(|probes| probes.role_probe_timeout_after_pods_ready)
        .and_then(|seconds| u64::try_from(seconds).ok().filter(|seconds| *seconds > 0))
        .map_or(ROLE_PROBE_TIMEOUT, Duration::from_secs);
    for pod in pods.iter().filter(|pod| !pod.labels().contains_key(LABEL_ROLE)) {
        let Some(ready_for) = condition_age(pod, "Ready", "True") else { continue };
        if ready_for > limit {
            let message = "Role probe timeout, check whether the application is available".to_owned();
            found.timed_out.insert(format!("Pod/{}", pod.name_any()), message);
        } else {
            found.pending = true;
        }
    }
    found
}

/// Why a pod fails, and whether it has for long enough.
fn failure(options: &Options, pod: &Pod) -> Option<(String, bool)> {
    let status = pod.status.as_ref()?;
    let conditions = status.conditions.iter().flatten();
    if let Some(scheduled) =
        conditions.clone().find(|condition| condition.type_ == "PodScheduled" && condition.status != "True")
    {
        let age =
            scheduled.last_transition_time.as_ref().map(|time| super::conditions::age(&time.0.to_string()));
        let timed_out = age.is_some_and(|age| age > options.unschedulable_after);
        return Some((scheduled.message.clone().unwrap_or_default(), timed_out));
    }
    let containers =
        [(&status.init_container_statuses, "Initialized"), (&status.container_statuses, "ContainersReady")];
    containers.iter().find_map(|(statuses, condition)| {
        let message = statuses.iter().flatten().find_map(container_failure)?;
        let age = conditions
            .clone()
            .find(|known| known.type_ == *condition)
            .and_then(|known| known.last_transition_time.as_ref())
            .map(|time| super::conditions::age(&time.0.to_string()));
        Some((message, age.is_some_and(|age| age > options.container_failed_after)))
    })
}

/// A container counts as failing only when its state says why.
fn container_failure(status: &ContainerStatus) -> Option<String> {
    let state = status.state.as_ref()?;
    let waiting = state.waiting.as_ref().and_then(|waiting| waiting.message.clone());
    let ended = state.terminated.as_ref().and_then(|ended| ended.message.clone());
    waiting.or(ended).filter(|message| !message.is_empty())
}

fn condition_age(pod: &Pod, type_: &str, status: &str) -> Option<Duration> {
    pod.status
        .iter()
        .flat_map(|known| known.conditions.iter().flatten())
        .find(|condition| condition.type_ == type_ && condition.status == status)
        .and_then(|condition| condition.last_transition_time.as_ref())
        .map(|time| super::conditions::age(&time.0.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn pod(conditions: &Value, containers: &Value) -> Pod {
        serde_json::from_value(json!({
            "metadata": {"name": "db-0"},
            "status": {"conditions": conditions, "containerStatuses": containers},
        }))
        .unwrap()
    }

    fn condition(type_: &str, status: &str, age: i64) -> Value {
        let time = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(age);
        json!({"type": type_, "status": status, "lastTransitionTime": time.to_string(), "message": "no room"})
    }

    fn waiting(message: &str) -> Value {
        json!([{
            "name": "db", "ready": false, "restartCount": 0, "image": "", "imageID": "",
            "state": {"waiting": {"reason": "ImagePullBackOff", "message": message}},
        }])
    }

    #[test]
    fn a_pod_fails_only_after_its_time() {
        let options = Options::default();
        let table = [
            (pod(&json!([condition("PodScheduled", "False", 5)]), &json!([])), Some(("no room", false))),
            (pod(&json!([condition("PodScheduled", "False", 31)]), &json!([])), Some(("no room", true))),
            (pod(&json!([condition("PodScheduled", "True", 99)]), &json!([])), None),
            (
                pod(&json!([condition("ContainersReady", "False", 5)]), &waiting("no image")),
                Some(("no image", false)),
            ),
            (
                pod(&json!([condition("ContainersReady", "False", 11)]), &waiting("no image")),
                Some(("no image", true)),
            ),
            (pod(&json!([condition("ContainersReady", "False", 11)]), &waiting("")), None),
        ];
        for (pod, expected) in table {
            let found = failure(&options, &pod);
            assert_eq!(found.as_ref().map(|(message, late)| (message.as_str(), *late)), expected, "{pod:?}");
        }
    }
}
