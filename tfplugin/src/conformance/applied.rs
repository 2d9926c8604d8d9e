//! The rules of a state after apply.

use super::compatible::assert_object_compatible;
use super::plan_valid::write_only_left;
use super::{Violations, violation};
use crate::path::Path;
use crate::raw::RawValue;
use crate::schema::Schema;

/// What Terraform refuses in the answer to `ApplyResourceChange` when it carries no error: a state that does not follow
/// from its plan, holds an unknown or keeps something write-only.
pub fn assert_applied(schema: &Schema, planned: &RawValue, actual: &RawValue) -> Violations {
    let mut found = write_only_left(&schema.attributes, actual, &Path::root());
    found.extend(unknown_parts(actual, &Path::root()));
    found.extend(assert_object_compatible(schema, planned, actual));
    found
}

fn unknown_parts(value: &RawValue, path: &Path) -> Violations {
    match value {
        RawValue::Unknown(_) => vec![violation(path, "unknown after apply")],
        RawValue::Null | RawValue::Bool(_) | RawValue::Number(_) | RawValue::String(_) => Violations::new(),
        RawValue::List(elements) | RawValue::Tuple(elements) => elements
            .iter()
            .enumerate()
            .flat_map(|(index, element)| unknown_parts(element, &path.then_index(index)))
            .collect(),
        RawValue::Set(elements) => elements.iter().flat_map(|element| unknown_parts(element, path)).collect(),
        RawValue::Map(elements) => elements
            .iter()
            .flat_map(|(key, element)| unknown_parts(element, &path.then_key(key.clone())))
            .collect(),
        RawValue::Object(attributes) => attributes
            .iter()
            .flat_map(|(name, value)| unknown_parts(value, &path.then_attribute(name.clone())))
            .collect(),
        RawValue::Dynamic(inner) => unknown_parts(&inner.1, path),
    }
}
