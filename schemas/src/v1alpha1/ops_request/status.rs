//! What the operator reports of an `OpsRequest`.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
#[cfg(feature = "crd")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(feature = "crd")]
use crate::crd::rules;
use crate::open_enum::open_enum;
use crate::v1alpha1::common::{ComponentPhase, Condition, Untyped, WorkloadType};

open_enum! {
    /// Phase of an operation; absent before the first pass.
    pub enum OpsPhase {
        /// Waits for its preconditions.
        Pending = "Pending",
        /// The action is being started.
        Creating = "Creating",
        /// The action is under way.
        Running = "Running",
        /// Being taken back.
        Cancelling = "Cancelling",
        /// Taken back. Final.
        Cancelled = "Cancelled",
        /// Final.
        Failed = "Failed",
        /// Final.
        Succeed = "Succeed",
    }
}

open_enum! {
    /// State of one object of an operation.
    pub enum ProgressStatus {
        /// Under way.
        Processing = "Processing",
        /// Not begun.
        Pending = "Pending",
        /// Over, without success.
        Failed = "Failed",
        /// Over, with success.
        Succeed = "Succeed",
    }
}

/// What the operator reports of an operation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OpsRequestStatus {
    /// Generation of the cluster that the operation made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_generation: Option<i64>,
    /// Phase of the operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<OpsPhase>,
    /// Done and all objects, `1/3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "-/-"), transform = rules::progress, required))]
    pub progress: Option<String>,
    /// What the cluster had before, for cancelling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_configuration: Option<Untyped>,
    /// State of each component by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub components: BTreeMap<String, OpsComponentStatus>,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_timestamp: Option<Time>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion_timestamp: Option<Time>,
    /// When cancelling was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_timestamp: Option<Time>,
    /// State of a change of parameters of one component.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconfiguring_status: Option<Untyped>,
    /// State of changes of parameters by component.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reconfiguring_status_as_component: BTreeMap<String, Untyped>,
    /// What has been reached and what stopped it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"])))]
    pub conditions: Vec<Condition>,
}

/// What the operator reports of one component of an operation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct OpsComponentStatus {
    /// Phase of the component.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<ComponentPhase>,
    /// When it failed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failed_time: Option<Time>,
    /// State of each object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub progress_details: Vec<ProgressDetail>,
    /// Workload of the component.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload_type: Option<WorkloadType>,
    /// One word for machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("maxLength" = 1024)))]
    pub reason: Option<String>,
    /// Text for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("maxLength" = 32768)))]
    pub message: Option<String>,
}

/// State of one object of an operation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ProgressDetail {
    /// Group of objects that belong together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// `Kind/name` of the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(required))]
    pub object_key: Option<String>,
    /// State of the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(required))]
    pub status: Option<ProgressStatus>,
    /// Text for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<Time>,
}
