//! The parts of a component definition.

#[cfg(feature = "crd")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(feature = "crd")]
use crate::crd::rules;
use crate::open_enum::open_enum;
use crate::v1alpha1::common::MemberRole;
use crate::v1alpha1::common::Untyped;

open_enum! {
    /// What new instances start from.
    pub enum HorizontalScalePolicyType {
        /// New instances start empty.
        None = "None",
        /// New instances start from a copy of the data.
        CloneVolume = "CloneVolume",
        /// The older name of `CloneVolume`.
        Snapshot = "Snapshot",
    }
}

open_enum! {
    /// In which order members are updated.
    pub enum MemberUpdateStrategy {
        /// One after the other.
        Serial = "Serial",
        /// As many at once as availability allows.
        BestEffortParallel = "BestEffortParallel",
        /// All at once.
        Parallel = "Parallel",
    }
}

open_enum! {
    /// Accounts that the operator makes in the database.
    pub enum AccountName {
        /// Kbadmin
        Kbadmin = "kbadmin",
        /// Kbdataprotection
        Kbdataprotection = "kbdataprotection",
        /// Kbprobe
        Kbprobe = "kbprobe",
        /// Kbmonitoring
        Kbmonitoring = "kbmonitoring",
        /// Kbreplicator
        Kbreplicator = "kbreplicator",
    }
}

open_enum! {
    /// What a volume holds.
    pub enum VolumeType {
        /// Holds data.
        Data = "data",
        /// Holds logs.
        Log = "log",
    }
}

/// Files with scripts, from a template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ScriptTemplate {
    /// Name of the script spec.
    #[cfg_attr(feature = "crd", schemars(transform = rules::object_name))]
    pub name: String,
    /// `ConfigMap` with the template.
    #[cfg_attr(feature = "crd", schemars(transform = rules::object_name))]
    pub template_ref: String,
    /// Namespace of the template.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "default"), transform = rules::namespace_name))]
    pub namespace: Option<String>,
    /// Volume that the files are mounted from.
    #[cfg_attr(feature = "crd", schemars(transform = rules::volume_name))]
    pub volume_name: String,
    /// Mode bits of the files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_mode: Option<i32>,
}

/// How roles and health are asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Probes {
    /// Whether the process runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running_probe: Option<Probe>,
    /// Whether the database is usable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_probe: Option<Probe>,
    /// Which role the instance has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_probe: Option<Probe>,
    /// Seconds until a missing role counts as a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("minimum" = 30)))]
    pub role_probe_timeout_after_pods_ready: Option<i32>,
}

/// How something is asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Probe {
    /// Seconds between questions.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = 1, "minimum" = 1)))]
    pub period_seconds: Option<i32>,
    /// Seconds to wait for an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = 1, "minimum" = 1)))]
    pub timeout_seconds: Option<i32>,
    /// Failures in a row that count as failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = 3, "minimum" = 2)))]
    pub failure_threshold: Option<i32>,
    /// What is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commands: Option<ProbeCommands>,
}

/// Statements of a probe.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ProbeCommands {
    /// Statements that read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queries: Vec<String>,
    /// Statements that write.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub writes: Vec<String>,
}

/// A log that can be collected.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LogConfig {
    /// Name of the log.
    #[cfg_attr(feature = "crd", schemars(extend("maxLength" = 128)))]
    pub name: String,
    /// Files of the log.
    #[cfg_attr(feature = "crd", schemars(extend("maxLength" = 4096)))]
    pub file_path_pattern: String,
}

/// Ports of a Service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ServiceSpec {
    /// The ports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["port", "protocol"])))]
    pub ports: Vec<ServicePort>,
}

/// One port of a Service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ServicePort {
    /// Name of the port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Protocol of the port.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "TCP"), transform = rules::protocol))]
    pub protocol: Option<String>,
    /// Protocol above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_protocol: Option<String>,
    /// Number of the port.
    pub port: i32,
    /// Number or name of the container's port; `port` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(transform = rules::int_or_string))]
    pub target_port: Option<serde_json::Value>,
}

/// Details of a Consensus workload in the older form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-preserve-unknown-fields" = true)))]
pub struct ConsensusSpec {
    /// The leading role.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(required))]
    pub leader: Option<ConsensusMember>,
    /// Roles that follow and vote.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub followers: Vec<ConsensusMember>,
    /// Role that follows and does not vote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learner: Option<ConsensusMember>,
    /// In which order members are updated.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "Serial")))]
    pub update_strategy: Option<MemberUpdateStrategy>,
}

/// A role of a Consensus workload.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConsensusMember {
    /// Name of the role.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "leader"), required))]
    pub name: Option<String>,
    /// What the role can be used for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "ReadWrite"), required))]
    pub access_mode: Option<crate::v1alpha1::common::AccessMode>,
    /// How many members have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = 0, "minimum" = 0)))]
    pub replicas: Option<i32>,
}

/// Details of a workload in the newer form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-preserve-unknown-fields" = true)))]
pub struct RsmSpec {
    /// Roles that members may have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<MemberRole>,
    /// How the role is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_probe: Option<Untyped>,
    /// How members join and leave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub membership_reconfiguration: Option<Untyped>,
    /// In which order members are updated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member_update_strategy: Option<MemberUpdateStrategy>,
}

/// What new instances start from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct HorizontalScalePolicy {
    /// What new instances start from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "None")))]
    pub r#type: Option<HorizontalScalePolicyType>,
    /// Template of the backup that is copied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup_policy_template_name: Option<String>,
    /// Volume that is copied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume_mounts_name: Option<String>,
}

/// Accounts that the operator makes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SystemAccounts {
    /// How statements are run.
    pub cmd_executor_config: Untyped,
    /// How passwords are made up.
    pub password_config: Untyped,
    /// The accounts.
    #[cfg_attr(feature = "crd", schemars(extend("minItems" = 1, "x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])))]
    pub accounts: Vec<SystemAccount>,
}

/// One account that the operator makes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SystemAccount {
    /// Name of the account.
    pub name: AccountName,
    /// How the account is made.
    pub provision_policy: Untyped,
}

/// What a volume holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct VolumeTypeSpec {
    /// Name of the volume.
    #[cfg_attr(feature = "crd", schemars(transform = rules::object_name_any_length))]
    pub name: String,
    /// What it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<VolumeType>,
}

/// How the leading role is moved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SwitchoverSpec {
    /// To a named instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with_candidate: Option<Untyped>,
    /// To any other instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without_candidate: Option<Untyped>,
}

/// Where metrics come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct MonitorSpec {
    /// Whether the operator's own exporter is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = false)))]
    pub built_in: Option<bool>,
    /// Where the exporter of the component listens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exporter_config: Option<ExporterConfig>,
}

/// Where an exporter listens.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ExporterConfig {
    /// Number or name of the port.
    #[cfg_attr(feature = "crd", schemars(transform = rules::int_or_string))]
    pub scrape_port: serde_json::Value,
    /// Path of the metrics.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("maxLength" = 128, "default" = "/metrics")))]
    pub scrape_path: Option<String>,
}

/// A service of others that the component needs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ServiceReferenceDeclaration {
    /// Name that clusters refer to.
    pub name: String,
    /// Kinds and versions that fit.
    pub service_ref_declaration_specs: Vec<ServiceKindVersion>,
}

/// A kind of service and its versions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ServiceKindVersion {
    /// Kind of service.
    pub service_kind: String,
    /// Versions as a regular expression.
    pub service_version: String,
}
