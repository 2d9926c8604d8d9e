//! Create, update and delete: writes, then waits. What is written was decided before; see [`super::manifest`].
//!
//! A create marks the object until Terraform is told of it, so that a provider that is killed loses nothing: the next
//! create finds the mark and goes on, while an object without it belongs to somebody.

use std::time::Duration;

use kube::api::DynamicObject;
use serde_json::Value as Json;
use tfplugin::prelude::*;

use super::manifest::{Manifest, Written, scope_problem};
use super::messages::{as_warning, not_deleted, not_ready, refused};
use super::readiness::{Goal, Verdict, is_unfinished};
use super::remote::{NotThere, Target, as_json};
use super::schema::ObjectState;
use super::{IMPORTED, ObjectResource, UID, equality, same_group_object};
use crate::kubernetes::diagnostic::diagnostic;
use crate::kubernetes::dynamic::ServedKind;
use crate::kubernetes::ownership::Ownership;
use crate::kubernetes::unfinished::{CREATING, MARK, is_cut_off, take_off};
use crate::kubernetes::{Client, Conflicts, Deleted, Error};
use crate::wait::{Limits, at_most};

const CANNOT_CREATE: &str = "Cannot create the object";
const CANNOT_UPDATE: &str = "Cannot update the object";
const CANNOT_DELETE: &str = "Cannot delete the object";
const NOT_READY: &str = "Object did not become ready";

const CREATE_TIMEOUT: Duration = Duration::from_mins(10);
const UPDATE_TIMEOUT: Duration = Duration::from_mins(10);
const DELETE_TIMEOUT: Duration = Duration::from_mins(10);
/// A last request after an interrupt or a failure may take so long.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// An object that is about to be written.
struct Job<'a> {
    summary: &'static str,
    planned: &'a ObjectState,
    written: Written,
    manifest: Manifest,
    served: ServedKind,
    client: Client,
    limits: Limits,
}

impl<'a> Job<'a> {
    async fn prepare(
        resource: &ObjectResource,
        planned: &'a ObjectState,
        limits: Limits,
        summary: &'static str,
    ) -> Result<Self, Diagnostics> {
        let written = Written::of(planned);
        let Some((written, manifest)) =
            written.and_then(|written| Some((written.clone(), written.manifest()?)))
        else {
            return Err(Diagnostic::provider_bug(summary, "The object is not known at apply.").into());
        };
        let client = resource.shared.client_for(&planned.kubernetes, summary).await?;
        let obeying = client.obeying(&limits.stop);
        let served = resource
            .kinds
            .require(&obeying, &manifest.api_version, &manifest.kind)
            .await
            .map_err(|error| Diagnostics::from(diagnostic(summary, &error)))?;
        let namespace = Value::from(manifest.namespace.clone());
        if let Some(problem) = scope_problem(&manifest.kind, served.namespaced, &namespace) {
            let path = super::paths::place(written.form, &written.value, "metadata.namespace");
            return Err(Diagnostic::error(summary, problem).at(path).into());
        }
        Ok(Self { summary, planned, written, manifest, served, client, limits })
    }

