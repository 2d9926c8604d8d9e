//! From the plan to the review. Pure; the order of everything is fixed, so that the same plan gives the same text.

use std::collections::BTreeMap;

use super::impact::{Amount, Capacity, Level, Side, rank};
use super::judge::{Action, impact, is_own, of_operation, path_text};
use super::model::{
    Counts, Deferred, Drift, FORMAT_VERSION, Group, Invocation, Moved, Others, Resource, Review, Total,
    Totals, Trigger,
};
use super::plan::{ActionInvocation, Plan, ResourceChange};
use super::{destroy, facts, findings};

/// Where the objects of other providers go: those that are counted, and those that are named as well.
#[derive(Default)]
struct Foreign {
    types: BTreeMap<(String, String), Counts>,
    /// Replaced or destroyed.
    named: Vec<findings::Named>,
}

/// Everything that the plan does.
pub(super) fn assemble(plan: &Plan) -> Review {
    let mut review = Review {
        format_version: FORMAT_VERSION,
        terraform_version: plan.terraform_version.clone(),
        level: Level::None,
        unknown_levels: 0,
        errored: plan.errored == Some(true),
        complete: plan.complete,
        counts: Counts::default(),
        findings: Vec::new(),
        resources: Vec::new(),
        capacity: Totals::default(),
        others: Vec::new(),
        imported: Vec::new(),
        moved: Vec::new(),
        forgotten: Vec::new(),
        actions: plan.action_invocations.iter().map(invocation).collect(),
        deferred: deferred(plan),
        drift: drift(plan),
    };
    review.counts.outputs = plan.output_changes.values().filter(|output| is_change(&output.actions)).count();
    let mut foreign = Foreign::default();
    for change in plan.resource_changes.iter().filter(|change| change.mode != "data") {
        take(change, &mut review, &mut foreign);
    }
    let place = |resource: &Resource| (rank(resource.impact.level), resource.group);
    review.resources.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.address.cmp(&b.address)));
    review.actions.sort_by(|a, b| (rank(a.level), &a.address).cmp(&(rank(b.level), &b.address)));
    review.others = foreign
        .types
        .into_iter()
        .map(|((provider, kind), counts)| Others { kind, provider, counts })
        .collect();
    review.capacity = totals(&review.resources);
    review.level = levels(&review).flatten().max().unwrap_or_default();
    review.unknown_levels = levels(&review).filter(Option::is_none).count();
    review.findings = findings::of(&review, &foreign.named, plan);
    review
}

/// The levels of everything that this provider does.
fn levels(review: &Review) -> impl Iterator<Item = Option<Level>> {
    let resources = review.resources.iter().map(|resource| resource.impact.level);
    let actions = review.actions.iter().filter(|action| action.own).map(|action| action.level);
    resources.chain(actions)
}

fn is_change(actions: &[String]) -> bool {
    actions.iter().any(|action| action != "no-op")
}

/// Puts one change where it belongs.
fn take(change: &ResourceChange, review: &mut Review, foreign: &mut Foreign) {
    let action = Action::of(&change.change);
    review.counts.count(action);
    if change.change.importing.is_some() {
        review.counts.import += 1;
        review.imported.push(change.address.clone());
    }
    if let Some(from) = change.previous_address.clone().filter(|from| *from != change.address) {
        review.counts.moved += 1;
        review.moved.push(Moved { from, to: change.address.clone() });
    }
    if change.change.actions.iter().any(|action| action == "forget") {
        review.forgotten.push(change.address.clone());
    }
    if matches!(action, Action::None | Action::Forget) {
        return;
    }
    if is_own(&change.kind, &change.provider_name) {
        review.resources.push(resource(change, action));
        return;
    }
    let kind = (change.provider_name.clone(), change.kind.clone());
    foreign.types.entry(kind).or_default().count(action);
    if matches!(action, Action::Replace | Action::Destroy) {
        let (address, replaced_for) = (change.address.clone(), replaced_for(change));
        foreign.named.push(findings::Named { address, action, replaced_for });
    }
}

fn resource(change: &ResourceChange, action: Action) -> Resource {
    let group = group(&change.kind);
    let facts = if group == Group::Database { facts::of_database(&change.change) } else { Vec::new() };
    Resource {
        address: change.address.clone(),
        kind: change.kind.clone(),
        group,
        action,
        deposed: change.deposed.clone(),
        replaced_for: replaced_for(change),
        action_reason: change.action_reason.clone(),
        impact: impact(change),
        facts,
    }
}

fn replaced_for(change: &ResourceChange) -> Vec<String> {
    change.change.replace_paths.iter().map(path_text).filter(|path| !path.is_empty()).collect()
}

fn group(kind: &str) -> Group {
    if kind == destroy::DATABASE {
        Group::Database
    } else if destroy::KUBERNETES_CLUSTERS.contains(&kind) || destroy::NODE_GROUPS.contains(&kind) {
        Group::Kubernetes
    } else {
        Group::Other
    }
}

