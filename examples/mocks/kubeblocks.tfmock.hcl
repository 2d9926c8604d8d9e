# Values for what the provider gives, for `terraform test`: see the guide "Testing modules". Made from the schemas.

mock_resource "kubeblocks_account" {
  defaults = {
    component = "postgresql"
  }
}

mock_resource "kubeblocks_ack_cluster" {
  defaults = {
    cluster_spec           = "ack.pro.small"
    deletion_protection    = true
    endpoint_public_access = true
    id                     = "c0123456789abcdef"
    kubernetes             = { auth = { cluster = "c0123456789abcdef", method = "ack", region = "eu-central-1" }, ca_certificate = "-----BEGIN CERTIFICATE-----", endpoint = "https://ack.example.com" }
    kubernetes_version     = "1.34"
    nat_gateway            = true
    oidc_issuer            = "https://oidc-ack-eu-central-1.example.com/c0123456789abcdef"
    planned_impact         = { after = { cpu = null, instances = null, memory_gib = null, nodes = 3, storage_gib = null }, data_removed = [], instances_restarted = 0, level = "none", nodes_recreated = 0 }
    platform_version       = "1.34.1-aliyun.1"
    region                 = "eu-central-1"
    service_cidr           = "172.21.0.0/20"
    system_node_pool       = { autoscaling = { max = 5, min = 3 }, disk_size_gib = 120, labels = null, machine_types = ["ecs.g7.xlarge"], size = 3, spot = false }
  }
}

mock_resource "kubeblocks_ack_node_pool" {
  defaults = {
    disk_size_gib        = 120
    id                   = "np0123456789abcdef"
    image_type           = "AliyunLinux3"
    kubernetes_version   = "1.34"
    machine_types        = ["ecs.g7.xlarge"]
    planned_impact       = { after = { cpu = null, instances = null, memory_gib = null, nodes = 3, storage_gib = null }, data_removed = [], instances_restarted = 0, level = "none", nodes_recreated = 0 }
    region               = "eu-central-1"
    size                 = 3
    spot                 = false
    system_disk_category = "cloud_essd"
    vswitch_ids          = ["vsw-0123456789abcdef0"]
  }
}

mock_resource "kubeblocks_addon" {
  defaults = {
    cluster_definitions = ["postgresql"]
    cluster_versions    = ["postgresql-12.14.0", "postgresql-14.8.0"]
    enabled             = true
  }
}

