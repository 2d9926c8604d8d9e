//! Create, update and delete: writes, then waits. What is written comes from `build`; what is right was decided before.
//!
//! A create marks the object until Terraform is told of it, so that a provider that is killed loses nothing: the next
//! create finds the mark and goes on, while an object without it belongs to somebody.

use std::time::Duration;

use kubeblocks_schemas::v1alpha1::BackupRepo;
use tfplugin::prelude::*;

use super::build::{self, SecretPlace};
use super::plan::READY;
use super::schema::BackupRepoState;
use super::{BackupRepoResource, checks, keys, messages, observe};
use crate::kubernetes::diagnostic::diagnostic;
use crate::kubernetes::dynamic::{ServedKind, resource_of};
use crate::kubernetes::unfinished::{MARK, is_cut_off, marked, take_off};
use crate::kubernetes::{Client, Conflicts, Deleted, Error};
use crate::resources::addon::operator;
use crate::resources::object::messages::{as_warning, not_deleted};
use crate::resources::object::readiness::{Goal, Verdict};
use crate::resources::object::remote::{NotThere, Target};
use crate::wait::{Limits, at_most};

const CANNOT_CREATE: &str = "Cannot create the backup repository";
const CANNOT_UPDATE: &str = "Cannot update the backup repository";
const CANNOT_DELETE: &str = "Cannot delete the backup repository";
const NOT_READY: &str = "Backup repository is not ready";

/// A repository is ready at once, or when the driver that it needs is installed.
const CREATE_TIMEOUT: Duration = Duration::from_mins(10);
const UPDATE_TIMEOUT: Duration = Duration::from_mins(10);
/// Backups that are on their way out are waited for.
const DELETE_TIMEOUT: Duration = Duration::from_mins(10);
/// A last request after an interrupt or a failure may take so long.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A repository that is about to be written.
struct Job<'a> {
    summary: &'static str,
    resource: &'a BackupRepoResource,
    config: &'a BackupRepoState,
    planned: &'a BackupRepoState,
    client: Client,
    limits: Limits,
}

impl Job<'_> {
    fn obeying(&self) -> Client {
        self.client.obeying(&self.limits.stop)
    }

    fn failed(&self, error: &Error) -> Diagnostics {
        diagnostic(self.summary, error).into()
    }

    async fn existing(&self) -> Result<Option<BackupRepo>, Diagnostics> {
        let found = self.obeying().get_opt::<BackupRepo>(None, self.planned.name()).await;
        found.map_err(|error| self.failed(&error))
    }

    async fn check_storage(&self) -> Result<(), Diagnostics> {
        let found = checks::storage(&self.obeying(), self.summary, self.config).await;
        found.map_err(|error| self.failed(&error))?.into_result(())
    }

    /// Where the keys are to be: where they are already, else beside the operator.
    async fn place(&self, existing: Option<&BackupRepo>) -> Result<Option<SecretPlace>, Diagnostics> {
        if self.planned.credentials_wo_version.is_null() {
            return Ok(None);
        }
        if let Some(place) = existing.and_then(keys::of) {
            return Ok(Some(place));
        }
        let client = self.obeying();
        let found = operator::find(&client).await.map_err(|error| self.failed(&error))?;
        let Some(operator) = found else {
            return Err(messages::no_operator(self.summary, &client.endpoint()).into());
        };
        Ok(Some(SecretPlace::of(self.planned.name(), &operator.namespace)))
    }

    async fn write_keys(&self, place: &SecretPlace, owner: Option<&BackupRepo>) -> Result<bool, Diagnostics> {
        let keys = &self.config.credentials_wo;
        keys::write(&self.obeying(), place, self.planned.name(), keys, owner)
            .await
            .map_err(|error| self.failed(&error))
    }

    /// Writes the repository; one that becomes the default only when no other is.
    async fn write(&self, object: &BackupRepo, was_default: bool) -> Result<BackupRepo, Diagnostics> {
        let client = self.obeying();
        let _turn = if self.planned.is_default() && !was_default {
            let turn = self.resource.default.lock().await;
            let others = checks::until_only_default(&client, self.planned.name(), &self.limits.stop).await;
            let others = others.map_err(|error| self.failed(&error))?;
            if let Some(refusal) = messages::two_defaults(self.summary, &others) {
                return Err(refusal.into());
            }
            Some(turn)
        } else {
            None
        };
        // Fields that somebody else has set to another value were shown by the plan.
        let applied = client.server_side_apply(object, Conflicts::Force).await;
        applied.map(|applied| applied.object).map_err(|error| messages::refused(self.summary, &error).into())
    }

    async fn wait(&self, written: &BackupRepo) -> Result<(), NotThere> {
        let goal = Goal { phase: Some(READY.to_owned()), ..Goal::default() };
        let generation = written.metadata.generation.unwrap_or_default();
        target(&self.client, &served(), self.planned.name())
            .until_ready(&goal, generation, &self.limits)
            .await
    }

    /// What the state says of the phase after a wait that did not come to its end.
    fn unfinished(&self, why: &NotThere) -> BackupRepoState {
        let phase = match why {
            NotThere::TimedOut { object: Some(seen), .. } | NotThere::Lost { object: seen } => {
                let phase = seen["status"]["phase"].as_str().filter(|phase| *phase != READY);
                phase.map(str::to_owned).into()
            }
            NotThere::TimedOut { object: None, .. }
            | NotThere::Gone
            | NotThere::Interrupted
            | NotThere::Api(_) => Value::Null,
        };
        BackupRepoState { phase, ..self.planned.clone() }
    }

    fn ready(&self) -> BackupRepoState {
        BackupRepoState { phase: Value::Known(READY.to_owned()), ..self.planned.clone() }
    }
}

