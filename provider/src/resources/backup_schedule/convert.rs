//! From a configuration to the `BackupSchedule` that is applied, from the live one to state, and what the operator makes
//! of one. Pure.

use std::collections::BTreeMap;

use kubeblocks_schemas::v1alpha1::{BackupSchedule, BackupScheduleSpec, SchedulePolicy};
use tfplugin::typed::Value;

use super::schema::{BackupScheduleState, Map, Schedule};
use crate::kubeblocks::naming::CLUSTER_LABEL;
use crate::resources::cluster::build::known_entries;
use crate::resources::cluster::equality::same_retention;

/// The phase that an apply waits for.
pub const AVAILABLE: &str = "Available";

/// So many characters of name and namespace become part of the name of a `CronJob`.
const KEPT: usize = 30;
/// The most characters that Kubernetes takes for the name of a `CronJob`.
pub const CRON_JOB_NAME: usize = 52;

/// The schedule.
pub fn build(state: &BackupScheduleState) -> BackupSchedule {
    let text = |value: &Value<String>| value.known().cloned();
    let mut object = BackupSchedule::new(
        state.name(),
        BackupScheduleSpec {
            backup_policy_name: text(&state.policy).unwrap_or_default(),
            starting_deadline_minutes: state.starting_deadline_minutes.known().copied(),
            // A map, so they come sorted by method and a change elsewhere moves none.
            schedules: known_entries(&state.schedules).map(|(method, one)| entry(method, one)).collect(),
        },
    );
    object.metadata.namespace = text(&state.namespace);
    // By it the schedule goes with its database.
    object.metadata.labels =
        text(&state.cluster).map(|cluster| BTreeMap::from([(CLUSTER_LABEL.to_owned(), cluster)]));
    object
}

fn entry(method: &str, schedule: &Schedule) -> SchedulePolicy {
    SchedulePolicy {
        enabled: schedule.enabled.known().copied(),
        backup_method: method.to_owned(),
        cron_expression: schedule.cron.known().cloned().unwrap_or_default(),
        retention_period: schedule.retention.known().cloned(),
    }
}

/// What `object` shows, beside `prior`. The list is owned as a whole, so entries of others are shown as well.
pub fn observe(prior: &BackupScheduleState, object: &BackupSchedule) -> BackupScheduleState {
    let cluster = object.metadata.labels.as_ref().and_then(|labels| labels.get(CLUSTER_LABEL)).cloned();
    let written: BTreeMap<&String, &Schedule> = known_entries(&prior.schedules).collect();
    let schedules: Map<Schedule> = object
        .spec
        .schedules
        .iter()
        .map(|live| {
            let prior = written.get(&live.backup_method).and_then(|prior| prior.retention.known());
            let retention = match (prior, live.retention_period.clone()) {
                (Some(prior), Some(live)) if same_retention(prior, &live) => Some(prior.clone()),
                (_, live) => live,
            };
            let schedule = Schedule {
                cron: Value::Known(live.cron_expression.clone()),
                retention: retention.into(),
                enabled: Value::Known(live.enabled.unwrap_or(false)),
            };
            (live.backup_method.clone(), Value::Known(schedule))
        })
        .collect();
    BackupScheduleState {
        kubernetes: prior.kubernetes.clone(),
        timeouts: prior.timeouts.clone(),
        namespace: object.metadata.namespace.clone().into(),
        name: object.metadata.name.clone().into(),
        cluster: cluster.map_or_else(|| prior.cluster.clone(), Value::Known),
        policy: Value::Known(object.spec.backup_policy_name.clone()),
        schedules: Value::Known(schedules),
        starting_deadline_minutes: object.spec.starting_deadline_minutes.into(),
        phase: phase(object).into(),
    }
}

/// `planned` with what it leaves open, as it was `seen` afterwards. What somebody has changed in between is no result of an
/// apply; the next refresh shows it.
pub fn completed(planned: &BackupScheduleState, seen: BackupScheduleState) -> BackupScheduleState {
    let mut state = planned.clone();
    for (open, seen) in
        [(&mut state.cluster, seen.cluster), (&mut state.policy, seen.policy), (&mut state.phase, seen.phase)]
    {
        if open.is_unknown() {
            *open = seen;
        }
    }
    state
}

