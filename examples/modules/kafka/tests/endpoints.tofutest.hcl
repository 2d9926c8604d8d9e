# Addresses, for OpenTofu alone: mocks of Terraform fill no map of objects.
mock_provider "kubeblocks" {}

variables {
  namespace = "shop"
  name      = "events"
}

run "addresses_are_handed_on" {
  override_resource {
    target = kubeblocks_cluster.this

    values = {
      endpoints = {
        broker = { host = "events-broker.shop.svc", port = 9092, ports = {}, services = {} }
      }
    }
  }

  assert {
    condition     = output.host == "events-broker.shop.svc" && output.port == 9092
    error_message = "Host and port are those of the component broker."
  }

  assert {
    condition     = keys(output.endpoints) == tolist(["broker"])
    error_message = "All addresses are handed on."
  }
}
