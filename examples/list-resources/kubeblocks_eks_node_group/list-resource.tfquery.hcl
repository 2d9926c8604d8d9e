# terraform query -generate-config-out=found.tf
list "kubeblocks_eks_node_group" "shop" {
  provider         = kubeblocks
  include_resource = true

  config {
    region                = "eu-central-1"
    kubernetes_cluster_id = "shop"
  }
}
