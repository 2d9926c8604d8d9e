//! What the operator reports of a `Cluster`.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
#[cfg(feature = "crd")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::v1alpha1::common::{ComponentPhase, Condition, RsmMember, Untyped};

/// What the operator reports of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ClusterStatus {
    /// Generation of the spec that was applied last. It does not say that the roll is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Phase of the whole cluster; absent before the first pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<ComponentPhase>,
    /// Why the phase is what it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// State of each component by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub components: BTreeMap<String, ComponentStatus>,
    /// Generation of the `ClusterDefinition` in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_def_generation: Option<i64>,
    /// What has been reached and what stopped it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

/// What the operator reports of a component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ComponentStatus {
    /// Phase of the component.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<ComponentPhase>,
    /// Texts by `Kind/name` of the object they speak of.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub message: BTreeMap<String, String>,
    /// Whether all pods are ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods_ready: Option<bool>,
    /// Since when all pods are ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods_ready_time: Option<Time>,
    /// Roles of the instances.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members_status: Vec<RsmMember>,
    /// Roles in the older form for Consensus workloads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consensus_set_status: Option<Untyped>,
    /// Roles in the older form for Replication workloads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replication_set_status: Option<Untyped>,
}
