//! What may leave the provider towards a state or a generated configuration. Pure.

use std::collections::BTreeMap;

use crate::raw::RawValue;
use crate::schema::{Attribute, Mode, Schema, Shape};

/// A state without write-only values: authors copy the configuration into their result, and a secret must not go on
/// from there.
pub(super) fn without_write_only(schema: &Schema, state: RawValue) -> RawValue {
    change_attributes(&schema.attributes, state, &|attribute, value| {
        if attribute.write_only { RawValue::Null } else { value }
    })
}

/// A configuration that would describe `state`: what only the provider gives, what is a default anyway, what is
/// deprecated and what is never stored is left out.
pub fn configuration_of(schema: &Schema, state: RawValue) -> RawValue {
    change_attributes(&schema.attributes, state, &|attribute, value| {
        let is_default = attribute.default.is_some_and(|default| default() == value);
        let left_out = attribute.mode == Mode::Computed
            || attribute.write_only
            || is_default
            || (attribute.deprecated.is_some() && attribute.mode != Mode::Required);
        if left_out { RawValue::Null } else { value }
    })
}

type Change<'a> = &'a dyn Fn(&Attribute, RawValue) -> RawValue;

fn change_attributes(attributes: &[Attribute], object: RawValue, change: Change<'_>) -> RawValue {
    let RawValue::Object(mut values) = object else { return object };
    for attribute in attributes {
        let Some(value) = values.remove(&attribute.name) else { continue };
        let value = match &attribute.shape {
            Shape::Type(_) => value,
            Shape::Nested { attributes, .. } => change_nested(attributes, value, change),
        };
        values.insert(attribute.name.clone(), change(attribute, value));
    }
    RawValue::Object(values)
}

fn change_nested(attributes: &[Attribute], value: RawValue, change: Change<'_>) -> RawValue {
    let all =
        |values: Vec<RawValue>| values.into_iter().map(|value| change_attributes(attributes, value, change));
    match value {
        RawValue::List(values) => RawValue::List(all(values).collect()),
        RawValue::Set(values) => RawValue::set(all(values)),
        RawValue::Map(values) => RawValue::Map(
            values
                .into_iter()
                .map(|(key, value)| (key, change_attributes(attributes, value, change)))
                .collect::<BTreeMap<_, _>>(),
        ),
        other => change_attributes(attributes, other, change),
    }
}
