//! Create, update and delete: writes, then waits. What is written comes from `build`; what is right was decided before,
//! or is decided in `readiness`.

use std::time::Duration;

use kubeblocks_schemas::v1alpha1::{Addon, AddonPhase};
use serde_json::Value as Json;
use tfplugin::prelude::*;

use super::definitions::{self, Brought};
use super::enabling::Work;
use super::readiness::{Goal, is_healthy};
use super::schema::AddonState;
use super::wait::{NotDone, Reason, wait_for, wait_until_removed};
use super::{build, is_unfinished, remember, text};
use crate::kubernetes::diagnostic::diagnostic;
use crate::kubernetes::dynamic::resource_of;
use crate::kubernetes::ownership::Ownership;
use crate::kubernetes::{Client, Conflicts, Error};
use crate::provider::Shared;
use crate::wait::Limits;

const CANNOT_CREATE: &str = "Cannot enable the KubeBlocks add-on";
const CANNOT_UPDATE: &str = "Cannot update the KubeBlocks add-on";
const CANNOT_DELETE: &str = "Cannot disable the KubeBlocks add-on";

/// The operator's Job may have to pull an image, and helm waits for what the chart runs.
const CREATE_TIMEOUT: Duration = Duration::from_mins(15);
/// An upgrade takes as long.
const UPDATE_TIMEOUT: Duration = Duration::from_mins(15);
/// An uninstallation is quick.
const DELETE_TIMEOUT: Duration = Duration::from_mins(10);

/// Why an operation did not come to its end.
pub(super) enum Stop {
    /// A wait ended.
    NotDone(Box<NotDone>),
    /// Anything else, in the practitioner's words.
    Told(Diagnostics),
}

impl From<NotDone> for Stop {
    fn from(error: NotDone) -> Self {
        Self::NotDone(Box::new(error))
    }
}

impl From<Diagnostic> for Stop {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Told(diagnostic.into())
    }
}

/// Enables the add-on, or makes it, and waits.
pub(super) async fn create(
    shared: &Shared,
    context: &Context,
    planned: AddonState,
    progress: &Progress<AddonState>,
) -> Result<AddonState, Diagnostics> {
    let limits = Limits::new(planned.timeouts.create_or(CREATE_TIMEOUT), context.stop());
    let client = shared.client_for(&planned.kubernetes, CANNOT_CREATE).await?;
    let Some(_claim) = shared.claim(&client.endpoint(), "", &format!("addon/{}", planned.name())) else {
        return Err(managed_twice(planned.name()).into());
    };
    let live = find(&client.obeying(context.stop()), CANNOT_CREATE, planned.name()).await?;
    refuse_foreign(&planned, live.as_ref())?;
    let work = Work::begin(&client, context, &planned, &limits, CANNOT_CREATE).await?;
    // An error taints what was recorded, and the next apply would disable it first. An add-on that was there before
    // and that databases may use is recorded only when all is well: else the next apply creates, which goes on.
    let was_installed = live.as_ref().is_some_and(is_installed);
    let record = || {
        if !was_installed {
            progress.record(without_unknowns(planned.clone(), None));
        }
    };
    let outcome = if planned.is_enabled() {
        work.enable(live, record).await
    } else {
        disable(&work, live, record).await
    };
    match outcome {
        Ok(brought) => {
            remember(context, false);
            Ok(finish(planned, &brought))
        }
        Err(Stop::NotDone(error)) if is_slow_but_healthy(&error) => {
            remember(context, true);
            context.warn(text::slow_but_healthy(planned.name(), &error, "timeouts.create"));
            Ok(without_unknowns(planned, None))
        }
        // An error would taint the add-on, and the next apply would disable what goes on being installed.
        Err(Stop::NotDone(error)) if matches!(error.reason, Reason::Interrupted) => {
            remember(context, true);
            let told = work.told(&error, "timeouts.create").await;
            context.warn(Diagnostic::warning(
                "Interrupted while the KubeBlocks add-on was being enabled",
                told.detail,
            ));
            Ok(without_unknowns(planned, None))
        }
        Err(Stop::NotDone(error)) => {
            remember(context, true);
            Err(work.told(&error, "timeouts.create").await.into())
        }
        Err(Stop::Told(diagnostics)) => Err(diagnostics),
    }
}

