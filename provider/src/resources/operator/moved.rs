//! Takes over the state of a `helm_release` (`moved` block). Pure; the next read and plan do the rest.

use serde_json::{Map, Value as Json};
use tfplugin::prelude::*;
use tfplugin::resource::MoveSource;

use super::import;
use super::schema::{ChartSource, OperatorState};
use super::source::{DEFAULT_NAME, DEFAULT_REPOSITORY};
use super::values::{from_json, merge};

/// The state that a `helm_release` becomes; nothing when the source is something else.
pub fn from(source: &MoveSource) -> Result<Option<OperatorState>, Diagnostics> {
    let is_helm = ["registry.terraform.io/hashicorp/helm", "registry.opentofu.org/hashicorp/helm"]
        .contains(&source.provider_address.as_str());
    if !is_helm || source.type_name != "helm_release" {
        return Ok(None);
    }
    let state = &source.state;
    let text = |key: &str| state.get(key).and_then(Json::as_str).filter(|text| !text.is_empty());
    let (namespace, name) = (text("namespace").unwrap_or("default"), text("name").unwrap_or_default());
    let mut moved = import::parse_id(&format!("{namespace}/{name}"))?;
    refuse_secrets(state)?;
    moved.version = text("version").map(str::to_owned).into();
    moved.chart = chart(text("repository"), text("chart").unwrap_or(DEFAULT_NAME));
    let values = values(state)?;
    moved.values = if values.as_object().is_some_and(Map::is_empty) {
        Value::Null
    } else {
        Value::Known(from_json(&values))
    };
    if let Some(wanted) = state.get("create_namespace").and_then(Json::as_bool) {
        // There it is false by default and was needed only for the first apply.
        moved.create_namespace = Value::Known(wanted);
    }
    if let Some(most) = state.get("max_history").and_then(Json::as_i64).filter(|most| *most > 0) {
        moved.max_history = Value::Known(most);
    }
    Ok(Some(moved))
}

fn chart(repository: Option<&str>, chart: &str) -> Value<ChartSource> {
    let known = |text: &str| Value::Known(text.to_owned());
    let name = |name: &str| if name == DEFAULT_NAME { Value::Null } else { known(name) };
    match repository {
        Some(url) if url.trim_end_matches('/') == DEFAULT_REPOSITORY && chart == DEFAULT_NAME => Value::Null,
        Some(url) => {
            Value::Known(ChartSource { repository: known(url), name: name(chart), path: Value::Null })
        }
        None => match chart.strip_prefix("oci://").and_then(|rest| rest.rsplit_once('/')) {
            Some((place, last)) => Value::Known(ChartSource {
                repository: known(&format!("oci://{place}")),
                name: name(last),
                path: Value::Null,
            }),
            // `<repository>/<chart>` of a machine's own list, or a path.
            None if chart == DEFAULT_NAME => Value::Null,
            None => Value::Known(ChartSource { path: known(chart), ..ChartSource::default() }),
        },
    }
}

/// Secret values are in that state as text, and cannot be moved into one that does not keep them.
fn refuse_secrets(state: &Json) -> Result<(), Diagnostics> {
    for key in ["set_sensitive", "set_wo"] {
        let is_used = match state.get(key) {
            Some(Json::Array(entries)) => !entries.is_empty(),
            Some(Json::Object(entries)) => !entries.is_empty(),
            _ => false,
        };
        if is_used {
            return Err(Diagnostic::error(
                "State cannot be moved",
                format!("The `helm_release` uses `{key}`, whose values this resource does not store. Move it by import instead: take the `moved` block out, run `terraform state rm` for the `helm_release`, import the release with the id `namespace/name`, and write the secret values as `sensitive_values` with a `sensitive_values_revision`."),
            )
            .into());
        }
    }
    Ok(())
}

/// The YAML texts of `values`, merged in order, and over them `set` and `set_list`.
fn values(state: &Json) -> Result<Json, Diagnostics> {
    let mut values = Json::Object(Map::new());
    let texts = state.get("values").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
    for text in texts.filter(|text| !text.trim().is_empty()) {
        let parsed: Json = serde_saphyr::from_str(text).map_err(|_| {
            Diagnostics::from(Diagnostic::error(
                "State cannot be moved",
                "An element of `values` of the `helm_release` is no YAML that can be read. Import the release instead, with the id `namespace/name`.",
            ))
        })?;
        if !parsed.is_null() {
            merge(&mut values, parsed);
        }
    }
    for entry in entries(state, "set") {
        let value = entry.get("value").and_then(Json::as_str).unwrap_or_default();
        let kind = entry.get("type").and_then(Json::as_str).unwrap_or_default();
        set(&mut values, entry, if kind == "string" { value.into() } else { scalar(value) })?;
    }
    for entry in entries(state, "set_list") {
        let list = entry.get("value").and_then(Json::as_array).cloned().unwrap_or_default();
        let list = list.iter().map(|one| scalar(one.as_str().unwrap_or_default())).collect();
        set(&mut values, entry, Json::Array(list))?;
    }
    Ok(values)
}

fn entries<'a>(state: &'a Json, key: &str) -> impl Iterator<Item = &'a Json> {
    state.get(key).and_then(Json::as_array).into_iter().flatten()
}

/// A value as helm's `--set` reads it.
fn scalar(text: &str) -> Json {
    match text {
        "true" => true.into(),
        "false" => false.into(),
        "null" => Json::Null,
        _ => {
            // A number that begins with a zero is a text to helm.
            let is_plain = text == "0" || !text.starts_with('0');
            text.parse::<i64>().ok().filter(|_| is_plain).map_or_else(|| text.into(), Json::from)
        }
    }
}

