//! `BackupPolicyTemplate`: the backup methods and schedules that an add-on offers for its definition.

use kube::CustomResource;
#[cfg(feature = "crd")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::backup_schedule::SchedulePolicy;
use super::common::Untyped;
#[cfg(feature = "crd")]
use crate::crd::rules;

/// Backup methods and schedules of a definition.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[kube(
    kind = "BackupPolicyTemplate",
    group = "apps.kubeblocks.io",
    version = "v1alpha1",
    status = "BackupPolicyTemplateStatus",
    derive = "Default",
    derive = "PartialEq",
    schema = "disabled",
    shortname = "bpt",
    category = "kubeblocks",
    printcolumn(name = "CLUSTER-DEFINITION", type_ = "string", json_path = ".spec.clusterDefinitionRef"),
    printcolumn(name = "AGE", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct BackupPolicyTemplateSpec {
    /// Name of the `ClusterDefinition`.
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-validations" = [{"rule": "self == oldSelf", "message": "clusterDefinitionRef cannot be changed"}]), transform = rules::object_name_any_length))]
    pub cluster_definition_ref: String,
    /// One entry a component definition.
    #[cfg_attr(feature = "crd", schemars(extend("minItems" = 1, "x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["componentDefRef"])))]
    pub backup_policies: Vec<ComponentBackupPolicy>,
    /// Suffix of the names of what is made from this template.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("maxLength" = 20)))]
    pub identifier: Option<String>,
}

/// Backup methods and schedules of one component definition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ComponentBackupPolicy {
    /// Name of the component definition.
    #[cfg_attr(feature = "crd", schemars(transform = rules::component_name))]
    pub component_def_ref: String,
    /// Pods to back up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<TemplateTarget>,
    /// When backups are made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schedules: Vec<SchedulePolicy>,
    /// Ways to back up.
    pub backup_methods: Vec<TemplateBackupMethod>,
}

/// One way to back up, as a template gives it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-preserve-unknown-fields" = true)))]
pub struct TemplateBackupMethod {
    /// Name of the method.
    #[cfg_attr(feature = "crd", schemars(transform = rules::object_name_any_length))]
    pub name: String,
    /// `ActionSet` with the scripts; absent for plain volume snapshots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_set_name: Option<String>,
    /// Whether volumes are snapshotted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = false)))]
    pub snapshot_volumes: Option<bool>,
    /// Volumes to back up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_volumes: Option<Untyped>,
    /// Environment of the scripts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<Untyped>,
    /// Environment by cluster version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env_mapping: Vec<Untyped>,
    /// Resources of the scripts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime_settings: Option<Untyped>,
    /// Pods to back up instead of the entry's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Untyped>,
}

/// Pods to back up, by role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TemplateTarget {
    /// Role of the pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// System account to log in with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Keys of the Secret with credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_credential_key: Option<Untyped>,
}

/// A template has no status of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
pub struct BackupPolicyTemplateStatus {}
