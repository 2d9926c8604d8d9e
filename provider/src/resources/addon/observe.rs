//! From the live `Addon` to state, in the shape of the configuration. Pure; the reverse is `build`.
//!
//! Only what the practitioner wrote is shown, and what is ours by the API server's records: written by an apply that was
//! killed, or found by an import. A value that means the same as the prior one keeps the prior one's form.

use std::collections::BTreeMap;

use kubeblocks_schemas::quantity::QuantityText;
use kubeblocks_schemas::v1alpha1::addon::HelmSpec;
use kubeblocks_schemas::v1alpha1::{self as api, Addon};
use serde_json::Value as Json;
use tfplugin::raw::RawValue;
use tfplugin::typed::Value;

use super::build::{self, Wire};
use super::schema::{AddonState, Chart, Map, Resources, Settings, Toleration};
use super::values;
use crate::resources::cluster::build::known_entries;
use crate::resources::cluster::claims::{Place, Step};
use crate::resources::cluster::equality::same_quantity;

/// What `object` shows, beside `prior`. Attributes that the object does not tell are those of `prior`.
pub fn addon(prior: &AddonState, object: &Addon, root: &Place<'_>) -> AddonState {
    let install = serde_json::to_value(&object.spec.install).unwrap_or_default();
    let spec = root.field("spec");
    let place = spec.field("install");
    let main = settings(&prior.settings(), &install, &place);
    let helm = object.spec.helm.as_ref();
    AddonState {
        kubernetes: prior.kubernetes.clone(),
        name: object.metadata.name.clone().into(),
        enabled: Value::Known(install.get("enabled") == Some(&Json::Bool(true))),
        replicas: main.replicas,
        storage_class: main.storage_class,
        resources: main.resources,
        tolerations: main.tolerations,
        persistent: main.persistent,
        extras: extras(&prior.extras, &install, &place.field("extras")),
        values: observed_values(prior, object, &spec.field("helm").field("installOptions")),
        chart: helm.map_or(Value::Null, |helm| chart(&prior.chart, helm, &spec.field("helm"))),
        timeouts: prior.timeouts.clone(),
        cluster_definitions: prior.cluster_definitions.clone(),
        cluster_versions: prior.cluster_versions.clone(),
    }
}

fn settings(prior: &Settings, live: &Json, place: &Place<'_>) -> Settings {
    let shown = |field: &'static str, is_written: bool| {
        live.get(field).filter(|_| is_written || place.owns(Step::Field(field)))
    };
    let text = |field, prior: &Value<String>| -> Value<String> {
        shown(field, !prior.is_null()).and_then(Json::as_str).map(str::to_owned).into()
    };
    Settings {
        replicas: shown("replicas", !prior.replicas.is_null()).and_then(Json::as_i64).into(),
        storage_class: text("storageClass", &prior.storage_class),
        persistent: shown("persistentVolumeEnabled", !prior.persistent.is_null())
            .and_then(Json::as_bool)
            .into(),
        tolerations: match shown("tolerations", !prior.tolerations.is_null()).and_then(Json::as_str) {
            Some(live) => tolerations(prior, live),
            None if prior.tolerations.known().is_some_and(Vec::is_empty) => prior.tolerations.clone(),
            None => Value::Null,
        },
        resources: match shown("resources", !prior.resources.is_null()) {
            Some(live) => resources(&prior.resources, live, &place.field("resources")),
            None if prior.resources == Value::Known(Resources::default()) => prior.resources.clone(),
            None => Value::Null,
        },
    }
}

fn extras<'a>(prior: &Value<Map<Settings>>, install: &'a Json, place: &Place<'a>) -> Value<Map<Settings>> {
    let live = install.get("extras").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let written: BTreeMap<&String, &Settings> = known_entries(prior).collect();
    let none = Settings::default();
    let mut shown = Map::new();
    for extra in live {
        let Some(name) = extra.get("name").and_then(Json::as_str) else { continue };
        let place = place.at(Step::Named(name));
        let prior = written.get(&name.to_owned()).copied();
        if prior.is_some() || place.is_ours() {
            shown.insert(name.to_owned(), Value::Known(settings(prior.unwrap_or(&none), extra, &place)));
        }
    }
    if shown.is_empty() && prior.known().is_none_or(|prior| !prior.is_empty()) {
        return Value::Null;
    }
    Value::Known(shown)
}

