# Terraform 1.12 and OpenTofu 1.12, or later.
import {
  to = kubeblocks_addon.redis

  identity = {
    name = "redis"
  }
}
