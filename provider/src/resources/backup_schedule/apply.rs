//! Create, update and delete: writes, then waits.
//!
//! A create marks the object until Terraform is told of it, so that a provider that is killed loses nothing: the next
//! create finds the mark and goes on, while a schedule without it belongs to somebody.

use std::time::Duration;

use kubeblocks_schemas::v1alpha1::BackupSchedule;
use tfplugin::prelude::*;

use super::convert::{self, AVAILABLE, build};
use super::schema::BackupScheduleState;
use super::{BackupScheduleResource, checks};
use crate::kubeblocks::backup_policy;
use crate::kubernetes::diagnostic::diagnostic;
use crate::kubernetes::unfinished::{MARK, is_cut_off, marked, take_off};
use crate::kubernetes::{Client, Conflicts, Error};
use crate::resources::backup::checks::{method_of, repository};
use crate::resources::namespaced::{self, BEING_DELETED, find_to_delete, made_by_somebody, until_ready};
use crate::resources::object::messages::as_warning;
use crate::resources::object::readiness::{Goal, Verdict};
use crate::resources::object::remote::NotThere;
use crate::resources::waited::not_there;
use crate::wait::{Limits, at_most};

const CANNOT_CREATE: &str = "Cannot make the backup schedule";
const CANNOT_UPDATE: &str = "Cannot change the backup schedule";
const CANNOT_DELETE: &str = "Cannot delete the backup schedule";
const NOT_AVAILABLE: &str = "Backup schedule is not available";

/// The operator takes a schedule over at once.
const TIMEOUT: Duration = Duration::from_mins(5);
/// A last request after an interrupt or a failure may take so long.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A schedule that is about to be written.
struct Job<'a> {
    summary: &'static str,
    client: Client,
    limits: Limits,
    timeout: &'static str,
    state: BackupScheduleState,
    context: &'a Context,
}

impl Job<'_> {
    fn obeying(&self) -> Client {
        self.client.obeying(&self.limits.stop)
    }

    fn failed(&self, error: &Error) -> Diagnostics {
        diagnostic(self.summary, error).into()
    }

    async fn existing(&self) -> Result<Option<BackupSchedule>, Diagnostics> {
        let state = &self.state;
        let found = self.obeying().get_opt::<BackupSchedule>(Some(state.namespace()), state.name()).await;
        found.map_err(|error| self.failed(&error))
    }

    /// Finds the policy, and refuses what the operator could not do by it.
    async fn resolve(&mut self) -> Result<kubeblocks_schemas::v1alpha1::BackupPolicy, Diagnostics> {
        let client = self.obeying();
        let found = checks::policy(&client, self.summary, &self.state).await;
        let policy = found.map_err(|error| self.failed(&error))??;
        let wrong = checks::methods(&client, self.summary, &self.state, &policy).await;
        wrong.map_err(|error| self.failed(&error))?.into_result(())?;
        checks::collisions(&client, self.summary, &self.state).await?.into_result(())?;
        let snapshots_only = self.state.schedules.known().into_iter().flatten().all(|(method, _)| {
            method_of(&policy, method).is_ok_and(|method| method.snapshot_volumes == Some(true))
        });
        if !snapshots_only
            && let Err(detail) = repository(&client, &policy).await.map_err(|error| self.failed(&error))?
        {
            let detail = format!("{detail} The schedule is written; its backups fail as long as this is so.");
            self.context.warn(Diagnostic::warning("Backups have nowhere to go", detail));
        }
        self.state.policy = Value::Known(backup_policy::name(&policy).to_owned());
        if self.state.cluster.known().is_none() {
            self.state.cluster = checks::cluster_of(&policy).into();
        }
        Ok(policy)
    }

    async fn write(&self, object: &BackupSchedule) -> Result<BackupSchedule, Diagnostics> {
        // Fields that somebody else has set to another value were shown by the plan.
        let applied = self.obeying().server_side_apply(object, Conflicts::Force).await;
        applied.map(|applied| applied.object).map_err(|error| self.failed(&error))
    }

    /// Waits until the operator has taken over what was written. `before` is the phase that it had before.
    async fn wait(&self, written: &BackupSchedule, before: Option<&str>) -> Result<(), NotThere> {
        let goal = Goal {
            phase: Some(AVAILABLE.to_owned()),
            lost: vec!["Failed"],
            // The operator notes a failure without the generation. One of before may have been put right.
            lost_unseen: before != Some("Failed"),
            ..Goal::default()
        };
        let generation = written.metadata.generation.unwrap_or_default();
        let place = (self.state.namespace(), self.state.name());
        until_ready::<BackupSchedule>(&self.client, place, &goal, generation, &self.limits).await
    }

    fn not_available(&self, why: &NotThere) -> Diagnostic {
        not_there(NOT_AVAILABLE, &display(&self.state), "available", why, self.timeout)
    }

    /// The state after a wait, whatever became of it.
    async fn seen(&self) -> BackupScheduleState {
        let (namespace, name) = (self.state.namespace(), self.state.name());
        let found = at_most(LAST_WORDS, self.client.get_opt::<BackupSchedule>(Some(namespace), name)).await;
        match found.and_then(Result::ok).flatten() {
            Some(object) => convert::observe(&self.state, &object),
            None => without_unknowns(&self.state),
        }
    }
}

