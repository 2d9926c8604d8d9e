//! Whether parameters keep to the bounds of their constraint.
//!
//! Pure. The real operator evaluates CUE; the stand-in reads the JSON schema that its own constraints carry beside it.

use serde_json::Value;

use super::Parameters;
use crate::operator::api::ConfigConstraintSpec;

/// The first violation, in the real operator's words.
pub(super) fn violation(constraint: &ConfigConstraintSpec, parameters: &Parameters) -> Option<String> {
    let known = constraint
        .configuration_schema
        .as_ref()
        .and_then(|schema| schema.schema.as_ref()?.pointer("/properties/spec/properties"));
    parameters.iter().find_map(|(key, value)| {
        let value = value.as_deref()?;
        if constraint.immutable_parameters.contains(key) {
            return Some(format!("parameter {key} is immutable, cannot be modified"));
        }
        let rule = known?.get(key)?;
        broken(rule, value).map(|reason| {
            format!(
                "failed to validate updated config: [failed to render cue template configure: \
                 [configuration.{key}: {reason}]]"
            )
        })
    })
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
