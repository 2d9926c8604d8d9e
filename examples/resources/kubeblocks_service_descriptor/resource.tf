# An etcd that somebody else runs. Its password comes from a variable and is in no state.
resource "kubeblocks_service_descriptor" "etcd" {
  namespace = "shop"
  name      = "etcd"
  kind      = "etcd"
  version   = "v3.5.6"

  endpoint = { value = "etcd.example.com:2379" }
  port     = { value = "2379" }
  username = { value = "root" }

  password_wo         = var.etcd_password
  password_wo_version = 1
}

# A database that uses it, under the name that its engine knows the service by.
resource "kubeblocks_cluster" "shop" {
  namespace          = "shop"
  name               = "shop"
  definition         = "orioledb"
  version            = "orioledb-beta1"
  termination_policy = "Delete"

  components = {
    orioledb = {
      volumes            = { data = { size = "20Gi" } }
      service_references = { etcdService = { service_descriptor = kubeblocks_service_descriptor.etcd.name } }
    }
  }
}

# A ZooKeeper, all of which stands in a Secret.
resource "kubeblocks_service_descriptor" "zookeeper" {
  namespace = "shop"
  name      = "zookeeper"
  kind      = "zookeeper"
  version   = "3.8.2"

  endpoint = { value_from = { secret = { name = "zookeeper", key = "endpoint" } } }
  port     = { value_from = { secret = { name = "zookeeper", key = "port" } } }
  username = { value_from = { secret = { name = "zookeeper", key = "username" } } }
  password = { value_from = { secret = { name = "zookeeper", key = "password" } } }
}

variable "etcd_password" {
  description = "Password of the user root."
  type        = string
  ephemeral   = true
}
