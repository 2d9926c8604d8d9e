# Made from `mocked.tftest.hcl`, with the mock data in it: OpenTofu reads no files of mock data.
# What the module hands on, with a provider that makes nothing.
mock_provider "kubeblocks" {
  mock_resource "kubeblocks_cluster" {
    defaults = {
      credentials_secret = { name = "orders-conn-credential", namespace = "default" }
      endpoints          = {}
      planned_impact     = { after = { cpu = 2, instances = 2, memory_gib = 4, nodes = null, storage_gib = 40 }, before = null, data_removed = [], instances_restarted = 0, level = "none", nodes_recreated = 0, reasons = [] }
    }
  }
}

variables {
  namespace = "shop"
  name      = "cache"
}

run "hands_on_what_clients_need" {
  # A mock cannot fill a map of objects, so no component has an address here. That must not fail whoever mocks the module.
  assert {
    condition     = output.host == null && output.port == null
    error_message = "Without addresses host and port are null."
  }

  assert {
    condition     = output.credentials_secret.name == "orders-conn-credential"
    error_message = "The Secret is handed on."
  }

  assert {
    condition     = output.planned_impact == kubeblocks_cluster.this.planned_impact.level
    error_message = "The level of the impact is handed on."
  }

  assert {
    condition     = output.name == "cache" && output.namespace == "shop"
    error_message = "Name and namespace are handed on."
  }
}

run "changes_in_place" {
  variables {
    storage_size = "40Gi"
    exposure     = "vpc"
    parameters   = { "maxmemory-policy" = "allkeys-lru" }
  }

  assert {
    condition     = kubeblocks_cluster.this.components["redis"].volumes["data"].size == "40Gi"
    error_message = "The size is that of the variable."
  }

  assert {
    condition     = kubeblocks_cluster.this.components["redis"].services["lb"].exposure == "vpc"
    error_message = "The exposure is that of the variable."
  }

  assert {
    condition     = contains(keys(kubeblocks_cluster.this.components["redis"].parameters), "redis-replication-config")
    error_message = "Parameters are written under the config spec."
  }
}
