//! From state to what is sent of an `Addon`: only fields that the practitioner wrote, and the switch. Pure; the reverse
//! is `observe`.

use std::collections::{BTreeMap, BTreeSet};

use kubeblocks_schemas::v1alpha1::Addon;
use kubeblocks_schemas::v1alpha1::addon::DefaultInstallValues;
use serde_json::{Map, Value as Json, json};
use tfplugin::typed::Value;

use super::schema::{AddonState, Chart, Map as Entries, Resources, Settings};
use super::values;
use crate::kubernetes::ownership::Ownership;
use crate::resources::cluster::build::{known_entries, tolerations};
use crate::resources::cluster::claims::{Claims, Nothing, Place, Step};

/// Group and version of the kind.
pub const API_VERSION: &str = "extensions.kubeblocks.io/v1alpha1";
/// The option of helm that carries a description of the release. It has no other effect, so that a change of it makes
/// the operator install the chart again as it is.
pub const DESCRIPTION: &str = "description";
/// With what our descriptions begin.
pub const DESCRIPTION_PREFIX: &str = "installed again by Terraform";

/// What is sent for `state`. `live` is the object as it is; `description` is the text of [`DESCRIPTION`].
pub fn body(
    state: &AddonState,
    live: Option<&Addon>,
    description: Option<&str>,
) -> Result<Json, values::Error> {
    let mut spec = Map::new();
    let mut helm = Map::new();
    if let Some(chart) = state.chart.known() {
        spec.insert("type".to_owned(), "Helm".into());
        spec.insert("defaultInstallValues".to_owned(), json!([{ "enabled": true }]));
        helm.extend(chart_fields(chart));
    }
    let options = install_options(state, live, description)?;
    if !options.is_empty() {
        helm.insert("installOptions".to_owned(), Json::Object(options));
    }
    if !helm.is_empty() {
        spec.insert("helm".to_owned(), Json::Object(helm));
    }
    spec.insert("install".to_owned(), Json::Object(install(state)));
    Ok(object(state.name(), &Json::Object(spec)))
}

/// What is sent to let go of all fields but the switch, which stays off: without it the operator would enable add-ons
/// again that it enables by itself.
pub fn switched_off(name: &str) -> Json {
    object(name, &json!({ "install": { "enabled": false } }))
}

/// The same with what is written, so that a toggle changes nothing else.
pub fn with_switch(mut body: Json, enabled: bool) -> Json {
    body["spec"]["install"]["enabled"] = enabled.into();
    body
}

fn object(name: &str, spec: &Json) -> Json {
    json!({ "apiVersion": API_VERSION, "kind": "Addon", "metadata": { "name": name }, "spec": spec })
}

fn chart_fields(chart: &Chart) -> Map<String, Json> {
    let fields = [
        ("chartLocationURL", &chart.url),
        ("chartsImage", &chart.image),
        ("chartsPathInImage", &chart.path_in_image),
    ];
    fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value.known()?.as_str().into())))
        .collect()
}

/// Options of helm: the chart's version, the values, and why it is installed again.
fn install_options(
    state: &AddonState,
    live: Option<&Addon>,
    description: Option<&str>,
) -> Result<Map<String, Json>, values::Error> {
    let mut options = Map::new();
    if let Some(version) = state.chart.known().and_then(|chart| chart.version.known()) {
        options.insert("version".to_owned(), version.as_str().into());
    }
    if let Some(values) = written_values(state) {
        for (name, text) in values::options(&values, &set_by_addon(live))? {
            options.insert(name.to_owned(), text.into());
        }
    }
    if let Some(description) = description {
        options.insert(DESCRIPTION.to_owned(), description.into());
    }
    Ok(options)
}

/// The values as JSON, when there are any.
pub fn written_values(state: &AddonState) -> Option<Json> {
    state.values.known().and_then(values::to_json).filter(|values| !values.is_null())
}

