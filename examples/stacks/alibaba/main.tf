# From nothing to two running databases on Alibaba Cloud, by one apply: network, an ACK cluster, the operator, add-ons, a
# PostgreSQL and a Redis.
#
# Credentials and region come from the environment: ALIBABA_CLOUD_ACCESS_KEY_ID and its like, ALIBABA_CLOUD_REGION_ID.

terraform {
  required_version = ">= 1.11"

  required_providers {
    kubeblocks = {
      source = "kubeblocks/kubeblocks"
    }
  }
}

provider "kubeblocks" {}

variable "name" {
  description = "Name of the Kubernetes cluster."
  type        = string
  default     = "data-stack"
}

variable "chart_repository" {
  description = "Where the chart of the operator comes from: https://, or oci:// for a registry."
  type        = string
  default     = "https://apecloud.github.io/helm-charts"
}

variable "deletion_protection" {
  description = "Whether a destroy of the Kubernetes cluster is refused."
  type        = bool
  default     = true
}

resource "kubeblocks_ack_cluster" "this" {
  name                = var.name
  network             = { cidr = "10.0.0.0/16" }
  system_node_pool    = { size = 3 }
  deletion_protection = var.deletion_protection
}

resource "kubeblocks_operator" "this" {
  kubernetes     = kubeblocks_ack_cluster.this.kubernetes
  chart          = { repository = var.chart_repository }
  image_registry = "docker.io"
}

resource "kubeblocks_addon" "this" {
  for_each = toset(["postgresql", "redis"])

  kubernetes = kubeblocks_operator.this.kubernetes
  name       = each.key
}

resource "kubeblocks_cluster" "orders" {
  kubernetes         = kubeblocks_addon.this["postgresql"].kubernetes
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

resource "kubeblocks_cluster" "cache" {
  kubernetes         = kubeblocks_addon.this["redis"].kubernetes
  namespace          = "default"
  name               = "cache"
  definition         = "redis"
  version            = "redis-7.0.6"
  termination_policy = "Delete"

  components = {
    redis = {
      replicas  = 2
      resources = { cpu = "500m", memory = "1Gi" }
      volumes   = { data = { size = "5Gi" } }
    }
  }
}

output "endpoints" {
  description = "Where the databases answer inside the Kubernetes cluster."
  value       = { for database in [kubeblocks_cluster.orders, kubeblocks_cluster.cache] : database.name => database.endpoints }
}
