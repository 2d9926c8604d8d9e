variable "cloud" {
  description = "Where: `aws`, `gcp`, `azure` or `alibaba` make a managed Kubernetes cluster, `none` takes one that exists."
  type        = string
  default     = "none"

  validation {
    condition     = contains(["none", "aws", "gcp", "azure", "alibaba"], var.cloud)
    error_message = "The cloud is `aws`, `gcp`, `azure` or `alibaba`, or `none` for a Kubernetes cluster that exists."
  }
}

variable "kubernetes" {
  description = "With `none`: the Kubernetes cluster, as `kubernetes` of the provider's resources. Left out, that of the provider block."
  type        = any
  default     = null

  validation {
    condition     = var.cloud == "none" || var.kubernetes == null
    error_message = "A Kubernetes cluster that exists goes with `cloud = \"none\"`."
  }
}

variable "name" {
  description = "Name of the managed Kubernetes cluster."
  type        = string
  default     = "data-stack"
}

variable "location" {
  description = "Region (AWS, Alibaba Cloud) or location (Google Cloud, Azure). Left out, that of the environment; Azure needs it."
  type        = string
  default     = null

  validation {
    condition     = var.cloud != "azure" || var.location != null
    error_message = "Azure needs a location, such as `westeurope`."
  }
}

variable "network_cidr" {
  description = "Addresses of the network that is made for the managed Kubernetes cluster."
  type        = string
  default     = "10.0.0.0/16"

  validation {
    condition     = can(cidrhost(var.network_cidr, 1))
    error_message = "Write a block of addresses, such as `10.0.0.0/16`."
  }
}

variable "nodes" {
  description = "Nodes of the managed Kubernetes cluster: number, and types of machines. Left out, three of four CPUs and 16 GiB."
  type = object({
    size          = optional(number, 3)
    machine_types = optional(list(string))
  })
  default = {}

  validation {
    condition     = var.nodes.size >= 1
    error_message = "There is at least one node."
  }
}

variable "deletion_protection" {
  description = "Whether a destroy of the managed Kubernetes cluster is refused."
  type        = bool
  default     = true
}

variable "kubeblocks_version" {
  description = "Version of KubeBlocks."
  type        = string
  default     = "0.7.5"

  validation {
    condition     = can(regex("^0\\.7\\.[0-9]+", var.kubeblocks_version))
    error_message = "The engines of this module are those of KubeBlocks 0.7."
  }
}

variable "chart_repository" {
  description = "Where the chart of KubeBlocks comes from: `https://`, or `oci://` for a registry."
  type        = string
  default     = "https://apecloud.github.io/helm-charts"
}

variable "image_registry" {
  description = "Registry of all images of KubeBlocks."
  type        = string
  default     = "docker.io"
}

variable "databases" {
  description = "The databases, by name. What is left out, the engine's defaults say; see the table of engines in the README."
  type = map(object({
    engine             = string
    version            = optional(string)
    namespace          = optional(string, "default")
    replicas           = optional(number)
    cpu                = optional(string, "1")
    memory             = optional(string, "2Gi")
    storage_size       = optional(string, "20Gi")
    storage_class      = optional(string)
    parameters         = optional(map(string), {})
    backup             = optional(bool, true)
    termination_policy = optional(string, "Delete")
  }))

  validation {
    condition = alltrue([
      for database in values(var.databases) : contains(["postgresql", "mysql", "redis", "mongodb", "kafka"], database.engine)
    ])
    error_message = "Engines of this module: postgresql, mysql, redis, mongodb, kafka."
  }

  validation {
    condition     = alltrue([for name in keys(var.databases) : can(regex("^[a-z]([-a-z0-9]{0,13}[a-z0-9])?$", name))])
    error_message = "Names have at most 15 lower-case letters, digits and `-`; they begin with a letter and end with a letter or digit."
  }
}

variable "backup_repo" {
  description = "Where backups of all databases go, every night at three o'clock (UTC). Left out, there are none."
  type = object({
    name             = optional(string, "backups")
    storage_provider = string
    config           = map(string)
    access_method    = optional(string)
    volume_capacity  = optional(string)
    retention        = optional(string, "7d")
  })
  default = null
}

variable "backup_credentials" {
  description = "Keys for it (`accessKeyId` and `secretAccessKey`), which are neither stored nor shown."
  type        = map(string)
  default     = null
  ephemeral   = true
}

variable "backup_credentials_version" {
  description = "Any number; another one writes the keys again."
  type        = number
  default     = 1
}
