//! What comes after the resource has adjusted its plan: what the trip through typed values lost is brought back,
//! a change that the resource took back is no change, and the result is held against Terraform's rules.

use super::nested::{NULL, same};
use super::pairs::rebuild;
use super::settle::{self, configured_unknown, is_renewed, settle};
use super::{check, replace};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::path::{Path, PathStep};
use crate::raw::RawValue;
use crate::schema::{Attribute, Nesting, Schema, Shape};

/// A plan as it can be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The planned state.
    pub planned: RawValue,
    /// Attributes whose change forces a replacement: sorted, each once, and only such as do change.
    pub requires_replace: Vec<Path>,
    /// Whether the plan differs from the prior state; a create always does.
    pub changed: bool,
}

/// Completes what `Resource::modify_plan` left.
///
/// `planned` may have lost what the plan said about its unknowns; write-only values in it are dropped. Of
/// `requires_replace` only what changes is kept, and write-only attributes, whose change cannot be seen. Errors are
/// mistakes of the provider, with the path that they concern.
pub fn finish(
    schema: &Schema,
    config: &RawValue,
    prior: &RawValue,
    planned: &RawValue,
    requires_replace: Vec<Path>,
) -> Result<Finished, Diagnostics> {
    check::conforms(schema, planned).into_result(())?;
    let attributes = &schema.attributes;
    let planned = rebuild(attributes, config, prior, planned, &mut restore_null_types);
    let planned = rebuild(attributes, config, prior, &planned, &mut restore);
    let planned = settle_change(schema, config, prior, planned)?;
    let requires_replace = replaces(schema, prior, &planned, requires_replace);
    let diagnostics = check::check_plan(schema, config, prior, &planned);
    let changed = planned != *prior;
    match requires_replace {
        Ok(requires_replace) => diagnostics.into_result(Finished { planned, requires_replace, changed }),
        Err(mut errors) => {
            errors.append(diagnostics);
            Err(errors)
        }
    }
}

/// Gives nulls of dynamic attributes their types back.
///
/// To Terraform a null string and a null of no type differ, so what the configuration decides must be null just as it
/// is there, even when the prior state holds a null of another type. What it leaves to the provider goes on as it was.
fn restore_null_types(
    attribute: &Attribute,
    config: &RawValue,
    prior: Option<&RawValue>,
    planned: &RawValue,
) -> Option<RawValue> {
    let reference = match &attribute.shape {
        _ if config.is_null() && attribute.is_computed() => prior.unwrap_or(&NULL),
        // Elements of sets hold no dynamic values.
        Shape::Type(_) | Shape::Nested { nesting: Nesting::Set, .. } => config,
        Shape::Nested { .. } => return None,
    };
    Some(planned.clone().with_null_types_of(reference))
}

/// Drops write-only values and says of unknowns again what the configuration and the schema say of them.
fn restore(
    attribute: &Attribute,
    config: &RawValue,
    prior: Option<&RawValue>,
    planned: &RawValue,
) -> Option<RawValue> {
    if attribute.write_only {
        return Some(RawValue::Null);
    }
    if planned.is_unknown() {
        let lost = planned.refinements().is_none();
        return match config {
            config if config.is_unknown() => Some(configured_unknown(attribute, config, prior)),
            _ if attribute.is_computed() && lost => Some(settle::unknown(attribute, prior)),
            _ => Some(planned.clone()),
        };
    }
    let is_plain = matches!(attribute.shape, Shape::Type(_));
    (is_plain && planned != config && same(planned, config)).then(|| config.clone())
}

/// Makes the plan the prior state when the resource took back whatever changed it, and makes unknown what every update
/// changes when only the resource made it an update.
fn settle_change(
    schema: &Schema,
    config: &RawValue,
    prior: &RawValue,
    planned: RawValue,
) -> Result<RawValue, Diagnostics> {
    if prior.is_null() || planned == *prior {
        return Ok(planned);
    }
    let attributes = &schema.attributes;
    let by_config = settle(schema, config, prior, settle::Computed::Kept)? != *prior;
    if !by_config {
        return Ok(rebuild(attributes, config, prior, &planned, &mut renew));
    }
    let reverted = rebuild(attributes, config, prior, &planned, &mut revert);
    Ok(if reverted == *prior { reverted } else { planned })
}

fn revert(
    attribute: &Attribute,
    config: &RawValue,
    prior: Option<&RawValue>,
    planned: &RawValue,
) -> Option<RawValue> {
    let prior = prior?;
    (planned.is_unknown() && is_left_open(attribute, config) && is_renewed(attribute, prior))
        .then(|| prior.clone())
}

fn renew(
    attribute: &Attribute,
    config: &RawValue,
    prior: Option<&RawValue>,
    planned: &RawValue,
) -> Option<RawValue> {
    let prior = prior?;
    (planned == prior && is_left_open(attribute, config) && is_renewed(attribute, prior))
        .then(|| settle::unknown(attribute, Some(prior)))
}

/// Whether the value is the provider's to give.
fn is_left_open(attribute: &Attribute, config: &RawValue) -> bool {
    config.is_null() && attribute.is_computed() && attribute.default.is_none()
}

/// The schema's and the resource's replacements together, as far as they are true.
fn replaces(
    schema: &Schema,
    prior: &RawValue,
    planned: &RawValue,
    asked: Vec<Path>,
) -> Result<Vec<Path>, Diagnostics> {
    let mut errors = Diagnostics::new();
    let mut paths = replace::collect(schema, prior, planned);
    for path in asked {
        let Some(is_write_only) = find(&schema.attributes, &path) else {
            errors.push(Diagnostic::provider_bug(
                "Replacement asked for an attribute that does not exist",
                format!(
                    "The plan says that {path} requires a replacement, but the schema has no such attribute."
                ),
            ));
            continue;
        };
        let path = replace::until_set(&path);
        let (before, after) = (prior.get(&path), planned.get(&path));
        let exists = before.is_some() || after.is_some();
        let differs = before.unwrap_or(&NULL) != after.unwrap_or(&NULL);
        if !prior.is_null() && exists && (differs || is_write_only) {
            paths.push(path);
        }
    }
    paths.sort();
    paths.dedup();
    errors.into_result(paths)
}

/// Whether the attribute that a path leads to is write-only; `None` when the schema has no such place.
fn find(attributes: &[Attribute], path: &Path) -> Option<bool> {
    let mut attributes = attributes;
    let mut steps = path.steps().iter().peekable();
    while let Some(step) = steps.next() {
        let PathStep::Attribute(name) = step else { return None };
        let attribute = attributes.iter().find(|attribute| attribute.name == *name)?;
        let Shape::Nested { attributes: inner, .. } = &attribute.shape else {
            // Below a plain type any step may be right; whether the place is there is seen in the values.
            return Some(attribute.write_only);
        };
        steps.next_if(|step| !matches!(step, PathStep::Attribute(_)));
        if steps.peek().is_none() {
            return Some(attribute.write_only);
        }
        attributes = inner;
    }
    None
}
