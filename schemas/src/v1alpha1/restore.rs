//! `Restore`: the jobs that put a backup into new volumes. Made by the operator; read for progress.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
#[cfg(feature = "crd")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::{Condition, Untyped};
#[cfg(feature = "crd")]
use crate::crd::rules;
use crate::open_enum::open_enum;

/// What is restored where.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[kube(
    kind = "Restore",
    group = "dataprotection.kubeblocks.io",
    version = "v1alpha1",
    namespaced,
    status = "RestoreStatus",
    derive = "Default",
    derive = "PartialEq",
    schema = "disabled",
    category = "kubeblocks",
    category = "all"
)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-preserve-unknown-fields" = true)))]
pub struct RestoreSpec {
    /// The backup.
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-validations" = [{"rule": "self == oldSelf", "message": "backup cannot be changed"}])))]
    pub backup: BackupSource,
    /// The moment to go to, for continuous backups.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-validations" = [{"rule": "self == oldSelf", "message": "restoreTime cannot be changed"}]), transform = rules::restore_time))]
    pub restore_time: Option<String>,
    /// Kubernetes objects to restore.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Untyped>,
    /// How volumes are filled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prepare_data_config: Option<Untyped>,
    /// `ServiceAccount` of the jobs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<String>,
    /// What runs when the database is up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready_config: Option<Untyped>,
    /// CPU and memory of the jobs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_resources: Option<Untyped>,
    /// Environment of the jobs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-preserve-unknown-fields" = true)))]
    pub env: Vec<Untyped>,
}

/// A backup by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BackupSource {
    /// Name of the backup.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
}

/// What the operator reports of a restore.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RestoreStatus {
    /// Phase of the restore.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<RestorePhase>,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_timestamp: Option<Time>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion_timestamp: Option<Time>,
    /// How long it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
    /// Each step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions: Option<Untyped>,
    /// What has been reached and what stopped it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

open_enum! {
    /// Phase of a restore.
    pub enum RestorePhase {
        /// Under way.
        Running = "Running",
        /// Over, with success. Final.
        Completed = "Completed",
        /// Over, without success. Final.
        Failed = "Failed",
        /// Used as the source of a volume.
        AsDataSource = "AsDataSource",
    }
}
