import {
  to = kubeblocks_account.app
  id = "shop/orders/postgresql/app"
}
