//! `BackupPolicy`: what of a cluster can be backed up and how. Made by the operator, one per backup policy template.

use std::collections::BTreeMap;

use kube::CustomResource;
#[cfg(feature = "crd")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::Untyped;
#[cfg(feature = "crd")]
use crate::crd::rules;
use crate::open_enum::open_enum;

open_enum! {
    /// Whether an object may be used.
    pub enum AvailabilityPhase {
        /// May be used.
        Available = "Available",
        /// May not be used; see the message.
        Unavailable = "Unavailable",
    }
}

/// What can be backed up and how.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[kube(
    kind = "BackupPolicy",
    group = "dataprotection.kubeblocks.io",
    version = "v1alpha1",
    namespaced,
    status = "BackupPolicyStatus",
    derive = "Default",
    derive = "PartialEq",
    plural = "backuppolicies",
    schema = "disabled",
    shortname = "bp",
    category = "kubeblocks",
    printcolumn(name = "BACKUP-REPO", type_ = "string", json_path = ".spec.backupRepoName"),
    printcolumn(name = "STATUS", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "AGE", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct BackupPolicySpec {
    /// Repository; the default one when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(transform = rules::object_name_any_length))]
    pub backup_repo_name: Option<String>,
    /// Path in the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_prefix: Option<String>,
    /// How often a failed job is repeated.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("minimum" = 0, "maximum" = 10)))]
    pub backoff_limit: Option<i32>,
    /// Pods to back up.
    pub target: BackupTarget,
    /// Ways to back up.
    pub backup_methods: Vec<BackupMethod>,
}

/// One way to back up. Fields that are not named here are carried along.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-preserve-unknown-fields" = true)))]
pub struct BackupMethod {
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
    /// Resources of the scripts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime_settings: Option<Untyped>,
    /// Pods to back up instead of the policy's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Untyped>,
}

/// Pods to back up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-preserve-unknown-fields" = true)))]
pub struct BackupTarget {
    /// Which pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_selector: Option<PodSelector>,
    /// How to log in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_credential: Option<ConnectionCredential>,
    /// Kubernetes objects to back up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Untyped>,
    /// `ServiceAccount` of the jobs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<String>,
}

/// Pods by label.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-map-type" = "atomic")))]
pub struct PodSelector {
    /// Labels that must be equal.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
    /// Further requirements, all must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<super::common::LabelRequirement>,
    /// `Any` of the pods or `All` of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "Any"), transform = rules::selection_strategy))]
    pub strategy: Option<String>,
}

/// Keys of a Secret with credentials.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConnectionCredential {
    /// Name of the Secret.
    #[cfg_attr(feature = "crd", schemars(transform = rules::object_name_any_length))]
    pub secret_name: String,
    /// Key of the user's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "username")))]
    pub username_key: Option<String>,
    /// Key of the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "password")))]
    pub password_key: Option<String>,
    /// Key of the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_key: Option<String>,
    /// Key of the port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port_key: Option<String>,
}

/// What the operator reports of a backup policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BackupPolicyStatus {
    /// Whether the policy may be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<AvailabilityPhase>,
    /// Generation of the spec that was checked last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Why it may not be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}
