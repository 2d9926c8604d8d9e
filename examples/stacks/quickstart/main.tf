# Two databases and their credentials, from one apply.
#
# The KubeBlocks operator must run in the Kubernetes cluster. On a laptop, `make demo` brings one.

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

variable "namespace" {
  description = "Namespace of both databases. It must exist."
  type        = string
  default     = "default"
}

resource "kubeblocks_cluster" "cache" {
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
