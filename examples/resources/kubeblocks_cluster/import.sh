# <namespace>/<name>
terraform import kubeblocks_cluster.orders shop/orders
