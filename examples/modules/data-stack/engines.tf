# What KubeBlocks 0.7 calls the parts of each engine; `kubeblocks_catalog` tells the same of all the others.
locals {
  engines = {
    postgresql = {
      addon     = "postgresql"
      version   = "postgresql-14.8.0"
      component = "postgresql"
      replicas  = 2
      spec      = "postgresql-configuration"
      method    = "pg-basebackup"
    }

    mysql = {
      addon     = "apecloud-mysql"
      version   = "ac-mysql-8.0.30"
      component = "mysql"
      replicas  = 3
      spec      = "mysql-consensusset-config"
      method    = "xtrabackup"
    }

    redis = {
      addon     = "redis"
      version   = "redis-7.0.6"
      component = "redis"
      replicas  = 2
      spec      = "redis-replication-config"
      method    = "datafile"
    }

    mongodb = {
      addon     = "mongodb"
      version   = "mongodb-5.0.20"
      component = "mongodb"
      replicas  = 3
      spec      = "mongodb-config"
      method    = "datafile"
    }

    kafka = {
      addon     = "kafka"
      version   = "kafka-3.3.2"
      component = "broker"
      replicas  = 3
      spec      = "kafka-configuration-tpl"
      method    = null
    }
  }

  # The component that clients talk to.
  main = {
    for name, database in var.databases : name => {
      definition = database.engine == "kafka" ? "kafka-server" : null
      replicas   = coalesce(database.replicas, local.engines[database.engine].replicas)
      resources  = { cpu = database.cpu, memory = database.memory }
      parameters = length(database.parameters) == 0 ? null : { (local.engines[database.engine].spec) = database.parameters }

      volumes = merge(
        { data = { size = database.storage_size, storage_class = database.storage_class } },
        database.engine == "kafka" ? { metadata = { size = "5Gi", storage_class = database.storage_class } } : {},
      )
    }
  }

  # Sentinels choose another primary of a Redis. They stay with one instance, too, as a component cannot be removed.
  beside = {
    for name, database in var.databases : name => database.engine != "redis" ? {} : {
      redis-sentinel = {
        definition = null
        replicas   = 3
        resources  = { cpu = "250m", memory = "256Mi" }
        parameters = null
        volumes    = { data = { size = "1Gi", storage_class = database.storage_class } }
      }
    }
  }

  components = {
    for name, database in var.databases : name => merge(
      { (local.engines[database.engine].component) = local.main[name] },
      local.beside[name],
    )
  }
}