/// What the add-on sets with options that go before or come after ours.
pub fn set_by_addon(live: Option<&Addon>) -> Vec<String> {
    let helm = live.and_then(|addon| addon.spec.helm.as_ref());
    let Some(values) = helm.and_then(|helm| helm.install_values.as_ref()) else { return Vec::new() };
    let lists = ["setValues", "setJSONValues"].into_iter().filter_map(|list| values.0.get(list)?.as_array());
    lists.flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

fn install(state: &AddonState) -> Map<String, Json> {
    let mut install = settings(&state.settings());
    install.insert("enabled".to_owned(), state.is_enabled().into());
    let extras: Vec<Json> = known_entries(&state.extras)
        .map(|(name, extra)| {
            let mut fields = settings(extra);
            fields.insert("name".to_owned(), name.as_str().into());
            Json::Object(fields)
        })
        .collect();
    if !extras.is_empty() {
        install.insert("extras".to_owned(), extras.into());
    }
    install
}

/// The fields of one part of a chart.
pub fn settings(settings: &Settings) -> Map<String, Json> {
    let mut fields = Map::new();
    let mut insert = |name: &str, value: Option<Json>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    insert("replicas", settings.replicas.known().map(|replicas| (*replicas).into()));
    insert("storageClass", settings.storage_class.known().map(|class| class.as_str().into()));
    insert("persistentVolumeEnabled", settings.persistent.known().map(|persistent| (*persistent).into()));
    insert("tolerations", settings.tolerations.known().map(|_| tolerations_text(settings).into()));
    let wire = settings.resources.known().map(resources).unwrap_or_default();
    if wire != Wire::default() {
        let mut both = Map::new();
        for (name, quantities) in [("requests", wire.requests), ("limits", wire.limits)] {
            if !quantities.is_empty() {
                both.insert(name.to_owned(), json!(quantities));
            }
        }
        insert("resources", Some(Json::Object(both)));
    }
    fields
}

/// Tolerations as an add-on wants them: JSON in a text.
pub fn tolerations_text(settings: &Settings) -> String {
    serde_json::to_string(&tolerations(&settings.tolerations)).unwrap_or_default()
}

/// Requests and limits as they are sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wire {
    /// What is reserved.
    pub requests: BTreeMap<String, String>,
    /// The most that is used.
    pub limits: BTreeMap<String, String>,
}

