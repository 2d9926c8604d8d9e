locals {
  engine = <<-YAML
    apiVersion: apps.kubeblocks.io/v1alpha1
    kind: ConfigConstraint
    metadata: { name: memo-constraint }
    spec:
      formatterConfig: { format: properties }
    ---
    apiVersion: dataprotection.kubeblocks.io/v1alpha1
    kind: ActionSet
    metadata: { name: memo-dump }
    spec:
      backupType: Full
  YAML

  manifests = {
    for manifest in provider::kubeblocks::manifest_decode_multi(local.engine) :
    "${manifest.kind}/${manifest.metadata.name}" => manifest
  }
}

resource "kubeblocks_object" "engine" {
  for_each = local.manifests

  manifest = each.value
}
