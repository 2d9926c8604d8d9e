//! Names, labels and annotations that KubeBlocks 0.7 gives its objects.
//!
//! Pure: strings in, strings out. Every other file of the stand-in takes its keys from here.

use std::collections::BTreeMap;

/// Labels and annotations as Kubernetes keeps them.
pub(crate) type Labels = BTreeMap<String, String>;

pub(crate) const FIELD_MANAGER: &str = "manager";
pub(crate) const MANAGED_BY: &str = "kubeblocks";

pub(crate) const CLUSTER_FINALIZER: &str = "cluster.kubeblocks.io/finalizer";
pub(crate) const RSM_FINALIZER: &str = "rsm.workloads.kubeblocks.io/finalizer";
pub(crate) const OPS_FINALIZER: &str = "opsrequest.kubeblocks.io/finalizer";
pub(crate) const DEFINITION_FINALIZER: &str = "clusterdefinition.kubeblocks.io/finalizer";
pub(crate) const VERSION_FINALIZER: &str = "clusterversion.kubeblocks.io/finalizer";
pub(crate) const TEMPLATE_FINALIZER: &str = "config.kubeblocks.io/finalizer";
pub(crate) const STORAGE_FINALIZER: &str = "storage.kubeblocks.io/finalizer";
pub(crate) const ADDON_FINALIZER: &str = "addon.kubeblocks.io/finalizer";
pub(crate) const DATA_PROTECTION_FINALIZER: &str = "dataprotection.kubeblocks.io/finalizer";

pub(crate) const LABEL_INSTANCE: &str = "app.kubernetes.io/instance";
pub(crate) const LABEL_MANAGED_BY: &str = "app.kubernetes.io/managed-by";
pub(crate) const LABEL_NAME: &str = "app.kubernetes.io/name";
pub(crate) const LABEL_COMPONENT_DEFINITION: &str = "app.kubernetes.io/component";
pub(crate) const LABEL_VERSION: &str = "app.kubernetes.io/version";
pub(crate) const LABEL_COMPONENT: &str = "apps.kubeblocks.io/component-name";
pub(crate) const LABEL_COMPONENT_DEFINITION_REF: &str = "apps.kubeblocks.io/component-def-ref";
pub(crate) const LABEL_WORKLOAD_TYPE: &str = "apps.kubeblocks.io/workload-type";
pub(crate) const LABEL_CLUSTER_TYPE: &str = "apps.kubeblocks.io/cluster-type";
pub(crate) const LABEL_CLAIM_TEMPLATE: &str = "apps.kubeblocks.io/vct-name";
pub(crate) const LABEL_VOLUME_TYPE: &str = "kubeblocks.io/volume-type";
pub(crate) const LABEL_ROLE: &str = "kubeblocks.io/role";
pub(crate) const LABEL_ACCESS_MODE: &str = "rsm.workloads.kubeblocks.io/access-mode";
pub(crate) const LABEL_RSM_GENERATION: &str = "rsm.workloads.kubeblocks.io/controller-generation";
pub(crate) const LABEL_ACCOUNT: &str = "account.kubeblocks.io/name";
pub(crate) const LABEL_DEFINITION: &str = "clusterdefinition.kubeblocks.io/name";
pub(crate) const LABEL_CLUSTER_VERSION: &str = "clusterversion.kubeblocks.io/name";
pub(crate) const LABEL_OPS_TYPE: &str = "ops.kubeblocks.io/ops-type";
pub(crate) const LABEL_BACKUP_PROTECTION: &str = "kubeblocks.io/backup-protection";
pub(crate) const LABEL_BACKUP_POLICY: &str = "dataprotection.kubeblocks.io/backup-policy";

pub(crate) const LABEL_TEMPLATE_TYPE: &str = "config.kubeblocks.io/config-type";
pub(crate) const LABEL_ADDON: &str = "extensions.kubeblocks.io/addon-name";

pub(crate) const ANNOTATION_GENERATION: &str = "kubeblocks.io/generation";
pub(crate) const ANNOTATION_CLUSTER_UID: &str = "KB_CLUSTER_UID";
pub(crate) const ANNOTATION_OPS_LOCK: &str = "kubeblocks.io/ops-request";
pub(crate) const ANNOTATION_START_SNAPSHOT: &str = "kubeblocks.io/snapshot-for-start";
pub(crate) const ANNOTATION_RESTART: &str = "kubeblocks.io/restart";
pub(crate) const ANNOTATION_RESTORE: &str = "kubeblocks.io/restore-from-backup";
pub(crate) const ANNOTATION_LAST_CLUSTER: &str = "apps.kubeblocks.io/last-applied-cluster";
pub(crate) const ANNOTATION_REPLICAS: &str = "apps.kubeblocks.io/component-replicas";
pub(crate) const ANNOTATION_PRIMARY: &str = "rs.apps.kubeblocks.io/primary";
pub(crate) const ANNOTATION_POLICY_TEMPLATE: &str = "apps.kubeblocks.io/backup-policy-template";
pub(crate) const ANNOTATION_DEFAULT_POLICY: &str = "dataprotection.kubeblocks.io/is-default-policy";
pub(crate) const ANNOTATION_IGNORE_VERSION: &str = "clusters.apps.kubeblocks.io/allow-inconsistent-cv";
pub(crate) const ANNOTATION_IGNORE_RESOURCES: &str =
    "clusters.apps.kubeblocks.io/allow-inconsistent-resource";
