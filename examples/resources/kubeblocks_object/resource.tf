# An engine of one's own: what it consists of, ...
resource "kubeblocks_object" "memo" {
  manifest = {
    apiVersion = "apps.kubeblocks.io/v1alpha1"
    kind       = "ClusterDefinition"
    metadata   = { name = "memo" }

    spec = {
      type = "memo"

      componentDefs = [{
        name          = "memo"
        workloadType  = "Stateful"
        characterType = "memo"

        service = {
          ports = [{ name = "memo", port = 7000, targetPort = "memo" }]
        }

        podSpec = {
          containers = [{
            name  = "memo"
            ports = [{ name = "memo", containerPort = 7000 }]
          }]
        }
      }]
    }
  }
}

# ... and a version of it.
resource "kubeblocks_object" "memo_1" {
  manifest = {
    apiVersion = "apps.kubeblocks.io/v1alpha1"
    kind       = "ClusterVersion"
    metadata   = { name = "memo-1.0" }

    spec = {
      clusterDefinitionRef = kubeblocks_object.memo.name

      componentVersions = [{
        componentDefRef = "memo"

        versionsContext = {
          containers = [{ name = "memo", image = "registry.example.com/memo:1.0" }]
        }
      }]
    }
  }
}

# YAML works as well.
resource "kubeblocks_object" "constraint" {
  yaml = <<-YAML
    apiVersion: apps.kubeblocks.io/v1alpha1
    kind: ConfigConstraint
    metadata:
      name: memo-constraint
    spec:
      formatterConfig:
        format: properties
      dynamicParameters: [ttl]
  YAML
}

# Wait for more than the kind does by default.
resource "kubeblocks_object" "backups" {
  manifest = {
    apiVersion = "dataprotection.kubeblocks.io/v1alpha1"
    kind       = "BackupRepo"
    metadata   = { name = "backups" }

    spec = {
      storageProviderRef = "pvc"
      pvReclaimPolicy    = "Retain"
      volumeCapacity     = "100Gi"
    }
  }

  wait_for = {
    phase     = "Ready"
    condition = { type = "StorageProviderReady" }
  }

  timeouts = {
    create = "5m"
  }
}
