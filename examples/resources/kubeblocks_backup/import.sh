# <namespace>/<name>
terraform import kubeblocks_backup.before_upgrade shop/orders-before-upgrade
