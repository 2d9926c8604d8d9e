# Of several impacts the worst is told. For OpenTofu: impact.tofutest.hcl.
mock_provider "kubeblocks" {}

variables {
  databases          = { orders = { engine = "postgresql" }, cache = { engine = "redis" } }
  backup_credentials = { accessKeyId = "a", secretAccessKey = "s" }
}

run "the_worst_impact_counts" {
  override_resource {
    target = kubeblocks_cluster.this["orders"]
    values = { planned_impact = { level = "downtime" } }
  }

  override_resource {
    target = kubeblocks_cluster.this["cache"]
    values = { planned_impact = { level = "rolling_restart" } }
  }

  assert {
    condition     = output.planned_impact == "downtime"
    error_message = "Of several impacts the worst is told, not ${output.planned_impact}."
  }
}
