//! When two manifests, or two values in them, mean the same. Pure. The plan (what the practitioner changed) and the
//! refresh (what others changed) decide by it.

use kubeblocks_schemas::quantity::Quantity;
use serde_json::Value as Json;
use tfplugin::raw::{Number, RawValue};

use super::values::{to_json, yaml_document};

/// Maps of which every value is a quantity.
const MAPS_OF_QUANTITIES: [&str; 5] = ["allocatedResources", "capacity", "limits", "overhead", "requests"];

/// Fields that are a quantity, in any of `KubeBlocks`' kinds.
const QUANTITIES: [&str; 14] = [
    "cpu",
    "divisor",
    "max",
    "maxPerCPU",
    "memory",
    "min",
    "minPerCPU",
    "size",
    "sizeLimit",
    "sizePerCPU",
    "slots",
    "step",
    "storage",
    "volumeCapacity",
];

/// Fields that are a number or its text.
const NUMBER_OR_TEXT: [&str; 6] =
    ["maxSurge", "maxUnavailable", "monitoringInterval", "port", "scrapePort", "targetPort"];

/// How the values at a place are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rule {
    /// By their type and value.
    #[default]
    Plain,
    /// As quantities: `1Gi` is `1024Mi`.
    Quantity,
    /// A number equals its text.
    NumberOrText,
}

impl Rule {
    /// The rule of the field `name`, which stands in the field `parent`.
    pub fn of(parent: &str, name: &str) -> Self {
        if MAPS_OF_QUANTITIES.contains(&parent) || QUANTITIES.contains(&name) {
            Self::Quantity
        } else if NUMBER_OR_TEXT.contains(&name) {
            Self::NumberOrText
        } else {
            Self::Plain
        }
    }

    /// Whether two values that are neither objects nor lists mean the same.
    pub fn same(self, left: &Json, right: &Json) -> bool {
        if let (Json::Number(left), Json::Number(right)) = (left, right) {
            return match (Number::parse(&left.to_string()), Number::parse(&right.to_string())) {
                (Ok(left), Ok(right)) => left == right,
                _ => left == right,
            };
        }
        if left == right {
            return true;
        }
        let (Some(left), Some(right)) = (text(left), text(right)) else { return false };
        match self {
            Self::Plain => false,
            Self::NumberOrText => left == right,
            Self::Quantity => match (left.parse::<Quantity>(), right.parse::<Quantity>()) {
                (Ok(left), Ok(right)) => left == right,
                _ => false,
            },
        }
    }
}

fn text(json: &Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

/// Whether two written values mean the same. What is null is as if it were not written.
pub fn same_meaning(left: &Json, right: &Json) -> bool {
    same_at("", "", left, right)
}

fn same_at(parent: &str, name: &str, left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Object(left), Json::Object(right)) => {
            let part = |from: &serde_json::Map<String, Json>, key: &String| {
                from.get(key).cloned().unwrap_or_default()
            };
            left.keys().chain(right.keys()).all(|key| same_at(name, key, &part(left, key), &part(right, key)))
        }
        (Json::Array(left), Json::Array(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| same_at(parent, name, left, right))
        }
        (left, right) => Rule::of(parent, name).same(left, right),
    }
}

/// Whether two values of `manifest` mean the same.
pub fn same_manifest(prior: &RawValue, config: &RawValue) -> bool {
    match (to_json(prior), to_json(config)) {
        (Some(prior), Some(config)) => same_meaning(&prior, &config),
        _ => prior == config,
    }
}

/// Whether two values of `yaml` mean the same: comments, order of keys and layout do not count.
pub fn same_yaml(prior: &str, config: &str) -> bool {
    match (yaml_document(prior), yaml_document(config)) {
        (Ok(prior), Ok(config)) => same_meaning(&prior, &config),
        _ => prior == config,
    }
}

/// Whether a value is what an absent one stands for in most kinds: programs that write objects leave such out.
pub fn is_empty(json: &Json) -> bool {
    match json {
        Json::Null => true,
        Json::Bool(value) => !value,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty(),
        Json::Array(elements) => elements.is_empty(),
        Json::Object(parts) => parts.values().all(is_empty),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_spellings_of_one_meaning_are_the_same() {
        for (left, right, expected) in [
            (json!({"a": 1}), json!({"a": 1.0}), true),
            (json!({"a": 1, "b": null}), json!({"a": 1}), true),
            (json!({"a": 1}), json!({"a": "1"}), false),
            (json!({"a": false}), json!({}), false),
            (json!({"limits": {"cpu": "1000m"}}), json!({"limits": {"cpu": 1}}), true),
            (json!({"requests": {"storage": "1Gi"}}), json!({"requests": {"storage": "1024Mi"}}), true),
            (json!({"requests": {"storage": "1Gi"}}), json!({"requests": {"storage": "1G"}}), false),
            (json!({"slots": ["1", 2]}), json!({"slots": [1, "2000m"]}), true),
            (json!({"rules": [{"min": "500m"}]}), json!({"rules": [{"min": "0.5"}]}), true),
            (json!({"targetPort": 80}), json!({"targetPort": "80"}), true),
            // A version or a tag is no quantity: 7.0 and 7 may be two images.
            (json!({"tag": "7.0"}), json!({"tag": "7"}), false),
            (json!({"serviceVersion": "1000m"}), json!({"serviceVersion": "1"}), false),
            (json!({"a": [1, 2]}), json!({"a": [2, 1]}), false),
            (json!({"a": [1, 2]}), json!({"a": [1]}), false),
            (json!({"a": {"b": null}}), json!({"a": {}}), true),
        ] {
            assert_eq!(same_meaning(&left, &right), expected, "{left} {right}");
            assert_eq!(same_meaning(&right, &left), expected, "{right} {left}");
        }
    }

    #[test]
    fn layout_and_comments_of_yaml_do_not_count() {
        assert!(same_yaml("a: 1\nb: {c: x}\n", "# why\nb:\n  c: 'x'\na: 1\n"));
        assert!(!same_yaml("a: 1\n", "a: 2\n"));
        assert!(!same_yaml("a: [", "a: 1"));
    }

    #[test]
    fn empty_is_what_programs_leave_out() {
        for (value, expected) in [
            (json!(null), true),
            (json!(false), true),
            (json!(0), true),
            (json!(0.0), true),
            (json!(""), true),
            (json!([]), true),
            (json!({"a": {"b": []}}), true),
            (json!(true), false),
            (json!([0]), false),
            (json!({"a": 1}), false),
        ] {
            assert_eq!(is_empty(&value), expected, "{value}");
        }
    }
}
