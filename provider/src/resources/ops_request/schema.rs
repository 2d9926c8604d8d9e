//! The schema of `kubeblocks_ops_request`. Doc comments are the documentation. Declares only; decides nothing.

use tfplugin::typed::{Set, Value};
use tfplugin::{TerraformSchema, Timeouts};

use crate::impact::PlannedImpact;
use crate::kubernetes_attribute::KubernetesConnection;
pub use crate::resources::cluster::schema::Map;
use crate::resources::texts::{deletion_policy, namespace_name, object_name, retention};

/// Does something to a database once: restarts it, moves its leading role, runs statements, stops or starts it, makes a
/// backup. It does so when it is created, and once more whenever one of its arguments changes, as each change replaces
/// it: write what it shall follow into `triggers`.
///
/// An apply checks first whether the operation can work, which the operator itself does not, waits for operations that
/// others run on the database, and ends when the operation has. An interrupted one is gone on with by the next apply and
/// never done twice. Once it is done, nothing does it again: no refresh, and not that somebody deletes the `OpsRequest`. A
/// destroy removes the `OpsRequest` and leaves its effect.
///
/// It cannot be imported: what was done once has nothing left to manage, and nothing on the server tells the `triggers`
/// it was done for. Terraform 1.14 and later have actions for the same: `kubeblocks_restart` and others.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct OpsRequestState {
    /// The Kubernetes cluster of the database. Left out, the one of the provider block. Take it from the
    /// `kubeblocks_cluster`.
    #[tf(optional, effect = "in_place")]
    pub kubernetes: Value<KubernetesConnection>,
    /// Namespace of the database.
    #[tf(required, requires_replace, validate = namespace_name)]
    pub namespace: Value<String>,
    /// Name of the database. Refer to the `kubeblocks_cluster`, so that the operation comes after it.
    #[tf(required, requires_replace, validate = object_name)]
    pub cluster: Value<String>,
    /// Restarts all instances of components, one after the other.
    #[tf(optional, requires_replace)]
    pub restart: Value<Restart>,
    /// Moves the leading role of a component to another instance.
    #[tf(optional, requires_replace)]
    pub switchover: Value<Switchover>,
    /// Runs statements in the database: MySQL, PostgreSQL, Redis and `OceanBase`.
    #[tf(optional, requires_replace)]
    pub script: Value<Script>,
    /// Stops all instances and keeps the volumes: `stop = {}`. A `kubeblocks_cluster` of the same configuration sees other
    /// `replicas` than it has written and starts the database again, so this is for databases that are not managed there.
    #[tf(optional, requires_replace)]
    pub stop: Value<Nothing>,
    /// Starts a database that was stopped by an operation, with as many instances as it had: `start = {}`.
    #[tf(optional, requires_replace)]
    pub start: Value<Nothing>,
    /// Makes a backup and waits until it is complete. The backup outlives this resource, also a `WipeOut` of the database.
    #[tf(optional, requires_replace)]
    pub backup_now: Value<BackupNow>,
    /// Any texts; a change of one does the operation once more.
    #[tf(optional, requires_replace)]
    pub triggers: Value<Map<String>>,
    /// How long to wait, for the turn and for the operation together. Defaults: `create` and `update` 60m, 10m for a
    /// switchover; `delete` 5m. An update only goes on waiting for an operation that was interrupted.
    #[tf(optional, effect = "in_place")]
    pub timeouts: Value<Timeouts>,
    /// Which operations may be done although the provider's `guard` holds them back, such as `["downtime"]`. A level
    /// includes those below it.
    #[tf(optional, effect = "in_place")]
    pub accept_impact: Value<Set<String>>,
    /// What the operation does, at worst, to whoever uses the database: known in the plan.
    #[tf(computed)]
    pub planned_impact: Value<PlannedImpact>,
    /// Name of the `OpsRequest`. Null when there was nothing to do: the database was stopped, or started, already.
    #[tf(computed)]
    pub name: Value<String>,
    /// How it ended: `Succeed`. Another phase is that of an operation that was interrupted or has failed.
    #[tf(computed)]
    pub phase: Value<String>,
    /// How many instances, or other objects, were done: `2/2`. Null where nothing is counted.
    #[tf(computed)]
    pub progress: Value<String>,
    /// What the operator says of the end.
    #[tf(computed)]
    pub message: Value<String>,
}

/// What is restarted.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct Restart {
    /// Names of the components.
    #[tf(required, validate = not_empty)]
    pub components: Value<Vec<Value<String>>>,
}

/// What is switched over.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct Switchover {
    /// Name of the component. It must be named like its definition, as KubeBlocks 0.7 looks it up so.
    #[tf(required)]
    pub component: Value<String>,
    /// Name of the pod that is to lead. Left out, any other one.
    #[tf(optional)]
    pub instance: Value<String>,
}

/// Statements to run in the database, each once: `statements`, or keys of `ConfigMap`s and Secrets, or all of them.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct Script {
    /// Name of the component. Left out, the only one that can run statements.
    #[tf(optional)]
    pub component: Value<String>,
    /// The statements. They stand in state and in the `OpsRequest`: put those that hold a password into a Secret and name
    /// it in `secret_refs`.
    #[tf(optional)]
    pub statements: Value<Vec<Value<String>>>,
    /// Keys of `ConfigMap`s, in the namespace of the database, that hold statements.
    #[tf(optional)]
    pub config_map_refs: Value<Vec<Value<KeyReference>>>,
    /// Keys of Secrets, in the namespace of the database, that hold statements.
    #[tf(optional)]
    pub secret_refs: Value<Vec<Value<KeyReference>>>,
    /// Image of the client that runs them. Left out, that of KubeBlocks.
    #[tf(optional)]
    pub image: Value<String>,
    /// The Secret with the user to log in as. Left out, the first user of the database.
    #[tf(optional)]
    pub secret: Value<LoginSecret>,
    /// Labels of the pods to run them on, each by itself. Left out, they run once, through the Service of the component.
    #[tf(optional)]
    pub selector: Value<Map<String>>,
}

/// A key of an object.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct KeyReference {
    /// Name of the object.
    #[tf(required)]
    pub name: Value<String>,
    /// The key.
    #[tf(required)]
    pub key: Value<String>,
}

/// A Secret with a user and a password, in the namespace of the database.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct LoginSecret {
    /// Name of the Secret.
    #[tf(required)]
    pub name: Value<String>,
    /// Key of the user's name. Left out, `username`.
    #[tf(optional)]
    pub username_key: Value<String>,
    /// Key of the password. Left out, `password`.
    #[tf(optional)]
    pub password_key: Value<String>,
}

/// Nothing is to be said.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct Nothing {}

/// Which backup is made.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct BackupNow {
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
}

#[allow(clippy::ptr_arg, reason = "the schema hands over what the attribute holds")]
pub(crate) fn not_empty(all: &Vec<Value<String>>) -> Result<(), &'static str> {
    if all.is_empty() { Err("name one at least") } else { Ok(()) }
}
