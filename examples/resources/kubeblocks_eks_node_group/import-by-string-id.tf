import {
  to = kubeblocks_eks_node_group.databases
  id = "shop/databases"
}
