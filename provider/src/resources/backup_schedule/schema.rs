//! The schema of `kubeblocks_backup_schedule`. Doc comments are the documentation. Declares only; decides nothing.

use kubeblocks_schemas::cron::{CronError, check_cron};
use tfplugin::typed::Value;
use tfplugin::{TerraformSchema, Timeouts};

use crate::kubernetes_attribute::KubernetesConnection;
use crate::resources::cluster::equality::same_retention;
pub use crate::resources::cluster::schema::Map;
use crate::resources::texts::retention;

/// Backups of a database at fixed times, beside those of `backup` of the `kubeblocks_cluster`: several methods, or several
/// times and retentions of one.
///
/// Creating it waits until the operator has taken it over. The backups it takes are listed by the data source
/// `kubeblocks_backups`; they stay when it is destroyed, and for as long as `retention` says. It goes with its database,
/// unless that has the termination policy `Halt`.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct BackupScheduleState {
    /// The Kubernetes cluster that the database runs in. Left out, the one of the provider block.
    #[tf(optional, effect = "in_place")]
    pub kubernetes: Value<KubernetesConnection>,
    /// Kubernetes namespace of the database. Changing it creates a new schedule.
    #[tf(required, requires_replace)]
    pub namespace: Value<String>,
    /// Name of the schedule, unique in its namespace: at most 63 lower-case letters, digits and `-`. Changing it creates a
    /// new one. With the namespace it is the begin of the names of the `CronJob`s, of which 30 characters count: schedules
    /// that share these cannot have the same method.
    #[tf(required, requires_replace, validate = name)]
    pub name: Value<String>,
    /// Name of the database: of a `kubeblocks_cluster`, which is then made before it. Its default backup policy is used,
    /// unless `policy` names another one. Changing it creates a new schedule.
    #[tf(optional, computed, requires_replace)]
    pub cluster: Value<String>,
    /// Name of the `BackupPolicy`. Left out, the default one of `cluster`. Changing it creates a new schedule.
    #[tf(optional, computed, requires_replace)]
    pub policy: Value<String>,
    /// What is done when, under the names of the methods of the backup policy, such as `pg-basebackup`, `xtrabackup`,
    /// `datafile` or `volume-snapshot`.
    #[tf(required, effect = "in_place")]
    pub schedules: Value<Map<Schedule>>,
    /// How many minutes late a backup may start, 0 to 1440. One that would be later is left out. Left out, there is no
    /// limit.
    #[tf(optional, validate = starting_deadline, effect = "in_place")]
    pub starting_deadline_minutes: Value<i64>,
    /// How long to wait. Defaults: `create` 5m, `update` 5m, `delete` 5m, `read` 2m.
    #[tf(optional, effect = "in_place")]
    pub timeouts: Value<Timeouts>,
    /// How the operator finds it: `Available`, or `Failed` as long as something is wrong. An apply waits for `Available`.
    #[tf(computed)]
    pub phase: Value<String>,
}

/// When backups are made by one method.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct Schedule {
    /// When, in UTC: minute, hour, day of month, month and day of week, such as `0 3 * * *`.
    #[tf(required, validate = cron)]
    pub cron: Value<String>,
    /// How long a backup is kept, such as `7d` (default), `1mo` or `1y6mo`.
    #[tf(optional, default = "7d", semantic_equal = same_retention, validate = retention)]
    pub retention: Value<String>,
    /// Whether it runs. Default true.
    #[tf(optional, default = true)]
    pub enabled: Value<bool>,
}

/// What tells one schedule from every other in a Kubernetes cluster.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct BackupScheduleIdentity {
    /// Kubernetes namespace.
    #[tf(required_for_import)]
    pub namespace: Value<String>,
    /// Name of the schedule.
    #[tf(required_for_import)]
    pub name: Value<String>,
}

impl BackupScheduleState {
    /// The name; empty while it is not known.
    pub fn name(&self) -> &str {
        self.name.known().map_or("", String::as_str)
    }

    /// The namespace; empty while it is not known.
    pub fn namespace(&self) -> &str {
        self.namespace.known().map_or("", String::as_str)
    }
}

#[allow(clippy::ptr_arg, reason = "the schema hands over what the attribute holds")]
fn cron(text: &String) -> Result<(), CronError> {
    check_cron(text)
}

/// A label's value, which the operator makes of the name, and the begin of names that may hold no points.
#[allow(clippy::ptr_arg, reason = "the schema hands over what the attribute holds")]
fn name(text: &String) -> Result<(), String> {
    crate::resources::texts::object_name(text).map_err(|error| error.to_string())?;
    if text.contains('.') {
        Err(format!("{text:?} has a point, which a schedule's name may not have"))
    } else {
        Ok(())
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the schema hands over what the attribute holds")]
fn starting_deadline(minutes: &i64) -> Result<(), String> {
    if (0..=1440).contains(minutes) { Ok(()) } else { Err(format!("{minutes} is not between 0 and 1440")) }
}
