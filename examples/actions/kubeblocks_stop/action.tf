action "kubeblocks_stop" "orders" {
  config {
    namespace = "shop"
    cluster   = "orders"
  }
}

# terraform apply -invoke=action.kubeblocks_stop.orders
