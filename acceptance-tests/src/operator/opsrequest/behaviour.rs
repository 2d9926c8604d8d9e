//! What each type of operation needs, does to the cluster's phase, and says when it starts.
//!
//! Pure.

use crate::operator::api::{Condition, OpsRequest};

/// Phases in which an operation that changes a cluster may start.
const UP: &[&str] = &["Running", "Abnormal", "Failed"];

/// The properties of one type of operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Behaviour {
    /// Phases of the cluster in which it may start; empty for any.
    pub(super) from: &'static [&'static str],
    /// The phase it takes the cluster to. Operations that have one lock the cluster.
    pub(super) to: Option<&'static str>,
    /// Whether it can be cancelled.
    pub(super) can_cancel: bool,
    /// Type, reason and text of the condition that says it has started.
    started: (&'static str, &'static str, &'static str),
}

impl Behaviour {
    pub(super) fn of(type_: &str) -> Self {
        let simple = |from, to, started| Self { from, to, can_cancel: false, started };
        match type_ {
            "Restart" => simple(
                UP,
                Some("Updating"),
                ("Restarting", "RestartStarted", "Start to restart database in Cluster: "),
            ),
            "Stop" => {
                simple(UP, Some("Stopping"), ("Stopping", "StopStarted", "Start to stop the Cluster: "))
            }
            "Start" => {
                simple(&["Stopped"], Some("Updating"), ("Starting", "StartCluster", "Start the Cluster: "))
            }
            "VerticalScaling" => Self {
                can_cancel: true,
                ..simple(
                    UP,
                    Some("Updating"),
                    (
                        "VerticalScaling",
                        "VerticalScalingStarted",
                        "Start to vertical scale resources in Cluster: ",
                    ),
                )
            },
            // An upgrade starts with the condition of a horizontal scaling; the real operator has it wrong.
            "HorizontalScaling" | "Upgrade" => Self {
                can_cancel: type_ == "HorizontalScaling",
                ..simple(
                    UP,
                    Some("Updating"),
                    (
                        "HorizontalScaling",
                        "HorizontalScalingStarted",
                        "Start to horizontal scale replicas in Cluster: ",
                    ),
                )
            },
            "VolumeExpansion" => simple(
                &[],
                None,
                ("VolumeExpanding", "VolumeExpansionStarted", "Start to expand the volumes in Cluster: "),
            ),
            "Expose" => {
                simple(UP, None, ("Exposing", "ExposeStarted", "Start to expose the services in Cluster: "))
            }
            "Switchover" => simple(UP, Some("Updating"), ("Switchover", "SwitchoverStarted", "")),
            "Reconfiguring" => simple(
                &["Running", "Updating", "Abnormal", "Failed"],
                Some("Updating"),
                ("Reconfigure", "ReconfigureStarted", "Start to reconfigure in Cluster: "),
            ),
            "Backup" => simple(UP, None, ("Backup", "BackupStarted", "Start to backup the Cluster: ")),
            _ => simple(
                &["Running"],
                None,
                ("ExecuteDataScript", "DataScriptStarted", "Start to execute data script in Cluster: "),
            ),
        }
    }

    /// The condition that says that the operation has started.
    pub(super) fn started(&self, request: &OpsRequest) -> Condition {
        let (type_, reason, text) = self.started;
        let mut message = format!("{text}{}", request.spec.cluster_ref);
        if type_ == "Reconfigure" {
            let component = request.spec.reconfigure.as_ref().map_or("", |item| &item.component_name);
            message.push_str(", Component: ");
            message.push_str(component);
        }
        Condition::met(type_, reason, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scaling_can_be_cancelled_and_only_phase_changing_operations_lock() {
        for (type_, cancels, locks) in [
            ("Restart", false, true),
            ("Stop", false, true),
            ("Start", false, true),
            ("VerticalScaling", true, true),
            ("HorizontalScaling", true, true),
            ("Upgrade", false, true),
            ("VolumeExpansion", false, false),
            ("Expose", false, false),
            ("Switchover", false, true),
            ("Backup", false, false),
            ("DataScript", false, false),
        ] {
            let behaviour = Behaviour::of(type_);
            assert_eq!((behaviour.can_cancel, behaviour.to.is_some()), (cancels, locks), "{type_}");
        }
    }
}
