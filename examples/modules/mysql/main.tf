# A MySQL whose instances agree by Raft (`apecloud-mysql`). Of the engines that speak the protocol of MySQL it is the only one with
# backups, accounts, parameters and switchover in KubeBlocks 0.7.

resource "kubeblocks_cluster" "this" {
  kubernetes         = var.kubernetes
  namespace          = var.namespace
  name               = var.name
  definition         = "apecloud-mysql"
  version            = var.engine_version
  termination_policy = var.termination_policy
  accept_impact      = var.accept_impact
  backup             = var.backup
  restore            = var.restore_from == null ? null : { backup = var.restore_from }

  components = {
    mysql = {
      replicas   = var.replicas
      resources  = { cpu = var.cpu, memory = var.memory }
      volumes    = { data = { size = var.storage_size, storage_class = var.storage_class } }
      parameters = length(var.parameters) == 0 ? null : { "mysql-consensusset-config" = var.parameters }
      services   = var.exposure == null ? null : { lb = { type = "LoadBalancer", exposure = var.exposure } }
    }
  }

  # Where there are nodes enough, no two instances share one.
  affinity = {
    pod_anti_affinity = "Preferred"
    topology_keys     = ["kubernetes.io/hostname"]
  }
}
