# The real provider, with no Kubernetes cluster to ask: what it says, it says offline.
provider "kubeblocks" {
  kubernetes = {
    endpoint = "https://127.0.0.1:1"
    auth     = { method = "token_file", token_file = "/dev/null" }
  }
}

variables {
  name = "events"
}

run "defaults" {
  command = plan

  assert {
    condition     = kubeblocks_cluster.this.definition == "kafka" && kubeblocks_cluster.this.version == "kafka-3.3.2"
    error_message = "The engine is kafka in its default version."
  }

  assert {
    condition     = kubeblocks_cluster.this.components["broker"].replicas == 3
    error_message = "There are 3 instances."
  }

  assert {
    condition     = kubeblocks_cluster.this.components["broker"].volumes["data"].size == "20Gi"
    error_message = "The data lies on volumes of 20Gi."
  }

  assert {
    condition     = kubeblocks_cluster.this.planned_impact.after.instances == 3
    error_message = "The plan counts ${kubeblocks_cluster.this.planned_impact.after.instances} instances."
  }

  assert {
    condition     = kubeblocks_cluster.this.planned_impact.after.cpu == 3 && kubeblocks_cluster.this.planned_impact.after.memory_gib == 6
    error_message = "The plan counts the CPUs and the memory of all instances."
  }

  assert {
    condition     = kubeblocks_cluster.this.namespace == "default" && kubeblocks_cluster.this.termination_policy == "Delete"
    error_message = "It is in the namespace default, and a destroy removes its volumes."
  }

  assert {
    condition     = output.planned_impact == "none"
    error_message = "A new database disturbs nobody."
  }

  assert {
    condition = (
      kubeblocks_cluster.this.components["broker"].services == null &&
      kubeblocks_cluster.this.components["broker"].parameters == null
    )
    error_message = "No load balancer and no parameters unless they are asked for."
  }
}

run "what_is_asked_for" {
  command = plan

  variables {
    accept_impact = ["downtime"]
    storage_class = "fast"

    kubernetes = {
      endpoint = "https://127.0.0.1:2"
      auth     = { method = "token_file", token_file = "/dev/null" }
    }
  }

  assert {
    condition     = kubeblocks_cluster.this.kubernetes.endpoint == "https://127.0.0.1:2"
    error_message = "The database is in the Kubernetes cluster that is given."
  }

  assert {
    condition     = contains(kubeblocks_cluster.this.accept_impact, "downtime")
    error_message = "What is accepted is handed on."
  }

  assert {
    condition = alltrue(flatten([
      for component in values(kubeblocks_cluster.this.components) : [for volume in values(component.volumes) : volume.storage_class == "fast"]
    ]))
    error_message = "All volumes are of the storage class."
  }
}

run "combined" {
  command = plan

  assert {
    condition     = kubeblocks_cluster.this.components["broker"].definition == "kafka-server"
    error_message = "Combined brokers are of the definition kafka-server."
  }

  assert {
    condition     = kubeblocks_cluster.this.components["broker"].volumes["metadata"].size == "5Gi"
    error_message = "The metadata has a volume of its own."
  }

  assert {
    condition     = keys(kubeblocks_cluster.this.components) == tolist(["broker"])
    error_message = "There is one component."
  }
}

run "separated" {
  command = plan

  variables {
    mode     = "separated"
    replicas = 4
  }

  assert {
    condition = (
      kubeblocks_cluster.this.components["broker"].definition == "kafka-broker" &&
      kubeblocks_cluster.this.components["broker"].replicas == 4
    )
    error_message = "Separated brokers are of the definition kafka-broker, in any number."
  }

  assert {
    condition = (
      kubeblocks_cluster.this.components["controller"].replicas == 3 &&
      keys(kubeblocks_cluster.this.components["controller"].volumes) == tolist(["metadata"])
    )
    error_message = "Controllers have metadata and no data."
  }
}

run "controllers" {
  command = plan

  variables {
    mode       = "separated"
    parameters = { "log.retention.hours" = "72" }
  }

  assert {
    condition     = kubeblocks_cluster.this.planned_impact.after.cpu == 6 && kubeblocks_cluster.this.planned_impact.after.memory_gib == 12
    error_message = "Brokers and controllers have CPU and memory."
  }

  assert {
    condition = alltrue([
      for component in values(kubeblocks_cluster.this.components) : component.parameters["kafka-configuration-tpl"]["log.retention.hours"] == "72"
    ])
    error_message = "Parameters are those of brokers and controllers."
  }
}

run "metadata_size_has_a_unit" {
  command = plan

  variables {
    metadata_size = "5"
  }

  expect_failures = [var.metadata_size]
}

run "mode_is_one_of_two" {
  command = plan

  variables {
    mode = "zookeeper"
  }

  expect_failures = [var.mode]
}

run "controllers_are_odd" {
  command = plan

  variables {
    mode        = "separated"
    controllers = 2
  }

  expect_failures = [var.controllers]
}

run "number_of_instances" {
  command = plan

  variables {
    replicas = 2
  }

  expect_failures = [var.replicas]
}

run "name_is_short" {
  command = plan

  variables {
    name = "a-name-that-is-too-long"
  }

  expect_failures = [var.name]
}

run "version_is_of_the_engine" {
  command = plan

  variables {
    engine_version = "redis-7.0.6"
  }

  expect_failures = [var.engine_version]
}

run "size_has_a_unit" {
  command = plan

  variables {
    storage_size = "20"
  }

  expect_failures = [var.storage_size]
}

run "exposure_is_one_of_two" {
  command = plan

  variables {
    exposure = "public"
  }

  expect_failures = [var.exposure]
}

run "policy_is_one_of_four" {
  command = plan

  variables {
    termination_policy = "Keep"
  }

  expect_failures = [var.termination_policy]
}