fn set(values: &mut Json, entry: &Json, value: Json) -> Result<(), Diagnostics> {
    let name = entry.get("name").and_then(Json::as_str).unwrap_or_default();
    let Some(keys) = keys(name) else {
        return Err(Diagnostic::error(
            "State cannot be moved",
            format!("`set` of the `helm_release` sets {name:?}, which is an element of a list. Write it as `values` there, apply that, and then move."),
        )
        .into());
    };
    let nested =
        keys.into_iter().rev().fold(value, |value, key| Json::Object(Map::from_iter([(key, value)])));
    merge(values, nested);
    Ok(())
}

/// The keys of a path with dots, of which `\.` is none; nothing for a path into a list.
fn keys(name: &str) -> Option<Vec<String>> {
    let (mut keys, mut key) = (Vec::new(), String::new());
    let mut characters = name.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => key.extend(characters.next()),
            '.' => keys.push(std::mem::take(&mut key)),
            '[' => return None,
            other => key.push(other),
        }
    }
    keys.push(key);
    keys.iter().all(|key| !key.is_empty()).then_some(keys)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resources::cluster::test_support::text;
    use crate::resources::operator::values::json_of;

    fn release(state: Json) -> MoveSource {
        MoveSource {
            provider_address: "registry.terraform.io/hashicorp/helm".to_owned(),
            type_name: "helm_release".to_owned(),
            schema_version: 2,
            state,
        }
    }

    #[test]
    fn a_release_becomes_an_operator_with_its_values_merged_as_helm_does() {
        let moved = from(&release(json!({
            "name": "kubeblocks", "namespace": "kb-system", "version": "0.7.5",
            "repository": "https://charts.test/", "chart": "kubeblocks",
            "create_namespace": true, "max_history": 3, "id": "kubeblocks", "metadata": [{"revision": 4}],
            "values": ["image: {tag: x, registry: a}\nreplicaCount: 1\n", "", "image: {registry: b}\n"],
            "set": [
                {"name": "replicaCount", "value": "2", "type": ""},
                {"name": "podAnnotations.example\\.com/a", "value": "007", "type": "auto"},
                {"name": "versionOverride", "value": "1", "type": "string"},
                {"name": "hostNetwork", "value": "true"},
            ],
            "set_list": [{"name": "admins", "value": ["a", "1"]}],
            "set_sensitive": [], "set_wo": null,
        })))
        .unwrap()
        .unwrap();
        assert_eq!((moved.namespace.clone(), moved.name.clone()), (text("kb-system"), text("kubeblocks")));
        assert_eq!(moved.version, text("0.7.5"));
        let chart = ChartSource { repository: text("https://charts.test/"), ..ChartSource::default() };
        assert_eq!(moved.chart, Value::Known(chart));
        assert_eq!((moved.create_namespace, moved.max_history), (Value::Known(true), Value::Known(3)));
        assert_eq!(
            json_of(&moved.values),
            json!({
                "image": {"tag": "x", "registry": "b"}, "replicaCount": 2,
                "podAnnotations": {"example.com/a": "007"}, "versionOverride": "1", "hostNetwork": true,
                "admins": ["a", 1],
            })
        );
        assert!(moved.chart_digest.is_null());
    }

    #[test]
    fn every_source_of_a_chart_is_found_again() {
        let source = |repository: &str, name: &str, path: &str| {
            let given = |value: &str| if value.is_empty() { Value::Null } else { text(value) };
            Value::Known(ChartSource { repository: given(repository), name: given(name), path: given(path) })
        };
        let table = [
            (json!({"repository": DEFAULT_REPOSITORY, "chart": "kubeblocks"}), Value::Null),
            (json!({"repository": null, "chart": "kubeblocks"}), Value::Null),
            (
                json!({"repository": "oci://r.test/charts", "chart": "kubeblocks"}),
                source("oci://r.test/charts", "", ""),
            ),
            (json!({"chart": "oci://r.test/charts/kubeblocks"}), source("oci://r.test/charts", "", "")),
            (json!({"repository": "https://r.test", "chart": "own"}), source("https://r.test", "own", "")),
            (json!({"chart": "./charts/kubeblocks"}), source("", "", "./charts/kubeblocks")),
        ];
        for (state, expected) in table {
            let mut state = state;
            state["name"] = "kb".into();
            assert_eq!(from(&release(state.clone())).unwrap().unwrap().chart, expected, "{state}");
        }
    }

    #[test]
    fn what_cannot_be_moved_says_what_to_do() {
        let refused = |state: Json| from(&release(state)).unwrap_err().iter().next().unwrap().detail.clone();
        let named = |key: &str, value: Json| {
            let mut state = json!({"name": "kb", "namespace": "kb-system"});
            state[key] = value;
            state
        };
        assert!(
            refused(named("set_sensitive", json!([{"name": "a", "value": "hunter2"}])))
                .contains("sensitive_values")
        );
        assert!(refused(named("set_wo", json!([{"name": "a"}]))).contains("`set_wo`"));
        assert!(
            refused(named("set", json!([{"name": "a[0].b", "value": "x"}]))).contains("as `values` there")
        );
        assert!(refused(named("values", json!(["a: [1\n"]))).contains("Import the release instead"));
        assert!(!refused(named("values", json!(["secret: {hunter2\n"]))).contains("hunter2"));
    }

    #[test]
    fn other_sources_are_left_to_others() {
        let other = MoveSource { type_name: "helm_template".to_owned(), ..release(json!({})) };
        assert_eq!(from(&other).unwrap(), None);
        let foreign =
            MoveSource { provider_address: "registry.terraform.io/x/helm".to_owned(), ..release(json!({})) };
        assert_eq!(from(&foreign).unwrap(), None);
    }
}
