//! `OpsRequest`: one imperative operation on a cluster. Most of its spec may not change after creation.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
#[cfg(feature = "crd")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::backup::DeletionPolicy;
use super::common::{ComponentPhase, Condition, KeySelector, LabelSelector, Service, Untyped, WorkloadType};
#[cfg(feature = "crd")]
use crate::crd::rules;
use crate::open_enum::open_enum;
use crate::quantity::QuantityText;

open_enum! {
    /// What an operation does.
    pub enum OpsType {
        /// Change of the engine version.
        Upgrade = "Upgrade",
        /// Change of CPU and memory.
        VerticalScaling = "VerticalScaling",
        /// Growth of volumes.
        VolumeExpansion = "VolumeExpansion",
        /// Change of the number of instances.
        HorizontalScaling = "HorizontalScaling",
        /// Restart of all instances of components.
        Restart = "Restart",
        /// Change of parameters.
        Reconfiguring = "Reconfiguring",
        /// Start of a stopped cluster.
        Start = "Start",
        /// Stop of all instances, volumes stay.
        Stop = "Stop",
        /// Replacement of a component's Services.
        Expose = "Expose",
        /// Move of the leading role.
        Switchover = "Switchover",
        /// Run of statements in the database.
        DataScript = "DataScript",
        /// Creation of a backup.
        Backup = "Backup",
    }
}

open_enum! {
    /// Phase of an operation; absent before the first pass.
    pub enum OpsPhase {
        /// Waits for its preconditions.
        Pending = "Pending",
        /// The action is being started.
        Creating = "Creating",
        /// The action is under way.
        Running = "Running",
        /// Being taken back.
        Cancelling = "Cancelling",
        /// Taken back. Final.
        Cancelled = "Cancelled",
        /// Final.
        Failed = "Failed",
        /// Final.
        Succeed = "Succeed",
    }
}

open_enum! {
    /// State of one object of an operation.
    pub enum ProgressStatus {
        /// Under way.
        Processing = "Processing",
        /// Not begun.
        Pending = "Pending",
        /// Over, without success.
        Failed = "Failed",
        /// Over, with success.
        Succeed = "Succeed",
    }
}

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

/// The operation.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[kube(
    kind = "OpsRequest",
    group = "apps.kubeblocks.io",
    version = "v1alpha1",
    namespaced,
    status = "OpsRequestStatus",
    derive = "Default",
    derive = "PartialEq",
    schema = "disabled",
    shortname = "ops",
    category = "kubeblocks",
    category = "all",
    printcolumn(name = "TYPE", type_ = "string", json_path = ".spec.type"),
    printcolumn(name = "CLUSTER", type_ = "string", json_path = ".spec.clusterRef"),
    printcolumn(name = "STATUS", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "PROGRESS", type_ = "string", json_path = ".status.progress"),
    printcolumn(name = "AGE", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", schemars(transform = rules::cancel_only_scaling))]
pub struct OpsRequestSpec {
    /// Name of the Cluster, in the same namespace.
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-validations" = [{"rule": "self == oldSelf", "message": "clusterRef cannot be changed"}])))]
    pub cluster_ref: String,
    /// Takes the operation back; only for vertical and horizontal scaling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel: Option<bool>,
    /// What the operation does.
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-validations" = [{"rule": "self == oldSelf", "message": "type cannot be changed"}])))]
    pub r#type: OpsType,
    /// Seconds after success until the object is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_seconds_after_succeed: Option<i32>,
    /// Seconds to wait for the preconditions.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = 0)))]
    pub ttl_seconds_before_abort: Option<i32>,
    /// For `Upgrade`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-validations" = [{"rule": "self == oldSelf", "message": "upgrade cannot be changed"}])))]
    pub upgrade: Option<Upgrade>,
    /// For `HorizontalScaling`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["componentName"], "x-kubernetes-validations" = [{"rule": "self == oldSelf", "message": "horizontalScaling cannot be changed"}])))]
    pub horizontal_scaling: Vec<HorizontalScaling>,
    /// For `VolumeExpansion`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["componentName"])))]
    pub volume_expansion: Vec<VolumeExpansion>,
    /// For `Restart`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["componentName"], "x-kubernetes-validations" = [{"rule": "self == oldSelf", "message": "restart cannot be changed"}])))]
    pub restart: Vec<ComponentTarget>,
    /// For `Switchover`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["componentName"], "x-kubernetes-validations" = [{"rule": "self == oldSelf", "message": "switchover cannot be changed"}])))]
    pub switchover: Vec<Switchover>,
    /// For `VerticalScaling`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["componentName"])))]
    pub vertical_scaling: Vec<VerticalScaling>,
    /// For `Reconfiguring` of one component.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(transform = rules::reconfigure))]
    pub reconfigure: Option<Reconfigure>,
    /// For `Reconfiguring` of several components.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["componentName"])))]
    pub reconfigures: Vec<Reconfigure>,
    /// For `Expose`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["componentName"], "x-kubernetes-validations" = [{"rule": "self == oldSelf", "message": "expose cannot be changed"}])))]
    pub expose: Vec<Expose>,
    /// Nothing reads this in v0.7.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-validations" = [{"rule": "self == oldSelf", "message": "restoreFrom cannot be changed"}])))]
    pub restore_from: Option<RestoreFrom>,
    /// For `DataScript`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub script_spec: Option<ScriptSpec>,
    /// For `Backup`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup_spec: Option<BackupOperation>,
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
    pub class_def_ref: Option<super::cluster::ClassReference>,
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

/// What the operator reports of an operation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OpsRequestStatus {
    /// Generation of the cluster that the operation made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_generation: Option<i64>,
    /// Phase of the operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<OpsPhase>,
    /// Done and all objects, `1/3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "-/-"), transform = rules::progress, required))]
    pub progress: Option<String>,
    /// What the cluster had before, for cancelling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_configuration: Option<Untyped>,
    /// State of each component by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub components: BTreeMap<String, OpsComponentStatus>,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_timestamp: Option<Time>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion_timestamp: Option<Time>,
    /// When cancelling was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_timestamp: Option<Time>,
    /// State of a change of parameters of one component.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconfiguring_status: Option<Untyped>,
    /// State of changes of parameters by component.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reconfiguring_status_as_component: BTreeMap<String, Untyped>,
    /// What has been reached and what stopped it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"])))]
    pub conditions: Vec<Condition>,
}

/// What the operator reports of one component of an operation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OpsComponentStatus {
    /// Phase of the component.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<ComponentPhase>,
    /// When it failed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failed_time: Option<Time>,
    /// State of each object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub progress_details: Vec<ProgressDetail>,
    /// Workload of the component.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload_type: Option<WorkloadType>,
    /// One word for machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("maxLength" = 1024)))]
    pub reason: Option<String>,
    /// Text for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("maxLength" = 32768)))]
    pub message: Option<String>,
}

/// State of one object of an operation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ProgressDetail {
    /// Group of objects that belong together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// `Kind/name` of the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(required))]
    pub object_key: Option<String>,
    /// State of the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(required))]
    pub status: Option<ProgressStatus>,
    /// Text for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<Time>,
}
