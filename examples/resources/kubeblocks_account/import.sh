# <namespace>/<cluster>/<component>/<name>
terraform import kubeblocks_account.app shop/orders/postgresql/app
