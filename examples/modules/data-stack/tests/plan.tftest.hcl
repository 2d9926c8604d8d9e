# The real provider, with no Kubernetes cluster to ask: what it says, it says offline.
provider "kubeblocks" {
  kubernetes = {
    endpoint = "https://127.0.0.1:1"
    auth     = { method = "token_file", token_file = "/dev/null" }
  }
}

# Rendering the chart takes helm, and the chart's repository.
override_resource {
  target = kubeblocks_operator.this
}

variables {
  databases = {
    orders  = { engine = "postgresql", storage_size = "50Gi", parameters = { max_connections = "300" } }
    billing = { engine = "mysql", parameters = { max_connections = "600" } }
    cache   = { engine = "redis", cpu = "500m", memory = "1Gi", storage_size = "5Gi", parameters = { maxmemory-policy = "allkeys-lru" } }
    catalog = { engine = "mongodb", parameters = { "operationProfiling.slowOpThresholdMs" = "200" } }
    events  = { engine = "kafka", replicas = 5, namespace = "streams", parameters = { "log.retention.hours" = "72" } }
    logs    = { engine = "kafka" }
  }
}

run "existing_kubernetes" {
  command = plan

  assert {
    condition = length(concat(
      kubeblocks_eks_cluster.this, kubeblocks_gke_cluster.this, kubeblocks_aks_cluster.this, kubeblocks_ack_cluster.this
    )) == 0
    error_message = "No Kubernetes cluster is made."
  }

  assert {
    condition     = join(" ", keys(kubeblocks_addon.this)) == "apecloud-mysql kafka mongodb postgresql redis"
    error_message = "Each engine has its add-on: ${join(", ", keys(kubeblocks_addon.this))}."
  }

  assert {
    condition     = length(kubeblocks_backup_repo.this) == 0 && output.backup_repo == null
    error_message = "No place for backups is made."
  }

  assert {
    condition     = output.planned_impact == "none"
    error_message = "New databases disturb nobody."
  }
}

run "engines" {
  command = plan

  assert {
    condition = { for name, database in kubeblocks_cluster.this : name => database.version } == {
      orders = "postgresql-14.8.0", billing = "ac-mysql-8.0.30", cache = "redis-7.0.6", catalog = "mongodb-5.0.20", events = "kafka-3.3.2"
      logs   = "kafka-3.3.2"
    }
    error_message = "Each engine has its default version."
  }

  assert {
    condition = { for name, database in kubeblocks_cluster.this : name => database.planned_impact.after.instances } == {
      orders = 2, billing = 3, cache = 5, catalog = 3, events = 5, logs = 3
    }
    error_message = "Each engine has the number of instances with which it survives the loss of one, and Redis three Sentinels."
  }

  assert {
    condition = { for name, database in kubeblocks_cluster.this : name => join(" ", keys(database.components)) } == {
      orders = "postgresql", billing = "mysql", cache = "redis redis-sentinel", catalog = "mongodb", events = "broker", logs = "broker"
    }
    error_message = "Components have the names that their engines know."
  }

  assert {
    condition = { for name, database in kubeblocks_cluster.this : name => database.planned_impact.after.memory_gib } == {
      orders = 4, billing = 6, cache = 2.75, catalog = 6, events = 10, logs = 6
    }
    error_message = "Each instance has 2 GiB unless something else is asked for."
  }

  assert {
    condition = { for name, database in kubeblocks_cluster.this : name => database.planned_impact.after.cpu } == {
      orders = 2, billing = 3, cache = 1.75, catalog = 3, events = 5, logs = 3
    }
    error_message = "Each instance has one CPU unless something else is asked for."
  }

  assert {
    condition = { for name, database in kubeblocks_cluster.this : name => database.planned_impact.after.storage_gib } == {
      orders = 100, billing = 60, cache = 13, catalog = 60, events = 125, logs = 75
    }
    error_message = "Each instance has 20 GiB unless something else is asked for, Sentinels 1 GiB, and Kafka 5 GiB for metadata."
  }

  assert {
    condition     = alltrue([for database in values(kubeblocks_cluster.this) : database.termination_policy == "Delete"])
    error_message = "A destroy removes the volumes."
  }

  assert {
    condition     = keys(kubeblocks_cluster.this["events"].components["broker"].volumes) == tolist(["data", "metadata"])
    error_message = "Kafka has a volume for metadata."
  }

  assert {
    condition = merge([
      for database in values(kubeblocks_cluster.this) : merge([for component in values(database.components) : component.parameters]...)
      ]...) == tomap({
      postgresql-configuration  = tomap({ max_connections = "300" })
      mysql-consensusset-config = tomap({ max_connections = "600" })
      redis-replication-config  = tomap({ maxmemory-policy = "allkeys-lru" })
      mongodb-config            = tomap({ "operationProfiling.slowOpThresholdMs" = "200" })
      kafka-configuration-tpl   = tomap({ "log.retention.hours" = "72" })
    })
    error_message = "Parameters are written under the config spec of each engine."
  }

  assert {
    condition     = kubeblocks_cluster.this["orders"].components["postgresql"].volumes["data"].size == "50Gi"
    error_message = "The size is that of the variable."
  }

  assert {
    condition     = kubeblocks_cluster.this["events"].namespace == "streams" && kubeblocks_cluster.this["orders"].namespace == "default"
    error_message = "Databases live in the namespace that is asked for."
  }

  assert {
    condition     = alltrue([for database in values(kubeblocks_cluster.this) : database.backup == null])
    error_message = "Without a place for backups there are none."
  }
}

