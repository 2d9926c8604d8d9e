//! Types that several kinds share. Plain data: no rules beyond what serde needs.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
#[cfg(feature = "crd")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(feature = "crd")]
use crate::crd::rules;
use crate::open_enum::open_enum;
use crate::quantity::QuantityText;

open_enum! {
    /// How the instances of a component relate to each other.
    pub enum WorkloadType {
        /// Instances are interchangeable and hold no data.
        Stateless = "Stateless",
        /// Instances have a stable name and their own volumes.
        Stateful = "Stateful",
        /// Instances elect a leader.
        Consensus = "Consensus",
        /// One primary, the others follow it.
        Replication = "Replication",
    }
}

open_enum! {
    /// Phase of a component or of a whole cluster. None of them is final: `Failed` may turn into
    /// `Running` later.
    pub enum ComponentPhase {
        /// First start, nothing has failed yet.
        Creating = "Creating",
        /// All instances are ready.
        Running = "Running",
        /// A change is being rolled out.
        Updating = "Updating",
        /// Replicas are zero and instances are still there.
        Stopping = "Stopping",
        /// Replicas are zero and no instance is left.
        Stopped = "Stopped",
        /// The cluster is being removed.
        Deleting = "Deleting",
        /// Something is wrong at the moment; KubeBlocks may still recover.
        Failed = "Failed",
        /// Some components work and others do not.
        Abnormal = "Abnormal",
    }
}

open_enum! {
    /// How strictly instances are kept apart.
    pub enum PodAntiAffinity {
        /// Spread when possible.
        Preferred = "Preferred",
        /// Do not schedule where spreading is impossible.
        Required = "Required",
    }
}

open_enum! {
    /// Whether an instance shares its node.
    pub enum Tenancy {
        /// Nodes may run other workloads.
        SharedNode = "SharedNode",
        /// One instance a node.
        DedicatedNode = "DedicatedNode",
    }
}

open_enum! {
    /// What a member with a role can be used for.
    pub enum AccessMode {
        /// The role serves no requests.
        None = "None",
        /// The role serves reads.
        Readonly = "Readonly",
        /// The role serves reads and writes.
        ReadWrite = "ReadWrite",
    }
}

/// One entry of `status.conditions`. Lenient on reading: only `type` and `status` are always there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Kind of condition, for example `Ready`.
    #[cfg_attr(feature = "crd", schemars(transform = rules::condition_type))]
    pub r#type: String,
    /// `True`, `False` or `Unknown`.
    #[cfg_attr(feature = "crd", schemars(transform = rules::condition_status))]
    pub status: String,
    /// One word for machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(transform = rules::condition_reason, required))]
    pub reason: Option<String>,
    /// Text for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("maxLength" = 32768), required))]
    pub message: Option<String>,
    /// When `status` changed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(required))]
    pub last_transition_time: Option<Time>,
    /// Generation of the object that the condition speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("minimum" = 0)))]
    pub observed_generation: Option<i64>,
}

/// Where instances may run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Affinity {
    /// How strictly instances are kept apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "Preferred")))]
    pub pod_anti_affinity: Option<PodAntiAffinity>,
    /// Node labels to spread over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "set")))]
    pub topology_keys: Vec<String>,
    /// Labels a node must have; commas in a value mean any of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub node_labels: BTreeMap<String, String>,
    /// Whether an instance shares its node.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "SharedNode")))]
    pub tenancy: Option<Tenancy>,
}

/// A taint that instances accept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Toleration {
    /// Key of the taint; absent matches every key (with operator `Exists`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// `Equal` (default) or `Exists`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// Value of the taint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`; absent matches all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<String>,
    /// Seconds to stay after a `NoExecute` taint appears.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub toleration_seconds: Option<i64>,
}

/// CPU and memory by name, as a container has them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-preserve-unknown-fields" = true)))]
pub struct Resources {
    /// What the scheduler reserves.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub requests: BTreeMap<String, QuantityText>,
    /// What the instance may not exceed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, QuantityText>,
}

/// One more Service for a component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// Suffix of the Service's name.
    #[cfg_attr(feature = "crd", schemars(extend("maxLength" = 15)))]
    pub name: String,
    /// How the Service is reachable.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-preserve-unknown-fields" = true, "default" = "ClusterIP")))]
    pub service_type: Option<ServiceType>,
    /// Annotations of the Service, for example of a load balancer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

open_enum! {
    /// How a Service is reachable.
    pub enum ServiceType {
        /// Inside the Kubernetes cluster.
        ClusterIP = "ClusterIP",
        /// On a port of every node.
        NodePort = "NodePort",
        /// Through a load balancer of the cloud.
        LoadBalancer = "LoadBalancer",
    }
}

/// Objects by label.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-map-type" = "atomic")))]
pub struct LabelSelector {
    /// Labels that must be equal.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
    /// Further requirements, all must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<LabelRequirement>,
}

/// One requirement of a label selector.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LabelRequirement {
    /// Key of the label.
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: String,
    /// Values for `In` and `NotIn`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// A Secret in a namespace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-map-type" = "atomic")))]
pub struct NamespacedReference {
    /// Name of the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Namespace of the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// One key of a Secret or `ConfigMap`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-map-type" = "atomic")))]
pub struct KeySelector {
    /// Name of the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Key in the object.
    pub key: String,
    /// Whether the object or the key may be missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
}

/// Role of one instance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RsmMember {
    /// Name of the pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "Unknown"), required))]
    pub pod_name: Option<String>,
    /// Its role now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(required))]
    pub role: Option<MemberRole>,
}

/// A role that an instance of a workload may have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct MemberRole {
    /// Name of the role, for example `primary`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "leader"), required))]
    pub name: Option<String>,
    /// What the role can be used for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "ReadWrite"), required))]
    pub access_mode: Option<AccessMode>,
    /// Whether the member votes in elections.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = true)))]
    pub can_vote: Option<bool>,
    /// Whether this is the leading role.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = false)))]
    pub is_leader: Option<bool>,
}

/// A sub-tree that this crate carries along without knowing its fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Untyped(pub serde_json::Map<String, serde_json::Value>);

#[cfg(feature = "crd")]
impl JsonSchema for Untyped {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Untyped".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
    }
}