    fn target(&self) -> Target<'_> {
        Target {
            client: &self.client,
            served: &self.served,
            namespace: self.manifest.namespace.as_deref(),
            name: &self.manifest.name,
        }
    }

    fn conflicts(&self) -> Conflicts {
        if self.planned.force_conflicts == Value::Known(true) { Conflicts::Force } else { Conflicts::Refuse }
    }

    /// Reads the object as it is, interruptibly.
    async fn existing(&self) -> Result<Option<DynamicObject>, Diagnostics> {
        let obeying = self.client.obeying(&self.limits.stop);
        Target { client: &obeying, ..self.target() }
            .get()
            .await
            .map_err(|error| diagnostic(self.summary, &error).into())
    }

    async fn apply(
        &self,
        client: &Client,
        body: &Json,
        conflicts: Conflicts,
    ) -> Result<DynamicObject, Error> {
        let Target { served, namespace, name, .. } = self.target();
        let applied = client.apply_object(&served.resource, namespace, name, body, conflicts, false).await?;
        Ok(applied.object)
    }

    /// Writes the object.
    async fn write(
        &self,
        context: &Context,
        body: &Json,
        conflicts: Conflicts,
    ) -> Result<DynamicObject, Diagnostics> {
        let obeying = self.client.obeying(&self.limits.stop);
        let applied = self
            .apply(&obeying, body, conflicts)
            .await
            .map_err(|error| refused(self.summary, &error, Some(&self.written)))?;
        context.set_private(IMPORTED, false.into());
        if let Some(uid) = &applied.metadata.uid {
            context.set_private(UID, uid.clone().into());
        }
        Ok(applied)
    }

    async fn remove_mark(&self) {
        let Target { client, served, namespace, name } = self.target();
        take_off(|| client.remove_annotation_of_object(&served.resource, namespace, name, MARK)).await;
    }

    /// Waits for what is wanted, if anything is.
    async fn wait(&self, applied: &DynamicObject) -> Option<(Goal, Result<(), NotThere>)> {
        let goal = Goal::of(self.planned, &self.manifest)?;
        let generation = applied.metadata.generation.unwrap_or_default();
        if goal.judge(&as_json(applied), generation) == Verdict::Ready {
            return Some((goal, Ok(())));
        }
        let waited = self.target().until_ready(&goal, generation, &self.limits).await;
        Some((goal, waited))
    }

    /// The state after the wait. A new object that is on its way is kept, with a warning: an error would taint it.
    fn finish(
        &self,
        context: &Context,
        waited: Option<(Goal, Result<(), NotThere>)>,
        timeout: &'static str,
    ) -> Result<ObjectState, Diagnostics> {
        let state = |ready: bool| ObjectState { ready: Value::Known(ready), ..self.planned.clone() };
        let Some((goal, Err(why))) = waited else { return Ok(state(true)) };
        let message = not_ready(NOT_READY, &self.manifest, &goal, &why, timeout);
        let is_on_its_way =
            matches!(why, NotThere::Interrupted | NotThere::TimedOut { verdict: Verdict::OnItsWay, .. });
        if !is_on_its_way || self.summary != CANNOT_CREATE {
            return Err(message.into());
        }
        context.warn(as_warning(message));
        Ok(state(false))
    }
}

/// Makes the object and waits until it is ready.
pub(super) async fn create(
    resource: &ObjectResource,
    context: &Context,
    planned: ObjectState,
    progress: &Progress<ObjectState>,
) -> Result<ObjectState, Diagnostics> {
    let limits = Limits::new(planned.timeouts.create_or(CREATE_TIMEOUT), context.stop());
    let job = Job::prepare(resource, &planned, limits, CANNOT_CREATE).await?;
    let claim_name = format!("{}.{}/{}", job.manifest.kind, job.manifest.group(), job.manifest.name);
    let namespace = job.manifest.namespace.as_deref().unwrap_or_default();
    let Some(_claim) = resource.shared.claim(&job.client.endpoint(), namespace, &claim_name) else {
        let detail = format!(
            "Another resource of this run is making {} at this moment. Write each object once.",
            job.manifest.display()
        );
        return Err(Diagnostic::error(CANNOT_CREATE, detail).at(job.written.form.attribute()).into());
    };
    if let Some(existing) = job.existing().await? {
        refuse_existing(&job, &existing)?;
    }
    let applied = job.write(context, &job.manifest.marked(MARK, CREATING), job.conflicts()).await?;
    progress.record(ObjectState { ready: Value::Known(false), ..planned.clone() });
    let waited = job.wait(&applied).await;
    // From here on the answer tells Terraform of the object, whatever became of it.
    if !matches!(waited, Some((_, Err(NotThere::Gone)))) {
        job.remove_mark().await;
    }
    job.finish(context, waited, "create")
}

/// An object of that name must not be there, unless an earlier create of ours was cut off.
fn refuse_existing(job: &Job<'_>, existing: &DynamicObject) -> Result<(), Diagnostics> {
    let object = job.manifest.display();
    let refuse = |detail: String| {
        let path = super::paths::place(job.written.form, &job.written.value, "metadata.name");
        Err(Diagnostic::error(CANNOT_CREATE, detail).at(path).into())
    };
    if existing.metadata.deletion_timestamp.is_some() {
        return refuse(format!(
            "{object} is there and being deleted. Run the command again when it is gone."
        ));
    }
    if is_cut_off(&existing.metadata) {
        tracing::info!(object, "going on with a create that was cut off");
        return Ok(());
    }
    let id = super::import::id_of(job.planned);
    refuse(format!(
        "{object} exists already, and this configuration did not make it.\n\nTo manage it here, import it:\n\n  terraform import <address of this resource> {id}\n\nElse choose another name."
    ))
}

