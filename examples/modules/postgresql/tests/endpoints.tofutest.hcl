# Addresses, for OpenTofu alone: mocks of Terraform fill no map of objects.
mock_provider "kubeblocks" {}

variables {
  namespace = "shop"
  name      = "orders"
}

run "addresses_are_handed_on" {
  override_resource {
    target = kubeblocks_cluster.this

    values = {
      endpoints = {
        postgresql = { host = "orders-postgresql.shop.svc", port = 5432, ports = {}, services = {} }
      }
    }
  }

  assert {
    condition     = output.host == "orders-postgresql.shop.svc" && output.port == 5432
    error_message = "Host and port are those of the component postgresql."
  }

  assert {
    condition     = keys(output.endpoints) == tolist(["postgresql"])
    error_message = "All addresses are handed on."
  }
}
