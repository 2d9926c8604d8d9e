//! The Addon controller: a chart is installed by a Job, and the Job's fate is the phase of the Addon.
//!
//! The stages and their order are the real operator's, and so are its traps: `Failed` is where it stays until the spec
//! changes, the first pod that fails decides although the Job tries again, and values that are missing are waited for
//! without end.

mod job;
mod jobs;
mod selectors;
mod values;

use std::sync::Arc;

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::ResourceExt;
use kube::runtime::controller::Action;

use super::Context;
use super::api::{Addon, AddonChart, AddonStatus, AddonValues, Condition, ValuesKey};
use super::conditions;
use super::error::Error;
use super::events::Severity;
use super::naming::ADDON_FINALIZER;

pub(crate) use selectors::Surroundings;

const ANNOTATION_SKIP_CHECK: &str = "extensions.kubeblocks.io/skip-installable-check";
const ANNOTATION_KEEP_JOBS: &str = "extensions.kubeblocks.io/no-delete-jobs";
const ANNOTATION_EMPTY_DEFAULT: &str = "addons.extensions.kubeblocks.io/default-is-empty";

/// What a stage comes to: the end of this look, or nothing when the next stage has its turn.
type Stage = Result<Option<Action>, Error>;

/// Brings one add-on a step further.
pub(crate) async fn reconcile(trigger: Arc<Addon>, context: Arc<Context>) -> Result<Action, Error> {
    let name = trigger.name_any();
    let Some(mut addon) = context.store.get_global::<Addon>(&name).await? else {
        context.events.forget(trigger.metadata.uid.as_deref().unwrap_or_default());
        return Ok(Action::await_change());
    };
    let has_finalizer = addon.finalizers().iter().any(|known| known == ADDON_FINALIZER);
    if addon.metadata.deletion_timestamp.is_some() {
        if !has_finalizer {
            return Ok(Action::await_change());
        }
        return Look::new(&context, addon).delete().await;
    }
    if !has_finalizer {
        addon.finalizers_mut().push(ADDON_FINALIZER.to_owned());
        addon = context.store.replace_global(&addon).await?;
    }
    let mut look = Look::new(&context, addon);
    if let Some(action) = look.settled().await? {
        return Ok(action);
    }
    if let Some(action) = look.installable().await? {
        return Ok(action);
    }
    if let Some(action) = look.defaults().await? {
        return Ok(action);
    }
    if let Some(action) = look.progress().await? {
        return Ok(action);
    }
    look.arrive().await
}

/// One look at an add-on: as it was read, and its status as it was written last.
struct Look<'a> {
    context: &'a Context,
    addon: Addon,
    status: AddonStatus,
}

impl<'a> Look<'a> {
    fn new(context: &'a Context, addon: Addon) -> Self {
        let status = addon.status.clone().unwrap_or_default();
        Self { context, addon, status }
    }

    fn name(&self) -> String {
        self.addon.name_any()
    }

    fn chart(&self) -> AddonChart {
        self.addon.spec.helm.clone().unwrap_or_default()
    }

    fn is_annotated(&self, key: &str) -> bool {
        self.addon.annotations().get(key).is_some_and(|value| value == "true")
    }

    fn requeue(&self) -> Action {
        Action::requeue(self.context.options.addon_recheck)
    }

    async fn event(&self, severity: Severity, reason: &str, message: &str) {
        self.context.events.record(&self.addon, severity, reason, message).await;
    }

    /// Writes what `change` makes of the status, for the generation that was read.
    async fn write(&mut self, change: impl FnOnce(&mut AddonStatus)) -> Result<(), Error> {
        let before = self.status.clone();
        self.status.observed_generation = self.addon.metadata.generation;
        change(&mut self.status);
        self.context.store.write_global_status(&self.addon, Some(&before), &self.status).await
    }

    async fn move_to(&mut self, phase: &str, reason: &str) -> Result<Action, Error> {
        self.write(|status| phase.clone_into(&mut status.phase)).await?;
        self.event(Severity::Normal, reason, &format!("Progress to {phase} phase")).await;
        Ok(Action::await_change())
    }

    /// Says in the condition why nothing goes on.
    async fn complain(&mut self, is_final: bool, reason: &str, message: &str) -> Result<(), Error> {
        let generation = self.addon.metadata.generation.unwrap_or_default();
        let condition = Condition::unmet("InstallableChecked", reason, message).of_generation(generation);
        self.write(|status| {
            if is_final {
                "Failed".clone_into(&mut status.phase);
            }
            conditions::set(&mut status.conditions, condition);
        })
        .await?;
        self.event(Severity::Warning, reason, message).await;
        Ok(())
    }

