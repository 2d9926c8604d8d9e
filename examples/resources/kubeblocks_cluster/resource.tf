resource "kubeblocks_cluster" "orders" {
  namespace          = "shop"
  name               = "orders"
  definition         = "postgresql"
  version            = "postgresql-14.8.0"
  termination_policy = "Delete"

  components = {
    postgresql = {
      replicas  = 2
      resources = { cpu = "1", memory = "2Gi" }
      volumes   = { data = { size = "20Gi" } }
      logs      = ["running"]

      parameters = {
        "postgresql-configuration" = { max_connections = "300" }
      }

      services = {
        lb = { type = "LoadBalancer", exposure = "vpc" }
      }
    }
  }

  affinity = {
    pod_anti_affinity = "Required"
    topology_keys     = ["kubernetes.io/hostname"]
  }

  timeouts = {
    create = "45m"
  }
}

# Several components, one of them under another name than its definition.
resource "kubeblocks_cluster" "cache" {
  namespace          = "shop"
  name               = "cache"
  definition         = "redis"
  version            = "redis-7.0.6"
  termination_policy = "WipeOut"

  components = {
    redis = {
      replicas = 2

      resources = {
        requests = { cpu = "250m", memory = "1Gi" }
        limits   = { cpu = "1", memory = "1Gi" }
      }

      volumes = { data = { size = "5Gi", storage_class = "standard" } }
    }

    sentinel = {
      definition = "redis-sentinel"
      replicas   = 3
      volumes    = { data = { size = "1Gi" } }
    }
  }

  tolerations = [{
    key      = "dedicated"
    operator = "Equal"
    value    = "databases"
    effect   = "NoSchedule"
  }]
}

output "orders_host" {
  value = kubeblocks_cluster.orders.endpoints["postgresql"].host
}
