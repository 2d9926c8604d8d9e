//! From the review to the page for people: what stands where, and in which words. Pure; escapes nothing.

use super::document::{Body, Card, Document, Inline, Line, Section, Table, prose};
use super::findings::{sentence, why};
use super::impact::{Level, Reason, Side, rank};
use super::judge::Action;
use super::model::{Counts, Finding, Group, Invocation, Resource, Review, Total};
use super::words;

/// An address or a path of more characters is shortened: nobody reads it, and it would fill a page.
const LONGEST_NAME: usize = 200;
/// The same for a sentence.
const LONGEST_TEXT: usize = 400;
/// Of how many reasons, attributes and removed things a card tells.
const MOST_LINES: usize = 12;

/// The page of a review.
pub(super) fn compose(review: &Review) -> Document {
    let mut lead = vec![vec![Inline::Strong(words::headline(review).to_owned())]];
    let counts = words::counts(review.counts);
    if !counts.is_empty() {
        lead[0].push(text(format!(" {counts}")));
    }
    let unknown = words::unknown(review);
    if !unknown.is_empty() {
        lead.push(vec![text(unknown)]);
    }
    let sections = [
        summary(review),
        capacity(review),
        list("Needs a human", ["finding", "findings"], attention(review)),
        cards("Databases", ["database", "databases"], review, Group::Database),
        cards(
            "Kubernetes clusters and nodes",
            ["Kubernetes resource", "Kubernetes resources"],
            review,
            Group::Kubernetes,
        ),
        cards(
            "Other KubeBlocks resources",
            ["KubeBlocks resource", "KubeBlocks resources"],
            review,
            Group::Other,
        ),
        list("Actions", ["action", "actions"], review.actions.iter().map(action).collect()),
        list("Imported", ["import", "imports"], addresses(&review.imported)),
        list("Moved", ["move", "moves"], moved(review)),
        list(
            "Forgotten, not destroyed",
            ["forgotten object", "forgotten objects"],
            addresses(&review.forgotten),
        ),
        others(review),
    ];
    Document { title: title(review), lead, sections: sections.into_iter().flatten().collect() }
}

fn text(text: impl Into<String>) -> Inline {
    Inline::Text(text.into())
}

fn name(name: &str) -> Inline {
    Inline::Code(words::shorten(name, LONGEST_NAME))
}

fn said(text: &str) -> Line {
    prose(&sentence(&words::shorten(text.trim(), LONGEST_TEXT)))
}

fn title(review: &Review) -> Line {
    let level =
        if review.level != Level::DataLoss && review.unknown_levels > 0 { None } else { Some(review.level) };
    let mut title = vec![text("Plan review")];
    if !review.resources.is_empty() || !review.actions.is_empty() {
        title.extend([text(": "), Inline::Level(level)]);
    }
    title
}

fn list(heading: &'static str, item: [&'static str; 2], lines: Vec<Line>) -> Option<Section> {
    (!lines.is_empty()).then_some(Section { heading, item, body: Body::List(lines) })
}

fn summary(review: &Review) -> Option<Section> {
    let mut rows = Vec::new();
    for (name, group) in [
        ("Databases", Group::Database),
        ("Kubernetes clusters and nodes", Group::Kubernetes),
        ("Other KubeBlocks resources", Group::Other),
    ] {
        let resources = || review.resources.iter().filter(|resource| resource.group == group);
        let mut counts = Counts::default();
        resources().for_each(|resource| counts.count(resource.action));
        if let Some(worst) =
            resources().map(|resource| resource.impact.level).min_by_key(|level| rank(*level))
        {
            rows.push(summary_row(name, counts, Inline::Level(worst)));
        }
    }
    let mut others = Counts::default();
    for of_type in &review.others {
        others.add += of_type.counts.add;
        others.change += of_type.counts.change;
        others.replace += of_type.counts.replace;
        others.destroy += of_type.counts.destroy;
    }
    if others != Counts::default() {
        rows.push(summary_row("Other providers", others, text("not judged")));
    }
    let head = vec!["", "Impact", "Add", "Change", "Replace", "Destroy"];
    let body = Body::Table(Table { head, rows, numbers: 2..6 });
    (review.resources.len() + review.others.len() > 0).then_some(Section {
        heading: "Summary",
        item: ["row", "rows"],
        body,
    })
}

fn summary_row(name: &str, counts: Counts, impact: Inline) -> Vec<Line> {
    [vec![vec![text(name)], vec![impact]], numbers(counts)].concat()
}

fn numbers(counts: Counts) -> Vec<Line> {
    let number = |number: usize| vec![text(if number == 0 { "–".to_owned() } else { number.to_string() })];
    let Counts { add, change, replace, destroy, .. } = counts;
    vec![number(add), number(change), number(replace), number(destroy)]
}

