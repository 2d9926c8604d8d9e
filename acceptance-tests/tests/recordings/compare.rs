//! Compares what two runs showed: states at the end of a step, ways to get there, events, orders.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::canonical;
use crate::recording::{Row, State};

/// One difference, and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    pub(crate) object: String,
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Difference {
    fn new(object: &str, path: &str, text: String) -> Self {
        Self { object: object.to_owned(), path: path.to_owned(), text }
    }
}

fn canonical_state(state: &State) -> BTreeMap<String, BTreeMap<String, String>> {
    state
        .iter()
        .filter_map(|((kind, name), object)| {
            let name = canonical::name(kind, name)?;
            let leaves = canonical::leaves(&canonical::object(kind, object)).into_iter().collect();
            Some((format!("{kind}/{name}"), leaves))
        })
        .collect()
}

/// How the objects at the end of a step differ.
pub(crate) fn states(recorded: &State, ours: &State) -> Vec<Difference> {
    let (recorded, ours) = (canonical_state(recorded), canonical_state(ours));
    let mut found = Vec::new();
    let names: BTreeSet<&String> = recorded.keys().chain(ours.keys()).collect();
    for name in names {
        match (recorded.get(name), ours.get(name)) {
            (Some(_), None) => found.push(Difference::new(name, "", "is missing".to_owned())),
            (None, Some(_)) => found.push(Difference::new(name, "", "should not be there".to_owned())),
            (Some(recorded), Some(ours)) => {
                let paths: BTreeSet<&String> = recorded.keys().chain(ours.keys()).collect();
                for path in paths {
                    let (wanted, got) = (recorded.get(path), ours.get(path));
                    if wanted != got {
                        let show = |value: Option<&String>| value.map_or("nothing", |text| text).to_owned();
                        let text = format!("recorded {}, got {}", show(wanted), show(got));
                        found.push(Difference::new(name, path, text));
                    }
                }
            }
            (None, None) => {}
        }
    }
    found
}

/// What an object showed on its way, one entry per distinct value.
type Ways = BTreeMap<(String, &'static str), Vec<String>>;

/// The ways of the phases and of each condition.
fn ways(rows: &[Row]) -> Ways {
    let mut ways = Ways::new();
    let mut add = |object: &str, what: &'static str, value: String| {
        let way = ways.entry((object.to_owned(), what)).or_default();
        if way.last() != Some(&value) {
            way.push(value);
        }
    };
    for row in rows.iter().filter(|row| row.kind != "events" && row.event != "DELETED") {
        let Some(name) = canonical::name(&row.kind, &row.name) else { continue };
        let object = format!("{}/{name}", row.kind);
        let status = &row.object["status"];
        let is_ours = row.kind != "persistentvolumeclaims";
        if let Some(phase) = status.get("phase").and_then(Value::as_str).filter(|_| is_ours) {
            add(&object, "phase", phase.to_owned());
        }
        for item in status["configurationStatus"].as_array().into_iter().flatten() {
            let text = |key: &str| item[key].as_str().unwrap_or_default();
            if text("name") == "postgresql-configuration" || text("name") == "redis-replication-config" {
                add(&object, "item", text("phase").to_owned());
            }
        }
        if row.kind != "clusters" && row.kind != "opsrequests" && row.kind != "restores" {
            continue;
        }
        for condition in status["conditions"].as_array().into_iter().flatten() {
            if is_race(condition) {
                continue;
            }
            let text = |key: &str| condition[key].as_str().unwrap_or_default();
            let what: &'static str = match text("type") {
                "ProvisioningStarted" => "ProvisioningStarted",
                "ApplyResources" => "ApplyResources",
                "ReplicasReady" => "ReplicasReady",
                "Ready" => "Ready",
                "HaltRecovery" => "HaltRecovery",
                "Validated" => "Validated",
                _ => continue,
            };
            add(&object, what, format!("{}/{}", text("status"), text("reason")));
        }
    }
    ways
}

/// Conditions that only say that two writers met, or that a member was between two roles.
fn is_race(condition: &Value) -> bool {
    let message = condition["message"].as_str().unwrap_or_default();
    message.contains("the object has been modified")
        || message.contains("the number of primary pod is not equal")
}

