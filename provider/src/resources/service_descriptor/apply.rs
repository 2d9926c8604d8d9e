//! Create, update and delete: writes, then waits.
//!
//! A create marks the object until Terraform is told of it, so that a provider that is killed loses nothing: the next
//! create finds the mark and goes on, while an object without it belongs to somebody.

use std::time::Duration;

use kubeblocks_schemas::v1alpha1::ServiceDescriptor;
use tfplugin::prelude::*;

use super::convert::{self, AVAILABLE, SECRET_LABEL, build, keeps_password};
use super::schema::ServiceDescriptorState;
use super::{ServiceDescriptorResource, checks};
use crate::kubernetes::diagnostic::diagnostic;
use crate::kubernetes::unfinished::{MARK, is_cut_off, marked, take_off};
use crate::kubernetes::{Client, Conflicts, Error};
use crate::resources::backup_repo::messages::listed;
use crate::resources::namespaced::{self, BEING_DELETED, find_to_delete, made_by_somebody, until_ready};
use crate::resources::object::messages::as_warning;
use crate::resources::object::readiness::Goal;
use crate::resources::object::remote::NotThere;
use crate::resources::own_secret;
use crate::resources::waited::not_there;
use crate::wait::{Limits, at_most};

const CANNOT_CREATE: &str = "Cannot make the service descriptor";
const CANNOT_UPDATE: &str = "Cannot change the service descriptor";
const CANNOT_DELETE: &str = "Cannot delete the service descriptor";
const NOT_AVAILABLE: &str = "Service descriptor is not available";

/// The operator judges a descriptor at once.
const TIMEOUT: Duration = Duration::from_mins(5);
/// A last request after an interrupt or a failure may take so long.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A descriptor that is about to be written.
struct Job<'a> {
    summary: &'static str,
    client: Client,
    limits: Limits,
    timeout: &'static str,
    config: &'a ServiceDescriptorState,
    planned: &'a ServiceDescriptorState,
}

impl Job<'_> {
    fn obeying(&self) -> Client {
        self.client.obeying(&self.limits.stop)
    }

    fn failed(&self, error: &Error) -> Diagnostics {
        diagnostic(self.summary, error).into()
    }

    async fn existing(&self) -> Result<Option<ServiceDescriptor>, Diagnostics> {
        let (namespace, name) = (self.planned.namespace(), self.planned.name());
        let found = self.obeying().get_opt::<ServiceDescriptor>(Some(namespace), name).await;
        found.map_err(|error| self.failed(&error))
    }

    async fn check_sources(&self) -> Result<(), Diagnostics> {
        let found = checks::sources(&self.obeying(), self.summary, self.planned).await;
        found.map_err(|error| self.failed(&error))?.into_result(())
    }

    /// Writes the password that we keep, if we keep one. Returns whether the Secret is new.
    async fn write_password(&self, owner: Option<&ServiceDescriptor>) -> Result<bool, Diagnostics> {
        let Some(password) = self.config.password_wo.known().filter(|_| keeps_password(self.planned)) else {
            return Ok(false);
        };
        // The name is made for it, so whatever somebody else has put there is not meant.
        let secret = convert::secret(self.planned, password, owner);
        let applied = self.obeying().server_side_apply(&secret, Conflicts::Force).await;
        applied.map(|applied| applied.created).map_err(|error| self.failed(&error))
    }

    async fn remove_password(&self, client: &Client) -> Result<(), Error> {
        let place = convert::place(self.planned.namespace(), self.planned.name());
        own_secret::remove(client, &place, (SECRET_LABEL, self.planned.name())).await
    }

    async fn write(&self, object: &ServiceDescriptor) -> Result<ServiceDescriptor, Diagnostics> {
        // Fields that somebody else has set to another value were shown by the plan.
        let applied = self.obeying().server_side_apply(object, Conflicts::Force).await;
        applied.map(|applied| applied.object).map_err(|error| self.failed(&error))
    }

    async fn wait(&self, written: &ServiceDescriptor) -> Result<(), NotThere> {
        let goal = Goal { phase: Some(AVAILABLE.to_owned()), lost: vec!["Unavailable"], ..Goal::default() };
        let generation = written.metadata.generation.unwrap_or_default();
        let place = (self.planned.namespace(), self.planned.name());
        until_ready::<ServiceDescriptor>(&self.client, place, &goal, generation, &self.limits).await
    }

    /// The operator says no reason on the object, so it is looked for once more.
    async fn not_available(&self, why: &NotThere) -> Diagnostics {
        let mut said: Diagnostics =
            not_there(NOT_AVAILABLE, &display(self.planned), "available", why, self.timeout).into();
        if matches!(why, NotThere::Lost { .. } | NotThere::TimedOut { .. }) {
            let found = at_most(LAST_WORDS, checks::sources(&self.client, NOT_AVAILABLE, self.planned)).await;
            said.append(found.and_then(Result::ok).unwrap_or_default());
        }
        said
    }

    /// The state with a phase, after a wait.
    fn state(&self, phase: Option<&str>) -> ServiceDescriptorState {
        ServiceDescriptorState { phase: phase.map(str::to_owned).into(), ..self.planned.clone() }
    }

    fn unfinished(&self, why: &NotThere) -> ServiceDescriptorState {
        let phase = match why {
            NotThere::TimedOut { object: Some(seen), .. } | NotThere::Lost { object: seen } => {
                seen["status"]["phase"].as_str().filter(|phase| *phase != AVAILABLE)
            }
            NotThere::TimedOut { object: None, .. }
            | NotThere::Gone
            | NotThere::Interrupted
            | NotThere::Api(_) => None,
        };
        self.state(phase)
    }
}

