# terraform query -generate-config-out=found.tf
list "kubeblocks_aks_cluster" "shop" {
  provider         = kubeblocks
  include_resource = true

  config {
    resource_group_name = "shop"
  }
}
