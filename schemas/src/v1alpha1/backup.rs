//! `Backup`: one backup. `Failed` and `Completed` are final.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
#[cfg(feature = "crd")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::backup_policy::{BackupMethod, BackupTarget};
use super::common::Untyped;
#[cfg(feature = "crd")]
use crate::crd::rules;
use crate::open_enum::open_enum;

open_enum! {
    /// What deleting a backup does with the stored data.
    pub enum DeletionPolicy {
        /// The stored data is deleted with the object.
        Delete = "Delete",
        /// The object can never finish deleting.
        Retain = "Retain",
    }
}

open_enum! {
    /// Phase of a backup.
    pub enum BackupPhase {
        /// Accepted, not begun.
        New = "New",
        /// Not used in v0.7.
        InProgress = "InProgress",
        /// Under way.
        Running = "Running",
        /// Over, with success. Final.
        Completed = "Completed",
        /// Over, without success. Final.
        Failed = "Failed",
        /// Being removed.
        Deleting = "Deleting",
    }
}

/// The backup to make.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[kube(
    kind = "Backup",
    group = "dataprotection.kubeblocks.io",
    version = "v1alpha1",
    namespaced,
    status = "BackupStatus",
    derive = "Default",
    derive = "PartialEq",
    schema = "disabled",
    category = "kubeblocks",
    printcolumn(name = "POLICY", type_ = "string", json_path = ".spec.backupPolicyName"),
    printcolumn(name = "METHOD", type_ = "string", json_path = ".spec.backupMethod"),
    printcolumn(name = "REPO", type_ = "string", json_path = ".status.backupRepoName"),
    printcolumn(name = "STATUS", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "TOTAL-SIZE", type_ = "string", json_path = ".status.totalSize"),
    printcolumn(name = "DURATION", type_ = "string", json_path = ".status.duration"),
    printcolumn(name = "AGE", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct BackupSpec {
    /// Name of the `BackupPolicy`.
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-validations" = [{"rule": "self == oldSelf", "message": "backupPolicyName cannot be changed"}]), transform = rules::object_name_any_length))]
    pub backup_policy_name: String,
    /// A method of the policy.
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-validations" = [{"rule": "self == oldSelf", "message": "backupMethod cannot be changed"}])))]
    pub backup_method: String,
    /// What deleting the object does with the stored data.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "Delete")))]
    pub deletion_policy: Option<DeletionPolicy>,
    /// How long the backup is kept, for example `7d`; for ever when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_period: Option<String>,
    /// Backup that this one builds on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-validations" = [{"rule": "self == oldSelf", "message": "parentBackupName cannot be changed"}])))]
    pub parent_backup_name: Option<String>,
}

/// What the operator reports of a backup.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BackupStatus {
    /// Version of the layout in the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format_version: Option<String>,
    /// Phase of the backup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<BackupPhase>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_timestamp: Option<Time>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion_timestamp: Option<Time>,
    /// When it will be removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiration: Option<Time>,
    /// How long it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
    /// Size of the stored data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_size: Option<String>,
    /// Path in the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Repository that holds the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup_repo_name: Option<String>,
    /// Volume claim that holds the data, for mounted repositories.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub persistent_volume_claim_name: Option<String>,
    /// Moments that can be restored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_range: Option<TimeRange>,
    /// The method as it was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup_method: Option<BackupMethod>,
    /// What was backed up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<BackupTarget>,
    /// Each step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<BackupAction>,
    /// Snapshots of volumes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volume_snapshots: Vec<VolumeSnapshotStatus>,
}

/// From when to when.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TimeRange {
    /// First moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Time>,
    /// Last moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<Time>,
}

/// One step of a backup.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BackupAction {
    /// Name of the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Phase of the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_timestamp: Option<Time>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion_timestamp: Option<Time>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
    /// Kind of step, for example `Job`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_type: Option<String>,
    /// Ready replicas, for steps that keep running.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available_replicas: Option<i32>,
    /// The object that does the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_ref: Option<Untyped>,
    /// Size of what the step stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_size: Option<String>,
    /// Moments that can be restored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_range: Option<TimeRange>,
    /// Snapshots of volumes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volume_snapshots: Vec<VolumeSnapshotStatus>,
}

/// Snapshot of one volume.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct VolumeSnapshotStatus {
    /// Name of the `VolumeSnapshot`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Name of the `VolumeSnapshotContent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_name: Option<String>,
    /// Name of the volume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume_name: Option<String>,
    /// Size of the snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
}
