# terraform query -generate-config-out=found.tf
list "kubeblocks_ack_cluster" "all" {
  provider         = kubeblocks
  include_resource = true

  config {
    all_regions = true
  }
}
