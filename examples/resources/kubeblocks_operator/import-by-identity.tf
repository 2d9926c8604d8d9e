# Terraform 1.12 and OpenTofu 1.12, or later.
import {
  to = kubeblocks_operator.this

  identity = {
    namespace = "kb-system"
    name      = "kubeblocks"
  }
}
