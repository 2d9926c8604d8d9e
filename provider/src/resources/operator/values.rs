//! Values of the chart: from attributes to the JSON that helm gets, and back. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use tfplugin::raw::{Number, RawValue};
use tfplugin::typed::Value;
use tfplugin::types::Type;

use super::schema::{OperatorState, StorageClass};
use crate::helm::engine::Values;
use crate::kubernetes::CloudMethod;
use crate::resources::cluster::schema::Toleration;

/// A path of keys to a value.
pub type KeyPath = Vec<String>;

/// Attributes that become values, each with the paths that it sets.
const TYPED: [(&str, &[&[&str]]); 6] = [
    (
        "image_registry",
        &[
            &["image", "registry"],
            &["dataProtection", "image", "registry"],
            &["addonChartsImage", "registry"],
        ],
    ),
    ("cloud_provider", &[&["provider"]]),
    ("storage_class.name", &[&["storageClass", "name"]]),
    ("storage_class.create", &[&["storageClass", "create"]]),
    ("snapshot_controller", &[&["snapshot-controller", "enabled"]]),
    ("tolerations", &[&["tolerations"]]),
];

/// A value of any type as JSON; `None` while a part of it is unknown. Numbers keep every digit.
pub fn to_json(raw: &RawValue) -> Option<Json> {
    Some(match raw {
        RawValue::Null => Json::Null,
        RawValue::Unknown(_) => return None,
        RawValue::Bool(flag) => Json::Bool(*flag),
        RawValue::Number(number) => number_to_json(number),
        RawValue::String(text) => Json::String(text.clone()),
        RawValue::List(parts) | RawValue::Set(parts) | RawValue::Tuple(parts) => {
            Json::Array(parts.iter().map(to_json).collect::<Option<_>>()?)
        }
        RawValue::Map(parts) | RawValue::Object(parts) => Json::Object(
            parts
                .iter()
                .map(|(key, part)| Some((key.clone(), to_json(part)?)))
                .collect::<Option<Map<_, _>>>()?,
        ),
        RawValue::Dynamic(held) => to_json(&held.1)?,
    })
}

fn number_to_json(number: &Number) -> Json {
    let text = number.to_string();
    serde_json::from_str(&text).unwrap_or(Json::String(text))
}

/// JSON as the value that HCL makes of the same text: objects and tuples.
pub fn from_json(json: &Json) -> RawValue {
    let (kind, value) = typed(json);
    RawValue::dynamic(kind, value)
}

fn typed(json: &Json) -> (Type, RawValue) {
    match json {
        Json::Null => (Type::Dynamic, RawValue::Null),
        Json::Bool(flag) => (Type::Bool, RawValue::Bool(*flag)),
        Json::Number(number) => match Number::parse(&number.to_string()) {
            Ok(number) => (Type::Number, RawValue::Number(number)),
            Err(_) => (Type::String, RawValue::string(number.to_string())),
        },
        Json::String(text) => (Type::String, RawValue::string(text)),
        Json::Array(parts) => {
            let (kinds, parts) = parts.iter().map(typed).unzip();
            (Type::Tuple(kinds), RawValue::Tuple(parts))
        }
        Json::Object(parts) => {
            let (mut kinds, mut values) = (BTreeMap::new(), BTreeMap::new());
            for (key, part) in parts {
                let (kind, value) = typed(part);
                kinds.insert(key.clone(), kind);
                values.insert(key.clone(), value);
            }
            (Type::Object(kinds), RawValue::Object(values))
        }
    }
}

/// Whether both ask for the same: whatever the kinds of their collections, the spelling of numbers and empty objects.
pub fn same_values(prior: &RawValue, config: &RawValue) -> bool {
    match (to_json(prior), to_json(config)) {
        (Some(prior), Some(config)) => same_json(&prior, &config),
        _ => false,
    }
}

/// The same for JSON.
pub fn same_json(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Object(one), Json::Object(other)) => {
            let keys = one.keys().chain(other.keys());
            keys.into_iter().all(|key| match (one.get(key), other.get(key)) {
                (Some(one), Some(other)) => same_json(one, other),
                (Some(only), None) | (None, Some(only)) => is_empty(only),
                (None, None) => true,
            })
        }
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same_json(one, other))
        }
        (Json::Number(one), Json::Number(other)) => same_number(&one.to_string(), &other.to_string()),
        (one, other) => one == other,
    }
}

