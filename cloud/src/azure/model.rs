//! AKS and its surroundings as the Resource Manager writes them. Every object keeps what it does not know here, as a
//! PUT replaces the whole.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(super) type Tags = BTreeMap<String, String>;
type Extra = Map<String, Value>;

/// A cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ManagedCluster {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tags: Option<Tags>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) identity: Option<Identity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sku: Option<Sku>,
    #[serde(rename = "eTag", skip_serializing_if = "Option::is_none")]
    pub(super) etag: Option<String>,
    pub(super) properties: ClusterProperties,
    #[serde(flatten)]
    pub(super) extra: Extra,
}

/// Who a cluster is in Azure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Identity {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_assigned_identities: Option<BTreeMap<String, Value>>,
    #[serde(flatten)]
    pub(super) extra: Extra,
}

/// What is paid for a control plane.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Sku {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tier: Option<String>,
    #[serde(flatten)]
    pub(super) extra: Extra,
}

/// What a cluster is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ClusterProperties {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) provisioning_state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kubernetes_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) current_kubernetes_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dns_prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fqdn: Option<String>,
    #[serde(rename = "privateFQDN", skip_serializing_if = "Option::is_none")]
    pub(super) private_fqdn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) agent_pool_profiles: Option<Vec<Pool>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) oidc_issuer_profile: Option<OidcIssuer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) security_profile: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) network_profile: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) aad_profile: Option<EntraProfile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) api_server_access_profile: Option<AccessProfile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) disable_local_accounts: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<Status>,
    #[serde(flatten)]
    pub(super) extra: Extra,
}

/// The issuer of the tokens of service accounts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct OidcIssuer {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) enabled: Option<bool>,
    #[serde(rename = "issuerURL", skip_serializing_if = "Option::is_none")]
    pub(super) issuer_url: Option<String>,
    #[serde(flatten)]
    pub(super) extra: Extra,
}

/// Who of Entra gets in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct EntraProfile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) managed: Option<bool>,
    #[serde(rename = "adminGroupObjectIDs", skip_serializing_if = "Option::is_none")]
    pub(super) admin_group_object_ids: Option<Vec<String>>,
    #[serde(flatten)]
    pub(super) extra: Extra,
}

/// Who reaches the API of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct AccessProfile {
    #[serde(rename = "authorizedIPRanges", skip_serializing_if = "Option::is_none")]
    pub(super) authorized_ip_ranges: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) enable_private_cluster: Option<bool>,
    #[serde(flatten)]
    pub(super) extra: Extra,
}

/// Why the last operation failed. Azure drops it from a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Status {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) provisioning_error: Option<Value>,
    #[serde(flatten)]
    pub(super) extra: Extra,
}

/// A pool, as it stands in its cluster (with its name) and as the properties of an object of its own (without).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Pool {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(rename = "eTag", skip_serializing_if = "Option::is_none")]
    pub(super) etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) vm_size: Option<String>,
    #[serde(rename = "osDiskSizeGB", skip_serializing_if = "Option::is_none")]
    pub(super) os_disk_size_gb: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) os_type: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) enable_auto_scaling: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) min_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) orchestrator_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) current_orchestrator_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) provisioning_state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) availability_zones: Option<Vec<String>>,
    #[serde(rename = "vnetSubnetID", skip_serializing_if = "Option::is_none")]
    pub(super) vnet_subnet_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scale_set_priority: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) node_labels: Option<Tags>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) node_taints: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tags: Option<Tags>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<Status>,
    #[serde(flatten)]
    pub(super) extra: Extra,
}

/// A pool as an object of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct AgentPool {
    pub(super) properties: Pool,
    #[serde(flatten)]
    pub(super) extra: Extra,
}

/// A resource group, a network or an identity: all that matters of them here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Plain {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tags: Option<Tags>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) properties: Option<PlainProperties>,
    #[serde(flatten)]
    pub(super) extra: Extra,
}

/// What is told of such an object.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PlainProperties {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) provisioning_state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) principal_id: Option<String>,
    #[serde(flatten)]
    pub(super) extra: Extra,
}

/// A page of clusters.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Clusters {
    pub(super) value: Vec<ListedCluster>,
    pub(super) next_link: Option<String>,
}

/// A cluster as far as a list is read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ListedCluster {
    pub(super) id: String,
    pub(super) tags: Option<Tags>,
}

/// A list of objects of which only their ids matter.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Listed {
    #[serde(default)]
    pub(super) value: Vec<Named>,
}

/// An object by its id.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Named {
    #[serde(default)]
    pub(super) id: String,
}

/// The kubeconfigs of a cluster.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Kubeconfigs {
    pub(super) kubeconfigs: Vec<Kubeconfig>,
}

/// One of them, in base64. It is a secret, so that it has no `Debug`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Kubeconfig {
    pub(super) value: String,
}

impl std::fmt::Debug for Kubeconfig {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Kubeconfig(******)")
    }
}

/// The versions that a region offers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Versions {
    pub(super) values: Vec<Version>,
}

/// A minor version.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Version {
    #[serde(rename = "version")]
    pub(super) minor: String,
    pub(super) is_default: Option<bool>,
    pub(super) is_preview: Option<bool>,
    pub(super) capabilities: Option<Capabilities>,
}

/// Who supports a version.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Capabilities {
    pub(super) support_plan: Option<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_known_survives_a_read_and_a_write() {
        let shown = json!({
            "id": "/subscriptions/0/x", "location": "westeurope", "eTag": "1",
            "identity": {"type": "SystemAssigned", "delegatedResources": {}},
            "properties": {
                "maxAgentPools": 100, "disableLocalAccounts": false,
                "agentPoolProfiles": [{"name": "system", "count": 3, "spotMaxPrice": -1.5, "maxPods": 250}],
                "apiServerAccessProfile": {"disableRunCommand": true},
            },
        });
        let read: ManagedCluster = serde_json::from_str(&shown.to_string()).unwrap();
        let pools = read.properties.agent_pool_profiles.as_deref().unwrap();
        assert_eq!((pools[0].name.as_deref(), pools[0].count), (Some("system"), Some(3)));
        let written: Value = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
        assert_eq!(written, shown);
    }
}
