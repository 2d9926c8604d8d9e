//! What one change of the plan is: what is done, and what that does to what runs. Pure.

use serde::Serialize;
use serde_json::Value;

use super::attributes::Attributes;
use super::destroy;
use super::impact::{Impact, Level, Reason, Side};
use super::plan::{Change, ResourceChange};
use super::planned::{current_capacity, planned};

/// What is done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    /// It stays as it is; it may be imported or moved all the same.
    None,
    Add,
    Change,
    Replace,
    Destroy,
    /// It leaves the state, and stays where it is.
    Forget,
}

impl Action {
    /// From the list of the plan, in which a replacement is two.
    pub(super) fn of(change: &Change) -> Self {
        let has = |action: &str| change.actions.iter().any(|found| found == action);
        match (has("create"), has("delete")) {
            (true, true) => Self::Replace,
            (true, false) => Self::Add,
            (false, true) => Self::Destroy,
            (false, false) if has("update") => Self::Change,
            (false, false) if has("forget") => Self::Forget,
            (false, false) => Self::None,
        }
    }
}

/// Whether an object is of this provider, wherever the provider comes from.
pub(super) fn is_own(kind: &str, provider_name: &str) -> bool {
    let provider = provider_name.rsplit('/').next().unwrap_or_default();
    kind.starts_with("kubeblocks_") && matches!(provider, "" | "kubeblocks")
}

/// What the change of an object of this provider does.
pub(super) fn impact(change: &ResourceChange) -> Impact {
    let kind = change.kind.as_str();
    let before = &change.change.before;
    match Action::of(&change.change) {
        Action::None | Action::Forget => Impact { level: Some(Level::None), ..Impact::default() },
        Action::Add => {
            let impact = planned(&change.change).unwrap_or_else(|| unplanned(kind, &change.change));
            Impact { before: Side::Nothing, ..impact }
        }
        Action::Change => planned(&change.change).unwrap_or_else(|| unplanned(kind, &change.change)),
        Action::Replace => replacement(kind, &change.change),
        Action::Destroy => destroy::judge(kind, before),
    }
}

/// A replacement destroys what there was. The plan's own word is of the new half alone, as Terraform plans it like any new
/// object; it counts where it says worse.
fn replacement(kind: &str, change: &Change) -> Impact {
    let planned = planned(change);
    if kind == "kubeblocks_ops_request" {
        return planned.unwrap_or_else(|| unplanned(kind, change));
    }
    let destroyed = destroy::judge(kind, &change.before);
    match planned {
        Some(impact) if destroyed.level.is_some() && impact.level > destroyed.level => impact,
        planned => Impact { after: planned.map_or(Side::Unknown, |impact| impact.after), ..destroyed },
    }
}

/// When the provider has planned nothing: either the type has no such attribute, or the release is an older one.
fn unplanned(kind: &str, change: &Change) -> Impact {
    if kind == "kubeblocks_ops_request" {
        return operation(&change.after);
    }
    let created = Action::of(change) == Action::Add;
    if !created && disturbs(kind) {
        let impact =
            Impact::unknown("The release of the provider that made the plan does not tell the impact.");
        return Impact { before: current_capacity(&change.before), ..impact };
    }
    Impact { level: Some(Level::None), ..Impact::default() }
}

/// Whether a change of this type may disturb what runs.
fn disturbs(kind: &str) -> bool {
    kind == destroy::DATABASE
        || destroy::KUBERNETES_CLUSTERS.contains(&kind)
        || destroy::NODE_GROUPS.contains(&kind)
}

/// A request carries out the operation whose attribute is set.
fn operation(after: &Attributes) -> Impact {
    let operations = ["backup_now", "restart", "script", "start", "stop", "switchover"];
    let named = operations.into_iter().find(|name| !after.get(name).is_null());
    match named.and_then(of_operation) {
        Some((level, text)) => {
            Impact { level: Some(level), reasons: vec![Reason::new(Some(level), text)], ..Impact::default() }
        }
        None => Impact::unknown("Which operation is carried out is not known before the apply."),
    }
}

/// What an operation does, be it an action or a request.
pub(super) fn of_operation(name: &str) -> Option<(Level, &'static str)> {
    Some(match name {
        "backup_now" => (Level::None, "A backup is made."),
        "restart" => (Level::RollingRestart, "Instances restart one after another."),
        "script" => (Level::None, "Statements run in the database. What they do is not judged here."),
        "start" => (Level::None, "The database starts."),
        "stop" => (Level::Downtime, "The database stops."),
        "switchover" => {
            (Level::RollingRestart, "The leading role moves to another instance, and connections break.")
        }
        _ => return None,
    })
}

/// Attributes that are maps, so that what follows them in a path is a key.
const MAPS: [&str; 6] = ["components", "labels", "parameters", "services", "tags", "volumes"];

/// A path as it is written in a configuration.
pub(super) fn path_text(path: &Value) -> String {
    let mut text = String::new();
    let mut in_map = false;
    for step in path.as_array().map(Vec::as_slice).unwrap_or_default() {
        match step {
            Value::String(name) if text.is_empty() => text.push_str(name),
            Value::String(name) if is_identifier(name) && !in_map => text = format!("{text}.{name}"),
            Value::String(name) => text = format!("{text}[{name:?}]"),
            Value::Number(index) => text = format!("{text}[{index}]"),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => text.push_str("[?]"),
        }
        in_map = !in_map && step.as_str().is_some_and(|name| MAPS.contains(&name));
    }
    text
}