/// Changes the add-on in place and waits.
pub(super) async fn update(
    shared: &Shared,
    context: &Context,
    prior: AddonState,
    planned: AddonState,
    progress: &Progress<AddonState>,
) -> Result<AddonState, Diagnostics> {
    let is_open = planned.cluster_definitions.is_unknown() || planned.cluster_versions.is_unknown();
    if !is_unfinished(context)
        && !is_open
        && same_body(&prior, &planned)
        && prior.kubernetes == planned.kubernetes
    {
        return Ok(planned);
    }
    let limits = Limits::new(planned.timeouts.update_or(UPDATE_TIMEOUT), context.stop());
    let client = shared.client_for(&planned.kubernetes, CANNOT_UPDATE).await?;
    let live = find(&client.obeying(context.stop()), CANNOT_UPDATE, planned.name()).await?;
    if live.is_none() && planned.chart.is_null() {
        return Err(Diagnostic::error(
            CANNOT_UPDATE,
            format!("Addon {} is not in the Kubernetes cluster {} any more. Run the command again: the refresh will see it.", planned.name(), client.endpoint()),
        )
        .into());
    }
    let work = Work::begin(&client, context, &planned, &limits, CANNOT_UPDATE).await?;
    let record = || {
        remember(context, true);
        progress.record(without_unknowns(planned.clone(), Some(&prior)));
    };
    let outcome = if planned.is_enabled() {
        work.enable(live, record).await
    } else {
        disable(&work, live, record).await
    };
    match outcome {
        Ok(brought) => {
            remember(context, false);
            Ok(finish(planned, &brought))
        }
        Err(Stop::NotDone(error)) if is_slow_but_healthy(&error) => {
            context.warn(text::slow_but_healthy(planned.name(), &error, "timeouts.update"));
            Ok(without_unknowns(planned, Some(&prior)))
        }
        Err(Stop::NotDone(error)) => Err(work.told(&error, "timeouts.update").await.into()),
        Err(Stop::Told(diagnostics)) => Err(diagnostics),
    }
}

/// Disables the add-on; removes one of the practitioner's own.
pub(super) async fn delete(shared: &Shared, context: &Context, state: AddonState) -> Result<(), Diagnostics> {
    let limits = Limits::new(state.timeouts.delete_or(DELETE_TIMEOUT), context.stop());
    let client = shared.client_for(&state.kubernetes, CANNOT_DELETE).await?;
    let name = state.name();
    let live = match client.obeying(context.stop()).get_opt::<Addon>(None, name).await {
        Ok(Some(live)) => live,
        // Without the operator's kinds there is nothing that could be left enabled.
        Ok(None) | Err(Error::KindNotServed { .. }) => return Ok(()),
        Err(error) => return Err(diagnostic(CANNOT_DELETE, &error).into()),
    };
    if state.chart.is_null() && is_disabled(&live) {
        return let_go(&client, name).await;
    }
    let work = Work::begin(&client, context, &state, &limits, CANNOT_DELETE).await?;
    let outcome = remove(&work, live).await;
    match outcome {
        Ok(()) => Ok(()),
        Err(Stop::NotDone(error)) => Err(work.told(&error, "timeouts.delete").await.into()),
        Err(Stop::Told(diagnostics)) => Err(diagnostics),
    }
}

async fn remove(work: &Work<'_>, live: Addon) -> Result<(), Stop> {
    let is_own = !work.state.chart.is_null();
    let name = work.state.name();
    let uid = live.metadata.uid.clone();
    let mut body = build::switched_off(name);
    if is_own {
        // Everything else stays until the object goes: an add-on without its chart is refused.
        body = build::with_switch(work.body(Some(&live), None)?, false);
    }
    let brought = switch_off(work, live, &body, || {}).await?;
    if is_own {
        // Of an add-on that has failed the operator would leave the release behind, so it was switched off before.
        let resource = resource_of::<Addon>();
        work.client
            .delete_object(&resource, None, name, uid.as_deref())
            .await
            .map_err(|error| diagnostic(CANNOT_DELETE, &error))?;
        wait_for(&work.client, &work.operator, name, Goal::Gone, work.limits).await?;
        wait_until_removed(&work.client, &brought, work.limits).await?;
    }
    Ok(())
}

/// Switches the add-on off, with what is written, and waits until what it had brought is gone.
async fn disable(work: &Work<'_>, live: Option<Addon>, record: impl Fn()) -> Result<Brought, Stop> {
    let body = work.body(live.as_ref(), None)?;
    if let Some(live) = live {
        return switch_off(work, live, &body, record).await.map(|_| Brought::default());
    }
    let applied = work.apply(&body, None).await?;
    record();
    let goal = Goal::Disabled(applied.metadata.generation.unwrap_or(0));
    wait_for(&work.client, &work.operator, work.state.name(), goal, work.limits).await?;
    Ok(Brought::default())
}

