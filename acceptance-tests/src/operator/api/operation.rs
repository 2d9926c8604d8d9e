//! `OpsRequest` (`apps.kubeblocks.io`).

use std::collections::BTreeMap;

use kube::CustomResource;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ComponentService, Condition, is_false};

#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "apps.kubeblocks.io",
    version = "v1alpha1",
    kind = "OpsRequest",
    namespaced,
    status = "OpsRequestStatus",
    schema = "disabled"
)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct OpsRequestSpec {
    pub(crate) cluster_ref: String,
    #[serde(rename = "type")]
    pub(crate) type_: String,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) cancel: bool,
    pub(crate) ttl_seconds_after_succeed: Option<i64>,
    pub(crate) ttl_seconds_before_abort: Option<i64>,
    pub(crate) upgrade: Option<Upgrade>,
    pub(crate) restart: Vec<ComponentRef>,
    pub(crate) vertical_scaling: Vec<VerticalScaling>,
    pub(crate) horizontal_scaling: Vec<HorizontalScaling>,
    pub(crate) volume_expansion: Vec<VolumeExpansion>,
    pub(crate) expose: Vec<Expose>,
    pub(crate) switchover: Vec<Switchover>,
    pub(crate) reconfigure: Option<Reconfigure>,
    pub(crate) reconfigures: Vec<Reconfigure>,
    pub(crate) backup_spec: Option<Value>,
    pub(crate) script_spec: Option<Value>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Upgrade {
    pub(crate) cluster_version_ref: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ComponentRef {
    pub(crate) component_name: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct VerticalScaling {
    pub(crate) component_name: String,
    pub(crate) requests: Option<Value>,
    pub(crate) limits: Option<Value>,
    pub(crate) class_def_ref: Option<Value>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct HorizontalScaling {
    pub(crate) component_name: String,
    pub(crate) replicas: i32,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct VolumeExpansion {
    pub(crate) component_name: String,
    pub(crate) volume_claim_templates: Vec<ExpandedVolume>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ExpandedVolume {
    pub(crate) name: String,
    pub(crate) storage: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Expose {
    pub(crate) component_name: String,
    pub(crate) services: Vec<ComponentService>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Switchover {
    pub(crate) component_name: String,
    pub(crate) instance_name: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Reconfigure {
    pub(crate) component_name: String,
    pub(crate) configurations: Vec<ReconfigureItem>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ReconfigureItem {
    pub(crate) name: String,
    pub(crate) policy: Option<String>,
    pub(crate) keys: Vec<ReconfigureFile>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ReconfigureFile {
    pub(crate) key: String,
    pub(crate) file_content: Option<String>,
    pub(crate) parameters: Vec<ReconfigureParameter>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ReconfigureParameter {
    pub(crate) key: String,
    pub(crate) value: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct OpsRequestStatus {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) phase: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) progress: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cluster_generation: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) start_timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) completion_timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cancel_timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_configuration: Option<Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) components: BTreeMap<String, OpsComponentStatus>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) conditions: Vec<Condition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reconfiguring_status: Option<Value>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct OpsComponentStatus {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) phase: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_failed_time: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) progress_details: Vec<ProgressDetail>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ProgressDetail {
    pub(crate) object_key: String,
    pub(crate) status: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) start_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) end_time: Option<String>,
}

impl OpsRequest {
    pub(crate) fn status(&self) -> OpsRequestStatus {
        self.status.clone().unwrap_or_default()
    }

    /// The components that the operation names; empty means all of the cluster.
    pub(crate) fn component_names(&self) -> Vec<&str> {
        let spec = &self.spec;
        let names = match spec.type_.as_str() {
            "Restart" => spec.restart.iter().map(|item| &item.component_name).collect(),
            "VerticalScaling" => spec.vertical_scaling.iter().map(|item| &item.component_name).collect(),
            "HorizontalScaling" => spec.horizontal_scaling.iter().map(|item| &item.component_name).collect(),
            "VolumeExpansion" => spec.volume_expansion.iter().map(|item| &item.component_name).collect(),
            "Expose" => spec.expose.iter().map(|item| &item.component_name).collect(),
            "Switchover" => spec.switchover.iter().map(|item| &item.component_name).collect(),
            "Reconfiguring" => self.reconfigures().into_iter().map(|item| &item.component_name).collect(),
            _ => Vec::<&String>::new(),
        };
        names.into_iter().map(String::as_str).collect()
    }

    /// The reconfigurations, whether written as one or as a list.
    pub(crate) fn reconfigures(&self) -> Vec<&Reconfigure> {
        self.spec.reconfigure.iter().chain(&self.spec.reconfigures).collect()
    }
}
