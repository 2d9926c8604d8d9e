//! Waits for the operator to take written parameters up, and to bring them to the instances. The judgement is pure.

use std::collections::BTreeSet;
use std::time::Duration;

use kubeblocks_schemas::v1alpha1::Configuration;
use kubeblocks_schemas::v1alpha1::configuration::{ConfigurationItemStatus, ConfigurationPhase};

use crate::kubernetes::Client;
use crate::kubernetes::observe::{Seen, Selection, Sight};
use crate::wait::{Limits, Step, WaitError, until};

/// Parameters of one component that were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The component.
    pub component: String,
    /// Name of the object.
    pub configuration: String,
    /// Generation of the object that holds them.
    pub generation: i64,
    /// Config specs that hold parameters of ours.
    pub specs: BTreeSet<String>,
    /// Those among them that the write has changed.
    pub changed: BTreeSet<String>,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// The operator has accepted the values and begins to bring them to the instances.
    Accepted,
    /// Every instance has them.
    Finished,
}

/// Why a wait did not come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The operator has refused the values.
    Refused {
        /// The component.
        component: String,
        /// The config spec.
        spec: String,
        /// Phase of the config spec.
        phase: String,
        /// The operator's words.
        message: String,
    },
    /// The object is gone.
    Gone {
        /// Its name.
        configuration: String,
    },
    /// The object must not be watched.
    Hidden {
        /// The server's words.
        trouble: String,
    },
    /// The deadline passed.
    TimedOut {
        /// What was missing.
        missing: String,
        /// How long was waited.
        waited: Duration,
    },
    /// The practitioner interrupted.
    Interrupted,
}

