//! What a cluster of GKE and its node pools are to be. Plain data; the API's own names are kept where it has any.

use std::collections::BTreeMap;

use crate::{ClusterId, Nodes};

/// What a cluster is to be. It is a Standard cluster, VPC-native, with workload identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterSpec {
    /// Its name, unique in project and location: at most 40 of `[a-z0-9-]`, the first a letter.
    pub name: String,
    /// The owner's mark, by which it and its parts are found again.
    pub owner: String,
    /// A region (three control planes, nodes in several zones) or a zone (one of each).
    pub location: String,
    /// Zones of its nodes; those of a region are its first three when empty.
    pub zones: Vec<String>,
    /// Version of Kubernetes, such as `1.34`, or GKE's own such as `1.34.1-gke.1829001`; the channel's default without
    /// it.
    pub version: Option<String>,
    /// How new the releases are that GKE upgrades it to.
    pub release_channel: ReleaseChannel,
    /// The network that it lies in.
    pub network: Network,
    /// Whether its nodes have no addresses of their own on the internet.
    pub private_nodes: bool,
    /// Whether its API answers on the internet.
    pub public_endpoint: bool,
    /// Who may reach the API; everybody without it, nobody on the internet when it is empty.
    pub authorized_networks: Option<Vec<AuthorizedNetwork>>,
    /// The pool that it is made with. Its cluster and owner are not looked at.
    pub system_pool: NodePoolSpec,
    /// Labels of the cluster as a resource of Google Cloud: `[a-z0-9_-]`.
    pub labels: BTreeMap<String, String>,
}

/// How new the releases of Kubernetes are that GKE upgrades a cluster to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReleaseChannel {
    /// As soon as they are there.
    Rapid,
    /// After some months.
    #[default]
    Regular,
    /// Later still.
    Stable,
    /// As `Regular`, with long support for money.
    Extended,
    /// None: GKE upgrades only at the end of a version's support.
    Unspecified,
}

/// Addresses from which the API may be reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuthorizedNetwork {
    /// CIDR block.
    pub cidr: String,
    /// What it is called.
    pub name: String,
}

/// The network of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Network {
    /// One that is there.
    Existing {
        /// Name of the VPC network, or `projects/P/global/networks/N`, which may be another project's.
        network: String,
        /// Name of the subnetwork in the cluster's region, or `projects/P/regions/R/subnetworks/S`.
        subnetwork: String,
        /// Secondary range for pods; GKE makes one without it.
        pods_range: Option<String>,
        /// Secondary range for services; GKE takes one of its own without it.
        services_range: Option<String>,
    },
    /// One that is made with the cluster: a VPC network with one subnetwork in the cluster's region, and a router with
    /// NAT when the nodes are private.
    Made {
        /// Address block, `/9` to `/20`: the upper half is for pods, the first quarter for nodes, a sixteenth after
        /// that for services. A node takes a `/24` of the pods.
        cidr: String,
    },
}

/// What a pool of nodes is to be. Sizes are those of the whole pool; GKE counts for each zone, so the number of zones
/// must divide [`Nodes::size`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePoolSpec {
    /// Its cluster.
    pub cluster: ClusterId,
    /// Its name, unique in the cluster, with the same letters.
    pub name: String,
    /// The owner's mark.
    pub owner: String,
    /// What its nodes are to be.
    pub nodes: Nodes,
    /// Zones of its nodes; the cluster's when empty.
    pub zones: Vec<String>,
    /// Type of the nodes' disks, such as `pd-balanced`; GKE's default without it.
    pub disk_type: Option<String>,
    /// Image of the nodes, such as `COS_CONTAINERD`; GKE's default without it.
    pub image_type: Option<String>,
    /// Email of the nodes' service account; the project's default one without it.
    pub service_account: Option<String>,
    /// Version of Kubernetes of its nodes; the cluster's without it.
    pub version: Option<String>,
    /// Labels of its machines as resources of Google Cloud.
    pub labels: BTreeMap<String, String>,
}
