variable "kubernetes" {
  description = "The Kubernetes cluster, as `kubernetes` of a kubeblocks_addon or kubeblocks_operator. Left out, that of the provider block."
  type        = any
  default     = null
}

variable "namespace" {
  description = "Kubernetes namespace, which must exist."
  type        = string
  default     = "default"
}

variable "name" {
  description = "Name of the database, unique in its namespace."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([-a-z0-9]{0,13}[a-z0-9])?$", var.name))
    error_message = "A name has at most 15 lower-case letters, digits and `-`; it begins with a letter and ends with a letter or digit."
  }
}

variable "engine_version" {
  description = "Version of the engine: the name of a ClusterVersion."
  type        = string
  default     = "redis-7.0.6"

  validation {
    condition     = startswith(var.engine_version, "redis-")
    error_message = "This is no ClusterVersion of redis: its names begin with `redis-`."
  }
}

variable "replicas" {
  description = "Number of instances: one takes writes, the others follow. One does not survive the loss of its node."
  type        = number
  default     = 2

  validation {
    condition     = var.replicas >= 1 && var.replicas <= 5 && floor(var.replicas) == var.replicas
    error_message = "Redis takes 1 to 5 instances."
  }
}

variable "sentinel" {
  description = "Whether Sentinels run beside it, which several instances need. They cannot be taken away later."
  type        = bool
  default     = true

  validation {
    condition     = var.sentinel || var.replicas == 1
    error_message = "Several instances need Sentinels: nobody else chooses another primary."
  }
}

variable "cpu" {
  description = "CPU of each instance."
  type        = string
  default     = "500m"
}

variable "memory" {
  description = "Memory of each instance."
  type        = string
  default     = "1Gi"
}

variable "storage_size" {
  description = "Size of the data volume of each instance. It can be raised later and never lowered."
  type        = string
  default     = "5Gi"

  validation {
    condition     = can(regex("^[1-9][0-9]*(Gi|Ti)$", var.storage_size))
    error_message = "Write a size in whole Gi or Ti, such as `20Gi`."
  }
}

variable "storage_class" {
  description = "Storage class of the volumes. Left out, the default one. It cannot be changed later."
  type        = string
  default     = null
}

variable "parameters" {
  description = "Parameters of the engine, by name (config spec `redis-replication-config`)."
  type        = map(string)
  default     = {}
}

variable "exposure" {
  description = "`vpc` or `internet`: a load balancer inside the cloud's network, or a public one. Left out, none."
  type        = string
  default     = null

  validation {
    condition     = var.exposure == null ? true : contains(["vpc", "internet"], var.exposure)
    error_message = "The exposure is `vpc` or `internet`, or left out."
  }
}

variable "backup" {
  description = "Scheduled backups (times in UTC) to a kubeblocks_backup_repo; without `repo`, to the default one. Left out, none."
  type = object({
    repo      = optional(string)
    method    = optional(string, "datafile")
    schedule  = optional(string, "0 3 * * *")
    retention = optional(string, "7d")
  })
  default = null

  validation {
    condition     = var.backup == null ? true : contains(["datafile", "volume-snapshot"], var.backup.method)
    error_message = "Methods of this engine: datafile, volume-snapshot."
  }
}

variable "restore_from" {
  description = "Name of a completed backup in the same namespace to start from. It is read only when the database is made."
  type        = string
  default     = null
}

variable "termination_policy" {
  description = "What a destroy removes: `DoNotTerminate`, `Halt`, `Delete` or `WipeOut`."
  type        = string
  default     = "Delete"

  validation {
    condition     = contains(["DoNotTerminate", "Halt", "Delete", "WipeOut"], var.termination_policy)
    error_message = "The policy is `DoNotTerminate`, `Halt`, `Delete` or `WipeOut`."
  }
}

variable "accept_impact" {
  description = "Levels of impact that a change may reach although the provider's guard holds it back. For the one change only."
  type        = set(string)
  default     = null
}
