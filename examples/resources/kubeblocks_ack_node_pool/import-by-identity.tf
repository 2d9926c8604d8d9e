# Terraform 1.12 and OpenTofu 1.12, or later.
import {
  to = kubeblocks_ack_node_pool.databases

  identity = {
    region                = "cn-hangzhou"
    kubernetes_cluster_id = "c82e6987e2961451182edacd74fafb6a1"
    id                    = "np737f1a3f2b5c4e0d9a8b7c6d5e4f3a2b"
  }
}
