# What scripts/bench-cloud measures of kubeblocks: a cluster with its network, its first nodes, and one further group of
# nodes. hashicorp.tf makes the same objects.

terraform {
  required_providers {
    kubeblocks = {
      source = "kubeblocks/kubeblocks"
    }
  }
}

variable "name" {
  type = string
}

resource "kubeblocks_eks_cluster" "this" {
  name                = var.name
  kubernetes_version  = "1.34"
  deletion_protection = false

  network = {
    cidr = "10.0.0.0/16"
  }

  system_node_pool = {
    machine_types = ["m6i.xlarge"]
    size          = 3
  }
}

resource "kubeblocks_eks_node_group" "databases" {
  kubernetes_cluster_id = kubeblocks_eks_cluster.this.id
  name                  = "databases"
  machine_types         = ["r6i.2xlarge"]
  size                  = 3

  labels = {
    workload = "databases"
  }
}
