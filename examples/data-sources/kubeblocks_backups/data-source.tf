data "kubeblocks_backups" "orders" {
  namespace = "shop"
  cluster   = "orders"
  status    = "Completed"
}

output "latest" {
  description = "The backup to come back to."
  value       = data.kubeblocks_backups.orders.latest_completed
}

output "kept_until" {
  description = "When each backup is removed."
  value       = { for backup in data.kubeblocks_backups.orders.backups : backup.name => backup.expires_at }
}
