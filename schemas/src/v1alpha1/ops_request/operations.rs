//! What each type of operation needs to know.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
#[cfg(feature = "crd")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(feature = "crd")]
use crate::crd::rules;
use crate::open_enum::open_enum;
use crate::quantity::QuantityText;
use crate::v1alpha1::backup::DeletionPolicy;
use crate::v1alpha1::cluster::ClassReference;
use crate::v1alpha1::common::{KeySelector, LabelSelector, Service};

open_enum! {
    /// How changed parameters take effect.
    pub enum UpgradePolicy {
        /// Restart all instances.
        Simple = "simple",
        /// Restart in parallel.
        Parallel = "parallel",
        /// Restart one after the other.
        Rolling = "rolling",
        /// Reload without restart.
        AutoReload = "autoReload",
        /// The operator sets the parameter in the database.
        OperatorSyncUpdate = "operatorSyncUpdate",
    }
}

/// A component of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ComponentTarget {
    /// Name of the component.
    pub component_name: String,
}

/// The version to go to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Upgrade {
    /// Name of the `ClusterVersion`.
    pub cluster_version_ref: String,
}

/// A component and its wanted number of instances.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct HorizontalScaling {
    /// Name of the component.
    pub component_name: String,
    /// Wanted number of instances.
    #[cfg_attr(feature = "crd", schemars(extend("minimum" = 0)))]
    pub replicas: i32,
}

/// A component and its wanted CPU and memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-preserve-unknown-fields" = true)))]
pub struct VerticalScaling {
    /// Name of the component.
    pub component_name: String,
    /// What the scheduler reserves.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub requests: BTreeMap<String, QuantityText>,
    /// What the instance may not exceed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, QuantityText>,
    /// Named CPU and memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_def_ref: Option<ClassReference>,
}

/// A component and the wanted sizes of its volumes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct VolumeExpansion {
    /// Name of the component.
    pub component_name: String,
    /// Wanted sizes by volume.
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])))]
    pub volume_claim_templates: Vec<VolumeSize>,
}

/// Size of a volume.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct VolumeSize {
    /// Name of the volume claim template.
    pub name: String,
    /// Wanted size.
    pub storage: QuantityText,
}

/// A component and who shall lead it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Switchover {
    /// Name of the component, which must equal the name of its definition.
    pub component_name: String,
    /// Name of a pod, or `*` for any other.
    pub instance_name: String,
}

/// A component and all its further Services.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Expose {
    /// Name of the component.
    pub component_name: String,
    /// The whole list of Services.
    pub services: Vec<Service>,
}

/// Changed parameters of one component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Reconfigure {
    /// Name of the component.
    pub component_name: String,
    /// Changed config specs; only the first one is processed.
    #[cfg_attr(feature = "crd", schemars(extend("minItems" = 1, "x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])))]
    pub configurations: Vec<ReconfigureItem>,
}

/// Changed parameters of one config spec.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReconfigureItem {
    /// Name of the config spec.
    #[cfg_attr(feature = "crd", schemars(transform = rules::object_name))]
    pub name: String,
    /// How the change takes effect; the operator chooses when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<UpgradePolicy>,
    /// Changed files.
    #[cfg_attr(feature = "crd", schemars(extend("minItems" = 1, "x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["key"])))]
    pub keys: Vec<ReconfigureKey>,
}

/// Changed parameters of one file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReconfigureKey {
    /// Name of the file.
    pub key: String,
    /// Changed parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    /// The whole file instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_content: Option<String>,
}

/// One parameter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Parameter {
    /// Name of the parameter.
    pub key: String,
    /// Its value; absent removes the line from the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// Source of a restore; not used in v0.7.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RestoreFrom {
    /// Backups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backup: Vec<BackupReference>,
    /// A moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub point_in_time: Option<PointInTime>,
}

/// Reference of a backup.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BackupReference {
    /// The backup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#ref: Option<ObjectReference>,
}

/// A moment of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PointInTime {
    /// The moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Time>,
    /// The cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#ref: Option<ObjectReference>,
}

/// An object by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ObjectReference {
    /// Name of the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Namespace of the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// Statements to run in the database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ScriptSpec {
    /// Name of the component.
    pub component_name: String,
    /// Image of the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Credentials; those of the cluster when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<ScriptSecret>,
    /// The statements.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-validations" = [{"rule": "self == oldSelf", "message": "script cannot be changed"}])))]
    pub script: Vec<String>,
    /// Where statements are read from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-validations" = [{"rule": "self == oldSelf", "message": "scriptFrom cannot be changed"}])))]
    pub script_from: Option<ScriptFrom>,
    /// Run on each of these pods instead of on the Service.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-validations" = [{"rule": "self == oldSelf", "message": "selector cannot be changed"}])))]
    pub selector: Option<LabelSelector>,
}

/// Credentials of a script.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ScriptSecret {
    /// Name of the Secret.
    #[cfg_attr(feature = "crd", schemars(transform = rules::object_name))]
    pub name: String,
    /// Key of the user's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "username")))]
    pub username_key: Option<String>,
    /// Key of the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "password")))]
    pub password_key: Option<String>,
}

/// Objects that hold statements.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ScriptFrom {
    /// Keys of `ConfigMap`s.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-validations" = [{"rule": "self == oldSelf", "message": "configMapRef cannot be changed"}])))]
    pub config_map_ref: Vec<KeySelector>,
    /// Keys of Secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-validations" = [{"rule": "self == oldSelf", "message": "secretRef cannot be changed"}])))]
    pub secret_ref: Vec<KeySelector>,
}

/// The backup to create.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BackupOperation {
    /// Name of the backup; made up when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup_name: Option<String>,
    /// Name of the backup policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup_policy_name: Option<String>,
    /// A method of the policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup_method: Option<String>,
    /// What happens to the data when the backup is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "Delete")))]
    pub deletion_policy: Option<DeletionPolicy>,
    /// How long the backup is kept, for example `7d`; for ever when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_period: Option<String>,
    /// Backup that this one builds on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_backup_name: Option<String>,
}
