# From nothing: a resource group, a virtual network, the control plane and three nodes.
resource "kubeblocks_aks_cluster" "shop" {
  name               = "shop"
  location           = "westeurope"
  kubernetes_version = "1.34"
  sku_tier           = "Standard"

  network = {
    cidr = "10.0.0.0/16"
  }

  system_node_pool = {
    machine_types = ["Standard_D4s_v5"]
    autoscaling   = { min = 3, max = 6 }
    disk_size_gib = 128
  }

  public_access_cidrs = ["203.0.113.0/24"]

  tags = {
    team = "shop"
  }
}

# In a resource group and a subnet that exist, entered by members of a group of Entra only.
resource "kubeblocks_aks_cluster" "internal" {
  name                   = "internal"
  location               = "westeurope"
  resource_group_name    = "platform"
  admin_group_object_ids = ["5e6b6f4c-2d1f-4a53-9d0c-1f1c7b6a0c11"]
  disable_local_accounts = true

  network = {
    subnet_id = "/subscriptions/9d1a3c52-0000-0000-0000-000000000000/resourceGroups/platform/providers/Microsoft.Network/virtualNetworks/platform/subnets/nodes"
  }
}

# What is to run on it takes its way in from it, and is made by the same apply.
resource "kubeblocks_operator" "this" {
  kubernetes     = kubeblocks_aks_cluster.shop.kubernetes
  image_registry = "docker.io"
}