fn tolerations(prior: &Settings, live: &str) -> Value<Vec<Value<Toleration>>> {
    let wanted: Option<Json> = serde_json::from_str(&build::tolerations_text(prior)).ok();
    let found: Option<Json> = serde_json::from_str(live).ok();
    if !prior.tolerations.is_null() && found.is_some() && wanted == found {
        return prior.tolerations.clone();
    }
    let Some(found) = found.and_then(|json| serde_json::from_value::<Vec<api::Toleration>>(json).ok()) else {
        // Text that is no list of tolerations: shown as none, so that the next apply puts it right.
        return Value::Null;
    };
    let toleration = |found: api::Toleration| Toleration {
        key: found.key.into(),
        operator: found.operator.into(),
        value: found.value.into(),
        effect: found.effect.into(),
        toleration_seconds: found.toleration_seconds.into(),
    };
    Value::Known(found.into_iter().map(|found| Value::Known(toleration(found))).collect())
}

fn resources(prior: &Value<Resources>, live: &Json, place: &Place<'_>) -> Value<Resources> {
    let none = Resources::default();
    let written = prior.known().unwrap_or(&none);
    let wanted = build::resources(written);
    let quantities = |field: &'static str, wanted: &BTreeMap<String, String>| -> BTreeMap<String, String> {
        let live: BTreeMap<String, QuantityText> =
            live.get(field).and_then(|found| serde_json::from_value(found.clone()).ok()).unwrap_or_default();
        let place = place.field(field);
        live.into_iter()
            .filter(|(name, _)| wanted.contains_key(name) || place.owns(Step::Field(name)))
            .map(|(name, quantity)| (name, quantity.0))
            .collect()
    };
    let found = Wire {
        requests: quantities("requests", &wanted.requests),
        limits: quantities("limits", &wanted.limits),
    };
    if same_wire(&found, &wanted) {
        return prior.clone();
    }
    if found == Wire::default() {
        return Value::Null;
    }
    let is_short = same(&found.requests, &found.limits)
        && found.requests.keys().all(|name| name == "cpu" || name == "memory")
        && written.requests.is_null()
        && written.limits.is_null();
    let map = |quantities: BTreeMap<String, String>| -> Value<Map<String>> {
        if quantities.is_empty() {
            return Value::Null;
        }
        Value::Known(quantities.into_iter().map(|(name, quantity)| (name, Value::Known(quantity))).collect())
    };
    Value::Known(if is_short {
        let short = |name: &str| found.requests.get(name).cloned().into();
        Resources { cpu: short("cpu"), memory: short("memory"), ..Resources::default() }
    } else {
        Resources { requests: map(found.requests), limits: map(found.limits), ..Resources::default() }
    })
}

/// Whether two ways of writing resources ask for the same.
pub fn mean_the_same(left: &Resources, right: &Resources) -> bool {
    same_wire(&build::resources(left), &build::resources(right))
}

fn same_wire(left: &Wire, right: &Wire) -> bool {
    same(&left.requests, &right.requests) && same(&left.limits, &right.limits)
}

fn same(left: &BTreeMap<String, String>, right: &BTreeMap<String, String>) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).all(|((left_name, left), (right_name, right))| {
            left_name == right_name && same_quantity(left, right)
        })
}

