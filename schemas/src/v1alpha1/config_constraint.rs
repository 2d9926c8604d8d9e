//! `ConfigConstraint`: which parameters a file has, which values they take, which need a restart.

use kube::CustomResource;
#[cfg(feature = "crd")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::{LabelSelector, Untyped};
#[cfg(feature = "crd")]
use crate::crd::rules;
use crate::open_enum::open_enum;

open_enum! {
    /// Format of a parameter file.
    pub enum FileFormat {
        /// Xml
        Xml = "xml",
        /// Ini
        Ini = "ini",
        /// Yaml
        Yaml = "yaml",
        /// Json
        Json = "json",
        /// Hcl
        Hcl = "hcl",
        /// Dotenv
        Dotenv = "dotenv",
        /// Toml
        Toml = "toml",
        /// Properties
        Properties = "properties",
        /// Redis
        Redis = "redis",
        /// `PropertiesPlu`s
        PropertiesPlus = "props-plus",
    }
}

open_enum! {
    /// Whether a constraint may be used.
    pub enum ConfigConstraintPhase {
        /// May be used.
        Available = "Available",
        /// May not be used
        Unavailable = "Unavailable",
        /// Being removed.
        Deleting = "Deleting",
    }
}

/// Parameters of a file.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[kube(
    kind = "ConfigConstraint",
    group = "apps.kubeblocks.io",
    version = "v1alpha1",
    status = "ConfigConstraintStatus",
    derive = "Default",
    derive = "PartialEq",
    schema = "disabled",
    shortname = "cc",
    category = "kubeblocks",
    printcolumn(name = "PHASE", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "AGE", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-preserve-unknown-fields" = true)))]
pub struct ConfigConstraintSpec {
    /// How changed values take effect without a restart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reload_options: Option<ReloadOptions>,
    /// Images of the reload tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools_image_spec: Option<Untyped>,
    /// Pod fields given to the reload tools.
    #[serde(rename = "downwardAPIOptions", default, skip_serializing_if = "Vec::is_empty")]
    pub downward_api_options: Vec<Untyped>,
    /// Scripts of the reload tools.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["scriptConfigMapRef"])))]
    pub script_configs: Vec<ScriptConfig>,
    /// Name of the CUE definition that describes the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cfg_schema_top_level_name: Option<String>,
    /// Names, types and bounds of the parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration_schema: Option<ConfigurationSchema>,
    /// Parameters that need a restart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "set")))]
    pub static_parameters: Vec<String>,
    /// Parameters that take effect at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "set")))]
    pub dynamic_parameters: Vec<String>,
    /// Parameters that may not change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "set")))]
    pub immutable_parameters: Vec<String>,
    /// Pods to reload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// Format of the file.
    pub formatter_config: FormatterConfig,
}

/// How changed values take effect without a restart. At most one of the ways.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-preserve-unknown-fields" = true)))]
pub struct ReloadOptions {
    /// By a signal to a process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unix_signal_trigger: Option<Untyped>,
    /// By a command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shell_trigger: Option<Untyped>,
    /// By a script that gets the changed values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpl_script_trigger: Option<Untyped>,
}

/// Scripts in a `ConfigMap`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ScriptConfig {
    /// Name of the `ConfigMap`.
    pub script_config_map_ref: String,
    /// Its namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "default"), transform = rules::namespace_name))]
    pub namespace: Option<String>,
}

/// Names, types and bounds of parameters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConfigurationSchema {
    /// As a CUE definition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cue: Option<String>,
    /// As an `OpenAPI` schema, made from `cue` by the operator when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(transform = rules::any))]
    pub schema: Option<serde_json::Value>,
}

/// Format of a parameter file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FormatterConfig {
    /// The format.
    pub format: FileFormat,
    /// For `ini`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ini_config: Option<IniConfig>,
}

/// Details of an `ini` file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct IniConfig {
    /// Section that holds the parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section_name: Option<String>,
}

/// What the operator reports of a constraint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConfigConstraintStatus {
    /// Whether the constraint may be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<ConfigConstraintPhase>,
    /// Why it may not be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Generation of the spec that was checked last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}
