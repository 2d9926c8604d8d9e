//! `ReplicatedStateMachine`: the workload of one component. Read to know whether a change has been rolled out.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
#[cfg(feature = "crd")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cluster_definition::MemberUpdateStrategy;
use super::common::MemberRole;
use super::common::{LabelSelector, RsmMember, Untyped};

/// The workload of one component.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[kube(
    kind = "ReplicatedStateMachine",
    group = "workloads.kubeblocks.io",
    version = "v1alpha1",
    namespaced,
    status = "ReplicatedStateMachineStatus",
    derive = "Default",
    derive = "PartialEq",
    schema = "disabled",
    shortname = "rsm",
    category = "kubeblocks",
    category = "all",
    printcolumn(
        name = "LEADER",
        type_ = "string",
        json_path = ".status.membersStatus[?(@.role.isLeader==true)].podName"
    ),
    printcolumn(name = "READY", type_ = "string", json_path = ".status.readyReplicas"),
    printcolumn(name = "REPLICAS", type_ = "string", json_path = ".status.replicas"),
    printcolumn(name = "AGE", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-preserve-unknown-fields" = true)))]
pub struct ReplicatedStateMachineSpec {
    /// Wanted number of pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = 1, "minimum" = 0)))]
    pub replicas: Option<i32>,
    /// Pods of the workload.
    pub selector: LabelSelector,
    /// Headless Service of the pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(required))]
    pub service_name: Option<String>,
    /// Service of the leader.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<Untyped>,
    /// Further Services.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternative_services: Vec<Untyped>,
    /// The pod.
    pub template: Untyped,
    /// Volumes of each pod.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volume_claim_templates: Vec<Untyped>,
    /// In which order pods are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_management_policy: Option<String>,
    /// How pods are replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_strategy: Option<Untyped>,
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
    /// Whether changes wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused: Option<bool>,
    /// How probes log in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<Untyped>,
}

/// What the operator reports of a workload.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReplicatedStateMachineStatus {
    /// Generation of the spec that was applied last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Generation that the pods belong to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_generation: Option<i64>,
    /// Pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(required))]
    pub replicas: Option<i32>,
    /// Ready pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready_replicas: Option<i32>,
    /// Pods of the current revision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_replicas: Option<i32>,
    /// Pods of the newest revision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_replicas: Option<i32>,
    /// Pods that have been ready for long enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available_replicas: Option<i32>,
    /// Revision that most pods have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_revision: Option<String>,
    /// Newest revision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_revision: Option<String>,
    /// Counter for names of revisions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collision_count: Option<i32>,
    /// Pods that the workload began with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(required))]
    pub init_replicas: Option<i32>,
    /// Ready pods of those.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready_init_replicas: Option<i32>,
    /// Roles of the pods.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members_status: Vec<RsmMember>,
    /// What has been reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<RsmCondition>,
}

/// One entry of the workload's conditions, as a `StatefulSet` has them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RsmCondition {
    /// Kind of condition.
    pub r#type: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// One word for machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Text for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// When `status` changed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Time>,
}
