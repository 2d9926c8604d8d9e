# Addresses, for OpenTofu alone: mocks of Terraform fill no map of objects.
mock_provider "kubeblocks" {}

variables {
  namespace = "shop"
  name      = "billing"
}

run "addresses_are_handed_on" {
  override_resource {
    target = kubeblocks_cluster.this

    values = {
      endpoints = {
        mysql = { host = "billing-mysql.shop.svc", port = 3306, ports = {}, services = {} }
      }
    }
  }

  assert {
    condition     = output.host == "billing-mysql.shop.svc" && output.port == 3306
    error_message = "Host and port are those of the component mysql."
  }

  assert {
    condition     = keys(output.endpoints) == tolist(["mysql"])
    error_message = "All addresses are handed on."
  }
}
