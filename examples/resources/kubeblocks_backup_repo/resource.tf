# Keys that Terraform neither stores nor shows.
variable "access_key_id" {
  type      = string
  ephemeral = true
}

variable "secret_access_key" {
  type      = string
  ephemeral = true
}

resource "kubeblocks_backup_repo" "main" {
  kubernetes       = kubeblocks_operator.this.kubernetes
  name             = "main"
  storage_provider = "s3"
  is_default       = true

  config = {
    bucket = "shop-backups"
    region = "eu-central-1"
  }

  credentials_wo = {
    accessKeyId     = var.access_key_id
    secretAccessKey = var.secret_access_key
  }

  # Raise it to have new keys written.
  credentials_wo_version = 1
}

resource "kubeblocks_operator" "this" {}
