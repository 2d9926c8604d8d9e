# Terraform 1.12 and OpenTofu 1.12, or later.
import {
  to = kubeblocks_gke_node_pool.databases

  identity = {
    kubernetes_cluster_id = "projects/shop-production/locations/europe-west3/clusters/shop"
    name                  = "databases"
  }
}
