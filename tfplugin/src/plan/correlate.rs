//! Which prior element of a set of nested objects continues as which configured one. Elements of sets have no names,
//! so it follows from their values alone. Changes no state.
//!
//! The second plan may only fill in unknowns, though by then every element is known and may lay claim to a prior one.
//! So each value's spelling is decided by itself and the prior state alone, and all that depends on the other values is
//! which element keeps a prior one's computed values.

use super::nested::{counterpart, map_objects, objects, part, same};
use crate::raw::RawValue;
use crate::schema::{Attribute, Mode, Shape};

/// Whether what is not known yet counts as whatever it may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unknowns {
    /// No, it is like nothing else.
    AsTheyAre,
    /// Yes.
    AsTheyMayBecome,
}

/// For each configured element the prior one that it continues, as far as that is certain. No prior element serves two.
///
/// An element continues a prior one when it differs from it only where the provider fills in what the configuration
/// leaves open. Where that leaves a choice, the order of the prior state decides. Terraform's own proposal is no guide:
/// it hands out prior elements in the order of the configuration, which is another once its unknowns are known.
pub(super) fn continued<'a>(
    attributes: &[Attribute],
    config: &[RawValue],
    prior: &'a [RawValue],
) -> Vec<Option<&'a RawValue>> {
    let mut candidates = candidates(attributes, config, prior, Unknowns::AsTheyAre);
    if may_overlap(attributes) && !config.iter().all(RawValue::is_wholly_known) {
        let possible = self::candidates(attributes, config, prior, Unknowns::AsTheyMayBecome);
        drop_uncertain(config, &mut candidates, &possible);
    }
    matched(attributes, config, &candidates, prior)
}

/// Whether two different elements could continue the same prior one: only when one can give what the other leaves to the
/// provider. Else they would have to be equal, and be one element.
fn may_overlap(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.mode == Mode::OptionalComputed && attribute.default.is_none()
            || matches!(&attribute.shape, Shape::Nested { attributes, .. } if may_overlap(attributes))
    })
}

/// For each element the one of `others` that is the same, or the same with what it leaves open filled in.
pub(super) fn correlate<'a>(
    attributes: &[Attribute],
    elements: &[RawValue],
    others: &'a [RawValue],
) -> Vec<Option<&'a RawValue>> {
    let candidates = candidates(attributes, elements, others, Unknowns::AsTheyAre);
    matched(attributes, elements, &candidates, others)
}

/// Elements that leave less open choose first: what they give themselves is surely theirs.
fn matched<'a>(
    attributes: &[Attribute],
    elements: &[RawValue],
    candidates: &[Vec<usize>],
    prior: &'a [RawValue],
) -> Vec<Option<&'a RawValue>> {
    let mut order: Vec<usize> = (0..elements.len()).collect();
    order.sort_by_key(|element| left_open(attributes, &elements[*element]));
    let matching = Matching::of(&order, candidates, prior.len());
    matching.of_element.into_iter().map(|index| index.map(|index| &prior[index])).collect()
}

/// How many values the configuration could give, but leaves to the provider.
fn left_open(attributes: &[Attribute], config: &RawValue) -> usize {
    attributes
        .iter()
        .map(|attribute| {
            let config = part(config, &attribute.name);
            let here = usize::from(config.is_null() && attribute.mode == Mode::OptionalComputed);
            let inside = match &attribute.shape {
                Shape::Type(_) => 0,
                Shape::Nested { attributes, .. } => {
                    objects(config).into_iter().map(|(_, object)| left_open(attributes, object)).sum()
                }
            };
            here + inside
        })
        .sum()
}

/// Takes the candidates of all elements that an element which is not known yet could compete with once it is known,
/// directly or by pushing others aside: what they would be given now they could lose at apply.
fn drop_uncertain(config: &[RawValue], candidates: &mut [Vec<usize>], possible: &[Vec<usize>]) {
    let mut uncertain: Vec<bool> = config.iter().map(|element| !element.is_wholly_known()).collect();
    let mut contested = std::collections::BTreeSet::new();
    loop {
        let before = contested.len();
        for (element, possible) in possible.iter().enumerate() {
            if uncertain[element] {
                contested.extend(possible.iter().copied());
            }
            uncertain[element] |= possible.iter().any(|index| contested.contains(index));
        }
        if contested.len() == before {
            break;
        }
    }
    for (candidates, uncertain) in candidates.iter_mut().zip(uncertain) {
        if uncertain {
            candidates.clear();
        }
    }
}

/// For each configured element the positions of the prior ones that it could continue.
fn candidates(
    attributes: &[Attribute],
    config: &[RawValue],
    prior: &[RawValue],
    unknowns: Unknowns,
) -> Vec<Vec<usize>> {
    config
        .iter()
        .map(|config| {
            (0..prior.len()).filter(|index| continues(attributes, &prior[*index], config, unknowns)).collect()
        })
        .collect()
}