/// Changes the object in place and waits until it is ready again.
pub(super) async fn update(
    resource: &ObjectResource,
    context: &Context,
    prior: ObjectState,
    planned: ObjectState,
    progress: &Progress<ObjectState>,
) -> Result<ObjectState, Diagnostics> {
    if !needs_write(&prior, &planned) {
        let ready = if planned.ready.is_unknown() { prior.ready } else { planned.ready };
        return Ok(ObjectState { ready, ..planned });
    }
    let limits = Limits::new(planned.timeouts.update_or(UPDATE_TIMEOUT), context.stop());
    let job = Job::prepare(resource, &planned, limits, CANNOT_UPDATE).await?;
    if !same_group_object(&prior, &planned) {
        let detail = format!(
            "The object turned out to be {} now that all of it is known, and was another one before. Run the command again: the next plan replaces it.",
            job.manifest.display()
        );
        return Err(Diagnostic::error(CANNOT_UPDATE, detail).at(job.written.form.attribute()).into());
    }
    let missing = |what: &str| {
        let detail =
            format!("{} {what} Run the command again: the refresh will see it.", job.manifest.display());
        Diagnostics::from(Diagnostic::error(CANNOT_UPDATE, detail))
    };
    let Some(existing) = job.existing().await? else {
        return Err(missing(&format!("is not in the Kubernetes cluster {}.", job.client.endpoint())));
    };
    if existing.metadata.deletion_timestamp.is_some() {
        return Err(missing("is being deleted by somebody."));
    }
    // What somebody else made and an import or a move took over is theirs by the server's records: the first apply takes it.
    let is_ours = Ownership::ours(&existing.metadata).is_some();
    let conflicts = if is_ours { job.conflicts() } else { Conflicts::Force };
    let applied = job.write(context, &job.manifest.body, conflicts).await?;
    progress.record(ObjectState { ready: Value::Known(false), ..planned.clone() });
    let waited = job.wait(&applied).await;
    job.finish(context, waited, "update")
}

/// Whether an update has anything to write or to wait for.
pub(super) fn needs_write(prior: &ObjectState, planned: &ObjectState) -> bool {
    let is_same = match (Manifest::of(prior), Manifest::of(planned)) {
        (Some(prior), Some(planned)) => equality::same_meaning(&prior.body, &planned.body),
        _ => false,
    };
    is_unfinished(prior) || !is_same
}

/// Deletes the object and waits until it is gone.
pub(super) async fn delete(
    resource: &ObjectResource,
    context: &Context,
    state: ObjectState,
) -> Result<(), Diagnostics> {
    let limits = Limits::new(state.timeouts.delete_or(DELETE_TIMEOUT), context.stop());
    let client = resource.shared.client_for(&state.kubernetes, CANNOT_DELETE).await?.obeying(context.stop());
    let (api_version, kind, name) = super::names(&state);
    let namespace = state.namespace.known().map(String::as_str);
    let object = super::manifest::display(&kind, namespace, &name);
    let failed = |error: &Error| Diagnostics::from(diagnostic(CANNOT_DELETE, error));
    let not_served = || {
        context.warn(Diagnostic::warning(
            "KubeBlocks is no longer installed",
            format!("The Kubernetes cluster no longer knows the kind {kind} ({api_version}). Its objects went with it, so {object} counts as deleted."),
        ));
    };
    let Some(served) =
        resource.kinds.find(&client, &api_version, &kind).await.map_err(|error| failed(&error))?
    else {
        not_served();
        return Ok(());
    };
    let target = Target { client: &client, served: &served, namespace, name: &name };
    let existing = match target.get().await {
        Ok(Some(existing)) => existing,
        Ok(None) => return Ok(()),
        Err(Error::KindNotServed { .. }) => {
            not_served();
            return Ok(());
        }
        Err(error) => return Err(failed(&error)),
    };
    // Before the delete: the server takes it, and the definition then is there and going for ever.
    if existing.metadata.deletion_timestamp.is_none()
        && let Err(databases) = target.until_unused(context.stop()).await
    {
        let detail = format!(
            "{object} is used by the databases {}. Nothing was deleted. Destroy them first; a `depends_on`, or a reference to this resource in theirs, makes Terraform keep that order.",
            databases.join(", ")
        );
        return Err(Diagnostic::error(CANNOT_DELETE, detail).into());
    }
    let uid = existing.metadata.uid.unwrap_or_default();
    let deleted = client.delete_object(&served.resource, namespace, &name, Some(&uid)).await;
    if deleted.map_err(|error| failed(&error))? == Deleted::Gone {
        return Ok(());
    }
    let Err(why) = target.until_gone(&uid, &limits).await else { return Ok(()) };
    // Also after an interrupt.
    let client = client.obeying(&tokio_util::sync::CancellationToken::new());
    let holders =
        at_most(LAST_WORDS, Target { client: &client, ..target }.holders()).await.unwrap_or_default();
    Err(not_deleted(CANNOT_DELETE, &object, &why, &holders).into())
}
