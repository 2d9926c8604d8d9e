//! `ClusterDefinition`, `ClusterVersion`, `BackupPolicyTemplate`, `ConfigConstraint`, `ActionSet` and `StorageProvider`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, PodSpec, ServicePort};
use kube::CustomResource;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Condition;

#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "apps.kubeblocks.io",
    version = "v1alpha1",
    kind = "ClusterDefinition",
    status = "DefinitionStatus",
    schema = "disabled"
)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ClusterDefinitionSpec {
    #[serde(rename = "type")]
    pub(crate) type_: String,
    pub(crate) component_defs: Vec<ComponentDefinition>,
    pub(crate) connection_credential: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DefinitionStatus {
    pub(crate) phase: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) observed_generation: Option<i64>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) message: String,
    /// Only of versions: the generation of the definition that the version was checked against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cluster_def_generation: Option<i64>,
}

impl DefinitionStatus {
    /// Whether the definition was found good as it is now.
    pub(crate) fn is_available(&self, generation: Option<i64>) -> bool {
        self.phase == "Available" && self.observed_generation == generation
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ComponentDefinition {
    pub(crate) name: String,
    pub(crate) workload_type: String,
    pub(crate) character_type: String,
    pub(crate) pod_spec: PodSpec,
    pub(crate) service: Option<DefinitionService>,
    pub(crate) probes: Option<Probes>,
    pub(crate) log_configs: Vec<LogConfig>,
    pub(crate) config_specs: Vec<ConfigSpec>,
    pub(crate) script_specs: Vec<ConfigSpec>,
    pub(crate) volume_types: Vec<VolumeType>,
    pub(crate) system_accounts: Option<SystemAccounts>,
    pub(crate) consensus_spec: Option<ConsensusSpec>,
    pub(crate) switchover_spec: Option<Value>,
    pub(crate) horizontal_scale_policy: Option<Value>,
    pub(crate) custom_label_specs: Vec<CustomLabel>,
    pub(crate) monitor: Option<Monitor>,
    pub(crate) service_ref_declarations: Vec<ServiceRefDeclaration>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ServiceRefDeclaration {
    pub(crate) name: String,
    pub(crate) service_ref_declaration_specs: Vec<ServiceRefKind>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ServiceRefKind {
    pub(crate) service_kind: String,
    pub(crate) service_version: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DefinitionService {
    pub(crate) ports: Vec<ServicePort>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Probes {
    pub(crate) role_probe: Option<Value>,
    pub(crate) role_probe_timeout_after_pods_ready: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct LogConfig {
    pub(crate) name: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ConfigSpec {
    pub(crate) name: String,
    pub(crate) template_ref: String,
    pub(crate) namespace: String,
    pub(crate) volume_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default_mode: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) constraint_ref: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) keys: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) as_env_from: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct VolumeType {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) type_: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SystemAccounts {
    pub(crate) accounts: Vec<SystemAccount>,
    pub(crate) cmd_executor_config: Value,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SystemAccount {
    pub(crate) name: String,
    pub(crate) provision_policy: ProvisionPolicy,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ProvisionPolicy {
    pub(crate) scope: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ConsensusSpec {
    pub(crate) leader: ConsensusMember,
    pub(crate) followers: Vec<ConsensusMember>,
    pub(crate) learner: Option<ConsensusMember>,
    pub(crate) update_strategy: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ConsensusMember {
    pub(crate) name: String,
    pub(crate) access_mode: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CustomLabel {
    pub(crate) key: String,
    pub(crate) value: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Monitor {
    pub(crate) built_in: bool,
    pub(crate) exporter_config: Option<Exporter>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Exporter {
    pub(crate) scrape_path: String,
    pub(crate) scrape_port: Value,
}

#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "apps.kubeblocks.io",
    version = "v1alpha1",
    kind = "ClusterVersion",
    status = "DefinitionStatus",
    schema = "disabled"
)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ClusterVersionSpec {
    pub(crate) cluster_definition_ref: String,
    pub(crate) component_versions: Vec<ComponentVersion>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ComponentVersion {
    pub(crate) component_def_ref: String,
    pub(crate) config_specs: Vec<ConfigSpec>,
    pub(crate) versions_context: VersionsContext,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct VersionsContext {
    pub(crate) containers: Vec<Container>,
    pub(crate) init_containers: Vec<Container>,
}

#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "apps.kubeblocks.io",
    version = "v1alpha1",
    kind = "ConfigConstraint",
    status = "DefinitionStatus",
    schema = "disabled"
)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ConfigConstraintSpec {
    pub(crate) static_parameters: Vec<String>,
    pub(crate) dynamic_parameters: Vec<String>,
    pub(crate) immutable_parameters: Vec<String>,
    pub(crate) configuration_schema: Option<ConfigurationSchema>,
    pub(crate) reload_options: Option<Value>,
    pub(crate) formatter_config: Value,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ConfigurationSchema {
    pub(crate) cue: String,
    pub(crate) schema: Option<Value>,
}

#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "apps.kubeblocks.io",
    version = "v1alpha1",
    kind = "BackupPolicyTemplate",
    schema = "disabled"
)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct BackupPolicyTemplateSpec {
    pub(crate) cluster_definition_ref: String,
    pub(crate) identifier: Option<String>,
    pub(crate) backup_policies: Vec<PolicyTemplate>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PolicyTemplate {
    pub(crate) component_def_ref: String,
    pub(crate) target: PolicyTarget,
    pub(crate) backup_methods: Vec<Value>,
    pub(crate) schedules: Vec<Value>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PolicyTarget {
    pub(crate) role: String,
}

#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "dataprotection.kubeblocks.io",
    version = "v1alpha1",
    kind = "ActionSet",
    status = "DefinitionStatus",
    schema = "disabled"
)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ActionSetSpec {
    pub(crate) backup_type: String,
    pub(crate) backup: Option<Value>,
    pub(crate) restore: Option<Value>,
}

#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "storage.kubeblocks.io",
    version = "v1alpha1",
    kind = "StorageProvider",
    status = "StorageProviderStatus",
    schema = "disabled"
)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct StorageProviderSpec {
    #[serde(rename = "csiDriverName")]
    pub(crate) driver: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct StorageProviderStatus {
    pub(crate) phase: String,
    pub(crate) conditions: Vec<Condition>,
}
