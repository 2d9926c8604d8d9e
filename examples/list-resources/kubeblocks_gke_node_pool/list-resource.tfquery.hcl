# terraform query -generate-config-out=found.tf
list "kubeblocks_gke_node_pool" "shop" {
  provider         = kubeblocks
  include_resource = true

  config {
    kubernetes_cluster_id = "projects/shop-prod/locations/europe-west3/clusters/shop"
  }
}
