# <namespace>/<name>
terraform import kubeblocks_service_descriptor.etcd shop/etcd
