//! Terraform's rules for a plan, held against our own plans before they are sent, so that a mistake of a provider is
//! told with its path and never shows a value, which may be secret.

use std::collections::BTreeMap;

use super::nested::{NULL, counterpart, objects, part, same};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::path::Path;
use crate::raw::RawValue;
use crate::schema::{Attribute, Nesting, Schema, Shape};
use crate::types::Type;

/// Whether a state has the attributes and types that the schema says.
pub(super) fn conforms(schema: &Schema, state: &RawValue) -> Diagnostics {
    let mut found = Vec::new();
    match state {
        RawValue::Object(values) => object_conforms(&schema.attributes, values, &Path::root(), &mut found),
        other => found.push((Path::root(), format!("it is {}, not an object", other.kind()))),
    }
    found
        .into_iter()
        .map(|(path, reason)| bug("Provider produced a value of the wrong type", &path, &reason))
        .collect()
}

/// Whether a plan keeps to what the configuration and the prior state allow. `planned` conforms to the schema.
pub(super) fn check_plan(
    schema: &Schema,
    config: &RawValue,
    prior: &RawValue,
    planned: &RawValue,
) -> Diagnostics {
    let mut check = PlanCheck { diagnostics: Diagnostics::new() };
    check.object(&schema.attributes, config, prior, planned, &Path::root());
    check.diagnostics
}

pub(super) fn bug(summary: &str, path: &Path, reason: &str) -> Diagnostic {
    let what = if path.is_root() { "The object as a whole".to_owned() } else { format!("Attribute {path}") };
    Diagnostic::provider_bug(summary, format!("{what}: {reason}.")).at(path.clone())
}

struct PlanCheck {
    diagnostics: Diagnostics,
}

impl PlanCheck {
    fn refuse(&mut self, path: &Path, reason: &str) {
        self.diagnostics.push(bug("Provider produced an invalid plan", path, reason));
    }

    fn object(
        &mut self,
        attributes: &[Attribute],
        config: &RawValue,
        prior: &RawValue,
        planned: &RawValue,
        path: &Path,
    ) {
        for attribute in attributes {
            let name = &attribute.name;
            let path = path.then_attribute(name.clone());
            self.attribute(attribute, part(config, name), part(prior, name), part(planned, name), &path);
        }
    }

    fn attribute(
        &mut self,
        attribute: &Attribute,
        config: &RawValue,
        prior: &RawValue,
        planned: &RawValue,
        path: &Path,
    ) {
        if attribute.write_only {
            if !planned.is_null() {
                self.refuse(path, "it is write-only, but the plan holds a value for it");
            }
            return;
        }
        let keeps_prior =
            !prior.is_null() && !config.is_null() && config.is_wholly_known() && same(planned, prior);
        let is_filled_in = !attribute.is_configurable() || config.is_null() && attribute.is_computed();
        if same(planned, config) || keeps_prior || is_filled_in {
            return;
        }
        match &attribute.shape {
            _ if config.is_null() => {
                self.refuse(
                    path,
                    "the configuration does not set it and it is not computed, but a value is planned",
                );
            }
            _ if config.is_unknown() => {
                self.refuse(
                    path,
                    "its configuration is not known yet, but the plan does not leave it unknown",
                );
            }
            Shape::Nested { nesting, attributes } => {
                self.nested(*nesting, attributes, config, prior, planned, path);
            }
            Shape::Type(_) => {
                self.refuse(path, "what is planned is neither what is configured nor what was before");
            }
        }
    }

    fn nested(
        &mut self,
        nesting: Nesting,
        attributes: &[Attribute],
        config: &RawValue,
        prior: &RawValue,
        planned: &RawValue,
        path: &Path,
    ) {
        if planned.is_null() {
            return self.refuse(path, "the configuration sets it, but null is planned");
        }
        if planned.is_unknown() {
            return self.refuse(path, "the configuration sets it, but it is planned as unknown");
        }
        if nesting == Nesting::Set {
            return self.set(config, planned, path);
        }
        let (configured, planned_objects) = (objects(config), objects(planned));
        if configured.len() != planned_objects.len() {
            return self.refuse(path, "the plan does not have as many elements as the configuration");
        }
        for ((step, config), (planned_step, planned)) in configured.into_iter().zip(planned_objects) {
            if step != planned_step {
                return self.refuse(path, "the plan does not have the same keys as the configuration");
            }
            let prior = counterpart(prior, step.as_ref()).unwrap_or(&NULL);
            let path = step.map_or_else(|| path.clone(), |step| path.then(step));
            match (config, planned) {
                (RawValue::Object(_), RawValue::Object(_)) => {
                    self.object(attributes, config, prior, planned, &path);
                }
                _ if same(config, planned) => {}
                _ => self.refuse(&path, "the plan and the configuration do not agree on whether it is there"),
            }
        }
    }

