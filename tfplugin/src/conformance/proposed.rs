//! What Terraform itself proposes before it asks the provider: the configuration, with what the provider gave before
//! wherever the configuration leaves it out.

use std::collections::BTreeMap;

use super::values::{attribute_of, without_refinements};
use crate::raw::RawValue;
use crate::schema::Schema;
use crate::schema::{Attribute, Mode, Shape};

/// The `proposed_new_state` of a create or an update. Lists correlate by position, maps by key, and each configured
/// element of a set takes the first prior one that could have come from it.
pub fn proposed_new_state(schema: &Schema, prior: &RawValue, config: &RawValue) -> RawValue {
    if config.is_null() || config.is_unknown() {
        return prior.clone();
    }
    propose_object(&schema.attributes, prior, config)
}

fn propose_object(attributes: &[Attribute], prior: &RawValue, config: &RawValue) -> RawValue {
    if !matches!(config, RawValue::Object(_)) {
        return config.clone();
    }
    RawValue::Object(
        attributes
            .iter()
            .map(|attribute| {
                let (prior, config) =
                    (attribute_of(prior, &attribute.name), attribute_of(config, &attribute.name));
                (attribute.name.clone(), propose(attribute, &prior, &config))
            })
            .collect(),
    )
}

fn propose(attribute: &Attribute, prior: &RawValue, config: &RawValue) -> RawValue {
    if on_wire_computed(attribute) && config.is_null() {
        let was_configured = attribute.mode != Mode::Computed && must_have_been_configured(attribute, prior);
        return if was_configured { RawValue::Null } else { prior.clone() };
    }
    let Shape::Nested { attributes, .. } = &attribute.shape else {
        return config.clone();
    };
    match config {
        RawValue::Object(_) => propose_object(attributes, prior, config),
        RawValue::List(elements) => RawValue::List(
            elements
                .iter()
                .enumerate()
                .map(|(index, element)| match prior {
                    RawValue::List(prior) if index < prior.len() => {
                        propose_object(attributes, &prior[index], element)
                    }
                    _ => element.clone(),
                })
                .collect(),
        ),
        RawValue::Map(elements) => RawValue::Map(
            elements
                .iter()
                .map(|(key, element)| {
                    let prior = match prior {
                        RawValue::Map(prior) => prior.get(key).cloned().unwrap_or(RawValue::Null),
                        _ => RawValue::Null,
                    };
                    (key.clone(), propose_object(attributes, &prior, element))
                })
                .collect(),
        ),
        RawValue::Set(elements) => propose_set(attributes, prior, elements),
        other => other.clone(),
    }
}

fn propose_set(attributes: &[Attribute], prior: &RawValue, config: &[RawValue]) -> RawValue {
    let mut left: Vec<&RawValue> = match prior {
        RawValue::Set(elements) => elements.iter().collect(),
        _ => Vec::new(),
    };
    RawValue::set(config.iter().map(|element| {
        let position = left.iter().position(|prior| could_come_from(attributes, prior, element));
        let prior = position.map_or(&RawValue::Null, |position| left.remove(position));
        propose_object(attributes, prior, element)
    }))
}

fn on_wire_computed(attribute: &Attribute) -> bool {
    attribute.default.is_some() || matches!(attribute.mode, Mode::Computed | Mode::OptionalComputed)
}

/// Whether a prior nested value holds something that only a configuration can have given.
fn must_have_been_configured(attribute: &Attribute, prior: &RawValue) -> bool {
    let Shape::Nested { attributes, .. } = &attribute.shape else { return false };
    let objects: Vec<&BTreeMap<String, RawValue>> = match prior {
        RawValue::Object(object) => vec![object],
        RawValue::List(elements) | RawValue::Set(elements) => {
            elements.iter().filter_map(RawValue::as_object).collect()
        }
        RawValue::Map(elements) => elements.values().filter_map(RawValue::as_object).collect(),
        _ => return false,
    };
    objects.iter().any(|object| {
        attributes.iter().any(|inner| {
            let value = object.get(&inner.name).unwrap_or(&RawValue::Null);
            !value.is_null() && (!on_wire_computed(inner) || must_have_been_configured(inner, value))
        })
    })
}

/// Whether a prior element is a configured one with only computed values added.
fn could_come_from(attributes: &[Attribute], prior: &RawValue, config: &RawValue) -> bool {
    if without_refinements(prior) == without_refinements(config) {
        return true;
    }
    let (RawValue::Object(prior), RawValue::Object(config)) = (prior, config) else { return false };
    attributes.iter().all(|attribute| {
        let (prior, config) = (&prior[&attribute.name], &config[&attribute.name]);
        if without_refinements(prior) == without_refinements(config) {
            return true;
        }
        let Shape::Nested { attributes, .. } = &attribute.shape else {
            return on_wire_computed(attribute) && config.is_null();
        };
        match (prior, config) {
            // Only what was there before is looked at.
            (RawValue::Null, _) => true,
            (RawValue::Object(_), RawValue::Object(_)) => could_come_from(attributes, prior, config),
            (RawValue::List(prior), RawValue::List(config)) => {
                prior.iter().enumerate().all(|(index, prior)| {
                    config.get(index).is_some_and(|config| could_come_from(attributes, prior, config))
                })
            }
            (RawValue::Map(prior), RawValue::Map(config)) => prior.iter().all(|(key, prior)| {
                config.get(key).is_some_and(|config| could_come_from(attributes, prior, config))
            }),
            _ => false,
        }
    })
}
