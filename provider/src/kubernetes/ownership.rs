//! Which fields of a live object are ours, from the API server's own records (`metadata.managedFields`). What reads
//! live objects looks only at these, so that fields of others never count as drift. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Map, Value};

use super::client::FIELD_MANAGER;

/// One step from a value into a part of it, as the API server addresses fields.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldStep {
    /// A field of an object, or an entry of a map.
    Field(String),
    /// The element of a list that has these values in its key fields, each as JSON.
    Key(BTreeMap<String, String>),
    /// The element of a set, as JSON.
    Element(String),
    /// The element of a list at a position.
    Index(usize),
}

impl FieldStep {
    /// The value of the key field `name` when this addresses a list element by it; strings without quotes.
    pub fn key(&self, name: &str) -> Option<String> {
        let Self::Key(keys) = self else { return None };
        let json = keys.get(name)?;
        Some(serde_json::from_str::<String>(json).unwrap_or_else(|_| json.clone()))
    }
}

/// The way to a field. Shown as the API server writes it: `.spec.componentSpecs[name="redis"].replicas`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldPath(pub Vec<FieldStep>);

impl fmt::Display for FieldPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.0 {
            match step {
                FieldStep::Field(name) => write!(formatter, ".{name}")?,
                FieldStep::Key(keys) => {
                    let keys: Vec<String> =
                        keys.iter().map(|(name, value)| format!("{name}={value}")).collect();
                    write!(formatter, "[{}]", keys.join(","))?;
                }
                FieldStep::Element(value) => write!(formatter, "[={value}]")?,
                FieldStep::Index(index) => write!(formatter, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl FieldPath {
    /// Reads a path as the API server writes it in the causes of a conflict; nothing when it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(tail) = rest.strip_prefix('.') {
                let end = tail.find(['.', '[']).unwrap_or(tail.len());
                steps.push(FieldStep::Field(tail[..end].to_owned()));
                rest = &tail[end..];
            } else {
                let (bracket, tail) = split_bracket(rest)?;
                steps.push(bracket_step(bracket)?);
                rest = tail;
            }
        }
        Some(Self(steps))
    }
}

/// `[...]` and what follows it; a `]` in a quoted value does not end it.
fn split_bracket(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('[')?;
    let mut quoted = false;
    let mut escaped = false;
    for (position, character) in inside.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ']' if !quoted => return Some((&inside[..position], &inside[position + 1..])),
            _ => {}
        }
    }
    None
}

fn bracket_step(text: &str) -> Option<FieldStep> {
    if let Some(element) = text.strip_prefix('=') {
        return Some(FieldStep::Element(element.to_owned()));
    }
    if let Ok(index) = text.parse() {
        return Some(FieldStep::Index(index));
    }
    let mut keys = BTreeMap::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, tail) = rest.split_once('=')?;
        let mut values = serde_json::Deserializer::from_str(tail).into_iter::<Value>();
        let value = values.next()?.ok()?;
        let end = values.byte_offset();
        keys.insert(name.to_owned(), value.to_string());
        rest = tail[end..].strip_prefix(',').unwrap_or(&tail[end..]);
    }
    Some(FieldStep::Key(keys))
}

/// The fields of one object that a manager owns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ownership {
    root: Node,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Node {
    /// Steps into parts that are owned, each with what is owned in it. Without any, the whole value is owned.
    parts: BTreeMap<FieldStep, Node>,
}

impl Ownership {
    /// What this provider owns of the object through server-side apply; nothing when it never applied it.
    pub fn ours(metadata: &ObjectMeta) -> Option<Self> {
        Self::of(metadata, FIELD_MANAGER)
    }

    /// What `manager` owns of the object through server-side apply; nothing when it never applied it.
    pub fn of(metadata: &ObjectMeta, manager: &str) -> Option<Self> {
        let mut found = None;
        for entry in metadata.managed_fields.iter().flatten() {
            let applied = entry.operation.as_deref() == Some("Apply");
            let whole = entry.subresource.as_deref().unwrap_or_default().is_empty();
            if entry.manager.as_deref() != Some(manager) || !applied || !whole {
                continue;
            }
            let root: &mut Node = found.get_or_insert_default();
            if let Some(fields) = &entry.fields_v1 {
                read_fields(&fields.0, root);
            }
        }
        found.map(|root| Self { root })
    }

    /// The managers that have written to the object, and whether through server-side apply.
    pub fn managers(metadata: &ObjectMeta) -> BTreeSet<String> {
        metadata.managed_fields.iter().flatten().filter_map(|entry| entry.manager.clone()).collect()
    }

