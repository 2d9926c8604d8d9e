//! What the destruction of an object does. The provider cannot say it in the plan, as there is no value after it: the type
//! and what was there before decide. Knows only the types of this provider.

use super::attributes::Attributes;
use super::impact::{Amount, Capacity, Impact, Level, Reason, Side};
use super::planned::current_capacity;

/// The type of databases.
pub(super) const DATABASE: &str = "kubeblocks_cluster";

const POLICY: &str = "termination_policy";

/// The types of managed Kubernetes clusters.
pub(super) const KUBERNETES_CLUSTERS: [&str; 4] =
    ["kubeblocks_ack_cluster", "kubeblocks_aks_cluster", "kubeblocks_eks_cluster", "kubeblocks_gke_cluster"];

/// The types of groups of nodes.
pub(super) const NODE_GROUPS: [&str; 4] = [
    "kubeblocks_ack_node_pool",
    "kubeblocks_aks_node_pool",
    "kubeblocks_eks_node_group",
    "kubeblocks_gke_node_pool",
];

/// The impact of the destruction of an object of this type.
pub(super) fn judge(kind: &str, before: &Attributes) -> Impact {
    let mut impact = match kind {
        DATABASE => database(before),
        "kubeblocks_backup" => backup(before),
        _ if KUBERNETES_CLUSTERS.contains(&kind) => kubernetes_cluster(before),
        _ => match of_type(kind) {
            Some((level, text)) => known(level, "", text),
            None => Impact::unknown("This release of the provider does not know the type."),
        },
    };
    impact.before = current_capacity(before);
    impact.after = match (before.text(POLICY), impact.before) {
        (Some("DoNotTerminate"), before) if kind == DATABASE => before,
        (Some("Halt"), Side::Is(before)) if kind == DATABASE => Side::Is(volumes(before)),
        _ => Side::Nothing,
    };
    impact
}

/// What stays when instances go.
fn volumes(before: Capacity) -> Capacity {
    let zero = Amount::Known(0.0);
    Capacity { instances: zero, cpu: zero, memory_gib: zero, ..before }
}

/// Types of which nothing but the type matters.
fn of_type(kind: &str) -> Option<(Level, &'static str)> {
    let text = match kind {
        _ if NODE_GROUPS.contains(&kind) => {
            return Some((
                Level::RollingRestart,
                "The nodes go; instances on them restart on others, if there is room.",
            ));
        }
        "kubeblocks_operator" => "The operator goes; databases go on running, and nobody looks after them.",
        "kubeblocks_addon" => "The engine can no longer be used for new databases.",
        "kubeblocks_backup_repo" => "No backup can be made there, or restored from there, any more.",
        "kubeblocks_backup_schedule" => "Backups are no longer made by this schedule.",
        "kubeblocks_account" => "The account goes: that login stops working.",
        "kubeblocks_service_descriptor" => "Databases that refer to the described service lose its address.",
        "kubeblocks_ops_request" => "Only the record of the operation goes; what it did stays.",
        "kubeblocks_object" => "The object goes; look at what depends on it.",
        _ => return None,
    };
    Some((Level::None, text))
}

fn known(level: Level, path: &str, text: &str) -> Impact {
    let reason = Reason { path: path.to_owned(), level: Some(level), text: text.to_owned() };
    Impact { level: Some(level), reasons: vec![reason], ..Impact::default() }
}

fn database(before: &Attributes) -> Impact {
    let (level, text, removed) = match before.text(POLICY) {
        Some("DoNotTerminate") => {
            (Level::Downtime, "`DoNotTerminate` refuses the destruction: the apply fails.", &[][..])
        }
        Some("Halt") => (Level::Downtime, "The database stops for good; `Halt` keeps its volumes.", &[][..]),
        Some("Delete") => {
            (Level::DataLoss, "`Delete` removes the volumes and keeps backups.", &["all volumes"][..])
        }
        Some("WipeOut") => (
            Level::DataLoss,
            "`WipeOut` removes the volumes and the backups.",
            &["all volumes", "all backups"][..],
        ),
        _ => {
            return Impact::unknown(
                "What the destruction removes is not known: the plan does not tell the termination policy.",
            );
        }
    };
    let mut impact = known(level, POLICY, text);
    impact.data_removed = removed.iter().map(|&removed| removed.to_owned()).collect();
    if before.get("final_backup").is_object() {
        let text = "A last backup is made first, and stays.";
        impact.reasons.push(Reason {
            path: "final_backup".to_owned(),
            level: Some(Level::None),
            text: text.to_owned(),
        });
    }
    impact
}

fn backup(before: &Attributes) -> Impact {
    const PATH: &str = "deletion_policy";
    if before.text(PATH) == Some("Retain") {
        return known(Level::None, PATH, "`Retain` leaves the backup where it is.");
    }
    let mut impact = known(Level::DataLoss, PATH, "The backup is deleted.");
    impact.data_removed = vec!["the backup".to_owned()];
    impact
}

