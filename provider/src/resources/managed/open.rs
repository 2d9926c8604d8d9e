//! Values that a plan leaves to the cloud: unknown until the cloud has chosen them, null when an apply ends before it
//! learns them. Pure.

use std::collections::BTreeSet;

use tfplugin::prelude::*;

use super::schema::SystemNodePool;

/// A computed attribute, whatever its type.
pub trait Open {
    /// Whether the cloud is still to choose it.
    fn is_open(&self) -> bool;
    /// Ends an apply that did not learn it.
    fn close(&mut self);
    /// Leaves it to the cloud again, in the plan of an apply that goes on.
    fn reopen(&mut self);
}

impl<T> Open for Value<T> {
    fn is_open(&self) -> bool {
        self.is_unknown()
    }

    fn close(&mut self) {
        if self.is_unknown() {
            *self = Self::Null;
        }
    }

    fn reopen(&mut self) {
        if self.is_null() {
            *self = Self::Unknown;
        }
    }
}

/// What of the first nodes is the cloud's to choose.
pub(crate) fn of_nodes(pool: &mut Value<SystemNodePool>) -> Vec<&mut dyn Open> {
    match pool {
        Value::Known(nodes) => vec![&mut nodes.machine_types, &mut nodes.size, &mut nodes.disk_size_gib],
        other => vec![other],
    }
}

/// What the cloud chose of the first nodes, where that was left to it.
pub(crate) fn fill_nodes(pool: &mut Value<SystemNodePool>, seen: Value<SystemNodePool>) {
    match (pool, seen) {
        (Value::Known(nodes), Value::Known(seen)) => {
            fill(&mut nodes.machine_types, seen.machine_types, false);
            fill(&mut nodes.size, seen.size, false);
            fill(&mut nodes.disk_size_gib, seen.disk_size_gib, false);
        }
        (pool, seen) => fill(pool, seen, false),
    }
}

/// What the cloud chose, where that was left to it; everything for an import.
pub(crate) fn fill<T>(value: &mut Value<T>, seen: impl Into<Value<T>>, is_import: bool) {
    if is_import || value.is_unknown() {
        *value = seen.into();
    }
}

/// Texts as the cloud shows them. The order that was written stays, and so does nothing for none.
pub(crate) fn seen_list(written: &Value<Vec<Value<String>>>, seen: &[String]) -> Value<Vec<Value<String>>> {
    let listed: BTreeSet<&String> = written.known().into_iter().flatten().filter_map(Value::known).collect();
    if listed == seen.iter().collect() && !written.is_unknown() {
        return written.clone();
    }
    if seen.is_empty() {
        return Value::Null;
    }
    Value::Known(seen.iter().cloned().map(Value::Known).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Value<Vec<Value<String>>> {
        Value::Known(texts.iter().map(|one| Value::Known((*one).to_owned())).collect())
    }

    #[test]
    fn lists_are_other_ones_only_when_they_hold_something_else() {
        let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        let cases = [
            (texts(&["b", "a"]), owned(&["a", "b"]), texts(&["b", "a"])),
            (texts(&["a"]), owned(&["a", "b"]), texts(&["a", "b"])),
            (texts(&["a"]), owned(&[]), Value::Null),
            (texts(&[]), owned(&[]), texts(&[])),
            (Value::Null, owned(&[]), Value::Null),
            (Value::Null, owned(&["a"]), texts(&["a"])),
            (Value::Unknown, owned(&[]), Value::Null),
        ];
        for (written, seen, expected) in cases {
            assert_eq!(seen_list(&written, &seen), expected, "{written:?} {seen:?}");
        }
    }

    #[test]
    fn only_what_is_open_is_filled_and_closed() {
        let mut pool = Value::Known(SystemNodePool {
            size: Value::Unknown,
            disk_size_gib: Value::Known(80),
            ..SystemNodePool::default()
        });
        let states = |pool: &mut Value<SystemNodePool>| {
            of_nodes(pool).iter().map(|value| value.is_open()).collect::<Vec<_>>()
        };
        assert_eq!(states(&mut pool), [false, true, false]);
        of_nodes(&mut pool).into_iter().for_each(Open::close);
        assert_eq!(states(&mut pool), [false, false, false]);
        of_nodes(&mut pool).into_iter().for_each(Open::reopen);
        assert_eq!(states(&mut pool), [true, true, false]);

        let mut size = Value::Known(3);
        fill(&mut size, Some(5), false);
        assert_eq!(size, Value::Known(3));
        fill(&mut size, Some(5), true);
        assert_eq!(size, Value::Known(5));
    }
}
