# terraform query -generate-config-out=found.tf
list "kubeblocks_object" "definitions" {
  provider         = kubeblocks
  include_resource = true

  config {
    api_version = "apps.kubeblocks.io/v1alpha1"
    kind        = "ClusterDefinition"
  }
}