    /// Whether the field, or a part of it, or a value that holds it whole is owned.
    pub fn owns(&self, path: &FieldPath) -> bool {
        let mut node = &self.root;
        for step in &path.0 {
            match node.parts.get(step) {
                Some(part) => node = part,
                // A value that is owned whole owns everything beneath it; the root is never owned whole.
                None => return node.parts.is_empty() && node != &self.root,
            }
        }
        true
    }

    /// Every owned field that has no owned field beneath it.
    pub fn fields(&self) -> Vec<FieldPath> {
        let mut fields = Vec::new();
        collect(&self.root, &mut Vec::new(), &mut fields);
        fields
    }

    /// `object` with only the owned fields. Fields that are owned but absent stay absent; elements that were
    /// addressed by key keep their key.
    pub fn project(&self, object: &Value) -> Value {
        if self.root.parts.is_empty() { Value::Object(Map::new()) } else { project(&self.root, object) }
    }
}

fn read_fields(fields: &Value, node: &mut Node) {
    let Some(fields) = fields.as_object() else { return };
    for (name, beneath) in fields {
        // "." only says that the value itself exists.
        if let Some(step) = read_step(name) {
            read_fields(beneath, node.parts.entry(step).or_default());
        }
    }
}

fn read_step(name: &str) -> Option<FieldStep> {
    let (kind, rest) = name.split_once(':')?;
    match kind {
        "f" => Some(FieldStep::Field(rest.to_owned())),
        "v" => Some(FieldStep::Element(rest.to_owned())),
        "i" => rest.parse().ok().map(FieldStep::Index),
        "k" => {
            let keys: Map<String, Value> = serde_json::from_str(rest).ok()?;
            Some(FieldStep::Key(keys.into_iter().map(|(name, value)| (name, value.to_string())).collect()))
        }
        _ => None,
    }
}

fn collect(node: &Node, way: &mut Vec<FieldStep>, fields: &mut Vec<FieldPath>) {
    if node.parts.is_empty() && !way.is_empty() {
        fields.push(FieldPath(way.clone()));
    }
    for (step, part) in &node.parts {
        way.push(step.clone());
        collect(part, way, fields);
        way.pop();
    }
}

