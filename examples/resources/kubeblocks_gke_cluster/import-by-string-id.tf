import {
  to = kubeblocks_gke_cluster.shop
  id = "projects/shop-production/locations/europe-west3/clusters/shop"
}
