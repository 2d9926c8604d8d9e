# Terraform 1.12 and OpenTofu 1.12, or later.
import {
  to = kubeblocks_backup_schedule.orders

  identity = {
    namespace = "shop"
    name      = "orders"
  }
}