fn project(node: &Node, value: &Value) -> Value {
    if node.parts.is_empty() {
        return value.clone();
    }
    match value {
        Value::Object(object) => {
            let owned = node.parts.iter().filter_map(|(step, part)| {
                let FieldStep::Field(name) = step else { return None };
                object.get(name).map(|value| (name.clone(), project(part, value)))
            });
            Value::Object(owned.collect())
        }
        Value::Array(elements) => {
            let owned = elements.iter().enumerate().filter_map(|(index, element)| {
                let (step, part) = node.parts.iter().find(|(step, _)| addresses(step, index, element))?;
                Some(with_key(step, project(part, element)))
            });
            Value::Array(owned.collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn addresses(step: &FieldStep, index: usize, element: &Value) -> bool {
    match step {
        FieldStep::Field(_) => false,
        FieldStep::Key(keys) => {
            keys.iter().all(|(name, value)| element.get(name).is_some_and(|found| is_json(found, value)))
        }
        FieldStep::Element(value) => is_json(element, value),
        FieldStep::Index(wanted) => index == *wanted,
    }
}

fn is_json(value: &Value, text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|meant| meant == *value)
}

fn with_key(step: &FieldStep, mut element: Value) -> Value {
    if let (FieldStep::Key(keys), Some(object)) = (step, element.as_object_mut()) {
        for (name, value) in keys {
            if let Ok(value) = serde_json::from_str(value) {
                object.entry(name).or_insert(value);
            }
        }
    }
    element
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn metadata(entries: &Value) -> ObjectMeta {
        serde_json::from_value(json!({ "managedFields": entries })).unwrap()
    }

    fn ours() -> ObjectMeta {
        metadata(&json!([
            {
                "manager": FIELD_MANAGER, "operation": "Apply", "fieldsType": "FieldsV1",
                "fieldsV1": {
                    "f:metadata": { "f:labels": { "f:team": {} } },
                    "f:spec": {
                        "f:terminationPolicy": {},
                        "f:componentSpecs": { "k:{\"name\":\"redis\"}": {
                            ".": {}, "f:name": {}, "f:replicas": {}, "f:volumeClaimTemplates": {},
                            "f:enabledLogs": { "v:\"running\"": {} }
                        } }
                    }
                }
            },
            {
                "manager": "manager", "operation": "Update", "fieldsType": "FieldsV1",
                "fieldsV1": { "f:metadata": { "f:labels": { "f:clusterdefinition.kubeblocks.io/name": {} } } }
            },
            {
                "manager": FIELD_MANAGER, "operation": "Update", "subresource": "status", "fieldsType": "FieldsV1",
                "fieldsV1": { "f:status": { "f:phase": {} } }
            }
        ]))
    }

    #[test]
    fn only_fields_that_this_provider_applied_are_owned() {
        let ownership = Ownership::ours(&ours()).unwrap();
        let fields: Vec<String> = ownership.fields().iter().map(ToString::to_string).collect();
        assert_eq!(
            fields,
            [
                ".metadata.labels.team",
                r#".spec.componentSpecs[name="redis"].enabledLogs[="running"]"#,
                r#".spec.componentSpecs[name="redis"].name"#,
                r#".spec.componentSpecs[name="redis"].replicas"#,
                r#".spec.componentSpecs[name="redis"].volumeClaimTemplates"#,
                ".spec.terminationPolicy",
            ]
        );
        assert_eq!(Ownership::of(&ours(), "kubectl"), None);
        assert_eq!(Ownership::ours(&ObjectMeta::default()), None);
    }

    #[test]
    fn a_live_object_is_reduced_to_what_is_owned() {
        let live = json!({
            "metadata": { "name": "cache", "labels": { "team": "shop", "clusterdefinition.kubeblocks.io/name": "redis" } },
            "spec": {
                "terminationPolicy": "Delete",
                "affinity": { "podAntiAffinity": "Preferred" },
                "componentSpecs": [
                    { "name": "sentinel", "replicas": 3 },
                    {
                        "name": "redis", "replicas": 2, "monitor": false, "enabledLogs": ["slow", "running"],
                        "volumeClaimTemplates": [{ "name": "data", "spec": { "resources": {} } }]
                    }
                ]
            },
            "status": { "phase": "Running" }
        });
        let owned = Ownership::ours(&ours()).unwrap().project(&live);
        assert_eq!(
            owned,
            json!({
                "metadata": { "labels": { "team": "shop" } },
                "spec": {
                    "terminationPolicy": "Delete",
                    "componentSpecs": [{
                        "name": "redis", "replicas": 2, "enabledLogs": ["running"],
                        "volumeClaimTemplates": [{ "name": "data", "spec": { "resources": {} } }]
                    }]
                }
            })
        );
    }

    #[test]
    fn an_owned_field_that_is_gone_stays_absent() {
        let live = json!({ "metadata": {}, "spec": { "componentSpecs": [{ "name": "redis" }] } });
        let owned = Ownership::ours(&ours()).unwrap().project(&live);
        assert_eq!(owned, json!({ "metadata": {}, "spec": { "componentSpecs": [{ "name": "redis" }] } }));
    }

    #[test]
    fn ownership_reaches_into_whole_values_and_not_beside_them() {
        let ownership = Ownership::ours(&ours()).unwrap();
        for (path, owned) in [
            (r#".spec.componentSpecs[name="redis"].replicas"#, true),
            (r#".spec.componentSpecs[name="redis"].volumeClaimTemplates[0].spec"#, true),
            (r#".spec.componentSpecs[name="redis"]"#, true),
            (r#".spec.componentSpecs[name="redis"].monitor"#, false),
            (r#".spec.componentSpecs[name="sentinel"].replicas"#, false),
            (".spec.affinity", false),
        ] {
            assert_eq!(ownership.owns(&FieldPath::parse(path).unwrap()), owned, "{path}");
        }
        let empty =
            Ownership::of(&metadata(&json!([{ "manager": "m", "operation": "Apply" }])), "m").unwrap();
        assert!(!empty.owns(&FieldPath::parse(".spec").unwrap()));
        assert_eq!(empty.project(&json!({ "spec": 1 })), json!({}));
    }

    #[test]
    fn paths_are_read_as_the_server_writes_them() {
        for path in [
            ".spec.replicas",
            r#".spec.componentSpecs[name="redis"].replicas"#,
            r#".spec.ports[containerPort=80,protocol="TCP"].name"#,
            r#".metadata.finalizers[="a]b"]"#,
            ".spec.list[3]",
        ] {
            assert_eq!(FieldPath::parse(path).map(|path| path.to_string()).as_deref(), Some(path));
        }
        for text in ["spec", ".a[", ".a[x]"] {
            assert_eq!(FieldPath::parse(text), None, "{text}");
        }
        let path = FieldPath::parse(r#".spec.componentSpecs[name="redis"]"#).unwrap();
        assert_eq!(path.0[2].key("name").as_deref(), Some("redis"));
    }
}
