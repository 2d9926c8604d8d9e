//! When an object is ready: a pure decision about what is seen of it, and the text when it does not come.

use serde_json::Value as Json;
use tfplugin::typed::Value;

use super::kinds::{expected_phase, known};
use super::manifest::Manifest;
use super::schema::{ObjectState, WaitFor};

/// What an object has to come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Goal {
    /// `status.phase`.
    pub phase: Option<String>,
    /// Type and status of a condition.
    pub condition: Option<(String, String)>,
    /// Phases from which it does not get there.
    pub lost: Vec<&'static str>,
    /// Whether such a phase counts although the controller has not noted the generation, as some never do for a failure.
    pub lost_unseen: bool,
}

/// What an object shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is there.
    Ready,
    /// Its controller goes on with it.
    OnItsWay,
    /// Its controller has said nothing of it, or something is wrong that may be put right.
    Waiting,
    /// It does not get there any more.
    Lost,
}

/// Phases in which a controller is at work.
const AT_WORK: [&str; 12] = [
    "Creating",
    "Disabling",
    "Enabling",
    "InProgress",
    "Initializing",
    "New",
    "Pending",
    "PreChecking",
    "PreparingRepo",
    "Running",
    "Stopping",
    "Updating",
];

impl Goal {
    /// What to wait for; `None` for nothing.
    pub fn of(state: &ObjectState, manifest: &Manifest) -> Option<Self> {
        let lost = known(&manifest.kind).map_or_else(Vec::new, |known| known.lost.to_vec());
        let Some(WaitFor { phase, condition }) = state.wait_for.known() else {
            let phase = expected_phase(&manifest.kind, &manifest.body)?;
            return Some(Self { phase: Some(phase.to_owned()), lost, ..Self::default() });
        };
        let condition = condition.known().and_then(|condition| {
            let status = condition.status.known().map_or("True", String::as_str);
            Some((condition.kind.known()?.clone(), status.to_owned()))
        });
        let goal = Self { phase: phase.known().cloned(), condition, lost, lost_unseen: false };
        let has_any = goal.phase.is_some() || goal.condition.is_some();
        has_any.then(|| goal.without_the_wanted_phase_among_the_lost())
    }

    /// Somebody may wait for `Failed`.
    fn without_the_wanted_phase_among_the_lost(mut self) -> Self {
        self.lost.retain(|lost| Some(*lost) != self.phase.as_deref());
        self
    }

    /// Judges an object that was written as its generation `written`.
    pub fn judge(&self, object: &Json, written: i64) -> Verdict {
        let generation = object["metadata"]["generation"].as_i64().unwrap_or(written);
        let status = &object["status"];
        let has_seen = |observed: &Json| observed.as_i64().is_none_or(|observed| observed >= generation);
        let phase = status["phase"].as_str().unwrap_or_default();
        if generation < written || !has_seen(&status["observedGeneration"]) {
            let is_lost = generation >= written && self.lost_unseen && self.lost.contains(&phase);
            return if is_lost { Verdict::Lost } else { Verdict::Waiting };
        }
        if self.lost.contains(&phase) {
            return Verdict::Lost;
        }
        let has_phase = self.phase.as_deref().is_none_or(|wanted| wanted == phase);
        let has_condition = self.condition.as_ref().is_none_or(|(kind, wanted)| {
            condition(status, kind).is_some_and(|found| {
                found["status"] == wanted.as_str() && has_seen(&found["observedGeneration"])
            })
        });
        match (has_phase && has_condition, AT_WORK.contains(&phase)) {
            (true, _) => Verdict::Ready,
            (false, true) => Verdict::OnItsWay,
            (false, false) => Verdict::Waiting,
        }
    }

    /// `the phase "Available"`.
    pub fn describe(&self) -> String {
        let phase = self.phase.as_ref().map(|phase| format!("the phase {phase:?}"));
        let condition =
            self.condition.as_ref().map(|(kind, status)| format!("the condition {kind} = {status}"));
        [phase, condition].into_iter().flatten().collect::<Vec<_>>().join(" and ")
    }
}

fn condition<'a>(status: &'a Json, kind: &str) -> Option<&'a Json> {
    status["conditions"].as_array()?.iter().find(|condition| condition["type"] == kind)
}

/// What the status of an object says, in lines.
pub fn describe_status(object: &Json) -> String {
    let status = &object["status"];
    let mut lines = vec![match status["phase"].as_str() {
        Some(phase) if !phase.is_empty() => format!("Its phase is {phase:?}."),
        _ => "It has no phase yet: its controller has not said anything of it.".to_owned(),
    }];
    let generation = object["metadata"]["generation"].as_i64();
    if let (Some(generation), Some(observed)) = (generation, status["observedGeneration"].as_i64())
        && observed < generation
    {
        lines.push("The controller has not seen the last change yet.".to_owned());
    }
    for field in ["message", "reason", "failureReason"] {
        if let Some(text) = status[field].as_str().filter(|text| !text.is_empty()) {
            lines.push(format!("It says: {text}"));
        }
    }
    for condition in status["conditions"].as_array().into_iter().flatten() {
        let text = |name: &str| condition[name].as_str().unwrap_or_default().to_owned();
        let words = [text("reason"), text("message")];
        let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
        lines.push(format!("Condition {} is {}: {}", text("type"), text("status"), words.join(": ")));
    }
    lines.join("\n")
}

