//! The schema of `kubeblocks_backup_repo`. Doc comments are the documentation. Declares only; decides nothing.

use kubeblocks_schemas::quantity::{Quantity, QuantityError};
use tfplugin::typed::Value;
use tfplugin::{TerraformSchema, Timeouts};

use crate::kubernetes_attribute::KubernetesConnection;
use crate::resources::cluster::equality::same_quantity;
pub use crate::resources::cluster::schema::Map;
use crate::resources::texts::{object_name, one_of};

/// A place for backups: a bucket of an object store, or volumes of the Kubernetes cluster.
///
/// Creating it waits until the operator calls it ready. The operator never tries the keys, so ready does not say that they
/// are right: the first backup does. A destroy is refused while there are backups in it.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct BackupRepoState {
    /// The Kubernetes cluster that the operator runs in. Left out, the one of the provider block; it then stays null
    /// here. Take it from the `kubeblocks_operator`, and both can be created by the same apply.
    #[tf(optional, effect = "in_place")]
    pub kubernetes: Value<KubernetesConnection>,
    /// Name, unique in the Kubernetes cluster: at most 63 lower-case letters, digits, `-` and `.`. Changing it creates a
    /// new one.
    #[tf(required, requires_replace, validate = object_name)]
    pub name: Value<String>,
    /// What kind of storage: `s3`, `oss`, `gcs-s3comp`, `minio`, `cos`, `obs`, `pvc` (volumes of the Kubernetes cluster), or
    /// any other `StorageProvider` that is installed. Changing it creates a new repository.
    #[tf(required, requires_replace)]
    pub storage_provider: Value<String>,
    /// Parameters of the storage that are no secret. `s3`, `oss`, `gcs-s3comp`, `cos` and `obs` need `bucket` and `region` and
    /// take `endpoint` and `mountOptions`. `minio` needs `bucket` and `endpoint`. `pvc` takes `storageClassName`,
    /// `accessMode` and `volumeMode`.
    #[tf(optional, effect = "in_place")]
    pub config: Value<Map<String>>,
    /// Parameters of the storage that are secret: `accessKeyId` and `secretAccessKey`, of all but `pvc`. Never stored:
    /// neither in state nor in plans. Needs Terraform 1.11, OpenTofu 1.11, or later. They are put into a Secret in the
    /// operator's namespace, which goes with the repository.
    #[tf(optional, write_only, sensitive, effect = "in_place")]
    pub credentials_wo: Value<Map<String>>,
    /// Any number; changing it writes `credentials_wo` again, as Terraform cannot see that they changed. Required with
    /// them.
    #[tf(optional, effect = "in_place")]
    pub credentials_wo_version: Value<i64>,
    /// How the storage is reached: `Tool` (default), by the backup tool itself, or `Mount`, as a volume, which object
    /// stores need the add-on `csi-s3` for. Changing it creates a new repository.
    #[tf(optional, requires_replace, default = "Tool", validate = access_method)]
    pub access_method: Value<String>,
    /// What becomes of volumes that were made for the repository, when it goes: `Retain` (default) or `Delete`.
    #[tf(optional, default = "Retain", validate = reclaim_policy, effect = "in_place")]
    pub pv_reclaim_policy: Value<String>,
    /// Size of a volume that is made for the repository, such as `100Gi`.
    #[tf(optional, semantic_equal = same_quantity, validate = quantity, effect = "in_place")]
    pub volume_capacity: Value<String>,
    /// Whether backups that name no repository go here. Default false. At most one repository of a Kubernetes cluster can
    /// be the default: with two, such backups fail.
    #[tf(optional, default = false, effect = "in_place")]
    pub is_default: Value<bool>,
    /// How long to wait. Defaults: `create` 10m, `update` 10m, `delete` 10m, `read` 2m.
    #[tf(optional, effect = "in_place")]
    pub timeouts: Value<Timeouts>,
    /// The name, once more.
    #[tf(computed)]
    pub id: Value<String>,
    /// How the operator finds it: `Ready`, or `Failed` as long as something is missing. An apply waits for `Ready`.
    #[tf(computed)]
    pub phase: Value<String>,
}

/// What tells one repository from every other in a Kubernetes cluster.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct BackupRepoIdentity {
    /// Name of the repository.
    #[tf(required_for_import)]
    pub name: Value<String>,
}

impl BackupRepoState {
    /// The name; empty while it is not known.
    pub fn name(&self) -> &str {
        self.name.known().map_or("", String::as_str)
    }

    /// Whether backups that name no repository are to go here.
    pub fn is_default(&self) -> bool {
        self.is_default == Value::Known(true)
    }
}

#[allow(clippy::ptr_arg, reason = "the schema hands over what the attribute holds")]
fn quantity(text: &String) -> Result<(), QuantityError> {
    text.parse::<Quantity>().map(drop)
}

#[allow(clippy::ptr_arg, reason = "the schema hands over what the attribute holds")]
fn access_method(text: &String) -> Result<(), String> {
    one_of(text, &["Tool", "Mount"])
}

#[allow(clippy::ptr_arg, reason = "the schema hands over what the attribute holds")]
fn reclaim_policy(text: &String) -> Result<(), String> {
    one_of(text, &["Retain", "Delete"])
}
