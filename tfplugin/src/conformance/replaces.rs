//! Which action Terraform takes from a plan.

use super::{Violation, violation};
use crate::path::{Path, PathStep};
use crate::raw::RawValue;
use crate::schema::{Schema, Shape};

/// What Terraform does with a planned change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Makes the object.
    Create,
    /// Leaves it alone; nothing is shown.
    NoOp,
    /// Changes it in place.
    Update,
    /// Destroys it and makes a new one.
    Replace,
}

/// The action that follows from a plan that is not a destroy, or what Terraform refuses about `requires_replace`: paths
/// that lead nowhere in either state.
///
/// A path counts when what it leads to differs, or is write-only.
pub fn action(
    schema: &Schema,
    prior: &RawValue,
    planned: &RawValue,
    requires_replace: &[Path],
) -> Result<Action, Violation> {
    if prior.is_null() {
        return Ok(Action::Create);
    }
    let mut replaces = false;
    for path in requires_replace {
        let (before, after) = (follow(prior, path), follow(planned, path));
        if before.is_none() && after.is_none() {
            return Err(violation(path, "requires replacement, but no such place exists"));
        }
        replaces |= before.unwrap_or(&RawValue::Null) != after.unwrap_or(&RawValue::Null)
            || is_write_only(schema, path);
    }
    Ok(match (replaces, planned == prior) {
        (true, _) => Action::Replace,
        (false, true) => Action::NoOp,
        (false, false) => Action::Update,
    })
}

fn follow<'a>(value: &'a RawValue, path: &Path) -> Option<&'a RawValue> {
    path.steps().iter().try_fold(value, |value, step| match (value, step) {
        (RawValue::Object(attributes), PathStep::Attribute(name)) => attributes.get(name),
        (RawValue::Map(elements), PathStep::Key(key)) => elements.get(key),
        (RawValue::List(elements) | RawValue::Tuple(elements), PathStep::Index(index)) => {
            elements.get(*index)
        }
        _ => None,
    })
}

fn is_write_only(schema: &Schema, path: &Path) -> bool {
    let mut attributes = &schema.attributes;
    let mut write_only = false;
    for step in path.steps() {
        let PathStep::Attribute(name) = step else { continue };
        let Some(attribute) = attributes.iter().find(|attribute| attribute.name == *name) else {
            return false;
        };
        write_only = attribute.write_only;
        match &attribute.shape {
            Shape::Nested { attributes: inner, .. } => attributes = inner,
            Shape::Type(_) => break,
        }
    }
    write_only
}
