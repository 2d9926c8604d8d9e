# Terraform 1.12 and OpenTofu 1.12, or later.
import {
  to = kubeblocks_ack_cluster.shop

  identity = {
    region = "cn-hangzhou"
    id     = "c82e6987e2961451182edacd74fafb6a1"
  }
}
