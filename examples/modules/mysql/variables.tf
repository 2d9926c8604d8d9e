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
  default     = "ac-mysql-8.0.30"

  validation {
    condition     = startswith(var.engine_version, "ac-mysql-")
    error_message = "This is no ClusterVersion of apecloud-mysql: its names begin with `ac-mysql-`."
  }
}

variable "replicas" {
  description = "Number of instances: they agree by Raft, so an odd number. One does not survive the loss of its node."
  type        = number
  default     = 3

  validation {
    condition     = contains([1, 3, 5, 7], var.replicas)
    error_message = "Instances agree by majority: 1, 3, 5 or 7 of them."
  }
}

variable "cpu" {
  description = "CPU of each instance."
  type        = string
  default     = "1"
}

variable "memory" {
  description = "Memory of each instance."
  type        = string
  default     = "2Gi"
}

variable "storage_size" {
  description = "Size of the data volume of each instance. It can be raised later and never lowered."
  type        = string
  default     = "20Gi"

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
  description = "Parameters of the engine, by name (config spec `mysql-consensusset-config`)."
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
    method    = optional(string, "xtrabackup")
    schedule  = optional(string, "0 3 * * *")
    retention = optional(string, "7d")
  })
  default = null

  validation {
    condition     = var.backup == null ? true : contains(["xtrabackup", "volume-snapshot"], var.backup.method)
    error_message = "Methods of this engine: xtrabackup, volume-snapshot."
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