/// Helm keeps numbers as doubles, so two numbers that one double stands for are the same.
fn same_number(one: &str, other: &str) -> bool {
    match (Number::parse(one), Number::parse(other)) {
        (Ok(one), Ok(other)) => one == other || one.to_f64_nearest() == other.to_f64_nearest(),
        _ => one == other,
    }
}

/// An object without anything in it asks for nothing.
fn is_empty(value: &Json) -> bool {
    matches!(value, Json::Object(parts) if parts.values().all(is_empty))
}

/// The part at a path.
pub fn at<'a>(json: &'a Json, path: &[impl AsRef<str>]) -> Option<&'a Json> {
    path.iter().try_fold(json, |place, key| place.as_object()?.get(key.as_ref()))
}

/// Sets the part at a path, making the objects on the way.
fn set(json: &mut Map<String, Json>, path: &[&str], value: Json) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        json.insert((*first).to_owned(), value);
        return;
    }
    let next = json.entry(*first).or_insert_with(|| Json::Object(Map::new()));
    if !next.is_object() {
        *next = Json::Object(Map::new());
    }
    if let Json::Object(next) = next {
        set(next, rest, value);
    }
}

/// Removes the part at a path, and the objects on the way that become empty by that.
pub fn remove(json: &mut Json, path: &[impl AsRef<str>]) {
    let (Some((first, rest)), Json::Object(parts)) = (path.split_first(), json) else { return };
    if rest.is_empty() {
        parts.remove(first.as_ref());
    } else if let Some(next) = parts.get_mut(first.as_ref()) {
        remove(next, rest);
        if next.as_object().is_some_and(Map::is_empty) {
            parts.remove(first.as_ref());
        }
    }
}

/// Lays `over` onto `base`: objects are merged, everything else is replaced.
pub fn merge(base: &mut Json, over: Json) {
    match (base, over) {
        (Json::Object(base), Json::Object(over)) => {
            for (key, value) in over {
                match base.get_mut(&key) {
                    Some(place) => merge(place, value),
                    None => {
                        base.insert(key, value);
                    }
                }
            }
        }
        (base, over) => *base = over,
    }
}

/// Paths of everything in an object that is no object.
pub fn leaves(json: &Json) -> Vec<KeyPath> {
    fn walk(json: &Json, path: &mut KeyPath, found: &mut Vec<KeyPath>) {
        match json {
            Json::Object(parts) => {
                for (key, part) in parts {
                    path.push(key.clone());
                    walk(part, path, found);
                    path.pop();
                }
            }
            _ => found.push(path.clone()),
        }
    }
    let mut found = Vec::new();
    walk(json, &mut Vec::new(), &mut found);
    found
}

/// The texts and numbers in a value, which no message may show.
fn texts(json: &Json, found: &mut Vec<String>) {
    match json {
        Json::Null | Json::Bool(_) => {}
        Json::Number(number) => found.push(number.to_string()),
        Json::String(text) => found.push(text.clone()),
        Json::Array(parts) => parts.iter().for_each(|part| texts(part, found)),
        Json::Object(parts) => parts.values().for_each(|part| texts(part, found)),
    }
}

/// The attributes that are given, each with its value and the paths that it sets.
fn given(state: &OperatorState) -> Vec<(&'static str, Json, &'static [&'static [&'static str]])> {
    TYPED
        .iter()
        .filter_map(|(attribute, paths)| value_of(state, attribute).map(|value| (*attribute, value, *paths)))
        .collect()
}

/// The value that a typed attribute gives.
fn value_of(state: &OperatorState, attribute: &str) -> Option<Json> {
    let text = |value: &Value<String>| value.known().map(|text| Json::String(text.clone()));
    let flag = |value: &Value<bool>| value.known().map(|flag| Json::Bool(*flag));
    match attribute {
        "image_registry" => text(&state.image_registry),
        "cloud_provider" => text(&state.cloud_provider),
        "storage_class.name" => state.storage_class.known().and_then(|class| text(&class.name)),
        "storage_class.create" => state.storage_class.known().and_then(|class| flag(&class.create)),
        "snapshot_controller" => flag(&state.snapshot_controller),
        "tolerations" => state.tolerations.known().map(|list| {
            Json::Array(
                list.iter().filter_map(|toleration| toleration.known().map(toleration_json)).collect(),
            )
        }),
        _ => None,
    }
}

