# Taken once, before something that may go wrong.
resource "kubeblocks_backup" "before_upgrade" {
  kubernetes = kubeblocks_cluster.orders.kubernetes
  namespace  = kubeblocks_cluster.orders.namespace
  cluster    = kubeblocks_cluster.orders.name
  name       = "orders-before-upgrade"
  method     = "pg-basebackup"
}

resource "kubeblocks_cluster" "orders" {
  namespace          = "shop"
  name               = "orders"
  definition         = "postgresql"
  version            = "postgresql-14.8.0"
  termination_policy = "Delete"
  backup             = { repo = "main", method = "pg-basebackup", schedule = "0 3 * * *" }

  components = {
    postgresql = { volumes = { data = { size = "20Gi" } } }
  }
}
