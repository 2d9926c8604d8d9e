//! What a cluster of AKS and its node pools are to be, and how Azure is reached. Plain data; the API's own names are
//! kept where it has any.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::{ClusterId, Nodes};

/// How Azure is reached, and as whom. What is absent comes from the environment, under the names that Azure's own
/// libraries and its Terraform provider read.
#[derive(Clone, Default)]
pub struct Config {
    /// Id of the subscription.
    pub subscription_id: Option<String>,
    /// Id of the tenant, that is the directory of Entra.
    pub tenant_id: Option<String>,
    /// Id of the application, or of the managed identity.
    pub client_id: Option<String>,
    /// Secret of the application.
    pub client_secret: Option<String>,
    /// PEM file with the application's certificate and its RSA key.
    pub client_certificate_path: Option<PathBuf>,
    /// File with the token of another issuer, which is read anew each time.
    pub federated_token_file: Option<PathBuf>,
    /// Whether the managed identity of the machine is used.
    pub use_managed_identity: Option<bool>,
    /// Whether the account of `az login` is used when there is nothing else; it is unless this says `false`.
    pub use_cli: Option<bool>,
    /// Region whose offers [`crate::ManagedKubernetes::versions`] tells, such as `westeurope`.
    pub location: Option<String>,
    /// URL of Entra.
    pub authority_host: Option<String>,
    /// URL of the Resource Manager.
    pub resource_manager_endpoint: Option<String>,
    /// PEM file with further certificate authorities.
    pub ca_file: Option<PathBuf>,
}

impl fmt::Debug for Config {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Config")
            .field("subscription_id", &self.subscription_id)
            .field("tenant_id", &self.tenant_id)
            .field("client_id", &self.client_id)
            .field("client_certificate_path", &self.client_certificate_path)
            .field("federated_token_file", &self.federated_token_file)
            .field("location", &self.location)
            .finish_non_exhaustive()
    }
}

/// What a cluster is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterSpec {
    /// Its name, unique in the resource group.
    pub name: String,
    /// The owner's mark, by which it and its parts are found again.
    pub owner: String,
    /// Region, such as `westeurope`.
    pub location: String,
    /// The resource group that it lies in.
    pub resource_group: ResourceGroup,
    /// The network of its nodes.
    pub network: Network,
    /// Version of Kubernetes, such as `1.34`; the cloud's default without it.
    pub version: Option<String>,
    /// `Free`, `Standard` or `Premium`; the cloud's default, `Free`, without it.
    pub sku_tier: Option<String>,
    /// Whether its API answers within the network only. Cannot change.
    pub private_cluster: bool,
    /// Who may reach the API on the internet, as CIDR blocks; everybody when empty.
    pub authorized_ip_ranges: Vec<String>,
    /// Whether nobody gets in by a certificate. Needs [`ClusterSpec::admin_group_object_ids`].
    pub disable_local_accounts: bool,
    /// Ids of the groups of Entra whose members administrate the cluster. Not empty, the cluster takes tokens of Entra.
    pub admin_group_object_ids: Vec<String>,
    /// The pool that it is made with.
    pub system_pool: NodePoolSpec,
    /// Tags of everything that is made for it.
    pub tags: BTreeMap<String, String>,
}

/// The resource group of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceGroup {
    /// One that is there, and stays.
    Existing {
        /// Its name.
        name: String,
    },
    /// One that is made with the cluster, and removed after it.
    Made {
        /// Its name.
        name: String,
    },
}

impl ResourceGroup {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Existing { name } | Self::Made { name } => name,
        }
    }
}

/// The network of a cluster's nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Network {
    /// One that AKS makes and hides in the cluster's second resource group.
    Managed,
    /// One that is there.
    Existing {
        /// Id of the subnet of the nodes.
        subnet_id: String,
    },
    /// One that is made with the cluster: a virtual network with one subnet.
    Made {
        /// Its address block.
        cidr: String,
    },
}

/// What the machines of a pool are there for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Pods of the user.
    #[default]
    User,
    /// Pods of the cluster itself too. A cluster has at least one such pool.
    System,
}

/// What a node pool is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePoolSpec {
    /// Its cluster.
    pub cluster: ClusterId,
    /// Its name, unique in the cluster: lower-case letters and digits, at most twelve.
    pub name: String,
    /// The owner's mark. The pool that a cluster is made with has that of the cluster.
    pub owner: String,
    /// What its nodes are to be.
    pub nodes: Nodes,
    /// What they are there for.
    pub mode: Mode,
    /// Availability zones, such as `1`; none when empty.
    pub zones: Vec<String>,
    /// Id of its subnet; that of the cluster's first pool without it.
    pub subnet_id: Option<String>,
    /// Version of Kubernetes of its nodes; the cluster's without it.
    pub version: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_is_not_shown() {
        let config = Config {
            client_id: Some("app-1".to_owned()),
            client_secret: Some("marker".to_owned()),
            ..Config::default()
        };
        let shown = format!("{config:?}");
        assert!(shown.contains("app-1") && !shown.contains("marker"), "{shown}");
    }
}
