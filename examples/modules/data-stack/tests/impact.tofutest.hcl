# Of several impacts the worst is told. For Terraform: impact.tftest.hcl.
mock_provider "kubeblocks" {}

variables {
  databases          = { orders = { engine = "postgresql" }, cache = { engine = "redis" } }
  backup_credentials = { accessKeyId = "a", secretAccessKey = "s" }
}

run "the_worst_impact_counts" {
  override_resource {
    target = kubeblocks_cluster.this

    values = {
      planned_impact = {
        level               = "downtime"
        reasons             = []
        instances_restarted = 0
        nodes_recreated     = 0
        data_removed        = []
        before              = null
        after               = null
      }
    }
  }

  assert {
    condition     = output.planned_impact == "downtime"
    error_message = "Of several impacts the worst is told, not ${output.planned_impact}."
  }
}
