data "kubeblocks_cluster" "orders" {
  namespace = "shop"
  name      = "orders"
}

output "primary" {
  description = "The instance that takes writes, also after a failover."
  value = one([
    for name, instance in data.kubeblocks_cluster.orders.instances :
    name if instance.component == "postgresql" && instance.leader
  ])
}

output "zones" {
  description = "Where the instances run."
  value       = { for name, instance in data.kubeblocks_cluster.orders.instances : name => instance.zone }
}
