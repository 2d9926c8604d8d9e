# Terraform 1.12 and OpenTofu 1.12, or later.
import {
  to = kubeblocks_backup.before_upgrade

  identity = {
    namespace = "shop"
    name      = "orders-before-upgrade"
  }
}
