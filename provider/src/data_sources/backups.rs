//! The data source `kubeblocks_backups`: backups that are there, whoever took them. Reads; decides and writes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use kube::ResourceExt as _;
use kubeblocks_schemas::v1alpha1::{Backup, BackupPhase, BackupPolicy};
use tfplugin::prelude::*;

use super::installed::{List, cannot_read};
use crate::kubeblocks::naming::{CLUSTER_LABEL, COMPONENT_LABEL};
use crate::kubernetes::{Client, Error};
use crate::kubernetes_attribute::KubernetesConnection;
use crate::provider::Shared;
use crate::resources::backup::convert::{some, time};
use crate::resources::texts::one_of;

const CANNOT_READ: &str = "Cannot read the backups";

/// Label of a backup with the schedule that took it.
const SCHEDULE_LABEL: &str = "dataprotection.kubeblocks.io/backup-schedule";

/// Backups of a namespace: those of a `kubeblocks_backup`, of a schedule, and of anybody else.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct BackupsData {
    /// The Kubernetes cluster to look in. Left out, the one of the provider block.
    #[tf(optional)]
    pub kubernetes: Value<KubernetesConnection>,
    /// Kubernetes namespace.
    #[tf(required)]
    pub namespace: Value<String>,
    /// Only backups of this database, which need not be there any more.
    #[tf(optional)]
    pub cluster: Value<String>,
    /// Only backups of this phase: `New`, `Running`, `Completed`, `Failed` or `Deleting`.
    #[tf(optional, validate = phase)]
    pub status: Value<String>,
    /// Only backups that were made by this method, such as `pg-basebackup`.
    #[tf(optional)]
    pub method: Value<String>,
    /// The backups, those that were begun last first.
    #[tf(computed)]
    pub backups: Value<List<BackupData>>,
    /// Name of the one among `backups` that was complete last; null when none is complete.
    #[tf(computed)]
    pub latest_completed: Value<String>,
}

/// A backup.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct BackupData {
    /// Name of the backup.
    #[tf(computed)]
    pub name: Value<String>,
    /// Name of the database; null when nothing tells it.
    #[tf(computed)]
    pub cluster: Value<String>,
    /// The component that was backed up; null when the backup does not tell it.
    #[tf(computed)]
    pub component: Value<String>,
    /// The method that it was made by.
    #[tf(computed)]
    pub method: Value<String>,
    /// Name of its `BackupPolicy`.
    #[tf(computed)]
    pub policy: Value<String>,
    /// Name of the schedule that took it; null when somebody asked for it.
    #[tf(computed)]
    pub schedule: Value<String>,
    /// `New`, `Running`, `Completed`, `Failed` or `Deleting`. Null while the operator has said nothing.
    #[tf(computed)]
    pub phase: Value<String>,
    /// Why it failed.
    #[tf(computed)]
    pub failure_reason: Value<String>,
    /// When it began, as RFC 3339.
    #[tf(computed)]
    pub started_at: Value<String>,
    /// When it ended, as RFC 3339.
    #[tf(computed)]
    pub completed_at: Value<String>,
    /// How long it took, such as `42s`.
    #[tf(computed)]
    pub duration: Value<String>,
    /// Size of what is stored, where the method tells it.
    #[tf(computed)]
    pub size: Value<String>,
    /// When it will be removed, as RFC 3339; null when it is kept.
    #[tf(computed)]
    pub expires_at: Value<String>,
    /// Name of the repository that it lies in; null for snapshots of volumes.
    #[tf(computed)]
    pub repo: Value<String>,
    /// Where it lies in the repository.
    #[tf(computed)]
    pub path: Value<String>,
    /// The moments that can be restored, where the method tells them.
    #[tf(computed)]
    pub time_range: Value<TimeRangeData>,
    /// What deleting it does: `Delete` deletes what is stored, `Retain` keeps the backup from being deleted.
    #[tf(computed)]
    pub deletion_policy: Value<String>,
}

/// From when to when.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct TimeRangeData {
    /// The first moment, as RFC 3339.
    #[tf(computed)]
    pub start: Value<String>,
    /// The last moment, as RFC 3339.
    #[tf(computed)]
    pub end: Value<String>,
}

/// The data source.
#[derive(Clone, Debug)]
pub struct BackupsDataSource {
    shared: Arc<Shared>,
}

impl BackupsDataSource {
    /// The data source of a provider.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl DataSource for BackupsDataSource {
    type State = BackupsData;

    const TYPE_NAME: &'static str = "kubeblocks_backups";

    fn validate(&self, config: &BackupsData, diagnostics: &mut Diagnostics) {
        if let Some(kubernetes) = config.kubernetes.known() {
            kubernetes.validate(&Path::attribute("kubernetes"), diagnostics);
        }
    }

