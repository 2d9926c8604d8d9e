data "kubeblocks_cluster_versions" "redis" {
  cluster_definition = "redis"
}

output "default" {
  value = data.kubeblocks_cluster_versions.redis.default_version
}

output "images" {
  description = "Every image that must be in the registry of an air-gapped site."
  value = distinct(flatten([
    for version in data.kubeblocks_cluster_versions.redis.cluster_versions : [
      for containers in version.images : values(containers)
    ]
  ]))
}
