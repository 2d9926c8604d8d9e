//! What each cloud calls managed Kubernetes, for tests that are the same for all of them.

use acceptance_tests::clouds::Cloud;

/// The resource types of a cloud.
pub(crate) struct CloudWords {
    pub(crate) cloud: Cloud,
    /// Type of the Kubernetes cluster.
    pub(crate) cluster: &'static str,
    /// Type of a pool of nodes.
    pub(crate) pool: &'static str,
    /// Arguments of the cluster that only this cloud has: where it lies, and in what network.
    place: &'static str,
    /// How many nodes a pool grows by: where it has one in each zone, as many as there are zones.
    pub(crate) nodes_at_once: usize,
}

const NETWORK: &str = "  network = { cidr = \"10.0.0.0/16\" }";

pub(crate) const EKS: CloudWords = CloudWords {
    cloud: Cloud::Aws,
    cluster: "kubeblocks_eks_cluster",
    pool: "kubeblocks_eks_node_group",
    place: "  network = { cidr = \"10.0.0.0/16\", zones = [\"eu-central-1a\", \"eu-central-1b\"] }",
    nodes_at_once: 1,
};

pub(crate) const GKE: CloudWords = CloudWords {
    cloud: Cloud::Gcp,
    cluster: "kubeblocks_gke_cluster",
    pool: "kubeblocks_gke_node_pool",
    place: NETWORK,
    nodes_at_once: 3,
};

pub(crate) const AKS: CloudWords = CloudWords {
    cloud: Cloud::Azure,
    cluster: "kubeblocks_aks_cluster",
    pool: "kubeblocks_aks_node_pool",
    place: "  location = \"westeurope\"\n  network = { cidr = \"10.0.0.0/16\" }",
    nodes_at_once: 1,
};

pub(crate) const ACK: CloudWords = CloudWords {
    cloud: Cloud::Alibaba,
    cluster: "kubeblocks_ack_cluster",
    pool: "kubeblocks_ack_node_pool",
    place: NETWORK,
    nodes_at_once: 1,
};

impl CloudWords {
    /// A cluster named `this`, with a tag `team` and so many nodes of its own.
    pub(crate) fn cluster_hcl(&self, version: &str, team: &str, size: usize) -> String {
        let Self { cluster, place, .. } = self;
        format!(
            r#"resource "{cluster}" "this" {{
  name                = "shop"
  kubernetes_version  = "{version}"
  deletion_protection = false
  system_node_pool    = {{ size = {size} }}
  tags                = {{ team = "{team}" }}
{place}
}}
"#
        )
    }

    /// A pool of the cluster, with more lines.
    pub(crate) fn pool_hcl(&self, name: &str, lines: &str) -> String {
        let Self { cluster, pool, .. } = self;
        format!(
            r#"
resource "{pool}" "{name}" {{
  kubernetes_cluster_id = {cluster}.this.id
  name                  = "{name}"
{lines}
}}
"#
        )
    }
}