/// Waits until all that was sent has reached the goal.
pub async fn until_all(
    client: &Client,
    namespace: &str,
    sent: &[Sent],
    goal: Goal,
    limits: &Limits,
) -> Result<(), Stopped> {
    let of = |sent: &Sent| Selection::kind::<Configuration>().within(namespace).named(&sent.configuration);
    let mut snapshots = client.obeying(&limits.stop).observe(sent.iter().map(of).collect());
    let mut missing = String::new();
    let waited = until(limits, &mut snapshots, |all: &Vec<Seen>, _| {
        for (seen, sent) in all.iter().zip(sent) {
            match look(seen, sent, goal) {
                Verdict::There => {}
                Verdict::OnItsWay(why) => {
                    missing = why;
                    return Step::Wait(None);
                }
                Verdict::Lost(stopped) => return Step::Failed(stopped),
            }
        }
        Step::Done(())
    })
    .await;
    match waited {
        Ok(()) => Ok(()),
        Err(WaitError::Failed { failure, .. }) => Err(failure),
        Err(WaitError::Interrupted { .. }) => Err(Stopped::Interrupted),
        Err(WaitError::TimedOut { waited, .. }) => Err(Stopped::TimedOut { missing, waited }),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    There,
    OnItsWay(String),
    Lost(Stopped),
}

fn look(seen: &Seen, sent: &Sent, goal: Goal) -> Verdict {
    let trouble = || seen.trouble.clone().unwrap_or_default();
    match seen.sight {
        Sight::Opening => return Verdict::OnItsWay("the first answer of the API server".to_owned()),
        Sight::Lost => return Verdict::OnItsWay(format!("the connection is lost: {}", trouble())),
        Sight::Closed => return Verdict::Lost(Stopped::Hidden { trouble: trouble() }),
        Sight::Open => {}
    }
    match seen.typed::<Configuration>().first() {
        Some(object) => judge(object, sent, goal),
        None => Verdict::Lost(Stopped::Gone { configuration: sent.configuration.clone() }),
    }
}

fn judge(object: &Configuration, sent: &Sent, goal: Goal) -> Verdict {
    if object.metadata.generation.is_none_or(|generation| generation < sent.generation) {
        return Verdict::OnItsWay("the API server has not shown the new values yet".to_owned());
    }
    let none = Vec::new();
    let items = object.status.as_ref().map_or(&none, |status| &status.configuration_status);
    for spec in &sent.specs {
        let Some(item) = items.iter().find(|item| item.name == *spec) else {
            return Verdict::OnItsWay(format!("the operator has not looked at {spec} of {}", sent.component));
        };
        let is_seen = revision(item.update_revision.as_deref()).is_some_and(|seen| seen >= sent.generation);
        if sent.changed.contains(spec) && !is_seen {
            return Verdict::OnItsWay(format!("the operator has not taken up {spec} of {}", sent.component));
        }
        match judge_item(item, goal) {
            Ok(true) => {}
            Ok(false) => {
                let phase = item.phase.as_ref().map_or("without a phase", ConfigurationPhase::as_str);
                return Verdict::OnItsWay(format!("{spec} of {} is {phase}{}", sent.component, count(item)));
            }
            Err((phase, message)) => {
                return Verdict::Lost(Stopped::Refused {
                    component: sent.component.clone(),
                    spec: spec.clone(),
                    phase,
                    message,
                });
            }
        }
    }
    Verdict::There
}

/// Whether the item is there; else phase and message of its failure.
fn judge_item(item: &ConfigurationItemStatus, goal: Goal) -> Result<bool, (String, String)> {
    let detail = item.reconcile_detail.as_ref();
    match &item.phase {
        Some(phase @ (ConfigurationPhase::MergeFailed | ConfigurationPhase::FailedAndPause)) => {
            let of_detail = || detail.and_then(|detail| detail.err_message.clone());
            let message = item.message.clone().filter(|text| !text.is_empty()).or_else(of_detail);
            Err((phase.to_string(), message.unwrap_or_else(|| "without a reason".to_owned())))
        }
        Some(ConfigurationPhase::Finished) => {
            let current = detail.and_then(|detail| detail.current_revision.as_deref());
            Ok(goal == Goal::Accepted || current == item.update_revision.as_deref())
        }
        Some(
            ConfigurationPhase::Merged | ConfigurationPhase::Upgrading | ConfigurationPhase::FailedAndRetry,
        ) => Ok(goal == Goal::Accepted),
        Some(
            ConfigurationPhase::Creating
            | ConfigurationPhase::Init
            | ConfigurationPhase::Running
            | ConfigurationPhase::Pending
            | ConfigurationPhase::Deleting
            | ConfigurationPhase::Other(_),
        )
        | None => Ok(false),
    }
}

fn revision(text: Option<&str>) -> Option<i64> {
    text.and_then(|text| text.parse().ok())
}

/// How many instances have the values, when the operator counts them.
fn count(item: &ConfigurationItemStatus) -> String {
    let detail = item.reconcile_detail.as_ref();
    match detail.map(|detail| (detail.succeed_count, detail.expected_count)) {
        Some((Some(done), Some(all))) if all >= 0 => format!(": {done} of {all} instances have the values"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[allow(clippy::needless_pass_by_value, reason = "reads well where it is called")]
    fn object(generation: i64, items: Value) -> Configuration {
        serde_json::from_value(json!({
            "metadata": {"name": "cache-redis", "generation": generation},
            "spec": {"clusterRef": "cache", "componentName": "redis"},
            "status": {"configurationStatus": items},
        }))
        .unwrap()
    }

    fn item(name: &str, phase: &str, update: &str, current: &str) -> Value {
        json!({"name": name, "phase": phase, "updateRevision": update, "message": "because",
            "reconcileDetail": {"currentRevision": current, "succeedCount": 1, "expectedCount": 2}})
    }

    #[test]
    fn only_the_items_own_revision_counts() {
        let sent = |changed: &[&str]| Sent {
            component: "redis".to_owned(),
            configuration: "cache-redis".to_owned(),
            generation: 3,
            specs: BTreeSet::from(["a".to_owned()]),
            changed: changed.iter().map(|spec| (*spec).to_owned()).collect(),
        };
        for (case, generation, item, changed, accepted, finished) in [
            ("older object", 2, item("a", "Finished", "2", "2"), true, "way", "way"),
            ("not taken up", 3, item("a", "Finished", "2", "2"), true, "way", "way"),
            ("nothing of it changed", 3, item("a", "Finished", "2", "2"), false, "there", "there"),
            ("stale refusal", 3, item("a", "MergeFailed", "2", "1"), true, "way", "way"),
            ("merged", 3, item("a", "Merged", "3", "1"), true, "there", "way"),
            ("upgrading", 3, item("a", "Upgrading", "3", "3"), true, "there", "way"),
            ("finished before", 3, item("a", "Finished", "3", "2"), true, "there", "way"),
            ("finished", 3, item("a", "Finished", "3", "3"), true, "there", "there"),
            ("changed again meanwhile", 4, item("a", "Finished", "4", "4"), true, "there", "there"),
            ("refused", 3, item("a", "MergeFailed", "3", "1"), true, "lost", "lost"),
            ("paused", 3, item("a", "FailedAndPause", "3", "3"), true, "lost", "lost"),
            ("refused earlier", 3, item("a", "MergeFailed", "2", "1"), false, "lost", "lost"),
            ("another item", 3, item("b", "Finished", "3", "3"), true, "way", "way"),
        ] {
            let object = object(generation, json!([item]));
            for (goal, expected) in [(Goal::Accepted, accepted), (Goal::Finished, finished)] {
                let found = match judge(&object, &sent(if changed { &["a"] } else { &[] }), goal) {
                    Verdict::There => "there",
                    Verdict::OnItsWay(_) => "way",
                    Verdict::Lost(Stopped::Refused { message, .. }) => {
                        assert_eq!(message, "because");
                        "lost"
                    }
                    Verdict::Lost(other) => panic!("{other:?}"),
                };
                assert_eq!(found, expected, "{case}, {goal:?}");
            }
        }
    }
}
