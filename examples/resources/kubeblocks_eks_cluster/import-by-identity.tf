# Terraform 1.12 and OpenTofu 1.12, or later.
import {
  to = kubeblocks_eks_cluster.shop

  identity = {
    region = "eu-central-1"
    name   = "shop"
  }
}
