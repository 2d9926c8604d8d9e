# Terraform 1.12 and OpenTofu 1.12, or later.
import {
  to = kubeblocks_account.app

  identity = {
    namespace = "shop"
    cluster   = "orders"
    component = "postgresql"
    name      = "app"
  }
}
