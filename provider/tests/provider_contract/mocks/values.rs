//! What a mocked object shows where the provider alone gives the value: as an apply would have left it.

use serde_json::{Value as Json, json};

const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";

/// The computed attributes of a resource that have no default.
pub(super) fn of_resource(name: &str) -> Json {
    match name {
        "kubeblocks_account" => json!({ "component": "postgresql" }),
        "kubeblocks_addon" => json!({
            "cluster_definitions": ["postgresql"],
            "cluster_versions": ["postgresql-12.14.0", "postgresql-14.8.0"],
        }),
        "kubeblocks_backup" => json!({
            "policy": "orders-postgresql-backup-policy",
            "phase": "Completed",
            "repo": "main",
            "path": "/default/orders-backup",
            "size": "1073741824",
            "completed_at": "2026-01-31T03:00:00Z",
            "expires_at": "2026-02-07T03:00:00Z",
        }),
        "kubeblocks_backup_repo" => json!({ "id": "main", "phase": "Ready" }),
        "kubeblocks_backup_schedule" => json!({
            "cluster": "orders",
            "policy": "orders-postgresql-backup-policy",
            "phase": "Available",
        }),
        "kubeblocks_cluster" => json!({
            "endpoints": {},
            "credentials_secret": secret(),
            "planned_impact": impact(),
        }),
        "kubeblocks_object" => json!({
            "api_version": "apps.kubeblocks.io/v1alpha1",
            "kind": "ClusterVersion",
            "namespace": null,
            "name": "example",
            "ready": true,
        }),
        "kubeblocks_operator" => json!({
            "version": "0.7.5",
            "chart_digest": digest('a'),
            "app_version": "0.7.5",
            "crds_digest": digest('b'),
            "planned_changes": { "added": [], "changed": [], "removed": [] },
        }),
        "kubeblocks_ops_request" => json!({
            "name": "orders-restart",
            "phase": "Succeed",
            "progress": "2/2",
            "message": "",
            "planned_impact": impact(),
        }),
        "kubeblocks_service_descriptor" => json!({ "phase": "Available" }),
        _ => of_cloud(name),
    }
}

fn of_cloud(name: &str) -> Json {
    match name {
        "kubeblocks_eks_cluster" => managed(
            "data-stack",
            ("eks", "https://eks.example.com", json!("eu-central-1")),
            ["eks.5", "https://oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE"],
            json!({ "region": "eu-central-1", "system_node_pool": nodes("m6i.xlarge", 50) }),
        ),
        "kubeblocks_gke_cluster" => managed(
            "projects/example/locations/europe-west3/clusters/data-stack",
            ("gke", "https://gke.example.com", json!(null)),
            [
                "1.34.1-gke.1000000",
                "https://container.googleapis.com/v1/projects/example/locations/europe-west3/clusters/data-stack",
            ],
            json!({
                "project": "example",
                "location": "europe-west3",
                "zones": ["europe-west3-a", "europe-west3-b", "europe-west3-c"],
                "node_service_account": "nodes@example.iam.gserviceaccount.com",
                "system_node_pool": nodes("e2-standard-4", 100),
            }),
        ),
        "kubeblocks_aks_cluster" => managed(
            AKS_CLUSTER,
            ("aks", "https://aks.example.com", json!(null)),
            ["1.34.0", "https://westeurope.oic.prod-aks.azure.com/example/example/"],
            json!({ "system_node_pool": nodes("Standard_D4s_v5", 128) }),
        ),
        "kubeblocks_ack_cluster" => managed(
            "c0123456789abcdef",
            ("ack", "https://ack.example.com", json!("eu-central-1")),
            ["1.34.1-aliyun.1", "https://oidc-ack-eu-central-1.example.com/c0123456789abcdef"],
            json!({
                "region": "eu-central-1",
                "service_cidr": "172.21.0.0/20",
                "system_node_pool": nodes("ecs.g7.xlarge", 120),
            }),
        ),
        "kubeblocks_eks_node_group" => pool(
            "data-stack:more",
            ("m6i.xlarge", 50),
            json!({
                "region": "eu-central-1",
                "subnet_ids": ["subnet-0123456789abcdef0"],
                "node_role_arn": "arn:aws:iam::123456789012:role/nodes",
                "ami_type": "AL2023_x86_64_STANDARD",
            }),
        ),
        "kubeblocks_gke_node_pool" => pool(
            "projects/example/locations/europe-west3/clusters/data-stack/nodePools/more",
            ("e2-standard-4", 100),
            json!({
                "zones": ["europe-west3-a", "europe-west3-b", "europe-west3-c"],
                "disk_type": "pd-balanced",
                "image_type": "COS_CONTAINERD",
                "node_service_account": "nodes@example.iam.gserviceaccount.com",
            }),
        ),
        "kubeblocks_aks_node_pool" => pool(
            &format!("{AKS_CLUSTER}/agentPools/more"),
            ("Standard_D4s_v5", 128),
            json!({
                "zones": ["1", "2", "3"],
                "subnet_id": "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/data-stack/providers/Microsoft.Network/virtualNetworks/data-stack/subnets/nodes",
            }),
        ),
        "kubeblocks_ack_node_pool" => pool(
            "np0123456789abcdef",
            ("ecs.g7.xlarge", 120),
            json!({
                "region": "eu-central-1",
                "vswitch_ids": ["vsw-0123456789abcdef0"],
                "system_disk_category": "cloud_essd",
                "image_type": "AliyunLinux3",
            }),
        ),
        _ => json!({}),
    }
}

