//! From a request to the `OpsRequest` that is applied, and its names. Pure.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use kubeblocks_schemas::v1alpha1::common::{KeySelector, LabelSelector};
use kubeblocks_schemas::v1alpha1::ops_request::{
    BackupOperation, ComponentTarget, ScriptFrom, ScriptSecret, ScriptSpec, Switchover,
};
use kubeblocks_schemas::v1alpha1::{DeletionPolicy, OpsRequest, OpsRequestSpec};
use sha2::{Digest as _, Sha256};

use super::checks::Resolved;
use super::{BackupNow, KeyReference, Operation, Request, Script};
use crate::kubernetes::unfinished::MARK;

/// Label with the digest of the run that an `OpsRequest` belongs to; what has it is ours.
pub(super) const RUN_LABEL: &str = "terraform.kubeblocks.io/run";
/// Annotation of a switchover with the pod that led before it.
pub(super) const LEADER_BEFORE: &str = "terraform.kubeblocks.io/leader-before";
/// Value of the mark of a run that nobody has been told the end of.
const UNFINISHED: &str = "operation";

/// How long the operator waits for the database to be in a phase that allows the operation: it may begin to change just
/// after we looked.
const SECONDS_BEFORE_ABORT: i32 = 60;

/// Any instance but the one that leads.
pub(super) const ANY: &str = "*";

/// A digest of all that makes a run what it is.
pub(super) fn key(request: &Request<'_>) -> String {
    let Request { namespace, cluster, operation, run, keep: _ } = request;
    let digest = Sha256::digest(format!("{namespace}/{cluster}/{operation:?}/{run}"));
    digest.iter().take(4).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The name of the run `number` of a request.
pub(super) fn name(request: &Request<'_>, number: u32) -> String {
    format!("{}-{}-{}-{number}", request.cluster, request.operation.word(), key(request))
}

/// The number after those of `names`.
pub(super) fn next_number<'a>(names: impl Iterator<Item = &'a str>) -> u32 {
    let numbers = names.filter_map(|name| name.rsplit('-').next()?.parse::<u32>().ok());
    numbers.max().map_or(1, |last| last.saturating_add(1))
}

/// Whether nobody has been told the end of the run.
pub(super) fn is_unfinished(object: &OpsRequest) -> bool {
    annotation(object, MARK) == Some(UNFINISHED) && object.metadata.deletion_timestamp.is_none()
}

/// An annotation.
pub(super) fn annotation<'a>(object: &'a OpsRequest, name: &str) -> Option<&'a str> {
    object.metadata.annotations.as_ref()?.get(name).map(String::as_str)
}

/// The object of a run.
pub(super) fn ops_request(request: &Request<'_>, name: &str, resolved: &Resolved) -> OpsRequest {
    let mut spec = OpsRequestSpec {
        cluster_ref: request.cluster.to_owned(),
        r#type: request.operation.ops_type(),
        ttl_seconds_before_abort: Some(SECONDS_BEFORE_ABORT),
        ttl_seconds_after_succeed: request.keep.and_then(|keep| i32::try_from(keep.as_secs()).ok()),
        ..OpsRequestSpec::default()
    };
    match request.operation {
        Operation::Restart { components } => {
            let target = |component: &String| ComponentTarget { component_name: component.clone() };
            spec.restart = components.iter().map(target).collect();
        }
        Operation::Switchover { component, instance } => {
            spec.switchover = vec![Switchover {
                component_name: component.clone(),
                instance_name: instance.clone().unwrap_or_else(|| ANY.to_owned()),
            }];
        }
        Operation::Script(script) => spec.script_spec = Some(script_spec(script, resolved)),
        Operation::Backup(backup) => spec.backup_spec = Some(backup_spec(backup, resolved, name)),
        Operation::Stop | Operation::Start => {}
    }
    let mut object = OpsRequest::new(name, spec);
    object.metadata.namespace = Some(request.namespace.to_owned());
    object.metadata.labels = Some(BTreeMap::from([(RUN_LABEL.to_owned(), key(request))]));
    let mut annotations = BTreeMap::from([(MARK.to_owned(), UNFINISHED.to_owned())]);
    if let Some(leader) = &resolved.leader {
        annotations.insert(LEADER_BEFORE.to_owned(), leader.clone());
    }
    object.metadata.annotations = Some(annotations);
    object
}

fn script_spec(script: &Script, resolved: &Resolved) -> ScriptSpec {
    let Script { component: _, statements, config_maps, secrets, image, login, selector } = script;
    let keys = |references: &[KeyReference]| {
        let selector = |KeyReference { name, key }: &KeyReference| KeySelector {
            name: Some(name.clone()),
            key: key.clone(),
            optional: None,
        };
        references.iter().map(selector).collect::<Vec<_>>()
    };
    let has_references = !config_maps.is_empty() || !secrets.is_empty();
    ScriptSpec {
        component_name: resolved.component.clone().unwrap_or_default(),
        image: image.clone(),
        secret: login.as_ref().map(|login| ScriptSecret {
            name: login.secret.clone(),
            username_key: login.username_key.clone(),
            password_key: login.password_key.clone(),
        }),
        script: statements.clone(),
        script_from: has_references
            .then(|| ScriptFrom { config_map_ref: keys(config_maps), secret_ref: keys(secrets) }),
        selector: (!selector.is_empty())
            .then(|| LabelSelector { match_labels: selector.clone(), match_expressions: Vec::new() }),
    }
}

