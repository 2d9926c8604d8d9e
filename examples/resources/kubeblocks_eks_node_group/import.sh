# <cluster>/<name>, or <region>/<cluster>/<name>
terraform import kubeblocks_eks_node_group.databases shop/databases
