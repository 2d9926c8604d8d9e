locals {
  impacts = concat(
    kubeblocks_eks_cluster.this[*].planned_impact,
    kubeblocks_gke_cluster.this[*].planned_impact,
    kubeblocks_aks_cluster.this[*].planned_impact,
    kubeblocks_ack_cluster.this[*].planned_impact,
    values(kubeblocks_cluster.this)[*].planned_impact,
  )

  # The worst first.
  reached = [for level in ["data_loss", "downtime", "rolling_restart"] : level if contains(local.impacts[*].level, level)]
}

output "kubernetes" {
  description = "The Kubernetes cluster, for further resources. Null where it is that of the provider block."
  value       = kubeblocks_operator.this.kubernetes
}

output "databases" {
  description = "Of each database its engine, namespace, addresses and the Secret with its credentials."
  value = {
    for name, database in kubeblocks_cluster.this : name => {
      engine             = var.databases[name].engine
      namespace          = database.namespace
      endpoints          = database.endpoints
      credentials_secret = database.credentials_secret
    }
  }
}

output "backup_repo" {
  description = "Name of the place for backups; null without one."
  value       = one(kubeblocks_backup_repo.this[*].name)
}

output "planned_impact" {
  description = "What the planned changes do at worst: `none`, `rolling_restart`, `downtime` or `data_loss`."
  value       = concat(local.reached, ["none"])[0]
}
