# The real provider, with no Kubernetes cluster to ask: what it says, it says offline.
provider "kubeblocks" {
  kubernetes = {
    endpoint = "https://127.0.0.1:1"
    auth     = { method = "token_file", token_file = "/dev/null" }
  }
}

variables {
  name = "cache"
}

run "defaults" {
  command = plan

  assert {
    condition     = kubeblocks_cluster.this.definition == "redis" && kubeblocks_cluster.this.version == "redis-7.0.6"
    error_message = "The engine is redis in its default version."
  }

  assert {
    condition     = kubeblocks_cluster.this.components["redis"].replicas == 2
    error_message = "There are 2 instances."
  }

  assert {
    condition     = kubeblocks_cluster.this.components["redis"].volumes["data"].size == "5Gi"
    error_message = "The data lies on volumes of 5Gi."
  }

  assert {
    condition     = kubeblocks_cluster.this.planned_impact.after.instances == 5
    error_message = "The plan counts ${kubeblocks_cluster.this.planned_impact.after.instances} instances."
  }

  assert {
    condition = (
      kubeblocks_cluster.this.planned_impact.after.cpu == 1.75 &&
      kubeblocks_cluster.this.planned_impact.after.memory_gib == 2.75
    )
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
      kubeblocks_cluster.this.components["redis"].services == null &&
      kubeblocks_cluster.this.components["redis"].parameters == null
    )
    error_message = "No load balancer and no parameters unless they are asked for."
  }

  assert {
    condition     = kubeblocks_cluster.this.backup == null && kubeblocks_cluster.this.restore == null
    error_message = "No backups unless they are asked for."
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

run "restore" {
  command = plan

  variables {
    restore_from = "cache-first"
  }

  assert {
    condition     = kubeblocks_cluster.this.restore.backup == "cache-first"
    error_message = "It starts from the backup."
  }
}

run "sentinels" {
  command = plan

  assert {
    condition     = kubeblocks_cluster.this.components["redis-sentinel"].replicas == 3
    error_message = "Three Sentinels watch."
  }
}

run "one_instance_alone" {
  command = plan

  variables {
    replicas = 1
    sentinel = false
  }

  assert {
    condition     = keys(kubeblocks_cluster.this.components) == tolist(["redis"])
    error_message = "There is nothing beside the one instance."
  }
}

run "several_instances_need_sentinels" {
  command = plan

  variables {
    sentinel = false
  }

  expect_failures = [var.sentinel]
}

run "backup_has_defaults" {
  command = plan

  variables {
    backup = { repo = "main" }
  }

  assert {
    condition = (
      kubeblocks_cluster.this.backup.repo == "main" &&
      kubeblocks_cluster.this.backup.method == "datafile" && kubeblocks_cluster.this.backup.retention == "7d"
    )
    error_message = "Method and retention have defaults."
  }
}

run "method_is_one_of_the_engine" {
  command = plan

  variables {
    backup = { method = "tape" }
  }

  expect_failures = [var.backup]
}

run "number_of_instances" {
  command = plan

  variables {
    replicas = 9
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
    engine_version = "mysql-8.0.33"
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
