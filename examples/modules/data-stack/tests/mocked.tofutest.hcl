# Made from `mocked.tftest.hcl`, with the mock data in it: OpenTofu reads no files of mock data.
# Each cloud, with a provider that makes nothing.
mock_provider "kubeblocks" {
  mock_resource "kubeblocks_ack_cluster" {
    defaults = {
      created_resources = []
      id                = "c0123456789abcdef"
      kubernetes        = { auth = { cluster = "c0123456789abcdef", method = "ack", region = "eu-central-1" }, ca_certificate = "-----BEGIN CERTIFICATE-----", endpoint = "https://ack.example.com" }
      oidc_issuer       = "https://oidc-ack-eu-central-1.example.com/c0123456789abcdef"
      planned_impact    = { after = { cpu = null, instances = null, memory_gib = null, nodes = 3, storage_gib = null }, before = null, data_removed = [], instances_restarted = 0, level = "none", nodes_recreated = 0, reasons = [] }
      platform_version  = "1.34.1-aliyun.1"
    }
  }

  mock_resource "kubeblocks_addon" {
    defaults = {
      cluster_definitions = ["postgresql"]
      cluster_versions    = ["postgresql-12.14.0", "postgresql-14.8.0"]
    }
  }

  mock_resource "kubeblocks_aks_cluster" {
    defaults = {
      created_resources = []
      id                = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/data-stack/providers/Microsoft.ContainerService/managedClusters/data-stack"
      kubernetes        = { auth = { cluster = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/data-stack/providers/Microsoft.ContainerService/managedClusters/data-stack", method = "aks", region = null }, ca_certificate = "-----BEGIN CERTIFICATE-----", endpoint = "https://aks.example.com" }
      oidc_issuer       = "https://westeurope.oic.prod-aks.azure.com/example/example/"
      planned_impact    = { after = { cpu = null, instances = null, memory_gib = null, nodes = 3, storage_gib = null }, before = null, data_removed = [], instances_restarted = 0, level = "none", nodes_recreated = 0, reasons = [] }
      platform_version  = "1.34.0"
    }
  }

  mock_resource "kubeblocks_backup_repo" {
    defaults = {
      id    = "main"
      phase = "Ready"
    }
  }

  mock_resource "kubeblocks_cluster" {
    defaults = {
      credentials_secret = { name = "orders-conn-credential", namespace = "default" }
      endpoints          = {}
      planned_impact     = { after = { cpu = 2, instances = 2, memory_gib = 4, nodes = null, storage_gib = 40 }, before = null, data_removed = [], instances_restarted = 0, level = "none", nodes_recreated = 0, reasons = [] }
    }
  }

  mock_resource "kubeblocks_eks_cluster" {
    defaults = {
      created_resources = []
      id                = "data-stack"
      kubernetes        = { auth = { cluster = "data-stack", method = "eks", region = "eu-central-1" }, ca_certificate = "-----BEGIN CERTIFICATE-----", endpoint = "https://eks.example.com" }
      oidc_issuer       = "https://oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE"
      planned_impact    = { after = { cpu = null, instances = null, memory_gib = null, nodes = 3, storage_gib = null }, before = null, data_removed = [], instances_restarted = 0, level = "none", nodes_recreated = 0, reasons = [] }
      platform_version  = "eks.5"
    }
  }

  mock_resource "kubeblocks_gke_cluster" {
    defaults = {
      created_resources = []
      id                = "projects/example/locations/europe-west3/clusters/data-stack"
      kubernetes        = { auth = { cluster = "projects/example/locations/europe-west3/clusters/data-stack", method = "gke", region = null }, ca_certificate = "-----BEGIN CERTIFICATE-----", endpoint = "https://gke.example.com" }
      oidc_issuer       = "https://container.googleapis.com/v1/projects/example/locations/europe-west3/clusters/data-stack"
      planned_impact    = { after = { cpu = null, instances = null, memory_gib = null, nodes = 3, storage_gib = null }, before = null, data_removed = [], instances_restarted = 0, level = "none", nodes_recreated = 0, reasons = [] }
      platform_version  = "1.34.1-gke.1000000"
    }
  }

  mock_resource "kubeblocks_operator" {
    defaults = {
      app_version     = "0.7.5"
      crds_digest     = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
      planned_changes = { added = [], changed = [], removed = [] }
    }
  }
}

variables {
  databases = { orders = { engine = "postgresql" } }

  # An ephemeral variable that is left out fails a run that applies.
  backup_credentials = { accessKeyId = "a", secretAccessKey = "s" }
}

run "aws" {
  variables {
    cloud    = "aws"
    location = "eu-central-1"
    nodes    = { size = 5 }
  }

  assert {
    condition     = output.kubernetes.endpoint == "https://eks.example.com"
    error_message = "The operator goes into the EKS cluster."
  }

  assert {
    condition     = kubeblocks_cluster.this["orders"].kubernetes.auth.method == "eks"
    error_message = "So does the database."
  }

  assert {
    condition     = kubeblocks_eks_cluster.this[0].region == "eu-central-1" && kubeblocks_eks_cluster.this[0].system_node_pool.size == 5
    error_message = "The cluster is where and as large as the variables say."
  }

  assert {
    condition     = kubeblocks_eks_cluster.this[0].name == "data-stack" && kubeblocks_eks_cluster.this[0].network.cidr == "10.0.0.0/16"
    error_message = "Name and network are the defaults."
  }

  assert {
    condition     = kubeblocks_eks_cluster.this[0].deletion_protection
    error_message = "The cluster is protected."
  }
}

run "gcp" {
  variables {
    cloud    = "gcp"
    location = "europe-west3"
    nodes    = { size = 5 }
  }

  assert {
    condition     = output.kubernetes.endpoint == "https://gke.example.com"
    error_message = "The operator goes into the GKE cluster."
  }

  assert {
    condition     = kubeblocks_cluster.this["orders"].kubernetes.auth.method == "gke"
    error_message = "So does the database."
  }

  assert {
    condition     = kubeblocks_gke_cluster.this[0].location == "europe-west3" && kubeblocks_gke_cluster.this[0].system_node_pool.size == 5
    error_message = "The cluster is where and as large as the variables say."
  }

  assert {
    condition     = kubeblocks_gke_cluster.this[0].name == "data-stack" && kubeblocks_gke_cluster.this[0].network.cidr == "10.0.0.0/16"
    error_message = "Name and network are the defaults."
  }

  assert {
    condition     = kubeblocks_gke_cluster.this[0].deletion_protection
    error_message = "The cluster is protected."
  }
}

run "azure" {
  variables {
    cloud    = "azure"
    location = "westeurope"
    nodes    = { size = 5 }
  }

  assert {
    condition     = output.kubernetes.endpoint == "https://aks.example.com"
    error_message = "The operator goes into the AKS cluster."
  }

  assert {
    condition     = kubeblocks_cluster.this["orders"].kubernetes.auth.method == "aks"
    error_message = "So does the database."
  }

  assert {
    condition     = kubeblocks_aks_cluster.this[0].location == "westeurope" && kubeblocks_aks_cluster.this[0].system_node_pool.size == 5
    error_message = "The cluster is where and as large as the variables say."
  }

  assert {
    condition     = kubeblocks_aks_cluster.this[0].name == "data-stack" && kubeblocks_aks_cluster.this[0].network.cidr == "10.0.0.0/16"
    error_message = "Name and network are the defaults."
  }

  assert {
    condition     = kubeblocks_aks_cluster.this[0].deletion_protection
    error_message = "The cluster is protected."
  }
}

run "alibaba" {
  variables {
    cloud    = "alibaba"
    location = "eu-central-1"
    nodes    = { size = 5 }
  }

  assert {
    condition     = output.kubernetes.endpoint == "https://ack.example.com"
    error_message = "The operator goes into the ACK cluster."
  }

  assert {
    condition     = kubeblocks_cluster.this["orders"].kubernetes.auth.method == "ack"
    error_message = "So does the database."
  }

  assert {
    condition     = kubeblocks_ack_cluster.this[0].region == "eu-central-1" && kubeblocks_ack_cluster.this[0].system_node_pool.size == 5
    error_message = "The cluster is where and as large as the variables say."
  }

  assert {
    condition     = kubeblocks_ack_cluster.this[0].name == "data-stack" && kubeblocks_ack_cluster.this[0].network.cidr == "10.0.0.0/16"
    error_message = "Name and network are the defaults."
  }

  assert {
    condition     = kubeblocks_ack_cluster.this[0].deletion_protection
    error_message = "The cluster is protected."
  }
}

run "hands_on_what_clients_need" {
  assert {
    condition     = kubeblocks_operator.this.version == "0.7.5" && kubeblocks_operator.this.image_registry == "docker.io"
    error_message = "The operator is 0.7.5, with images of Docker Hub."
  }

  assert {
    condition     = kubeblocks_operator.this.chart.repository == "https://apecloud.github.io/helm-charts"
    error_message = "The chart comes from the repository of the project."
  }

  assert {
    condition     = var.nodes.size == 3
    error_message = "A managed Kubernetes cluster has three nodes unless something else is asked for."
  }

  assert {
    condition     = kubeblocks_addon.this["postgresql"].kubernetes == null
    error_message = "Without a Kubernetes cluster it is that of the provider block."
  }

  assert {
    condition     = output.databases["orders"].credentials_secret.name == "orders-conn-credential"
    error_message = "The Secret is handed on."
  }

  assert {
    condition     = output.databases["orders"].engine == "postgresql" && output.databases["orders"].namespace == "default"
    error_message = "Engine and namespace are handed on."
  }
}
