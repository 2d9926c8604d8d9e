//! Whether parameters keep to the bounds of their constraint.
//!
//! Pure. The real operator evaluates CUE. The stand-in reads the JSON schema that a constraint carries beside it, and for
//! parameters that this does not describe the subset of CUE that `kubeblocks_schemas::parameters::cue` documents, of whole
//! numbers and choices. A name that neither knows, nor a list of the constraint, is refused where the CUE is closed.

use kubeblocks_schemas::parameters::{Kind, Rule, Rules, cue};
use serde_json::{Value, json};

use super::Parameters;
use crate::operator::api::ConfigConstraintSpec;

/// The first violation, in the real operator's words.
pub(super) fn violation(constraint: &ConfigConstraintSpec, parameters: &Parameters) -> Option<String> {
    let known = constraint
        .configuration_schema
        .as_ref()
        .and_then(|schema| schema.schema.as_ref()?.pointer("/properties/spec/properties"));
    let text = constraint.configuration_schema.as_ref().map_or("", |schema| schema.cue.as_str());
    let cue = cue::read(text, None).unwrap_or_default();
    parameters.iter().find_map(|(key, value)| {
        let value = value.as_deref()?;
        if constraint.immutable_parameters.contains(key) {
            return Some(format!("parameter {key} is immutable, cannot be modified"));
        }
        let described = known.and_then(|known| known.get(key)).cloned();
        let rule = match described.or_else(|| cue.rules.get(key).map(as_schema)) {
            Some(rule) => rule,
            None if is_strange(constraint, &cue, key) => {
                return Some(format!(
                    "failed to validate updated config: [failed to render cue template configure: \
                     [configuration.{key}: field not allowed]]"
                ));
            }
            None => return None,
        };
        broken(&rule, value).map(|reason| {
            format!(
                "failed to validate updated config: [failed to render cue template configure: \
                 [configuration.{key}: {reason}]]"
            )
        })
    })
}

/// Whether nothing of the constraint knows the name, and others are not allowed.
fn is_strange(constraint: &ConfigConstraintSpec, cue: &Rules, key: &String) -> bool {
    let lists = [&constraint.static_parameters, &constraint.dynamic_parameters];
    cue.is_closed && !lists.iter().any(|list| list.contains(key))
}

/// A rule of the CUE in the form of a schema. Numbers with units are passed over.
fn as_schema(rule: &Rule) -> Value {
    let number = |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<i64>().ok());
    match rule.kind {
        Some(Kind::Integer) if !rule.has_units && rule.allowed.is_empty() => {
            json!({ "type": "integer", "minimum": number(&rule.minimum), "maximum": number(&rule.maximum) })
        }
        _ if !rule.allowed.is_empty() && rule.minimum.is_none() && rule.maximum.is_none() => {
            json!({ "type": "string", "enum": rule.allowed })
        }
        _ => json!({}),
    }
}

/// Why a value breaks a rule.
fn broken(rule: &Value, value: &str) -> Option<String> {
    if let Some(choices) = rule.get("enum").and_then(Value::as_array) {
        let is_choice = choices.iter().any(|choice| choice.as_str() == Some(value));
        return (!is_choice).then(|| format!("invalid value \"{value}\" (none of the choices)"));
    }
    if rule.get("type").and_then(Value::as_str) != Some("integer") {
        return None;
    }
    let Ok(number) = value.parse::<i64>() else {
        return Some(format!("conflicting values \"{value}\" and int (mismatched types string and int)"));
    };
    let bound = |name: &str| rule.get(name).and_then(Value::as_i64);
    if let Some(least) = bound("minimum").filter(|least| number < *least) {
        return Some(format!("invalid value {number} (out of bound >={least})"));
    }
    bound("maximum")
        .filter(|most| number > *most)
        .map(|most| format!("invalid value {number} (out of bound <={most})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_only_the_cue_describes_is_judged_by_it() {
        let constraint: ConfigConstraintSpec = serde_json::from_value(json!({
            "staticParameters": ["listed"],
            "configurationSchema": {
                "cue": "#P: {\n  a?: int & >=6 & <=9\n  b?: string & \"x\" | \"y\"\n  c?: int & (>=1)\n}",
                "schema": {"properties": {"spec": {"properties": {"c": {"type": "integer", "minimum": 5}}}}},
            },
        }))
        .unwrap();
        for (key, value, expected) in [
            ("a", "6", None),
            ("a", "10", Some("out of bound <=9")),
            ("b", "z", Some("none of the choices")),
            ("c", "4", Some("out of bound >=5")),
            ("listed", "1", None),
            ("strange", "1", Some("configuration.strange: field not allowed")),
        ] {
            let parameters = Parameters::from([(key.to_owned(), Some(value.to_owned()))]);
            let found = violation(&constraint, &parameters);
            assert_eq!(found.is_some(), expected.is_some(), "{key}={value}: {found:?}");
            assert!(found.unwrap_or_default().contains(expected.unwrap_or_default()), "{key}");
        }
    }

    #[test]
    fn values_out_of_bounds_and_immutable_keys_are_refused() {
        let constraint: ConfigConstraintSpec = serde_json::from_value(json!({
            "immutableParameters": ["port"],
            "configurationSchema": {"cue": "", "schema": {"properties": {"spec": {"properties": {
                "max_connections": {"type": "integer", "minimum": 6, "maximum": 100},
                "wal_level": {"type": "string", "enum": ["minimal", "replica"]},
            }}}}},
        }))
        .unwrap();
        for (key, value, expected) in [
            ("max_connections", "6", None),
            (
                "max_connections",
                "-5",
                Some("configuration.max_connections: invalid value -5 (out of bound >=6)"),
            ),
            ("max_connections", "101", Some("out of bound <=100")),
            ("max_connections", "many", Some("mismatched types")),
            ("wal_level", "replica", None),
            ("wal_level", "none", Some("none of the choices")),
            ("port", "1", Some("immutable")),
            ("anything", "else", None),
        ] {
            let parameters = Parameters::from([(key.to_owned(), Some(value.to_owned()))]);
            let found = violation(&constraint, &parameters);
            match expected {
                None => assert_eq!(found, None, "{key}={value}"),
                Some(part) => {
                    assert!(found.as_ref().is_some_and(|text| text.contains(part)), "{key}: {found:?}");
                }
            }
        }
    }
}
