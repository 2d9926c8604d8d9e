//! From what `schemars` says of a Rust type to the structural schema that Kubernetes accepts: no references, no
//! null types, only the formats it knows.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

/// Formats that mean something to the API server.
const FORMATS: &[&str] = &["int32", "int64", "date-time"];

/// The structural schema of a type.
pub(crate) fn schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    make_structural(&mut schema);
    schema
}

fn make_structural(schema: &mut Value) {
    if schema.as_bool() == Some(true) {
        *schema = serde_json::json!({"x-kubernetes-preserve-unknown-fields": true});
    }
    let Some(keywords) = schema.as_object_mut() else { return };
    for unwanted in ["$schema", "title", "nullable"] {
        keywords.remove(unwanted);
    }
    drop_null_alternative(keywords);
    drop_null_type(keywords);
    drop_meaningless(keywords);
    if let Some(Value::Object(properties)) = keywords.get_mut("properties") {
        properties.values_mut().for_each(make_structural);
    }
    for container in ["additionalProperties", "items"] {
        if let Some(child) = keywords.get_mut(container) {
            make_structural(child);
        }
    }
}

/// `Option<Struct>` comes as "the struct or null"; absence is what Kubernetes has instead of null.
fn drop_null_alternative(keywords: &mut Map<String, Value>) {
    let Some(Value::Array(alternatives)) = keywords.get_mut("anyOf") else { return };
    let null = |schema: &Value| schema.get("type").and_then(Value::as_str) == Some("null");
    if !alternatives.iter().any(null) {
        return;
    }
    alternatives.retain(|schema| !null(schema));
    if alternatives.len() != 1 {
        return;
    }
    let only = alternatives.remove(0);
    keywords.remove("anyOf");
    if let Value::Object(inner) = only {
        for (keyword, value) in inner {
            // What the field says wins over what its type says.
            keywords.entry(keyword).or_insert(value);
        }
    }
}

fn drop_null_type(keywords: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = keywords.get_mut("type") {
        types.retain(|name| name != "null");
        if types.len() == 1 {
            let only = types.remove(0);
            keywords.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = keywords.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
}

fn drop_meaningless(keywords: &mut Map<String, Value>) {
    let unknown_format =
        keywords.get("format").and_then(Value::as_str).is_some_and(|format| !FORMATS.contains(&format));
    if unknown_format {
        keywords.remove("format");
    }
    let empty_default = keywords.get("default").is_some_and(|value| {
        value.is_null()
            || value.as_array().is_some_and(Vec::is_empty)
            || value.as_object().is_some_and(Map::is_empty)
    });
    if empty_default {
        keywords.remove("default");
    }
    if keywords.get("additionalProperties").and_then(Value::as_bool).is_some() {
        keywords.remove("additionalProperties");
    }
}