fn toleration_json(toleration: &Toleration) -> Json {
    let mut object = Map::new();
    for (key, value) in [
        ("key", &toleration.key),
        ("operator", &toleration.operator),
        ("value", &toleration.value),
        ("effect", &toleration.effect),
    ] {
        if let Some(text) = value.known() {
            object.insert(key.to_owned(), text.clone().into());
        }
    }
    if let Some(seconds) = toleration.toleration_seconds.known() {
        object.insert("tolerationSeconds".to_owned(), (*seconds).into());
    }
    Json::Object(object)
}

fn toleration_from(json: &Json) -> Toleration {
    let text = |key: &str| json.get(key).and_then(Json::as_str).map(str::to_owned).into();
    Toleration {
        key: text("key"),
        operator: text("operator"),
        value: text("value"),
        effect: text("effect"),
        toleration_seconds: json.get("tolerationSeconds").and_then(Json::as_i64).into(),
    }
}

/// Names of the typed attributes that are given.
pub fn given_attributes(state: &OperatorState) -> Vec<String> {
    given(state).into_iter().map(|(attribute, ..)| attribute.to_owned()).collect()
}

/// Whether every part that makes values is known.
pub fn is_known(state: &OperatorState, sensitive: &Value<RawValue>) -> bool {
    let class = match &state.storage_class {
        Value::Unknown => false,
        Value::Null => true,
        Value::Known(class) => !class.name.is_unknown() && !class.create.is_unknown(),
    };
    let tolerations = match &state.tolerations {
        Value::Unknown => false,
        Value::Null => true,
        Value::Known(list) => list.iter().all(|toleration| match toleration {
            Value::Unknown => false,
            Value::Null => true,
            Value::Known(Toleration { key, operator, value, effect, toleration_seconds }) => {
                [key, operator, value, effect].iter().all(|text| !text.is_unknown())
                    && !toleration_seconds.is_unknown()
            }
        }),
    };
    let whole = |value: &Value<RawValue>| match value {
        Value::Unknown => false,
        Value::Null => true,
        Value::Known(raw) => raw.is_wholly_known(),
    };
    class
        && tolerations
        && whole(&state.values)
        && whole(sensitive)
        && !state.kubernetes.is_unknown()
        && state.kubernetes.known().is_none_or(|kubernetes| !kubernetes.has_unknown())
        && !state.image_registry.is_unknown()
        && !state.cloud_provider.is_unknown()
        && !state.snapshot_controller.is_unknown()
}

/// Values that follow from the managed Kubernetes cluster that the operator goes to: its cloud, and that the provider has
/// made a `StorageClass` and snapshots work there already.
fn implied(state: &OperatorState) -> Json {
    let auth = state.kubernetes.known().and_then(|kubernetes| kubernetes.auth.known());
    let method = auth.and_then(|auth| auth.method.known()).and_then(|method| CloudMethod::of(method));
    let cloud = match method {
        Some(CloudMethod::Eks) => "aws",
        Some(CloudMethod::Gke) => "gcp",
        Some(CloudMethod::Aks) => "azure",
        Some(CloudMethod::Ack) => "aliyun",
        None => return Json::Object(Map::new()),
    };
    json!({"provider": cloud, "storageClass": {"create": false}, "snapshot-controller": {"enabled": false}})
}

/// The values without the secret ones. What is written goes before what is implied.
pub fn open_values(state: &OperatorState) -> Json {
    let mut values = implied(state);
    merge(&mut values, json_of(&state.values));
    if let Json::Object(values) = &mut values {
        for (_, value, paths) in given(state) {
            for path in paths {
                set(values, path, value.clone());
            }
        }
    }
    values
}

/// What helm gets.
pub fn for_helm(state: &OperatorState, sensitive: &Value<RawValue>) -> Values {
    let mut values = open_values(state);
    let secret = json_of(sensitive);
    let mut secrets = Vec::new();
    texts(&secret, &mut secrets);
    merge(&mut values, secret);
    Values { values, secrets }
}

/// An attribute's object; an empty one when it is left out.
pub fn json_of(value: &Value<RawValue>) -> Json {
    value.known().and_then(to_json).filter(Json::is_object).unwrap_or_else(|| Json::Object(Map::new()))
}

