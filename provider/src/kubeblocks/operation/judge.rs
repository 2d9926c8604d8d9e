//! What an `OpsRequest` says of itself: whether it is over, how far it is, and why it failed. Pure.

use std::fmt::Write as _;

use kubeblocks_schemas::v1alpha1::ops_request::{ProgressDetail, ProgressStatus};
use kubeblocks_schemas::v1alpha1::{OpsPhase, OpsRequest, OpsRequestStatus};

/// How many lines of a kind are shown.
const SHOWN: usize = 8;

/// The progress that stands there before anything was counted.
const NOT_COUNTED: &str = "-/-";

/// Whether an operation is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Not yet.
    Going,
    /// It has done what it is for.
    Succeeded,
    /// It has not, and will not.
    Failed,
    /// It was refused, because another operation came first. Nothing was done.
    Crowded,
}

/// Whether an operation is over.
pub(super) fn judge(object: &OpsRequest) -> Verdict {
    match object.status.as_ref().and_then(|status| status.phase.as_ref()) {
        Some(OpsPhase::Succeed) => Verdict::Succeeded,
        Some(OpsPhase::Failed | OpsPhase::Cancelled) if is_crowded(object) => Verdict::Crowded,
        Some(OpsPhase::Failed | OpsPhase::Cancelled) => Verdict::Failed,
        Some(
            OpsPhase::Pending
            | OpsPhase::Creating
            | OpsPhase::Running
            | OpsPhase::Cancelling
            | OpsPhase::Other(_),
        )
        | None => Verdict::Going,
    }
}

