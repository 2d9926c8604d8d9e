//! Checks of scheduled backups.

use super::cluster::Context;
use super::component::unsupported;
use super::{BackupInput, Path, ProblemKind, Problems, one_of};
use crate::catalogue::Function;
use crate::cron::check_cron;
use crate::duration::parse_retention_period;
use crate::names::NameKind;

/// The most minutes that a backup may start late.
const LATEST_START: i64 = 1440;

pub(super) fn check(problems: &mut Problems, path: &Path, backup: &BackupInput, context: &Context<'_>) {
    let switched_off = backup.enabled.known() == Some(&false);
    if !switched_off && let Some(message) = unsupported(context, Function::BackupRestore) {
        problems.error(path, ProblemKind::Unsupported, message, "leave the backup out");
        return;
    }
    if let Some(repo) = backup.repo.known() {
        problems.check_name(&path.attribute("repo"), NameKind::Object, repo);
    }
    check_method(problems, path, backup, context, switched_off);
    if let Some(schedule) = backup.schedule.known()
        && let Err(error) = check_cron(schedule)
    {
        let remedy = "write minute, hour, day of month, month and day of week";
        problems.error(&path.attribute("schedule"), ProblemKind::Time, error, remedy);
    }
    if let Some(retention) = backup.retention.known()
        && let Err(error) = parse_retention_period(retention)
    {
        let remedy = "write for example 7d, 1mo or 1y6mo";
        problems.error(&path.attribute("retention"), ProblemKind::Time, error, remedy);
    }
    if let Some(&minutes) = backup.starting_deadline_minutes.known()
        && !(0..=LATEST_START).contains(&minutes)
    {
        problems.error(
            &path.attribute("starting_deadline_minutes"),
            ProblemKind::Time,
            format!("{minutes} minutes are out of range"),
            format!("use 0 to {LATEST_START}"),
        );
    }
}

fn check_method(
    problems: &mut Problems,
    path: &Path,
    backup: &BackupInput,
    context: &Context<'_>,
    switched_off: bool,
) {
    let at = path.attribute("method");
    let methods = context.definition.map(|definition| definition.backup_methods);
    if backup.method.is_absent() && !backup.schedule.is_absent() && !switched_off {
        let remedy = match methods {
            Some(methods) if !methods.is_empty() => format!("use one of {}", methods.join(", ")),
            _ => "name a method of the backup policy".to_owned(),
        };
        problems.error(&at, ProblemKind::Missing, "a schedule needs a method", remedy);
    }
    let (Some(method), Some(methods)) = (backup.method.known(), methods) else { return };
    if !methods.contains(&method.as_str()) {
        let message = format!("backup method {method:?} does not exist, and the schedule would fail");
        problems.error(&at, ProblemKind::UnknownBackupMethod, message, one_of(method, methods));
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{assert_found, check, cluster, redis};
    use super::super::{BackupInput, Field};

    #[test]
    fn scheduled_backups_are_checked() {
        let right = BackupInput {
            repo: "main".into(),
            method: "datafile".into(),
            schedule: "0 3 * * *".into(),
            retention: "7d".into(),
            ..BackupInput::default()
        };
        for (input, found) in [
            (right.clone(), None),
            (BackupInput::default(), None),
            (BackupInput { repo: "Main".into(), ..right.clone() }, Some("Error Name backup.repo")),
            (BackupInput { schedule: "0 3 * *".into(), ..right.clone() }, Some("Error Time backup.schedule")),
            (BackupInput { retention: "7days".into(), ..right.clone() }, Some("Error Time backup.retention")),
            (
                BackupInput { method: "data-file".into(), ..right.clone() },
                Some("Error UnknownBackupMethod backup.method"),
            ),
            (BackupInput { method: Field::Absent, ..right.clone() }, Some("Error Missing backup.method")),
            (BackupInput { method: Field::Unknown, ..right.clone() }, None),
            (BackupInput { method: Field::Absent, enabled: Field::Known(false), ..right.clone() }, None),
            (
                BackupInput { starting_deadline_minutes: Field::Known(1441), ..right.clone() },
                Some("Error Time backup.starting_deadline_minutes"),
            ),
        ] {
            let found: Vec<&str> = found.into_iter().collect();
            assert_found(redis(), |c| c.backup = Some(input.clone()), &found);
        }
    }

    #[test]
    fn an_addon_without_backups_says_so_unless_they_are_off() {
        let kafka = || cluster("kafka", "kafka-3.3.2", "kafka-server");
        let backup = |enabled| BackupInput { enabled: Field::Known(enabled), ..BackupInput::default() };
        assert_found(kafka(), |c| c.backup = Some(backup(true)), &["Error Unsupported backup"]);
        assert_found(kafka(), |c| c.backup = Some(backup(false)), &[]);
        let mut input = kafka();
        input.backup = Some(backup(true));
        let message = "add-on \"kafka\" does not support backup and restore in KubeBlocks v0.7";
        assert_eq!(check(&input)[0].message, message);
    }
}
