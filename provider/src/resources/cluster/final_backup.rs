//! `final_backup`: a backup that is taken before a destroy. Its failure keeps the database.

use std::time::Duration;

use kubeblocks_schemas::v1alpha1::{Backup, Cluster, ComponentPhase};
use tfplugin::prelude::*;

use super::names;
use super::schema::{ClusterState, FinalBackup};
use crate::kubernetes::Client;
use crate::kubernetes::diagnostic::diagnostic;
use crate::kubernetes::unfinished::is_cut_off;
use crate::resources::backup::apply::take_at_once;
use crate::resources::backup::schema::BackupState;
use crate::wait::Limits;

const NOT_TAKEN: &str = "Final backup was not taken, and the database stays";
/// Large databases take their time.
const TIMEOUT: Duration = Duration::from_hours(2);

/// Takes the backup and waits for it. Gives what is to be said of it.
pub(super) async fn take(
    client: &Client,
    context: &Context,
    state: &ClusterState,
) -> Result<Option<Diagnostic>, Diagnostics> {
    let Some(wanted) = state.final_backup.known() else { return Ok(None) };
    let (namespace, cluster) = names(state);
    let obeying = client.obeying(context.stop());
    let failed = |error| Diagnostics::from(diagnostic(NOT_TAKEN, &error));
    let Some(object) = obeying.get_opt::<Cluster>(Some(&namespace), &cluster).await.map_err(failed)? else {
        return Ok(None);
    };
    if object.metadata.deletion_timestamp.is_some() {
        return Ok(None);
    }
    let phase = object.status.as_ref().and_then(|status| status.phase.clone());
    if matches!(phase, None | Some(ComponentPhase::Creating)) {
        let detail = format!("Cluster {namespace}/{cluster} has never run, so there is nothing to back up.");
        return Ok(Some(Diagnostic::warning("Database is removed without a final backup", detail)));
    }
    if phase == Some(ComponentPhase::Stopped) {
        let detail = format!(
            "Cluster {namespace}/{cluster} is stopped, and KubeBlocks backs up only what runs. Set `running = true`, or take `final_backup` out, and apply that before the destroy."
        );
        return Err(Diagnostic::error(NOT_TAKEN, detail).into());
    }
    let name = free_name(&obeying, &namespace, &cluster).await.map_err(failed)?;
    let limits = Limits::new(state.timeouts.delete_or(TIMEOUT), context.stop());
    let taken = Box::pin(take_at_once(client, NOT_TAKEN, backup(state, wanted, &name), &limits)).await;
    let taken = taken.map_err(|errors| errors.into_iter().map(with_a_way_out).collect::<Diagnostics>())?;
    let place = |value: &Value<String>| value.known().cloned();
    let size = place(&taken.size).map_or_else(String::new, |size| format!(", {size}"));
    let repo = place(&taken.repo).map_or_else(String::new, |repo| format!(", in BackupRepo {repo}"));
    Ok(Some(Diagnostic::warning(
        "Final backup is taken",
        format!(
            "Backup {namespace}/{name} of Cluster {namespace}/{cluster} is complete{size}{repo}. It stays; a new `kubeblocks_cluster` in that namespace starts from it with `restore = {{ backup = \"{name}\" }}`."
        ),
    )))
}

/// What else can be done where the backup cannot be had.
fn with_a_way_out(mut error: Diagnostic) -> Diagnostic {
    // There is no configuration of a resource that is destroyed.
    error.path = None;
    error.detail.push_str(
        "\n\nNothing of the database was removed. To destroy it without this backup, take `final_backup` out and apply that first.",
    );
    error
}

fn backup(state: &ClusterState, wanted: &FinalBackup, name: &str) -> BackupState {
    BackupState {
        kubernetes: state.kubernetes.clone(),
        namespace: state.namespace.clone(),
        cluster: state.name.clone(),
        name: Value::Known(name.to_owned()),
        method: wanted.method.clone(),
        policy: wanted.policy.clone(),
        retention: wanted.retention.clone(),
        deletion_policy: Value::Known("Delete".to_owned()),
        ..BackupState::default()
    }
}

/// A name that no backup has, or that of one which an earlier destroy was cut off from. An earlier complete one is as old
/// as the destroy that took it.
async fn free_name(
    client: &Client,
    namespace: &str,
    cluster: &str,
) -> Result<String, crate::kubernetes::Error> {
    let mut number = 1_u32;
    loop {
        let name = numbered(cluster, number);
        match client.get_opt::<Backup>(Some(namespace), &name).await? {
            Some(found) if !is_cut_off(&found.metadata) => number = number.saturating_add(1),
            _ => return Ok(name),
        }
    }
}

fn numbered(cluster: &str, number: u32) -> String {
    if number == 1 { format!("{cluster}-final") } else { format!("{cluster}-final-{number}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::backup::convert::build;
    use crate::resources::cluster::test_support::{redis, text};

    #[test]
    fn it_outlives_the_database_and_has_a_name_of_its_own() {
        let wanted =
            FinalBackup { method: text("datafile"), retention: text("30d"), ..FinalBackup::default() };
        let object = build(&backup(&redis(), &wanted, &numbered("cache", 1)));
        assert_eq!(object.metadata.name.as_deref(), Some("cache-final"));
        assert_eq!(object.spec.backup_method, "datafile");
        assert_eq!(object.spec.retention_period.as_deref(), Some("30d"));
        assert_eq!(object.metadata.labels.unwrap()["kubeblocks.io/backup-protection"], "Retain");
        assert_eq!(numbered("cache", 3), "cache-final-3");
    }
}
