data "kubeblocks_cluster_definitions" "mongodb" {
  addon = "mongodb"
}

output "defaults" {
  description = "The default version of each engine that the add-on brought."
  value = {
    for name, definition in data.kubeblocks_cluster_definitions.mongodb.cluster_definitions :
    name => definition.default_version
  }
}
