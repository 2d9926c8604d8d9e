//! From a configuration to the `Backup` that is applied, and from the live one to state. Pure.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kubeblocks_schemas::v1alpha1::backup::{BackupPhase, DeletionPolicy};
use kubeblocks_schemas::v1alpha1::{Backup, BackupSpec};
use tfplugin::typed::Value;

use super::schema::BackupState;
use crate::kubeblocks::naming::CLUSTER_LABEL;
use crate::resources::cluster::equality::same_retention;

/// Label by which a backup outlives its database, also one that is wiped out.
const PROTECTION: &str = "kubeblocks.io/backup-protection";

/// The backup.
pub fn build(state: &BackupState) -> Backup {
    let text = |value: &Value<String>| value.known().cloned();
    let mut object = Backup::new(
        state.name(),
        BackupSpec {
            backup_policy_name: text(&state.policy).unwrap_or_default(),
            backup_method: text(&state.method).unwrap_or_default(),
            deletion_policy: text(&state.deletion_policy).map(|policy| DeletionPolicy::from(policy.as_str())),
            retention_period: text(&state.retention),
            parent_backup_name: None,
        },
    );
    object.metadata.namespace = text(&state.namespace);
    object.metadata.labels = Some(BTreeMap::from([
        (CLUSTER_LABEL.to_owned(), text(&state.cluster).unwrap_or_default()),
        (PROTECTION.to_owned(), "Retain".to_owned()),
    ]));
    object
}

/// What `object` shows, beside `prior`.
pub fn observe(prior: &BackupState, object: &Backup) -> BackupState {
    let status = object.status.clone().unwrap_or_default();
    let labels = object.metadata.labels.as_ref();
    let cluster = labels.and_then(|labels| labels.get(CLUSTER_LABEL)).cloned();
    let live_retention = object.spec.retention_period.clone().filter(|period| !period.is_empty());
    BackupState {
        kubernetes: prior.kubernetes.clone(),
        timeouts: prior.timeouts.clone(),
        namespace: object.metadata.namespace.clone().into(),
        name: object.metadata.name.clone().into(),
        cluster: cluster.map_or_else(|| prior.cluster.clone(), Value::Known),
        method: Value::Known(object.spec.backup_method.clone()),
        policy: Value::Known(object.spec.backup_policy_name.clone()),
        retention: match (prior.retention.known(), live_retention) {
            (Some(prior), Some(live)) if same_retention(prior, &live) => Value::Known(prior.clone()),
            (_, live) => live.into(),
        },
        deletion_policy: Value::Known(
            object.spec.deletion_policy.as_ref().map_or("Delete", |policy| policy.as_str()).to_owned(),
        ),
        phase: status.phase.as_ref().map(|phase| phase.as_str().to_owned()).filter(some).into(),
        repo: status.backup_repo_name.filter(some).into(),
        path: status.path.filter(some).into(),
        size: status.total_size.filter(some).into(),
        completed_at: status.completion_timestamp.as_ref().map(time).into(),
        expires_at: status.expiration.as_ref().map(time).into(),
    }
}

/// `planned` with what it leaves open, as it was `seen` afterwards. What somebody has changed in between is no result of an
/// apply; the next refresh shows it.
pub fn completed(planned: &BackupState, seen: BackupState) -> BackupState {
    let mut state = planned.clone();
    for (open, seen) in [
        (&mut state.policy, seen.policy),
        (&mut state.phase, seen.phase),
        (&mut state.repo, seen.repo),
        (&mut state.path, seen.path),
        (&mut state.size, seen.size),
        (&mut state.completed_at, seen.completed_at),
        (&mut state.expires_at, seen.expires_at),
    ] {
        if open.is_unknown() {
            *open = seen;
        }
    }
    state
}

/// Whether the backup is complete.
pub fn is_complete(state: &BackupState) -> bool {
    state.phase.known().is_some_and(|phase| phase == BackupPhase::Completed.as_str())
}

/// Whether the backup has failed, which is for good.
pub fn has_failed(state: &BackupState) -> bool {
    state.phase.known().is_some_and(|phase| phase == BackupPhase::Failed.as_str())
}

/// Whether a text says something.
#[allow(clippy::ptr_arg, reason = "what an option of text is filtered by")]
pub(crate) fn some(text: &String) -> bool {
    !text.is_empty()
}

/// A moment as RFC 3339.
pub(crate) fn time(time: &Time) -> String {
    time.0.to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resources::cluster::test_support::text;

    fn written() -> BackupState {
        BackupState {
            namespace: text("shop"),
            cluster: text("orders"),
            name: text("before-upgrade"),
            method: text("pg-basebackup"),
            policy: text("orders-postgresql-backup-policy"),
            retention: text("1w"),
            deletion_policy: text("Retain"),
            ..BackupState::default()
        }
    }

    #[test]
    fn what_is_written_is_read_back_with_what_the_operator_adds() {
        let mut object = build(&written());
        assert_eq!(
            serde_json::to_value(&object.spec).unwrap(),
            json!({
                "backupPolicyName": "orders-postgresql-backup-policy", "backupMethod": "pg-basebackup",
                "deletionPolicy": "Retain", "retentionPeriod": "1w"
            })
        );
        object.status = serde_json::from_value(json!({
            "phase": "Completed", "backupRepoName": "main", "path": "/shop/x", "totalSize": "",
            "completionTimestamp": "2026-01-02T03:04:05Z"
        }))
        .unwrap();
        let expected = BackupState {
            phase: text("Completed"),
            repo: text("main"),
            path: text("/shop/x"),
            completed_at: text("2026-01-02T03:04:05Z"),
            ..written()
        };
        assert_eq!(observe(&written(), &object), expected);
        // An import, and another spelling of the same time.
        assert_eq!(observe(&BackupState::default(), &object), expected);
        let same = BackupState { retention: text("7d"), ..written() };
        assert_eq!(observe(&same, &object).retention, text("7d"));
        let planned = BackupState { phase: Value::Unknown, repo: text("planned"), ..written() };
        let others = BackupState { deletion_policy: text("Delete"), ..expected.clone() };
        let completed = completed(&planned, others);
        assert_eq!(completed, BackupState { phase: text("Completed"), ..planned });
        assert!(is_complete(&expected) && !has_failed(&expected));
    }
}
