import {
  to = kubeblocks_backup_schedule.orders
  id = "shop/orders"
}
