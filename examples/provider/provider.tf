terraform {
  required_providers {
    kubeblocks = {
      source = "kubeblocks/kubeblocks"
    }
  }
}

# As kubectl: KUBECONFIG, then ~/.kube/config, then the pod that runs Terraform.
provider "kubeblocks" {}

resource "kubeblocks_operator" "this" {
  image_registry = "docker.io"
}

# Referring to the operator makes Terraform install it first and remove it last.
resource "kubeblocks_addon" "postgresql" {
  kubernetes = kubeblocks_operator.this.kubernetes
  name       = "postgresql"
}

resource "kubeblocks_cluster" "orders" {
  kubernetes         = kubeblocks_addon.postgresql.kubernetes
  namespace          = "default"
  name               = "orders"
  definition         = "postgresql"
  version            = "postgresql-14.8.0"
  termination_policy = "Delete"

  components = {
    postgresql = {
      replicas  = 2
      resources = { cpu = "1", memory = "2Gi" }
      volumes   = { data = { size = "20Gi" } }
    }
  }
}

output "orders" {
  value = kubeblocks_cluster.orders.endpoints["postgresql"].host
}
