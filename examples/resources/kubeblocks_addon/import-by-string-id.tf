import {
  to = kubeblocks_addon.redis
  id = "redis"
}
