# Addresses, for OpenTofu alone: mocks of Terraform fill no map of objects.
mock_provider "kubeblocks" {}

variables {
  namespace = "shop"
  name      = "cache"
}

run "addresses_are_handed_on" {
  override_resource {
    target = kubeblocks_cluster.this

    values = {
      endpoints = {
        redis = { host = "cache-redis.shop.svc", port = 6379, ports = {}, services = {} }
      }
    }
  }

  assert {
    condition     = output.host == "cache-redis.shop.svc" && output.port == 6379
    error_message = "Host and port are those of the component redis."
  }

  assert {
    condition     = keys(output.endpoints) == tolist(["redis"])
    error_message = "All addresses are handed on."
  }
}
