# <the cluster's id>/nodePools/<name>
terraform import kubeblocks_gke_node_pool.databases projects/shop-production/locations/europe-west3/clusters/shop/nodePools/databases
