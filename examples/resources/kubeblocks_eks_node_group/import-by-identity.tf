# Terraform 1.12 and OpenTofu 1.12, or later.
import {
  to = kubeblocks_eks_node_group.databases

  identity = {
    region                = "eu-central-1"
    kubernetes_cluster_id = "shop"
    name                  = "databases"
  }
}
