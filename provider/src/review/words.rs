//! The words that all formats for people share.

use super::impact::{Amount, Capacity, Level, Side};
use super::judge::Action;
use super::model::{Counts, Review};

/// A level as people read it.
pub(super) fn level(level: Option<Level>) -> &'static str {
    match level {
        None => "not known before the apply",
        Some(Level::None) => "none",
        Some(Level::RollingRestart) => "rolling restart",
        Some(Level::Downtime) => "downtime",
        Some(Level::DataLoss) => "data loss",
    }
}

/// What was done to an object.
pub(super) fn action(action: Action) -> &'static str {
    match action {
        Action::None => "unchanged",
        Action::Add => "added",
        Action::Change => "changed",
        Action::Replace => "replaced",
        Action::Destroy => "destroyed",
        Action::Forget => "forgotten",
    }
}

/// The one sentence to read when only one is read.
pub(super) fn headline(review: &Review) -> &'static str {
    let own = !review.resources.is_empty() || !review.actions.is_empty();
    match review.level {
        _ if review.errored => "The plan failed.",
        Level::DataLoss => "This plan deletes data.",
        _ if review.unknown_levels > 0 => "What this plan disturbs is not fully known.",
        Level::Downtime => "This plan takes a database out of service.",
        Level::RollingRestart => "This plan restarts instances, one after another.",
        Level::None if own => "This plan disturbs nothing that KubeBlocks runs.",
        Level::None if !is_empty(review.counts) => "This plan changes nothing of KubeBlocks.",
        Level::None if review.counts.outputs > 0 => "Only outputs change.",
        Level::None => "Nothing changes.",
    }
}

fn is_empty(counts: Counts) -> bool {
    let Counts { add, change, replace, destroy, forget, import, moved, outputs: _ } = counts;
    add + change + replace + destroy + forget + import + moved == 0
}