fn kubernetes_cluster(before: &Attributes) -> Impact {
    let mut impact = known(Level::DataLoss, "", "The Kubernetes cluster goes, with every database in it.");
    impact.data_removed = vec!["everything in the Kubernetes cluster".to_owned()];
    if before.get("deletion_protection") == &serde_json::Value::Bool(true) {
        let text = "The protection refuses the destruction: the apply fails.";
        impact.reasons.push(Reason {
            path: "deletion_protection".to_owned(),
            level: Some(Level::None),
            text: text.to_owned(),
        });
    }
    impact
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_type_and_its_policy_decide() {
        let policy = |policy: &str| json!({ "termination_policy": policy });
        let table: [(&str, Value, Option<Level>, &[&str]); 19] = [
            ("kubeblocks_cluster", policy("DoNotTerminate"), Some(Level::Downtime), &[]),
            ("kubeblocks_cluster", policy("Halt"), Some(Level::Downtime), &[]),
            ("kubeblocks_cluster", policy("Delete"), Some(Level::DataLoss), &["all volumes"]),
            ("kubeblocks_cluster", policy("WipeOut"), Some(Level::DataLoss), &["all volumes", "all backups"]),
            ("kubeblocks_cluster", policy("Other"), None, &[]),
            ("kubeblocks_cluster", json!(null), None, &[]),
            (
                "kubeblocks_eks_cluster",
                json!({}),
                Some(Level::DataLoss),
                &["everything in the Kubernetes cluster"],
            ),
            (
                "kubeblocks_gke_cluster",
                json!({}),
                Some(Level::DataLoss),
                &["everything in the Kubernetes cluster"],
            ),
            (
                "kubeblocks_aks_cluster",
                json!({}),
                Some(Level::DataLoss),
                &["everything in the Kubernetes cluster"],
            ),
            (
                "kubeblocks_ack_cluster",
                json!({}),
                Some(Level::DataLoss),
                &["everything in the Kubernetes cluster"],
            ),
            ("kubeblocks_eks_node_group", json!({}), Some(Level::RollingRestart), &[]),
            ("kubeblocks_gke_node_pool", json!({}), Some(Level::RollingRestart), &[]),
            ("kubeblocks_backup", json!({}), Some(Level::DataLoss), &["the backup"]),
            (
                "kubeblocks_backup",
                json!({ "deletion_policy": "Delete" }),
                Some(Level::DataLoss),
                &["the backup"],
            ),
            ("kubeblocks_backup", json!({ "deletion_policy": "Retain" }), Some(Level::None), &[]),
            ("kubeblocks_backup_repo", json!({}), Some(Level::None), &[]),
            ("kubeblocks_account", json!({}), Some(Level::None), &[]),
            ("kubeblocks_operator", json!({}), Some(Level::None), &[]),
            ("kubeblocks_new", json!({}), None, &[]),
        ];
        for (kind, before, level, removed) in table {
            let impact = judge(kind, &serde_json::from_value(before.clone()).unwrap());
            assert_eq!(impact.level, level, "{kind} {before}");
            assert_eq!(impact.data_removed, removed, "{kind} {before}");
            assert_eq!(impact.reasons.len(), 1, "{kind} {before}");
        }
    }

    #[test]
    fn what_stays_still_takes_up_its_place() {
        let (two, zero) = (Amount::Known(2.0), Amount::Known(0.0));
        let capacity = |rest| {
            Side::Is(Capacity {
                instances: rest,
                cpu: rest,
                memory_gib: rest,
                storage_gib: two,
                ..Capacity::default()
            })
        };
        let current = json!({ "after": { "instances": 2, "cpu": 2, "memory_gib": 2, "storage_gib": 2 } });
        for (policy, after) in [
            ("DoNotTerminate", capacity(two)),
            ("Halt", capacity(zero)),
            ("Delete", Side::Nothing),
            ("WipeOut", Side::Nothing),
        ] {
            let before = json!({ "termination_policy": policy, "planned_impact": current });
            let impact = judge(DATABASE, &serde_json::from_value(before).unwrap());
            assert_eq!((impact.before, impact.after), (capacity(two), after), "{policy}");
        }
    }

    #[test]
    fn what_softens_a_destruction_is_said_and_does_not_lower_the_level() {
        for (kind, before, path) in [
            (
                "kubeblocks_cluster",
                json!({ "termination_policy": "Delete", "final_backup": {} }),
                "final_backup",
            ),
            ("kubeblocks_gke_cluster", json!({ "deletion_protection": true }), "deletion_protection"),
        ] {
            let impact = judge(kind, &serde_json::from_value(before).unwrap());
            assert_eq!(impact.level, Some(Level::DataLoss));
            assert_eq!(impact.reasons[1].path, path);
        }
    }
}
