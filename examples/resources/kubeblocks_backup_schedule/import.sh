# <namespace>/<name>
terraform import kubeblocks_backup_schedule.orders shop/orders
