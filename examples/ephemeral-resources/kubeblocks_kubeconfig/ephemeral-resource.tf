resource "kubeblocks_eks_cluster" "shop" {
  name    = "shop"
  network = { cidr = "10.0.0.0/16" }
}

# For the block of another provider that is to work on the cluster of the same apply: `endpoint`, `ca_certificate` and
# `token` become its `host`, `cluster_ca_certificate` and `token`.
ephemeral "kubeblocks_kubeconfig" "shop" {
  kubernetes = kubeblocks_eks_cluster.shop.kubernetes
}
