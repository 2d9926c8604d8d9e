//! Create, update and delete: writes, then waits.
//!
//! A create marks the object until Terraform is told of it, so that a provider that is killed loses nothing: the next
//! create finds the mark and goes on, while a backup without it belongs to somebody.

use std::time::Duration;

use kubeblocks_schemas::v1alpha1::Backup;
use kubeblocks_schemas::v1alpha1::backup::BackupPhase;
use tfplugin::prelude::*;

use super::schema::BackupState;
use super::{BackupResource, checks, convert, messages};
use crate::kubernetes::diagnostic::diagnostic;
use crate::kubernetes::unfinished::{MARK, is_cut_off, marked, take_off};
use crate::kubernetes::{Client, Conflicts, Error};
use crate::resources::namespaced::{self, BEING_DELETED, find_to_delete, made_by_somebody, until_ready};
use crate::resources::object::messages::as_warning;
use crate::resources::object::readiness::{Goal, Verdict};
use crate::resources::object::remote::NotThere;
use crate::wait::{Limits, at_most};

const CANNOT_CREATE: &str = "Cannot take the backup";
const CANNOT_UPDATE: &str = "Cannot change the backup";
const CANNOT_DELETE: &str = "Cannot delete the backup";
const NOT_COMPLETE: &str = "Backup is not complete";

/// Large databases take their time.
const CREATE_TIMEOUT: Duration = Duration::from_hours(2);
const DELETE_TIMEOUT: Duration = Duration::from_mins(20);
/// A last request after an interrupt or a failure may take so long.
const LAST_WORDS: Duration = Duration::from_secs(5);

fn place(state: &BackupState) -> String {
    format!("{}/{}", state.namespace(), state.name())
}

async fn wait(
    client: &Client,
    state: &BackupState,
    written: &Backup,
    limits: &Limits,
) -> Result<(), NotThere> {
    let goal = Goal {
        phase: Some(BackupPhase::Completed.as_str().to_owned()),
        lost: vec!["Failed", "Deleting"],
        ..Goal::default()
    };
    let generation = written.metadata.generation.unwrap_or_default();
    until_ready::<Backup>(client, (state.namespace(), state.name()), &goal, generation, limits).await
}

/// The state after a wait, whatever became of it.
async fn seen(client: &Client, state: &BackupState) -> BackupState {
    let found = at_most(LAST_WORDS, client.get_opt::<Backup>(Some(state.namespace()), state.name())).await;
    match found.and_then(Result::ok).flatten() {
        Some(object) => convert::observe(state, &object),
        None => without_unknowns(state),
    }
}

fn without_unknowns(state: &BackupState) -> BackupState {
    let mut state = state.clone();
    let computed = [
        &mut state.policy,
        &mut state.phase,
        &mut state.repo,
        &mut state.path,
        &mut state.size,
        &mut state.completed_at,
        &mut state.expires_at,
    ];
    for value in computed.into_iter().filter(|value| value.is_unknown()) {
        *value = Value::Null;
    }
    state
}

/// Takes the backup and waits until it is complete.
pub(super) async fn create(
    resource: &BackupResource,
    context: &Context,
    request: Create<BackupState>,
    progress: &Progress<BackupState>,
) -> Result<BackupState, Diagnostics> {
    let mut planned = request.planned;
    let limits = Limits::new(planned.timeouts.create_or(CREATE_TIMEOUT), context.stop());
    let client = resource.shared.client_for(&planned.kubernetes, CANNOT_CREATE).await?;
    let obeying = client.obeying(&limits.stop);
    let claimed = format!("backup/{}", planned.name());
    let Some(_claim) = resource.shared.claim(&client.endpoint(), planned.namespace(), &claimed) else {
        return Err(there_already(&planned, "another resource of this configuration takes it.").into());
    };
    let written = begin(&obeying, CANNOT_CREATE, &mut planned).await?;
    progress.record(without_unknowns(&planned));
    let waited = wait(&client, &planned, &written, &limits).await;
    let state = seen(&client, &planned).await;
    // The last request: a run that is killed before it is gone on with. The answer tells Terraform of the object, whatever
    // became of it.
    if !matches!(waited, Err(NotThere::Gone)) {
        remove_mark(&client, &planned).await;
    }
    let Err(why) = waited else { return Ok(convert::completed(&planned, state)) };
    let message = messages::not_complete(NOT_COMPLETE, &place(&planned), &why);
    match why {
        // An error would taint it, and the next apply would delete what is nearly complete.
        NotThere::Interrupted | NotThere::TimedOut { verdict: Verdict::OnItsWay, .. } => {
            context.warn(as_warning(message));
            Ok(convert::completed(&planned, state))
        }
        NotThere::TimedOut { .. } | NotThere::Lost { .. } | NotThere::Gone | NotThere::Api(_) => {
            progress.record(state);
            Err(message.into())
        }
    }
}

