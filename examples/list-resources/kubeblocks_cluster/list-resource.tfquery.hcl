# terraform query -generate-config-out=found.tf
list "kubeblocks_cluster" "shop" {
  provider         = kubeblocks
  include_resource = true

  config {
    namespace = "shop"
  }
}
