//! `Cluster`: a database cluster. The one kind that people write by hand; the operator turns it into workloads.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
#[cfg(feature = "crd")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::{
    Affinity, ComponentPhase, Condition, Resources, RsmMember, Service, Tenancy, Toleration, Untyped,
};
#[cfg(feature = "crd")]
use crate::crd::rules;
use crate::open_enum::open_enum;
use crate::quantity::QuantityText;

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

open_enum! {
    /// Who issues the certificates of a component.
    pub enum IssuerName {
        /// The operator makes a certificate authority of its own.
        KubeBlocks = "KubeBlocks",
        /// Certificates come from a Secret.
        UserProvided = "UserProvided",
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

/// One component of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ComponentSpec {
    /// Name, part of the names of pods and Services.
    #[cfg_attr(feature = "crd", schemars(transform = rules::component_name))]
    pub name: String,
    /// Component of the `ClusterDefinition`.
    #[cfg_attr(feature = "crd", schemars(transform = rules::component_name))]
    pub component_def_ref: String,
    /// Named CPU and memory; wins over `resources`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_def_ref: Option<ClassReference>,
    /// Other services that the component uses. Sent as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_refs: Vec<ServiceReference>,
    /// Whether metrics are scraped.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = false)))]
    pub monitor: Option<bool>,
    /// Logs of the component definition that are collected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-list-type" = "set")))]
    pub enabled_logs: Vec<String>,
    /// Number of instances; 0 stops the component.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("minimum" = 0, "default" = 1), required))]
    pub replicas: Option<i32>,
    /// Replaces the cluster's affinity as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub affinity: Option<Affinity>,
    /// Replaces the cluster's tolerations as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-preserve-unknown-fields" = true)))]
    pub tolerations: Vec<Toleration>,
    /// CPU and memory of the first container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// Volumes of each instance. Sent as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volume_claim_templates: Vec<VolumeClaimTemplate>,
    /// Further Services. Sent as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Service>,
    /// What happens on a failed leader.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub switch_policy: Option<SwitchPolicy>,
    /// Whether connections are encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<bool>,
    /// Who issues the certificates; needed with `tls`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<Issuer>,
    /// `ServiceAccount` of the pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<String>,
    /// Whether to leave out the `PodDisruptionBudget`.
    #[serde(rename = "noCreatePDB", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = false)))]
    pub no_create_pdb: Option<bool>,
}

/// A named pair of CPU and memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ClassReference {
    /// Object that defines the class.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(transform = rules::object_name))]
    pub name: Option<String>,
    /// Name of the class.
    pub class: String,
}

/// A service that the component uses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ServiceReference {
    /// Name in the component definition's declaration.
    pub name: String,
    /// Namespace of what is referred to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Cluster that offers the service; wins over `serviceDescriptor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// `ServiceDescriptor` of an external service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_descriptor: Option<String>,
}

/// A volume of each instance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct VolumeClaimTemplate {
    /// Name of a volume mount of the component definition.
    pub name: String,
    /// The volume. Only its size may change later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<VolumeClaimSpec>,
}

/// The volume claim of each instance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct VolumeClaimSpec {
    /// For example `ReadWriteOnce`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-preserve-unknown-fields" = true)))]
    pub access_modes: Vec<String>,
    /// `requests.storage` is the size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// `StorageClas`s; the operator's default when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_class_name: Option<String>,
    /// `Filesystem` or `Block`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume_mode: Option<String>,
}

/// What happens on a failed leader.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SwitchPolicy {
    /// Always `Noop` in this version.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "Noop"), transform = rules::switch_policy))]
    pub r#type: Option<String>,
}

/// Who issues the certificates of a component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Issuer {
    /// Who issues the certificates.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(extend("default" = "KubeBlocks"), required))]
    pub name: Option<IssuerName>,
    /// Certificates of `UserProvided`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<CertificateSecret>,
}

/// Keys of a Secret with certificates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CertificateSecret {
    /// Name of the Secret.
    pub name: String,
    /// Key of the authority's certificate.
    pub ca: String,
    /// Key of the certificate.
    pub cert: String,
    /// Key of the private key.
    pub key: String,
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
