# From an empty cloud account, or from a Kubernetes cluster that exists, to running databases: a managed Kubernetes cluster
# where it is wanted, KubeBlocks, the add-ons of the engines in use, a place for backups, and the databases.

resource "kubeblocks_eks_cluster" "this" {
  count               = var.cloud == "aws" ? 1 : 0
  name                = var.name
  region              = var.location
  network             = { cidr = var.network_cidr }
  system_node_pool    = var.nodes
  deletion_protection = var.deletion_protection
}

resource "kubeblocks_gke_cluster" "this" {
  count               = var.cloud == "gcp" ? 1 : 0
  name                = var.name
  location            = var.location
  network             = { cidr = var.network_cidr }
  system_node_pool    = var.nodes
  deletion_protection = var.deletion_protection
}

resource "kubeblocks_aks_cluster" "this" {
  count               = var.cloud == "azure" ? 1 : 0
  name                = var.name
  location            = var.location
  network             = { cidr = var.network_cidr }
  system_node_pool    = var.nodes
  deletion_protection = var.deletion_protection
}

resource "kubeblocks_ack_cluster" "this" {
  count               = var.cloud == "alibaba" ? 1 : 0
  name                = var.name
  region              = var.location
  network             = { cidr = var.network_cidr }
  system_node_pool    = var.nodes
  deletion_protection = var.deletion_protection
}

locals {
  kubernetes = {
    none    = var.kubernetes
    aws     = one(kubeblocks_eks_cluster.this[*].kubernetes)
    gcp     = one(kubeblocks_gke_cluster.this[*].kubernetes)
    azure   = one(kubeblocks_aks_cluster.this[*].kubernetes)
    alibaba = one(kubeblocks_ack_cluster.this[*].kubernetes)
  }[var.cloud]
}

resource "kubeblocks_operator" "this" {
  kubernetes     = local.kubernetes
  version        = var.kubeblocks_version
  chart          = { repository = var.chart_repository }
  image_registry = var.image_registry
}

resource "kubeblocks_addon" "this" {
  for_each   = toset([for database in values(var.databases) : local.engines[database.engine].addon])
  kubernetes = kubeblocks_operator.this.kubernetes
  name       = each.key
}

resource "kubeblocks_backup_repo" "this" {
  count                  = var.backup_repo == null ? 0 : 1
  kubernetes             = kubeblocks_operator.this.kubernetes
  name                   = var.backup_repo.name
  storage_provider       = var.backup_repo.storage_provider
  access_method          = var.backup_repo.access_method
  volume_capacity        = var.backup_repo.volume_capacity
  config                 = var.backup_repo.config
  credentials_wo         = var.backup_credentials
  credentials_wo_version = var.backup_repo.storage_provider == "pvc" ? null : var.backup_credentials_version
}

resource "kubeblocks_cluster" "this" {
  for_each           = var.databases
  kubernetes         = kubeblocks_addon.this[local.engines[each.value.engine].addon].kubernetes
  namespace          = each.value.namespace
  name               = each.key
  definition         = local.engines[each.value.engine].addon
  version            = coalesce(each.value.version, local.engines[each.value.engine].version)
  termination_policy = each.value.termination_policy
  components         = local.components[each.key]

  backup = var.backup_repo == null || !each.value.backup || local.engines[each.value.engine].method == null ? null : {
    repo      = kubeblocks_backup_repo.this[0].name
    method    = local.engines[each.value.engine].method
    schedule  = "0 3 * * *"
    retention = var.backup_repo.retention
  }

  # Where there are nodes enough, no two instances share one.
  affinity = {
    pod_anti_affinity = "Preferred"
    topology_keys     = ["kubernetes.io/hostname"]
  }
}
