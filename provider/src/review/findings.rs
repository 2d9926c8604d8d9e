//! What is worth a look, one line each, for the part that needs a human and for the formats of code scanning. Pure.

use super::impact::{Level, Reason, rank};
use super::judge::Action;
use super::model::{Deferred, Drift, Finding, FindingKind, Invocation, Resource, Review};
use super::plan::Plan;

/// An object of another provider that is replaced or destroyed.
pub(super) struct Named {
    pub(super) address: String,
    pub(super) action: Action,
    pub(super) replaced_for: Vec<String>,
}

/// Of how many reasons a finding tells; the rest stands with the resource.
const REASONS: usize = 2;

/// All findings, the worst first.
pub(super) fn of(review: &Review, foreign: &[Named], plan: &Plan) -> Vec<Finding> {
    let mut findings = of_plan(review);
    findings.extend(review.resources.iter().filter_map(of_resource));
    findings.extend(review.actions.iter().filter_map(of_action));
    findings.extend(foreign.iter().map(of_named));
    let failed = plan.checks.iter().filter(|check| matches!(check.status.as_str(), "fail" | "error"));
    findings.extend(failed.map(|check| {
        about(FindingKind::CheckFailed, &check.address.to_display, "The check does not hold.".to_owned())
    }));
    findings.extend(review.deferred.iter().map(of_deferred));
    findings.extend(review.drift.iter().map(of_drift));
    // Stable: within a kind the order is that of the resources.
    findings.sort_by_key(|finding| finding.kind);
    findings
}

fn about(kind: FindingKind, address: &str, text: String) -> Finding {
    Finding { kind, address: Some(address.to_owned()), text }
}

fn of_plan(review: &Review) -> Vec<Finding> {
    let plan = |kind, text: &str| Finding { kind, address: None, text: text.to_owned() };
    if review.errored {
        let text = "Only what was planned before its error is reviewed.";
        return vec![plan(FindingKind::PlanErrored, text)];
    }
    if review.complete == Some(false) {
        let text = "After its apply, another plan and apply are needed.";
        return vec![plan(FindingKind::PlanIncomplete, text)];
    }
    Vec::new()
}

fn of_resource(resource: &Resource) -> Option<Finding> {
    let kind = match (resource.impact.level, resource.action) {
        (Some(Level::DataLoss), _) => FindingKind::DataLoss,
        (None, _) => FindingKind::UnknownImpact,
        (Some(Level::Downtime), _) => FindingKind::Downtime,
        (_, Action::Replace) => FindingKind::Replace,
        (_, Action::Destroy) => FindingKind::Destroy,
        (Some(Level::RollingRestart), _) => FindingKind::RollingRestart,
        (Some(Level::None), _) => return None,
    };
    let mut reasons: Vec<&Reason> =
        resource.impact.reasons.iter().filter(|reason| !reason.text.is_empty()).collect();
    reasons.sort_by_key(|reason| rank(reason.level));
    let mut text = done(resource.action, &resource.replaced_for, resource.deposed.is_some());
    if let Some(why) = resource.action_reason.as_deref().and_then(why) {
        text = format!("{text} {why}");
    }
    // Several attributes may have the same effect.
    let mut told: Vec<String> = Vec::new();
    for sentence in reasons.iter().map(|reason| sentence(reason.text.trim())) {
        if told.len() < REASONS && !told.contains(&sentence) {
            text = format!("{text} {sentence}");
            told.push(sentence);
        }
    }
    Some(about(kind, &resource.address, text))
}

