import {
  to = kubeblocks_gke_node_pool.databases
  id = "projects/shop-production/locations/europe-west3/clusters/shop/nodePools/databases"
}
