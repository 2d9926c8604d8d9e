//! Holds what an apply returned against its plan: what was known must have come true, what was promised must hold,
//! nothing may be unknown any more, and nothing write-only may be kept. Never shows a value, which may be secret.

use super::check::{bug, conforms};
use super::nested::{objects, part};
use crate::diagnostic::Diagnostics;
use crate::path::{Path, PathStep};
use crate::raw::{RawValue, Refinements};
use crate::schema::{Attribute, Schema, Shape};

/// The provider's mistakes in what it applied; the state is to be kept all the same.
pub fn check_applied(schema: &Schema, planned: &RawValue, applied: &RawValue) -> Diagnostics {
    let mut check = Check { found: Vec::new() };
    match (planned.is_null(), applied.is_null()) {
        (true, true) => return Diagnostics::new(),
        (true, false) => check.refuse(&Path::root(), "it was to be gone, but is there"),
        (false, true) => check.refuse(&Path::root(), "it was to be there, but is gone"),
        (false, false) => {
            let mistakes = conforms(schema, applied);
            if !mistakes.is_empty() {
                return mistakes;
            }
            check.value(planned, applied, &Path::root());
            check.unknowns(applied);
            check.write_only(&schema.attributes, applied, &Path::root());
        }
    }
    check
        .found
        .iter()
        .map(|(path, reason)| bug("Provider produced an inconsistent result after apply", path, reason))
        .collect()
}

struct Check {
    found: Vec<(Path, &'static str)>,
}

impl Check {
    fn refuse(&mut self, path: &Path, reason: &'static str) {
        self.found.push((path.clone(), reason));
    }

    fn unknowns(&mut self, applied: &RawValue) {
        applied.walk(|path, part| {
            if matches!(part, RawValue::Unknown(_)) {
                self.found.push((path.clone(), "it is still unknown after apply"));
            }
            true
        });
    }

    fn write_only(&mut self, attributes: &[Attribute], applied: &RawValue, path: &Path) {
        for attribute in attributes {
            let path = path.then_attribute(attribute.name.clone());
            let value = part(applied, &attribute.name);
            if attribute.write_only {
                if !value.is_null() {
                    self.refuse(&path, "it is write-only, but the state holds a value for it");
                }
            } else if let Shape::Nested { attributes, .. } = &attribute.shape {
                for (step, object) in objects(value) {
                    let path = step.map_or_else(|| path.clone(), |step| path.then(step));
                    self.write_only(attributes, object, &path);
                }
            }
        }
    }

    fn value(&mut self, planned: &RawValue, applied: &RawValue, path: &Path) {
        match (planned, applied) {
            (RawValue::Unknown(refinements), _) => {
                if let Some(broken) = refinements.as_deref().and_then(|promise| broken(promise, applied)) {
                    self.refuse(path, broken);
                }
            }
            (RawValue::Null, RawValue::Null) => {}
            (RawValue::Null, _) => self.refuse(path, "it was planned as null, but has a value"),
            (_, RawValue::Null) => self.refuse(path, "it was planned with a value, but is null"),
            // Said once, by `unknowns`.
            (_, RawValue::Unknown(_)) => {}
            (RawValue::List(planned), RawValue::List(applied))
            | (RawValue::Tuple(planned), RawValue::Tuple(applied)) => {
                self.list(planned, applied, path);
            }
            (RawValue::Set(planned), RawValue::Set(applied)) => self.set(planned, applied, path),
            (RawValue::Map(planned), RawValue::Map(applied)) => {
                self.keys(planned, applied, path, |key| PathStep::Key(key.to_owned()));
            }
            (RawValue::Object(planned), RawValue::Object(applied)) => {
                self.keys(planned, applied, path, |name| PathStep::Attribute(name.to_owned()));
            }
            (RawValue::Dynamic(planned), RawValue::Dynamic(applied)) if planned.0 == applied.0 => {
                self.value(&planned.1, &applied.1, path);
            }
            _ if planned == applied => {}
            _ => self.refuse(path, "it was planned with another value"),
        }
    }

    fn list(&mut self, planned: &[RawValue], applied: &[RawValue], path: &Path) {
        if planned.len() != applied.len() {
            return self.refuse(path, "it does not have as many elements as planned");
        }
        for (index, (planned, applied)) in planned.iter().zip(applied).enumerate() {
            self.value(planned, applied, &path.then_index(index));
        }
    }

    fn keys(
        &mut self,
        planned: &std::collections::BTreeMap<String, RawValue>,
        applied: &std::collections::BTreeMap<String, RawValue>,
        path: &Path,
        step: impl Fn(&str) -> PathStep,
    ) {
        for (key, planned) in planned {
            let path = path.then(step(key));
            match applied.get(key) {
                Some(applied) => self.value(planned, applied, &path),
                None => self.refuse(&path, "it was planned, but is gone"),
            }
        }
        for key in applied.keys().filter(|key| !planned.contains_key(*key)) {
            self.refuse(&path.then(step(key)), "it was not planned, but is there");
        }
    }

    /// Elements of a set have no names: each planned one must have become some applied one, and the reverse. Elements
    /// that turn out to be the same may become one.
    fn set(&mut self, planned: &[RawValue], applied: &[RawValue], path: &Path) {
        let became = |planned: &RawValue, applied: &RawValue| {
            let mut trial = Check { found: Vec::new() };
            trial.value(planned, applied, path);
            trial.found.is_empty()
        };
        if planned.iter().any(|planned| !applied.iter().any(|applied| became(planned, applied))) {
            self.refuse(path, "a planned element of the set is gone or has another value");
        } else if applied.len() > planned.len()
            || applied.iter().any(|applied| !planned.iter().any(|planned| became(planned, applied)))
        {
            self.refuse(path, "the set has an element that was not planned");
        }
    }
}

/// What a value breaks of what was promised of it while it was unknown.
fn broken(promise: &Refinements, applied: &RawValue) -> Option<&'static str> {
    let Refinements {
        null,
        string_prefix,
        number_lower_bound,
        number_upper_bound,
        collection_length_lower_bound,
        collection_length_upper_bound,
    } = promise;
    if applied.is_null() {
        return (*null == Some(false)).then_some("it was planned not to be null, but is null");
    }
    if *null == Some(true) {
        return Some("it was planned to be null, but has a value");
    }
    match applied.peeled() {
        RawValue::String(text) => string_prefix
            .as_ref()
            .is_some_and(|prefix| !text.starts_with(prefix))
            .then_some("it was planned to begin otherwise"),
        RawValue::Number(number) => {
            let below = number_lower_bound
                .as_ref()
                .is_some_and(|(bound, inclusive)| number < bound || number == bound && !inclusive);
            let above = number_upper_bound
                .as_ref()
                .is_some_and(|(bound, inclusive)| number > bound || number == bound && !inclusive);
            (below || above).then_some("it is out of the planned bounds")
        }
        RawValue::List(elements) | RawValue::Set(elements) => {
            length_breaks(elements.len(), *collection_length_lower_bound, *collection_length_upper_bound)
        }
        RawValue::Map(elements) => {
            length_breaks(elements.len(), *collection_length_lower_bound, *collection_length_upper_bound)
        }
        _ => None,
    }
}

fn length_breaks(length: usize, lower: Option<i64>, upper: Option<i64>) -> Option<&'static str> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let breaks = lower.is_some_and(|lower| length < lower) || upper.is_some_and(|upper| length > upper);
    breaks.then_some("it does not have as many elements as planned")
}
