action "kubeblocks_backup_now" "orders" {
  config {
    namespace = "shop"
    cluster   = "orders"

    method    = "volume-snapshot"
    retention = "30d"
  }
}

# Makes a backup before every change of the database.
resource "kubeblocks_cluster" "orders" {
  namespace          = "shop"
  name               = "orders"
  definition         = "postgresql"
  version            = "postgresql-14.8.0"
  termination_policy = "Delete"

  components = {
    postgresql = {
      replicas = 2
      volumes  = { data = { size = "20Gi" } }
    }
  }

  lifecycle {
    action_trigger {
      events  = [before_update]
      actions = [action.kubeblocks_backup_now.orders]
    }
  }
}
