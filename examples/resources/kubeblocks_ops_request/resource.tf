# Restarts the database whenever the certificate that it reads at its start is another one.
resource "kubeblocks_ops_request" "restart" {
  kubernetes = kubeblocks_cluster.orders.kubernetes
  namespace  = kubeblocks_cluster.orders.namespace
  cluster    = kubeblocks_cluster.orders.name

  restart = { components = ["postgresql"] }

  triggers = { certificate = var.certificate_fingerprint }
}

# Makes a database in the database, once. The statements come from a Secret, as they hold a password.
resource "kubeblocks_ops_request" "app_user" {
  namespace = kubeblocks_cluster.orders.namespace
  cluster   = kubeblocks_cluster.orders.name

  script = {
    statements  = ["CREATE DATABASE app"]
    secret_refs = [{ name = "app-user", key = "user.sql" }]
  }
}

# Makes a backup before every upgrade: the version changes after it.
resource "kubeblocks_ops_request" "before_upgrade" {
  namespace = "shop"
  cluster   = "carts"

  backup_now = { method = "volume-snapshot", retention = "30d" }

  triggers = { version = var.carts_version }
}

# Moves the leading role to a pod of choice.
resource "kubeblocks_ops_request" "lead" {
  namespace = kubeblocks_cluster.orders.namespace
  cluster   = kubeblocks_cluster.orders.name

  switchover = { component = "postgresql", instance = "orders-postgresql-1" }
}

# Stops a database that is not managed here; `start = {}` starts it again.
resource "kubeblocks_ops_request" "night" {
  namespace = "test"
  cluster   = "scratch"

  stop = {}
}

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
}

variable "certificate_fingerprint" {
  type = string
}

variable "carts_version" {
  type = string
}