    async fn read(&self, context: &Context, config: BackupsData) -> Result<BackupsData, Diagnostics> {
        let client = self.shared.client_for(&config.kubernetes, CANNOT_READ).await?.obeying(context.stop());
        let failed = |error: Error| cannot_read(CANNOT_READ, &error);
        let namespace = config.namespace.known().cloned().unwrap_or_default();
        let backups = client.list::<Backup>(Some(&namespace), None).await.map_err(failed)?;
        let owners = owners(&client, Some(&namespace), &backups).await.map_err(failed)?;
        Ok(show(config, backups, &owners))
    }
}

/// Databases by namespace and name of their policies.
pub(crate) type Owners = BTreeMap<(String, String), String>;

/// Databases by their policies. The operator labels a backup only when it begins, so one that failed before is told by its
/// policy alone. Who may not list policies does without.
pub(crate) async fn owners(
    client: &Client,
    namespace: Option<&str>,
    backups: &[Backup],
) -> Result<Owners, Error> {
    if backups.iter().all(|backup| backup.labels().contains_key(CLUSTER_LABEL)) {
        return Ok(Owners::new());
    }
    let policies = match client.list::<BackupPolicy>(namespace, None).await {
        Ok(policies) => policies,
        Err(Error::Forbidden { .. }) => Vec::new(),
        Err(error) => return Err(error),
    };
    let owner = |policy: &BackupPolicy| {
        let place = (policy.namespace().unwrap_or_default(), policy.name_any());
        Some((place, policy.labels().get(CLUSTER_LABEL)?.clone()))
    };
    Ok(policies.iter().filter_map(owner).collect())
}

/// The database that a backup is of, when anything tells it.
pub(crate) fn cluster_of(backup: &Backup, owners: &Owners) -> Option<String> {
    let by_label = backup.labels().get(CLUSTER_LABEL).cloned().filter(some);
    let policy = || (backup.namespace().unwrap_or_default(), backup.spec.backup_policy_name.clone());
    by_label.or_else(|| owners.get(&policy()).cloned())
}

fn show(config: BackupsData, mut backups: Vec<Backup>, owners: &Owners) -> BackupsData {
    // By what the API server noted where the operator has not begun. Names tell apart what began in one second.
    backups.sort_by_cached_key(|backup| {
        let begun = backup.status.as_ref().and_then(|status| status.start_timestamp.clone());
        let begun = begun.or_else(|| backup.metadata.creation_timestamp.clone()).map(|time| time.0);
        std::cmp::Reverse((begun, backup.name_any()))
    });
    let wanted = |filter: &Value<String>, value: &Value<String>| {
        filter.known().is_none_or(|wanted| value.known() == Some(wanted))
    };
    let shown: Vec<BackupData> = backups
        .iter()
        .map(|backup| describe(backup, owners))
        .filter(|backup| {
            wanted(&config.cluster, &backup.cluster)
                && wanted(&config.status, &backup.phase)
                && wanted(&config.method, &backup.method)
        })
        .collect();
    BackupsData {
        latest_completed: latest_completed(&backups, &shown).into(),
        backups: Value::Known(shown.into_iter().map(Value::Known).collect()),
        ..config
    }
}

/// The one among `shown` that was complete last.
fn latest_completed(backups: &[Backup], shown: &[BackupData]) -> Option<String> {
    let is_shown =
        |backup: &&Backup| shown.iter().any(|one| one.name.known() == backup.metadata.name.as_ref());
    let completed = |backup: &Backup| {
        let status = backup.status.as_ref()?;
        let time = status.completion_timestamp.as_ref().map(|time| time.0);
        (status.phase == Some(BackupPhase::Completed)).then(|| (time, backup.name_any()))
    };
    backups.iter().filter(is_shown).filter_map(completed).max().map(|(_, name)| name)
}

fn describe(backup: &Backup, owners: &Owners) -> BackupData {
    let status = backup.status.clone().unwrap_or_default();
    let label = |key: &str| backup.labels().get(key).cloned().filter(some);
    let range = status.time_range.map(|range| TimeRangeData {
        start: range.start.as_ref().map(time).into(),
        end: range.end.as_ref().map(time).into(),
    });
    let policy = &backup.spec.backup_policy_name;
    BackupData {
        name: Value::Known(backup.name_any()),
        cluster: cluster_of(backup, owners).into(),
        component: label(COMPONENT_LABEL).into(),
        method: Value::Known(backup.spec.backup_method.clone()),
        policy: Value::Known(policy.clone()),
        schedule: label(SCHEDULE_LABEL).into(),
        phase: status.phase.as_ref().map(|phase| phase.as_str().to_owned()).filter(some).into(),
        failure_reason: status.failure_reason.filter(some).into(),
        started_at: status.start_timestamp.as_ref().map(time).into(),
        completed_at: status.completion_timestamp.as_ref().map(time).into(),
        duration: status.duration.filter(some).into(),
        size: status.total_size.filter(some).into(),
        expires_at: status.expiration.as_ref().map(time).into(),
        repo: status.backup_repo_name.filter(some).into(),
        path: status.path.filter(some).into(),
        time_range: range.into(),
        deletion_policy: Value::Known(
            backup.spec.deletion_policy.as_ref().map_or("Delete", |policy| policy.as_str()).to_owned(),
        ),
    }
}

