# <the cluster's id>/agentPools/<name>
terraform import kubeblocks_aks_node_pool.databases /subscriptions/9d1a3c52-0000-0000-0000-000000000000/resourceGroups/kubeblocks-shop/providers/Microsoft.ContainerService/managedClusters/shop/agentPools/databases
