action "kubeblocks_start" "orders" {
  config {
    namespace = "shop"
    cluster   = "orders"
  }
}

# terraform apply -invoke=action.kubeblocks_start.orders
