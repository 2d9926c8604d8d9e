resource "kubeblocks_aks_cluster" "shop" {
  name     = "shop"
  location = "westeurope"
}

# Nodes for databases alone: others are kept away by the taint.
resource "kubeblocks_aks_node_pool" "databases" {
  kubernetes_cluster_id = kubeblocks_aks_cluster.shop.id
  name                  = "databases"
  machine_types         = ["Standard_E8s_v5"]
  size                  = 3
  disk_size_gib         = 200

  labels = {
    workload = "databases"
  }

  taints = [
    { key = "workload", value = "databases", effect = "NoSchedule" },
  ]
}
