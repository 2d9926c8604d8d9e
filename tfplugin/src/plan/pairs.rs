//! Goes through a plan with the configuration and the prior state beside it, object by object.

use super::correlate::{correlate, respelled};
use super::nested::{NULL, counterpart, map_objects, part, set_elements};
use crate::raw::RawValue;
use crate::schema::{Attribute, Shape};

/// Gives an attribute another planned value, or `None` to leave it and go into it.
///
/// Takes the attribute, its configured, prior and planned value; prior is `None` where the object that holds the
/// attribute is new.
pub(super) type Change<'a> =
    dyn FnMut(&Attribute, &RawValue, Option<&RawValue>, &RawValue) -> Option<RawValue> + 'a;

/// The planned object with `change` made to each of its attributes, outer before inner.
pub(super) fn rebuild(
    attributes: &[Attribute],
    config: &RawValue,
    prior: &RawValue,
    planned: &RawValue,
    change: &mut Change<'_>,
) -> RawValue {
    RawValue::object(attributes.iter().map(|attribute| {
        let name = &attribute.name;
        let (config, planned) = (part(config, name), part(planned, name));
        let prior = prior.as_object().map(|_| part(prior, name));
        let changed = change(attribute, config, prior, planned).unwrap_or_else(|| match &attribute.shape {
            Shape::Type(_) => planned.clone(),
            Shape::Nested { attributes, .. } => {
                rebuild_nested(attributes, config, prior.unwrap_or(&NULL), planned, change)
            }
        });
        (name.clone(), changed)
    }))
}

fn rebuild_nested(
    attributes: &[Attribute],
    config: &RawValue,
    prior: &RawValue,
    planned: &RawValue,
    change: &mut Change<'_>,
) -> RawValue {
    let RawValue::Set(elements) = planned else {
        return map_objects(planned, |step, object| {
            let config = counterpart(config, step.as_ref()).unwrap_or(&NULL);
            let prior = counterpart(prior, step.as_ref()).unwrap_or(&NULL);
            rebuild(attributes, config, prior, object, change)
        });
    };
    let (config, prior) = (set_elements(config), set_elements(prior));
    // The plan spells its elements as the prior state does.
    let spellings: Vec<&RawValue> = prior.iter().collect();
    let config: Vec<RawValue> =
        config.iter().map(|element| respelled(attributes, element, &spellings)).collect();
    let configured = of_config(attributes, &config, elements);
    let continued = of_prior(attributes, prior, elements);
    RawValue::set(elements.iter().enumerate().map(|(index, element)| match element {
        RawValue::Object(_) => rebuild(attributes, configured[index], continued[index], element, change),
        other => other.clone(),
    }))
}

/// For each planned element of a set the configured one that it was made of, or null.
fn of_config<'a>(
    attributes: &[Attribute],
    config: &'a [RawValue],
    planned: &[RawValue],
) -> Vec<&'a RawValue> {
    let mut found = vec![&NULL; planned.len()];
    // A planned element is to its configured one as a prior is to one that continues it: the same, but filled in.
    for (element, filled) in config.iter().zip(correlate(attributes, config, planned)) {
        let position =
            filled.and_then(|filled| planned.iter().position(|element| std::ptr::eq(element, filled)));
        if let Some(position) = position {
            found[position] = element;
        }
    }
    found
}

/// For each planned element of a set the prior one that it continues, or null.
fn of_prior<'a>(attributes: &[Attribute], prior: &'a [RawValue], planned: &[RawValue]) -> Vec<&'a RawValue> {
    let opened: Vec<RawValue> = planned.iter().map(|element| opened(attributes, element)).collect();
    correlate(attributes, &opened, prior).into_iter().map(|prior| prior.unwrap_or(&NULL)).collect()
}

/// A planned object with its computed unknowns left open, as they are in a configuration.
fn opened(attributes: &[Attribute], planned: &RawValue) -> RawValue {
    let RawValue::Object(_) = planned else { return planned.clone() };
    RawValue::object(attributes.iter().map(|attribute| {
        let planned = part(planned, &attribute.name);
        let value = match &attribute.shape {
            _ if planned.is_unknown() && attribute.is_computed() => RawValue::Null,
            Shape::Type(_) => planned.clone(),
            Shape::Nested { attributes, .. } => map_objects(planned, |_, object| opened(attributes, object)),
        };
        (attribute.name.clone(), value)
    }))
}
