//! The attributes of an object, as far as the review looks at them. Only the names in `READ` are kept, so that neither
//! secrets nor the bulk of a plan stay in memory. The same shape holds marks: what is unknown, what is sensitive.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

const COMPONENTS: &str = "components";
/// Of a component.
const REPLICAS: &str = "replicas";

/// The attributes that are kept.
const READ: [&str; 15] = [
    COMPONENTS,
    REPLICAS,
    "deletion_policy",
    "deletion_protection",
    "final_backup",
    "planned_impact",
    "termination_policy",
    "version",
    // The operations of `kubeblocks_ops_request`.
    "backup_now",
    "restart",
    "script",
    "start",
    "stop",
    "switchover",
    "running",
];

/// Attributes of one object, or marks on them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Attributes {
    /// The mark is on the object as a whole.
    whole: bool,
    kept: Vec<(&'static str, Value)>,
}

impl Attributes {
    /// The value, which is `null` when there is none.
    pub(super) fn get(&self, name: &str) -> &Value {
        self.kept.iter().find(|(kept, _)| *kept == name).map_or(&Value::Null, |(_, value)| value)
    }

    /// The value as text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).as_str()
    }

    /// Whether a mark is on this path or on what it is in.
    pub(super) fn is_marked(&self, path: &[&str]) -> bool {
        let Some((first, rest)) = path.split_first() else { return self.whole };
        let mut mark = self.get(first);
        let mut marked = self.whole || *mark == Value::Bool(true);
        for step in rest {
            mark = mark.get(step).unwrap_or(&Value::Null);
            marked |= *mark == Value::Bool(true);
        }
        marked
    }

    /// Whether a mark is on this attribute, on what it is in, or on anything within it.
    pub(super) fn is_marked_within(&self, name: &str) -> bool {
        self.whole || has_true(self.get(name))
    }
}

fn has_true(mark: &Value) -> bool {
    match mark {
        Value::Bool(marked) => *marked,
        Value::Array(items) => items.iter().any(has_true),
        Value::Object(members) => members.values().any(has_true),
        Value::Null | Value::Number(_) | Value::String(_) => false,
    }
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AttributesVisitor)
    }
}

/// Takes anything: objects for what they hold, `true` for a mark, all else as nothing.
struct AttributesVisitor;

impl<'de> Visitor<'de> for AttributesVisitor {
    type Value = Attributes;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("attributes")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Attributes, A::Error> {
        let mut attributes = Attributes::default();
        while let Some(Key(name)) = members.next_key()? {
            let value = match name {
                // They are large, and one attribute of each is looked at.
                Some(COMPONENTS) => members.next_value::<Components>()?.0,
                Some(_) => members.next_value()?,
                None => {
                    members.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            attributes.kept.extend(name.map(|name| (name, value)));
        }
        Ok(attributes)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Attributes, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Attributes::default())
    }

    fn visit_bool<E>(self, whole: bool) -> Result<Attributes, E> {
        Ok(Attributes { whole, ..Attributes::default() })
    }

    fn visit_unit<E>(self) -> Result<Attributes, E> {
        Ok(Attributes::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Attributes, E> {
        Ok(Attributes::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Attributes, E> {
        Ok(Attributes::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Attributes, E> {
        Ok(Attributes::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Attributes, E> {
        Ok(Attributes::default())
    }
}

/// The components of a database, of which only the number of instances is kept.
struct Components(Value);

impl<'de> Deserialize<'de> for Components {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ComponentsVisitor).map(Self)
    }
}

/// Takes anything, as other providers have attributes of the same name.
struct ComponentsVisitor;

impl<'de> Visitor<'de> for ComponentsVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("components")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut components = serde_json::Map::new();
        while let Some((name, component)) = members.next_entry::<String, Attributes>()? {
            let component = match component.get(REPLICAS) {
                _ if component.whole => Value::Bool(true),
                replicas => Value::from_iter([(REPLICAS, replicas.clone())]),
            };
            components.insert(name, component);
        }
        Ok(Value::Object(components))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Value, A::Error> {
        AttributesVisitor.visit_seq(items).map(|_| Value::Null)
    }

    fn visit_bool<E>(self, whole: bool) -> Result<Value, E> {
        Ok(Value::Bool(whole))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_str<E>(self, _: &str) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

/// A name that is kept, or `None` for one that is not.
struct Key(Option<&'static str>);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl Visitor<'_> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Key, E> {
        Ok(Key(READ.into_iter().find(|read| *read == name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Attributes {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn only_what_is_looked_at_is_kept() {
        let read = read(r#"{"password": "s3cr3t", "version": "v1", "running": null, "size": 3}"#);
        assert_eq!(read.text("version"), Some("v1"));
        let component = r#"{"components": {"pg": {"replicas": 3, "parameters": {"a": "s3cr3t"}}}}"#;
        assert_eq!(self::read(component).get("components"), &serde_json::json!({ "pg": { "replicas": 3 } }));
        for other in ["[{\"a\": 1}]", "3", "-1.5e300", "\"x\"", "null"] {
            let other = self::read(&format!("{{\"components\": {other}}}"));
            assert!(!other.get("components").is_array(), "{other:?}");
        }
        assert!(read.get("running").is_null() && read.get("size").is_null());
        assert!(!format!("{read:?}").contains("s3cr3t"));
    }

    #[test]
    fn whatever_stands_in_place_of_an_object_is_taken() {
        for text in ["null", "false", "[1, {\"version\": 2}]", "\"x\"", "{}", "3", "-1.5e300"] {
            assert_eq!(read(text), Attributes::default(), "{text}");
        }
        assert!(read("true").is_marked(&["version"]));
        assert_eq!(read(r#"{"version": 3}"#).text("version"), None);
    }

    #[test]
    fn a_mark_holds_for_what_is_below_it() {
        let marks = r#"{"version": true, "components": {"pg": {"replicas": true, "parameters": {"a": true}}, "x": true}}"#;
        for (path, expected) in [
            (&["version"][..], true),
            (&["components", "pg"], false),
            (&["components", "pg", "replicas"], true),
            (&["components", "pg", "definition"], false),
            (&["components", "x", "replicas"], true),
            (&["planned_impact", "level"], false),
            (&[], false),
        ] {
            assert_eq!(read(marks).is_marked(path), expected, "{path:?}");
        }
        for (name, expected) in [("version", true), ("components", true), ("planned_impact", false)] {
            assert_eq!(read(marks).is_marked_within(name), expected, "{name}");
        }
        assert!(!read(r#"{"components": {"pg": {"a": [false]}}}"#).is_marked_within("components"));
    }
}
