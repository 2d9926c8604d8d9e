//! How KubeBlocks v0.7 names and labels what it makes for a cluster. Pure.

/// Label that holds the cluster's name, on everything that belongs to it.
pub const CLUSTER_LABEL: &str = "app.kubernetes.io/instance";
/// Label that holds the component's name.
pub const COMPONENT_LABEL: &str = "apps.kubeblocks.io/component-name";
/// Selector of all that KubeBlocks manages.
pub const MANAGED_BY_KUBEBLOCKS: &str = "app.kubernetes.io/managed-by=kubeblocks";
/// Label of a pod's role, such as `primary`.
pub const ROLE_LABEL: &str = "kubeblocks.io/role";
/// Annotation of a workload with the generation of the Cluster that it was made from.
pub const GENERATION_ANNOTATION: &str = "kubeblocks.io/generation";
/// Annotation of a Cluster with the `OpsRequest`s that hold it.
pub const OPS_REQUEST_ANNOTATION: &str = "kubeblocks.io/ops-request";
/// Annotation of a Cluster with the replicas before an `OpsRequest` stopped it.
pub const SNAPSHOT_FOR_START_ANNOTATION: &str = "kubeblocks.io/snapshot-for-start";
/// Annotation of a Cluster that is to start from a backup; the operator removes it when that is done.
pub const RESTORE_ANNOTATION: &str = "kubeblocks.io/restore-from-backup";
/// Annotation of a Backup with the Cluster that was backed up, as JSON.
pub const CLUSTER_SNAPSHOT_ANNOTATION: &str = "kubeblocks.io/cluster-snapshot";
/// Annotation of a Backup with the password of the database, encrypted by the operator.
pub const CONNECTION_PASSWORD_ANNOTATION: &str = "dataprotection.kubeblocks.io/connection-password";
/// Finalizer of a Cluster.
pub const CLUSTER_FINALIZER: &str = "cluster.kubeblocks.io/finalizer";

/// Selector of everything that belongs to a cluster.
pub fn cluster_selector(cluster: &str) -> String {
    format!("{CLUSTER_LABEL}={cluster}")
}

/// The Secret with the connection of the cluster's first component that has a Service.
pub fn connection_secret(cluster: &str) -> String {
    format!("{cluster}-conn-credential")
}

/// The Secret of a system account, such as `kbadmin`. Made only after the cluster runs.
pub fn account_secret(cluster: &str, component: &str, account: &str) -> String {
    format!("{cluster}-{component}-{account}")
}

/// The Secret with the certificates that KubeBlocks issues for a component.
pub fn tls_secret(cluster: &str, component: &str) -> String {
    format!("{cluster}-{component}-tls-certs")
}

/// The workload of a component: its `ReplicatedStateMachine`, and the `StatefulSet` that this makes.
pub fn workload(cluster: &str, component: &str) -> String {
    format!("{cluster}-{component}")
}

/// The Service through which a component is written to and read.
pub fn service(cluster: &str, component: &str) -> String {
    workload(cluster, component)
}

/// The Service of one of the component's `services`.
pub fn extra_service(cluster: &str, component: &str, service: &str) -> String {
    format!("{cluster}-{component}-{service}")
}

/// The Service with a DNS name for each pod.
pub fn headless_service(cluster: &str, component: &str) -> String {
    format!("{cluster}-{component}-headless")
}

/// Name of a Service in the DNS of the Kubernetes cluster.
pub fn service_host(service: &str, namespace: &str) -> String {
    format!("{service}.{namespace}.svc")
}

/// A pod of a component.
pub fn pod(cluster: &str, component: &str, ordinal: u32) -> String {
    format!("{cluster}-{component}-{ordinal}")
}

/// The claim of a pod for one of its volumes.
pub fn volume_claim(volume: &str, cluster: &str, component: &str, ordinal: u32) -> String {
    format!("{volume}-{cluster}-{component}-{ordinal}")
}

/// The `ConfigMap` with the rendered files of one of the component's config specs.
pub fn config_map(cluster: &str, component: &str, config_spec: &str) -> String {
    format!("{cluster}-{component}-{config_spec}")
}

/// The parameters of a component, as a `Configuration`.
pub fn configuration(cluster: &str, component: &str) -> String {
    workload(cluster, component)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_kubeblocks_gives() {
        let table = [
            (connection_secret("orders"), "orders-conn-credential"),
            (account_secret("orders", "db", "kbadmin"), "orders-db-kbadmin"),
            (tls_secret("orders", "db"), "orders-db-tls-certs"),
            (workload("orders", "db"), "orders-db"),
            (service("orders", "db"), "orders-db"),
            (extra_service("orders", "db", "lb"), "orders-db-lb"),
            (headless_service("orders", "db"), "orders-db-headless"),
            (service_host("orders-db", "shop"), "orders-db.shop.svc"),
            (pod("orders", "db", 2), "orders-db-2"),
            (volume_claim("data", "orders", "db", 2), "data-orders-db-2"),
            (configuration("orders", "db"), "orders-db"),
            (config_map("orders", "db", "my-config"), "orders-db-my-config"),
            (cluster_selector("orders"), "app.kubernetes.io/instance=orders"),
        ];
        for (name, expected) in table {
            assert_eq!(name, expected);
        }
    }
}
