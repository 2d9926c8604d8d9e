# terraform query -generate-config-out=found.tf
list "kubeblocks_ack_node_pool" "shop" {
  provider         = kubeblocks
  include_resource = true

  config {
    region                = "cn-hangzhou"
    kubernetes_cluster_id = "c82e6987e2961451182edacd74faf1234"
  }
}