fn display(state: &ServiceDescriptorState) -> String {
    format!("ServiceDescriptor {}/{}", state.namespace(), state.name())
}

/// Makes the descriptor and waits until it is available.
pub(super) async fn create(
    resource: &ServiceDescriptorResource,
    context: &Context,
    request: Create<ServiceDescriptorState>,
    progress: &Progress<ServiceDescriptorState>,
) -> Result<ServiceDescriptorState, Diagnostics> {
    let Create { config, planned } = &request;
    let limits = Limits::new(planned.timeouts.create_or(TIMEOUT), context.stop());
    let client = resource.shared.client_for(&planned.kubernetes, CANNOT_CREATE).await?;
    let claimed = format!("servicedescriptor/{}", planned.name());
    let endpoint = client.endpoint();
    let Some(_claim) = resource.shared.claim(&endpoint, planned.namespace(), &claimed) else {
        return Err(there_already(planned, "another resource of this configuration makes it.").into());
    };
    let job = Job { summary: CANNOT_CREATE, client, limits, timeout: "timeouts.create", config, planned };
    let existing = job.existing().await?;
    if let Some(existing) = &existing {
        refuse_others(existing, planned)?;
    }
    job.check_sources().await?;
    // Before the descriptor, as the operator looks for the Secret at once.
    let is_new = job.write_password(existing.as_ref()).await?;
    let written = match job.write(&marked(&build(planned))).await {
        Ok(written) => written,
        Err(refusal) => {
            if is_new {
                drop(at_most(LAST_WORDS, job.remove_password(&job.client)).await);
            }
            return Err(refusal);
        }
    };
    progress.record(job.state(None));
    job.write_password(Some(&written)).await?;
    let waited = job.wait(&written).await;
    // From here on the answer tells Terraform of the object, whatever became of it.
    if !matches!(waited, Err(NotThere::Gone)) {
        let (namespace, name) = (Some(planned.namespace()), planned.name());
        take_off(|| job.client.remove_annotation::<ServiceDescriptor>(namespace, name, MARK)).await;
    }
    let Err(why) = waited else { return Ok(job.state(Some(AVAILABLE))) };
    let said = job.not_available(&why).await;
    if let NotThere::Interrupted = why {
        // An error would taint it.
        said.into_iter().map(as_warning).for_each(|warning| context.warn(warning));
        return Ok(job.unfinished(&why));
    }
    progress.record(job.unfinished(&why));
    Err(said)
}

