//! The attribute `planned_impact` of a plan, in which everything may be absent, unknown, sensitive, or of a later release.
//! What is not known is never taken for harmless.

use serde_json::Value;

use super::attributes::Attributes;
use super::impact::{Amount, Capacity, Impact, Level, Reason, Side};
use super::plan::Change;

const ATTRIBUTE: &str = "planned_impact";
const UNKNOWN: &str = "Its impact is not known before the apply.";

/// The impact as the provider has planned it; `None` when it said nothing.
pub(super) fn planned(change: &Change) -> Option<Impact> {
    if change.after_sensitive.is_marked_within(ATTRIBUTE) {
        return Some(Impact::unknown("The impact is marked as sensitive and is not shown."));
    }
    let planned = change.after.get(ATTRIBUTE);
    if !planned.is_object() && !change.after_unknown.is_marked_within(ATTRIBUTE) {
        return None;
    }
    Some(Read { value: planned, unknown: change.after_unknown.get(ATTRIBUTE) }.impact())
}

/// The capacity that the last change has left, from the state.
pub(super) fn current_capacity(before: &Attributes) -> Side {
    match before.get(ATTRIBUTE).get("after") {
        Some(capacity) if capacity.is_object() => {
            Side::Is(Read { value: capacity, unknown: &Value::Null }.capacity())
        }
        _ => Side::Unknown,
    }
}

/// A value beside the marks of what is unknown in it.
#[derive(Clone, Copy)]
struct Read<'a> {
    value: &'a Value,
    unknown: &'a Value,
}

impl<'a> Read<'a> {
    fn member(self, name: &str) -> Self {
        let of = |value: &'a Value| value.get(name).unwrap_or(&Value::Null);
        // What is unknown as a whole is so in its parts.
        let unknown = if self.is_unknown() { self.unknown } else { of(self.unknown) };
        Self { value: of(self.value), unknown }
    }

    fn items(self) -> impl Iterator<Item = Self> {
        let values = self.value.as_array().map(Vec::as_slice).unwrap_or_default();
        values.iter().enumerate().map(move |(index, value)| Self {
            value,
            unknown: self.unknown.get(index).unwrap_or(&Value::Null),
        })
    }

    fn is_unknown(self) -> bool {
        *self.unknown == Value::Bool(true)
    }

    fn text(self) -> String {
        self.value.as_str().unwrap_or_default().to_owned()
    }

    fn amount(self) -> Amount {
        Amount::read(self.value, self.is_unknown())
    }

    /// A word that is no level comes from another release of the provider, and may mean anything.
    fn level(self) -> Option<Level> {
        Level::from_name(self.value.as_str()?)
    }

    fn capacity(self) -> Capacity {
        Capacity::from_amounts(Capacity::NAMES.map(|name| self.member(name).amount()))
    }

    fn side(self) -> Side {
        if self.value.is_object() { Side::Is(self.capacity()) } else { Side::Unknown }
    }

