//! Where a field of the object stands in the configuration, for messages about it, and what the server's words say of
//! fields. Pure.

use tfplugin::prelude::*;

use super::manifest::Form;
use super::values::to_json;
use crate::kubernetes::error::{Error, InvalidField};
use crate::kubernetes::ownership::{FieldPath, FieldStep};

/// The place of a field as the API server writes it, with or without a leading point:
/// `.spec.componentDefs[name="redis"].workloadType`, `spec.componentDefs[0].name`. What is not written leads to the
/// nearest place that is.
pub fn place(form: Form, root: &RawValue, field: &str) -> Path {
    let dotted = if field.starts_with(['.', '[']) || field.is_empty() {
        field.to_owned()
    } else {
        format!(".{field}")
    };
    let steps = FieldPath::parse(&dotted).unwrap_or_default().0;
    walk(form, root, &steps)
}

/// The place of a field given by the names on the way to it, which may hold points.
pub fn place_of(form: Form, root: &RawValue, names: &[&str]) -> Path {
    let steps: Vec<FieldStep> = names.iter().map(|name| FieldStep::Field((*name).to_owned())).collect();
    walk(form, root, &steps)
}

fn walk(form: Form, root: &RawValue, steps: &[FieldStep]) -> Path {
    let mut path = form.attribute();
    // The parts of a text have no addresses.
    if form == Form::Yaml {
        return path;
    }
    let mut value = root;
    for step in steps {
        let (next, further) = match (value.peeled(), step) {
            (RawValue::Object(parts), FieldStep::Field(name)) => (parts.get(name), path.then_attribute(name)),
            (RawValue::Map(parts), FieldStep::Field(name)) => (parts.get(name), path.then_key(name)),
            (RawValue::List(elements) | RawValue::Tuple(elements), step) => {
                let Some(index) = position(elements, step) else { break };
                (elements.get(index), path.then_index(index))
            }
            _ => break,
        };
        let Some(next) = next else { break };
        value = next;
        path = further;
    }
    path
}

fn position(elements: &[RawValue], step: &FieldStep) -> Option<usize> {
    let is = |raw: Option<&RawValue>, json: &str| {
        raw.and_then(to_json).is_some_and(|value| {
            serde_json::from_str(json).is_ok_and(|wanted: serde_json::Value| wanted == value)
        })
    };
    match step {
        FieldStep::Index(index) => Some(*index),
        FieldStep::Element(json) => elements.iter().position(|element| is(Some(element), json)),
        FieldStep::Key(keys) => elements.iter().position(|element| {
            keys.iter().all(|(name, json)| is(super::values::member(element, name), json))
        }),
        FieldStep::Field(_) => None,
    }
}

/// The fields that a refusal of the server is about. Fields that a kind does not have are named only in its words.
pub fn refused_fields(error: &Error) -> Vec<InvalidField> {
    match error {
        Error::Invalid { causes, .. } if !causes.is_empty() => causes.clone(),
        Error::Invalid { message, .. } => undeclared_fields(message),
        Error::Refused { code: 400, message, .. } => unknown_fields(message),
        _ => Vec::new(),
    }
}

/// `... failed to create typed patch object (...): .spec.a: field not declared in schema`, or several of them after
/// `errors:`, a line each.
fn undeclared_fields(message: &str) -> Vec<InvalidField> {
    const START: &str = "failed to create typed patch object";
    let Some((_, rest)) = message.split_once(START) else { return Vec::new() };
    let rest = rest.split_once("): ").map_or(rest, |(_, rest)| rest);
    let rest = rest.strip_prefix("errors:").unwrap_or(rest);
    let field = |line: &str| {
        let line = line.trim();
        let end = line.starts_with('.').then(|| end_of_field(line))??;
        Some(InvalidField { field: line[..end].to_owned(), message: line[end + 2..].to_owned() })
    };
    rest.lines().filter_map(field).collect()
}

/// Where `: ` ends the field; one within quotes belongs to it.
fn end_of_field(line: &str) -> Option<usize> {
    let mut quoted = false;
    line.char_indices().find_map(|(position, character)| {
        quoted ^= character == '"';
        (!quoted && line[position..].starts_with(": ")).then_some(position)
    })
}