mock_resource "kubeblocks_aks_cluster" {
  defaults = {
    deletion_protection    = true
    disable_local_accounts = false
    id                     = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/data-stack/providers/Microsoft.ContainerService/managedClusters/data-stack"
    kubernetes             = { auth = { cluster = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/data-stack/providers/Microsoft.ContainerService/managedClusters/data-stack", method = "aks", region = null }, ca_certificate = "-----BEGIN CERTIFICATE-----", endpoint = "https://aks.example.com" }
    kubernetes_version     = "1.34"
    oidc_issuer            = "https://westeurope.oic.prod-aks.azure.com/example/example/"
    planned_impact         = { after = { cpu = null, instances = null, memory_gib = null, nodes = 3, storage_gib = null }, data_removed = [], instances_restarted = 0, level = "none", nodes_recreated = 0 }
    platform_version       = "1.34.0"
    private_cluster        = false
    system_node_pool       = { autoscaling = { max = 5, min = 3 }, disk_size_gib = 128, labels = null, machine_types = ["Standard_D4s_v5"], size = 3, spot = false }
  }
}

mock_resource "kubeblocks_aks_node_pool" {
  defaults = {
    disk_size_gib      = 128
    id                 = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/data-stack/providers/Microsoft.ContainerService/managedClusters/data-stack/agentPools/more"
    kubernetes_version = "1.34"
    machine_types      = ["Standard_D4s_v5"]
    planned_impact     = { after = { cpu = null, instances = null, memory_gib = null, nodes = 3, storage_gib = null }, data_removed = [], instances_restarted = 0, level = "none", nodes_recreated = 0 }
    size               = 3
    spot               = false
    subnet_id          = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/data-stack/providers/Microsoft.Network/virtualNetworks/data-stack/subnets/nodes"
    zones              = ["1", "2", "3"]
  }
}

mock_resource "kubeblocks_backup" {
  defaults = {
    completed_at    = "2026-01-31T03:00:00Z"
    deletion_policy = "Delete"
    expires_at      = "2026-02-07T03:00:00Z"
    path            = "/default/orders-backup"
    phase           = "Completed"
    policy          = "orders-postgresql-backup-policy"
    repo            = "main"
    size            = "1073741824"
  }
}

mock_resource "kubeblocks_backup_repo" {
  defaults = {
    access_method     = "Tool"
    id                = "main"
    is_default        = false
    phase             = "Ready"
    pv_reclaim_policy = "Retain"
  }
}

mock_resource "kubeblocks_backup_schedule" {
  defaults = {
    cluster   = "orders"
    phase     = "Available"
    policy    = "orders-postgresql-backup-policy"
    schedules = { enabled = true, retention = "7d" }
  }
}

mock_resource "kubeblocks_cluster" {
  defaults = {
    affinity           = { pod_anti_affinity = "Preferred", tenancy = "SharedNode" }
    backup             = { enabled = true, retention = "7d" }
    components         = { affinity = { pod_anti_affinity = "Preferred", tenancy = "SharedNode" }, monitor = false, replicas = 1, services = { type = "ClusterIP" }, tls = { issuer = "KubeBlocks", secret = { ca = "ca.crt", certificate = "tls.crt", key = "tls.key" } } }
    credentials_secret = { name = "orders-conn-credential", namespace = "default" }
    planned_impact     = { after = { cpu = 2, instances = 2, memory_gib = 4, nodes = null, storage_gib = 40 }, data_removed = [], instances_restarted = 0, level = "none", nodes_recreated = 0 }
    restore            = { volume_policy = "Parallel" }
    running            = true
  }
}

mock_resource "kubeblocks_eks_cluster" {
  defaults = {
    deletion_protection     = true
    endpoint_private_access = true
    endpoint_public_access  = true
    id                      = "data-stack"
    kubernetes              = { auth = { cluster = "data-stack", method = "eks", region = "eu-central-1" }, ca_certificate = "-----BEGIN CERTIFICATE-----", endpoint = "https://eks.example.com" }
    kubernetes_version      = "1.34"
    oidc_issuer             = "https://oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE"
    planned_impact          = { after = { cpu = null, instances = null, memory_gib = null, nodes = 3, storage_gib = null }, data_removed = [], instances_restarted = 0, level = "none", nodes_recreated = 0 }
    platform_version        = "eks.5"
    region                  = "eu-central-1"
    system_node_pool        = { autoscaling = { max = 5, min = 3 }, disk_size_gib = 50, labels = null, machine_types = ["m6i.xlarge"], size = 3, spot = false }
  }
}

mock_resource "kubeblocks_eks_node_group" {
  defaults = {
    ami_type           = "AL2023_x86_64_STANDARD"
    disk_size_gib      = 50
    id                 = "data-stack:more"
    kubernetes_version = "1.34"
    machine_types      = ["m6i.xlarge"]
    node_role_arn      = "arn:aws:iam::123456789012:role/nodes"
    planned_impact     = { after = { cpu = null, instances = null, memory_gib = null, nodes = 3, storage_gib = null }, data_removed = [], instances_restarted = 0, level = "none", nodes_recreated = 0 }
    region             = "eu-central-1"
    size               = 3
    spot               = false
    subnet_ids         = ["subnet-0123456789abcdef0"]
  }
}

mock_resource "kubeblocks_gke_cluster" {
  defaults = {
    deletion_protection    = true
    endpoint_public_access = true
    id                     = "projects/example/locations/europe-west3/clusters/data-stack"
    kubernetes             = { auth = { cluster = "projects/example/locations/europe-west3/clusters/data-stack", method = "gke", region = null }, ca_certificate = "-----BEGIN CERTIFICATE-----", endpoint = "https://gke.example.com" }
    kubernetes_version     = "1.34"
    location               = "europe-west3"
    node_service_account   = "nodes@example.iam.gserviceaccount.com"
    oidc_issuer            = "https://container.googleapis.com/v1/projects/example/locations/europe-west3/clusters/data-stack"
    planned_impact         = { after = { cpu = null, instances = null, memory_gib = null, nodes = 3, storage_gib = null }, data_removed = [], instances_restarted = 0, level = "none", nodes_recreated = 0 }
    platform_version       = "1.34.1-gke.1000000"
    private_nodes          = true
    project                = "example"
    release_channel        = "REGULAR"
    system_node_pool       = { autoscaling = { max = 5, min = 3 }, disk_size_gib = 100, labels = null, machine_types = ["e2-standard-4"], size = 3, spot = false }
    zones                  = ["europe-west3-a", "europe-west3-b", "europe-west3-c"]
  }
}

mock_resource "kubeblocks_gke_node_pool" {
  defaults = {
    disk_size_gib        = 100
    disk_type            = "pd-balanced"
    id                   = "projects/example/locations/europe-west3/clusters/data-stack/nodePools/more"
    image_type           = "COS_CONTAINERD"
    kubernetes_version   = "1.34"
    machine_types        = ["e2-standard-4"]
    node_service_account = "nodes@example.iam.gserviceaccount.com"
    planned_impact       = { after = { cpu = null, instances = null, memory_gib = null, nodes = 3, storage_gib = null }, data_removed = [], instances_restarted = 0, level = "none", nodes_recreated = 0 }
    size                 = 3
    spot                 = false
    zones                = ["europe-west3-a", "europe-west3-b", "europe-west3-c"]
  }
}

mock_resource "kubeblocks_object" {
  defaults = {
    api_version = "apps.kubeblocks.io/v1alpha1"
    kind        = "ClusterVersion"
    name        = "example"
    namespace   = null
    ready       = true
    wait_for    = { condition = { status = "True" } }
  }
}

mock_resource "kubeblocks_operator" {
  defaults = {
    app_version      = "0.7.5"
    chart_digest     = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    crds_digest      = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
    create_namespace = true
    delete_crds      = false
    force_destroy    = false
    max_history      = 5
    name             = "kubeblocks"
    namespace        = "kb-system"
    planned_changes  = { added = [], changed = [], removed = [] }
    version          = "0.7.5"
  }
}

mock_resource "kubeblocks_ops_request" {
  defaults = {
    message        = ""
    name           = "orders-restart"
    phase          = "Succeed"
    planned_impact = { after = { cpu = 2, instances = 2, memory_gib = 4, nodes = null, storage_gib = 40 }, data_removed = [], instances_restarted = 0, level = "none", nodes_recreated = 0 }
    progress       = "2/2"
  }
}

mock_resource "kubeblocks_service_descriptor" {
  defaults = {
    phase = "Available"
  }
}

mock_data "kubeblocks_backups" {
  defaults = {
    latest_completed = "orders-backup"
  }
}

mock_data "kubeblocks_catalog" {
  defaults = {
    line = "0.7"
  }
}

mock_data "kubeblocks_cluster" {
  defaults = {
    credentials_secret = { name = "orders-conn-credential", namespace = "default" }
    definition         = "postgresql"
    phase              = "Running"
    termination_policy = "Delete"
    version            = "postgresql-14.8.0"
  }
}

mock_data "kubeblocks_cluster_definition" {
  defaults = {
    addon           = "postgresql"
    connection_keys = ["endpoint", "host", "password", "port", "username"]
    default_version = "postgresql-14.8.0"
    message         = ""
    phase           = "Available"
    type            = "postgresql"
    versions        = ["postgresql-12.14.0", "postgresql-14.8.0"]
  }
}

mock_data "kubeblocks_cluster_versions" {
  defaults = {
    default_version = "postgresql-14.8.0"
  }
}

mock_data "kubeblocks_kubernetes_versions" {
  defaults = {
    default_version = "1.34"
    latest_version  = "1.35"
  }
}