/// A configured element with each value in the spelling that some prior element has for it, where one means the same.
pub(super) fn respelled(attributes: &[Attribute], config: &RawValue, prior: &[&RawValue]) -> RawValue {
    let RawValue::Object(_) = config else { return config.clone() };
    RawValue::object(attributes.iter().map(|attribute| {
        let config = part(config, &attribute.name);
        let prior: Vec<&RawValue> = prior.iter().map(|prior| part(prior, &attribute.name)).collect();
        let default = if config.is_null() { attribute.default.map(|make| make()) } else { None };
        let meant = default.as_ref().unwrap_or(config);
        let spelling = prior.iter().find(|prior| means_the_same(attribute, prior, meant));
        let value = match (&attribute.shape, spelling) {
            (_, Some(spelling)) if !prior.contains(&meant) => (*spelling).clone(),
            (Shape::Nested { attributes, .. }, None) => respelled_elements(attributes, config, &prior),
            (Shape::Nested { .. } | Shape::Type(_), _) => config.clone(),
        };
        (attribute.name.clone(), value)
    }))
}

fn respelled_elements(attributes: &[Attribute], config: &RawValue, prior: &[&RawValue]) -> RawValue {
    match config {
        // Elements that become the same must both stay, for the practitioner to be told.
        RawValue::Set(elements) => {
            let prior: Vec<&RawValue> =
                prior.iter().flat_map(|prior| objects(prior)).map(|(_, element)| element).collect();
            RawValue::Set(elements.iter().map(|element| respelled(attributes, element, &prior)).collect())
        }
        config => map_objects(config, |step, element| {
            let prior: Vec<&RawValue> =
                prior.iter().filter_map(|prior| counterpart(prior, step.as_ref())).collect();
            respelled(attributes, element, &prior)
        }),
    }
}

/// A matching of elements to prior ones, made as large as possible by augmenting paths.
struct Matching {
    of_element: Vec<Option<usize>>,
    of_prior: Vec<Option<usize>>,
}

impl Matching {
    /// Elements are served in this order; one that is served may still be moved to another, never turned away.
    fn of(order: &[usize], candidates: &[Vec<usize>], prior: usize) -> Self {
        let mut matching = Self { of_element: vec![None; candidates.len()], of_prior: vec![None; prior] };
        for &element in order {
            matching.assign(element, candidates, &mut vec![false; prior]);
        }
        matching
    }

    fn assign(&mut self, element: usize, candidates: &[Vec<usize>], tried: &mut [bool]) -> bool {
        for &index in &candidates[element] {
            if std::mem::replace(&mut tried[index], true) {
                continue;
            }
            let free = self.of_prior[index].is_none_or(|holder| self.assign(holder, candidates, tried));
            if free {
                self.of_prior[index] = Some(element);
                self.of_element[element] = Some(index);
                return true;
            }
        }
        false
    }
}

/// Whether a configured object could have led to a prior one.
fn continues(attributes: &[Attribute], prior: &RawValue, config: &RawValue, unknowns: Unknowns) -> bool {
    let (RawValue::Object(_), RawValue::Object(_)) = (prior, config) else {
        return is_like(prior, config, unknowns);
    };
    attributes.iter().all(|attribute| {
        let (prior, config) = (part(prior, &attribute.name), part(config, &attribute.name));
        let default = if config.is_null() { attribute.default.map(|make| make()) } else { None };
        let config = default.as_ref().unwrap_or(config);
        if config.is_null() && (attribute.is_computed() || attribute.write_only) {
            return true;
        }
        match &attribute.shape {
            Shape::Type(_) => is_like(prior, config, unknowns),
            Shape::Nested { attributes, .. } => elements_continue(attributes, prior, config, unknowns),
        }
    })
}

fn elements_continue(
    attributes: &[Attribute],
    prior: &RawValue,
    config: &RawValue,
    unknowns: Unknowns,
) -> bool {
    match (prior, config) {
        (RawValue::Object(_), RawValue::Object(_)) => continues(attributes, prior, config, unknowns),
        (
            RawValue::List(prior) | RawValue::Tuple(prior),
            RawValue::List(config) | RawValue::Tuple(config),
        ) => {
            prior.len() == config.len()
                && prior
                    .iter()
                    .zip(config)
                    .all(|(prior, config)| continues(attributes, prior, config, unknowns))
        }
        (RawValue::Map(prior), RawValue::Map(config)) => {
            prior.len() == config.len()
                && prior.iter().all(|(key, prior)| {
                    config.get(key).is_some_and(|config| continues(attributes, prior, config, unknowns))
                })
        }
        // Terraform gives up here, and elements that hold such sets then never settle.
        (RawValue::Set(prior), RawValue::Set(elements)) => {
            let candidates = candidates(attributes, elements, prior, unknowns);
            let order: Vec<usize> = (0..elements.len()).collect();
            let all_found =
                || Matching::of(&order, &candidates, prior.len()).of_element.iter().all(Option::is_some);
            unknowns == Unknowns::AsTheyMayBecome && !config.is_wholly_known()
                || prior.len() == elements.len() && all_found()
        }
        _ => is_like(prior, config, unknowns),
    }
}

fn is_like(prior: &RawValue, config: &RawValue, unknowns: Unknowns) -> bool {
    unknowns == Unknowns::AsTheyMayBecome && !config.is_wholly_known() || same(prior, config)
}

/// Whether the attribute's own rule calls two values the same.
pub(super) fn means_the_same(attribute: &Attribute, prior: &RawValue, config: &RawValue) -> bool {
    let comparable = |value: &RawValue| !value.is_null() && value.is_wholly_known();
    attribute
        .plan
        .semantic_equality
        .is_some_and(|equal| comparable(prior) && comparable(config) && equal(prior, config))
}