const AKS_CLUSTER: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/data-stack/providers/Microsoft.ContainerService/managedClusters/data-stack";

/// The computed attributes of a data source.
pub(super) fn of_data_source(name: &str) -> Json {
    match name {
        "kubeblocks_addons" => json!({ "addons": {} }),
        "kubeblocks_backups" => json!({ "backups": [], "latest_completed": "orders-backup" }),
        "kubeblocks_catalog" => json!({ "line": "0.7", "addons": {} }),
        "kubeblocks_cluster" => json!({
            "definition": "postgresql",
            "version": "postgresql-14.8.0",
            "termination_policy": "Delete",
            "phase": "Running",
            "components": {},
            "instances": {},
            "endpoints": {},
            "credentials_secret": secret(),
        }),
        "kubeblocks_cluster_definition" => json!({
            "addon": "postgresql",
            "components": {},
            "connection_keys": ["endpoint", "host", "password", "port", "username"],
            "default_version": "postgresql-14.8.0",
            "message": "",
            "phase": "Available",
            "type": "postgresql",
            "versions": ["postgresql-12.14.0", "postgresql-14.8.0"],
        }),
        "kubeblocks_cluster_definitions" => json!({ "cluster_definitions": {} }),
        "kubeblocks_cluster_versions" => {
            json!({ "cluster_versions": {}, "default_version": "postgresql-14.8.0" })
        }
        "kubeblocks_kubernetes_versions" => {
            json!({ "versions": [], "default_version": "1.34", "latest_version": "1.35" })
        }
        "kubeblocks_parameters" => json!({ "parameters": [] }),
        _ => json!({}),
    }
}

fn secret() -> Json {
    json!({ "namespace": "default", "name": "orders-conn-credential" })
}

fn digest(digit: char) -> String {
    format!("sha256:{}", digit.to_string().repeat(64))
}

/// A new object disturbs nobody.
fn impact() -> Json {
    json!({
        "level": "none",
        "reasons": [],
        "instances_restarted": 0,
        "nodes_recreated": 0,
        "data_removed": [],
        "before": null,
        "after": { "instances": 2, "nodes": null, "cpu": 2, "memory_gib": 4, "storage_gib": 40 },
    })
}

fn impact_on_nodes() -> Json {
    let mut impact = impact();
    impact["after"] =
        json!({ "instances": null, "nodes": 3, "cpu": null, "memory_gib": null, "storage_gib": null });
    impact
}

fn nodes(machine: &str, disk: i64) -> Json {
    json!({
        "machine_types": [machine],
        "size": 3,
        "autoscaling": { "min": 3, "max": 5 },
        "disk_size_gib": disk,
        "labels": null,
        "taints": null,
        "spot": false,
    })
}

/// The first of `versions` is that of the cloud's platform, the second the issuer of tokens.
fn managed(id: &str, way: (&str, &str, Json), told: [&str; 2], own: Json) -> Json {
    let (method, endpoint, region) = way;
    let common = json!({
        "id": id,
        "kubernetes_version": "1.34",
        "kubernetes": {
            "endpoint": endpoint,
            "ca_certificate": CERTIFICATE,
            "auth": { "method": method, "cluster": id, "region": region },
        },
        "platform_version": told[0],
        "oidc_issuer": told[1],
        "created_resources": [],
        "planned_impact": impact_on_nodes(),
    });
    joined(common, own)
}

fn pool(id: &str, nodes: (&str, i64), own: Json) -> Json {
    let common = json!({
        "id": id,
        "machine_types": [nodes.0],
        "disk_size_gib": nodes.1,
        "size": 3,
        "kubernetes_version": "1.34",
        "planned_impact": impact_on_nodes(),
    });
    joined(common, own)
}

fn joined(mut common: Json, own: Json) -> Json {
    let (Some(all), Json::Object(own)) = (common.as_object_mut(), own) else { panic!("both are objects") };
    all.extend(own);
    common
}
