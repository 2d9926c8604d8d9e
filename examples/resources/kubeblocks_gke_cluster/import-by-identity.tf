# Terraform 1.12 and OpenTofu 1.12, or later.
import {
  to = kubeblocks_gke_cluster.shop

  identity = {
    project  = "shop-production"
    location = "europe-west3"
    name     = "shop"
  }
}
