//! `Addon`: a Helm chart that the operator installs.

use std::collections::BTreeMap;

use kube::CustomResource;
#[cfg(feature = "crd")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::{Condition, Resources, Untyped};
#[cfg(feature = "crd")]
use crate::crd::rules;
use crate::open_enum::open_enum;

open_enum! {
    /// How an add-on is packaged.
    pub enum AddonType {
        /// A Helm chart.
        Helm = "Helm",
    }
}

open_enum! {
    /// Phase of an add-on.
    pub enum AddonPhase {
        /// Not installed.
        Disabled = "Disabled",
        /// Installed.
        Enabled = "Enabled",
        /// The last install or uninstall failed.
        Failed = "Failed",
        /// Being installed.
        Enabling = "Enabling",
        /// Being uninstalled.
        Disabling = "Disabling",
    }
}

/// A Helm chart that the operator installs.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[kube(
    kind = "Addon",
    group = "extensions.kubeblocks.io",
    version = "v1alpha1",
    status = "AddonStatus",
    derive = "Default",
    derive = "PartialEq",
    schema = "disabled",
    category = "kubeblocks",
    printcolumn(name = "TYPE", type_ = "string", json_path = ".spec.type"),
    printcolumn(name = "STATUS", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "AGE", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-preserve-unknown-fields" = true), transform = rules::helm_when_helm))]
pub struct AddonSpec {
    /// Text for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How the add-on is packaged.
    pub r#type: AddonType,
    /// The chart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub helm: Option<HelmSpec>,
    /// Values by the kind of Kubernetes.
    #[cfg_attr(feature = "crd", schemars(extend("minItems" = 1)))]
    pub default_install_values: Vec<DefaultInstallValues>,
    /// Values of the user; `enabled` installs the add-on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install: Option<InstallValues>,
    /// Where the add-on can be installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installable: Option<Installable>,
    /// Plugins for the command line tool.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cli_plugins: Vec<Untyped>,
}

/// A chart and its values.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-preserve-unknown-fields" = true), transform = rules::file_needs_image))]
pub struct HelmSpec {
    /// Where the chart is.
    #[serde(rename = "chartLocationURL")]
    pub chart_location_url: String,
    /// Image that holds the chart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charts_image: Option<String>,
    /// Path of the chart in that image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charts_path_in_image: Option<String>,
    /// Options of the install.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub install_options: BTreeMap<String, String>,
    /// Values of the chart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install_values: Option<Untyped>,
    /// Which values of the chart the fields of `install` set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values_mapping: Option<Untyped>,
}

/// Values of the user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct InstallValues {
    /// Whether the add-on is installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Replicas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Whether volumes are used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub persistent_volume_enabled: Option<bool>,
    /// `StorageClas`s of the volumes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
    /// Tolerations as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerations: Option<String>,
    /// CPU and memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// The same for further parts of the chart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]), transform = rules::named_items))]
    pub extras: Vec<Untyped>,
}

/// Values for one kind of Kubernetes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DefaultInstallValues {
    /// Which Kubernetes they are for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub selectors: Vec<Selector>,
    /// Whether the add-on is installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Replicas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Whether volumes are used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub persistent_volume_enabled: Option<bool>,
    /// `StorageClas`s of the volumes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
    /// Tolerations as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerations: Option<String>,
    /// CPU and memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// The same for further parts of the chart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]), transform = rules::named_items))]
    pub extras: Vec<Untyped>,
}

/// Where an add-on can be installed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Installable {
    /// Conditions, all must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub selectors: Vec<Selector>,
    /// Whether the operator installs it by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = false), required))]
    pub auto_install: Option<bool>,
}

/// A condition on the Kubernetes cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Selector {
    /// `KubeGitVersion`, `KubeVersion` or `KubeProvider`.
    #[cfg_attr(feature = "crd", schemars(transform = rules::selector_key))]
    pub key: String,
    /// `Contains`, `DoesNotContain`, `MatchRegex` or `DoesNotMatchRegex`.
    #[cfg_attr(feature = "crd", schemars(transform = rules::selector_operator))]
    pub operator: String,
    /// Values or patterns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// What the operator reports of an add-on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AddonStatus {
    /// Phase of the add-on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<AddonPhase>,
    /// What has been reached and what stopped it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Generation of the spec that was applied last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}
