//! The schema of `kubeblocks_backup`. Doc comments are the documentation. Declares only; decides nothing.

use tfplugin::typed::Value;
use tfplugin::{TerraformSchema, Timeouts};

use crate::kubernetes_attribute::KubernetesConnection;
use crate::resources::cluster::equality::same_retention;
use crate::resources::texts::{deletion_policy, object_name, retention};

/// One backup of a database, taken when it is created.
///
/// Creating it waits until the backup is complete. It is a thing of its own: it stays when the database goes, whatever its
/// `termination_policy`. Changing anything but `deletion_policy` and `timeouts` takes another backup in its place.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct BackupState {
    /// The Kubernetes cluster that the database runs in. Left out, the one of the provider block.
    #[tf(optional, effect = "in_place")]
    pub kubernetes: Value<KubernetesConnection>,
    /// Kubernetes namespace of the database.
    #[tf(required, requires_replace)]
    pub namespace: Value<String>,
    /// Name of the database: of a `kubeblocks_cluster`, which is then made before it.
    #[tf(required, requires_replace)]
    pub cluster: Value<String>,
    /// Name of the backup, unique in its namespace.
    #[tf(required, requires_replace, validate = object_name)]
    pub name: Value<String>,
    /// How it is made: a method of the database's backup policy, such as `pg-basebackup`, `xtrabackup`, `datafile` or
    /// `volume-snapshot`.
    #[tf(required, requires_replace)]
    pub method: Value<String>,
    /// Name of the `BackupPolicy`. Left out, the default one of the database.
    #[tf(optional, computed, requires_replace)]
    pub policy: Value<String>,
    /// How long it is kept, such as `7d`, `1mo` or `1y6mo`. Left out, until it is destroyed. When the time is over the
    /// operator removes it, and the next apply would take another one.
    #[tf(optional, requires_replace, semantic_equal = same_retention, validate = retention)]
    pub retention: Value<String>,
    /// What a destroy does: `Delete` (default) deletes what is stored, `Retain` leaves the backup where it is, and Terraform
    /// only forgets it.
    #[tf(optional, default = "Delete", validate = deletion_policy, effect = "in_place")]
    pub deletion_policy: Value<String>,
    /// How long to wait. Defaults: `create` 2h, `delete` 20m, `read` 2m.
    #[tf(optional, effect = "in_place")]
    pub timeouts: Value<Timeouts>,
    /// `Completed`, or how far it is.
    #[tf(computed)]
    pub phase: Value<String>,
    /// Name of the repository that it lies in; null for snapshots of volumes.
    #[tf(computed)]
    pub repo: Value<String>,
    /// Where it lies in the repository.
    #[tf(computed)]
    pub path: Value<String>,
    /// Size of what is stored, where the method tells it.
    #[tf(computed)]
    pub size: Value<String>,
    /// When it was complete, as RFC 3339.
    #[tf(computed)]
    pub completed_at: Value<String>,
    /// When it will be removed, as RFC 3339; null without `retention`.
    #[tf(computed)]
    pub expires_at: Value<String>,
}

/// What tells one backup from every other in a Kubernetes cluster.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct BackupIdentity {
    /// Kubernetes namespace.
    #[tf(required_for_import)]
    pub namespace: Value<String>,
    /// Name of the backup.
    #[tf(required_for_import)]
    pub name: Value<String>,
}

impl BackupState {
    /// The name; empty while it is not known.
    pub fn name(&self) -> &str {
        self.name.known().map_or("", String::as_str)
    }

    /// The namespace; empty while it is not known.
    pub fn namespace(&self) -> &str {
        self.namespace.known().map_or("", String::as_str)
    }
}