fn capacity(review: &Review) -> Option<Section> {
    let totals = [("Databases", review.capacity.databases), ("Kubernetes nodes", review.capacity.kubernetes)];
    let rows: Vec<_> = totals.into_iter().filter_map(|(name, total)| capacity_row(name, total?)).collect();
    let mut head = vec![""];
    head.extend(words::CAPACITY);
    let body = Body::Table(Table { head, rows: rows.clone(), numbers: 1..6 });
    (!rows.is_empty()).then_some(Section { heading: "Capacity of what changes", item: ["row", "rows"], body })
}

fn capacity_row(name: &str, total: Total) -> Option<Vec<Line>> {
    let changes = words::capacity(Side::Is(total.before), Side::Is(total.after));
    if changes.iter().all(Option::is_none) {
        return None;
    }
    let name = if total.incomplete { format!("{name}, at least") } else { name.to_owned() };
    let cell = |change: Option<String>| vec![text(change.unwrap_or_else(|| "–".to_owned()))];
    Some([vec![text(name)]].into_iter().chain(changes.into_iter().map(cell)).collect())
}

fn attention(review: &Review) -> Vec<Line> {
    review.findings.iter().filter(|finding| finding.kind.needs_human()).map(finding).collect()
}

fn finding(finding: &Finding) -> Line {
    let mut line = vec![Inline::Strong(finding.kind.title().to_owned())];
    if let Some(address) = &finding.address {
        line.extend([text(" "), name(address)]);
    }
    line.push(text(": "));
    line.extend(said(&finding.text));
    line
}

fn cards(heading: &'static str, item: [&'static str; 2], review: &Review, group: Group) -> Option<Section> {
    let cards: Vec<Card> =
        review.resources.iter().filter(|resource| resource.group == group).map(card).collect();
    (!cards.is_empty()).then_some(Section { heading, item, body: Body::Cards(cards) })
}

fn card(resource: &Resource) -> Card {
    let level = resource.impact.level;
    let mut title = vec![name(&resource.address)];
    if let Some(deposed) = &resource.deposed {
        title.extend([text(" (left over as "), name(deposed), text(")")]);
    }
    title.extend([text(format!(": {}, ", words::action(resource.action))), Inline::Level(level)]);
    let mut lines = effects(resource);
    lines.extend(resource.facts.iter().take(MOST_LINES).map(|fact| {
        let after = fact.after.as_deref().map_or_else(|| text("not known before the apply"), name);
        vec![name(&fact.path), text(": "), name(&fact.before), text(" → "), after]
    }));
    let mut reasons: Vec<&Reason> = resource.impact.reasons.iter().collect();
    reasons.sort_by_key(|reason| rank(reason.level));
    lines.extend(reasons.iter().take(MOST_LINES).map(|reason| because(reason, level)));
    if reasons.len() > MOST_LINES {
        lines.push(vec![text(format!("And {} more reasons.", reasons.len() - MOST_LINES))]);
    }
    lines.extend(capacity_line(resource));
    Card { level, title, lines }
}

/// What restarts, what goes.
fn effects(resource: &Resource) -> Vec<Line> {
    let mut lines = Vec::new();
    if !resource.replaced_for.is_empty() && resource.action == Action::Replace {
        lines.push(joined("Replaced because of ", resource.replaced_for.iter().map(|path| name(path))));
    }
    if let Some(why) = resource.action_reason.as_deref().and_then(why) {
        lines.push(vec![text(why)]);
    }
    let impact = &resource.impact;
    if let Some(number) = impact.instances_restarted.known().filter(|number| *number > 0.0) {
        lines.push(vec![text(format!("Restarted: {}.", words::plural(number, "instance", "instances")))]);
    }
    if let Some(number) = impact.nodes_recreated.known().filter(|number| *number > 0.0) {
        lines.push(vec![text(format!("Made anew: {}.", words::plural(number, "node", "nodes")))]);
    }
    if !impact.data_removed.is_empty() {
        let removed = impact.data_removed.iter().map(|removed| text(words::shorten(removed, LONGEST_NAME)));
        lines.push(joined("Data that goes: ", removed));
    }
    lines
}

/// Several things in one line, some of them when they are many.
fn joined(start: &str, things: impl ExactSizeIterator<Item = Inline>) -> Line {
    let left_out = things.len().saturating_sub(MOST_LINES);
    let mut line = vec![text(start)];
    for (index, thing) in things.take(MOST_LINES).enumerate() {
        if index > 0 {
            line.push(text(", "));
        }
        line.push(thing);
    }
    line.push(text(if left_out > 0 { format!(" and {left_out} more.") } else { ".".to_owned() }));
    line
}

/// The level stands with a reason only where it is another than the resource's.
fn because(reason: &Reason, level: Option<Level>) -> Line {
    let mut line = Vec::new();
    if !reason.path.is_empty() {
        line.extend([name(&reason.path), text(": ")]);
    }
    if reason.level != level && reason.level.is_some() {
        line.extend([Inline::Level(reason.level), text(": ")]);
    }
    line.extend(said(&reason.text));
    line
}

