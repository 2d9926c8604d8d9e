//! Cluster (`apps.kubeblocks.io`).

use std::collections::BTreeMap;

use kube::CustomResource;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Condition, MemberStatus, is_false};

#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "apps.kubeblocks.io",
    version = "v1alpha1",
    kind = "Cluster",
    namespaced,
    status = "ClusterStatus",
    schema = "disabled"
)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ClusterSpec {
    pub(crate) cluster_definition_ref: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) cluster_version_ref: String,
    pub(crate) termination_policy: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) component_specs: Vec<ComponentSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) affinity: Option<Affinity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tolerations: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) backup: Option<ClusterBackup>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ComponentSpec {
    pub(crate) name: String,
    pub(crate) component_def_ref: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) class_def_ref: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) service_refs: Vec<ServiceRef>,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) monitor: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) enabled_logs: Vec<String>,
    pub(crate) replicas: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) affinity: Option<Affinity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tolerations: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resources: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) volume_claim_templates: Vec<ClaimTemplate>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) services: Vec<ComponentService>,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) tls: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) issuer: Option<Issuer>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) service_account_name: String,
    #[serde(skip_serializing_if = "is_false", rename = "noCreatePDB")]
    pub(crate) no_create_pdb: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ServiceRef {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) namespace: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) cluster: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) service_descriptor: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ClaimTemplate {
    pub(crate) name: String,
    pub(crate) spec: Value,
}

impl ClaimTemplate {
    /// The requested size as it was written, for example `20Gi`.
    pub(crate) fn size(&self) -> Option<&str> {
        self.spec.pointer("/resources/requests/storage").and_then(Value::as_str)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ComponentService {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) service_type: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Issuer {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret_ref: Option<Value>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(clippy::struct_field_names, reason = "the API names it so")]
pub(crate) struct Affinity {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) pod_anti_affinity: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) topology_keys: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) node_labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) tenancy: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ClusterBackup {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) enabled: Option<bool>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) retention_period: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) method: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) cron_expression: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) starting_deadline_minutes: Option<i64>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) repo_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pitr_enabled: Option<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ClusterStatus {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) observed_generation: Option<i64>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) phase: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cluster_def_generation: Option<i64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) components: BTreeMap<String, ComponentStatus>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) conditions: Vec<Condition>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ComponentStatus {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) phase: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) message: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pods_ready: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pods_ready_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) consensus_set_status: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) replication_set_status: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) members_status: Vec<MemberStatus>,
}

impl Cluster {
    /// The status, or an empty one before the first write.
    pub(crate) fn status(&self) -> ClusterStatus {
        self.status.clone().unwrap_or_default()
    }

    pub(crate) fn generation(&self) -> i64 {
        self.metadata.generation.unwrap_or_default()
    }

    pub(crate) fn observed_generation(&self) -> i64 {
        self.status.as_ref().and_then(|status| status.observed_generation).unwrap_or_default()
    }

    pub(crate) fn phase(&self) -> &str {
        self.status.as_ref().map_or("", |status| &status.phase)
    }

    pub(crate) fn annotation(&self, key: &str) -> Option<&str> {
        self.metadata.annotations.as_ref()?.get(key).map(String::as_str)
    }

    pub(crate) fn component(&self, name: &str) -> Option<&ComponentSpec> {
        self.spec.component_specs.iter().find(|component| component.name == name)
    }

    /// Whether a deletion is under way. A Cluster with the policy `DoNotTerminate` goes on running although it has a
    /// deletion timestamp.
    pub(crate) fn is_deleting(&self) -> bool {
        self.metadata.deletion_timestamp.is_some() && self.spec.termination_policy != "DoNotTerminate"
    }

    /// Whether the spec holds a generation that the operator has not taken over yet.
    pub(crate) fn is_updating(&self) -> bool {
        self.observed_generation() != self.generation()
    }
}
