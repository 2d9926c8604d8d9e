//! The components of a `Cluster`.

#[cfg(feature = "crd")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(feature = "crd")]
use crate::crd::rules;
use crate::open_enum::open_enum;
use crate::v1alpha1::common::{Affinity, Resources, Service, Toleration};

open_enum! {
    /// Who issues the certificates of a component.
    pub enum IssuerName {
        /// The operator makes a certificate authority of its own.
        KubeBlocks = "KubeBlocks",
        /// Certificates come from a Secret.
        UserProvided = "UserProvided",
    }
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
