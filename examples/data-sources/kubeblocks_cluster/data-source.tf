data "kubeblocks_cluster" "orders" {
  namespace = "shop"
  name      = "orders"
}

output "primary" {
  description = "The instance that takes writes."
  value = one([
    for name, instance in data.kubeblocks_cluster.orders.components["postgresql"].instances :
    name if instance.role == "primary"
  ])
}
