import {
  to = kubeblocks_ack_cluster.shop
  id = "cn-hangzhou/c82e6987e2961451182edacd74fafb6a1"
}