/// The phase, if the operator has said it of the object as it is now.
fn phase(object: &BackupSchedule) -> Option<String> {
    let status = object.status.as_ref()?;
    let phase = status.phase.clone().filter(|phase| !phase.is_empty())?;
    // A failure is noted without the generation that it is of.
    let is_current = phase != AVAILABLE || status.observed_generation >= object.metadata.generation;
    is_current.then_some(phase)
}

/// Whether it was available when it was seen last.
pub fn is_available(state: &BackupScheduleState) -> bool {
    state.phase.known().is_some_and(|phase| phase == AVAILABLE)
}

/// Whether the operator made it with a database, and keeps it as that says.
pub fn is_of_the_operator(object: &BackupSchedule) -> bool {
    object.metadata.owner_references.iter().flatten().any(|owner| owner.kind == "Cluster")
}

/// The name of the `CronJob` that the operator makes for a method of a schedule that nothing owns.
pub fn cron_job(namespace: &str, name: &str, method: &str) -> String {
    let whole = format!("{name}-{namespace}");
    let kept =
        if whole.len() > KEPT { whole.get(..KEPT).unwrap_or(&whole).trim_end_matches('-') } else { &whole };
    format!("{kept}-{method}")
}

/// Methods of `state` whose `CronJob` another schedule already has, each with the name of that schedule. The operator
/// would try for ever to make a second one of that name.
pub fn taken(state: &BackupScheduleState, others: &[BackupSchedule]) -> Vec<(String, String)> {
    let name = |object: &BackupSchedule| object.metadata.name.clone().unwrap_or_default();
    let jobs = |object: &BackupSchedule| -> Vec<String> {
        let running = object.spec.schedules.iter().filter(|entry| entry.enabled == Some(true));
        running.map(|entry| cron_job(state.namespace(), &name(object), &entry.backup_method)).collect()
    };
    let foreign = others.iter().filter(|other| {
        name(other) != state.name()
            && other.metadata.deletion_timestamp.is_none()
            && other.metadata.owner_references.as_ref().is_none_or(Vec::is_empty)
    });
    let foreign: Vec<(String, Vec<String>)> = foreign.map(|other| (name(other), jobs(other))).collect();
    known_entries(&state.schedules)
        .filter(|(_, schedule)| schedule.enabled.known().copied().unwrap_or(true))
        .filter_map(|(method, _)| {
            let own = cron_job(state.namespace(), state.name(), method);
            let (other, _) = foreign.iter().find(|(_, jobs)| jobs.contains(&own))?;
            Some((method.clone(), other.clone()))
        })
        .collect()
}

