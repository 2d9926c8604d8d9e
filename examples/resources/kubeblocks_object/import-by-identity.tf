# Terraform 1.12 and OpenTofu 1.12, or later.
import {
  to = kubeblocks_object.memo

  identity = {
    api_version = "apps.kubeblocks.io/v1alpha1"
    kind        = "ClusterDefinition"
    name        = "memo"
  }
}
