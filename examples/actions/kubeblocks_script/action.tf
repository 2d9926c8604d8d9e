action "kubeblocks_script" "orders" {
  config {
    namespace = "shop"
    cluster   = "orders"

    statements  = ["CREATE DATABASE app"]
    secret_refs = [{ name = "app-user", key = "user.sql" }]
  }
}

# terraform apply -invoke=action.kubeblocks_script.orders