/// Whether the wait that a state asks for is still to be made.
pub fn is_unfinished(state: &ObjectState) -> bool {
    state.ready == Value::Known(false)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resources::object::schema::WaitCondition;
    use crate::resources::object::test_support::{definition, in_hcl};

    fn text(text: &str) -> Value<String> {
        Value::Known(text.to_owned())
    }

    fn goal(state: &ObjectState) -> Option<Goal> {
        Goal::of(state, &Manifest::of(state).unwrap())
    }

    #[test]
    fn what_is_waited_for_is_what_is_written_and_else_what_the_kind_comes_to() {
        let state = in_hcl(&definition("redis"));
        assert_eq!(goal(&state).unwrap().describe(), "the phase \"Available\"");
        let wait = |phase: Value<String>, condition: Value<WaitCondition>| ObjectState {
            wait_for: Value::Known(WaitFor { phase, condition }),
            ..state.clone()
        };
        assert_eq!(goal(&wait(Value::Null, Value::Null)), None);
        let condition = Value::Known(WaitCondition { kind: text("Checked"), status: text("False") });
        let both = goal(&wait(text("Odd"), condition)).unwrap();
        assert_eq!(both.describe(), "the phase \"Odd\" and the condition Checked = False");
        let request = json!({"apiVersion": "apps.kubeblocks.io/v1alpha1", "kind": "OpsRequest", "metadata": {"name": "a", "namespace": "b"}});
        let failing = ObjectState {
            wait_for: Value::Known(WaitFor { phase: text("Failed"), condition: Value::Null }),
            ..in_hcl(&request)
        };
        assert!(!goal(&failing).unwrap().lost.contains(&"Failed"));
        assert!(goal(&in_hcl(&request)).unwrap().lost.contains(&"Failed"));
    }

    #[test]
    fn a_failure_whose_generation_is_never_noted_counts_where_it_is_asked_for() {
        let object = |generation: i64, phase: &str| json!({"metadata": {"generation": generation}, "status": {"phase": phase, "observedGeneration": 1}});
        for (lost_unseen, generation, phase, expected) in [
            (true, 2, "Failed", Verdict::Lost),
            (false, 2, "Failed", Verdict::Waiting),
            (true, 2, "Available", Verdict::Waiting),
            (true, 1, "Failed", Verdict::Waiting),
        ] {
            let goal = Goal { lost: vec!["Failed"], lost_unseen, ..Goal::default() };
            assert_eq!(
                goal.judge(&object(generation, phase), 2),
                expected,
                "{lost_unseen} {generation} {phase}"
            );
        }
    }

    #[test]
    fn an_object_is_judged_by_what_its_controller_has_seen() {
        let goal = Goal {
            phase: Some("Available".to_owned()),
            condition: Some(("Checked".to_owned(), "True".to_owned())),
            lost: vec!["Failed"],
            lost_unseen: false,
        };
        let checked = json!([{"type": "Checked", "status": "True"}]);
        for (case, generation, status, expected) in [
            ("nothing said", 2, json!({}), Verdict::Waiting),
            (
                "an old generation of the object",
                1,
                json!({"phase": "Available", "conditions": checked}),
                Verdict::Waiting,
            ),
            (
                "not seen",
                2,
                json!({"phase": "Available", "conditions": checked, "observedGeneration": 1}),
                Verdict::Waiting,
            ),
            (
                "seen",
                2,
                json!({"phase": "Available", "conditions": checked, "observedGeneration": 2}),
                Verdict::Ready,
            ),
            ("without generations", 2, json!({"phase": "Available", "conditions": checked}), Verdict::Ready),
            (
                "changed by another meanwhile",
                3,
                json!({"phase": "Available", "conditions": checked, "observedGeneration": 3}),
                Verdict::Ready,
            ),
            ("at work", 2, json!({"phase": "Enabling", "conditions": checked}), Verdict::OnItsWay),
            ("wrong", 2, json!({"phase": "Unavailable", "conditions": checked}), Verdict::Waiting),
            ("no condition", 2, json!({"phase": "Available"}), Verdict::Waiting),
            (
                "condition not so",
                2,
                json!({"phase": "Available", "conditions": [{"type": "Checked", "status": "False"}]}),
                Verdict::Waiting,
            ),
            (
                "lost",
                2,
                json!({"phase": "Failed", "conditions": checked, "observedGeneration": 2}),
                Verdict::Lost,
            ),
            (
                "lost before the change",
                2,
                json!({"phase": "Failed", "observedGeneration": 1}),
                Verdict::Waiting,
            ),
        ] {
            let object = json!({"metadata": {"generation": generation}, "status": status});
            assert_eq!(goal.judge(&object, 2), expected, "{case}");
        }
    }

    #[test]
    fn the_status_is_told_in_the_controllers_words() {
        let object = json!({"metadata": {"generation": 2}, "status": {
            "phase": "Unavailable", "observedGeneration": 1, "message": "no such constraint",
            "conditions": [{"type": "Checked", "status": "False", "reason": "Missing", "message": "gone"}]
        }});
        let text = describe_status(&object);
        for part in [
            "\"Unavailable\"",
            "not seen the last change",
            "no such constraint",
            "Condition Checked is False: Missing: gone",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(describe_status(&json!({})).contains("no phase yet"));
    }
}
