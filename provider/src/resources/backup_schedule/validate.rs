//! Checks of a configuration that need no server, as far as it is known. Pure.

use tfplugin::prelude::*;

use super::convert::{CRON_JOB_NAME, cron_job};
use super::schema::BackupScheduleState;
use crate::resources::texts::object_name;

/// Adds a finding for each thing that is wrong.
pub fn config(config: &BackupScheduleState, diagnostics: &mut Diagnostics) {
    if let Some(kubernetes) = config.kubernetes.known() {
        kubernetes.validate(&Path::attribute("kubernetes"), diagnostics);
    }
    if config.cluster.is_null() && config.policy.is_null() {
        diagnostics.push(
            Diagnostic::error(
                "Neither a database nor a policy",
                "Write `cluster`, whose default backup policy is then used, or `policy`, the name of a BackupPolicy.",
            )
            .at(Path::attribute("cluster")),
        );
    }
    let Some(schedules) = config.schedules.known() else { return };
    if schedules.is_empty() {
        diagnostics.push(
            Diagnostic::error(
                "Missing schedules",
                "A schedule has at least one method, such as `schedules = { \"pg-basebackup\" = { cron = \"0 3 * * *\" } }`.",
            )
            .at(Path::attribute("schedules")),
        );
    }
    for method in schedules.keys() {
        if let Some(detail) = wrong_method(config, method) {
            let path = Path::attribute("schedules").then_key(method);
            diagnostics.push(Diagnostic::error("Invalid backup method", detail).at(path));
        }
    }
}

fn wrong_method(config: &BackupScheduleState, method: &String) -> Option<String> {
    if let Err(error) = object_name(method) {
        return Some(format!("{error}. The key is the name of a method of the backup policy."));
    }
    let (Some(namespace), Some(name)) = (config.namespace.known(), config.name.known()) else { return None };
    let job = cron_job(namespace, name, method);
    let over = job.len().checked_sub(CRON_JOB_NAME).filter(|over| *over > 0)?;
    Some(format!(
        "The operator would make a CronJob named \"{job}\", which is {over} characters longer than the {CRON_JOB_NAME} that Kubernetes takes, and the schedule would fail. Shorten `name`; where that does not help, the method cannot be scheduled."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::backup_schedule::schema::Schedule;
    use crate::resources::cluster::test_support::{entries, text};

    #[test]
    fn what_is_wrong_is_said_at_its_attribute() {
        let right = || BackupScheduleState {
            namespace: text("shop"),
            name: text("nightly"),
            cluster: text("orders"),
            schedules: entries([("pg-basebackup", Schedule::default())]),
            ..BackupScheduleState::default()
        };
        let long = "a-method-with-a-very-long-name";
        for (state, expected) in [
            (right(), None),
            (BackupScheduleState { cluster: Value::Null, policy: text("p"), ..right() }, None),
            (BackupScheduleState { cluster: Value::Unknown, ..right() }, None),
            (BackupScheduleState { cluster: Value::Null, ..right() }, Some("cluster")),
            (BackupScheduleState { schedules: Value::Unknown, ..right() }, None),
            (BackupScheduleState { schedules: entries([]), ..right() }, Some("schedules")),
            (
                BackupScheduleState { schedules: entries([("PG", Schedule::default())]), ..right() },
                Some("schedules[\"PG\"]"),
            ),
            // Short enough with a short name, and too long with a long one.
            (BackupScheduleState { schedules: entries([(long, Schedule::default())]), ..right() }, None),
            (
                BackupScheduleState {
                    name: text("orders-of-the-shop-nightly"),
                    schedules: entries([(long, Schedule::default())]),
                    ..right()
                },
                Some("schedules[\"a-method-with-a-very-long-name\"]"),
            ),
        ] {
            let mut found = Diagnostics::new();
            config(&state, &mut found);
            let found: Vec<String> = found
                .iter()
                .map(|one| one.path.as_ref().map(ToString::to_string).unwrap_or_default())
                .collect();
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{state:?}");
        }
    }
}
