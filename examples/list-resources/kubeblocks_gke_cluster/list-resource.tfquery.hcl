# terraform query -generate-config-out=found.tf
list "kubeblocks_gke_cluster" "all" {
  provider         = kubeblocks
  include_resource = true

  config {
    project = "shop-prod"
  }
}