fn observed_values(prior: &AddonState, object: &Addon, place: &Place<'_>) -> Value<RawValue> {
    let ours = |option| !prior.values.is_null() || place.owns(Step::Field(option));
    let options = object.spec.helm.as_ref().map(|helm| &helm.install_options);
    let option =
        |name| options.and_then(|options| options.get(name)).filter(|_| ours(name)).map(String::as_str);
    let (set_json, set_string) = (option(values::SET_JSON), option(values::SET_STRING));
    let live = match (set_json, set_string) {
        (None, None) => None,
        (set_json, set_string) => values::parse(set_json, set_string),
    };
    let wanted = build::written_values(prior);
    let has_none = |json: &Json| values::options(json, &[]).is_ok_and(|options| options.is_empty());
    match (live, wanted) {
        (None, Some(wanted)) if has_none(&wanted) => prior.values.clone(),
        (Some(live), Some(wanted)) if is_same(&live, &wanted) => prior.values.clone(),
        (Some(live), _) => Value::Known(values::from_json(&live).into_dynamic()),
        (None, _) => Value::Null,
    }
}

/// Equal as options of helm, in which empty objects do not appear.
fn is_same(left: &Json, right: &Json) -> bool {
    values::options(left, &[]) == values::options(right, &[])
}

fn chart(prior: &Value<Chart>, helm: &HelmSpec, place: &Place<'_>) -> Value<Chart> {
    if prior.is_null() && !place.owns(Step::Field("chartLocationURL")) {
        return Value::Null;
    }
    Value::Known(Chart {
        url: Value::Known(helm.chart_location_url.clone()),
        version: helm.install_options.get("version").cloned().into(),
        image: helm.charts_image.clone().into(),
        path_in_image: helm.charts_path_in_image.clone().into(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kubernetes::ownership::Ownership;
    use crate::resources::addon::test_support::{
        entries, live, owned, owning, redis, text, texts, values, written,
    };
    use crate::resources::cluster::claims::Nothing;

    fn seen(prior: &AddonState, object: &Addon) -> AddonState {
        addon(prior, object, &Place::root(&Nothing))
    }

    /// The object as an apply of `state` leaves it.
    fn applied(state: &AddonState) -> Addon {
        let mut spec = build::body(state, None, None).unwrap()["spec"].take();
        if let Some(helm) = spec.get_mut("helm").and_then(Json::as_object_mut) {
            helm.entry("chartLocationURL").or_insert_with(|| "file://redis-0.7.5.tgz".into());
        }
        live(spec)
    }

    #[test]
    fn what_was_written_is_seen_as_it_was_written() {
        let disabled = AddonState { enabled: Value::Known(false), ..written() };
        for state in [redis(), written(), disabled] {
            assert_eq!(seen(&state, &applied(&state)), state);
        }
    }

    #[test]
    fn what_others_set_is_not_shown() {
        let object = live(json!({
            "helm": {"chartLocationURL": "x", "installOptions": {"set-json": "a=1", "version": "1"}},
            "install": {"enabled": true, "replicas": 4, "resources": {"requests": {"cpu": "1"}}, "extras": [{"name": "x", "replicas": 1}]}
        }));
        assert_eq!(seen(&redis(), &object), redis());
    }

    #[test]
    fn what_is_written_and_different_is_shown_as_it_is() {
        type Change = fn(&mut AddonState);
        let table: Vec<(&str, Json, Change)> = vec![
            ("enabled", json!(false), |state| state.enabled = Value::Known(false)),
            ("replicas", json!(7), |state| state.replicas = Value::Known(7)),
            ("storageClass", json!("slow"), |state| state.storage_class = text("slow")),
            ("persistentVolumeEnabled", json!(false), |state| state.persistent = Value::Known(false)),
            ("tolerations", json!("[]"), |state| state.tolerations = Value::Known(Vec::new())),
            ("tolerations", json!("nonsense"), |state| state.tolerations = Value::Null),
            (
                "resources",
                json!({"requests": {"cpu": "2", "memory": "2Gi"}, "limits": {"cpu": "2", "memory": "2Gi"}}),
                |state| {
                    state.resources.known_mut().unwrap().cpu = text("2");
                },
            ),
            ("resources", json!({"requests": {"cpu": "1"}, "limits": {"memory": "2Gi"}}), |state| {
                state.resources = Value::Known(Resources {
                    requests: texts([("cpu", "1")]),
                    limits: texts([("memory", "2Gi")]),
                    ..Resources::default()
                });
            }),
            ("extras", json!([]), |state| state.extras = Value::Null),
        ];
        for (field, now, change) in table {
            let mut object = serde_json::to_value(applied(&written())).unwrap();
            object["spec"]["install"][field] = now;
            let mut expected = written();
            change(&mut expected);
            assert_eq!(seen(&written(), &serde_json::from_value(object).unwrap()), expected, "{field}");
        }
    }

    #[test]
    fn the_same_in_another_form_is_no_difference() {
        let mut object = serde_json::to_value(applied(&written())).unwrap();
        let install = &mut object["spec"]["install"];
        install["resources"]["limits"]["memory"] = "2048Mi".into();
        install["tolerations"] = r#" [ {"operator":"Exists", "key":"kb"} ] "#.into();
        object["spec"]["helm"]["installOptions"]["set-json"] = r#"image.tag= "7""#.into();
        assert_eq!(seen(&written(), &serde_json::from_value(object).unwrap()), written());
    }

    #[test]
    fn values_that_were_changed_or_removed_by_hand_are_shown() {
        let with = |option: Json| {
            let mut object = serde_json::to_value(applied(&written())).unwrap();
            object["spec"]["helm"]["installOptions"] = option;
            seen(&written(), &serde_json::from_value(object).unwrap()).values
        };
        assert_eq!(
            with(json!({"set-json": "image.tag=\"8\",more=1"})),
            values(&json!({"image": {"tag": "8"}, "more": 1}))
        );
        assert_eq!(with(json!({})), Value::Null);
        assert_eq!(with(json!({"set-json": "a[0]=1"})), Value::Null);
        assert_eq!(with(json!({"set-string": "image.tag=7"})), written().values);
        let empty = AddonState { values: values(&json!({"a": {}})), ..redis() };
        assert_eq!(seen(&empty, &applied(&empty)), empty);
    }

    #[test]
    fn an_import_finds_what_an_apply_of_ours_has_set() {
        let fields = json!({"f:spec": {
            "f:helm": {"f:installOptions": {"f:set-json": {}}},
            "f:install": {"f:enabled": {}, "f:replicas": {}, "f:extras": {"k:{\"name\":\"alertmanager\"}": {".": {}, "f:name": {}, "f:replicas": {}}}},
        }});
        let named = AddonState { name: text("redis"), ..AddonState::default() };
        let mut object = applied(&written());
        object.metadata = owned(&fields);
        let ours = Ownership::ours(&object.metadata).unwrap();
        let found = addon(&named, &object, &Place::root(&ours));
        let extra = Settings { replicas: Value::Known(3), ..Settings::default() };
        let expected = AddonState {
            replicas: Value::Known(2),
            values: written().values,
            extras: entries([("alertmanager", extra)]),
            ..redis()
        };
        assert_eq!(found, expected);
        assert_eq!(seen(&named, &applied(&written())), redis());
    }

    #[test]
    fn a_chart_is_shown_when_it_is_ours() {
        let object = live(
            json!({"helm": {"chartLocationURL": "oci://r/c", "installOptions": {"version": "2"}}, "install": {"enabled": true}}),
        );
        let named = AddonState { name: text("redis"), ..AddonState::default() };
        let ours = owning(&json!({"f:spec": {"f:helm": {"f:chartLocationURL": {}}}}));
        let expected = Chart { url: text("oci://r/c"), version: text("2"), ..Chart::default() };
        assert_eq!(addon(&named, &object, &Place::root(&ours)).chart, Value::Known(expected.clone()));
        assert_eq!(seen(&named, &object).chart, Value::Null);
        let prior =
            AddonState { chart: Value::Known(Chart { version: text("1"), ..expected.clone() }), ..redis() };
        assert_eq!(seen(&prior, &object).chart, Value::Known(expected));
    }
}
