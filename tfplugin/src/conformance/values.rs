//! Values as the rules look at them. Judges nothing.

use crate::raw::RawValue;
use crate::types::Type;

/// An attribute of a value: null below null, unknown below unknown.
pub(super) fn attribute_of(value: &RawValue, name: &str) -> RawValue {
    match value {
        RawValue::Object(attributes) => attributes.get(name).cloned().unwrap_or(RawValue::Null),
        RawValue::Unknown(_) => RawValue::Unknown(None),
        _ => RawValue::Null,
    }
}

/// The value without anything said about its unknowns.
pub(super) fn without_refinements(value: &RawValue) -> RawValue {
    let each = |values: &Vec<RawValue>| values.iter().map(without_refinements).collect::<Vec<_>>();
    let named = |values: &std::collections::BTreeMap<String, RawValue>| {
        values.iter().map(|(name, value)| (name.clone(), without_refinements(value))).collect()
    };
    match value {
        RawValue::Unknown(_) => RawValue::Unknown(None),
        RawValue::Null | RawValue::Bool(_) | RawValue::Number(_) | RawValue::String(_) => value.clone(),
        RawValue::List(elements) => RawValue::List(each(elements)),
        RawValue::Tuple(elements) => RawValue::Tuple(each(elements)),
        RawValue::Set(elements) => RawValue::set(each(elements)),
        RawValue::Map(elements) => RawValue::Map(named(elements)),
        RawValue::Object(attributes) => RawValue::Object(named(attributes)),
        RawValue::Dynamic(inner) => {
            RawValue::Dynamic(Box::new((inner.0.clone(), without_refinements(&inner.1))))
        }
    }
}

/// The least and the greatest number of elements; unknown elements of a set may turn out to be the same.
pub(super) fn length(value: &RawValue) -> Option<(usize, usize)> {
    match value {
        RawValue::Map(elements) | RawValue::Object(elements) => Some((elements.len(), elements.len())),
        RawValue::Set(elements) if elements.len() > 1 && !value.is_wholly_known() => {
            Some((1, elements.len()))
        }
        RawValue::List(elements) | RawValue::Tuple(elements) | RawValue::Set(elements) => {
            Some((elements.len(), elements.len()))
        }
        _ => None,
    }
}

/// Whether a value is of a type.
pub(super) fn is_of(kind: &Type, value: &RawValue) -> bool {
    match value {
        RawValue::Null | RawValue::Unknown(_) => true,
        RawValue::Bool(_) => *kind == Type::Bool,
        RawValue::Number(_) => *kind == Type::Number,
        RawValue::String(_) => *kind == Type::String,
        RawValue::List(elements) => {
            matches!(kind, Type::List(inner) if elements.iter().all(|element| is_of(inner, element)))
        }
        RawValue::Set(elements) => {
            matches!(kind, Type::Set(inner) if elements.iter().all(|element| is_of(inner, element)))
        }
        RawValue::Map(elements) => {
            matches!(kind, Type::Map(inner) if elements.values().all(|element| is_of(inner, element)))
        }
        RawValue::Object(attributes) => match kind {
            Type::Object(kinds) => {
                kinds.len() == attributes.len()
                    && attributes
                        .iter()
                        .all(|(name, value)| kinds.get(name).is_some_and(|kind| is_of(kind, value)))
            }
            _ => false,
        },
        RawValue::Tuple(elements) => match kind {
            Type::Tuple(kinds) => {
                kinds.len() == elements.len()
                    && kinds.iter().zip(elements).all(|(kind, element)| is_of(kind, element))
            }
            _ => false,
        },
        RawValue::Dynamic(inner) => *kind == Type::Dynamic && is_of(&inner.0, &inner.1),
    }
}
