# A Kafka without ZooKeeper. Its brokers are controllers as well, or have controllers of their own.

locals {
  resources  = { cpu = var.cpu, memory = var.memory }
  parameters = length(var.parameters) == 0 ? null : { "kafka-configuration-tpl" = var.parameters }
  metadata   = { size = var.metadata_size, storage_class = var.storage_class }

  broker = {
    definition = var.mode == "combined" ? "kafka-server" : "kafka-broker"
    replicas   = var.replicas
    resources  = local.resources
    parameters = local.parameters
    services   = var.exposure == null ? null : { lb = { type = "LoadBalancer", exposure = var.exposure } }

    volumes = {
      data     = { size = var.storage_size, storage_class = var.storage_class }
      metadata = local.metadata
    }
  }

  controller = {
    definition = "controller"
    replicas   = var.controllers
    resources  = local.resources
    parameters = local.parameters
    services   = null
    volumes    = { metadata = local.metadata }
  }
}

resource "kubeblocks_cluster" "this" {
  kubernetes         = var.kubernetes
  namespace          = var.namespace
  name               = var.name
  definition         = "kafka"
  version            = var.engine_version
  termination_policy = var.termination_policy
  accept_impact      = var.accept_impact

  components = merge(
    { broker = local.broker },
    var.mode == "separated" ? { controller = local.controller } : {},
  )

  # Where there are nodes enough, no two instances share one.
  affinity = {
    pod_anti_affinity = "Preferred"
    topology_keys     = ["kubernetes.io/hostname"]
  }
}
