ephemeral "kubeblocks_credentials" "cache" {
  namespace = "shop"
  cluster   = "cache"
}

# Through the load balancer, where `uri` of the credentials leads to the Service inside the Kubernetes cluster.
locals {
  cache_uri = provider::kubeblocks::connection_uri("redis", {
    host     = "redis.example.com"
    port     = 6379
    username = ephemeral.kubeblocks_credentials.cache.username
    password = ephemeral.kubeblocks_credentials.cache.password
    tls      = true
  })
}
