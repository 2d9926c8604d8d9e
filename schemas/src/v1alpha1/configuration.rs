//! `Configuration`: the parameters of one component. Made by the operator; changed to set parameters.

use std::collections::BTreeMap;

use kube::CustomResource;
#[cfg(feature = "crd")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::Condition;
#[cfg(feature = "crd")]
use crate::crd::rules;
use crate::open_enum::open_enum;

open_enum! {
    /// Phase of one config spec.
    pub enum ConfigurationPhase {
        /// The files are being rendered.
        Creating = "Creating",
        /// Nothing done yet.
        Init = "Init",
        /// The change is being applied.
        Running = "Running",
        /// Waits for another change.
        Pending = "Pending",
        /// The new files are written.
        Merged = "Merged",
        /// A value was refused; the message says why.
        MergeFailed = "MergeFailed",
        /// Applying failed and is not repeated.
        FailedAndPause = "FailedAndPause",
        /// Instances are being restarted or reloaded.
        Upgrading = "Upgrading",
        /// Being removed.
        Deleting = "Deleting",
        /// Applying failed and is repeated.
        FailedAndRetry = "FailedAndRetry",
        /// Applied.
        Finished = "Finished",
    }
}

open_enum! {
    /// How an imported template is combined.
    pub enum MergePolicy {
        /// Merge over the template.
        Patch = "patch",
        /// Replace the template.
        Replace = "replace",
        /// Only the template.
        None = "none",
    }
}

/// Wanted parameters of one component.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[kube(
    kind = "Configuration",
    group = "apps.kubeblocks.io",
    version = "v1alpha1",
    namespaced,
    status = "ConfigurationStatus",
    derive = "Default",
    derive = "PartialEq",
    schema = "disabled"
)]
#[serde(rename_all = "camelCase")]
pub struct ConfigurationSpec {
    /// Name of the Cluster.
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-validations" = [{"rule": "self == oldSelf", "message": "clusterRef cannot be changed"}])))]
    pub cluster_ref: String,
    /// Name of the component.
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-validations" = [{"rule": "self == oldSelf", "message": "componentName cannot be changed"}])))]
    pub component_name: String,
    /// One entry a config spec.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])))]
    pub config_item_details: Vec<ConfigurationItem>,
}

/// Wanted parameters of one config spec.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConfigurationItem {
    /// Name of the config spec.
    #[cfg_attr(feature = "crd", schemars(transform = rules::object_name))]
    pub name: String,
    /// Any text; a change renders the files anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The config spec of the component definition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_spec: Option<ConfigSpec>,
    /// A template of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub import_template_ref: Option<TemplateReference>,
    /// Changes by file.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub config_file_params: BTreeMap<String, FileParameters>,
}

/// Changes of one file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FileParameters {
    /// The whole file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Values by name; null removes the line from the file.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Option<String>>,
}

/// Files of a component that come from a template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConfigSpec {
    /// Name of the config spec.
    #[cfg_attr(feature = "crd", schemars(transform = rules::object_name))]
    pub name: String,
    /// `ConfigMap` with the template.
    #[cfg_attr(feature = "crd", schemars(transform = rules::object_name))]
    pub template_ref: String,
    /// Namespace of the template.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "default"), transform = rules::namespace_name))]
    pub namespace: Option<String>,
    /// Volume that the files are mounted from.
    #[cfg_attr(feature = "crd", schemars(transform = rules::volume_name))]
    pub volume_name: String,
    /// Mode bits of the files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_mode: Option<i32>,
    /// Files that may be changed; all when absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "set")))]
    pub keys: Vec<String>,
    /// Template of an earlier version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legacy_rendered_config_spec: Option<TemplateReference>,
    /// `ConfigConstraint` of the files.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(transform = rules::object_name))]
    pub constraint_ref: Option<String>,
    /// Containers that get the values as environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "set")))]
    pub as_env_from: Vec<String>,
}

/// A `ConfigMap` with a template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TemplateReference {
    /// Name of the `ConfigMap`.
    #[cfg_attr(feature = "crd", schemars(transform = rules::object_name))]
    pub template_ref: String,
    /// Its namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "default"), transform = rules::namespace_name))]
    pub namespace: Option<String>,
    /// How the template is combined.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "none")))]
    pub policy: Option<MergePolicy>,
}

/// What the operator reports of the parameters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", schemars(transform = rules::configuration_status))]
pub struct ConfigurationStatus {
    /// Text for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Generation of the spec that was applied last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// What has been reached and what stopped it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"])))]
    pub conditions: Vec<Condition>,
    /// State of each config spec.
    #[serde(default)]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])))]
    pub configuration_status: Vec<ConfigurationItemStatus>,
}

/// State of one config spec.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConfigurationItemStatus {
    /// Name of the config spec.
    #[cfg_attr(feature = "crd", schemars(transform = rules::object_name))]
    pub name: String,
    /// Phase of the config spec.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<ConfigurationPhase>,
    /// Generation that was applied last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_done_revision: Option<String>,
    /// Generation that is being applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_revision: Option<String>,
    /// Text for people; holds the reason of a refused value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How the change is being applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconcile_detail: Option<ReconcileDetail>,
}

/// How a change of parameters is being applied.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReconcileDetail {
    /// Chosen way, for example `simple` or `autoReload`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Result of the last step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exec_result: Option<String>,
    /// Generation that the detail speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_revision: Option<String>,
    /// Instances that are done; -1 when not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = -1)))]
    pub succeed_count: Option<i32>,
    /// Instances in all; -1 when not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = -1)))]
    pub expected_count: Option<i32>,
    /// What failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub err_message: Option<String>,
}
