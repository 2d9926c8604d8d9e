# Terraform 1.12 and OpenTofu 1.12, or later.
import {
  to = kubeblocks_backup_repo.main

  identity = {
    name = "main"
  }
}
