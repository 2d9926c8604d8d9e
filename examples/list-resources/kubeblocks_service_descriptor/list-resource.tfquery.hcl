# terraform query -generate-config-out=found.tf
list "kubeblocks_service_descriptor" "shop" {
  provider         = kubeblocks
  include_resource = true

  config {
    namespace = "shop"
  }
}