/// `... strict decoding error: unknown field "spec.a", unknown field "spec.b"`.
fn unknown_fields(message: &str) -> Vec<InvalidField> {
    let Some((_, rest)) = message.split_once("strict decoding error: ") else { return Vec::new() };
    let mut fields = Vec::new();
    for part in rest.split("unknown field \"").skip(1) {
        if let Some((field, _)) = part.split_once('"') {
            fields.push(InvalidField { field: field.to_owned(), message: "unknown field".to_owned() });
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kubernetes::error::ObjectName;
    use crate::resources::object::values::from_json;

    #[test]
    fn fields_of_the_server_lead_to_places_in_the_manifest() {
        let root = from_json(&json!({"spec": {
            "componentDefs": [{"name": "sentinel"}, {"name": "redis", "ports": [80], "workloadType": "Stateful"}],
            "finalizers": ["a", "b"], "a": {"b.c": 1}
        }}));
        for (field, expected) in [
            ("spec.componentDefs[1].workloadType", "manifest.spec.componentDefs[1].workloadType"),
            (
                r#".spec.componentDefs[name="redis"].workloadType"#,
                "manifest.spec.componentDefs[1].workloadType",
            ),
            (r#".spec.componentDefs[name="other"].workloadType"#, "manifest.spec.componentDefs"),
            (r#".spec.finalizers[="b"]"#, "manifest.spec.finalizers[1]"),
            ("spec.componentDefs[1].ports[0]", "manifest.spec.componentDefs[1].ports[0]"),
            ("spec.componentDefs[1].probes.x", "manifest.spec.componentDefs[1]"),
            ("spec.nothing", "manifest.spec"),
            ("", "manifest"),
            ("not[a path", "manifest"),
        ] {
            assert_eq!(place(Form::Manifest, &root, field).to_string(), expected, "{field}");
            assert_eq!(place(Form::Yaml, &root, field).to_string(), "yaml");
        }
        assert_eq!(place_of(Form::Manifest, &root, &["spec", "a", "b.c"]).to_string(), "manifest.spec.a.b.c");
    }

    #[test]
    fn keys_of_maps_are_keys_in_the_path() {
        let root = RawValue::map([("spec", RawValue::map([("a", RawValue::from("b"))]))]);
        assert_eq!(place(Form::Manifest, &root, "spec.a").to_string(), r#"manifest["spec"]["a"]"#);
    }

    #[test]
    fn fields_that_a_kind_does_not_have_are_read_from_the_servers_words() {
        let object = || ObjectName { kind: "X".into(), namespace: None, name: "x".into() };
        let invalid =
            |message: &str| Error::Invalid { object: object(), causes: Vec::new(), message: message.into() };
        let refused = |message: &str| Error::Refused {
            verb: "patch",
            object: object(),
            code: 400,
            message: message.into(),
        };
        for (error, expected) in [
            (
                invalid(
                    "failed to create typed patch object (/x; apps.kubeblocks.io/v1alpha1, Kind=X): .spec.a: field not declared in schema",
                ),
                vec![".spec.a"],
            ),
            (
                invalid(
                    "failed to create typed patch object (/x; apps.kubeblocks.io/v1alpha1, Kind=X): errors:\n  .spec.a: field not declared in schema\n  .spec.b[name=\"c: d\"].e: expected string, got 1",
                ),
                vec![".spec.a", ".spec.b[name=\"c: d\"].e"],
            ),
            (
                refused(
                    "X in version \"v1alpha1\" cannot be handled as a X: strict decoding error: unknown field \"spec.a\", unknown field \"spec.b[0].c\"",
                ),
                vec!["spec.a", "spec.b[0].c"],
            ),
            (invalid("something else"), vec![]),
            (refused("admission webhook denied the request"), vec![]),
        ] {
            let found: Vec<String> = refused_fields(&error).into_iter().map(|cause| cause.field).collect();
            assert_eq!(found, expected);
        }
    }
}
