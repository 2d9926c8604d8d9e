# From an empty Kubernetes cluster to two running databases, by one apply: the operator, two add-ons, two databases.
#
# `make demo` applies it on a laptop. On a Kubernetes cluster of your own, nothing needs to be set.

terraform {
  required_version = ">= 1.11"

  required_providers {
    kubeblocks = {
      source = "kubeblocks/kubeblocks"
    }
  }
}

# Without a `kubernetes` argument the provider takes KUBECONFIG, ~/.kube/config, or the pod it runs in.
provider "kubeblocks" {}

variable "chart_repository" {
  description = "Where the chart of the operator comes from: https://, or oci:// for a registry."
  type        = string
  default     = "https://apecloud.github.io/helm-charts"
}

variable "namespace" {
  description = "Namespace of both databases. It must exist."
  type        = string
  default     = "default"
}

resource "kubeblocks_operator" "this" {
  version        = "0.7.5"
  chart          = { repository = var.chart_repository }
  image_registry = "docker.io"

  # `terraform destroy` then leaves nothing. Leave it out where others may use the same definitions.
  delete_crds = true
}

# What an add-on brings is installed in the operator's Kubernetes cluster, so it says which one that is. The reference
# also makes Terraform install the operator first, and remove it last.
resource "kubeblocks_addon" "redis" {
  kubernetes = kubeblocks_operator.this.kubernetes
  name       = "redis"
}

resource "kubeblocks_addon" "postgresql" {
  kubernetes = kubeblocks_operator.this.kubernetes
  name       = "postgresql"
}

resource "kubeblocks_cluster" "cache" {
  kubernetes         = kubeblocks_addon.redis.kubernetes
  namespace          = var.namespace
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

resource "kubeblocks_cluster" "orders" {
  kubernetes         = kubeblocks_addon.postgresql.kubernetes
  namespace          = var.namespace
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
# Read at each run and kept nowhere: neither the plan nor the state holds a password.
ephemeral "kubeblocks_credentials" "orders" {
  secret = kubeblocks_cluster.orders.credentials_secret

  lifecycle {
    postcondition {
      condition     = self.username != null && self.password != null
      error_message = "The database orders has no credentials."
    }
  }
}

ephemeral "kubeblocks_credentials" "cache" {
  secret = kubeblocks_cluster.cache.credentials_secret

  lifecycle {
    postcondition {
      condition     = self.username != null && self.password != null
      error_message = "The database cache has no credentials."
    }
  }
}

output "endpoints" {
  description = "Where the databases answer inside the Kubernetes cluster."
  value = {
    cache  = kubeblocks_cluster.cache.endpoints
    orders = kubeblocks_cluster.orders.endpoints
  }
}

output "credentials_secrets" {
  description = "The Secrets that hold the credentials, by name."
  value = {
    cache  = kubeblocks_cluster.cache.credentials_secret
    orders = kubeblocks_cluster.orders.credentials_secret
  }
}
