//! What a later value must keep of an earlier plan: everything known, and every promise about the unknown.

use std::collections::BTreeMap;

use super::values::{attribute_of, is_of};
use super::{Violations, violation};
use crate::path::Path;
use crate::raw::{RawValue, Refinements};
use crate::schema::Schema;

/// What Terraform refuses in a state that follows from a plan, or in a second plan that follows from a first.
///
/// Every known part of `planned` must be in `actual`; an unknown one may have become anything that its refinements
/// allow. The elements of sets must each have become one, in both directions.
pub fn assert_object_compatible(schema: &Schema, planned: &RawValue, actual: &RawValue) -> Violations {
    let root = Path::root();
    match (planned.is_null(), actual.is_null()) {
        (true, true) => return Violations::new(),
        (true, false) => return vec![violation(&root, "was absent, but is now present")],
        (false, true) => return vec![violation(&root, "was present, but is now absent")],
        (false, false) if actual.is_unknown() => {
            return vec![violation(&root, "was known, but is now unknown")];
        }
        (false, false) => {}
    }
    if !is_of(&schema.object_type(), actual) {
        return vec![violation(&root, "the final value is not of the schema's type")];
    }
    let mut found = Violations::new();
    for attribute in &schema.attributes {
        let path = Path::attribute(attribute.name.clone());
        let [planned, actual] = [planned, actual].map(|value| attribute_of(value, &attribute.name));
        let differences = compatible(&planned, &actual, &path);
        if attribute.sensitive && !differences.is_empty() {
            found.push(violation(&path, "inconsistent values for a sensitive attribute"));
        } else {
            found.extend(differences);
        }
    }
    found
}

/// What Terraform refuses in the second plan of the same change, made when the whole configuration is known.
pub fn assert_final_plan(schema: &Schema, first: &RawValue, second: &RawValue) -> Violations {
    assert_object_compatible(schema, first, second)
}

fn compatible(planned: &RawValue, actual: &RawValue, path: &Path) -> Violations {
    let differs = || vec![violation(path, format!("was {planned:?}, but now {actual:?}"))];
    match (planned, actual) {
        (RawValue::Unknown(refinements), _) => match refinements {
            Some(promise) if !allows(promise, actual) => {
                vec![violation(path, format!("{actual:?} breaks what was promised: {promise:?}"))]
            }
            _ => Violations::new(),
        },
        (RawValue::List(planned), RawValue::List(actual))
        | (RawValue::Tuple(planned), RawValue::Tuple(actual)) => {
            if planned.len() != actual.len() {
                return vec![violation(
                    path,
                    format!("had {} elements, but now {}", planned.len(), actual.len()),
                )];
            }
            let pairs = planned.iter().zip(actual).enumerate();
            pairs
                .flat_map(|(index, (planned, actual))| compatible(planned, actual, &path.then_index(index)))
                .collect()
        }
        (RawValue::Map(planned), RawValue::Map(actual)) => {
            compatible_keys(planned, actual, &|key| path.then_key(key))
        }
        (RawValue::Object(planned), RawValue::Object(actual)) => {
            compatible_keys(planned, actual, &|name| path.then_attribute(name))
        }
        (RawValue::Set(planned), RawValue::Set(actual)) => compatible_sets(planned, actual, path),
        (RawValue::Dynamic(planned), RawValue::Dynamic(actual)) if planned.0 == actual.0 => {
            compatible(&planned.1, &actual.1, path)
        }
        _ if planned == actual => Violations::new(),
        _ => differs(),
    }
}

fn compatible_keys(
    planned: &BTreeMap<String, RawValue>,
    actual: &BTreeMap<String, RawValue>,
    path_of: &dyn Fn(&str) -> Path,
) -> Violations {
    let mut found = Violations::new();
    for (key, planned) in planned {
        match actual.get(key) {
            Some(actual) => found.extend(compatible(planned, actual, &path_of(key))),
            None => found.push(violation(&path_of(key), "has vanished")),
        }
    }
    for key in actual.keys() {
        if !planned.contains_key(key) {
            found.push(violation(&path_of(key), "has appeared"));
        }
    }
    found
}

fn compatible_sets(planned: &[RawValue], actual: &[RawValue], path: &Path) -> Violations {
    let fits = |planned: &RawValue, actual: &RawValue| compatible(planned, actual, path).is_empty();
    let mut found: Violations = planned
        .iter()
        .filter(|planned| !actual.iter().any(|actual| fits(planned, actual)))
        .map(|planned| {
            violation(path, format!("planned set element {planned:?} correlates with no actual one"))
        })
        .collect();
    if found.is_empty() {
        found.extend(
            actual.iter().filter(|actual| !planned.iter().any(|planned| fits(planned, actual))).map(
                |actual| {
                    violation(path, format!("actual set element {actual:?} correlates with no planned one"))
                },
            ),
        );
    }
    if actual.len() > planned.len() {
        found.push(violation(path, format!("had {} elements, but now {}", planned.len(), actual.len())));
    }
    found
}

/// Whether a value, known or itself unknown, may follow from a promise. What cannot be decided yet is allowed.
fn allows(promise: &Refinements, actual: &RawValue) -> bool {
    if let RawValue::Unknown(later) = actual {
        let later_null = later.as_deref().and_then(|later| later.null);
        return promise.null.is_none() || later_null.is_none() || promise.null == later_null;
    }
    if actual.is_null() {
        return promise.null != Some(false);
    }
    if promise.null == Some(true) {
        return false;
    }
    let length = |count: usize| {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        promise.collection_length_lower_bound.is_none_or(|bound| count >= bound)
            && promise.collection_length_upper_bound.is_none_or(|bound| count <= bound)
    };
    match actual {
        RawValue::String(text) => {
            promise.string_prefix.as_ref().is_none_or(|prefix| text.starts_with(prefix))
        }
        RawValue::Number(number) => {
            let above = promise
                .number_lower_bound
                .as_ref()
                .is_none_or(|(bound, inclusive)| if *inclusive { number >= bound } else { number > bound });
            let below = promise
                .number_upper_bound
                .as_ref()
                .is_none_or(|(bound, inclusive)| if *inclusive { number <= bound } else { number < bound });
            above && below
        }
        RawValue::List(elements) | RawValue::Set(elements) => length(elements.len()),
        RawValue::Map(elements) => length(elements.len()),
        _ => true,
    }
}
