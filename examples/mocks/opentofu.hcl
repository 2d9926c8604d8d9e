# The same for `tofu test`, which reads no files of mock data: copy what a module uses into its tests.
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

  mock_resource "kubeblocks_ack_node_pool" {
    defaults = {
      id             = "np0123456789abcdef"
      planned_impact = { after = { cpu = null, instances = null, memory_gib = null, nodes = 3, storage_gib = null }, before = null, data_removed = [], instances_restarted = 0, level = "none", nodes_recreated = 0, reasons = [] }
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

  mock_resource "kubeblocks_aks_node_pool" {
    defaults = {
      id             = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/data-stack/providers/Microsoft.ContainerService/managedClusters/data-stack/agentPools/more"
      planned_impact = { after = { cpu = null, instances = null, memory_gib = null, nodes = 3, storage_gib = null }, before = null, data_removed = [], instances_restarted = 0, level = "none", nodes_recreated = 0, reasons = [] }
    }
  }

  mock_resource "kubeblocks_backup" {
    defaults = {
      completed_at = "2026-01-31T03:00:00Z"
      expires_at   = "2026-02-07T03:00:00Z"
      path         = "/default/orders-backup"
      phase        = "Completed"
      repo         = "main"
      size         = "1073741824"
    }
  }

  mock_resource "kubeblocks_backup_repo" {
    defaults = {
      id    = "main"
      phase = "Ready"
    }
  }

  mock_resource "kubeblocks_backup_schedule" {
    defaults = {
      phase = "Available"
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

  mock_resource "kubeblocks_eks_node_group" {
    defaults = {
      id             = "data-stack:more"
      planned_impact = { after = { cpu = null, instances = null, memory_gib = null, nodes = 3, storage_gib = null }, before = null, data_removed = [], instances_restarted = 0, level = "none", nodes_recreated = 0, reasons = [] }
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

  mock_resource "kubeblocks_gke_node_pool" {
    defaults = {
      id             = "projects/example/locations/europe-west3/clusters/data-stack/nodePools/more"
      planned_impact = { after = { cpu = null, instances = null, memory_gib = null, nodes = 3, storage_gib = null }, before = null, data_removed = [], instances_restarted = 0, level = "none", nodes_recreated = 0, reasons = [] }
    }
  }

  mock_resource "kubeblocks_object" {
    defaults = {
      api_version = "apps.kubeblocks.io/v1alpha1"
      kind        = "ClusterVersion"
      name        = "example"
      namespace   = null
      ready       = true
    }
  }

  mock_resource "kubeblocks_operator" {
    defaults = {
      app_version     = "0.7.5"
      crds_digest     = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
      planned_changes = { added = [], changed = [], removed = [] }
    }
  }

  mock_resource "kubeblocks_ops_request" {
    defaults = {
      message        = ""
      name           = "orders-restart"
      phase          = "Succeed"
      planned_impact = { after = { cpu = 2, instances = 2, memory_gib = 4, nodes = null, storage_gib = 40 }, before = null, data_removed = [], instances_restarted = 0, level = "none", nodes_recreated = 0, reasons = [] }
      progress       = "2/2"
    }
  }

  mock_resource "kubeblocks_service_descriptor" {
    defaults = {
      phase = "Available"
    }
  }

  mock_data "kubeblocks_addons" {
    defaults = {
      addons = {}
    }
  }

  mock_data "kubeblocks_backups" {
    defaults = {
      backups          = []
      latest_completed = "orders-backup"
    }
  }

  mock_data "kubeblocks_catalog" {
    defaults = {
      addons = {}
      line   = "0.7"
    }
  }

  mock_data "kubeblocks_cluster" {
    defaults = {
      components         = {}
      credentials_secret = { name = "orders-conn-credential", namespace = "default" }
      definition         = "postgresql"
      endpoints          = {}
      instances          = {}
      phase              = "Running"
      termination_policy = "Delete"
      version            = "postgresql-14.8.0"
    }
  }

  mock_data "kubeblocks_cluster_definition" {
    defaults = {
      addon           = "postgresql"
      components      = {}
      connection_keys = ["endpoint", "host", "password", "port", "username"]
      default_version = "postgresql-14.8.0"
      message         = ""
      phase           = "Available"
      type            = "postgresql"
      versions        = ["postgresql-12.14.0", "postgresql-14.8.0"]
    }
  }

  mock_data "kubeblocks_cluster_definitions" {
    defaults = {
      cluster_definitions = {}
    }
  }

  mock_data "kubeblocks_cluster_versions" {
    defaults = {
      cluster_versions = {}
      default_version  = "postgresql-14.8.0"
    }
  }

  mock_data "kubeblocks_kubernetes_versions" {
    defaults = {
      default_version = "1.34"
      latest_version  = "1.35"
      versions        = []
    }
  }

  mock_data "kubeblocks_parameters" {
    defaults = {
      parameters = []
    }
  }
}