    /// Nothing is left to do for this generation.
    async fn settled(&self) -> Stage {
        if self.addon.metadata.generation != self.status.observed_generation {
            return Ok(None);
        }
        match self.status.phase.as_str() {
            "Enabled" | "Disabled" => self.remove_jobs().await?,
            "Failed" => {}
            _ => return Ok(None),
        }
        Ok(Some(Action::await_change()))
    }

    /// An add-on that is not for this Kubernetes cluster is disabled, unless someone asks for it.
    async fn installable(&mut self) -> Stage {
        if self.addon.spec.installable.is_none() || self.addon.spec.install.is_some() {
            return Ok(None);
        }
        if self.is_annotated(ANNOTATION_SKIP_CHECK) {
            self.event(Severity::Warning, "InstallableCheckSkipped", "Installable check skipped.").await;
            return Ok(None);
        }
        if ["Enabling", "Disabling"].contains(&self.status.phase.as_str()) {
            return Ok(None);
        }
        let Some(unmet) = self.context.surroundings.unmet(&self.addon.spec).cloned() else {
            return Ok(None);
        };
        let reason = "InstallableRequirementUnmatched";
        let message = "spec.installable.selectors has no matching requirement.";
        let generation = self.addon.metadata.generation.unwrap_or_default();
        self.write(|status| {
            "Disabled".clone_into(&mut status.phase);
            let condition = Condition::unmet("InstallableChecked", reason, message).of_generation(generation);
            conditions::set(&mut status.conditions, condition);
        })
        .await?;
        let message = format!(
            "Does not meet installable requirements for key {{key={},op={},values=[{}]}}",
            unmet.key,
            unmet.operator,
            unmet.values.join(" ")
        );
        self.event(Severity::Warning, reason, &message).await;
        Ok(Some(Action::await_change()))
    }

    /// Writes the default settings into the spec of an add-on that is installed by itself, or without any setting.
    async fn defaults(&mut self) -> Stage {
        let spec = &self.addon.spec;
        let installs_itself = spec.installable.as_ref().is_some_and(|installable| installable.auto_install);
        let (reason, message) = match &spec.install {
            None if installs_itself => ("AddonAutoInstall", "Addon enabled auto-install"),
            Some(install)
                if install.enabled
                    && !install.has_values()
                    && !self.is_annotated(ANNOTATION_EMPTY_DEFAULT) =>
            {
                ("AddonSetDefaultValues", "Addon enabled with default values")
            }
            _ => return Ok(None),
        };
        let Some(mut chosen) = self.context.surroundings.defaults(spec).cloned() else {
            return Ok(None);
        };
        chosen.selectors.clear();
        chosen.enabled = true;
        let mut written = self.addon.clone();
        if chosen.is_empty() {
            written.annotations_mut().insert(ANNOTATION_EMPTY_DEFAULT.to_owned(), "true".to_owned());
        }
        written.spec.install = Some(chosen);
        self.context.store.replace_global(&written).await?;
        self.event(Severity::Normal, reason, message).await;
        Ok(Some(Action::await_change()))
    }

    /// Enables or disables.
    async fn progress(&mut self) -> Stage {
        let is_enabled = self.addon.spec.install.as_ref().is_some_and(|install| install.enabled);
        let phase = self.status.phase.clone();
        match (is_enabled, phase.as_str()) {
            (false, "") => Ok(None),
            (false, "Disabling") => self.uninstall().await,
            (false, _) => self.move_to("Disabling", "DisablingAddon").await.map(Some),
            (true, "Enabling") => self.install().await,
            (true, _) => {
                if phase == "Failed" {
                    self.remove_job(&job::install_name(&self.name())).await?;
                }
                self.move_to("Enabling", "EnablingAddon").await.map(Some)
            }
        }
    }

    /// The last stage: what was under way has succeeded.
    async fn arrive(&mut self) -> Result<Action, Error> {
        let (phase, reason) = match self.status.phase.as_str() {
            "" | "Disabling" => ("Disabled", "AddonDisabled"),
            "Enabling" => ("Enabled", "AddonEnabled"),
            _ => return Ok(Action::await_change()),
        };
        let generation = self.addon.metadata.generation.unwrap_or_default();
        self.write(|status| {
            phase.clone_into(&mut status.phase);
            let condition = Condition::met("Succeed", reason, "").of_generation(generation);
            conditions::set(&mut status.conditions, condition);
        })
        .await?;
        self.event(Severity::Normal, reason, &format!("Progress to {phase} phase")).await;
        Ok(Action::await_change())
    }

