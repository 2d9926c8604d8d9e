//! `ServiceDescriptor`: how to reach a service outside of KubeBlocks.

use kube::CustomResource;
#[cfg(feature = "crd")]
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::backup_policy::AvailabilityPhase;
use super::common::KeySelector;

/// An external service.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[kube(
    kind = "ServiceDescriptor",
    group = "apps.kubeblocks.io",
    version = "v1alpha1",
    namespaced,
    status = "ServiceDescriptorStatus",
    derive = "Default",
    derive = "PartialEq",
    schema = "disabled",
    shortname = "sd",
    category = "kubeblocks",
    category = "all",
    printcolumn(name = "SERVICE_KIND", type_ = "string", json_path = ".spec.serviceKind"),
    printcolumn(name = "SERVICE_VERSION", type_ = "string", json_path = ".spec.serviceVersion"),
    printcolumn(name = "STATUS", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "AGE", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct ServiceDescriptorSpec {
    /// Kind of service, for example `mysql`.
    pub service_kind: String,
    /// Version of the service.
    pub service_version: String,
    /// Host, or host and port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<CredentialValue>,
    /// Port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<CredentialValue>,
    /// How to log in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<ConnectionAuth>,
}

/// How to log in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConnectionAuth {
    /// Name of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<CredentialValue>,
    /// Password of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<CredentialValue>,
}

/// A value or where it is read from; one of both.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CredentialValue {
    /// The value itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Where the value is read from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_from: Option<ValueSource>,
}

/// Where a value is read from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", schemars(extend("x-kubernetes-preserve-unknown-fields" = true)))]
pub struct ValueSource {
    /// Key of a `ConfigMap`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_map_key_ref: Option<KeySelector>,
    /// Key of a Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key_ref: Option<KeySelector>,
}

/// What the operator reports of an external service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ServiceDescriptorStatus {
    /// Whether the service may be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<AvailabilityPhase>,
    /// Why it may not be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Generation of the spec that was checked last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}
