# terraform query -generate-config-out=found.tf
list "kubeblocks_backup" "orders" {
  provider         = kubeblocks
  include_resource = true
  limit            = 20

  config {
    namespace = "shop"
    cluster   = "orders"
  }
}
