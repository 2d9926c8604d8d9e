//! The action `kubeblocks_backup_now`: makes a backup.

use tfplugin::prelude::*;

use super::invoke::{Arguments, OperationAction, Place, duration};
use crate::kubeblocks::operation::Operation;
use crate::kubernetes_attribute::KubernetesConnection;
use crate::resources::ops_request::convert;
use crate::resources::ops_request::schema;
use crate::resources::texts::{deletion_policy, namespace_name, object_name, retention};

/// Makes a backup of a database and waits until it is complete. The backup stays, also when the database goes by `WipeOut`.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct BackupNowConfig {
    /// The Kubernetes cluster of the database. Left out, the one of the provider block. Take it from the
    /// `kubeblocks_cluster`.
    #[tf(optional)]
    pub kubernetes: Value<KubernetesConnection>,
    /// Namespace of the database.
    #[tf(required, validate = namespace_name)]
    pub namespace: Value<String>,
    /// Name of the database.
    #[tf(required, validate = object_name)]
    pub cluster: Value<String>,
    /// A method of the policy, such as `volume-snapshot`.
    #[tf(required)]
    pub method: Value<String>,
    /// Name of the `BackupPolicy`. Left out, the default one of the database.
    #[tf(optional)]
    pub policy: Value<String>,
    /// Name of the `Backup`. Left out, that of the `OpsRequest`. Such a name is taken once it was used.
    #[tf(optional, validate = object_name)]
    pub name: Value<String>,
    /// How long the backup is kept, such as `7d`. Left out, for ever.
    #[tf(optional, validate = retention)]
    pub retention: Value<String>,
    /// What becomes of the data when the `Backup` is deleted: `Delete` (the operator's default) or `Retain`.
    #[tf(optional, validate = deletion_policy)]
    pub deletion_policy: Value<String>,
    /// How long to wait, for the turn and for the operation together, such as `30m`. Left out, 60m.
    #[tf(optional, validate = duration)]
    pub timeout: Value<String>,
}

impl BackupNowConfig {
    /// The arguments as the resource has them.
    fn backup(&self) -> schema::BackupNow {
        schema::BackupNow {
            method: self.method.clone(),
            policy: self.policy.clone(),
            name: self.name.clone(),
            retention: self.retention.clone(),
            deletion_policy: self.deletion_policy.clone(),
        }
    }
}

/// The action.
pub type BackupNowAction = OperationAction<BackupNowConfig>;

impl Arguments for BackupNowConfig {
    const TYPE_NAME: &'static str = "kubeblocks_backup_now";
    const SUMMARY: &'static str = "Cannot make the backup";

    fn place(&self) -> Place<'_> {
        Place {
            kubernetes: &self.kubernetes,
            namespace: &self.namespace,
            cluster: &self.cluster,
            timeout: &self.timeout,
        }
    }

    fn operation(&self) -> Option<Operation> {
        convert::backup(&self.backup())
    }
}
