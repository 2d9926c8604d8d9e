//! `ReplicatedStateMachine` (`workloads.kubeblocks.io`).

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::StatefulSetUpdateStrategy;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, PodTemplateSpec, Service};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::CustomResource;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::is_zero;

#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "workloads.kubeblocks.io",
    version = "v1alpha1",
    kind = "ReplicatedStateMachine",
    namespaced,
    status = "ReplicatedStateMachineStatus",
    schema = "disabled"
)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ReplicatedStateMachineSpec {
    pub(crate) replicas: i32,
    pub(crate) selector: LabelSelector,
    pub(crate) service_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service: Option<Service>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) alternative_services: Vec<Service>,
    pub(crate) template: PodTemplateSpec,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) volume_claim_templates: Vec<PersistentVolumeClaim>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pod_management_policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) update_strategy: Option<StatefulSetUpdateStrategy>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) roles: Vec<ReplicaRole>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role_probe: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) member_update_strategy: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ReplicaRole {
    pub(crate) name: String,
    pub(crate) access_mode: String,
    pub(crate) can_vote: bool,
    pub(crate) is_leader: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct MemberStatus {
    pub(crate) pod_name: String,
    pub(crate) role: ReplicaRole,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ReplicatedStateMachineStatus {
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) observed_generation: i64,
    pub(crate) replicas: i32,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) ready_replicas: i32,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) current_replicas: i32,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) updated_replicas: i32,
    pub(crate) available_replicas: i32,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) current_revision: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) update_revision: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) collision_count: Option<i32>,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) current_generation: i64,
    // Always there, as the kind requires it: 0 for workloads without roles.
    pub(crate) init_replicas: i32,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) ready_init_replicas: i32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) members_status: Vec<MemberStatus>,
}

impl ReplicatedStateMachine {
    pub(crate) fn status(&self) -> ReplicatedStateMachineStatus {
        self.status.clone().unwrap_or_default()
    }

    pub(crate) fn generation(&self) -> i64 {
        self.metadata.generation.unwrap_or_default()
    }

    /// The generation of the Cluster that this workload was last built from.
    pub(crate) fn cluster_generation(&self) -> Option<i64> {
        self.metadata.annotations.as_ref()?.get(crate::operator::naming::ANNOTATION_GENERATION)?.parse().ok()
    }

    pub(crate) fn labels(&self) -> BTreeMap<String, String> {
        self.metadata.labels.clone().unwrap_or_default()
    }

    /// Whether members have roles that a probe reports.
    pub(crate) fn has_roles(&self) -> bool {
        !self.spec.roles.is_empty() && self.spec.role_probe.is_some()
    }
}
