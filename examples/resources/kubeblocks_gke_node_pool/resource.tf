resource "kubeblocks_gke_cluster" "shop" {
  name     = "shop"
  location = "europe-west3"
  network  = { cidr = "10.0.0.0/16" }
}

# Nodes for databases alone: others are kept away by the taint.
resource "kubeblocks_gke_node_pool" "databases" {
  kubernetes_cluster_id = kubeblocks_gke_cluster.shop.id
  name                  = "databases"
  machine_types         = ["n2-highmem-8"]
  size                  = 3
  disk_size_gib         = 200

  labels = {
    workload = "databases"
  }

  taints = [
    { key = "workload", value = "databases", effect = "NoSchedule" },
  ]
}