/// Entries of the live object that run and are written no more. The operator never looks at a method again that is not in
/// the list, and leaves its `CronJob` running: so they are switched off before they are taken out.
pub fn leaving(planned: &BackupScheduleState, live: &BackupSchedule) -> Vec<SchedulePolicy> {
    let stays = |method: &String| known_entries(&planned.schedules).any(|(name, _)| name == method);
    live.spec
        .schedules
        .iter()
        .filter(|entry| entry.enabled == Some(true) && !stays(&entry.backup_method))
        .map(|entry| SchedulePolicy { enabled: Some(false), ..entry.clone() })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resources::cluster::test_support::{entries, text};

    fn schedule(cron: &str, retention: &str, enabled: bool) -> Schedule {
        Schedule { cron: text(cron), retention: text(retention), enabled: Value::Known(enabled) }
    }

    fn written() -> BackupScheduleState {
        BackupScheduleState {
            namespace: text("shop"),
            name: text("nightly"),
            cluster: text("orders"),
            policy: text("orders-policy"),
            schedules: entries([
                ("snapshot", schedule("0 * * * *", "1d", false)),
                ("pg", schedule("0 3 * * *", "1w", true)),
            ]),
            starting_deadline_minutes: Value::Known(30),
            ..BackupScheduleState::default()
        }
    }

    #[test]
    fn what_is_written_is_sent_and_read_back_and_an_import_finds_the_same() {
        let mut object = build(&written());
        assert_eq!(
            serde_json::to_value(&object).unwrap(),
            json!({
                "apiVersion": "dataprotection.kubeblocks.io/v1alpha1", "kind": "BackupSchedule",
                "metadata": {"name": "nightly", "namespace": "shop", "labels": {CLUSTER_LABEL: "orders"}},
                "spec": {
                    "backupPolicyName": "orders-policy", "startingDeadlineMinutes": 30,
                    "schedules": [
                        {"backupMethod": "pg", "cronExpression": "0 3 * * *", "enabled": true, "retentionPeriod": "1w"},
                        {"backupMethod": "snapshot", "cronExpression": "0 * * * *", "enabled": false, "retentionPeriod": "1d"},
                    ],
                },
            })
        );
        object.metadata.generation = Some(2);
        object.status =
            serde_json::from_value(json!({"phase": "Available", "observedGeneration": 2})).unwrap();
        let expected = BackupScheduleState { phase: text("Available"), ..written() };
        assert_eq!(observe(&written(), &object), expected);
        assert_eq!(observe(&BackupScheduleState::default(), &object), expected);
        object.spec.schedules[0].retention_period = Some("7d".to_owned());
        assert_eq!(observe(&written(), &object), expected, "another spelling of the same time");
        object.spec.schedules[0].enabled = None;
        let others = observe(&written(), &object);
        assert!(others != expected, "nobody runs what is not switched on");
        let planned = BackupScheduleState { phase: Value::Unknown, ..written() };
        assert_eq!(completed(&planned, others), expected, "what others have changed meanwhile is no result");
    }

    #[test]
    fn a_phase_of_before_the_last_change_is_none_unless_it_is_a_failure() {
        for (phase, observed, expected) in [
            ("Available", Some(2), Some("Available")),
            ("Available", Some(1), None),
            ("Available", None, None),
            ("Failed", Some(1), Some("Failed")),
            ("Failed", None, Some("Failed")),
            ("", None, None),
        ] {
            let mut object = build(&written());
            object.metadata.generation = Some(2);
            object.status =
                serde_json::from_value(json!({"phase": phase, "observedGeneration": observed})).unwrap();
            let shown = observe(&written(), &object).phase;
            assert_eq!(shown, expected.map(str::to_owned).into(), "{phase} {observed:?}");
        }
    }

    #[test]
    fn cron_jobs_are_named_as_the_operator_names_them() {
        for (namespace, name, method, expected) in [
            ("shop", "nightly", "pg", "nightly-shop-pg"),
            ("production", "orders-every-hour-nightly", "pg", "orders-every-hour-nightly-prod-pg"),
            ("production", "orders-every-hour-nightly-abc", "pg", "orders-every-hour-nightly-abc-pg"),
        ] {
            assert_eq!(cron_job(namespace, name, method), expected);
        }
    }

    #[test]
    fn two_schedules_cannot_have_one_cron_job() {
        let other = |name: &str, method: &str, enabled: bool, owner: Option<&str>| -> BackupSchedule {
            serde_json::from_value(json!({
                "metadata": {"name": name, "ownerReferences": owner.map(|owner| json!([
                    {"apiVersion": "a/v1", "kind": "Cluster", "name": owner, "uid": "u"}]))},
                "spec": {"backupPolicyName": "p", "schedules": [
                    {"backupMethod": method, "cronExpression": "0 0 * * *", "enabled": enabled}]},
            }))
            .unwrap()
        };
        let long = BackupScheduleState {
            name: text("orders-in-the-production-place-nightly"),
            schedules: entries([("pg", schedule("0 3 * * *", "1w", true))]),
            ..written()
        };
        let near = "orders-in-the-production-place-hourly";
        for (there, expected) in [
            (other(near, "pg", true, None), Some(near)),
            (other(near, "pg", false, None), None),
            (other(near, "snapshot", true, None), None),
            (other(near, "pg", true, Some("orders")), None),
            (other("orders", "pg", true, None), None),
            (other(long.name(), "pg", true, None), None),
        ] {
            let expected: Vec<(String, String)> =
                expected.map(|other| ("pg".to_owned(), other.to_owned())).into_iter().collect();
            assert_eq!(taken(&long, std::slice::from_ref(&there)), expected, "{there:?}");
        }
    }

    #[test]
    fn what_runs_and_is_taken_out_is_switched_off_first() {
        let live = build(&BackupScheduleState {
            schedules: entries([
                ("pg", schedule("0 3 * * *", "1w", true)),
                ("old", schedule("0 4 * * *", "1w", true)),
                ("off", schedule("0 5 * * *", "1w", false)),
            ]),
            ..written()
        });
        let leaving = leaving(&written(), &live);
        assert_eq!(leaving.len(), 1);
        assert_eq!((leaving[0].backup_method.as_str(), leaving[0].enabled), ("old", Some(false)));
        assert_eq!(leaving[0].cron_expression, "0 4 * * *");
    }
}
