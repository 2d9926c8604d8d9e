//! What a `ConfigConstraint` says of the parameters of a file: names, types, bounds, and whether a change restarts.
//!
//! Pure. A constraint describes its file in CUE, of which [`cue`] reads a documented subset, and perhaps in an `OpenAPI`
//! schema that the operator made of that CUE. What is beyond the subset is never judged: the operator has the last word.

pub mod cue;
pub mod file;
mod openapi;

use std::collections::{BTreeMap, BTreeSet};

use crate::v1alpha1::ConfigConstraintSpec;

/// What a change of a parameter does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It takes effect at once (dynamic).
    Reload,
    /// Instances restart one after the other (static).
    Restart,
    /// It is refused (immutable).
    Refused,
}

impl Effect {
    /// The effect as users read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reload => "reload",
            Self::Restart => "restart",
            Self::Refused => "refused",
        }
    }

    /// What a change of `parameter` does by its constraint. As soon as one changed parameter restarts, all do.
    pub fn of(constraint: &ConfigConstraintSpec, parameter: &str) -> Self {
        let is_in = |names: &[String]| names.iter().any(|name| name == parameter);
        if is_in(&constraint.immutable_parameters) {
            Self::Refused
        } else if is_in(&constraint.static_parameters)
            || !(constraint.dynamic_parameters.is_empty() || is_in(&constraint.dynamic_parameters))
        {
            Self::Restart
        } else {
            Self::Reload
        }
    }
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// Text.
    Text,
    /// `true` or `false`, or what the engine takes for these.
    Boolean,
}

impl Kind {
    /// The kind as users read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Text => "string",
            Self::Boolean => "boolean",
        }
    }
}

/// One parameter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rule {
    /// What its values are, when that is told.
    pub kind: Option<Kind>,
    /// The least value, as it is written.
    pub minimum: Option<String>,
    /// The greatest value, as it is written.
    pub maximum: Option<String>,
    /// Values that it takes, beside those between `minimum` and `maximum` if these are told.
    pub allowed: Vec<String>,
    /// The default, by the constraint.
    pub default: Option<String>,
    /// What it does, in the words of the constraint's author.
    pub description: Option<String>,
    /// Whether values may carry a unit, such as `128MB`; such values are not compared with the bounds.
    pub has_units: bool,
    /// Whether a bound itself is outside (`>5`, `<5`).
    pub(crate) excludes: (bool, bool),
    /// Whether everything that the constraint says of it was understood.
    pub(crate) is_understood: bool,
}

impl Rule {
    /// Why the value is refused, as a clause; nothing when it is fine or cannot be told.
    pub fn violation(&self, value: &str) -> Option<String> {
        let value = value.trim().trim_matches(['\'', '"']);
        if !self.is_understood || self.allowed.iter().any(|allowed| allowed == value) {
            return None;
        }
        let is_bounded = self.minimum.is_some() || self.maximum.is_some();
        let is_numeric = matches!(self.kind, Some(Kind::Integer | Kind::Number));
        if !is_bounded && !self.allowed.is_empty() {
            return Some(format!("it takes {}", self.values_in_words()));
        }
        if !is_numeric && !is_bounded {
            return None;
        }
        let whole = self.kind != Some(Kind::Integer) || value.parse::<i128>().is_ok();
        match value.parse::<f64>() {
            Ok(number) if whole && self.contains(number) => None,
            Ok(_) if whole => Some(format!("it takes {}", self.values_in_words())),
            Ok(_) | Err(_) if self.has_units => None,
            Ok(_) | Err(_) => Some(format!(
                "it takes a {}{}",
                if self.kind == Some(Kind::Integer) { "whole number" } else { "number" },
                if is_bounded { format!(", {}", self.values_in_words()) } else { String::new() }
            )),
        }
    }

    fn contains(&self, number: f64) -> bool {
        let bound = |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<f64>().ok());
        let (no_minimum, no_maximum) = self.excludes;
        bound(&self.minimum).is_none_or(|least| number > least || (!no_minimum && number >= least))
            && bound(&self.maximum).is_none_or(|most| number < most || (!no_maximum && number <= most))
    }

    /// The values that it takes, for messages.
    fn values_in_words(&self) -> String {
        let bounds = match (&self.minimum, &self.maximum) {
            (Some(least), Some(most)) => Some(format!("{least} to {most}")),
            (Some(least), None) => Some(format!("at least {least}")),
            (None, Some(most)) => Some(format!("at most {most}")),
            (None, None) => None,
        };
        let allowed = self.allowed.iter().map(|value| format!("\"{value}\""));
        bounds.into_iter().chain(allowed).collect::<Vec<_>>().join(", ")
    }
}

/// Everything that a constraint says of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    /// By the name of the parameter.
    pub rules: BTreeMap<String, Rule>,
    /// Whether parameters that are not in `rules` are refused.
    pub is_closed: bool,
}

