//! What an operation does to whoever uses the database. Pure, by the configuration alone: how many instances there are is not
//! asked, so the plan is the same offline.

use tfplugin::path::Path;

use super::convert;
use super::schema::OpsRequestState;
use crate::impact::{Assessment, Level};

/// What the operation that is written does.
pub(super) fn of(state: &OpsRequestState) -> Assessment {
    let mut change = Assessment::default();
    let operations = convert::written(state);
    let [operation] = operations[..] else {
        // One of several may turn out null.
        change.undecided = operations.into_iter().map(Path::attribute).collect();
        return change;
    };
    let path = Path::attribute(operation);
    match operation {
        "restart" => {
            let text =
                "the instances restart one after the other, and one that is alone takes its component down";
            change.add(path, Level::RollingRestart, text);
            change.uncounted = true;
        }
        "switchover" => {
            let text = "another instance takes the lead, and connections to the one that leads now break";
            change.add(path, Level::RollingRestart, text);
        }
        "stop" => {
            let text = "every instance stops, and nobody reaches the database until it is started again";
            change.add(path, Level::Downtime, text);
        }
        "script" => {
            change.notice(path, "statements run in the database, and what they do is not judged");
        }
        "start" => {
            change.add(path, Level::None, "the database starts");
        }
        _ => {
            change.add(path, Level::None, "a backup is made");
        }
    }
    change
}

#[cfg(test)]
mod tests {
    use tfplugin::typed::Value;

    use super::*;
    use crate::resources::cluster::test_support::text;
    use crate::resources::ops_request::schema::{BackupNow, Nothing, Restart, Script, Switchover};

    #[test]
    fn each_operation_has_its_level() {
        let nothing = || OpsRequestState::default();
        let restart = Restart { components: Value::Known(vec![text("redis")]) };
        let none = Level::None;
        for (state, level, notices) in [
            (OpsRequestState { restart: Value::Known(restart), ..nothing() }, Level::RollingRestart, 1),
            (OpsRequestState { restart: Value::Unknown, ..nothing() }, Level::RollingRestart, 1),
            (
                OpsRequestState { switchover: Value::Known(Switchover::default()), ..nothing() },
                Level::RollingRestart,
                1,
            ),
            (OpsRequestState { stop: Value::Known(Nothing {}), ..nothing() }, Level::Downtime, 1),
            (OpsRequestState { start: Value::Known(Nothing {}), ..nothing() }, none, 1),
            (OpsRequestState { script: Value::Known(Script::default()), ..nothing() }, none, 1),
            (OpsRequestState { backup_now: Value::Known(BackupNow::default()), ..nothing() }, none, 1),
            (nothing(), none, 0),
        ] {
            let change = of(&state);
            assert_eq!((change.level(), change.findings.len()), (level, notices), "{state:?}");
            assert!(change.undecided.is_empty());
        }
        let planned = of(&OpsRequestState { restart: Value::Unknown, ..nothing() }).into_planned();
        assert!(planned.instances_restarted.is_null(), "nobody has counted them");
        let two = OpsRequestState { stop: Value::Unknown, restart: Value::Unknown, ..nothing() };
        assert_eq!(of(&two).undecided.len(), 2);
        assert!(of(&two).into_planned().instances_restarted.is_unknown(), "either may come");
        let stop = of(&OpsRequestState { stop: Value::Known(Nothing {}), ..nothing() }).into_planned();
        assert_eq!(stop.instances_restarted, Value::Known(0));
    }
}
