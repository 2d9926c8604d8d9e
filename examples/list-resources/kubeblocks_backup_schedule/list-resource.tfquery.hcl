# terraform query -generate-config-out=found.tf
list "kubeblocks_backup_schedule" "shop" {
  provider         = kubeblocks
  include_resource = true

  config {
    namespace = "shop"
  }
}
