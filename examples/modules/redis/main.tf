# A Redis with a primary and replicas, and three Sentinels, which choose another primary when it fails.

locals {
  redis = {
    replicas   = var.replicas
    resources  = { cpu = var.cpu, memory = var.memory }
    volumes    = { data = { size = var.storage_size, storage_class = var.storage_class } }
    parameters = length(var.parameters) == 0 ? null : { "redis-replication-config" = var.parameters }
    services   = var.exposure == null ? null : { lb = { type = "LoadBalancer", exposure = var.exposure } }
  }

  # They keep what they know of the primary, and little of it.
  sentinel = {
    replicas   = 3
    resources  = { cpu = "250m", memory = "256Mi" }
    volumes    = { data = { size = "1Gi", storage_class = var.storage_class } }
    parameters = null
    services   = null
  }
}

resource "kubeblocks_cluster" "this" {
  kubernetes         = var.kubernetes
  namespace          = var.namespace
  name               = var.name
  definition         = "redis"
  version            = var.engine_version
  termination_policy = var.termination_policy
  accept_impact      = var.accept_impact
  backup             = var.backup
  restore            = var.restore_from == null ? null : { backup = var.restore_from }

  components = merge(
    { redis = local.redis },
    var.sentinel ? { redis-sentinel = local.sentinel } : {},
  )

  # Where there are nodes enough, no two instances share one.
  affinity = {
    pod_anti_affinity = "Preferred"
    topology_keys     = ["kubernetes.io/hostname"]
  }
}
