//! `ClusterVersion`: images and configuration of an engine's version.

use kube::CustomResource;
#[cfg(feature = "crd")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::backup_policy::AvailabilityPhase;
use super::common::Untyped;
use super::configuration::ConfigSpec;
#[cfg(feature = "crd")]
use crate::crd::rules;

/// A version of an engine.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[kube(
    kind = "ClusterVersion",
    group = "apps.kubeblocks.io",
    version = "v1alpha1",
    status = "ClusterVersionStatus",
    derive = "Default",
    derive = "PartialEq",
    schema = "disabled",
    shortname = "cv",
    category = "kubeblocks",
    printcolumn(name = "CLUSTER-DEFINITION", type_ = "string", json_path = ".spec.clusterDefinitionRef"),
    printcolumn(name = "STATUS", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "AGE", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct ClusterVersionSpec {
    /// Name of the `ClusterDefinition`.
    #[cfg_attr(feature = "crd", schemars(transform = rules::object_name_any_length))]
    pub cluster_definition_ref: String,
    /// Images by component definition.
    #[cfg_attr(feature = "crd", schemars(extend("minItems" = 1, "x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["componentDefRef"])))]
    pub component_versions: Vec<ComponentVersion>,
}

/// Images and configuration of one component definition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-preserve-unknown-fields" = true)))]
pub struct ComponentVersion {
    /// Name of the component definition.
    #[cfg_attr(feature = "crd", schemars(transform = rules::object_name))]
    pub component_def_ref: String,
    /// Config specs that differ from the definition's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])))]
    pub config_specs: Vec<ConfigSpec>,
    /// Image that makes accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_account_spec: Option<Untyped>,
    /// Image that moves the leading role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub switchover_spec: Option<Untyped>,
    /// Containers that differ from the definition's.
    pub versions_context: VersionsContext,
}

/// Containers that differ from the definition's, by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct VersionsContext {
    /// Init containers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"], "x-kubernetes-preserve-unknown-fields" = true), transform = rules::named_items))]
    pub init_containers: Vec<Untyped>,
    /// Containers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"], "x-kubernetes-preserve-unknown-fields" = true), transform = rules::named_items))]
    pub containers: Vec<Untyped>,
}

/// What the operator reports of a version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ClusterVersionStatus {
    /// Whether the version may be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<AvailabilityPhase>,
    /// Why it may not be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Generation of the spec that was checked last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Generation of the `ClusterDefinition` it was checked against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_def_generation: Option<i64>,
}
