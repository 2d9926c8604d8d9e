//! CPU and memory of a live component, in the form that the configuration used. Part of `observe`. Pure.

use std::collections::BTreeMap;

use kubeblocks_schemas::quantity::QuantityText;
use kubeblocks_schemas::v1alpha1::{self as api, ComponentSpec};
use tfplugin::typed::Value;

use super::build;
use super::claims::{Place, Step};
use super::equality::same_quantity;
use super::observe::{keep_form, known_map};
use super::schema::{Map, Resources};

/// What the short form can say.
const SHORT: [&str; 2] = ["cpu", "memory"];

/// What is shown of the live resources and class.
pub(super) fn resources(
    prior: &Value<Resources>,
    live: &ComponentSpec,
    place: &Place<'_>,
) -> Value<Resources> {
    let none = Resources::default();
    let written = prior.known().unwrap_or(&none);
    let wanted = build::resources(written);
    let live_resources = live.resources.clone().unwrap_or_default();
    let place_of = |field| place.field("resources").field(field);
    let requests = shown(&wanted.requests, live_resources.requests, &place_of("requests"));
    let limits = shown(&wanted.limits, live_resources.limits, &place_of("limits"));
    let class = class(written, live, place);
    if same(&requests, &wanted.requests) && same(&limits, &wanted.limits) && class == written.class {
        return prior.clone();
    }
    if requests.is_empty() && limits.is_empty() && class.is_null() {
        return Value::Null;
    }
    Value::Known(Resources { class, ..in_form(written, requests, limits) })
}

/// Operations reset the class to an empty one, which means none.
fn class(written: &Resources, live: &ComponentSpec, place: &Place<'_>) -> Value<String> {
    let is_ours = !written.class.is_null() || place.field("classDefRef").is_ours();
    live.class_def_ref
        .as_ref()
        .map(|class| class.class.clone())
        .filter(|class| is_ours && !class.is_empty())
        .into()
}

fn shown(
    wanted: &BTreeMap<String, QuantityText>,
    live: BTreeMap<String, QuantityText>,
    place: &Place<'_>,
) -> BTreeMap<String, QuantityText> {
    live.into_iter().filter(|(key, _)| wanted.contains_key(key) || place.owns(Step::Field(key))).collect()
}

fn same(left: &BTreeMap<String, QuantityText>, right: &BTreeMap<String, QuantityText>) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).all(|((left_key, left), (right_key, right))| {
            left_key == right_key && same_quantity(&left.0, &right.0)
        })
}

/// The short form where it can say it and nothing else was written; else requests and limits apart.
fn in_form(
    written: &Resources,
    requests: BTreeMap<String, QuantityText>,
    limits: BTreeMap<String, QuantityText>,
) -> Resources {
    let is_short = same(&requests, &limits) && requests.keys().all(|key| SHORT.contains(&key.as_str()));
    let wrote_long = !written.requests.is_null() || !written.limits.is_null();
    if is_short && !wrote_long {
        let quantity = |name: &str, prior: &Value<String>| {
            requests.get(name).map_or(Value::Null, |live| keep_form(prior, live.clone()))
        };
        return Resources {
            cpu: quantity("cpu", &written.cpu),
            memory: quantity("memory", &written.memory),
            ..Resources::default()
        };
    }
    Resources {
        requests: long(&written.requests, requests),
        limits: long(&written.limits, limits),
        ..Resources::default()
    }
}

fn long(written: &Value<Map<String>>, live: BTreeMap<String, QuantityText>) -> Value<Map<String>> {
    if live.is_empty() {
        return Value::Null;
    }
    let prior: BTreeMap<&String, &String> = build::known_entries(written).collect();
    known_map(
        live.into_iter()
            .map(|(key, quantity)| match prior.get(&key) {
                Some(prior) if same_quantity(prior, &quantity.0) => {
                    let kept = (*prior).clone();
                    (key, kept)
                }
                _ => (key, quantity.0),
            })
            .collect(),
    )
}

/// Whether two ways of writing resources ask for the same.
pub(super) fn mean_the_same(left: &Resources, right: &Resources) -> bool {
    let (api::Resources { requests, limits }, other) = (build::resources(left), build::resources(right));
    same(&requests, &other.requests) && same(&limits, &other.limits) && left.class == right.class
}