pub(crate) const ANNOTATION_EXTRA_ENV: &str = "kubeblocks.io/extra-env";

/// Prefix of the annotations that the playground's own fault switches use. The real operator does not know them;
/// the stand-in copies them from the Cluster to its pods.
pub(crate) const PLAYGROUND_PREFIX: &str = "playground.kubeblocks.io/";

/// `<cluster>-<component>`: the name of the workload, its service and the Configuration.
pub(crate) fn workload(cluster: &str, component: &str) -> String {
    format!("{cluster}-{component}")
}

/// The headless Service of a workload.
pub(crate) fn headless(workload: &str) -> String {
    format!("{workload}-headless")
}

/// The ConfigMap with the environment of a workload.
pub(crate) fn environment(workload: &str) -> String {
    format!("{workload}-env")
}

/// The ConfigMap that holds one rendered config or script template.
pub(crate) fn config_map(cluster: &str, component: &str, template: &str) -> String {
    format!("{cluster}-{component}-{template}")
}

/// The Secret with the credentials of a cluster.
pub(crate) fn credential(cluster: &str) -> String {
    format!("{cluster}-conn-credential")
}

/// The Secret of one system account.
pub(crate) fn account(cluster: &str, component: &str, account: &str) -> String {
    format!("{cluster}-{component}-{account}")
}

/// The Secret with the certificates that the operator makes.
pub(crate) fn certificates(cluster: &str, component: &str) -> String {
    format!("{cluster}-{component}-tls-certs")
}

/// The label of a definition or version that uses a config or script template.
pub(crate) fn template_label(template: &str) -> String {
    format!("config.kubeblocks.io/tpl-{template}")
}

/// The label of a definition or version that uses a constraint of parameters.
pub(crate) fn constraint_label(constraint: &str) -> String {
    format!("config.kubeblocks.io/constraints-{constraint}")
}

/// The `ServiceAccount` and `RoleBinding` of a cluster's pods.
pub(crate) fn service_account(cluster: &str) -> String {
    format!("kb-{cluster}")
}

/// The claim that a `StatefulSet` makes for one ordinal.
pub(crate) fn claim(template: &str, workload: &str, ordinal: i32) -> String {
    format!("{template}-{workload}-{ordinal}")
}

/// The pod of one ordinal.
pub(crate) fn pod(workload: &str, ordinal: i32) -> String {
    format!("{workload}-{ordinal}")
}

/// The ordinal in a pod's or a claim's name, when the name belongs to `workload`.
pub(crate) fn ordinal(workload: &str, name: &str) -> Option<i32> {
    name.strip_prefix(workload)?.strip_prefix('-')?.parse().ok().filter(|ordinal| *ordinal >= 0)
}

/// The `BackupPolicy` that a template makes for a component definition.
pub(crate) fn backup_policy(cluster: &str, definition: &str, identifier: Option<&str>) -> String {
    with_identifier(format!("{cluster}-{definition}-backup-policy"), identifier)
}

/// The `BackupSchedule` that a template makes for a component definition.
pub(crate) fn backup_schedule(cluster: &str, definition: &str, identifier: Option<&str>) -> String {
    with_identifier(format!("{cluster}-{definition}-backup-schedule"), identifier)
}

fn with_identifier(base: String, identifier: Option<&str>) -> String {
    match identifier {
        Some(identifier) if !identifier.is_empty() => format!("{base}-{identifier}"),
        _ => base,
    }
}

/// Builds a label map from pairs.
pub(crate) fn labels<const N: usize>(pairs: [(&str, &str); N]) -> Labels {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// The labels by which the operator finds everything of one cluster.
pub(crate) fn cluster_selector(cluster: &str) -> Labels {
    labels([(LABEL_INSTANCE, cluster), (LABEL_MANAGED_BY, MANAGED_BY)])
}

/// The labels by which the operator finds everything of one component.
pub(crate) fn component_selector(cluster: &str, component: &str) -> Labels {
    labels([(LABEL_INSTANCE, cluster), (LABEL_MANAGED_BY, MANAGED_BY), (LABEL_COMPONENT, component)])
}

/// A label map as a selector string of the API.
pub(crate) fn selector(labels: &Labels) -> String {
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals_are_read_only_from_names_of_the_same_workload() {
        for (workload, name, expected) in [
            ("cache-redis", "cache-redis-0", Some(0)),
            ("cache-redis", "cache-redis-12", Some(12)),
            ("cache-redis", "cache-redis-sentinel-0", None),
            ("cache-redis", "cache-redis", None),
            ("data-cache-redis", "data-cache-redis-3", Some(3)),
        ] {
            assert_eq!(ordinal(workload, name), expected, "{workload} {name}");
        }
    }

    #[test]
    fn backup_objects_are_named_after_the_component_definition_and_the_identifier() {
        assert_eq!(backup_policy("orders", "mysql", None), "orders-mysql-backup-policy");
        assert_eq!(backup_policy("orders", "mysql", Some("")), "orders-mysql-backup-policy");
        assert_eq!(
            backup_schedule("orders", "mysql", Some("nightly")),
            "orders-mysql-backup-schedule-nightly"
        );
    }
}