fn display(state: &BackupScheduleState) -> String {
    format!("BackupSchedule {}/{}", state.namespace(), state.name())
}

fn phase(object: &BackupSchedule) -> Option<&str> {
    object.status.as_ref()?.phase.as_deref()
}

fn without_unknowns(state: &BackupScheduleState) -> BackupScheduleState {
    let mut state = state.clone();
    for value in [&mut state.policy, &mut state.cluster, &mut state.phase] {
        if value.is_unknown() {
            *value = Value::Null;
        }
    }
    state
}

/// Makes the schedule and waits until it is available.
pub(super) async fn create(
    resource: &BackupScheduleResource,
    context: &Context,
    request: Create<BackupScheduleState>,
    progress: &Progress<BackupScheduleState>,
) -> Result<BackupScheduleState, Diagnostics> {
    let state = request.planned;
    let limits = Limits::new(state.timeouts.create_or(TIMEOUT), context.stop());
    let client = resource.shared.client_for(&state.kubernetes, CANNOT_CREATE).await?;
    let claimed = format!("backupschedule/{}", state.name());
    let endpoint = client.endpoint();
    let Some(_claim) = resource.shared.claim(&endpoint, state.namespace(), &claimed) else {
        return Err(there_already(&state, "another resource of this configuration makes it.").into());
    };
    let mut job = Job { summary: CANNOT_CREATE, client, limits, timeout: "timeouts.create", state, context };
    let existing = job.existing().await?;
    if let Some(existing) = &existing {
        refuse_others(existing, &job.state)?;
    }
    job.resolve().await?;
    let written = job.write(&marked(&build(&job.state))).await?;
    progress.record(without_unknowns(&job.state));
    let waited = job.wait(&written, existing.as_ref().and_then(phase)).await;
    let state = job.seen().await;
    // The last request: a run that is killed before it is gone on with. The answer tells Terraform of the object, whatever
    // became of it.
    if !matches!(waited, Err(NotThere::Gone)) {
        let (namespace, name) = (Some(job.state.namespace()), job.state.name());
        take_off(|| job.client.remove_annotation::<BackupSchedule>(namespace, name, MARK)).await;
    }
    let Err(why) = waited else { return Ok(convert::completed(&job.state, state)) };
    let message = job.not_available(&why);
    match why {
        // An error would taint it, and the next apply would make it anew.
        NotThere::Interrupted | NotThere::TimedOut { verdict: Verdict::OnItsWay, .. } => {
            context.warn(as_warning(message));
            Ok(convert::completed(&job.state, state))
        }
        NotThere::TimedOut { .. } | NotThere::Lost { .. } | NotThere::Gone | NotThere::Api(_) => {
            progress.record(state);
            Err(message.into())
        }
    }
}

