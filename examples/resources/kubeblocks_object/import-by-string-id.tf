import {
  to = kubeblocks_object.memo
  id = "apps.kubeblocks.io/v1alpha1/ClusterDefinition/memo"
}
