# From nothing: a VPC with subnets in three zones, roles, the control plane, add-ons and three nodes.
resource "kubeblocks_eks_cluster" "shop" {
  name               = "shop"
  region             = "eu-central-1"
  kubernetes_version = "1.34"

  network = {
    cidr = "10.0.0.0/16"
  }

  system_node_pool = {
    machine_types = ["m6i.xlarge"]
    autoscaling   = { min = 3, max = 6 }
    disk_size_gib = 100
  }

  public_access_cidrs = ["203.0.113.0/24"]
  log_types           = ["audit", "authenticator"]

  tags = {
    team = "shop"
  }
}

# In subnets that exist, reached from within them only.
resource "kubeblocks_eks_cluster" "internal" {
  name = "internal"

  network = {
    subnet_ids = ["subnet-0a1b2c3d4e5f60718", "subnet-1a1b2c3d4e5f60718"]
  }

  endpoint_public_access = false
}

# What is to run on it takes its way in from it, and is made by the same apply.
resource "kubeblocks_operator" "this" {
  kubernetes     = kubeblocks_eks_cluster.shop.kubernetes
  image_registry = "docker.io"
}
