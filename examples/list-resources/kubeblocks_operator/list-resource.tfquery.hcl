# terraform query -generate-config-out=found.tf
list "kubeblocks_operator" "all" {
  provider         = kubeblocks
  include_resource = true
}