/// Changes the schedule in place and waits until it is available again.
pub(super) async fn update(
    resource: &BackupScheduleResource,
    context: &Context,
    request: Update<BackupScheduleState>,
    progress: &Progress<BackupScheduleState>,
) -> Result<BackupScheduleState, Diagnostics> {
    let state = request.planned;
    let limits = Limits::new(state.timeouts.update_or(TIMEOUT), context.stop());
    let client = resource.shared.client_for(&state.kubernetes, CANNOT_UPDATE).await?;
    let mut job = Job { summary: CANNOT_UPDATE, client, limits, timeout: "timeouts.update", state, context };
    let existing = match job.existing().await? {
        Some(existing) if existing.metadata.deletion_timestamp.is_none() => existing,
        Some(_) => return Err(changed(&job.state, "is being deleted by somebody.").into()),
        None => return Err(changed(&job.state, "is not there any more.").into()),
    };
    let policy = job.resolve().await?;
    let object = build(&job.state);
    let mut before = phase(&existing).map(str::to_owned);
    let (off, lost): (Vec<_>, Vec<_>) = convert::leaving(&job.state, &existing)
        .into_iter()
        .partition(|entry| method_of(&policy, &entry.backup_method).is_ok());
    for entry in lost {
        context.warn(left_behind(&job.state, &entry.backup_method));
    }
    if !off.is_empty() {
        let mut switched_off = object.clone();
        switched_off.spec.schedules.extend(off);
        let written = job.write(&switched_off).await?;
        if let Err(why) = job.wait(&written, before.as_deref()).await {
            progress.record(job.seen().await);
            return Err(job.not_available(&why).into());
        }
        before = Some(AVAILABLE.to_owned());
    }
    let written = job.write(&object).await?;
    let waited = job.wait(&written, before.as_deref()).await;
    let state = job.seen().await;
    let Err(why) = waited else { return Ok(convert::completed(&job.state, state)) };
    progress.record(state);
    Err(job.not_available(&why).into())
}

/// Deletes the schedule and waits until it is gone. What it took stays.
pub(super) async fn delete(
    resource: &BackupScheduleResource,
    context: &Context,
    state: BackupScheduleState,
) -> Result<(), Diagnostics> {
    let limits = Limits::new(state.timeouts.delete_or(TIMEOUT), context.stop());
    let client = resource.shared.client_for(&state.kubernetes, CANNOT_DELETE).await?;
    let place = (state.namespace(), state.name());
    match find_to_delete::<BackupSchedule>(&client.obeying(context.stop()), place, CANNOT_DELETE).await? {
        Some(existing) => namespaced::delete(&client, &existing, CANNOT_DELETE, &limits).await,
        None => Ok(()),
    }
}

/// A schedule of that name must be one that an earlier create of ours was cut off from.
fn refuse_others(existing: &BackupSchedule, planned: &BackupScheduleState) -> Result<(), Diagnostics> {
    if existing.metadata.deletion_timestamp.is_some() {
        return Err(there_already(planned, BEING_DELETED).into());
    }
    if is_cut_off(&existing.metadata) {
        return Ok(());
    }
    if convert::is_of_the_operator(existing) {
        let why = "the operator has made it with the database. To change it, use `backup` of the `kubeblocks_cluster`; or choose another `name`.";
        return Err(there_already(planned, why).into());
    }
    let place = (planned.namespace(), planned.name());
    Err(there_already(planned, &made_by_somebody("kubeblocks_backup_schedule", place)).into())
}

fn there_already(planned: &BackupScheduleState, why: &str) -> Diagnostic {
    namespaced::there_already::<BackupSchedule>((planned.namespace(), planned.name()), CANNOT_CREATE, why)
}

fn changed(state: &BackupScheduleState, what: &str) -> Diagnostic {
    let detail = format!("{} {what} Run the command again: the refresh will see it.", display(state));
    Diagnostic::error(CANNOT_UPDATE, detail)
}

/// That a method which the policy lost could not be switched off.
fn left_behind(state: &BackupScheduleState, method: &str) -> Diagnostic {
    let job = convert::cron_job(state.namespace(), state.name(), method);
    Diagnostic::warning(
        "A CronJob is left behind",
        format!(
            "The backup policy has no method \"{method}\" any more, so the operator does not switch it off, and its CronJob goes on asking for backups that fail. To remove it: `kubectl patch cronjob {job} -n {0} --type merge -p '{{\"metadata\":{{\"finalizers\":null}}}}'`, then `kubectl delete cronjob {job} -n {0}`.",
            state.namespace()
        ),
    )
}
