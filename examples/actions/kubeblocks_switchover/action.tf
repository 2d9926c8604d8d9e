action "kubeblocks_switchover" "orders" {
  config {
    namespace = "shop"
    cluster   = "orders"

    component = "postgresql"
    instance  = "orders-postgresql-1"
  }
}

# terraform apply -invoke=action.kubeblocks_switchover.orders
