import {
  to = kubeblocks_backup_repo.main
  id = "main"
}