fn capacity_line(resource: &Resource) -> Option<Line> {
    let names = ["instances", "nodes", "CPU cores", "GiB memory", "GiB storage"];
    let changes = words::capacity(resource.impact.before, resource.impact.after);
    let parts: Vec<String> = changes
        .into_iter()
        .zip(names)
        .filter_map(|(change, name)| Some(format!("{} {name}", change?)))
        .collect();
    (!parts.is_empty()).then(|| vec![text(format!("Capacity: {}.", parts.join(", ")))])
}

fn action(action: &Invocation) -> Line {
    let mut line = vec![name(&action.address), text(" ("), name(&action.kind), text(")")];
    if let Some(trigger) = &action.trigger {
        line.extend([text(format!(" {} of ", words::shorten(&trigger.event, 40))), name(&trigger.address)]);
    }
    line.push(text(": "));
    if action.own {
        line.extend([Inline::Level(action.level), text(". ")]);
    }
    line.push(text(action.text.clone()));
    line
}

fn addresses(addresses: &[String]) -> Vec<Line> {
    addresses.iter().map(|address| vec![name(address)]).collect()
}

fn moved(review: &Review) -> Vec<Line> {
    review.moved.iter().map(|moved| vec![name(&moved.from), text(" → "), name(&moved.to)]).collect()
}

fn others(review: &Review) -> Option<Section> {
    let rows: Vec<_> = review
        .others
        .iter()
        .map(|of_type| {
            let (kind, provider) = (vec![name(&of_type.kind)], vec![name(&of_type.provider)]);
            [vec![kind], numbers(of_type.counts), vec![provider]].concat()
        })
        .collect();
    let head = vec!["Type", "Add", "Change", "Replace", "Destroy", "Provider"];
    let section = Section {
        heading: "Other providers",
        item: ["type of other providers", "types of other providers"],
        body: Body::Table(Table { head, rows: rows.clone(), numbers: 1..5 }),
    };
    (!rows.is_empty()).then_some(section)
}

#[cfg(test)]
mod tests {
    use super::super::testing::review;
    use super::*;

    /// A page of one database that has much of everything, each of it long.
    fn crowded() -> Document {
        let long = |start: &str| format!("{start}{}", "x".repeat(5_000));
        let reasons: Vec<_> = (0..40)
            .map(|_| serde_json::json!({ "path": long("path"), "level": "downtime", "text": long("text ") }))
            .collect();
        let removed: Vec<_> = (0..40).map(|_| long("volume")).collect();
        let impact = serde_json::json!({ "level": "data_loss", "reasons": reasons, "data_removed": removed });
        let change = serde_json::json!({
            "address": long("kubeblocks_cluster.a"),
            "type": "kubeblocks_cluster",
            "change": { "actions": ["update"], "before": {}, "after": { "planned_impact": impact } },
        });
        compose(&review(&serde_json::json!({ "resource_changes": [change] }).to_string()))
    }

    fn cards(document: &Document) -> Vec<&Card> {
        document
            .sections
            .iter()
            .flat_map(|section| match &section.body {
                Body::Cards(cards) => cards.iter().collect(),
                Body::Table(_) | Body::List(_) => Vec::new(),
            })
            .collect()
    }

    fn length(inline: &Inline) -> usize {
        match inline {
            Inline::Text(text) | Inline::Code(text) | Inline::Strong(text) => text.chars().count(),
            Inline::Level(_) => 0,
        }
    }

    #[test]
    fn one_resource_cannot_fill_the_page() {
        let document = crowded();
        let [card] = cards(&document)[..] else { panic!("{document:?}") };
        // What goes, the reasons, and how many more there are.
        assert_eq!(card.lines.len(), 1 + MOST_LINES + 1);
        assert_eq!(card.lines.last().unwrap(), &vec![text("And 28 more reasons.")]);
        let all = card.lines.iter().flatten().chain(&card.title);
        assert!(all.clone().all(|inline| length(inline) <= LONGEST_TEXT + 1), "{card:?}");
        assert!(all.map(length).sum::<usize>() < 12_000);
        assert!(card.lines[0].contains(&text(" and 28 more.")), "{:?}", card.lines[0]);
    }

    #[test]
    fn a_level_stands_with_a_reason_only_where_it_is_another() {
        let reason = |level| Reason::new(Some(level), "the volumes grow");
        let words = vec![text("The volumes grow.")];
        assert_eq!(because(&reason(Level::None), Some(Level::None)), words);
        let told = [vec![Inline::Level(Some(Level::None)), text(": ")], words].concat();
        assert_eq!(because(&reason(Level::None), Some(Level::Downtime)), told);
    }

    #[test]
    fn sections_without_content_are_left_out() {
        let document = compose(&review("{}"));
        assert_eq!(document.sections, vec![]);
        assert_eq!(document.title, vec![text("Plan review")]);
    }
}
