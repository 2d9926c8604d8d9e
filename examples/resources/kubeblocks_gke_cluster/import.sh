# projects/<project>/locations/<location>/clusters/<name>, or <project>/<location>/<name>
terraform import kubeblocks_gke_cluster.shop projects/shop-production/locations/europe-west3/clusters/shop