fn served() -> ServedKind {
    ServedKind { resource: resource_of::<BackupRepo>(), namespaced: false, has_status: true }
}

fn target<'a>(client: &'a Client, served: &'a ServedKind, name: &'a str) -> Target<'a> {
    Target { client, served, namespace: None, name }
}

/// Makes the repository and waits until it is ready.
pub(super) async fn create(
    resource: &BackupRepoResource,
    context: &Context,
    request: Create<BackupRepoState>,
    progress: &Progress<BackupRepoState>,
) -> Result<BackupRepoState, Diagnostics> {
    let Create { config, planned } = &request;
    let limits = Limits::new(planned.timeouts.create_or(CREATE_TIMEOUT), context.stop());
    let client = resource.shared.client_for(&planned.kubernetes, CANNOT_CREATE).await?;
    let name = planned.name();
    let Some(_claim) = resource.shared.claim(&client.endpoint(), "", &format!("backuprepo/{name}")) else {
        return Err(made_twice(name).into());
    };
    let job = Job { summary: CANNOT_CREATE, resource, config, planned, client, limits };
    let existing = job.existing().await?;
    if let Some(existing) = &existing {
        refuse_existing(existing)?;
    }
    job.check_storage().await?;
    let place = job.place(existing.as_ref()).await?;
    let is_new = match &place {
        Some(place) => job.write_keys(place, existing.as_ref()).await?,
        None => false,
    };
    let object = marked(&build::repo(planned, place.as_ref()));
    let written = match job.write(&object, false).await {
        Ok(written) => written,
        Err(refusal) => {
            if let Some(place) = place.filter(|_| is_new) {
                drop(at_most(LAST_WORDS, keys::remove(&job.client, &place, name)).await);
            }
            return Err(refusal);
        }
    };
    progress.record(BackupRepoState { phase: Value::Null, ..planned.clone() });
    if let Some(place) = &place {
        job.write_keys(place, Some(&written)).await?;
    }
    let waited = job.wait(&written).await;
    // From here on the answer tells Terraform of the object, whatever became of it.
    if !matches!(waited, Err(NotThere::Gone)) {
        take_off(|| job.client.remove_annotation::<BackupRepo>(None, name, MARK)).await;
    }
    let Err(why) = waited else { return Ok(job.ready()) };
    let message = messages::not_ready(NOT_READY, name, &why, "timeouts.create");
    match why {
        // An error would taint the repository, and the next apply would delete what goes on being made.
        NotThere::Interrupted | NotThere::TimedOut { verdict: Verdict::OnItsWay, .. } => {
            context.warn(as_warning(message));
            Ok(job.unfinished(&why))
        }
        NotThere::TimedOut { .. } | NotThere::Lost { .. } | NotThere::Gone | NotThere::Api(_) => {
            progress.record(job.unfinished(&why));
            Err(message.into())
        }
    }
}

