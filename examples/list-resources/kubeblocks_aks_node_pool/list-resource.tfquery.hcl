# terraform query -generate-config-out=found.tf
list "kubeblocks_aks_node_pool" "shop" {
  provider         = kubeblocks
  include_resource = true

  config {
    kubernetes_cluster_id = "/subscriptions/12345678-1234-9876-4563-123456789012/resourceGroups/shop/providers/Microsoft.ContainerService/managedClusters/shop"
  }
}
