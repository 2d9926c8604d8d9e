//! `BackupRepo`: where backups are stored.

use std::collections::BTreeMap;

use kube::CustomResource;
#[cfg(feature = "crd")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::{Condition, NamespacedReference};
use crate::open_enum::open_enum;
use crate::quantity::QuantityText;

open_enum! {
    /// How jobs reach the storage.
    pub enum AccessMethod {
        /// The storage is mounted, which needs a CSI driver.
        Mount = "Mount",
        /// The backup tool talks to the storage.
        Tool = "Tool",
    }
}

open_enum! {
    /// What happens to the volumes of the repository.
    pub enum VolumeReclaimPolicy {
        /// Deleted with its claim.
        Delete = "Delete",
        /// Kept.
        Retain = "Retain",
    }
}

open_enum! {
    /// Phase of a repository.
    pub enum BackupRepoPhase {
        /// Not used in v0.7.
        PreChecking = "PreChecking",
        /// Some condition does not hold; recovers by itself.
        Failed = "Failed",
        /// All conditions hold, which does not mean that the keys are right.
        Ready = "Ready",
        /// Being removed; waits for all its backups.
        Deleting = "Deleting",
    }
}

/// Where backups are stored.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[kube(
    kind = "BackupRepo",
    group = "dataprotection.kubeblocks.io",
    version = "v1alpha1",
    status = "BackupRepoStatus",
    derive = "Default",
    derive = "PartialEq",
    schema = "disabled",
    category = "kubeblocks",
    printcolumn(name = "STATUS", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "STORAGEPROVIDER", type_ = "string", json_path = ".spec.storageProviderRef"),
    printcolumn(name = "ACCESSMETHOD", type_ = "string", json_path = ".spec.accessMethod"),
    printcolumn(name = "DEFAULT", type_ = "boolean", json_path = ".status.isDefault"),
    printcolumn(name = "AGE", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct BackupRepoSpec {
    /// Name of the `StorageProvider`, for example `s3`.
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-validations" = [{"rule": "self == oldSelf", "message": "storageProviderRef cannot be changed"}])))]
    pub storage_provider_ref: String,
    /// How jobs reach the storage.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "Mount")))]
    pub access_method: Option<AccessMethod>,
    /// Size of the mounted volume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume_capacity: Option<QuantityText>,
    /// What happens to the volumes of the repository.
    pub pv_reclaim_policy: VolumeReclaimPolicy,
    /// Parameters of the provider that are no secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<String, String>,
    /// Secret with the other parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<NamespacedReference>,
}

/// What the operator reports of a repository.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BackupRepoStatus {
    /// Phase of the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<BackupRepoPhase>,
    /// What has been reached and what stopped it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Generation of the spec that was applied last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Secret for the CSI driver.
    #[serde(rename = "generatedCSIDriverSecret", skip_serializing_if = "Option::is_none")]
    pub generated_csi_driver_secret: Option<NamespacedReference>,
    /// `StorageClas`s for the CSI driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generated_storage_class_name: Option<String>,
    /// Volume claim of backup jobs.
    #[serde(rename = "backupPVCName", skip_serializing_if = "Option::is_none")]
    pub backup_pvc_name: Option<String>,
    /// Secret for the backup tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_config_secret_name: Option<String>,
    /// Whether backups without a repository go here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_default: Option<bool>,
}