run "backups" {
  command = plan

  variables {
    backup_repo        = { storage_provider = "s3", config = { bucket = "b", region = "eu-central-1" } }
    backup_credentials = { accessKeyId = "a", secretAccessKey = "s" }

    databases = {
      orders  = { engine = "postgresql" }
      billing = { engine = "mysql" }
      cache   = { engine = "redis" }
      catalog = { engine = "mongodb" }
      scratch = { engine = "postgresql", backup = false }
      events  = { engine = "kafka" }
    }
  }

  assert {
    condition = { for name, database in kubeblocks_cluster.this : name => try(database.backup.method, "none") } == {
      orders = "pg-basebackup", billing = "xtrabackup", cache = "datafile", catalog = "datafile", scratch = "none", events = "none"
    }
    error_message = "Each database is backed up by a method of its engine; what is left out, and an engine without backups, is not."
  }

  assert {
    condition     = kubeblocks_cluster.this["orders"].backup.repo == "backups"
    error_message = "Backups go to the repository."
  }

  assert {
    condition = (
      kubeblocks_cluster.this["orders"].backup.schedule == "0 3 * * *" &&
      kubeblocks_cluster.this["orders"].backup.retention == "7d"
    )
    error_message = "It is backed up every night, and kept for a week."
  }

  assert {
    condition     = kubeblocks_backup_repo.this[0].storage_provider == "s3" && kubeblocks_backup_repo.this[0].config["bucket"] == "b"
    error_message = "Backups go to the bucket."
  }

  assert {
    condition     = output.backup_repo == "backups"
    error_message = "The name of the place is handed on."
  }

  assert {
    condition     = kubeblocks_backup_repo.this[0].credentials_wo_version == 1
    error_message = "The keys have a version."
  }
}

run "volumes_for_backups" {
  command = plan

  variables {
    databases = { orders = { engine = "postgresql" } }

    kubernetes = {
      endpoint = "https://127.0.0.1:2"
      auth     = { method = "token_file", token_file = "/dev/null" }
    }

    backup_repo = {
      retention        = "1mo"
      storage_provider = "pvc"
      access_method    = "Mount"
      volume_capacity  = "100Gi"
      config           = { storageClassName = "azurefile-csi", accessMode = "ReadWriteMany" }
    }
  }

  assert {
    condition     = kubeblocks_backup_repo.this[0].access_method == "Mount" && kubeblocks_backup_repo.this[0].volume_capacity == "100Gi"
    error_message = "Volumes of 100 GiB are mounted."
  }

  assert {
    condition     = kubeblocks_backup_repo.this[0].kubernetes.endpoint == "https://127.0.0.1:2"
    error_message = "The place is in the Kubernetes cluster that is given."
  }

  assert {
    condition     = kubeblocks_cluster.this["orders"].backup.retention == "1mo"
    error_message = "Backups are kept for as long as the variable says."
  }

  assert {
    condition     = kubeblocks_backup_repo.this[0].credentials_wo_version == null
    error_message = "Volumes have no keys."
  }
}

run "what_is_asked_for" {
  command = plan

  variables {
    kubernetes = {
      endpoint = "https://127.0.0.1:2"
      auth     = { method = "token_file", token_file = "/dev/null" }
    }

    databases = {
      orders = {
        engine             = "postgresql"
        version            = "postgresql-12.15.0"
        cpu                = "2"
        memory             = "8Gi"
        storage_class      = "fast"
        termination_policy = "WipeOut"
      }
    }
  }

  assert {
    condition     = kubeblocks_operator.this.kubernetes.endpoint == "https://127.0.0.1:2"
    error_message = "KubeBlocks is in the Kubernetes cluster that is given."
  }

  assert {
    condition = (
      kubeblocks_cluster.this["orders"].version == "postgresql-12.15.0" &&
      kubeblocks_cluster.this["orders"].termination_policy == "WipeOut"
    )
    error_message = "Version and termination policy are those of the variable."
  }

  assert {
    condition = (
      kubeblocks_cluster.this["orders"].planned_impact.after.cpu == 4 &&
      kubeblocks_cluster.this["orders"].planned_impact.after.memory_gib == 16
    )
    error_message = "Two instances have the CPU and memory that are asked for."
  }

  assert {
    condition     = kubeblocks_cluster.this["orders"].components["postgresql"].volumes["data"].storage_class == "fast"
    error_message = "The storage class is that of the variable."
  }
}

run "cloud_is_one_of_five" {
  command = plan

  variables {
    cloud = "moon"
  }

  expect_failures = [var.cloud]
}

run "azure_needs_a_location" {
  command = plan

  variables {
    cloud     = "azure"
    databases = {}
  }

  expect_failures = [var.location]
}

run "kubernetes_is_made_or_given" {
  command = plan

  variables {
    cloud      = "aws"
    location   = "eu-central-1"
    kubernetes = { endpoint = "https://10.0.0.1:6443" }
  }

  expect_failures = [var.kubernetes]
}

run "engine_is_one_of_five" {
  command = plan

  variables {
    databases = { shop = { engine = "oracle" } }
  }

  expect_failures = [var.databases]
}

run "name_is_short" {
  command = plan

  variables {
    databases = { a-name-that-is-too-long = { engine = "redis" } }
  }

  expect_failures = [var.databases]
}

run "version_of_kubeblocks" {
  command = plan

  variables {
    kubeblocks_version = "1.0.0"
  }

  expect_failures = [var.kubeblocks_version]
}

run "addresses_are_a_block" {
  command = plan

  variables {
    network_cidr = "10.0.0.0"
  }

  expect_failures = [var.network_cidr]
}

run "there_are_nodes" {
  command = plan

  variables {
    nodes = { size = 0 }
  }

  expect_failures = [var.nodes]
}
