# <id>, or <region>/<id>
terraform import kubeblocks_ack_cluster.shop cn-hangzhou/c82e6987e2961451182edacd74fafb6a1