/// Paths that `values` and a typed attribute both set, with the attribute's name.
pub fn conflicts(state: &OperatorState, values: &Json) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for (attribute, _, paths) in given(state) {
        for path in paths {
            if touches(values, path) {
                found.push((attribute, path.join(".")));
            }
        }
    }
    found
}

/// Whether the path, or something on the way to it that is no object, is there.
pub fn touches(json: &Json, path: &[impl AsRef<str>]) -> bool {
    let mut place = json;
    for key in path {
        match place {
            Json::Object(parts) => match parts.get(key.as_ref()) {
                Some(next) => place = next,
                None => return false,
            },
            _ => return true,
        }
    }
    true
}

/// The attributes as the values of a release say: those of `state` that are given, with what is left of the values
/// in `values`. `sensitive` are the paths of secret values, which are never looked at.
pub fn observe(state: &OperatorState, config: &Json, sensitive: &[KeyPath]) -> OperatorState {
    let mut left = config.clone();
    if left.is_null() {
        left = Json::Object(Map::new());
    }
    let mut observed = state.clone();
    for (attribute, before, paths) in given(state) {
        let now = paths.first().and_then(|path| at(config, path)).cloned();
        if now.as_ref().is_none_or(|now| !same_json(&before, now)) {
            set_attribute(&mut observed, attribute, now.as_ref());
        }
        for path in paths {
            // What was set by hand at one of several paths shows in `values`.
            if at(&left, path).is_some_and(|found| now.as_ref().is_some_and(|now| same_json(found, now))) {
                remove(&mut left, path);
            }
        }
    }
    for path in sensitive {
        remove(&mut left, path);
    }
    let (implied, written) = (implied(state), json_of(&state.values));
    for path in leaves(&implied) {
        if !touches(&written, &path) && at(&left, &path) == at(&implied, &path) {
            remove(&mut left, &path);
        }
    }
    if !same_json(&json_of(&state.values), &left) {
        observed.values = if is_empty(&left) { Value::Null } else { Value::Known(from_json(&left)) };
    }
    observed
}

/// Gives the named attributes what the values of a release say: for an import, which has no state to compare with.
pub fn adopt(state: &mut OperatorState, attributes: &[String], config: &Json) {
    for (attribute, paths) in TYPED {
        if attributes.iter().any(|given| given == attribute) {
            set_attribute(state, attribute, paths.first().and_then(|path| at(config, path)));
        }
    }
}