/// Changes the descriptor in place and waits until it is available again.
pub(super) async fn update(
    resource: &ServiceDescriptorResource,
    context: &Context,
    request: Update<ServiceDescriptorState>,
    progress: &Progress<ServiceDescriptorState>,
) -> Result<ServiceDescriptorState, Diagnostics> {
    let Update { config, prior, planned } = &request;
    let limits = Limits::new(planned.timeouts.update_or(TIMEOUT), context.stop());
    let client = resource.shared.client_for(&planned.kubernetes, CANNOT_UPDATE).await?;
    let job = Job { summary: CANNOT_UPDATE, client, limits, timeout: "timeouts.update", config, planned };
    let existing = match job.existing().await? {
        Some(existing) if existing.metadata.deletion_timestamp.is_none() => existing,
        Some(_) => return Err(changed(planned, "is being deleted by somebody.").into()),
        None => return Err(changed(planned, "is not there any more.").into()),
    };
    job.check_sources().await?;
    if prior.password_wo_version != planned.password_wo_version {
        job.write_password(Some(&existing)).await?;
    }
    let written = job.write(&build(planned)).await?;
    progress.record(job.state(None));
    if !keeps_password(planned) {
        job.remove_password(&job.obeying()).await.map_err(|error| job.failed(&error))?;
    }
    let Err(why) = job.wait(&written).await else { return Ok(job.state(Some(AVAILABLE))) };
    progress.record(job.unfinished(&why));
    Err(job.not_available(&why).await)
}

/// Deletes the descriptor and waits until it is gone; then its password.
pub(super) async fn delete(
    resource: &ServiceDescriptorResource,
    context: &Context,
    state: ServiceDescriptorState,
) -> Result<(), Diagnostics> {
    let limits = Limits::new(state.timeouts.delete_or(TIMEOUT), context.stop());
    let client = resource.shared.client_for(&state.kubernetes, CANNOT_DELETE).await?;
    let obeying = client.obeying(context.stop());
    let (namespace, name) = (state.namespace(), state.name());
    let failed = |error: &Error| Diagnostics::from(diagnostic(CANNOT_DELETE, error));
    let existing: Option<ServiceDescriptor> =
        find_to_delete(&obeying, (namespace, name), CANNOT_DELETE).await?;
    // Its password belongs to it, so the API server has removed that as well.
    let Some(existing) = existing else { return Ok(()) };
    // The operator would let it go, and never start a pod of those databases again.
    if existing.metadata.deletion_timestamp.is_none() {
        let users = checks::until_unused(&obeying, &state, context.stop()).await;
        let users = users.map_err(|error| failed(&error))?;
        if !users.is_empty() {
            return Err(in_use(&state, &users).into());
        }
    }
    namespaced::delete(&client, &existing, CANNOT_DELETE, &limits).await?;
    let place = convert::place(namespace, name);
    if keeps_password(&state)
        && let Err(error) = own_secret::remove(&client, &place, (SECRET_LABEL, name)).await
    {
        // The API server removes it as well, a moment later.
        context.warn(as_warning(diagnostic("The password of the service was not removed", &error)));
    }
    Ok(())
}

fn in_use(state: &ServiceDescriptorState, users: &[String]) -> Diagnostic {
    let detail = format!(
        "Databases refer to {}:\n{}\n\nThe operator could not change or repair them any more. Nothing was deleted. Take it out of their `service_references` first, or delete them; or forget the descriptor with `terraform state rm`.",
        display(state),
        listed(users)
    );
    Diagnostic::error(CANNOT_DELETE, detail)
}

/// A descriptor of that name must be one that an earlier create of ours was cut off from.
fn refuse_others(existing: &ServiceDescriptor, planned: &ServiceDescriptorState) -> Result<(), Diagnostics> {
    if existing.metadata.deletion_timestamp.is_some() {
        return Err(there_already(planned, BEING_DELETED).into());
    }
    if is_cut_off(&existing.metadata) {
        return Ok(());
    }
    let place = (planned.namespace(), planned.name());
    Err(there_already(planned, &made_by_somebody("kubeblocks_service_descriptor", place)).into())
}

fn there_already(planned: &ServiceDescriptorState, why: &str) -> Diagnostic {
    namespaced::there_already::<ServiceDescriptor>((planned.namespace(), planned.name()), CANNOT_CREATE, why)
}

fn changed(state: &ServiceDescriptorState, what: &str) -> Diagnostic {
    let detail = format!("{} {what} Run the command again: the refresh will see it.", display(state));
    Diagnostic::error(CANNOT_UPDATE, detail)
}
