resource "kubeblocks_eks_cluster" "shop" {
  name    = "shop"
  network = { cidr = "10.0.0.0/16" }
}

# For another provider that is to work on the cluster of the same apply.
ephemeral "kubeblocks_kubeconfig" "shop" {
  kubernetes = kubeblocks_eks_cluster.shop.kubernetes
}

provider "kubernetes" {
  host                   = ephemeral.kubeblocks_kubeconfig.shop.endpoint
  cluster_ca_certificate = ephemeral.kubeblocks_kubeconfig.shop.ca_certificate
  token                  = ephemeral.kubeblocks_kubeconfig.shop.token
}
