//! `ServiceDescriptor` (`apps.kubeblocks.io`).

use kube::CustomResource;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::DefinitionStatus;

#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "apps.kubeblocks.io",
    version = "v1alpha1",
    kind = "ServiceDescriptor",
    namespaced,
    status = "DefinitionStatus",
    schema = "disabled"
)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ServiceDescriptorSpec {
    pub(crate) service_kind: String,
    pub(crate) service_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) auth: Option<Value>,
}

impl ServiceDescriptorSpec {
    /// The Secrets that something is read from.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        let auth = self.auth.as_ref();
        let of_auth = |field: &str| auth.and_then(|auth| auth.get(field));
        [self.endpoint.as_ref(), of_auth("username"), of_auth("password"), self.port.as_ref()]
            .into_iter()
            .flatten()
            .filter_map(|value| value.pointer("/valueFrom/secretKeyRef/name")?.as_str())
            .collect()
    }
}
