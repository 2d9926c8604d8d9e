//! Which changes force a replacement by the schema's rules.

use super::nested::{counterpart, objects, part};
use crate::path::{Path, PathStep};
use crate::raw::RawValue;
use crate::schema::{Attribute, Schema, Shape};

/// The paths of all attributes that cannot be changed in place and change; none for a create.
///
/// An attribute of a nested object counts only while that object is there before and after: an object that comes or
/// goes is a change of the attribute that holds it. Below a set nothing counts, as its elements cannot be told apart.
pub(super) fn collect(schema: &Schema, prior: &RawValue, planned: &RawValue) -> Vec<Path> {
    let mut found = Vec::new();
    if let (RawValue::Object(_), RawValue::Object(_)) = (prior, planned) {
        of_object(&schema.attributes, prior, planned, &Path::root(), &mut found);
    }
    found
}

fn of_object(
    attributes: &[Attribute],
    prior: &RawValue,
    planned: &RawValue,
    path: &Path,
    found: &mut Vec<Path>,
) {
    for attribute in attributes {
        let (prior, planned) = (part(prior, &attribute.name), part(planned, &attribute.name));
        if prior == planned {
            continue;
        }
        let path = path.then_attribute(attribute.name.clone());
        match &attribute.shape {
            _ if attribute.plan.requires_replace => found.push(path),
            Shape::Type(_) => {}
            Shape::Nested { attributes, .. } => of_nested(attributes, prior, planned, &path, found),
        }
    }
}

fn of_nested(
    attributes: &[Attribute],
    prior: &RawValue,
    planned: &RawValue,
    path: &Path,
    found: &mut Vec<Path>,
) {
    // What is unknown now could turn out to need a replacement, and the second plan may not change its mind.
    if planned.is_unknown() {
        if !prior.is_null() && any_replaces(attributes) {
            found.push(path.clone());
        }
        return;
    }
    for (step, after) in objects(planned) {
        let inside = step.clone().map_or_else(|| path.clone(), |step| path.then(step));
        match counterpart(prior, step.as_ref()) {
            Some(before) if after.is_unknown() => {
                if before != after && any_replaces(attributes) {
                    found.push(inside);
                }
            }
            Some(before) if after.as_object().is_some() => {
                of_object(attributes, before, after, &inside, found);
            }
            Some(_) | None => {}
        }
    }
}

fn any_replaces(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.plan.requires_replace
            || matches!(&attribute.shape, Shape::Nested { attributes, .. } if any_replaces(attributes))
    })
}

/// The path as Terraform can follow it: it ends at a set.
pub(super) fn until_set(path: &Path) -> Path {
    path.steps().iter().take_while(|step| **step != PathStep::SetElement).cloned().collect()
}
