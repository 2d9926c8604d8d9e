//! A component's parameters for tests: `config` has one file, `several` has two, `free` has no constraint.

use std::collections::BTreeMap;

use kubeblocks_schemas::v1alpha1::{ConfigConstraint, Configuration};
use serde_json::json;
use tfplugin::typed::Value;

use super::Parameters;
use super::live::Live;

/// The attribute.
pub(crate) fn parameters<const N: usize, const M: usize>(
    specs: [(&str, [(&str, &str); M]); N],
) -> Parameters {
    let specs = specs.into_iter().map(|(key, values)| {
        let values =
            values.into_iter().map(|(name, value)| (name.to_owned(), Value::Known(value.to_owned())));
        (key.to_owned(), Value::Known(values.collect()))
    });
    Value::Known(specs.collect())
}

/// What is there before anything is set.
pub(crate) fn live() -> Live {
    let spec = |name: &str, constraint: Option<&str>, keys: &[&str]| {
        json!({"name": name, "configSpec": {
            "name": name, "templateRef": "t", "volumeName": "v", "constraintRef": constraint, "keys": keys,
        }})
    };
    let configuration: Configuration = serde_json::from_value(json!({
        "apiVersion": "apps.kubeblocks.io/v1alpha1", "kind": "Configuration",
        "metadata": {"name": "cache-redis", "namespace": "shop", "generation": 1},
        "spec": {"clusterRef": "cache", "componentName": "redis", "configItemDetails": [
            spec("config", Some("rules"), &["main.conf"]),
            spec("several", Some("rules"), &[]),
            spec("free", None, &["free.conf"]),
        ]},
    }))
    .unwrap();
    let rules: ConfigConstraint = serde_json::from_value(json!({
        "metadata": {"name": "rules"}, "spec": {"formatterConfig": {"format": "properties"}},
    }))
    .unwrap();
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let main = BTreeMap::from([file("main.conf", "max = '100'\nmem = '4MB'\n"), file("extra", "")]);
    let several = BTreeMap::from([file("one.conf", "a = 1\n"), file("two.conf", "")]);
    Live {
        configuration,
        files: BTreeMap::from([("config".to_owned(), main), ("several".to_owned(), several)]),
        constraints: BTreeMap::from([("config".to_owned(), rules.clone()), ("several".to_owned(), rules)]),
    }
}

/// Makes the live object what a server-side apply would: our values and versions beside what was there.
pub(crate) fn annotate(live: &mut Live, applied: &Configuration) {
    live.configuration.metadata.annotations = applied.metadata.annotations.clone();
    for item in &mut live.configuration.spec.config_item_details {
        let ours = applied.spec.config_item_details.iter().find(|ours| ours.name == item.name);
        item.config_file_params = ours.map(|ours| ours.config_file_params.clone()).unwrap_or_default();
        item.version = ours.and_then(|ours| ours.version.clone());
    }
}

/// What the object asks for in `main.conf`.
pub(crate) fn wanted_of(live: &Live) -> Vec<(&str, &str)> {
    let file = live.item("config").and_then(|item| item.config_file_params.get("main.conf"));
    let parameters = file.into_iter().flat_map(|file| &file.parameters);
    parameters.filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?))).collect()
}
