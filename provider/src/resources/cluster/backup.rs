//! Scheduled backups of a database, from state to the Cluster object and back. Pure.
//!
//! The operator goes on with a schedule that the object no longer speaks of. So a block that is taken out of the
//! configuration becomes one that is switched off on the object, and stays there: an apply that left it out would have
//! the API server put a block in its place that names no method, and the operator make a schedule of that.

use kubeblocks_schemas::v1alpha1::Cluster;
use kubeblocks_schemas::v1alpha1::cluster::ClusterBackup;
use tfplugin::typed::Value;

use super::claims::{Place, Step};
use super::equality::same_retention;
use super::schema::Backup;
use crate::kubernetes::ownership::Ownership;

/// What the API server fills in for a retention that is left out.
const DEFAULT_RETENTION: &str = "7d";

/// The block that is applied.
pub fn build(backup: &Backup) -> ClusterBackup {
    ClusterBackup {
        enabled: backup.enabled.known().copied(),
        retention_period: backup.retention.known().cloned(),
        method: backup.method.known().cloned(),
        cron_expression: backup.schedule.known().cloned(),
        starting_deadline_minutes: backup.starting_deadline_minutes.known().copied(),
        repo_name: backup.repo.known().cloned(),
        pitr_enabled: None,
    }
}

/// The block that keeps the schedule of `existing` switched off, where no block is written any more. Nothing when
/// there is none, or when it never was ours: `was_written` says that the state before had it.
pub fn switched_off(existing: &Cluster, was_written: bool) -> Option<ClusterBackup> {
    let live = existing.spec.backup.as_ref()?;
    let ours = Ownership::ours(&existing.metadata);
    let is_ours = ours.is_some_and(|ours| Place::root(&ours).field("spec").field("backup").is_ours());
    (was_written || is_ours).then(|| ClusterBackup {
        enabled: Some(false),
        // The operator finds the schedule by its method, and refuses one that says no time.
        method: live.method.clone(),
        cron_expression: live.cron_expression.clone(),
        ..ClusterBackup::default()
    })
}

/// What the object shows. `is_import` says that nothing is known of what was written.
pub fn observe(
    prior: &Value<Backup>,
    live: Option<&ClusterBackup>,
    place: &Place<'_>,
    is_import: bool,
) -> Value<Backup> {
    let Some(live) = live else { return Value::Null };
    let enabled = live.enabled.unwrap_or(false);
    let none = Backup::default();
    let written = prior.known().unwrap_or(&none);
    // What is switched off and not written is what a block leaves behind that was taken out.
    if prior.is_null() && !(place.is_ours() && (enabled || is_import)) {
        return Value::Null;
    }
    let shows = |prior_is_null: bool, field: &str| !prior_is_null || place.owns(Step::Field(field));
    let text = |prior: &Value<String>, live: &Option<String>, field: &str| -> Value<String> {
        live.clone().filter(|_| shows(prior.is_null(), field)).into()
    };
    Value::Known(Backup {
        repo: text(&written.repo, &live.repo_name, "repoName"),
        method: live.method.clone().into(),
        schedule: text(&written.schedule, &live.cron_expression, "cronExpression"),
        retention: retention(&written.retention, live.retention_period.as_deref()),
        enabled: Value::Known(enabled),
        starting_deadline_minutes: live
            .starting_deadline_minutes
            .filter(|_| shows(written.starting_deadline_minutes.is_null(), "startingDeadlineMinutes"))
            .into(),
    })
}