/// Requests and limits, with the short form spelled out.
///
/// Limits without requests get them, as Kubernetes does it: the operator takes an add-on that has limits alone for one
/// that nothing was set for, and puts its defaults in their place.
pub fn resources(resources: &Resources) -> Wire {
    let map = |quantities: &Value<Entries<String>>| -> BTreeMap<String, String> {
        known_entries(quantities).map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    let mut wire = Wire { requests: map(&resources.requests), limits: map(&resources.limits) };
    for (name, short) in [("cpu", &resources.cpu), ("memory", &resources.memory)] {
        if let Value::Known(quantity) = short {
            wire.requests.insert(name.to_owned(), quantity.clone());
            wire.limits.insert(name.to_owned(), quantity.clone());
        }
    }
    for (name, limit) in &wire.limits {
        wire.requests.entry(name.clone()).or_insert_with(|| limit.clone());
    }
    wire
}

/// The names of the fields of a part of a chart, beside its `name`.
const FIELDS: [&str; 5] = ["replicas", "storageClass", "persistentVolumeEnabled", "tolerations", "resources"];

/// The patch of `spec.install` that sets what the add-on has as a default for this Kubernetes cluster and nobody has set,
/// or nothing when there is no such thing.
///
/// The operator fills in its defaults only while nothing at all is set. One setting of the practitioner would so take
/// all defaults away. The patch has nothing of what is sent: it would become ours a second time, and would stay when it
/// is no longer sent.
pub fn missing_defaults(
    body: &Json,
    live: &Addon,
    ours: Option<&Ownership>,
    defaults: Option<&DefaultInstallValues>,
) -> Option<Json> {
    let sent = &body["spec"]["install"];
    let current = serde_json::to_value(&live.spec.install).ok()?;
    let defaults = serde_json::to_value(defaults?).ok()?;
    if !is_set(sent) && !is_set(&current) {
        return None;
    }
    let claims: &dyn Claims = match ours {
        Some(ours) => ours,
        None => &Nothing,
    };
    let place = Place::root(claims).field("spec").field("install");
    let mut patch = fill(sent, &defaults, &current, &place);
    let all = [sent, &current, &defaults];
    let names: BTreeSet<&str> =
        all.into_iter().flat_map(extras).filter_map(|extra| extra.get("name")?.as_str()).collect();
    let (mut list, mut is_filled) = (Vec::new(), false);
    for name in names {
        let [sent, current, defaults] = all.map(|fields| named(fields, name));
        let filled = fill(sent, defaults, current, &place.field("extras").at(Step::Named(name)));
        is_filled |= !filled.is_empty();
        if current.is_null() && filled.is_empty() {
            continue;
        }
        // A list is patched as a whole, so what is there goes along.
        let mut extra = current.clone();
        merge(&mut extra, Json::Object(filled));
        extra["name"] = name.into();
        list.push(extra);
    }
    if is_filled {
        patch.insert("extras".to_owned(), list.into());
    }
    (!patch.is_empty()).then_some(Json::Object(patch))
}

/// The defaults of what is neither sent nor set by others.
fn fill(sent: &Json, defaults: &Json, current: &Json, place: &Place<'_>) -> Map<String, Json> {
    let mut filled = Map::new();
    for field in FIELDS.into_iter().filter(|field| *field != "resources") {
        fill_one(field, [sent, defaults, current], place, &mut filled);
    }
    let mut resources = Map::new();
    for side in ["requests", "limits"] {
        let sides = [sent, defaults, current].map(|fields| &fields["resources"][side]);
        let place = place.field("resources").field(side);
        let mut quantities = Map::new();
        for name in ["cpu", "memory", "storage"] {
            fill_one(name, sides, &place, &mut quantities);
        }
        if !quantities.is_empty() {
            resources.insert(side.to_owned(), Json::Object(quantities));
        }
    }
    if !resources.is_empty() {
        filled.insert("resources".to_owned(), Json::Object(resources));
    }
    filled
}

fn fill_one(
    field: &str,
    [sent, defaults, current]: [&Json; 3],
    place: &Place<'_>,
    filled: &mut Map<String, Json>,
) {
    let is_of_others = current.get(field).is_some() && !place.owns(Step::Field(field));
    if sent.get(field).is_none()
        && !is_of_others
        && let Some(default) = defaults.get(field)
    {
        filled.insert(field.to_owned(), default.clone());
    }
}

fn merge(into: &mut Json, from: Json) {
    match (into, from) {
        (Json::Object(into), Json::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Json::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// Whether a part of the chart, or a further one, has a setting. The operator writes empty ones.
fn is_set(fields: &Json) -> bool {
    let has_quantity = |found: &Json| {
        ["requests", "limits"].iter().any(|side| found[side].as_object().is_some_and(|map| !map.is_empty()))
    };
    let has = |item: &Json| {
        FIELDS.iter().any(|field| match (*field, item.get(*field)) {
            (_, None) => false,
            ("resources", Some(found)) => has_quantity(found),
            (_, Some(_)) => true,
        })
    };
    has(fields) || extras(fields).any(has)
}

fn extras(fields: &Json) -> impl Iterator<Item = &Json> {
    fields.get("extras").and_then(Json::as_array).into_iter().flatten()
}

fn named<'a>(fields: &'a Json, name: &str) -> &'a Json {
    extras(fields).find(|extra| extra.get("name").is_some_and(|found| found == name)).unwrap_or(&Json::Null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::addon::test_support::{live, owning, redis, text, texts, written};

    #[test]
    fn only_what_is_written_and_the_switch_are_sent() {
        assert_eq!(
            body(&redis(), None, None).unwrap(),
            json!({
                "apiVersion": "extensions.kubeblocks.io/v1alpha1", "kind": "Addon", "metadata": {"name": "redis"},
                "spec": {"install": {"enabled": true}}
            })
        );
        let disabled = AddonState { enabled: Value::Known(false), ..redis() };
        assert_eq!(body(&disabled, None, None).unwrap()["spec"], json!({"install": {"enabled": false}}));
    }

    #[test]
    fn everything_that_can_be_written_is_sent() {
        assert_eq!(
            body(&written(), None, Some("again")).unwrap()["spec"],
            json!({
                "helm": {"installOptions": {"set-json": r#"image.tag="7""#, "description": "again"}},
                "install": {
                    "enabled": true,
                    "replicas": 2,
                    "storageClass": "fast",
                    "persistentVolumeEnabled": true,
                    "tolerations": r#"[{"key":"kb","operator":"Exists"}]"#,
                    "resources": {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"cpu": "1", "memory": "2Gi"}},
                    "extras": [{"name": "alertmanager", "replicas": 3, "resources": {
                        "requests": {"storage": "10Gi", "memory": "1Gi"}, "limits": {"memory": "1Gi"}
                    }}],
                }
            })
        );
    }

    #[test]
    fn a_chart_of_one_s_own_makes_the_whole_object() {
        let chart = Chart {
            url: text("file://etcd-0.7.5.tgz"),
            image: text("charts:0.7.5"),
            path_in_image: text("/own"),
            version: Value::Null,
        };
        let state = AddonState { name: text("etcd"), chart: Value::Known(chart.clone()), ..redis() };
        assert_eq!(
            body(&state, None, None).unwrap()["spec"],
            json!({
                "type": "Helm",
                "defaultInstallValues": [{"enabled": true}],
                "helm": {"chartLocationURL": "file://etcd-0.7.5.tgz", "chartsImage": "charts:0.7.5", "chartsPathInImage": "/own"},
                "install": {"enabled": true},
            })
        );
        let oci = Chart { url: text("oci://registry/etcd"), version: text("1.0"), ..Chart::default() };
        let state = AddonState { chart: Value::Known(oci), ..state };
        assert_eq!(
            body(&state, None, None).unwrap()["spec"]["helm"],
            json!({"chartLocationURL": "oci://registry/etcd", "installOptions": {"version": "1.0"}})
        );
    }

    #[test]
    fn values_that_the_addon_sets_itself_are_told_from_the_others() {
        let helm =
            json!({"helm": {"chartLocationURL": "x", "installValues": {"setValues": ["image.tag=6"]}}});
        let sent = body(&written(), Some(&live(helm)), None).unwrap();
        assert_eq!(sent["spec"]["helm"]["installOptions"], json!({"set-string": "image.tag=7"}));
    }

    fn defaults(fields: Json) -> DefaultInstallValues {
        serde_json::from_value(fields).unwrap()
    }

    #[test]
    fn defaults_are_kept_beside_what_is_written_and_nothing_of_others_is_lost() {
        let all = json!({
            "enabled": true, "replicas": 1, "storageClass": "standard",
            "extras": [{"name": "a", "replicas": 1}, {"name": "b", "replicas": 5}],
        });
        let mut one = redis();
        one.replicas = Value::Known(3);
        let nothing = live(json!({}));
        let empty = live(json!({"install": {"enabled": true, "resources": {}}}));
        let now = live(
            json!({"install": {"enabled": true, "storageClass": "slow", "extras": [{"name": "a", "replicas": 9}]}}),
        );
        let table = [
            ("the operator fills in by itself", redis(), &nothing, None, None),
            ("the operator wrote empty ones", redis(), &empty, None, None),
            (
                "one setting",
                one.clone(),
                &nothing,
                None,
                Some(json!({"storageClass": "standard",
                    "extras": [{"name": "a", "replicas": 1}, {"name": "b", "replicas": 5}]})),
            ),
            (
                "what others set stays",
                one.clone(),
                &now,
                None,
                Some(json!({"extras": [{"name": "a", "replicas": 9}, {"name": "b", "replicas": 5}]})),
            ),
            (
                "what we set and no longer want is the default again",
                one,
                &now,
                Some(owning(&json!({"f:spec": {"f:install": {"f:storageClass": {}}}}))),
                Some(json!({"storageClass": "standard",
                    "extras": [{"name": "a", "replicas": 9}, {"name": "b", "replicas": 5}]})),
            ),
        ];
        let mut small = redis();
        small.resources = Value::Known(Resources { requests: texts([("cpu", "1")]), ..Resources::default() });
        let sized =
            json!({"resources": {"requests": {"cpu": "2", "storage": "8Gi"}, "limits": {"memory": "1Gi"}}});
        let body_of_small = body(&small, Some(&nothing), None).unwrap();
        assert_eq!(
            missing_defaults(&body_of_small, &nothing, None, Some(&defaults(sized))),
            Some(json!({"resources": {"requests": {"storage": "8Gi"}, "limits": {"memory": "1Gi"}}})),
        );
        for (case, state, live, ours, expected) in table {
            let body = body(&state, Some(live), None).unwrap();
            assert_eq!(
                missing_defaults(&body, live, ours.as_ref(), Some(&defaults(all.clone()))),
                expected,
                "{case}"
            );
        }
        let body = body(&written(), Some(&nothing), None).unwrap();
        assert_eq!(missing_defaults(&body, &nothing, None, Some(&defaults(json!({"enabled": true})))), None);
    }
}
