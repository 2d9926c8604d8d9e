# Full backups every night, kept for a month, and snapshots of the volumes every six hours, kept for two days.
resource "kubeblocks_backup_schedule" "orders" {
  kubernetes = kubeblocks_cluster.orders.kubernetes
  namespace  = kubeblocks_cluster.orders.namespace
  cluster    = kubeblocks_cluster.orders.name
  name       = "orders"

  schedules = {
    pg-basebackup   = { cron = "0 3 * * *", retention = "1mo" }
    volume-snapshot = { cron = "0 */6 * * *", retention = "2d" }
  }
}

resource "kubeblocks_cluster" "orders" {
  namespace          = "shop"
  name               = "orders"
  definition         = "postgresql"
  version            = "postgresql-14.8.0"
  termination_policy = "Delete"

  components = {
    postgresql = { volumes = { data = { size = "20Gi" } } }
  }
}