impl Rules {
    /// Reads a constraint. Names that only stand in its lists of static, dynamic and immutable parameters are there, too.
    pub fn of(constraint: &ConfigConstraintSpec) -> Self {
        let schema = constraint.configuration_schema.as_ref();
        let cue = schema.and_then(|schema| schema.cue.as_deref()).filter(|text| !text.trim().is_empty());
        let mut rules = match cue {
            Some(text) => {
                cue::read(text, constraint.cfg_schema_top_level_name.as_deref()).unwrap_or_default()
            }
            None => Self::default(),
        };
        let described =
            schema.and_then(|schema| schema.schema.as_ref()).map(openapi::read).unwrap_or_default();
        for (name, described) in described {
            match rules.rules.get_mut(&name) {
                Some(rule) => fill(rule, described),
                None => drop(rules.rules.insert(name, described)),
            }
        }
        let lists =
            [&constraint.static_parameters, &constraint.dynamic_parameters, &constraint.immutable_parameters];
        for name in lists.into_iter().flatten() {
            rules.rules.entry(name.clone()).or_default();
        }
        rules
    }

    /// The names.
    pub fn names(&self) -> BTreeSet<&str> {
        self.rules.keys().map(String::as_str).collect()
    }
}

/// What the CUE did not tell, or told in a form that is not read, from the schema that was made of it.
fn fill(rule: &mut Rule, described: Rule) {
    if rule.is_understood {
        rule.default = rule.default.take().or(described.default);
        rule.description = rule.description.take().or(described.description);
        return;
    }
    let (description, has_units) = (rule.description.take(), rule.has_units);
    *rule = Rule {
        description: description.or(described.description.clone()),
        has_units,
        is_understood: false,
        ..described
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn constraint(spec: serde_json::Value) -> ConfigConstraintSpec {
        serde_json::from_value(spec).unwrap()
    }

    #[test]
    fn a_change_is_refused_restarts_or_reloads() {
        let both = constraint(json!({
            "formatterConfig": {"format": "ini"},
            "staticParameters": ["s"], "dynamicParameters": ["d"], "immutableParameters": ["i"],
        }));
        let none = constraint(json!({"formatterConfig": {"format": "ini"}}));
        for (constraint, name, expected) in [
            (&both, "s", Effect::Restart),
            (&both, "d", Effect::Reload),
            (&both, "i", Effect::Refused),
            (&both, "unlisted", Effect::Restart),
            (&none, "unlisted", Effect::Reload),
        ] {
            assert_eq!(Effect::of(constraint, name), expected, "{name}");
        }
    }

    #[test]
    fn values_are_judged_only_as_far_as_the_rule_is_understood() {
        let rules = Rules::of(&constraint(json!({
            "formatterConfig": {"format": "properties"},
            "staticParameters": ["listed"],
            "configurationSchema": {"cue": r#"
                #P: {
                    count: int & >=6 & <=100 | *20
                    sign?: int & >=-1 | *-1
                    open?: float & >0 & <1
                    size?: int & >=16 & <=1000 @storeResource(8KB)
                    level?: string & "minimal" | "replica" | *"logical"
                    mode?: int & 0 | 1 | 2
                    mixed?: int & >=10 & <=20 | 0
                    odd?: =~"^a"
                    free?: string
                }
            "#, "schema": {"properties": {"spec": {"properties": {
                "free": {"type": "string", "description": "by schema"},
                "other": {"type": "integer", "minimum": 5, "maximum": 7},
            }}}}},
        })));
        assert!(rules.is_closed);
        assert_eq!(rules.rules["free"].description.as_deref(), Some("by schema"));
        for (name, value, expected) in [
            ("count", "6", None),
            ("count", "'100'", None),
            ("count", "5", Some("it takes 6 to 100")),
            ("count", "101", Some("it takes 6 to 100")),
            ("count", "7.5", Some("it takes a whole number, 6 to 100")),
            ("count", "many", Some("it takes a whole number, 6 to 100")),
            ("sign", "-1", None),
            ("sign", "-2", Some("it takes at least -1")),
            ("open", "0.5", None),
            ("open", "1", Some("it takes 0 to 1")),
            ("size", "128MB", None),
            ("size", "8", Some("it takes 16 to 1000")),
            ("level", "replica", None),
            ("level", "none", Some(r#"it takes "minimal", "replica", "logical""#)),
            ("mode", "1", None),
            ("mode", "3", Some(r#"it takes "0", "1", "2""#)),
            ("mixed", "0", None),
            ("mixed", "15", None),
            ("mixed", "5", Some(r#"it takes 10 to 20, "0""#)),
            ("odd", "b", None),
            ("free", "anything", None),
            ("other", "8", Some("it takes 5 to 7")),
            ("listed", "anything", None),
        ] {
            assert_eq!(rules.rules[name].violation(value).as_deref(), expected, "{name} = {value}");
        }
    }
}
