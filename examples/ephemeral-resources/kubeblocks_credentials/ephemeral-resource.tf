resource "kubeblocks_cluster" "orders" {
  namespace          = "shop"
  name               = "orders"
  definition         = "postgresql"
  version            = "postgresql-14.8.0"
  termination_policy = "Delete"
  components         = { postgresql = { volumes = { data = { size = "20Gi" } } } }
}

# Of a database in the same configuration: opened when it runs. Use it where values need not be stored: in provider
# blocks (`password = ephemeral.kubeblocks_credentials.orders.password`) and in write-only arguments.
ephemeral "kubeblocks_credentials" "orders" {
  secret = kubeblocks_cluster.orders.credentials_secret
}

# Of a database that is there already.
ephemeral "kubeblocks_credentials" "billing" {
  namespace = "finance"
  cluster   = "billing"
}

# Of a system account.
ephemeral "kubeblocks_credentials" "billing_admin" {
  namespace = "finance"
  cluster   = "billing"
  component = "postgresql"
  account   = "kbadmin"
}
