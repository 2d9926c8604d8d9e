//! `Cluster`: a database cluster. The one kind that people write by hand; the operator turns it into workloads.

mod component;
mod status;

use kube::CustomResource;
#[cfg(feature = "crd")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(feature = "crd")]
use crate::crd::rules;
use crate::open_enum::open_enum;
use crate::quantity::QuantityText;
use crate::v1alpha1::common::{Affinity, Tenancy, Toleration};

pub use component::{
    CertificateSecret, ClassReference, ComponentSpec, Issuer, IssuerName, ServiceReference, SwitchPolicy,
    VolumeClaimSpec, VolumeClaimTemplate,
};
pub use status::{ClusterStatus, ComponentStatus};

open_enum! {
    /// What deleting the cluster removes.
    pub enum TerminationPolicy {
        /// Deletion is accepted and then does nothing.
        DoNotTerminate = "DoNotTerminate",
        /// Workloads go, volumes and Secrets stay.
        Halt = "Halt",
        /// Volumes go too, backups stay.
        Delete = "Delete",
        /// Backups go too.
        WipeOut = "WipeOut",
    }
}

open_enum! {
    /// Short form of an affinity.
    pub enum AvailabilityPolicy {
        /// Spread over zones.
        Zone = "zone",
        /// Spread over nodes.
        Node = "node",
        /// Do not spread.
        None = "none",
    }
}

/// What the user wants of a database cluster.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[kube(
    kind = "Cluster",
    group = "apps.kubeblocks.io",
    version = "v1alpha1",
    namespaced,
    status = "ClusterStatus",
    derive = "Default",
    derive = "PartialEq",
    schema = "disabled",
    category = "kubeblocks",
    category = "all",
    printcolumn(name = "CLUSTER-DEFINITION", type_ = "string", json_path = ".spec.clusterDefinitionRef"),
    printcolumn(name = "VERSION", type_ = "string", json_path = ".spec.clusterVersionRef"),
    printcolumn(name = "TERMINATION-POLICY", type_ = "string", json_path = ".spec.terminationPolicy"),
    printcolumn(name = "STATUS", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "AGE", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct ClusterSpec {
    /// Name of the `ClusterDefinition`.
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-validations" = [{"rule": "self == oldSelf", "message": "clusterDefinitionRef cannot be changed"}]), transform = rules::object_name))]
    pub cluster_definition_ref: String,
    /// Name of the `ClusterVersion`. Changing it upgrades the engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(transform = rules::object_name))]
    pub cluster_version_ref: Option<String>,
    /// What deleting the cluster removes.
    pub termination_policy: TerminationPolicy,
    /// The components. Without any, a cluster never gets a phase.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"], "minItems" = 1)))]
    pub component_specs: Vec<ComponentSpec>,
    /// Where instances run, unless their component says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub affinity: Option<Affinity>,
    /// Taints that instances accept, unless their component says otherwise. Sent as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-preserve-unknown-fields" = true)))]
    pub tolerations: Vec<Toleration>,
    /// Only read when `affinity` is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenancy: Option<Tenancy>,
    /// Only read when `affinity` is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_policy: Option<AvailabilityPolicy>,
    /// Scheduled backups. Removing the object does not switch them off; `enabled: false` does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup: Option<ClusterBackup>,
    /// Replicas of the short form without components.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Resources of the short form without components.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<ShortResources>,
    /// Storage of the short form without components.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<ShortStorage>,
    /// Monitoring of the short form without components.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monitor: Option<ShortMonitor>,
    /// Network of the short form without components.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<ShortNetwork>,
}

/// Scheduled backups of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ClusterBackup {
    /// Whether the schedule runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = false)))]
    pub enabled: Option<bool>,
    /// How long a backup is kept, for example `7d` or `1mo`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "7d")))]
    pub retention_period: Option<String>,
    /// A method of the backup policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// When, in five fields, in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cron_expression: Option<String>,
    /// How late a run may start.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("minimum" = 0, "maximum" = 1440)))]
    pub starting_deadline_minutes: Option<i64>,
    /// `BackupRepo` to write to; the default one when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repo_name: Option<String>,
    /// Nothing reads this in v0.7.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = false)))]
    pub pitr_enabled: Option<bool>,
}

/// CPU and memory of the short form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ShortResources {
    /// CPU of each instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<QuantityText>,
    /// Memory of each instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<QuantityText>,
}

/// Storage of the short form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ShortStorage {
    /// Size of each volume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<QuantityText>,
}

/// Monitoring of the short form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ShortMonitor {
    /// Interval of scraping.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(transform = rules::int_or_string))]
    pub monitoring_interval: Option<serde_json::Value>,
}

/// Network of the short form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ShortNetwork {
    /// Whether the network of the host is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = false)))]
    pub host_network_accessible: Option<bool>,
    /// Whether the internet may connect.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = false)))]
    pub publicly_accessible: Option<bool>,
}