/// How many objects are touched, as a sentence; empty when there are none.
pub(super) fn counts(counts: Counts) -> String {
    let Counts { add, change, replace, destroy, forget, import, moved, outputs } = counts;
    let outputs_change = if outputs == 1 { "output changes" } else { "outputs change" };
    let parts = [
        (add, "to add"),
        (change, "to change"),
        (replace, "to replace"),
        (destroy, "to destroy"),
        (forget, "to forget"),
        (import, "to import"),
        (moved, "moved"),
        (outputs, outputs_change),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
    if parts.is_empty() { String::new() } else { format!("{}.", parts.join(", ")) }
}

/// How many changes have an impact that is not known; empty when there are none.
pub(super) fn unknown(review: &Review) -> String {
    match review.unknown_levels {
        0 => String::new(),
        1 => "The impact of 1 change is not known before the apply.".to_owned(),
        number => format!("The impact of {number} changes is not known before the apply."),
    }
}

/// `1 instance`, `2 instances`.
pub(super) fn plural(number: f64, one: &str, many: &str) -> String {
    let what = if (number - 1.0).abs() < f64::EPSILON { one } else { many };
    format!("{} {what}", self::number(number))
}

/// At most two digits behind the point, and none that say nothing.
pub(super) fn number(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The headings of capacity, in the order of `Capacity::amounts`.
pub(super) const CAPACITY: [&str; 5] = ["Instances", "Nodes", "CPU (cores)", "Memory (GiB)", "Storage (GiB)"];

/// Capacity before and after, per kind; `None` for one that does not apply.
pub(super) fn capacity(before: Side, after: Side) -> [Option<String>; 5] {
    // Of what comes or goes, and was never told of, there is nothing to say.
    if matches!((before, after), (Side::Unknown, Side::Nothing) | (Side::Nothing, Side::Unknown)) {
        return [const { None }; 5];
    }
    let (before, after) = (amounts(before), amounts(after));
    std::array::from_fn(|index| change(before[index], after[index]))
}

/// What there is nothing of is zero where the other side has something.
fn amounts(side: Side) -> [Amount; 5] {
    match side {
        Side::Nothing => [Amount::Known(0.0); 5],
        Side::Is(capacity) => capacity.amounts(),
        Side::Unknown => Capacity::default().amounts().map(|_| Amount::Unknown),
    }
}

fn change(before: Amount, after: Amount) -> Option<String> {
    let told = |amount| match amount {
        Amount::Known(known) => number(known),
        Amount::Absent | Amount::Unknown => "?".to_owned(),
    };
    match (before, after) {
        (Amount::Absent, _) if after.known().is_none_or(|known| known == 0.0) => None,
        (_, Amount::Absent) if before.known().is_none_or(|known| known == 0.0) => None,
        (Amount::Unknown, Amount::Unknown) => None,
        (Amount::Known(before), Amount::Known(after)) if before == 0.0 && after == 0.0 => None,
        (Amount::Known(one), Amount::Known(other)) if number(one) == number(other) => Some(number(one)),
        _ => Some(format!("{} → {}", told(before), told(after))),
    }
}

/// Cuts what is too long for a page in its middle, as both ends tell something.
pub(super) fn shorten(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.to_owned();
    }
    let kept = most.saturating_sub(1) / 2;
    let head: String = text.chars().take(kept).collect();
    let tail: String = text.chars().skip(length - kept).collect();
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, expected) in
            [(0.0, "0"), (2.0, "2"), (1.5, "1.5"), (0.25, "0.25"), (0.333_3, "0.33"), (100.0, "100")]
        {
            assert_eq!(number(value), expected);
        }
        assert_eq!(
            (plural(1.0, "node", "nodes"), plural(0.0, "node", "nodes")),
            ("1 node".into(), "0 nodes".into())
        );
    }

    #[test]
    fn counts_name_only_what_there_is() {
        assert_eq!(counts(Counts::default()), "");
        let some = Counts { add: 2, destroy: 1, moved: 3, outputs: 1, ..Counts::default() };
        assert_eq!(counts(some), "2 to add, 1 to destroy, 3 moved, 1 output changes.");
        assert_eq!(counts(Counts { outputs: 2, ..Counts::default() }), "2 outputs change.");
    }

    #[test]
    fn capacity_shows_what_applies() {
        let known = Amount::Known;
        let table = [
            (known(2.0), known(3.0), Some("2 → 3")),
            (known(2.0), known(2.0), Some("2")),
            (known(0.0), known(0.0), None),
            (known(0.0), known(3.0), Some("0 → 3")),
            (Amount::Absent, Amount::Absent, None),
            (Amount::Absent, known(0.0), None),
            (known(0.0), Amount::Absent, None),
            (known(2.0), Amount::Absent, Some("2 → ?")),
            (known(2.0), Amount::Unknown, Some("2 → ?")),
            (Amount::Unknown, known(2.0), Some("? → 2")),
            (Amount::Unknown, Amount::Unknown, None),
            (known(0.0), Amount::Unknown, Some("0 → ?")),
        ];
        for (before, after, expected) in table {
            assert_eq!(change(before, after).as_deref(), expected, "{before:?} {after:?}");
        }
        let some = Side::Is(Capacity { instances: known(2.0), ..Capacity::default() });
        assert_eq!(capacity(some, Side::Nothing)[..2], [Some("2 → 0".to_owned()), None]);
        assert_eq!(capacity(Side::Nothing, some)[..2], [Some("0 → 2".to_owned()), None]);
        assert_eq!(capacity(Side::Unknown, Side::Nothing), [const { None }; 5]);
        assert_eq!(capacity(some, Side::Unknown)[0], Some("2 → ?".to_owned()));
    }

    #[test]
    fn long_texts_keep_both_ends() {
        assert_eq!(shorten("abc", 3), "abc");
        assert_eq!(shorten("abcdefgh", 5), "ab…gh");
        assert_eq!(shorten("äöüßäöüß", 5), "äö…üß");
    }
}
