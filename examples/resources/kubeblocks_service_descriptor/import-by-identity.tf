# Terraform 1.12 and OpenTofu 1.12, or later.
import {
  to = kubeblocks_service_descriptor.etcd

  identity = {
    namespace = "shop"
    name      = "etcd"
  }
}
