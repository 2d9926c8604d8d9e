# An engine, as the operator's defaults have it.
resource "kubeblocks_addon" "redis" {
  name = "redis"
}

# A tool, with settings of its own and with more values for its chart.
resource "kubeblocks_addon" "prometheus" {
  name          = "prometheus"
  replicas      = 2
  storage_class = "standard"

  resources = {
    requests = { cpu = "500m", memory = "512Mi", storage = "50Gi" }
    limits   = { memory = "2Gi" }
  }

  extras = {
    alertmanager = { replicas = 1, persistent = false }
  }

  tolerations = [{
    key      = "monitoring"
    operator = "Exists"
  }]

  values = {
    server = {
      retention = "30d"
      extraArgs = { "web.enable-lifecycle" = "" }
    }
  }
}

# A chart that the operator has no add-on for.
resource "kubeblocks_addon" "etcd" {
  name = "etcd"

  chart = {
    url   = "file://etcd-0.7.5.tgz"
    image = "docker.io/apecloud/kubeblocks-charts:0.7.5"
  }
}

# A database waits for its engine by taking the definition from it.
resource "kubeblocks_cluster" "cache" {
  namespace          = "shop"
  name               = "cache"
  definition         = kubeblocks_addon.redis.cluster_definitions[0]
  version            = "redis-7.0.6"
  termination_policy = "Delete"

  components = {
    redis = { replicas = 2 }
  }
}
