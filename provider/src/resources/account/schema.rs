//! The schema of `kubeblocks_account`. Doc comments are the documentation. Declares only; decides nothing.

use tfplugin::typed::Value;
use tfplugin::{TerraformSchema, Timeouts};

use super::validate::{account_name, role};
use crate::kubernetes_attribute::KubernetesConnection;

/// An account in a database, for a person or a program. For the engines `apecloud-mysql`, `postgresql` and `redis`.
///
/// The account exists in the engine alone: the provider runs `curl` in the container of lorry, the helper that KubeBlocks
/// puts beside each instance, by the `exec` of Kubernetes, which must be 1.30 or later. That needs the rights to `get` and
/// `create` on `pods/exec`. Requests, the password among them, travel as standard input, never as arguments and through no
/// shell. Lorry itself writes the statements that it runs to the log of its container: who may read logs of the namespace
/// may read new passwords of MySQL and PostgreSQL there.
///
/// Accounts of the operator (`kbadmin` and others that begin with `kb`, `root`, `postgres`, `default`) are not managed here;
/// read them with the ephemeral resource `kubeblocks_credentials`.
///
/// What a role means depends on the engine. PostgreSQL: membership in `pg_read_all_data` and `pg_write_all_data`, which it
/// has since version 14, or `SUPERUSER`. MySQL: global privileges. Redis: categories of commands on all keys.
///
/// Redis keeps accounts in memory, and each instance its own: after a restart or a failover an account is missing, the next
/// plan shows that, and the apply makes it again. PostgreSQL refuses to remove an account that owns objects.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct AccountState {
    /// The Kubernetes cluster that the database runs in. Left out, the one of the provider block.
    #[tf(optional, effect = "in_place")]
    pub kubernetes: Value<KubernetesConnection>,
    /// Kubernetes namespace of the database. Changing it makes another account.
    #[tf(required, requires_replace)]
    pub namespace: Value<String>,
    /// Name of the database: of a `kubeblocks_cluster`, which is then made before the account and destroyed after it.
    /// Changing it makes another account.
    #[tf(required, requires_replace)]
    pub cluster: Value<String>,
    /// Component of the database. Left out, the only one whose engine has accounts. Changing it makes another account.
    #[tf(optional, computed, requires_replace)]
    pub component: Value<String>,
    /// Name of the account: lower-case letters, digits and `_`, at most 32, not beginning with a digit. Changing it makes
    /// another account.
    #[tf(required, requires_replace, validate = account_name)]
    pub name: Value<String>,
    /// What it may do with all data: `readonly`, `readwrite` or `superuser`. A role that was changed by somebody else is set
    /// back; `customized` in a plan says that the account has rights that are none of these.
    #[tf(required, validate = role, effect = "in_place")]
    pub role: Value<String>,
    /// Its password, of any characters but control characters. Never stored: neither in state nor in plans. Needs Terraform
    /// 1.11, OpenTofu 1.11, or later. Required when the account is made; may be left out for one that was imported.
    #[tf(optional, write_only, sensitive, effect = "in_place")]
    pub password: Value<String>,
    /// Any number; changing it sets `password` again, as Terraform cannot see that it changed. The password is changed in
    /// place: sessions go on, and what belongs to the account stays.
    #[tf(optional, effect = "in_place")]
    pub password_revision: Value<i64>,
    /// How long to wait for a database that is not ready yet. Defaults: `create` 10m, `update` 10m, `delete` 10m, `read` 30s.
    #[tf(optional, effect = "in_place")]
    pub timeouts: Value<Timeouts>,
}

/// What tells one account from every other in a Kubernetes cluster.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct AccountIdentity {
    /// Kubernetes namespace of the database.
    #[tf(required_for_import)]
    pub namespace: Value<String>,
    /// Name of the database.
    #[tf(required_for_import)]
    pub cluster: Value<String>,
    /// Component of the database.
    #[tf(required_for_import)]
    pub component: Value<String>,
    /// Name of the account.
    #[tf(required_for_import)]
    pub name: Value<String>,
}

impl AccountState {
    /// The namespace; empty while it is not known.
    pub fn namespace(&self) -> &str {
        self.namespace.known().map_or("", String::as_str)
    }

    /// The database; empty while it is not known.
    pub fn cluster(&self) -> &str {
        self.cluster.known().map_or("", String::as_str)
    }

    /// The name; empty while it is not known.
    pub fn name(&self) -> &str {
        self.name.known().map_or("", String::as_str)
    }

    /// The component that is written or known from an earlier apply.
    pub fn component(&self) -> Option<&str> {
        self.component.known().map(String::as_str)
    }
}
