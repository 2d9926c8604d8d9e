output "name" {
  description = "Name of the database."
  value       = kubeblocks_cluster.this.name
}

output "namespace" {
  description = "Its Kubernetes namespace."
  value       = kubeblocks_cluster.this.namespace
}

output "endpoints" {
  description = "Addresses of each component that has a Service."
  value       = kubeblocks_cluster.this.endpoints
}

output "host" {
  description = "Name of the Service that clients inside the Kubernetes cluster connect to."
  value       = try(kubeblocks_cluster.this.endpoints["broker"].host, null)
}

output "port" {
  description = "Its port."
  value       = try(kubeblocks_cluster.this.endpoints["broker"].port, null)
}

output "credentials_secret" {
  description = "The Secret with the credentials, for the ephemeral resource kubeblocks_credentials."
  value       = kubeblocks_cluster.this.credentials_secret
}

output "planned_impact" {
  description = "What the planned change does at worst: `none`, `rolling_restart`, `downtime` or `data_loss`."
  value       = kubeblocks_cluster.this.planned_impact.level
}
