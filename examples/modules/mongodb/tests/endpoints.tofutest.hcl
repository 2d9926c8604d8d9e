# Addresses, for OpenTofu alone: mocks of Terraform fill no map of objects.
mock_provider "kubeblocks" {}

variables {
  namespace = "shop"
  name      = "catalog"
}

run "addresses_are_handed_on" {
  override_resource {
    target = kubeblocks_cluster.this

    values = {
      endpoints = {
        mongodb = { host = "catalog-mongodb.shop.svc", port = 27017, ports = {}, services = {} }
      }
    }
  }

  assert {
    condition     = output.host == "catalog-mongodb.shop.svc" && output.port == 27017
    error_message = "Host and port are those of the component mongodb."
  }

  assert {
    condition     = keys(output.endpoints) == tolist(["mongodb"])
    error_message = "All addresses are handed on."
  }
}
