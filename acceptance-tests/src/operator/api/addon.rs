//! `Addon`, complete.
//!
//! The real operator reads an Addon into its own types and writes the whole of it back, which leaves empty structures
//! where nothing was written and drops what is at its zero. What is skipped here and what is not is taken from that.

use std::collections::BTreeMap;

use kube::CustomResource;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Condition, is_false};

#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "extensions.kubeblocks.io",
    version = "v1alpha1",
    kind = "Addon",
    status = "AddonStatus",
    schema = "disabled"
)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AddonSpec {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) description: String,
    #[serde(rename = "type")]
    pub(crate) type_: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) helm: Option<AddonChart>,
    pub(crate) default_install_values: Vec<AddonInstall>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) install: Option<AddonInstall>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) installable: Option<Installable>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) cli_plugins: Vec<Value>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AddonStatus {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) phase: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) conditions: Vec<Condition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) observed_generation: Option<i64>,
}

/// The chart of an add-on and its values.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AddonChart {
    #[serde(rename = "chartLocationURL")]
    pub(crate) location: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) install_options: BTreeMap<String, String>,
    pub(crate) install_values: AddonValues,
    pub(crate) values_mapping: AddonMapping,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) charts_image: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) charts_path_in_image: String,
}

/// Where values of the chart come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AddonValues {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) urls: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) config_map_refs: Vec<ValuesKey>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) secret_refs: Vec<ValuesKey>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) set_values: Vec<String>,
    #[serde(rename = "setJSONValues", skip_serializing_if = "Vec::is_empty")]
    pub(crate) set_json_values: Vec<String>,
}

/// A key of a `ConfigMap` or Secret.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ValuesKey {
    pub(crate) name: String,
    pub(crate) key: String,
}

/// Which values of the chart the settings of the user go to. `extras` have a name and no extras.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AddonMapping {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) name: String,
    pub(crate) value_map: ValueMap,
    pub(crate) json_map: JsonMap,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resources: Option<ResourcesMapping>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) extras: Vec<AddonMapping>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ValueMap {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) replica_count: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) persistent_volume_enabled: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) storage_class: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct JsonMap {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) tolerations: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ResourcesMapping {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) storage: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cpu: Option<AmountMapping>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) memory: Option<AmountMapping>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AmountMapping {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) requests: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) limits: String,
}

/// Settings of the user (`install`), defaults of them (with `selectors`), or those of a further part (with a `name`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AddonInstall {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) replicas: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) persistent_volume_enabled: Option<bool>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) storage_class: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) tolerations: String,
    pub(crate) resources: AddonResources,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) enabled: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) extras: Vec<AddonInstall>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) selectors: Vec<AddonSelector>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AddonResources {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) limits: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) requests: BTreeMap<String, Value>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Installable {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) selectors: Vec<AddonSelector>,
    pub(crate) auto_install: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AddonSelector {
    pub(crate) key: String,
    pub(crate) operator: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) values: Vec<String>,
}

impl AddonInstall {
    /// Whether nothing is set for this part itself. Limits do not count.
    pub(crate) fn is_empty(&self) -> bool {
        self.replicas.is_none()
            && self.persistent_volume_enabled.is_none()
            && self.storage_class.is_empty()
            && self.tolerations.is_empty()
            && self.resources.requests.is_empty()
    }

    /// Whether something is set, for the add-on or for one of its further parts.
    pub(crate) fn has_values(&self) -> bool {
        !self.is_empty() || self.extras.iter().any(|extra| !extra.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn writing_an_addon_back_leaves_the_traces_of_the_real_operator() {
        let written = json!({
            "type": "Helm",
            "helm": { "chartLocationURL": "file://redis-0.7.5.tgz", "chartsImage": "charts:0.7.5" },
            "defaultInstallValues": [{ "enabled": true }],
            "install": { "enabled": false, "replicas": 2 },
            "installable": {},
        });
        let read: AddonSpec = serde_json::from_value(written).unwrap();
        assert_eq!(
            serde_json::to_value(read).unwrap(),
            json!({
                "type": "Helm",
                "helm": {
                    "chartLocationURL": "file://redis-0.7.5.tgz",
                    "chartsImage": "charts:0.7.5",
                    "installValues": {},
                    "valuesMapping": { "valueMap": {}, "jsonMap": {} },
                },
                "defaultInstallValues": [{ "enabled": true, "resources": {} }],
                "install": { "replicas": 2, "resources": {} },
                "installable": { "autoInstall": false },
            })
        );
    }
}
