# From nothing: a VPC with vSwitches in three zones, NAT, the control plane and three nodes.
resource "kubeblocks_ack_cluster" "shop" {
  name               = "shop"
  region             = "cn-hangzhou"
  kubernetes_version = "1.34"

  network = {
    cidr = "10.0.0.0/16"
  }

  system_node_pool = {
    machine_types = ["ecs.g7.xlarge", "ecs.g6.xlarge"]
    size          = 3
    disk_size_gib = 120
  }

  tags = {
    team = "shop"
  }
}

# In vSwitches that exist, with an address block of their own for pods.
resource "kubeblocks_ack_cluster" "shared" {
  name     = "shared"
  pod_cidr = "172.20.0.0/16"

  network = {
    vswitch_ids = ["vsw-bp1a2b3c4d5e6f7g8h9i0", "vsw-bp1b2c3d4e5f6g7h8i9j0"]
  }
}

# What is to run on it takes its way in from it, and is made by the same apply.
resource "kubeblocks_operator" "this" {
  kubernetes     = kubeblocks_ack_cluster.shop.kubernetes
  image_registry = "docker.io"
}
