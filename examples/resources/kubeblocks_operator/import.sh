# <namespace>/<release>
terraform import kubeblocks_operator.this kb-system/kubeblocks