fn is_identifier(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judged(kind: &str, change: &Value) -> Impact {
        impact(&serde_json::from_value(json!({ "type": kind, "change": change })).unwrap())
    }

    #[test]
    fn actions_are_read_in_any_order_and_number() {
        for (actions, expected) in [
            (&["no-op"][..], Action::None),
            (&[], Action::None),
            (&["read"], Action::None),
            (&["create"], Action::Add),
            (&["update"], Action::Change),
            (&["delete"], Action::Destroy),
            (&["delete", "create"], Action::Replace),
            (&["create", "delete"], Action::Replace),
            (&["forget"], Action::Forget),
            // The old object stays, without being managed.
            (&["create", "forget"], Action::Add),
            (&["something-new"], Action::None),
        ] {
            let change = serde_json::from_value(json!({ "actions": actions })).unwrap();
            assert_eq!(Action::of(&change), expected, "{actions:?}");
        }
    }

    #[test]
    fn the_provider_is_known_by_its_name_from_any_registry() {
        for (kind, provider, expected) in [
            ("kubeblocks_cluster", "registry.terraform.io/kubeblocks/kubeblocks", true),
            ("kubeblocks_cluster", "registry.opentofu.org/kubeblocks/kubeblocks", true),
            ("kubeblocks_cluster", "mirror.test/ours/kubeblocks", true),
            ("kubeblocks_cluster", "", true),
            ("kubeblocks_cluster", "registry.terraform.io/other/other", false),
            ("aws_instance", "registry.terraform.io/kubeblocks/kubeblocks", false),
        ] {
            assert_eq!(is_own(kind, provider), expected, "{kind} {provider}");
        }
    }

    #[test]
    fn the_planned_impact_counts_only_when_something_is_done() {
        let after = json!({ "planned_impact": { "level": "downtime" } });
        for (actions, level) in [
            (&["no-op"][..], Level::None),
            (&["forget"], Level::None),
            (&["update"], Level::Downtime),
            (&["create"], Level::Downtime),
            (&["delete", "create"], Level::Downtime),
            (&["create", "delete"], Level::Downtime),
        ] {
            let before = json!({ "termination_policy": "Halt" });
            let change = json!({ "actions": actions, "before": before, "after": after });
            let impact = judged("kubeblocks_cluster", &change);
            assert_eq!(impact.level, Some(level), "{actions:?}");
        }
    }

    #[test]
    fn without_a_planned_impact_type_and_action_decide() {
        let (unknown, delete) =
            (json!({ "planned_impact": true }), json!({ "termination_policy": "Delete" }));
        let keep = json!({ "termination_policy": "Halt" });
        let table = [
            ("kubeblocks_cluster", json!({ "actions": ["create"] }), Some(Level::None)),
            ("kubeblocks_cluster", json!({ "actions": ["create"], "after_unknown": unknown }), None),
            ("kubeblocks_cluster", json!({ "actions": ["update"] }), None),
            ("kubeblocks_eks_node_group", json!({ "actions": ["update"] }), None),
            ("kubeblocks_account", json!({ "actions": ["update"] }), Some(Level::None)),
            // A replacement destroys at least.
            (
                "kubeblocks_cluster",
                json!({ "actions": ["delete", "create"], "before": delete }),
                Some(Level::DataLoss),
            ),
            (
                "kubeblocks_cluster",
                json!({ "actions": ["delete", "create"], "before": delete, "after_unknown": unknown }),
                Some(Level::DataLoss),
            ),
            (
                "kubeblocks_cluster",
                json!({ "actions": ["delete", "create"], "before": keep, "after_unknown": unknown }),
                Some(Level::Downtime),
            ),
            // What its new half says is no comfort.
            (
                "kubeblocks_cluster",
                json!({ "actions": ["delete", "create"], "before": delete, "after": { "planned_impact": { "level": "none" } } }),
                Some(Level::DataLoss),
            ),
            (
                "kubeblocks_backup",
                json!({ "actions": ["delete", "create"], "before": {} }),
                Some(Level::DataLoss),
            ),
            // Requests do what they say.
            (
                "kubeblocks_ops_request",
                json!({ "actions": ["create"], "after": { "stop": {} } }),
                Some(Level::Downtime),
            ),
            (
                "kubeblocks_ops_request",
                json!({ "actions": ["delete", "create"], "before": {}, "after": { "restart": {}, "stop": null } }),
                Some(Level::RollingRestart),
            ),
            ("kubeblocks_ops_request", json!({ "actions": ["create"], "after": {} }), None),
            (
                "kubeblocks_ops_request",
                json!({ "actions": ["delete"], "before": { "stop": {} } }),
                Some(Level::None),
            ),
        ];
        for (kind, change, expected) in table {
            assert_eq!(judged(kind, &change).level, expected, "{kind} {change}");
        }
    }

    #[test]
    fn paths_read_as_they_are_written() {
        for (path, expected) in [
            (json!(["namespace"]), "namespace"),
            (json!(["components", "labels", "replicas"]), "components[\"labels\"].replicas"),
            (json!(["backup", "repo"]), "backup.repo"),
            (json!(["components", "a\"b", 0, "x"]), "components[\"a\\\"b\"][0].x"),
            (json!([]), ""),
            (json!("x"), ""),
            (json!(["a", null]), "a[?]"),
        ] {
            assert_eq!(path_text(&path), expected);
        }
    }
}