fn invocation(action: &ActionInvocation) -> Invocation {
    let own = is_own(&action.kind, &action.provider_name);
    let operation = own.then(|| of_operation(action.kind.trim_start_matches("kubeblocks_"))).flatten();
    let text = operation.map_or(
        if own {
            "This release of the provider does not know the action."
        } else {
            "An action of another provider."
        },
        |(_, text)| text,
    );
    let trigger = &action.lifecycle_action_trigger;
    let trigger = (!trigger.triggering_resource_address.is_empty()).then(|| Trigger {
        address: trigger.triggering_resource_address.clone(),
        event: event_text(&trigger.action_trigger_event),
    });
    Invocation {
        address: action.address.clone(),
        kind: action.kind.clone(),
        level: operation.map(|(level, _)| level),
        text: text.to_owned(),
        own,
        trigger,
    }
}

/// `AfterUpdate` and `after_update` are written by different versions.
fn event_text(event: &str) -> String {
    let mut text = String::new();
    for letter in event.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push(' ');
        }
        text.push(if letter == '_' { ' ' } else { letter.to_ascii_lowercase() });
    }
    text
}

fn deferred(plan: &Plan) -> Vec<Deferred> {
    let changes =
        plan.deferred_changes.iter().map(|deferred| (&deferred.resource_change.address, &deferred.reason));
    let actions = plan
        .deferred_action_invocations
        .iter()
        .map(|deferred| (&deferred.action_invocation.address, &deferred.reason));
    changes
        .chain(actions)
        .map(|(address, reason)| Deferred { address: address.clone(), reason: reason.clone() })
        .collect()
}

fn drift(plan: &Plan) -> Vec<Drift> {
    let drift = |change: &ResourceChange| Drift {
        address: change.address.clone(),
        action: Action::of(&change.change),
    };
    plan.resource_drift.iter().map(drift).filter(|drift| drift.action != Action::None).collect()
}

fn totals(resources: &[Resource]) -> Totals {
    Totals { databases: total(resources, Group::Database), kubernetes: total(resources, Group::Kubernetes) }
}

fn total(resources: &[Resource], group: Group) -> Option<Total> {
    let mut total = Total::default();
    for resource in resources.iter().filter(|resource| resource.group == group) {
        total.resources += 1;
        let (before, after) = counted(resource.impact.before, resource.impact.after);
        total.incomplete |= add(&mut total.before, before) | add(&mut total.after, after);
    }
    (total.resources > 0).then_some(total)
}

/// Both ends of a change, where there being nothing at one is zero of what there is at the other.
fn counted(before: Side, after: Side) -> (Side, Side) {
    let none = |capacity: Capacity| {
        Side::Is(Capacity::from_amounts(capacity.amounts().map(|amount| match amount {
            Amount::Known(_) => Amount::Known(0.0),
            other => other,
        })))
    };
    match (before, after) {
        (Side::Nothing, Side::Is(capacity)) => (none(capacity), after),
        (Side::Is(capacity), Side::Nothing) => (before, none(capacity)),
        sides => sides,
    }
}

/// Adds what is known, and says whether something is not.
fn add(sum: &mut Capacity, side: Side) -> bool {
    let capacity = match side {
        Side::Nothing => return false,
        Side::Unknown => return true,
        Side::Is(capacity) => capacity,
    };
    let mut amounts = sum.amounts();
    let mut incomplete = false;
    for (total, amount) in amounts.iter_mut().zip(capacity.amounts()) {
        match amount {
            Amount::Known(more) => *total = Amount::Known(total.known().unwrap_or_default() + more),
            Amount::Absent => {}
            Amount::Unknown => incomplete = true,
        }
    }
    *sum = Capacity::from_amounts(amounts);
    incomplete
}

#[cfg(test)]
mod tests {
    use super::super::testing::review;
    use super::*;

    fn change(rest: &str) -> Review {
        let change = format!(r#"{{"address": "a.b", "type": "a", {rest}}}"#);
        review(&format!(r#"{{"resource_changes": [{change}], "resource_drift": [{change}]}}"#))
    }

    #[test]
    fn only_managed_objects_to_which_something_happens_count() {
        let table = [
            (r#""change": {"actions": ["delete"]}"#, 1, 0, 1),
            (r#""change": {"actions": ["delete"]}, "mode": "data""#, 0, 0, 1),
            (r#""change": {"actions": ["no-op"]}"#, 0, 0, 0),
            (r#""change": {"actions": ["no-op"]}, "previous_address": "a.c""#, 0, 1, 0),
            (r#""change": {"actions": ["no-op"]}, "previous_address": "a.b""#, 0, 0, 0),
        ];
        for (rest, destroyed, moved, drifted) in table {
            let review = change(rest);
            assert_eq!((review.counts.destroy, review.counts.moved), (destroyed, moved), "{rest}");
            assert_eq!(review.drift.len(), drifted, "{rest}");
        }
    }

    #[test]
    fn events_read_the_same_from_every_version() {
        for event in ["AfterUpdate", "after_update"] {
            assert_eq!(event_text(event), "after update");
        }
    }

    #[test]
    fn an_object_that_is_replaced_and_left_behind_is_both() {
        let review = change(r#""change": {"actions": ["create", "forget"]}"#);
        assert_eq!((review.counts.add, review.forgotten), (1, vec!["a.b".to_owned()]));
    }
}