/// What is done, as a sentence.
fn done(action: Action, replaced_for: &[String], deposed: bool) -> String {
    match action {
        Action::Destroy if deposed => "What an earlier replacement has left is destroyed.".to_owned(),
        Action::Replace if replaced_for.is_empty() => "It is replaced.".to_owned(),
        Action::Replace => {
            let paths: Vec<String> = replaced_for.iter().map(|path| format!("`{path}`")).collect();
            format!("It is replaced because of {}.", paths.join(", "))
        }
        Action::Destroy => "It is destroyed.".to_owned(),
        Action::Add => "It is added.".to_owned(),
        Action::Change => "It is changed.".to_owned(),
        Action::Forget => "It leaves the state.".to_owned(),
        Action::None => String::new(),
    }
}

/// Why Terraform does it, where the attributes do not tell.
pub(super) fn why(action_reason: &str) -> Option<&'static str> {
    match action_reason {
        "replace_because_tainted" => Some("An earlier apply did not finish it."),
        "replace_by_request" => Some("Whoever made the plan asked for it."),
        "replace_by_triggers" => Some("What it is bound to changes."),
        _ if action_reason.starts_with("delete_because_") => Some("The configuration has it no longer."),
        _ => None,
    }
}

/// With a capital letter and a full stop, so that several stand in a row.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let Some(first) = letters.next() else { return String::new() };
    let rest = letters.as_str();
    // A name keeps its first letter as it is.
    let word = text.split(' ').next().unwrap_or_default();
    let is_word = word.chars().all(char::is_lowercase);
    let stop = if text.ends_with(['.', '!', '?', ':']) { "" } else { "." };
    if is_word { format!("{}{rest}{stop}", first.to_uppercase()) } else { format!("{text}{stop}") }
}

fn of_action(action: &Invocation) -> Option<Finding> {
    let kind = match action.level {
        None if action.own => FindingKind::UnknownImpact,
        None | Some(Level::None) => return None,
        Some(Level::RollingRestart) => FindingKind::RollingRestart,
        Some(Level::Downtime) => FindingKind::Downtime,
        Some(Level::DataLoss) => FindingKind::DataLoss,
    };
    Some(about(kind, &action.address, action.text.clone()))
}

fn of_named(named: &Named) -> Finding {
    let kind = if named.action == Action::Replace { FindingKind::Replace } else { FindingKind::Destroy };
    about(kind, &named.address, done(named.action, &named.replaced_for, false))
}

fn of_deferred(deferred: &Deferred) -> Finding {
    let why = match deferred.reason.as_str() {
        "instance_count_unknown" => "how many there will be is not known yet",
        "resource_config_unknown" => "its configuration is not known yet",
        "provider_config_unknown" => "the configuration of its provider is not known yet",
        "deferred_prereq" => "what it needs is left to a later plan",
        "absent_prereq" => "what it needs is not there yet",
        "excluded" | "not_included" => "it is not part of this plan",
        _ => "Terraform does not say why",
    };
    about(FindingKind::Deferred, &deferred.address, sentence(why))
}

fn of_drift(drift: &Drift) -> Finding {
    let text = match drift.action {
        Action::Destroy => "It is gone: somebody else removed it.",
        Action::Add | Action::Change | Action::Replace | Action::Forget | Action::None => {
            "Somebody else changed it since the last apply."
        }
    };
    about(FindingKind::Drift, &drift.address, text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_begin_and_end_like_some_and_names_stay() {
        for (text, expected) in [
            ("the volumes grow", "The volumes grow."),
            ("All stop.", "All stop."),
            ("pg-2 is removed", "pg-2 is removed."),
            ("`Halt` keeps it", "`Halt` keeps it."),
            ("why?", "why?"),
            ("", ""),
        ] {
            assert_eq!(sentence(text), expected);
        }
    }

    #[test]
    fn terraforms_reasons_are_told_and_new_ones_are_not_guessed() {
        for (reason, told) in [
            ("replace_because_tainted", true),
            ("replace_by_request", true),
            ("delete_because_each_key", true),
            ("replace_because_cannot_update", false),
            ("read_because_config_unknown", false),
            ("something_new", false),
        ] {
            assert_eq!(why(reason).is_some(), told, "{reason}");
        }
    }
}