    fn impact(self) -> Impact {
        let reason = |reason: Self| Reason {
            path: reason.member("path").text(),
            level: reason.member("level").level(),
            text: reason.member("text").text(),
        };
        let mut reasons: Vec<Reason> = self.member("reasons").items().map(reason).collect();
        let level = self.member("level").level();
        if level.is_none() {
            reasons.insert(0, Reason::new(None, UNKNOWN));
        }
        let removed = self.member("data_removed").items().map(Self::text).filter(|text| !text.is_empty());
        Impact {
            level,
            reasons,
            instances_restarted: self.member("instances_restarted").amount(),
            nodes_recreated: self.member("nodes_recreated").amount(),
            data_removed: removed.collect(),
            before: self.member("before").side(),
            after: self.member("after").side(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn impact(change: Value) -> Option<Impact> {
        planned(&serde_json::from_value(change).unwrap())
    }

    #[test]
    fn everything_that_the_provider_tells_is_read() {
        let capacity =
            json!({ "instances": 2, "nodes": null, "cpu": 1.5, "memory_gib": 4, "storage_gib": 40 });
        let reason = json!({ "path": "version", "level": "rolling_restart", "text": "restarts" });
        let read = impact(json!({ "after": { "planned_impact": {
            "level": "rolling_restart", "reasons": [reason], "instances_restarted": 2, "nodes_recreated": null,
            "data_removed": ["a", "", 3], "before": null, "after": capacity,
        } } }))
        .unwrap();
        let expected = Impact {
            level: Some(Level::RollingRestart),
            reasons: vec![Reason {
                path: "version".to_owned(),
                level: Some(Level::RollingRestart),
                text: "restarts".to_owned(),
            }],
            instances_restarted: Amount::Known(2.0),
            nodes_recreated: Amount::Absent,
            data_removed: vec!["a".to_owned()],
            before: Side::Unknown,
            after: Side::Is(Capacity {
                instances: Amount::Known(2.0),
                nodes: Amount::Absent,
                cpu: Amount::Known(1.5),
                memory_gib: Amount::Known(4.0),
                storage_gib: Amount::Known(40.0),
            }),
        };
        assert_eq!(read, expected);
        let written = serde_json::to_value(&expected).unwrap();
        assert_eq!(written["after"], capacity);
        assert_eq!((&written["before"], &written["nodes_recreated"]), (&Value::Null, &Value::Null));
    }

    #[test]
    fn what_is_not_known_is_not_taken_for_harmless() {
        let known = json!({ "level": "none", "reasons": [] });
        let table = [
            // Nothing is said.
            (json!({ "after": {} }), None),
            (json!({ "after": { "planned_impact": null } }), None),
            (json!({ "after": {}, "after_unknown": { "planned_impact": false } }), None),
            (json!({ "after": {}, "after_unknown": { "planned_impact": {} } }), None),
            // Unknown as a whole, or in the level.
            (json!({ "after": {}, "after_unknown": { "planned_impact": true } }), Some(None)),
            (json!({ "after": {}, "after_unknown": true }), Some(None)),
            (json!({ "after": {}, "after_unknown": { "planned_impact": { "level": true } } }), Some(None)),
            (json!({ "after": { "planned_impact": { "level": null } } }), Some(None)),
            // A level of a later release.
            (json!({ "after": { "planned_impact": { "level": "flood" } } }), Some(None)),
            // Hidden.
            (
                json!({ "after": { "planned_impact": known }, "after_sensitive": { "planned_impact": { "level": true } } }),
                Some(None),
            ),
            (json!({ "after": { "planned_impact": known }, "after_sensitive": true }), Some(None)),
            // Known, with something beside it that is not.
            (
                json!({ "after": { "planned_impact": known }, "after_unknown": { "planned_impact": { "after": true } } }),
                Some(Some(Level::None)),
            ),
        ];
        for (change, expected) in table {
            let read = impact(change.clone());
            assert_eq!(read.as_ref().map(|impact| impact.level), expected, "{change}");
            if let Some(Impact { level: None, reasons, .. }) = read {
                assert_eq!(reasons.len(), 1, "{change}");
            }
        }
    }

    #[test]
    fn single_numbers_may_be_unknown_or_wrong() {
        let after = json!({ "instances": 1, "nodes": "two", "cpu": 1e300, "memory_gib": 1 });
        let read = impact(json!({
            "after": { "planned_impact": { "level": "none", "after": after } },
            "after_unknown": { "planned_impact": { "after": { "cpu": true, "storage_gib": true }, "instances_restarted": true } },
        }))
        .unwrap();
        let Side::Is(capacity) = read.after else { panic!("{read:?}") };
        let one = Amount::Known(1.0);
        assert_eq!(capacity.amounts(), [one, Amount::Absent, Amount::Unknown, one, Amount::Unknown]);
        assert_eq!(read.instances_restarted, Amount::Unknown);
        assert_eq!(Amount::read(&json!(1e300), false), Amount::Absent);
    }

    #[test]
    fn the_state_tells_what_there_is_now() {
        let before = |value: Value| serde_json::from_value::<Attributes>(value).unwrap();
        let state = before(json!({ "planned_impact": { "before": null, "after": { "instances": 3 } } }));
        let Side::Is(capacity) = current_capacity(&state) else { panic!("{state:?}") };
        assert_eq!(capacity.instances, Amount::Known(3.0));
        assert_eq!(current_capacity(&before(json!({ "planned_impact": null }))), Side::Unknown);
    }
}