/// What was there before is returned.
async fn switch_off(work: &Work<'_>, live: Addon, body: &Json, record: impl Fn()) -> Result<Brought, Stop> {
    let name = work.state.name();
    let brought = work.brought().await?;
    let users = definitions::find_users(&work.client, &brought)
        .await
        .map_err(|error| text::unreadable(work.summary, &error))?;
    if !users.is_empty() {
        return Err(text::in_use(work.summary, name, &users).into());
    }
    // helm would uninstall under an installation that goes on.
    if !is_disabled(&live) {
        let (_, facts) = wait_for(&work.client, &work.operator, name, Goal::Settled, work.limits).await?;
        // One that has removed the add-on before would count for this time, and nothing would be removed.
        if let Some(job) = facts.uninstall_job() {
            work.remove_job(Some(job)).await?;
            wait_for(&work.client, &work.operator, name, Goal::Settled, work.limits).await?;
        }
    }
    // What was still being installed at the first look has been brought meanwhile.
    let brought = work.brought().await?;
    let applied = work.apply(body, None).await?;
    record();
    let goal = Goal::Disabled(applied.metadata.generation.unwrap_or(0));
    wait_for(&work.client, &work.operator, name, goal, work.limits).await?;
    // An installation that waited for something can have begun between the look and the switch.
    let brought = brought.and(work.brought().await?);
    wait_until_removed(&work.client, &brought, work.limits).await?;
    Ok(brought)
}

/// Only the switch stays ours.
async fn let_go(client: &Client, name: &str) -> Result<(), Diagnostics> {
    client
        .apply_object(
            &resource_of::<Addon>(),
            None,
            name,
            &build::switched_off(name),
            Conflicts::Force,
            false,
        )
        .await
        .map(drop)
        .map_err(|error| diagnostic(CANNOT_DELETE, &error).into())
}

async fn find(client: &Client, summary: &str, name: &str) -> Result<Option<Addon>, Diagnostics> {
    client.get_opt::<Addon>(None, name).await.map_err(|error| diagnostic(summary, &error).into())
}

/// An add-on of one's own must not take over another one.
fn refuse_foreign(planned: &AddonState, live: Option<&Addon>) -> Result<(), Diagnostics> {
    let Some(live) = live else { return Ok(()) };
    let name = planned.name();
    if live.metadata.deletion_timestamp.is_some() {
        return Err(Diagnostic::error(
            CANNOT_CREATE,
            format!("Addon {name} is being deleted. Run the command again when it is gone."),
        )
        .at(Path::attribute("name"))
        .into());
    }
    let is_ours = Ownership::ours(&live.metadata).is_some_and(|ours| {
        ours.fields().iter().any(|field| field.to_string() == ".spec.helm.chartLocationURL")
    });
    if planned.chart.is_null() || is_ours {
        return Ok(());
    }
    Err(Diagnostic::error(
        CANNOT_CREATE,
        format!("Addon {name} exists already, and this configuration did not make it. To enable it as it is, leave `chart` out. To have your own chart beside it, choose another `name`."),
    )
    .at(Path::attribute("chart"))
    .into())
}

fn managed_twice(name: &str) -> Diagnostic {
    Diagnostic::error(
        CANNOT_CREATE,
        format!("Another resource of this run is enabling the add-on \"{name}\" at this moment. One `kubeblocks_addon` is enough for each add-on of a Kubernetes cluster."),
    )
    .at(Path::attribute("name"))
}

pub(super) fn is_installed(addon: &Addon) -> bool {
    let enabled = addon.spec.install.as_ref().and_then(|install| install.enabled);
    let phase = addon.status.as_ref().and_then(|status| status.phase.as_ref());
    enabled == Some(true) && phase != Some(&AddonPhase::Disabled)
}

/// Whether it is switched off, and the operator is done with that.
fn is_disabled(addon: &Addon) -> bool {
    let enabled = addon.spec.install.as_ref().and_then(|install| install.enabled);
    let status = addon.status.as_ref();
    let phase = status.and_then(|status| status.phase.as_ref());
    let is_current = status.and_then(|status| status.observed_generation) >= addon.metadata.generation;
    enabled != Some(true) && is_current && phase == Some(&AddonPhase::Disabled)
}

fn is_slow_but_healthy(error: &NotDone) -> bool {
    matches!(error.reason, Reason::TimedOut) && error.last.as_ref().is_some_and(is_healthy)
}

fn same_body(prior: &AddonState, planned: &AddonState) -> bool {
    match (build::body(prior, None, None), build::body(planned, None, None)) {
        (Ok(prior), Ok(planned)) => prior == planned,
        _ => false,
    }
}

/// Fills what is known only now. What was planned stays as it was planned.
fn finish(planned: AddonState, brought: &Brought) -> AddonState {
    let mut state = planned;
    if state.cluster_definitions.is_unknown() {
        state.cluster_definitions = brought.definition_names();
    }
    if state.cluster_versions.is_unknown() {
        state.cluster_versions = brought.version_names();
    }
    state
}

/// The state of an apply that did not come to its end: what it did not learn is as before.
fn without_unknowns(planned: AddonState, prior: Option<&AddonState>) -> AddonState {
    let mut state = planned;
    if state.cluster_definitions.is_unknown() {
        state.cluster_definitions = prior.map_or(Value::Null, |prior| prior.cluster_definitions.clone());
    }
    if state.cluster_versions.is_unknown() {
        state.cluster_versions = prior.map_or(Value::Null, |prior| prior.cluster_versions.clone());
    }
    state
}