/// The operator refuses an operation at once when it finds another one, and says so only in a text.
fn is_crowded(object: &OpsRequest) -> bool {
    let conditions = object.status.iter().flat_map(|status| &status.conditions);
    conditions
        .filter(|condition| condition.r#type == "Validated" && condition.status != "True")
        .any(|condition| condition.message.as_deref().unwrap_or_default().contains("existing OpsRequest"))
}

/// Its phase; `Pending` before the operator has seen it.
pub(super) fn phase(object: &OpsRequest) -> String {
    let phase = object.status.as_ref().and_then(|status| status.phase.clone());
    phase.unwrap_or(OpsPhase::Pending).to_string()
}

/// Done and all objects, when they were counted.
pub(super) fn progress(object: &OpsRequest) -> Option<String> {
    let progress = object.status.as_ref()?.progress.clone()?;
    (progress != NOT_COUNTED && !progress.is_empty()).then_some(progress)
}

/// What the operator says of the end.
pub(super) fn message(object: &OpsRequest) -> String {
    let conditions = object.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let of = |kind: &str| conditions.iter().find(|condition| condition.r#type == kind);
    let last = of("Failed").or_else(|| of("Cancelled")).or_else(|| of("Succeed")).or(conditions.last());
    last.and_then(|condition| condition.message.clone()).unwrap_or_default()
}

/// A line that says how far it is: `Running, 1/2: Start to restart: Pod/orders-redis-1 in Component: redis`.
pub(super) fn spoken(object: &OpsRequest) -> String {
    let mut line = phase(object);
    if let Some(progress) = progress(object) {
        let _ = write!(line, ", {progress}");
    }
    let under_way: Vec<String> = details(object)
        .filter(|(_, detail)| detail.status == Some(ProgressStatus::Processing))
        .map(|(component, detail)| said(component, detail))
        .take(SHOWN)
        .collect();
    if !under_way.is_empty() {
        let _ = write!(line, ": {}", under_way.join("; "));
    }
    line
}

/// Lines with all that an error should show.
pub(super) fn facts(object: &OpsRequest) -> String {
    let mut text = String::new();
    let conditions = object.status.iter().flat_map(|status| &status.conditions).map(|condition| {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        format!(
            "{}={}, {}: {}",
            condition.r#type,
            condition.status,
            text(&condition.reason),
            text(&condition.message)
        )
    });
    section(&mut text, "Conditions of the operation", conditions.collect());
    let unfinished = details(object).filter(|(_, detail)| detail.status != Some(ProgressStatus::Succeed));
    let objects = unfinished.map(|(component, detail)| {
        let status = detail.status.as_ref().map_or("Pending", ProgressStatus::as_str);
        format!("{status}: {}", said(component, detail))
    });
    section(&mut text, "What it has not done", objects.collect());
    text
}

fn section(text: &mut String, title: &str, lines: Vec<String>) {
    if lines.is_empty() {
        return;
    }
    let more = lines.len().saturating_sub(SHOWN);
    let _ = writeln!(text, "{title}:");
    for line in lines.into_iter().take(SHOWN) {
        let _ = writeln!(text, "- {line}");
    }
    if more > 0 {
        let _ = writeln!(text, "- and {more} more");
    }
}

fn details(object: &OpsRequest) -> impl Iterator<Item = (&String, &ProgressDetail)> {
    let components = object.status.iter().flat_map(|status: &OpsRequestStatus| &status.components);
    components
        .flat_map(|(name, component)| component.progress_details.iter().map(move |detail| (name, detail)))
}

fn said(component: &str, detail: &ProgressDetail) -> String {
    match (detail.message.as_deref(), detail.object_key.as_deref()) {
        (Some(message), _) if !message.is_empty() => message.to_owned(),
        (_, Some(object)) => format!("{object} in component {component}"),
        (_, None) => format!("component {component}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::kubeblocks::operation::test_support::typed;

    fn object(status: &Value) -> OpsRequest {
        typed(&json!({
            "apiVersion": "apps.kubeblocks.io/v1alpha1", "kind": "OpsRequest", "metadata": {"name": "r"},
            "spec": {"clusterRef": "orders", "type": "Restart"}, "status": status,
        }))
    }

    #[test]
    fn only_the_three_last_phases_end_an_operation() {
        for (phase, expected) in [
            ("Pending", Verdict::Going),
            ("Creating", Verdict::Going),
            ("Running", Verdict::Going),
            ("Cancelling", Verdict::Going),
            ("of a later version", Verdict::Going),
            ("Succeed", Verdict::Succeeded),
            ("Failed", Verdict::Failed),
            ("Cancelled", Verdict::Failed),
        ] {
            assert_eq!(judge(&object(&json!({"phase": phase}))), expected, "{phase}");
        }
        assert_eq!(judge(&object(&Value::Null)), Verdict::Going);
    }

    #[test]
    fn one_that_came_second_is_told_from_one_that_failed() {
        let refused = |message: &str| {
            object(&json!({"phase": "Failed", "conditions": [
                {"type": "Validated", "status": "False", "reason": "ValidateFailed", "message": message},
            ]}))
        };
        assert_eq!(judge(&refused("existing OpsRequest: o is running in Cluster: c")), Verdict::Crowded);
        assert_eq!(judge(&refused("OpsRequest.spec.type=Stop is forbidden")), Verdict::Failed);
    }

    #[test]
    fn progress_and_facts_are_lines_for_people() {
        let running = object(&json!({
            "phase": "Running", "progress": "1/3",
            "conditions": [{"type": "Restarting", "status": "True", "reason": "RestartStarted", "message": "Start"}],
            "components": {"redis": {"progressDetails": [
                {"objectKey": "Pod/a", "status": "Succeed", "message": "done"},
                {"objectKey": "Pod/b", "status": "Processing", "message": "Start to restart: Pod/b"},
                {"objectKey": "Pod/c", "status": "Pending"},
            ]}},
        }));
        assert_eq!(spoken(&running), "Running, 1/3: Start to restart: Pod/b");
        assert_eq!(
            facts(&running),
            "Conditions of the operation:\n- Restarting=True, RestartStarted: Start\nWhat it has not done:\n- Processing: Start to restart: Pod/b\n- Pending: Pod/c in component redis\n"
        );
        let fresh = object(&json!({"phase": "Pending", "progress": "-/-"}));
        assert_eq!((spoken(&fresh).as_str(), progress(&fresh)), ("Pending", None));
        assert_eq!(spoken(&object(&Value::Null)), "Pending");
    }
}
