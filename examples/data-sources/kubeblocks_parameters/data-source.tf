data "kubeblocks_parameters" "postgresql" {
  definition = "postgresql"
  component  = "postgresql"
}

# Parameters whose change restarts the instances.
output "restarting" {
  value = [for parameter in data.kubeblocks_parameters.postgresql.parameters : parameter.name if parameter.effect == "restart"]
}

# The values of a database that is there.
data "kubeblocks_parameters" "orders" {
  namespace = "shop"
  cluster   = "orders"
  component = "postgresql"
}

output "max_connections" {
  value = one([for parameter in data.kubeblocks_parameters.orders.parameters : parameter.value if parameter.name == "max_connections"])
}