fn backup_spec(backup: &BackupNow, resolved: &Resolved, name: &str) -> BackupOperation {
    let BackupNow { method, policy, name: own_name, retention, deletion_policy } = backup;
    BackupOperation {
        // Always named: an operation that is gone on with must not make a second one.
        backup_name: Some(own_name.clone().unwrap_or_else(|| name.to_owned())),
        backup_policy_name: resolved.policy.clone().or_else(|| policy.clone()),
        backup_method: Some(method.clone()),
        deletion_policy: deletion_policy.as_deref().map(DeletionPolicy::from),
        retention_period: retention.clone(),
        parent_backup_name: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::kubeblocks::operation::Login;
    use crate::kubeblocks::operation::test_support::request;

    fn spec(operation: &Operation, resolved: &Resolved) -> Value {
        let request = request(operation);
        serde_json::to_value(ops_request(&request, "orders-x-1", resolved).spec).unwrap()
    }

    #[test]
    fn each_operation_sends_what_it_is_made_of_and_no_more() {
        let base = |kind: &str| json!({"clusterRef": "orders", "type": kind, "ttlSecondsBeforeAbort": 60});
        let with = |kind: &str, field: &str, value: Value| {
            let mut spec = base(kind);
            spec[field] = value;
            spec
        };
        let resolved = Resolved {
            component: Some("redis".to_owned()),
            policy: Some("orders-redis-backup-policy".to_owned()),
            leader: None,
        };
        let script = Script {
            statements: vec!["SELECT 1".to_owned()],
            secrets: vec![KeyReference { name: "sql".to_owned(), key: "users.sql".to_owned() }],
            login: Some(Login {
                secret: "admin".to_owned(),
                username_key: Some("user".to_owned()),
                password_key: None,
            }),
            selector: BTreeMap::from([("kubeblocks.io/role".to_owned(), "primary".to_owned())]),
            ..Script::default()
        };
        let backup = BackupNow {
            method: "snapshot".to_owned(),
            retention: Some("7d".to_owned()),
            deletion_policy: Some("Retain".to_owned()),
            ..BackupNow::default()
        };
        for (operation, expected) in [
            (
                Operation::Restart { components: vec!["redis".to_owned(), "sentinel".to_owned()] },
                with(
                    "Restart",
                    "restart",
                    json!([{"componentName": "redis"}, {"componentName": "sentinel"}]),
                ),
            ),
            (
                Operation::Switchover { component: "redis".to_owned(), instance: None },
                with("Switchover", "switchover", json!([{"componentName": "redis", "instanceName": "*"}])),
            ),
            (
                Operation::Switchover {
                    component: "redis".to_owned(),
                    instance: Some("orders-redis-1".to_owned()),
                },
                with(
                    "Switchover",
                    "switchover",
                    json!([{"componentName": "redis", "instanceName": "orders-redis-1"}]),
                ),
            ),
            (Operation::Stop, base("Stop")),
            (Operation::Start, base("Start")),
            (
                Operation::Script(script),
                with(
                    "DataScript",
                    "scriptSpec",
                    json!({
                        "componentName": "redis", "script": ["SELECT 1"],
                        "secret": {"name": "admin", "usernameKey": "user"},
                        "scriptFrom": {"secretRef": [{"name": "sql", "key": "users.sql"}]},
                        "selector": {"matchLabels": {"kubeblocks.io/role": "primary"}},
                    }),
                ),
            ),
            (
                Operation::Backup(backup),
                with(
                    "Backup",
                    "backupSpec",
                    json!({
                        "backupName": "orders-x-1", "backupPolicyName": "orders-redis-backup-policy",
                        "backupMethod": "snapshot", "deletionPolicy": "Retain", "retentionPeriod": "7d",
                    }),
                ),
            ),
        ] {
            assert_eq!(spec(&operation, &resolved), expected, "{operation:?}");
        }
    }

    #[test]
    fn the_key_is_that_of_the_inputs_and_the_number_goes_up() {
        let stop = Operation::Stop;
        let one = request(&stop);
        assert_eq!(key(&one), key(&one));
        let restart = Operation::Restart { components: vec!["redis".to_owned()] };
        for other in [
            Request { namespace: "other", ..one },
            Request { cluster: "other", ..one },
            Request { run: "other", ..one },
            Request { operation: &Operation::Start, ..one },
            Request { operation: &restart, ..one },
        ] {
            assert_ne!(key(&one), key(&other), "{other:?}");
        }
        assert_eq!(name(&one, 2), format!("orders-stop-{}-2", key(&one)));
        assert_eq!(next_number([].into_iter()), 1);
        assert_eq!(next_number(["a-b-9", "a-b-10", "a-b-c"].into_iter()), 11);
    }

    #[test]
    fn the_object_is_marked_until_somebody_is_told_its_end() {
        let stop = Operation::Stop;
        let resolved = Resolved { leader: Some("orders-redis-0".to_owned()), ..Resolved::default() };
        let request = Request { keep: Some(std::time::Duration::from_hours(1)), ..request(&stop) };
        let mut object = ops_request(&request, "n", &resolved);
        assert!(is_unfinished(&object));
        assert_eq!(annotation(&object, LEADER_BEFORE), Some("orders-redis-0"));
        assert_eq!(object.spec.ttl_seconds_after_succeed, Some(3600));
        object.metadata.annotations = None;
        assert!(!is_unfinished(&object));
    }
}