/// Changes the repository in place and waits until it is ready again.
pub(super) async fn update(
    resource: &BackupRepoResource,
    context: &Context,
    request: Update<BackupRepoState>,
    progress: &Progress<BackupRepoState>,
) -> Result<BackupRepoState, Diagnostics> {
    let Update { config, prior, planned } = &request;
    let renews = prior.credentials_wo_version != planned.credentials_wo_version;
    let is_same = build::repo(prior, None) == build::repo(planned, None);
    if !renews && is_same && planned.phase.known().is_some() && prior.kubernetes == planned.kubernetes {
        return Ok(request.planned);
    }
    let limits = Limits::new(planned.timeouts.update_or(UPDATE_TIMEOUT), context.stop());
    let client = resource.shared.client_for(&planned.kubernetes, CANNOT_UPDATE).await?;
    let name = planned.name();
    let job = Job { summary: CANNOT_UPDATE, resource, config, planned, client, limits };
    let existing = match job.existing().await? {
        Some(existing) if existing.metadata.deletion_timestamp.is_none() => existing,
        Some(_) => return Err(changed(name, "is being deleted by somebody.").into()),
        None => {
            let away = format!("is not in the Kubernetes cluster {} any more.", job.client.endpoint());
            return Err(changed(name, &away).into());
        }
    };
    job.check_storage().await?;
    let place = job.place(Some(&existing)).await?;
    if let Some(place) = place.as_ref().filter(|_| renews) {
        job.write_keys(place, Some(&existing)).await?;
    }
    let written = job.write(&build::repo(planned, place.as_ref()), observe::is_default(&existing)).await?;
    progress.record(BackupRepoState { phase: Value::Null, ..planned.clone() });
    if let Some(old) = keys::of(&existing).filter(|old| place.as_ref() != Some(old)) {
        let removed = keys::remove(&job.obeying(), &old, name).await;
        removed.map_err(|error| job.failed(&error))?;
    }
    let Err(why) = job.wait(&written).await else { return Ok(job.ready()) };
    progress.record(job.unfinished(&why));
    Err(messages::not_ready(NOT_READY, name, &why, "timeouts.update").into())
}

/// Deletes the repository and waits until it is gone; then its keys.
pub(super) async fn delete(
    resource: &BackupRepoResource,
    context: &Context,
    state: BackupRepoState,
) -> Result<(), Diagnostics> {
    let limits = Limits::new(state.timeouts.delete_or(DELETE_TIMEOUT), context.stop());
    let client = resource.shared.client_for(&state.kubernetes, CANNOT_DELETE).await?;
    let obeying = client.obeying(context.stop());
    let name = state.name();
    let failed = |error: &Error| Diagnostics::from(diagnostic(CANNOT_DELETE, error));
    let existing = match obeying.get_opt::<BackupRepo>(None, name).await {
        Ok(Some(existing)) => existing,
        // Its keys belong to it, so the API server has removed them as well.
        Ok(None) | Err(Error::KindNotServed { .. }) => return Ok(()),
        Err(error) => return Err(failed(&error)),
    };
    // Before the delete: the server takes it, and the repository then is there and going for ever.
    if existing.metadata.deletion_timestamp.is_none() {
        let backups = checks::until_unused(&obeying, name, context.stop()).await;
        let backups = backups.map_err(|error| failed(&error))?;
        if !backups.is_empty() {
            return Err(messages::in_use(CANNOT_DELETE, name, &backups).into());
        }
    }
    let uid = existing.metadata.uid.clone().unwrap_or_default();
    let deleted = obeying.delete::<BackupRepo>(None, name, Some(&uid)).await;
    if deleted.map_err(|error| failed(&error))? == Deleted::Accepted
        && let Err(why) = target(&client, &served(), name).until_gone(&uid, &limits).await
    {
        let backups = at_most(LAST_WORDS, checks::backups_in(&client, name, true)).await;
        let held_by: Vec<String> = backups
            .and_then(Result::ok)
            .unwrap_or_default()
            .into_iter()
            .map(|backup| format!("Backup {backup}"))
            .collect();
        return Err(not_deleted(CANNOT_DELETE, &format!("BackupRepo {name}"), &why, &held_by).into());
    }
    if let Some(place) = keys::of(&existing)
        && let Err(error) = keys::remove(&client, &place, name).await
    {
        // The API server removes them as well, a moment later.
        context.warn(as_warning(diagnostic("The keys of the backup repository were not removed", &error)));
    }
    Ok(())
}

/// An object of that name must not be there, unless an earlier create of ours was cut off.
fn refuse_existing(existing: &BackupRepo) -> Result<(), Diagnostics> {
    let name = existing.metadata.name.as_deref().unwrap_or_default();
    let refuse =
        |detail: String| Err(Diagnostic::error(CANNOT_CREATE, detail).at(Path::attribute("name")).into());
    if existing.metadata.deletion_timestamp.is_some() {
        return refuse(format!(
            "BackupRepo {name} is there and being deleted. Run the command again when it is gone."
        ));
    }
    if is_cut_off(&existing.metadata) {
        tracing::info!(name, "going on with a create that was cut off");
        return Ok(());
    }
    refuse(format!(
        "BackupRepo {name} exists already, and this configuration did not make it.\n\nTo manage it here, import it:\n\n  terraform import <address of this resource> {name}\n\nElse choose another `name`."
    ))
}

fn changed(name: &str, what: &str) -> Diagnostic {
    Diagnostic::error(
        CANNOT_UPDATE,
        format!("BackupRepo {name} {what} Run the command again: the refresh will see it."),
    )
}

fn made_twice(name: &str) -> Diagnostic {
    Diagnostic::error(
        CANNOT_CREATE,
        format!("Another resource of this run is making BackupRepo {name} at this moment. Give each `kubeblocks_backup_repo` a `name` of its own."),
    )
    .at(Path::attribute("name"))
}
