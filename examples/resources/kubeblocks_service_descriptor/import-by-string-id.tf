import {
  to = kubeblocks_service_descriptor.etcd
  id = "shop/etcd"
}
