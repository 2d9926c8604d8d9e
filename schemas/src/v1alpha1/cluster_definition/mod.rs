//! `ClusterDefinition`: an engine, as its add-on describes it: components, ports, volumes, probes, accounts.

mod details;

use std::collections::BTreeMap;

use kube::CustomResource;
#[cfg(feature = "crd")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(feature = "crd")]
use crate::crd::rules;
use crate::v1alpha1::backup_policy::AvailabilityPhase;
use crate::v1alpha1::common::{Untyped, WorkloadType};
use crate::v1alpha1::configuration::ConfigSpec;

pub use details::{
    AccountName, ConsensusMember, ConsensusSpec, ExporterConfig, HorizontalScalePolicy,
    HorizontalScalePolicyType, LogConfig, MemberUpdateStrategy, MonitorSpec, Probe, ProbeCommands, Probes,
    RsmSpec, ScriptTemplate, ServiceKindVersion, ServicePort, ServiceReferenceDeclaration, ServiceSpec,
    SwitchoverSpec, SystemAccount, SystemAccounts, VolumeType, VolumeTypeSpec,
};

/// An engine.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[kube(
    kind = "ClusterDefinition",
    group = "apps.kubeblocks.io",
    version = "v1alpha1",
    status = "ClusterDefinitionStatus",
    derive = "Default",
    derive = "PartialEq",
    schema = "disabled",
    shortname = "cd",
    category = "kubeblocks",
    printcolumn(name = "MAIN-COMPONENT-NAME", type_ = "string", json_path = ".spec.componentDefs[0].name"),
    printcolumn(name = "STATUS", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "AGE", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct ClusterDefinitionSpec {
    /// Name of the engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(transform = rules::definition_type))]
    pub r#type: Option<String>,
    /// The components of the engine.
    #[cfg_attr(feature = "crd", schemars(extend("minItems" = 1, "x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])))]
    pub component_defs: Vec<ComponentDefinition>,
    /// Keys and templates of the connection Secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub connection_credential: BTreeMap<String, String>,
}

impl ClusterDefinitionSpec {
    /// What is defined of a component under this name.
    pub fn component(&self, name: &str) -> Option<&ComponentDefinition> {
        self.component_defs.iter().find(|known| known.name == name)
    }
}

/// One component of an engine. Fields that are not named here are carried along.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-preserve-unknown-fields" = true), transform = rules::consensus_needs_roles))]
pub struct ComponentDefinition {
    /// Name of the component.
    #[cfg_attr(feature = "crd", schemars(transform = rules::component_name))]
    pub name: String,
    /// Text for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How its instances relate to each other.
    pub workload_type: WorkloadType,
    /// Which protocol it speaks, for probes and accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub character_type: Option<String>,
    /// Files with parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])))]
    pub config_specs: Vec<ConfigSpec>,
    /// Files with scripts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])))]
    pub script_specs: Vec<ScriptTemplate>,
    /// How roles and health are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probes: Option<Probes>,
    /// Logs that can be collected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])))]
    pub log_configs: Vec<LogConfig>,
    /// The pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_spec: Option<Untyped>,
    /// Ports of the component's Service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceSpec>,
    /// Details of a Stateless workload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stateless_spec: Option<Untyped>,
    /// Details of a Stateful workload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stateful_spec: Option<Untyped>,
    /// Details of a Consensus workload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consensus_spec: Option<ConsensusSpec>,
    /// Details of a Replication workload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replication_spec: Option<Untyped>,
    /// Details of the workload in the newer form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rsm_spec: Option<RsmSpec>,
    /// What new instances start from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub horizontal_scale_policy: Option<HorizontalScalePolicy>,
    /// Accounts that the operator makes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_accounts: Option<SystemAccounts>,
    /// What each volume holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])))]
    pub volume_types: Vec<VolumeTypeSpec>,
    /// Labels that the operator adds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["key"]), transform = rules::keyed_by_key))]
    pub custom_label_specs: Vec<Untyped>,
    /// How the leading role is moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub switchover_spec: Option<SwitchoverSpec>,
    /// Where metrics come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monitor: Option<MonitorSpec>,
    /// Services of others that the component needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_ref_declarations: Vec<ServiceReferenceDeclaration>,
}

/// What the operator reports of an engine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ClusterDefinitionStatus {
    /// Whether the engine may be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<AvailabilityPhase>,
    /// Why it may not be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Generation of the spec that was checked last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}
