//! `BackupPolicy`, `BackupSchedule`, `Backup`, `BackupRepo` and `Restore` (`dataprotection.kubeblocks.io`).

use kube::CustomResource;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Condition;

#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "dataprotection.kubeblocks.io",
    version = "v1alpha1",
    kind = "BackupPolicy",
    plural = "backuppolicies",
    namespaced,
    status = "PolicyStatus",
    schema = "disabled"
)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct BackupPolicySpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) backup_repo_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) path_prefix: Option<String>,
    pub(crate) target: Value,
    pub(crate) backup_methods: Vec<Value>,
}

/// The status that policies and schedules share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PolicyStatus {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) phase: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) observed_generation: Option<i64>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) failure_reason: String,
}

#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "dataprotection.kubeblocks.io",
    version = "v1alpha1",
    kind = "BackupSchedule",
    namespaced,
    status = "PolicyStatus",
    schema = "disabled"
)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct BackupScheduleSpec {
    pub(crate) backup_policy_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) starting_deadline_minutes: Option<i64>,
    pub(crate) schedules: Vec<Value>,
}

#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "dataprotection.kubeblocks.io",
    version = "v1alpha1",
    kind = "Backup",
    namespaced,
    status = "BackupStatus",
    schema = "disabled"
)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct BackupSpec {
    pub(crate) backup_policy_name: String,
    pub(crate) backup_method: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) deletion_policy: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) retention_period: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct BackupStatus {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) phase: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) failure_reason: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) format_version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) path: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) backup_repo_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) persistent_volume_claim_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) start_timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) completion_timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expiration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) duration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) backup_method: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) actions: Vec<Value>,
}

#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "dataprotection.kubeblocks.io",
    version = "v1alpha1",
    kind = "BackupRepo",
    status = "BackupRepoStatus",
    schema = "disabled"
)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct BackupRepoSpec {
    pub(crate) storage_provider_ref: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) access_method: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) volume_capacity: Option<Value>,
    pub(crate) config: std::collections::BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct BackupRepoStatus {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) phase: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) observed_generation: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) conditions: Vec<Condition>,
    #[serde(skip_serializing_if = "String::is_empty", rename = "backupPVCName")]
    pub(crate) backup_pvc_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) tool_config_secret_name: String,
    pub(crate) is_default: bool,
}

#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "dataprotection.kubeblocks.io",
    version = "v1alpha1",
    kind = "Restore",
    namespaced,
    status = "RestoreStatus",
    schema = "disabled"
)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RestoreSpec {
    pub(crate) backup: BackupRef,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) restore_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prepare_data_config: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ready_config: Option<Value>,
    pub(crate) container_resources: Value,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct BackupRef {
    pub(crate) name: String,
    pub(crate) namespace: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RestoreStatus {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) phase: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) start_timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) completion_timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) duration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) actions: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) conditions: Vec<Condition>,
}
