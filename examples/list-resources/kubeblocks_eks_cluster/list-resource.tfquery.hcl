# terraform query -generate-config-out=found.tf
list "kubeblocks_eks_cluster" "frankfurt" {
  provider         = kubeblocks
  include_resource = true

  config {
    region = "eu-central-1"
  }
}
