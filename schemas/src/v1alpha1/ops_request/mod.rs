//! `OpsRequest`: one imperative operation on a cluster. Most of its spec may not change after creation.

mod operations;
mod status;

use kube::CustomResource;
#[cfg(feature = "crd")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(feature = "crd")]
use crate::crd::rules;
use crate::open_enum::open_enum;

pub use operations::{
    BackupOperation, BackupReference, ComponentTarget, Expose, HorizontalScaling, ObjectReference, Parameter,
    PointInTime, Reconfigure, ReconfigureItem, ReconfigureKey, RestoreFrom, ScriptFrom, ScriptSecret,
    ScriptSpec, Switchover, Upgrade, UpgradePolicy, VerticalScaling, VolumeExpansion, VolumeSize,
};
pub use status::{OpsComponentStatus, OpsPhase, OpsRequestStatus, ProgressDetail, ProgressStatus};

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
