//! Parameters out of the `OpenAPI` schema that a constraint may carry: `properties.spec.properties`. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Kind, Rule};

/// The parameters that the schema describes.
pub(super) fn read(schema: &Value) -> BTreeMap<String, Rule> {
    let properties = schema.pointer("/properties/spec/properties").and_then(Value::as_object);
    properties.into_iter().flatten().map(|(name, schema)| (name.clone(), rule(schema))).collect()
}

fn rule(schema: &Value) -> Rule {
    let kind = match schema.get("type").and_then(Value::as_str) {
        Some("integer") => Some(Kind::Integer),
        Some("number") => Some(Kind::Number),
        Some("boolean") => Some(Kind::Boolean),
        Some("string") => Some(Kind::Text),
        _ => None,
    };
    let is_true = |keyword: &str| schema.get(keyword) == Some(&Value::Bool(true));
    Rule {
        kind,
        minimum: schema.get("minimum").and_then(text),
        maximum: schema.get("maximum").and_then(text),
        allowed: schema
            .get("enum")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(text)
            .collect(),
        default: schema.get("default").and_then(text),
        description: schema.get("description").and_then(text).filter(|words| !words.trim().is_empty()),
        has_units: false,
        excludes: (is_true("exclusiveMinimum"), is_true("exclusiveMaximum")),
        is_understood: kind.is_some(),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
