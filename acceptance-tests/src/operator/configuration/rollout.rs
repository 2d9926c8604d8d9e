//! How merged parameters reach the running database: reloaded in place, or by a roll of all pods.

use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::ResourceExt;
use serde_json::json;

use crate::operator::Context;
use crate::operator::api::{ConfigConstraintSpec, Configuration, ReplicatedStateMachine};
use crate::operator::error::Error;
use crate::operator::naming::{self, LABEL_ROLE};
use crate::operator::rsm::{members, pod_is_ready};

/// A rolling restart.
const SIMPLE: &str = "simple";
/// The sidecar sees the mounted file change.
const AUTO_RELOAD: &str = "autoReload";
/// The operator tells the sidecar of every pod.
const SYNC: &str = "operatorSyncUpdate";

/// What has become of a roll-out.
pub(super) struct Outcome {
    pub(super) policy: &'static str,
    pub(super) is_done: bool,
    pub(super) succeeded: i32,
    pub(super) expected: i32,
}

/// How changed keys reach the database: in place only if none of them needs a restart.
pub(super) fn policy(constraint: &ConfigConstraintSpec, changed: &[&String]) -> &'static str {
    let is_dynamic = |key: &&String| {
        !constraint.static_parameters.contains(key)
            && (constraint.dynamic_parameters.is_empty() || constraint.dynamic_parameters.contains(key))
    };
    if !changed.iter().all(is_dynamic) {
        return SIMPLE;
    }
    let is_synchronous = constraint.reload_options.as_ref().is_some_and(|options| {
        ["tplScriptTrigger", "shellTrigger"]
            .iter()
            .any(|trigger| options.pointer(&format!("/{trigger}/sync")) == Some(&json!(true)))
    });
    if is_synchronous { SYNC } else { AUTO_RELOAD }
}

fn policy_annotation(item: &str) -> String {
    format!("{}policy-{item}", naming::PLAYGROUND_PREFIX)
}

/// Remembers the policy of the newest revision on the Configuration.
pub(super) async fn note_policy(
    context: &Context,
    configuration: &Configuration,
    item: &str,
    policy: &str,
) -> Result<(), Error> {
    let patch = json!({ "metadata": { "annotations": { policy_annotation(item): policy } } });
    let namespace = configuration.namespace().unwrap_or_default();
    context.store.merge::<Configuration>(&namespace, &configuration.name_any(), &patch).await
}

/// Takes the roll-out's next step.
pub(super) async fn advance(
    context: &Context,
    configuration: &Configuration,
    item: &str,
    map: &ConfigMap,
    constraint: &ConfigConstraintSpec,
    revision: &str,
) -> Result<Outcome, Error> {
    let noted = configuration.annotations().get(&policy_annotation(item)).map(String::as_str);
    let policy = match noted {
        Some(SIMPLE) => SIMPLE,
        Some(SYNC) => SYNC,
        Some(AUTO_RELOAD) => AUTO_RELOAD,
        _ => policy(constraint, &[]),
    };
    let namespace = configuration.namespace().unwrap_or_default();
    let Some(workload) =
        context.store.get::<ReplicatedStateMachine>(&namespace, &configuration.name_any()).await?
    else {
        return Ok(Outcome { policy, is_done: false, succeeded: -1, expected: -1 });
    };
    if policy == AUTO_RELOAD {
        return Ok(Outcome { policy, is_done: true, succeeded: -1, expected: -1 });
    }
    let pods = members(context, &workload).await?;
    let expected = count(pods.len());
    let stamp = format!("config.kubeblocks.io/restart-{item}");
    let version = format!("{}-{revision}", map.metadata.uid.as_deref().unwrap_or_default());
    if policy == SIMPLE {
        let template = workload.spec.template.metadata.as_ref().and_then(|meta| meta.annotations.as_ref());
        if template.and_then(|annotations| annotations.get(&stamp)) != Some(&version) {
            let patch =
                json!({ "spec": { "template": { "metadata": { "annotations": { stamp: version } } } } });
            context.store.merge::<ReplicatedStateMachine>(&namespace, &workload.name_any(), &patch).await?;
            return Ok(Outcome { policy, is_done: false, succeeded: -1, expected: -1 });
        }
    }
    if !context.options.parameters_arrive {
        return Ok(Outcome { policy, is_done: false, succeeded: -1, expected: -1 });
    }
    let has_it = |pod: &&Pod| {
        let is_new = policy != SIMPLE || pod.annotations().get(&stamp) == Some(&version);
        is_new && pod_is_ready(pod) && (!workload.has_roles() || pod.labels().contains_key(LABEL_ROLE))
    };
    let succeeded = count(pods.iter().filter(has_it).count());
    let is_done = succeeded == expected && expected == workload.spec.replicas;
    Ok(Outcome { policy, is_done, succeeded, expected })
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_static_parameter_makes_all_pods_roll() {
        let constraint: ConfigConstraintSpec = serde_json::from_value(json!({
            "staticParameters": ["max_connections"],
            "dynamicParameters": ["work_mem"],
        }))
        .unwrap();
        let synchronous = ConfigConstraintSpec {
            reload_options: Some(json!({"tplScriptTrigger": {"sync": true}})),
            ..constraint.clone()
        };
        let names: Vec<String> = ["max_connections", "work_mem", "unlisted"].map(str::to_owned).into();
        for (keys, expected) in [
            (vec![&names[1]], AUTO_RELOAD),
            (vec![&names[0]], SIMPLE),
            (vec![&names[0], &names[1]], SIMPLE),
            (vec![&names[2]], SIMPLE),
        ] {
            assert_eq!(policy(&constraint, &keys), expected, "{keys:?}");
        }
        assert_eq!(policy(&synchronous, &[&names[1]]), SYNC);
    }
}
