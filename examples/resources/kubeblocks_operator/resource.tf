# KubeBlocks 0.7.5 from the project's repository, with images of Docker Hub.
resource "kubeblocks_operator" "this" {
  version        = "0.7.5"
  image_registry = "docker.io"

  snapshot_controller = true

  values = {
    replicaCount = 1

    dataProtection = {
      gcFrequencySeconds = 7200
    }
  }

  timeouts = {
    create = "30m"
  }
}

variable "backup_encryption_key" {
  type      = string
  ephemeral = true
  sensitive = true
  default   = null
}

# From an air gap: an archive of known content, images of the own registry, a key that is never stored.
resource "kubeblocks_operator" "production" {
  name           = "kubeblocks-production"
  namespace      = "kubeblocks-production"
  chart          = { repository = "oci://registry.example.com/charts" }
  chart_digest   = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
  image_registry = "registry.example.com"
  cloud_provider = "azure"
  storage_class  = { create = false }

  sensitive_values = {
    dataProtection = { encryptionKey = var.backup_encryption_key }
  }
  sensitive_values_revision = 1

  tolerations = [{
    key      = "dedicated"
    operator = "Equal"
    value    = "platform"
    effect   = "NoSchedule"
  }]

  kubernetes = {
    endpoint = "https://production.example.com:6443"

    auth = {
      method     = "token_file"
      token_file = "/var/run/secrets/production/token"
    }
  }
}

# Databases need the operator to be there before them, and to go after them.
resource "kubeblocks_cluster" "cache" {
  depends_on = [kubeblocks_operator.this]

  namespace          = "shop"
  name               = "cache"
  definition         = "redis"
  version            = "redis-7.0.6"
  termination_policy = "Delete"

  components = {
    redis = { volumes = { data = { size = "5Gi" } } }
  }
}

output "operator_changes" {
  value = kubeblocks_operator.this.planned_changes
}
