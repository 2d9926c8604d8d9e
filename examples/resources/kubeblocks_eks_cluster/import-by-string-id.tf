import {
  to = kubeblocks_eks_cluster.shop
  id = "shop"
}
