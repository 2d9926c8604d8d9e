# The password is made where it is kept, for example in a vault, and comes through a variable that Terraform never stores.
variable "app_password" {
  type      = string
  ephemeral = true
}

# An account for a program that reads and writes.
resource "kubeblocks_account" "app" {
  kubernetes = kubeblocks_cluster.orders.kubernetes
  namespace  = kubeblocks_cluster.orders.namespace
  cluster    = kubeblocks_cluster.orders.name
  name       = "app"
  role       = "readwrite"
  password   = var.app_password

  # Another number sets the password again.
  password_revision = 1
}

resource "kubeblocks_cluster" "orders" {
  namespace          = "shop"
  name               = "orders"
  definition         = "postgresql"
  version            = "postgresql-14.8.0"
  termination_policy = "Delete"

  components = {
    postgresql = { replicas = 2, volumes = { data = { size = "20Gi" } } }
  }
}
