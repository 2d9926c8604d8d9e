# <name>, or <region>/<name>
terraform import kubeblocks_eks_cluster.shop eu-central-1/shop
