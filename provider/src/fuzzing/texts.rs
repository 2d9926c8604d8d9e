//! The small grammars: quantities, retentions, moments, schedules, names, ids of imports, manifests.

use std::sync::LazyLock;

use kubeblocks_schemas::names::{NameKind, check_label_key, check_label_value, check_name};
use kubeblocks_schemas::quantity::Quantity;
use kubeblocks_schemas::{cron, duration};
use regex::Regex;
use tfplugin::context::Context;
use tfplugin::function::Function as _;
use tfplugin::prelude::Value;
use tfplugin::raw::RawValue;
use tfplugin::resource::Import;

use super::{RUNTIME, resource};
use crate::functions::{ManifestDecodeMulti, QuantityFunction};
use crate::resources::object::values::{to_json, to_yaml, yaml_document};
use crate::resources::{cluster, object, operator, waited};

/// What the API server takes for a quantity.
static QUANTITY: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$";
    Regex::new(pattern).unwrap()
});

/// One of the grammars.
pub(super) fn check(bytes: &[u8]) {
    let [choice, bytes @ ..] = bytes else { return };
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match choice % 9 {
        0 => quantity(text),
        1 => retention(text),
        2 => moment(text),
        3 => schedule(text),
        4 => {
            let _ = (check_name(NameKind::Object, text), check_name(NameKind::Namespace, text));
            let _ = (check_label_key(text), check_label_value(text));
        }
        5 => ids(text),
        6 => managed_id(text),
        7 => manifests(text),
        _ => yaml(text),
    }
}

/// What is printed means the same, is printed the same, and the API server takes it.
fn quantity(text: &str) {
    let result = QuantityFunction.call(vec![RawValue::from(text)]);
    let Ok(quantity) = text.parse::<Quantity>() else {
        assert!(result.is_err(), "the function takes {text:?}");
        return;
    };
    let printed = quantity.to_string();
    assert!(QUANTITY.is_match(text) && QUANTITY.is_match(&printed), "{text:?} as {printed:?}");
    let again = printed.parse::<Quantity>();
    assert_eq!(again.as_ref(), Ok(&quantity), "{text:?} as {printed:?}");
    assert_eq!(again.unwrap().to_string(), printed, "{text:?}");
    let result = result.unwrap_or_else(|error| panic!("the function refuses {text:?}: {}", error.message));
    assert_eq!(result.attribute("canonical"), Some(&RawValue::from(printed.as_str())));
}

/// So many minutes are as long, and a sum of its parts.
fn retention(text: &str) {
    let Ok(kept) = duration::parse_retention_period(text) else { return };
    let minutes = kept.as_secs() / 60;
    assert_eq!(kept.as_secs() % 60, 0);
    assert_eq!(duration::parse_retention_period(&format!("{minutes}m")), Ok(kept), "{text:?}");
}

/// A moment is printed as it was written.
fn moment(text: &str) {
    let Ok(moment) = duration::parse_restore_time(text) else { return };
    // A leap second is the one before.
    assert!(moment.to_string() == text || text.ends_with(":60Z"), "{text:?} is {moment}");
}

/// Neither spaces nor capitals make a difference.
fn schedule(text: &str) {
    let taken = cron::check_cron(text).is_ok();
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // Words such as `@daily` are taken as they are or not at all.
    if !words.starts_with('@') {
        assert_eq!(cron::check_cron(&words).is_ok(), taken, "{text:?}");
        assert_eq!(cron::check_cron(&text.to_ascii_uppercase()).is_ok(), taken, "{text:?}");
    }
}

/// Ids of what is in Kubernetes: written from their parts they are the same.
fn ids(text: &str) {
    let known = |value: &Value<String>| value.known().cloned().unwrap_or_default();
    let pair =
        |namespace: &Value<String>, name: &Value<String>| format!("{}/{}", known(namespace), known(name));
    if let Ok(id) = cluster::import::parse_id(text) {
        assert_eq!(pair(&id.namespace, &id.name), text);
        assert!(cluster::import::check_identity(id).is_ok(), "{text:?}");
    }
    if let Ok(state) = operator::import::parse_id(text) {
        assert_eq!(pair(&state.namespace, &state.name), text);
    }
    if let Ok((namespace, name)) = waited::import_id(text, "an object") {
        assert_eq!(format!("{namespace}/{name}"), text);
    }
    if let Ok(id) = object::import::parse_id(text) {
        assert_eq!(object::import::id_of_identity(&id), text);
        assert!(object::import::check_identity(id).is_ok(), "{text:?}");
    }
}

/// Ids of managed Kubernetes clusters and node pools: each names all that its identity needs, and the identity leads to
/// the same.
fn managed_id(text: &str) {
    let mut characters = text.chars();
    let Some(choice) = characters.next() else { return };
    let resource = resource(u8::try_from(u32::from(choice) % 256).unwrap_or_default());
    let name = resource.served.type_name();
    if !["_ack_", "_aks_", "_eks_", "_gke_"].iter().any(|cloud| name.contains(cloud)) {
        return;
    }
    let text = characters.as_str();
    let import = |wanted| {
        let context = Context::new(tokio_util::sync::CancellationToken::new());
        RUNTIME.block_on(resource.served.import(&context, wanted))
    };
    let Ok(state) = import(Import::Id(text.to_owned())) else { return };
    let identity = resource.served.identity(state.clone()).unwrap();
    let is_empty = |part: &RawValue| part.as_str() == Some("");
    assert!(!identity.any(|_, part| is_empty(part)), "{name} {text:?}: {identity:?}");
    assert_eq!(import(Import::Identity(identity)).as_ref(), Ok(&state), "{name} {text:?}");
}

/// What is read of a YAML text of several documents is a value that can be written.
fn manifests(text: &str) {
    let Ok(value) = ManifestDecodeMulti.call(vec![RawValue::from(text)]) else { return };
    assert!(to_json(&value).is_some(), "{text:?}");
}

/// What is written as YAML is read as the same.
fn yaml(text: &str) {
    let Ok(value) = yaml_document(text) else { return };
    let written = to_yaml(&value).unwrap_or_else(|| panic!("not written: {value}"));
    let again = yaml_document(&written).unwrap_or_else(|error| panic!("{error}: {written}"));
    assert_eq!(again, value, "{text:?} as {written:?}");
}
