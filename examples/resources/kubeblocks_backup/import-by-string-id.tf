import {
  to = kubeblocks_backup.before_upgrade
  id = "shop/orders-before-upgrade"
}
