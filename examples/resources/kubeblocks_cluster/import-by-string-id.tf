import {
  to = kubeblocks_cluster.orders
  id = "shop/orders"
}