/// How the ways to the end of a step differ.
pub(crate) fn paths(recorded: &[Row], ours: &[Row]) -> Vec<Difference> {
    let (recorded, ours) = (ways(recorded), ways(ours));
    let keys: BTreeSet<_> = recorded.keys().chain(ours.keys()).collect();
    keys.into_iter()
        .filter(|key| recorded.get(*key) != ours.get(*key))
        .map(|key| {
            let show = |way: Option<&Vec<String>>| way.map_or_else(String::new, |way| way.join(" -> "));
            let text = format!("recorded [{}], got [{}]", show(recorded.get(key)), show(ours.get(key)));
            Difference::new(&key.0, &format!("way of {}", key.1), text)
        })
        .collect()
}

/// How the kinds of events differ. Events are written beside the objects that they tell of: the last ones of a step
/// can come when the next one has begun, so those of the step before are not too many.
pub(crate) fn events(before: &[Row], recorded: &[Row], ours: &[Row]) -> Vec<Difference> {
    let collect = |rows: &[Row]| -> BTreeSet<(String, String)> {
        rows.iter()
            // A repeated event is counted up, which the recordings do not show.
            .filter(|row| row.kind == "events" && row.event == "ADDED")
            .filter_map(|row| {
                let text = |key: &str| row.object[key].as_str().unwrap_or_default();
                let on = text("on");
                let kind = on.split('/').next()?;
                let is_ours =
                    ["Cluster", "OpsRequest", "BackupPolicy", "BackupSchedule", "Backup", "Restore"]
                        .contains(&kind);
                let is_race = text("message").contains("the object has been modified")
                    || text("message").contains("the number of primary pod");
                let name = canonical::name(&format!("{}s", kind.to_lowercase()), on.split('/').nth(1)?)?;
                (is_ours && !is_race)
                    .then(|| (format!("{kind}/{name}"), format!("{} {}", text("type"), text("reason"))))
            })
            .collect()
    };
    let (before, recorded, ours) = (collect(before), collect(recorded), collect(ours));
    let missing = recorded
        .difference(&ours)
        .map(|(object, event)| Difference::new(object, &format!("event {event}"), "is missing".to_owned()));
    let is_late = |event: &&(String, String)| before.contains(*event);
    let extra = ours.difference(&recorded).filter(|event| !is_late(event)).map(|(object, event)| {
        Difference::new(object, &format!("event {event}"), "was not recorded".to_owned())
    });
    missing.chain(extra).collect()
}

/// Pairs of objects of a starting cluster: the first is there before the second.
const ORDERS: [(&str, &str); 8] = [
    ("configurations/", "secrets/-conn-credential"),
    ("secrets/-conn-credential", "replicatedstatemachines/"),
    ("backupschedules/", "backuppolicies/"),
    ("replicatedstatemachines/", "services/"),
    ("services/", "statefulsets/"),
    ("statefulsets/", "persistentvolumeclaims/data-"),
    ("persistentvolumeclaims/data-", "pods/"),
    ("pods/", "secrets/-kbadmin"),
];

/// Whether objects appeared in the order of their causes, in both runs.
pub(crate) fn orders(recorded: &[Row], ours: &[Row]) -> Vec<Difference> {
    let first = |rows: &[Row], pattern: &str| {
        let (kind, part) = pattern.split_once('/').unwrap();
        let is_wanted = |row: &Row| row.event == "ADDED" && row.kind == kind && row.name.contains(part);
        let position = rows.iter().position(is_wanted)?;
        // Watches of different kinds are not in step: what the API did first has the lower revision.
        Some((rows[position].revision, position))
    };
    let mut found = Vec::new();
    for (earlier, later) in ORDERS {
        let holds = |rows: &[Row]| match (first(rows, earlier), first(rows, later)) {
            (Some(earlier), Some(later)) => Some(earlier < later),
            _ => None,
        };
        if holds(recorded) == Some(true) && holds(ours) == Some(false) {
            let text = format!("is there before the first {earlier}");
            found.push(Difference::new(later, "order", text));
        }
    }
    found
}
