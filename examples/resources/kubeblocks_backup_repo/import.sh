# The name
terraform import kubeblocks_backup_repo.main main
