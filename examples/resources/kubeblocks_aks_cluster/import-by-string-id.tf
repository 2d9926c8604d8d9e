import {
  to = kubeblocks_aks_cluster.shop
  id = "/subscriptions/9d1a3c52-0000-0000-0000-000000000000/resourceGroups/kubeblocks-shop/providers/Microsoft.ContainerService/managedClusters/shop"
}