#[allow(clippy::ptr_arg, reason = "the schema hands over what the attribute holds")]
fn phase(text: &String) -> Result<(), String> {
    one_of(text, &["New", "Running", "Completed", "Failed", "Deleting"])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn known(text: &str) -> Value<String> {
        Value::Known(text.to_owned())
    }

    /// Name, cluster label, method, phase, minute of its start, minute of its end.
    type Row = (&'static str, Option<&'static str>, &'static str, &'static str, u8, Option<u8>);

    fn backup((name, cluster, method, phase, start, end): Row) -> Backup {
        let minute = |minute: u8| format!("2026-01-02T03:{minute:02}:00Z");
        serde_json::from_value(json!({
            "apiVersion": "dataprotection.kubeblocks.io/v1alpha1", "kind": "Backup",
            "metadata": {"name": name, "namespace": "shop",
                "labels": cluster.map(|cluster| json!({CLUSTER_LABEL: cluster}))},
            "spec": {"backupPolicyName": "orders-policy", "backupMethod": method},
            "status": {"phase": phase, "startTimestamp": minute(start), "completionTimestamp": end.map(minute)},
        }))
        .unwrap()
    }

    fn names(data: &BackupsData) -> Vec<&str> {
        let all = data.backups.known().unwrap().iter();
        all.map(|one| one.known().unwrap().name.known().unwrap().as_str()).collect()
    }

    #[test]
    fn backups_are_chosen_and_sorted_and_the_one_that_was_complete_last_is_named() {
        let there = [
            ("long", Some("orders"), "pg", "Completed", 1, Some(9)),
            ("short", Some("orders"), "pg", "Completed", 3, Some(4)),
            ("bad", None, "pg", "Failed", 5, None),
            ("other", Some("stock"), "pg", "Completed", 7, Some(20)),
            ("snap", Some("orders"), "snapshot", "Running", 8, None),
        ];
        let owners = Owners::from([(("shop".to_owned(), "orders-policy".to_owned()), "orders".to_owned())]);
        let none = BackupsData::default;
        for (config, expected, latest) in [
            (none(), &["snap", "other", "bad", "short", "long"][..], Some("other")),
            (
                BackupsData { cluster: known("orders"), ..none() },
                &["snap", "bad", "short", "long"],
                Some("long"),
            ),
            (BackupsData { status: known("Failed"), ..none() }, &["bad"], None),
            (BackupsData { method: known("snapshot"), ..none() }, &["snap"], None),
            (
                BackupsData { cluster: known("orders"), status: known("Completed"), ..none() },
                &["short", "long"],
                Some("long"),
            ),
            (BackupsData { cluster: known("nothing"), ..none() }, &[], None),
        ] {
            let shown = show(config.clone(), there.map(backup).to_vec(), &owners);
            assert_eq!(names(&shown), expected, "{config:?}");
            assert_eq!(shown.latest_completed, latest.map(str::to_owned).into(), "{config:?}");
        }
    }

    #[test]
    fn a_backup_is_shown_with_all_that_it_tells() {
        let object: Backup = serde_json::from_value(json!({
            "apiVersion": "dataprotection.kubeblocks.io/v1alpha1", "kind": "Backup",
            "metadata": {"name": "nightly", "labels": {
                CLUSTER_LABEL: "orders", COMPONENT_LABEL: "db", SCHEDULE_LABEL: "orders-nightly",
            }},
            "spec": {"backupPolicyName": "p", "backupMethod": "pg", "deletionPolicy": "Retain"},
            "status": {
                "phase": "Failed", "failureReason": "no space", "duration": "3s", "totalSize": "1Gi",
                "expiration": "2026-01-09T00:00:00Z", "backupRepoName": "main", "path": "/x",
                "timeRange": {"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"},
            },
        }))
        .unwrap();
        let expected = BackupData {
            name: known("nightly"),
            cluster: known("orders"),
            component: known("db"),
            method: known("pg"),
            policy: known("p"),
            schedule: known("orders-nightly"),
            phase: known("Failed"),
            failure_reason: known("no space"),
            duration: known("3s"),
            size: known("1Gi"),
            expires_at: known("2026-01-09T00:00:00Z"),
            repo: known("main"),
            path: known("/x"),
            time_range: Value::Known(TimeRangeData {
                start: known("2026-01-01T00:00:00Z"),
                end: known("2026-01-02T00:00:00Z"),
            }),
            deletion_policy: known("Retain"),
            ..BackupData::default()
        };
        assert_eq!(describe(&object, &Owners::new()), expected);
    }
}
