//! What the parts of the engine share: looking into values, and the objects inside of nested attributes. Decides nothing.

use crate::path::PathStep;
use crate::raw::RawValue;

/// Stands for an attribute that is not there.
pub(super) static NULL: RawValue = RawValue::Null;

/// An attribute of an object; null where there is no object.
pub(super) fn part<'a>(object: &'a RawValue, name: &str) -> &'a RawValue {
    object.attribute(name).unwrap_or(&NULL)
}

/// The same value with nothing said about its unknowns, as Terraform compares plans.
pub(super) fn unrefined(value: &RawValue) -> RawValue {
    value.clone().map_parts(|_, part| match part {
        RawValue::Unknown(_) => RawValue::unknown(),
        known => known,
    })
}

/// Whether two values are the same but for what is said about their unknowns.
pub(super) fn same(left: &RawValue, right: &RawValue) -> bool {
    left == right || unrefined(left) == unrefined(right)
}

/// The objects in a nested attribute, each with the step that leads to it; none when it is null or unknown, and
/// `None` for the step of a single one, which is the value itself.
pub(super) fn objects(value: &RawValue) -> Vec<(Option<PathStep>, &RawValue)> {
    match value {
        RawValue::Object(_) => vec![(None, value)],
        RawValue::List(elements) | RawValue::Tuple(elements) => elements
            .iter()
            .enumerate()
            .map(|(index, element)| (Some(PathStep::Index(index)), element))
            .collect(),
        RawValue::Set(elements) => {
            elements.iter().map(|element| (Some(PathStep::SetElement), element)).collect()
        }
        RawValue::Map(elements) => {
            elements.iter().map(|(key, element)| (Some(PathStep::Key(key.clone())), element)).collect()
        }
        _ => Vec::new(),
    }
}

/// The object of another value of the same nested attribute under the same step; `None` when there is none there, and
/// always in sets, whose elements have no address.
pub(super) fn counterpart<'a>(value: &'a RawValue, step: Option<&PathStep>) -> Option<&'a RawValue> {
    let object = match (value, step) {
        (RawValue::Object(_), None) => Some(value),
        (RawValue::List(elements) | RawValue::Tuple(elements), Some(PathStep::Index(index))) => {
            elements.get(*index)
        }
        (RawValue::Map(elements), Some(PathStep::Key(key))) => elements.get(key),
        _ => None,
    };
    object.filter(|object| matches!(object, RawValue::Object(_)))
}

/// The same nested value with each of its objects changed; null and unknown stay.
pub(super) fn map_objects(
    value: &RawValue,
    mut change: impl FnMut(Option<PathStep>, &RawValue) -> RawValue,
) -> RawValue {
    let mut each = |step: Option<PathStep>, element: &RawValue| match element {
        RawValue::Object(_) => change(step, element),
        other => other.clone(),
    };
    match value {
        RawValue::Object(_) => each(None, value),
        RawValue::List(elements) => RawValue::List(
            elements
                .iter()
                .enumerate()
                .map(|(index, element)| each(Some(PathStep::Index(index)), element))
                .collect(),
        ),
        RawValue::Tuple(elements) => RawValue::Tuple(
            elements
                .iter()
                .enumerate()
                .map(|(index, element)| each(Some(PathStep::Index(index)), element))
                .collect(),
        ),
        RawValue::Set(elements) => {
            RawValue::set(elements.iter().map(|element| each(Some(PathStep::SetElement), element)))
        }
        RawValue::Map(elements) => RawValue::Map(
            elements
                .iter()
                .map(|(key, element)| (key.clone(), each(Some(PathStep::Key(key.clone())), element)))
                .collect(),
        ),
        other => other.clone(),
    }
}

/// The elements of a set; none when it is null or unknown.
pub(super) fn set_elements(value: &RawValue) -> &[RawValue] {
    match value {
        RawValue::Set(elements) => elements,
        _ => &[],
    }
}