/// The prior text when it means the same time, else the live one.
fn retention(prior: &Value<String>, live: Option<&str>) -> Value<String> {
    let live = live.unwrap_or(DEFAULT_RETENTION);
    match prior.known() {
        Some(prior) if same_retention(prior, live) => Value::Known(prior.clone()),
        _ => Value::Known(live.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, ManagedFieldsEntry};
    use serde_json::json;

    use super::*;
    use crate::resources::cluster::build;
    use crate::resources::cluster::claims::{Claims, Everything, Nothing};
    use crate::resources::cluster::schema::ClusterState;
    use crate::resources::cluster::test_support::{backup, redis, text};

    fn with_backup() -> ClusterState {
        ClusterState { backup: Value::Known(backup()), ..redis() }
    }

    fn owning(object: &mut Cluster, manager: &str, fields: &serde_json::Value) {
        object.metadata.managed_fields = Some(vec![ManagedFieldsEntry {
            manager: Some(manager.to_owned()),
            operation: Some("Apply".to_owned()),
            fields_v1: Some(FieldsV1(fields.clone())),
            ..ManagedFieldsEntry::default()
        }]);
    }

    fn seen(
        prior: &Value<Backup>,
        live: &ClusterBackup,
        claims: &dyn Claims,
        is_import: bool,
    ) -> Value<Backup> {
        observe(prior, Some(live), &Place::root(claims).field("spec").field("backup"), is_import)
    }

    #[test]
    fn what_is_written_is_sent_and_read_back() {
        assert_eq!(
            serde_json::to_value(super::build(&backup())).unwrap(),
            json!({
                "enabled": true, "method": "datafile", "cronExpression": "0 3 * * *", "retentionPeriod": "1w",
                "repoName": "main", "startingDeadlineMinutes": 30
            })
        );
        let written = Value::Known(backup());
        assert_eq!(seen(&written, &super::build(&backup()), &Nothing, false), written);
        let same = ClusterBackup { retention_period: Some("7d".into()), ..super::build(&backup()) };
        assert_eq!(seen(&written, &same, &Nothing, false), written);
        assert_eq!(seen(&Value::Null, &super::build(&backup()), &Everything, true), written);
        assert_eq!(observe(&written, None, &Place::root(&Nothing), false), Value::Null);
    }

    #[test]
    fn a_change_by_others_shows_only_in_what_is_written() {
        let short = Backup { repo: Value::Null, starting_deadline_minutes: Value::Null, ..backup() };
        let theirs = ClusterBackup { enabled: Some(false), ..super::build(&backup()) };
        let shown = seen(&Value::Known(short.clone()), &theirs, &Nothing, false);
        assert_eq!(shown, Value::Known(Backup { enabled: Value::Known(false), ..short }));
        let moved = ClusterBackup { cron_expression: Some("0 4 * * *".into()), ..super::build(&backup()) };
        let shown = seen(&Value::Known(backup()), &moved, &Nothing, false);
        assert_eq!(shown, Value::Known(Backup { schedule: text("0 4 * * *"), ..backup() }));
    }

    #[test]
    fn what_a_block_leaves_behind_is_not_shown_until_somebody_switches_it_on() {
        let left = ClusterBackup { enabled: Some(false), ..super::build(&backup()) };
        assert_eq!(seen(&Value::Null, &left, &Everything, false), Value::Null);
        let on = ClusterBackup { enabled: Some(true), ..left };
        assert!(seen(&Value::Null, &on, &Everything, false).known().is_some());
        assert_eq!(seen(&Value::Null, &on, &Nothing, false), Value::Null);
    }

    #[test]
    fn a_block_that_is_taken_out_is_switched_off_and_kept_with_its_method() {
        let mut object = build::cluster(&with_backup());
        let off = Some(ClusterBackup {
            enabled: Some(false),
            method: Some("datafile".into()),
            cron_expression: Some("0 3 * * *".into()),
            ..ClusterBackup::default()
        });
        assert_eq!(switched_off(&object, true), off);
        assert_eq!(switched_off(&object, false), None);
        let fields = json!({"f:spec": {"f:backup": {"f:enabled": {}}}});
        owning(&mut object, "kubectl", &fields);
        assert_eq!(switched_off(&object, false), None);
        owning(&mut object, crate::kubernetes::FIELD_MANAGER, &fields);
        assert_eq!(switched_off(&object, false), off);
        assert_eq!(switched_off(&build::cluster(&redis()), true), None);
    }
}
