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
  default     = "kafka-3.3.2"

  validation {
    condition     = startswith(var.engine_version, "kafka-")
    error_message = "This is no ClusterVersion of kafka: its names begin with `kafka-`."
  }
}

variable "mode" {
  description = "`combined`: brokers are controllers as well. `separated`: controllers run apart. It cannot be changed later."
  type        = string
  default     = "combined"

  validation {
    condition     = contains(["combined", "separated"], var.mode)
    error_message = "The mode is `combined` or `separated`."
  }
}

variable "replicas" {
  description = "Number of brokers. Combined ones agree by majority, so there are 1, 3 or 5 of them."
  type        = number
  default     = 3

  validation {
    condition     = var.mode == "combined" ? contains([1, 3, 5], var.replicas) : var.replicas >= 1 && var.replicas <= 100
    error_message = "Combined: 1, 3 or 5 brokers. Separated: 1 to 100."
  }
}

variable "controllers" {
  description = "Number of controllers, where they are separated."
  type        = number
  default     = 3

  validation {
    condition     = contains([1, 3, 5], var.controllers)
    error_message = "Controllers agree by majority: 1, 3 or 5 of them."
  }
}

variable "cpu" {
  description = "CPU of each broker."
  type        = string
  default     = "1"
}

variable "memory" {
  description = "Memory of each broker."
  type        = string
  default     = "2Gi"
}

variable "storage_size" {
  description = "Size of the data volume of each broker. It can be raised later and never lowered."
  type        = string
  default     = "20Gi"

  validation {
    condition     = can(regex("^[1-9][0-9]*(Gi|Ti)$", var.storage_size))
    error_message = "Write a size in whole Gi or Ti, such as `20Gi`."
  }
}

variable "metadata_size" {
  description = "Size of the volume of each controller, and of each broker, that holds the metadata."
  type        = string
  default     = "5Gi"

  validation {
    condition     = can(regex("^[1-9][0-9]*(Gi|Ti)$", var.metadata_size))
    error_message = "Write a size in whole Gi or Ti, such as `5Gi`."
  }
}

variable "storage_class" {
  description = "Storage class of the volumes. Left out, the default one. It cannot be changed later."
  type        = string
  default     = null
}

variable "parameters" {
  description = "Parameters of the engine, by name (config spec `kafka-configuration-tpl`)."
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
