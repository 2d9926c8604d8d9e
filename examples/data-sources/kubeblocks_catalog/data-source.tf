# No Kubernetes cluster is asked: this is the support matrix of KubeBlocks v0.7.
data "kubeblocks_catalog" "all" {}

data "kubeblocks_catalog" "with_backup" {
  function = "backup_restore"
}

output "matrix" {
  value = {
    for name, addon in data.kubeblocks_catalog.all.addons : name => addon.functions
  }
}

output "engines_with_backup" {
  value = keys(data.kubeblocks_catalog.with_backup.addons)
}

output "postgresql_versions" {
  value = data.kubeblocks_catalog.all.addons["postgresql"].cluster_definitions["postgresql"].cluster_versions
}