fn set_attribute(state: &mut OperatorState, attribute: &str, value: Option<&Json>) {
    let text = || value.and_then(Json::as_str).map(str::to_owned).into();
    let flag = || value.and_then(Json::as_bool).into();
    let class = |state: &OperatorState| state.storage_class.known().cloned().unwrap_or_default();
    match attribute {
        "image_registry" => state.image_registry = text(),
        "cloud_provider" => state.cloud_provider = text(),
        "storage_class.name" => {
            state.storage_class = Value::Known(StorageClass { name: text(), ..class(state) });
        }
        "storage_class.create" => {
            state.storage_class = Value::Known(StorageClass { create: flag(), ..class(state) });
        }
        "snapshot_controller" => state.snapshot_controller = flag(),
        "tolerations" => {
            let list = value.and_then(Json::as_array);
            state.tolerations =
                list.map(|list| list.iter().map(|one| Value::Known(toleration_from(one))).collect()).into();
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::resources::cluster::test_support::text;

    #[allow(clippy::needless_pass_by_value)] // reads better where it is called
    fn raw(json: Json) -> Value<RawValue> {
        Value::Known(from_json(&json))
    }

    fn full() -> OperatorState {
        OperatorState {
            image_registry: text("registry.test"),
            cloud_provider: text("aws"),
            storage_class: Value::Known(StorageClass { name: text("fast"), create: Value::Known(false) }),
            snapshot_controller: Value::Known(false),
            tolerations: Value::Known(vec![Value::Known(Toleration {
                key: text("db"),
                operator: text("Exists"),
                toleration_seconds: Value::Known(30),
                ..Toleration::default()
            })]),
            values: raw(json!({"replicaCount": 2, "image": {"tag": "x"}})),
            ..OperatorState::default()
        }
    }

    fn full_json() -> Json {
        json!({
            "replicaCount": 2,
            "image": {"tag": "x", "registry": "registry.test"},
            "dataProtection": {"image": {"registry": "registry.test"}},
            "addonChartsImage": {"registry": "registry.test"},
            "provider": "aws",
            "storageClass": {"name": "fast", "create": false},
            "snapshot-controller": {"enabled": false},
            "tolerations": [{"key": "db", "operator": "Exists", "tolerationSeconds": 30}],
        })
    }

    #[test]
    fn a_managed_kubernetes_cluster_implies_values_that_what_is_written_replaces_and_that_are_no_drift() {
        use crate::kubernetes_attribute::{KubernetesAuth, KubernetesConnection};
        let auth = KubernetesAuth { method: text("aks"), ..KubernetesAuth::default() };
        let kubernetes = KubernetesConnection { auth: Value::Known(auth), ..KubernetesConnection::default() };
        let state = OperatorState { kubernetes: Value::Known(kubernetes), ..OperatorState::default() };
        let all = json!({"provider": "azure", "storageClass": {"create": false}, "snapshot-controller": {"enabled": false}});
        assert_eq!(open_values(&state), all);
        assert_eq!(observe(&state, &all, &[]), state);
        let other = OperatorState {
            cloud_provider: text("aws"),
            values: Value::Known(from_json(&json!({"storageClass": {"create": true}}))),
            ..state.clone()
        };
        let expected = json!({"provider": "aws", "storageClass": {"create": true}, "snapshot-controller": {"enabled": false}});
        assert_eq!(open_values(&other), expected);
        assert_eq!(observe(&other, &expected, &[]), other);
        let drifted = observe(&state, &expected, &[]);
        assert_eq!(
            to_json(drifted.values.known().unwrap()),
            Some(json!({"provider": "aws", "storageClass": {"create": true}}))
        );
    }

    #[test]
    fn attributes_and_values_make_one_object_and_secrets_are_laid_over_it_and_noted() {
        assert_eq!(open_values(&full()), full_json());
        assert_eq!(open_values(&OperatorState::default()), json!({}));
        let made = for_helm(&full(), &raw(json!({"image": {"pull": "hunter2"}, "list": ["a", 7, true]})));
        assert_eq!(made.values["image"], json!({"tag": "x", "registry": "registry.test", "pull": "hunter2"}));
        assert_eq!(made.secrets, ["hunter2", "a", "7"]);
    }

    #[test]
    fn what_a_release_holds_is_observed_as_it_was_written() {
        let state = full();
        assert_eq!(observe(&state, &full_json(), &[]), state);
        let mut config = full_json();
        config["cloudProvider"] = json!({"secret": "hunter2"});
        let secret = vec!["cloudProvider".to_owned(), "secret".to_owned()];
        assert_eq!(observe(&state, &config, &[secret]), state);
        assert_eq!(observe(&OperatorState::default(), &Json::Null, &[]), OperatorState::default());
    }

    #[test]
    fn what_was_changed_by_hand_shows_at_its_attribute_or_in_the_values() {
        type Change = fn(&mut Json);
        type Expected = fn(&mut OperatorState);
        let table: Vec<(&str, Change, Expected)> = vec![
            (
                "another value",
                |config| config["replicaCount"] = json!(3),
                |state| {
                    state.values = raw(json!({"replicaCount": 3, "image": {"tag": "x"}}));
                },
            ),
            (
                "a new value",
                |config| config["hostNetwork"] = json!(true),
                |state| {
                    state.values =
                        raw(json!({"replicaCount": 2, "image": {"tag": "x"}, "hostNetwork": true}));
                },
            ),
            (
                "all values gone",
                |config| {
                    config["image"] = json!({"registry": "registry.test"});
                    remove(config, &["replicaCount"]);
                },
                |state| state.values = Value::Null,
            ),
            (
                "a typed attribute",
                |config| config["provider"] = json!("gcp"),
                |state| {
                    state.cloud_provider = text("gcp");
                },
            ),
            (
                "a typed attribute gone",
                |config| remove(config, &["snapshot-controller"]),
                |state| {
                    state.snapshot_controller = Value::Null;
                },
            ),
            (
                "one of two parts",
                |config| config["storageClass"]["create"] = json!(true),
                |state| {
                    state.storage_class =
                        Value::Known(StorageClass { name: text("fast"), create: Value::Known(true) });
                },
            ),
            (
                "one of several paths",
                |config| config["addonChartsImage"]["registry"] = json!("other"),
                |state| {
                    state.values = raw(
                        json!({"replicaCount": 2, "image": {"tag": "x"}, "addonChartsImage": {"registry": "other"}}),
                    );
                },
            ),
            (
                "tolerations",
                |config| config["tolerations"] = json!([{"key": "other"}]),
                |state| {
                    state.tolerations = Value::Known(vec![Value::Known(Toleration {
                        key: text("other"),
                        ..Toleration::default()
                    })]);
                },
            ),
        ];
        for (case, change, expected) in table {
            let (mut config, mut state) = (full_json(), full());
            change(&mut config);
            let observed = observe(&state, &config, &[]);
            expected(&mut state);
            assert_eq!(observed, state, "{case}");
        }
    }

    #[test]
    fn an_import_takes_the_attributes_that_were_noted_and_the_rest_as_values() {
        let mut state = OperatorState::default();
        adopt(&mut state, &given_attributes(&full()), &full_json());
        assert_eq!(observe(&state, &full_json(), &[]), full());
        let foreign = observe(&OperatorState::default(), &full_json(), &[]);
        assert_eq!(json_of(&foreign.values), full_json());
    }

    #[test]
    fn values_are_the_same_whatever_their_spelling() {
        let table = [
            (json!({"a": 1}), json!({"a": 1.0}), true),
            (json!({"a": 0.1}), json!({"a": 0.10}), true),
            (json!({"a": 1}), json!({"a": "1"}), false),
            (json!({"a": {}}), json!({}), true),
            (json!({"a": {"b": {}}, "c": 1}), json!({"c": 1}), true),
            (json!({"a": null}), json!({}), false),
            (json!({"a": []}), json!({}), false),
            (json!({"a": [1, 2]}), json!({"a": [2, 1]}), false),
            (json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1}), true),
        ];
        for (one, other, expected) in table {
            assert_eq!(same_values(&from_json(&one), &from_json(&other)), expected, "{one} {other}");
        }
        let list = RawValue::list([RawValue::string("x")]).into_dynamic();
        assert!(same_values(&RawValue::object([("a", list)]), &from_json(&json!({"a": ["x"]}))));
        assert!(!same_values(&RawValue::object([("a", RawValue::unknown())]), &from_json(&json!({}))));
    }

    #[test]
    fn large_numbers_keep_their_digits() {
        let number = RawValue::Number(Number::parse("123456789012345678901234567890.5").unwrap());
        let json = to_json(&number).unwrap();
        assert_eq!(json.to_string(), "123456789012345678901234567890.5");
        assert_eq!(to_json(&from_json(&json)), Some(json));
    }

    #[test]
    fn a_path_that_both_set_is_a_conflict_also_when_it_is_cut_short() {
        let found = conflicts(
            &full(),
            &json!({"image": {"registry": "y", "tag": "x"}, "storageClass": "gp3", "tolerations": []}),
        );
        assert_eq!(
            found,
            [
                ("image_registry", "image.registry".to_owned()),
                ("storage_class.name", "storageClass.name".to_owned()),
                ("storage_class.create", "storageClass.create".to_owned()),
                ("tolerations", "tolerations".to_owned()),
            ]
        );
        assert!(conflicts(&OperatorState::default(), &full_json()).is_empty());
    }

    #[test]
    fn unknown_parts_anywhere_are_seen() {
        assert!(is_known(&full(), &Value::Null));
        assert!(!is_known(&full(), &Value::Unknown));
        let unknown = RawValue::object([("a", RawValue::unknown())]);
        assert!(!is_known(&OperatorState { values: Value::Known(unknown), ..full() }, &Value::Null));
        assert!(!is_known(&OperatorState { image_registry: Value::Unknown, ..full() }, &Value::Null));
        let toleration = Toleration { key: Value::Unknown, ..Toleration::default() };
        let tolerations = Value::Known(vec![Value::Known(toleration)]);
        assert!(!is_known(&OperatorState { tolerations, ..full() }, &Value::Null));
    }

    #[test]
    fn leaves_are_everything_but_objects() {
        let found = leaves(&json!({"a": {"b": 1, "c": [{"d": 1}]}, "e": null, "f": {}}));
        assert_eq!(
            found,
            [vec!["a", "b"], vec!["a", "c"], vec!["e"]]
                .map(|path| { path.into_iter().map(str::to_owned).collect::<KeyPath>() })
        );
    }
}
