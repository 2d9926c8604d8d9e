data "kubeblocks_cluster_definition" "postgresql" {
  name = "postgresql"
}

resource "kubeblocks_cluster" "orders" {
  namespace          = "shop"
  name               = "orders"
  definition         = data.kubeblocks_cluster_definition.postgresql.name
  version            = data.kubeblocks_cluster_definition.postgresql.default_version
  termination_policy = "Delete"

  components = {
    postgresql = {
      replicas  = 2
      resources = { cpu = "500m", memory = "1Gi" }
      volumes   = { data = { size = "20Gi" } }
      logs      = data.kubeblocks_cluster_definition.postgresql.components["postgresql"].logs
    }
  }
}
