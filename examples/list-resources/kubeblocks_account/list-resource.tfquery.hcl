# terraform query -generate-config-out=found.tf
list "kubeblocks_account" "orders" {
  provider         = kubeblocks
  include_resource = true

  config {
    namespace = "shop"
    cluster   = "orders"
  }
}
