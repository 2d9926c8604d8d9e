//! Which prior element of a set of nested objects continues as which configured one. Elements of sets have no names,
//! so it follows from their values alone. Changes nothing.

use super::nested::{is_computed, part, same};
use crate::raw::RawValue;
use crate::schema::{Attribute, Shape};

/// How far two values may differ and still be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Likeness {
    /// As Terraform correlates: equal.
    Equal,
    /// Equal, or equal in meaning by the attribute's own rule.
    Meaning,
}

/// For each configured element the prior one that it continues. No prior element serves two.
///
/// An element continues a prior one when it differs from it only where the provider fills in what the configuration
/// leaves open. Where that leaves a choice, the elements that Terraform itself carried over into `proposed` come
/// first. Elements that nothing equals are then matched by meaning.
pub(super) fn correlate<'a>(
    attributes: &[Attribute],
    config: &[RawValue],
    prior: &'a [RawValue],
    proposed: &[RawValue],
) -> Vec<Option<&'a RawValue>> {
    let mut matching = Matching { of_config: vec![None; config.len()], of_prior: vec![None; prior.len()] };
    for likeness in [Likeness::Equal, Likeness::Meaning] {
        let candidates: Vec<Vec<usize>> = config
            .iter()
            .map(|element| {
                let mut fitting: Vec<usize> = (0..prior.len())
                    .filter(|index| continues(attributes, &prior[*index], element, likeness))
                    .collect();
                fitting.sort_by_key(|index| !proposed.contains(&prior[*index]));
                fitting
            })
            .collect();
        for element in 0..config.len() {
            if matching.of_config[element].is_none() {
                matching.assign(element, &candidates, &mut vec![false; prior.len()]);
            }
        }
    }
    matching.of_config.into_iter().map(|index| index.map(|index| &prior[index])).collect()
}

/// A matching of configured to prior elements, made as large as possible by augmenting paths.
struct Matching {
    of_config: Vec<Option<usize>>,
    of_prior: Vec<Option<usize>>,
}

impl Matching {
    fn assign(&mut self, element: usize, candidates: &[Vec<usize>], tried: &mut [bool]) -> bool {
        for &index in &candidates[element] {
            if std::mem::replace(&mut tried[index], true) {
                continue;
            }
            let free = self.of_prior[index].is_none_or(|holder| self.assign(holder, candidates, tried));
            if free {
                self.of_prior[index] = Some(element);
                self.of_config[element] = Some(index);
                return true;
            }
        }
        false
    }
}

/// Whether a configured object could have led to a prior one.
fn continues(attributes: &[Attribute], prior: &RawValue, config: &RawValue, likeness: Likeness) -> bool {
    let (RawValue::Object(_), RawValue::Object(_)) = (prior, config) else {
        return same(prior, config);
    };
    attributes.iter().all(|attribute| {
        let (prior, config) = (part(prior, &attribute.name), part(config, &attribute.name));
        if config.is_null() && (is_computed(attribute) || attribute.write_only) {
            return true;
        }
        if same(prior, config) || likeness == Likeness::Meaning && means_the_same(attribute, prior, config) {
            return true;
        }
        match &attribute.shape {
            Shape::Type(_) => false,
            Shape::Nested { attributes, .. } => elements_continue(attributes, prior, config, likeness),
        }
    })
}

fn elements_continue(
    attributes: &[Attribute],
    prior: &RawValue,
    config: &RawValue,
    likeness: Likeness,
) -> bool {
    match (prior, config) {
        (RawValue::Object(_), RawValue::Object(_)) => continues(attributes, prior, config, likeness),
        (
            RawValue::List(prior) | RawValue::Tuple(prior),
            RawValue::List(config) | RawValue::Tuple(config),
        ) => {
            prior.len() == config.len()
                && prior
                    .iter()
                    .zip(config)
                    .all(|(prior, config)| continues(attributes, prior, config, likeness))
        }
        (RawValue::Map(prior), RawValue::Map(config)) => {
            prior.len() == config.len()
                && prior.iter().all(|(key, prior)| {
                    config.get(key).is_some_and(|config| continues(attributes, prior, config, likeness))
                })
        }
        // An inner set must be the same as a whole, as for Terraform.
        _ => false,
    }
}

/// Whether the attribute's own rule calls two values the same.
pub(super) fn means_the_same(attribute: &Attribute, prior: &RawValue, config: &RawValue) -> bool {
    attribute.plan.semantic_equality.is_some_and(|equal| {
        !prior.is_null()
            && !config.is_null()
            && config.is_wholly_known()
            && prior.is_wholly_known()
            && equal(prior, config)
    })
}