    /// Elements of sets cannot be told apart, so only their number can be held against the configuration.
    fn set(&mut self, config: &RawValue, planned: &RawValue, path: &Path) {
        let (configured, count) = (objects(config).len(), objects(planned).len());
        let may_collapse = !planned.is_wholly_known() && configured >= 1;
        if count < configured || (count > configured && !may_collapse) {
            self.refuse(path, "the plan does not have as many elements as the configuration");
        }
    }
}

/// Where and how a value is of another type than the schema says.
pub(super) type Mismatches = Vec<(Path, String)>;

/// Holds an object against its attributes: all of them must be there, and nothing else.
pub(super) fn object_conforms(
    attributes: &[Attribute],
    values: &BTreeMap<String, RawValue>,
    path: &Path,
    found: &mut Mismatches,
) {
    for attribute in attributes {
        let path = path.then_attribute(attribute.name.clone());
        match (values.get(&attribute.name), &attribute.shape) {
            (None, _) => found.push((path, "it is missing from the object".to_owned())),
            (Some(value), Shape::Type(kind)) => type_conforms(kind, value, &path, found),
            (Some(value), Shape::Nested { nesting, attributes }) => {
                nested_conforms(*nesting, attributes, value, &path, found);
            }
        }
    }
    for name in values.keys().filter(|name| !attributes.iter().any(|attribute| attribute.name == **name)) {
        found.push((path.then_attribute(name.clone()), "the schema has no such attribute".to_owned()));
    }
}

fn nested_conforms(
    nesting: Nesting,
    attributes: &[Attribute],
    value: &RawValue,
    path: &Path,
    found: &mut Mismatches,
) {
    let expected = match (nesting, value) {
        (_, RawValue::Null | RawValue::Unknown(_))
        | (Nesting::Single, RawValue::Object(_))
        | (Nesting::List, RawValue::List(_) | RawValue::Tuple(_))
        | (Nesting::Set, RawValue::Set(_))
        | (Nesting::Map, RawValue::Map(_)) => None,
        (Nesting::Single, _) => Some("an object"),
        (Nesting::List, _) => Some("a list of objects"),
        (Nesting::Set, _) => Some("a set of objects"),
        (Nesting::Map, _) => Some("a map of objects"),
    };
    if let Some(expected) = expected {
        return found.push((path.clone(), format!("it is {}, not {expected}", value.kind())));
    }
    for (step, element) in objects(value) {
        let path = step.map_or_else(|| path.clone(), |step| path.then(step));
        match element {
            RawValue::Object(values) => object_conforms(attributes, values, &path, found),
            RawValue::Null | RawValue::Unknown(_) => {}
            other => found.push((path, format!("it is {}, not an object", other.kind()))),
        }
    }
}

fn type_conforms(kind: &Type, value: &RawValue, path: &Path, found: &mut Mismatches) {
    let expected = match (kind, value) {
        (_, RawValue::Null | RawValue::Unknown(_))
        | (Type::String, RawValue::String(_))
        | (Type::Number, RawValue::Number(_))
        | (Type::Bool, RawValue::Bool(_)) => return,
        (Type::Dynamic, RawValue::Dynamic(inner)) => return type_conforms(&inner.0, &inner.1, path, found),
        (Type::List(inner), RawValue::List(_))
        | (Type::Set(inner), RawValue::Set(_))
        | (Type::Map(inner), RawValue::Map(_)) => {
            for (step, element) in objects(value) {
                let path = step.map_or_else(|| path.clone(), |step| path.then(step));
                type_conforms(inner, element, &path, found);
            }
            return;
        }
        (Type::Tuple(kinds), RawValue::Tuple(elements)) if kinds.len() == elements.len() => {
            for (index, (kind, element)) in kinds.iter().zip(elements).enumerate() {
                type_conforms(kind, element, &path.then_index(index), found);
            }
            return;
        }
        (Type::Object(kinds), RawValue::Object(values)) if kinds.keys().eq(values.keys()) => {
            for (kind, (name, value)) in kinds.values().zip(values) {
                type_conforms(kind, value, &path.then_attribute(name.clone()), found);
            }
            return;
        }
        (Type::String, _) => "a string",
        (Type::Number, _) => "a number",
        (Type::Bool, _) => "a bool",
        (Type::Dynamic, _) => "a value with its type",
        (Type::List(_), _) => "a list",
        (Type::Set(_), _) => "a set",
        (Type::Map(_), _) => "a map",
        (Type::Object(_), _) => "an object with the attributes of its type",
        (Type::Tuple(_), _) => "a tuple with the elements of its type",
    };
    found.push((path.clone(), format!("it is {}, not {expected}", value.kind())));
}
