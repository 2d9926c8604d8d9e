# terraform query -generate-config-out=found.tf
list "kubeblocks_backup_repo" "all" {
  provider         = kubeblocks
  include_resource = true
}