    /// The Addon is being deleted: it is disabled first, if it was enabled.
    async fn delete(mut self) -> Result<Action, Error> {
        let name = self.name();
        self.event(Severity::Normal, "DeletingCR", &format!("Deleting : {name}")).await;
        match self.status.phase.as_str() {
            "Enabling" => {
                self.remove_jobs().await?;
                return self.move_to("Disabling", "DisablingAddon").await;
            }
            "Enabled" => return self.move_to("Disabling", "DisablingAddon").await,
            "Disabling" => {
                return match self.uninstall().await? {
                    Some(action) => Ok(action),
                    None => self.move_to("Disabled", "AddonDisabled").await,
                };
            }
            // One that has failed is let go with whatever it installed.
            _ => self.remove_jobs().await?,
        }
        self.context.store.remove_global_finalizer(&self.addon, ADDON_FINALIZER).await?;
        self.event(Severity::Normal, "DeletedCR", &format!("Deleted : {name}")).await;
        Ok(Action::await_change())
    }

    /// Runs the install Job, or waits for it.
    async fn install(&mut self) -> Stage {
        let settings = self.context.settings.clone();
        let name = job::install_name(&self.name());
        if let Some(found) = self.job(&name).await? {
            let status = found.status.unwrap_or_default();
            if status.succeeded.unwrap_or_default() > 0 {
                return Ok(None);
            }
            if status.active.unwrap_or_default() == 0 && status.failed.unwrap_or_default() > 0 {
                let message = format!(
                    "Installation failed, do inspect error from jobs.batch {}/{name}",
                    settings.namespace
                );
                self.complain(true, "InstallationFailed", &message).await?;
                if let Some(log) = self.failed_log(&name).await? {
                    self.complain(false, "InstallationFailedLogs", &log).await?;
                }
                return Ok(None);
            }
            return Ok(Some(self.requeue()));
        }
        let chart = self.chart();
        let install = self.addon.spec.install.clone().unwrap_or_default();
        let values = values::merged(&chart, &install);
        if let Some(action) = self.missing_values(&values).await? {
            return Ok(Some(action));
        }
        self.context.store.create_if_absent(&job::install(&settings, &self.addon, &chart, &values)).await?;
        Ok(Some(self.requeue()))
    }

    /// Values that are not there: an object is waited for, a key is not.
    async fn missing_values(&mut self, values: &AddonValues) -> Stage {
        for reference in &values.config_map_refs {
            let found: Option<ConfigMap> =
                self.context.store.get(&self.context.settings.namespace, &reference.name).await?;
            let has_key = found.map(|map| map.data.is_some_and(|data| data.contains_key(&reference.key)));
            if let Some(action) = self.judge_values("ConfigMap", reference, has_key).await? {
                return Ok(Some(action));
            }
        }
        for reference in &values.secret_refs {
            let found: Option<Secret> =
                self.context.store.get(&self.context.settings.namespace, &reference.name).await?;
            let has_key =
                found.map(|secret| secret.data.is_some_and(|data| data.contains_key(&reference.key)));
            if let Some(action) = self.judge_values("Secret", reference, has_key).await? {
                return Ok(Some(action));
            }
        }
        Ok(None)
    }

    async fn judge_values(&mut self, kind: &str, reference: &ValuesKey, has_key: Option<bool>) -> Stage {
        let object = format!("{}/{}", self.context.settings.namespace, reference.name);
        let reason = "ReferenceObjectError";
        match has_key {
            Some(true) => Ok(None),
            Some(false) => {
                let message =
                    format!("Attach {kind} {object} volume source failed, key {} not found", reference.key);
                self.complain(true, reason, &message).await?;
                Ok(Some(Action::await_change()))
            }
            None => {
                self.complain(false, reason, &format!("{kind} object {object} not found")).await?;
                Ok(Some(self.requeue()))
            }
        }
    }

    /// Runs the uninstall Job where there is a release, or waits for it.
    async fn uninstall(&mut self) -> Stage {
        let name = job::uninstall_name(&self.name());
        let Some(found) = self.job(&name).await? else {
            if !self.has_release().await? {
                return Ok(None);
            }
            let job = job::uninstall(&self.context.settings, &self.addon, &self.chart());
            self.context.store.create_if_absent(&job).await?;
            return Ok(Some(self.requeue()));
        };
        let status = found.status.clone().unwrap_or_default();
        if status.succeeded.unwrap_or_default() > 0 {
            return Ok(None);
        }
        // Nobody runs Jobs here, which must not keep the Addon from going.
        if status.start_time.is_none() && self.addon.metadata.deletion_timestamp.is_some() {
            return Ok(None);
        }
        let is_running = status.active.unwrap_or_default() > 0;
        if found.metadata.deletion_timestamp.is_none() && !is_running && status.failed.unwrap_or_default() > 0
        {
            let message = format!(
                "Uninstallation failed, do inspect error from jobs.batch {}/{name}",
                self.context.settings.namespace
            );
            self.event(Severity::Warning, "UninstallationFailed", &message).await;
            if let Some(log) = self.failed_log(&name).await? {
                self.complain(false, "UninstallationFailedLogs", &log).await?;
            }
            self.remove_job(&name).await?;
            self.remove_pods().await?;
        }
        Ok(Some(self.requeue()))
    }
}
