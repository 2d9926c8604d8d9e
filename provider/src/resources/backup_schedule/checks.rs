//! What must be there before a schedule is written. The operator would take it and fail, or take no backup and say nothing.

use kubeblocks_schemas::catalogue::did_you_mean;
use kubeblocks_schemas::v1alpha1::{BackupPolicy, BackupSchedule, Cluster};
use tfplugin::prelude::*;

use super::convert;
use super::schema::BackupScheduleState;
use crate::kubeblocks::backup_policy::{NoPolicy, action_sets, choose, name};
use crate::kubeblocks::naming::{CLUSTER_LABEL, cluster_selector};
use crate::kubernetes::diagnostic::diagnostic;
use crate::kubernetes::{Client, Error};
use crate::resources::backup::checks::{method_of, no_policy};
use crate::resources::cluster::build::known_entries;
use crate::resources::object::remote::as_json;

/// The only type of backups that the operator takes at fixed times.
const FULL: &str = "Full";

/// The database of a policy.
pub(super) fn cluster_of(policy: &BackupPolicy) -> Option<String> {
    policy.metadata.labels.as_ref()?.get(CLUSTER_LABEL).cloned()
}

/// The policy that is meant, or why there is none.
pub(super) async fn policy(
    client: &Client,
    summary: &'static str,
    state: &BackupScheduleState,
) -> Result<Result<BackupPolicy, Diagnostic>, Error> {
    let namespace = state.namespace();
    let named = state.policy.known();
    let refuse = |attribute: &str, detail: String| {
        Ok(Err(Diagnostic::error(summary, detail).at(Path::attribute(attribute))))
    };
    let Some(cluster) = state.cluster.known() else {
        let all = client.list::<BackupPolicy>(Some(namespace), None).await?;
        let wanted = named.map_or("", String::as_str);
        if let Some(found) = all.iter().find(|policy| name(policy) == wanted) {
            return Ok(Ok(found.clone()));
        }
        let hint = did_you_mean(wanted, all.iter().map(name));
        let why = if all.is_empty() { NoPolicy::None } else { NoPolicy::Unknown };
        return refuse("policy", format!("{}{hint}", no_policy(why, &all, wanted)));
    };
    if client.get_opt::<Cluster>(Some(namespace), cluster).await?.is_none() {
        return refuse("cluster", format!("There is no database {namespace}/{cluster}."));
    }
    let selector = cluster_selector(cluster);
    let policies = client.list::<BackupPolicy>(Some(namespace), Some(&selector)).await?;
    match choose(&policies, named.map(String::as_str)) {
        Ok(chosen) => Ok(Ok(chosen.clone())),
        Err(why) => {
            let wanted = named.map_or("", String::as_str);
            let hint = if why == NoPolicy::Unknown {
                did_you_mean(wanted, policies.iter().map(name))
            } else {
                String::new()
            };
            let detail = no_policy(why, &policies, wanted);
            refuse("policy", format!("{detail}{hint} The database is {namespace}/{cluster}."))
        }
    }
}

/// Methods that the policy does not have, or that cannot be scheduled. Who may not read action sets finds no fault in them.
pub(super) async fn methods(
    client: &Client,
    summary: &'static str,
    state: &BackupScheduleState,
    policy: &BackupPolicy,
) -> Result<Diagnostics, Error> {
    let mut found = Diagnostics::new();
    for (wanted, _) in known_entries(&state.schedules) {
        let at = Path::attribute("schedules").then_key(wanted);
        let method = match method_of(policy, wanted) {
            Ok(method) => method,
            Err(detail) => {
                found.push(Diagnostic::error(summary, detail).at(at));
                continue;
            }
        };
        let Some(actions) =
            method.action_set_name.as_deref().filter(|_| method.snapshot_volumes != Some(true))
        else {
            continue;
        };
        let object = match client.get_object(&action_sets(), None, actions).await {
            Ok(object) => object,
            Err(Error::Forbidden { .. }) => continue,
            Err(error) => return Err(error),
        };
        let kind = object.as_ref().map(|object| as_json(object)["spec"]["backupType"].clone());
        if let Some(detail) =
            cannot_run(wanted, actions, kind.as_ref().map(|kind| kind.as_str().unwrap_or(FULL)))
        {
            found.push(Diagnostic::error(summary, detail).at(at));
        }
    }
    Ok(found)
}

/// Why a method cannot be scheduled. `kind` is the type of backup of its action set, nothing when that is not there.
fn cannot_run(method: &str, actions: &str, kind: Option<&str>) -> Option<String> {
    match kind {
        None => Some(format!(
            "The method \"{method}\" is done by the ActionSet \"{actions}\", which does not exist: the add-on of the engine should have brought it. The schedule would fail."
        )),
        Some(FULL) => None,
        Some(kind) => Some(format!(
            "The method \"{method}\" makes backups of the type {kind}, and KubeBlocks 0.7 takes none of these at fixed times. Use a method that makes full backups."
        )),
    }
}

/// Methods that another schedule has a `CronJob` of the same name for.
pub(super) async fn collisions(
    client: &Client,
    summary: &'static str,
    state: &BackupScheduleState,
) -> Result<Diagnostics, Diagnostics> {
    let others = client.list::<BackupSchedule>(Some(state.namespace()), None).await;
    let others = others.map_err(|error| Diagnostics::from(diagnostic(summary, &error)))?;
    let taken = convert::taken(state, &others).into_iter().map(|(method, other)| {
        let job = convert::cron_job(state.namespace(), state.name(), &method);
        Diagnostic::error(
            summary,
            format!(
                "The CronJob of \"{method}\" would be \"{job}\", which BackupSchedule {}/{other} has already: only the first 30 characters of name and namespace count. The operator would try for ever to make it. Choose a `name` that begins otherwise.",
                state.namespace()
            ),
        )
        .at(Path::attribute("schedules").then_key(&method))
    });
    Ok(taken.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_full_backups_are_taken_at_fixed_times() {
        for (kind, expected) in [
            (Some("Full"), None),
            (Some("Continuous"), Some("of the type Continuous")),
            (None, Some("does not exist")),
        ] {
            match (cannot_run("archive-wal", "pg-wal", kind), expected) {
                (None, None) => {}
                (Some(found), Some(part)) => assert!(found.contains(part), "{found}"),
                other => panic!("{other:?}"),
            }
        }
    }
}
