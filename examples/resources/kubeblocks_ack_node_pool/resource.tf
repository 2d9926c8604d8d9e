resource "kubeblocks_ack_cluster" "shop" {
  name    = "shop"
  network = { cidr = "10.0.0.0/16" }
}

# Nodes for databases alone: others are kept away by the taint.
resource "kubeblocks_ack_node_pool" "databases" {
  kubernetes_cluster_id = kubeblocks_ack_cluster.shop.id
  name                  = "databases"
  machine_types         = ["ecs.r7.2xlarge"]
  size                  = 3
  disk_size_gib         = 200

  labels = {
    workload = "databases"
  }

  taints = [
    { key = "workload", value = "databases", effect = "NoSchedule" },
  ]
}
