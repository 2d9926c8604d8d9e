//! The pass that decides each attribute's planned value. Goes through the schema once, nested objects included.

use std::collections::BTreeMap;

use super::correlate::{continued, means_the_same, respelled};
use super::nested::{NULL, counterpart, map_objects, objects, part, set_elements};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::path::{Path, PathStep};
use crate::raw::{RawValue, Refinements};
use crate::schema::{Attribute, Schema, Shape};

/// What happens to computed values of an object that exists already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Computed {
    /// They stay. Shows whether the configuration changes anything.
    Kept,
    /// Those that every update changes become unknown, as do those that were promised but never came.
    Updated,
}

/// The planned state of a whole resource.
pub(super) fn settle(
    schema: &Schema,
    config: &RawValue,
    prior: &RawValue,
    computed: Computed,
) -> Result<RawValue, Diagnostics> {
    let mut pass = Pass { computed, diagnostics: Diagnostics::new() };
    let settled = pass.object(&schema.attributes, config, prior, &Path::root());
    pass.diagnostics.into_result(settled)
}

/// What is said about a computed value that is not known yet. `prior` is `None` where the object is new.
///
/// An object that lacks what is promised never got it, and the second plan may find that it needs no change at all, so
/// nothing is promised again.
pub(super) fn unknown(attribute: &Attribute, prior: Option<&RawValue>) -> RawValue {
    let promised = attribute.not_null && prior.is_none_or(|prior| !prior.is_null());
    RawValue::refined(Refinements { null: promised.then_some(false), ..Refinements::default() })
}

/// A configured unknown as it may be planned.
///
/// Where the provider fills in for a null, what the configuration says of a value that may still turn out null must
/// not be promised of the filled-in value.
pub(super) fn configured_unknown(
    attribute: &Attribute,
    config: &RawValue,
    prior: Option<&RawValue>,
) -> RawValue {
    let never_null = config.refinements().is_some_and(|refinements| refinements.null == Some(false));
    if never_null || !attribute.is_computed() { config.clone() } else { unknown(attribute, prior) }
}

/// Whether a computed value becomes unknown in an update.
pub(super) fn is_renewed(attribute: &Attribute, prior: &RawValue) -> bool {
    attribute.plan.unknown_on_update || attribute.not_null && prior.is_null()
}

struct Pass {
    computed: Computed,
    diagnostics: Diagnostics,
}

impl Pass {
    /// `config` is an object; `prior` is one, or null when there is none yet.
    fn object(
        &mut self,
        attributes: &[Attribute],
        config: &RawValue,
        prior: &RawValue,
        path: &Path,
    ) -> RawValue {
        let settled: BTreeMap<String, RawValue> = attributes
            .iter()
            .map(|attribute| {
                let name = &attribute.name;
                let prior = prior.as_object().map(|object| object.get(name).unwrap_or(&NULL));
                let path = path.then_attribute(name.clone());
                let value = self.attribute(attribute, part(config, name), prior, &path);
                (name.clone(), value)
            })
            .collect();
        RawValue::Object(settled)
    }

    /// `prior` is `None` when the object that holds the attribute is new.
    fn attribute(
        &mut self,
        attribute: &Attribute,
        config: &RawValue,
        prior: Option<&RawValue>,
        path: &Path,
    ) -> RawValue {
        if attribute.write_only {
            return RawValue::Null;
        }
        let default = if config.is_null() { attribute.default.map(|make| make()) } else { None };
        let config = default.as_ref().unwrap_or(config);

        if config.is_null() {
            return match prior {
                _ if !attribute.is_computed() => config.clone(),
                None => unknown(attribute, None),
                Some(prior) => self.kept(attribute, prior),
            };
        }
        if let Some(prior) = prior
            && means_the_same(attribute, prior, config)
        {
            return prior.clone();
        }
        match &attribute.shape {
            _ if config.is_unknown() => configured_unknown(attribute, config, prior),
            Shape::Type(_) => config.clone(),
            Shape::Nested { attributes, .. } => self.nested(attributes, config, prior.unwrap_or(&NULL), path),
        }
    }

    /// A computed value that the configuration leaves to the provider, of an object that exists.
    fn kept(&self, attribute: &Attribute, prior: &RawValue) -> RawValue {
        if self.computed == Computed::Kept {
            return prior.clone();
        }
        if is_renewed(attribute, prior) {
            return unknown(attribute, Some(prior));
        }
        let Shape::Nested { attributes, .. } = &attribute.shape else {
            return prior.clone();
        };
        map_objects(prior, |_, object| {
            RawValue::object(attributes.iter().map(|inner| {
                let prior = part(object, &inner.name);
                let kept = if inner.is_computed() { self.kept(inner, prior) } else { prior.clone() };
                (inner.name.clone(), kept)
            }))
        })
    }

    /// A configured nested attribute: its objects are those of the configuration, each continuing a prior one.
    fn nested(
        &mut self,
        attributes: &[Attribute],
        config: &RawValue,
        prior: &RawValue,
        path: &Path,
    ) -> RawValue {
        if let RawValue::Set(elements) = config {
            return self.set(attributes, elements, prior, path);
        }
        map_objects(config, |step, object| {
            let prior = counterpart(prior, step.as_ref()).unwrap_or(&NULL);
            let path = step.map_or_else(|| path.clone(), |step| path.then(step));
            self.object(attributes, object, prior, &path)
        })
    }

    fn set(
        &mut self,
        attributes: &[Attribute],
        config: &[RawValue],
        prior: &RawValue,
        path: &Path,
    ) -> RawValue {
        let prior = set_elements(prior);
        let spellings: Vec<&RawValue> = prior.iter().collect();
        let config: Vec<RawValue> =
            config.iter().map(|element| respelled(attributes, element, &spellings)).collect();
        let counterparts = continued(attributes, &config, prior);
        let path_inside = path.then(PathStep::SetElement);
        let planned: Vec<RawValue> = config
            .iter()
            .zip(counterparts)
            .map(|(element, prior)| match element {
                RawValue::Object(_) => {
                    let prior = prior.unwrap_or(&NULL);
                    self.object(attributes, element, prior, &path_inside)
                }
                other => other.clone(),
            })
            .collect();
        let planned = RawValue::set(planned);
        if objects(&planned).len() < config.len() {
            self.diagnostics.push(
                Diagnostic::error(
                    "Elements of a set are the same",
                    format!(
                        "With the defaults filled in, two elements of {path} mean the same, and a set holds each element \
                         once. Remove one of them, or make them differ."
                    ),
                )
                .at(path.clone()),
            );
        }
        planned
    }
}
