# terraform query -generate-config-out=found.tf
list "kubeblocks_addon" "enabled" {
  provider         = kubeblocks
  include_resource = true
}