/// Takes a backup that is needed now, or goes on with one of that name that was cut off. Anything but a complete one is an
/// error; `summary` says what could not be done.
pub(in crate::resources) async fn take_at_once(
    client: &Client,
    summary: &'static str,
    mut wanted: BackupState,
    limits: &Limits,
) -> Result<BackupState, Diagnostics> {
    let written = begin(&client.obeying(&limits.stop), summary, &mut wanted).await?;
    let outcome = wait(client, &wanted, &written, limits).await;
    if !matches!(outcome, Err(NotThere::Gone)) {
        remove_mark(client, &wanted).await;
    }
    match outcome {
        Ok(()) => Ok(seen(client, &wanted).await),
        Err(why) => Err(messages::not_complete(summary, &place(&wanted), &why).into()),
    }
}

/// Asks for the backup, unless a create of ours that was cut off has done so.
async fn begin(
    client: &Client,
    summary: &'static str,
    planned: &mut BackupState,
) -> Result<Backup, Diagnostics> {
    let failed = |error: &Error| Diagnostics::from(diagnostic(summary, error));
    let existing = client.get_opt::<Backup>(Some(planned.namespace()), planned.name()).await;
    if let Some(existing) = existing.map_err(|error| failed(&error))? {
        refuse_others(&existing, planned)?;
        planned.policy = Value::Known(existing.spec.backup_policy_name.clone());
        return Ok(existing);
    }
    planned.policy = Value::Known(checks::policy(client, summary, planned).await?);
    let applied = client.server_side_apply(&marked(&convert::build(planned)), Conflicts::Force).await;
    Ok(applied.map_err(|error| failed(&error))?.object)
}

/// A mark that stays does little: the backup is taken for one of ours by whoever makes one of its name.
async fn remove_mark(client: &Client, state: &BackupState) {
    let (namespace, name) = (Some(state.namespace()), state.name());
    take_off(|| client.remove_annotation::<Backup>(namespace, name, MARK)).await;
}

/// Goes on waiting for a backup that was not complete, and writes what a destroy does.
pub(super) async fn update(
    resource: &BackupResource,
    context: &Context,
    request: Update<BackupState>,
) -> Result<BackupState, Diagnostics> {
    let planned = request.planned;
    let limits = Limits::new(planned.timeouts.create_or(CREATE_TIMEOUT), context.stop());
    let client = resource.shared.client_for(&planned.kubernetes, CANNOT_UPDATE).await?;
    let applied =
        client.obeying(&limits.stop).server_side_apply(&convert::build(&planned), Conflicts::Force).await;
    let written = applied.map_err(|error| Diagnostics::from(diagnostic(CANNOT_UPDATE, &error)))?.object;
    if let Err(why) = wait(&client, &planned, &written, &limits).await {
        return Err(messages::not_complete(NOT_COMPLETE, &place(&planned), &why).into());
    }
    Ok(convert::completed(&planned, seen(&client, &planned).await))
}

/// Deletes the backup with what is stored and waits until it is gone; one that is to be retained is forgotten.
pub(super) async fn delete(
    resource: &BackupResource,
    context: &Context,
    state: BackupState,
) -> Result<(), Diagnostics> {
    if state.deletion_policy == Value::Known("Retain".to_owned()) {
        context.warn(messages::retained(&place(&state), state.repo.known().map(String::as_str)));
        return Ok(());
    }
    let limits = Limits::new(state.timeouts.delete_or(DELETE_TIMEOUT), context.stop());
    let client = resource.shared.client_for(&state.kubernetes, CANNOT_DELETE).await?;
    let place = (state.namespace(), state.name());
    match find_to_delete::<Backup>(&client.obeying(context.stop()), place, CANNOT_DELETE).await? {
        Some(existing) => namespaced::delete(&client, &existing, CANNOT_DELETE, &limits).await,
        None => Ok(()),
    }
}

/// A backup of that name must be one that an earlier create of ours was cut off from.
fn refuse_others(existing: &Backup, planned: &BackupState) -> Result<(), Diagnostics> {
    if existing.metadata.deletion_timestamp.is_some() {
        return Err(there_already(planned, BEING_DELETED).into());
    }
    if is_cut_off(&existing.metadata) && planned.method.known() == Some(&existing.spec.backup_method) {
        return Ok(());
    }
    let place = (planned.namespace(), planned.name());
    Err(there_already(planned, &made_by_somebody("kubeblocks_backup", place)).into())
}

fn there_already(planned: &BackupState, why: &str) -> Diagnostic {
    namespaced::there_already::<Backup>((planned.namespace(), planned.name()), CANNOT_CREATE, why)
}
