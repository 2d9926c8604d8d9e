# <name>
terraform import kubeblocks_addon.redis redis
