//! Between values of Terraform and JSON, and YAML text and JSON. Pure.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use tfplugin::raw::{Number, RawValue};
use tfplugin::types::Type;

/// Text that is not the one YAML document that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum YamlError {
    /// It is no YAML.
    #[error("it is no YAML: {message}{place}")]
    Syntax {
        /// What the reader says; it does not quote the text.
        message: String,
        /// Where, when that is known.
        place: String,
    },
    /// It has no document that says anything.
    #[error("it is empty")]
    Empty,
    /// It has several documents.
    #[error("it has {0} documents")]
    Several(usize),
}

/// The documents of a YAML text, read as Kubernetes reads them; empty ones are left out. A key that is given twice is
/// an error, as one of the two would be lost.
pub fn yaml_documents(text: &str) -> Result<Vec<Json>, YamlError> {
    let options = serde_saphyr::options! {
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::Error,
        legacy_octal_numbers: true,
        with_snippet: false,
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let documents: Vec<Json> = serde_saphyr::from_multiple_with_options(text, options).map_err(|error| {
        let place = error
            .location()
            .map_or_else(String::new, |at| format!(" (line {}, column {})", at.line(), at.column()));
        let shown = error.to_string();
        YamlError::Syntax { message: shown.lines().next().unwrap_or_default().to_owned(), place }
    })?;
    Ok(documents.into_iter().filter(|document| !document.is_null()).collect())
}

/// The one document of a YAML text.
pub fn yaml_document(text: &str) -> Result<Json, YamlError> {
    let mut documents = yaml_documents(text)?;
    match documents.len() {
        0 => Err(YamlError::Empty),
        1 => Ok(documents.remove(0)),
        several => Err(YamlError::Several(several)),
    }
}

/// A YAML text of a value.
pub fn to_yaml(value: &Json) -> Option<String> {
    serde_saphyr::to_string(value).ok()
}

/// A value as JSON; `None` while any part of it is unknown.
pub fn to_json(raw: &RawValue) -> Option<Json> {
    Some(match raw.peeled() {
        RawValue::Null => Json::Null,
        RawValue::Unknown(_) | RawValue::Dynamic(_) => return None,
        RawValue::Bool(value) => Json::Bool(*value),
        RawValue::Number(number) => json_number(number)?,
        RawValue::String(text) => Json::String(text.clone()),
        RawValue::List(elements) | RawValue::Set(elements) | RawValue::Tuple(elements) => {
            Json::Array(elements.iter().map(to_json).collect::<Option<_>>()?)
        }
        RawValue::Map(parts) | RawValue::Object(parts) => Json::Object(
            parts
                .iter()
                .map(|(name, part)| Some((name.clone(), to_json(part)?)))
                .collect::<Option<serde_json::Map<_, _>>>()?,
        ),
    })
}

fn json_number(number: &Number) -> Option<Json> {
    number.to_string().parse().ok().map(Json::Number)
}

/// JSON as a value of the types that HCL gives to what is written in it: objects and tuples.
pub fn from_json(json: &Json) -> RawValue {
    let (kind, value) = typed(json);
    match value {
        RawValue::Null => RawValue::Null,
        value => RawValue::dynamic(kind, value),
    }
}

fn typed(json: &Json) -> (Type, RawValue) {
    match json {
        Json::Null => (Type::Dynamic, RawValue::Null),
        Json::Bool(value) => (Type::Bool, RawValue::Bool(*value)),
        Json::Number(number) => match Number::parse(&number.to_string()) {
            Ok(number) => (Type::Number, RawValue::Number(number)),
            // More digits than Terraform keeps; Kubernetes itself has no such numbers.
            Err(_) => (Type::String, RawValue::string(number.to_string())),
        },
        Json::String(text) => (Type::String, RawValue::string(text.clone())),
        Json::Array(elements) => {
            let (kinds, elements) = elements.iter().map(typed).unzip();
            (Type::Tuple(kinds), RawValue::Tuple(elements))
        }
        Json::Object(parts) => {
            let parts = parts.iter().map(|(name, part)| {
                let (kind, value) = typed(part);
                ((name.clone(), kind), (name.clone(), value))
            });
            let (kinds, values): (BTreeMap<_, _>, BTreeMap<_, _>) = parts.unzip();
            (Type::Object(kinds), RawValue::Object(values))
        }
    }
}

/// A part of an object or a map by its name.
pub fn member<'a>(raw: &'a RawValue, name: &str) -> Option<&'a RawValue> {
    match raw.peeled() {
        RawValue::Object(parts) | RawValue::Map(parts) => parts.get(name),
        _ => None,
    }
}

/// Without the entries of objects that are null: in a manifest that means the same as not being written.
pub fn without_nulls(json: Json) -> Json {
    match json {
        Json::Object(parts) => Json::Object(
            parts
                .into_iter()
                .filter(|(_, part)| !part.is_null())
                .map(|(name, part)| (name, without_nulls(part)))
                .collect(),
        ),
        Json::Array(elements) => Json::Array(elements.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_goes_through_values_and_comes_back() {
        let json = json!({
            "text": "a", "whole": 9_007_199_254_740_993_i64, "part": 0.1, "yes": true, "none": null,
            "list": [1, "b", {"c": []}], "empty": {}
        });
        assert_eq!(to_json(&from_json(&json)), Some(json));
        assert_eq!(to_json(&RawValue::list([RawValue::unknown()])), None);
    }

    #[test]
    fn a_value_of_json_has_the_types_that_hcl_gives_it() {
        let RawValue::Dynamic(held) = from_json(&json!({"a": ["x", "y"], "b": null})) else {
            panic!("dynamic")
        };
        let expected = Type::Object(BTreeMap::from([
            ("a".to_owned(), Type::Tuple(vec![Type::String, Type::String])),
            ("b".to_owned(), Type::Dynamic),
        ]));
        assert_eq!(held.0, expected);
    }

    #[test]
    fn yaml_is_read_as_kubernetes_reads_it_and_keys_are_given_once() {
        assert_eq!(
            yaml_document("a: yes\nb: 0644\nc: &x {d: 1}\ne: *x\n"),
            Ok(json!({"a": true, "b": 420, "c": {"d": 1}, "e": {"d": 1}}))
        );
        assert!(
            matches!(yaml_document("a: 1\na: 2\n"), Err(YamlError::Syntax { place, .. }) if place.contains("line 2"))
        );
        assert!(matches!(yaml_document("a: [\n"), Err(YamlError::Syntax { .. })));
        assert_eq!(yaml_document("# nothing\n"), Err(YamlError::Empty));
        assert_eq!(yaml_document("a: 1\n---\nb: 2\n"), Err(YamlError::Several(2)));
        assert_eq!(yaml_document("---\na: 1\n---\n# the end\n"), Ok(json!({"a": 1})));
    }

    #[test]
    fn yaml_that_is_written_reads_as_the_same() {
        let json = json!({"a": "yes", "b": ["1", 1, null, {}], "c": "two\nlines\n", "d": {"e": "x: y"}});
        assert_eq!(yaml_document(&to_yaml(&json).unwrap()), Ok(json));
    }
}
