import {
  to = kubeblocks_operator.this
  id = "kb-system/kubeblocks"
}
