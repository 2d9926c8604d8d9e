# From nothing: a VPC network with NAT, the control plane and three nodes in three zones.
resource "kubeblocks_gke_cluster" "shop" {
  name               = "shop"
  location           = "europe-west3"
  kubernetes_version = "1.34"

  network = {
    cidr = "10.0.0.0/16"
  }

  system_node_pool = {
    machine_types = ["e2-standard-4"]
    autoscaling   = { min = 3, max = 6 }
    disk_size_gib = 100
  }

  public_access_cidrs = ["203.0.113.0/24"]

  tags = {
    team = "shop"
  }
}

# In a network that exists.
resource "kubeblocks_gke_cluster" "shared" {
  name     = "shared"
  location = "europe-west3-a"

  network = {
    network    = "platform"
    subnetwork = "platform-europe-west3"
  }
}

# What is to run on it takes its way in from it, and is made by the same apply.
resource "kubeblocks_operator" "this" {
  kubernetes     = kubeblocks_gke_cluster.shop.kubernetes
  image_registry = "docker.io"
}
