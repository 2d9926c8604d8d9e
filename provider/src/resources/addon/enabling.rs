//! One add-on, its operator and its limits: what create, update and delete do with them. Enabling is here, with the
//! healing of installations that failed.

use k8s_openapi::api::batch::v1::Job;
use kubeblocks_schemas::v1alpha1::{Addon, AddonPhase};
use serde_json::{Value as Json, json};
use tfplugin::prelude::*;

use super::apply::{Stop, is_installed};
use super::definitions::{self, Brought};
use super::facts::{Facts, JobFacts, release_name};
use super::operator::{self, Operator, Platform};
use super::readiness::{Failure, Goal, Heal, heal, is_stuck};
use super::schema::AddonState;
use super::wait::{NotDone, Reached, Reason, wait_for, wait_until_left, wait_until_usable};
use super::{build, checks, text, values};
use crate::kubernetes::diagnostic::diagnostic;
use crate::kubernetes::dynamic::resource_of;
use crate::kubernetes::ownership::Ownership;
use crate::kubernetes::{Client, Conflicts, Error};
use crate::wait::Limits;

/// One operation on one add-on.
pub(super) struct Work<'a> {
    pub(super) client: Client,
    pub(super) context: &'a Context,
    pub(super) state: &'a AddonState,
    pub(super) limits: &'a Limits,
    pub(super) operator: Operator,
    pub(super) summary: &'static str,
}

impl<'a> Work<'a> {
    /// Looks for the operator, without which nothing comes of any write.
    pub(super) async fn begin(
        client: &Client,
        context: &'a Context,
        state: &'a AddonState,
        limits: &'a Limits,
        summary: &'static str,
    ) -> Result<Self, Diagnostics> {
        let client = client.obeying(context.stop());
        let found = operator::find(&client).await.map_err(|error| diagnostic(summary, &error))?;
        let Some(operator) = found else {
            return Err(text::no_operator(summary, &client.endpoint()).into());
        };
        if !operator.is_ready && !super::wait::operator_comes(&client, &operator, limits).await {
            return Err(Diagnostic::error(summary, text::operator_away(&operator.namespace)).into());
        }
        Ok(Self { client, context, state, limits, operator, summary })
    }

    /// Enables the add-on as it is written and waits until what it brings can be used. `record` is called when
    /// something was written.
    pub(super) async fn enable(&self, live: Option<Addon>, record: impl Fn()) -> Result<Brought, Stop> {
        let name = self.state.name();
        self.check(live.as_ref()).await?;
        let (_, facts) = wait_for(&self.client, &self.operator, name, Goal::Settled, self.limits).await?;
        let live = facts.addon.clone();
        if !live.as_ref().is_some_and(is_installed) {
            if let Some(job) = facts.install_job() {
                self.remove_job(Some(job)).await?;
                wait_for(&self.client, &self.operator, name, Goal::Settled, self.limits).await?;
            }
            wait_until_left(&self.client, &release_name(name), self.limits).await?;
        }
        let body = self.body(live.as_ref(), kept_description(live.as_ref()).as_deref())?;
        let mut may_heal = true;
        let mut applied = if has_failed(&facts) {
            may_heal = false;
            self.heal(&facts, &body, &record).await?
        } else {
            let applied = self.apply(&body, live.as_ref()).await?;
            record();
            applied
        };
        if is_stuck(&facts) {
            // The operator would wait for the old Job before it looks at what was written.
            self.remove_job(facts.install_job()).await?;
        }
        loop {
            let goal = Goal::Enabled(applied.metadata.generation.unwrap_or(0));
            let (reached, facts) = wait_for(&self.client, &self.operator, name, goal, self.limits).await?;
            if reached == Reached::Ready {
                break;
            }
            if !may_heal {
                return Err(NotDone {
                    reason: Reason::Failed(Failure::Installation),
                    last: Some(facts),
                    missing: None,
                    waited: self.limits.waited(),
                }
                .into());
            }
            may_heal = false;
            applied = self.install_again(&facts).await?;
        }
        let brought = self.brought().await?;
        wait_until_usable(&self.client, &brought, self.limits).await?;
        self.warn_of_lost_values(&brought);
        Ok(brought)
    }

    /// What stands against enabling, before anything is written.
    async fn check(&self, live: Option<&Addon>) -> Result<(), Stop> {
        let Some(live) = live else {
            if !self.state.chart.is_null() {
                return Ok(());
            }
            let all = self.client.list::<Addon>(None, None).await;
            let all = all.map_err(|error| diagnostic(self.summary, &error))?;
            return Err(checks::missing(self.summary, self.state.name(), &all).into());
        };
        if live.metadata.deletion_timestamp.is_some() {
            let detail = format!(
                "Addon {} is being deleted. Run the command again when it is gone.",
                self.state.name()
            );
            return Err(Diagnostic::error(self.summary, detail).into());
        }
        let mut diagnostics = checks::settings(self.state, live);
        let is_installed = live.spec.install.as_ref().and_then(|install| install.enabled) == Some(true);
        if !is_installed && let Some(platform) = self.platform().await? {
            // The operator looks at these conditions only as long as nobody has decided.
            if let Some(selector) = operator::unmet(live, &platform) {
                let name = self.state.name();
                diagnostics.push(text::not_installable(self.summary, name, selector, &platform));
            }
        }
        self.context.settle(diagnostics).map_err(Stop::Told)
    }

    async fn platform(&self) -> Result<Option<Platform>, Stop> {
        match operator::platform(&self.client, &self.operator).await {
            Ok(platform) => Ok(Some(platform)),
            Err(Error::Forbidden { .. }) => Ok(None),
            Err(error) => Err(diagnostic(self.summary, &error).into()),
        }
    }

    /// What is sent.
    pub(super) fn body(&self, live: Option<&Addon>, description: Option<&str>) -> Result<Json, Stop> {
        build::body(self.state, live, description).map_err(|error| {
            let values::Error::SetByAddon { path, theirs } = &error;
            let detail = format!(
                "Addon {} sets `{path}` itself ({theirs}), with an option of helm that goes before these values. Only texts can be set against that. Take the value out, or make an add-on of your own with `chart`.",
                self.state.name()
            );
            Diagnostic::error(self.summary, detail).at(Path::attribute("values")).into()
        })
    }

    /// Writes; with what the add-on has as defaults where the operator would no longer fill them in.
    pub(super) async fn apply(&self, body: &Json, live: Option<&Addon>) -> Result<Addon, Stop> {
        let resource = resource_of::<Addon>();
        let name = self.state.name();
        let failed = |error| Stop::from(diagnostic(self.summary, &error));
        let is_enabling = body["spec"]["install"]["enabled"] == true;
        if let Some(live) = live.filter(|_| is_enabling && self.state.chart.is_null())
            && let Some(platform) = self.platform().await?
        {
            let ours = Ownership::ours(&live.metadata);
            let defaults = operator::defaults(live, &platform);
            if let Some(install) = build::missing_defaults(body, live, ours.as_ref(), defaults) {
                let patch = json!({ "spec": { "install": install } });
                self.client.merge_object(&resource, None, name, &patch).await.map_err(failed)?;
                // The operator begins at once; what is written next must not get into its installation.
                wait_for(&self.client, &self.operator, name, Goal::Settled, self.limits).await?;
            }
        }
        let applied = self
            .client
            .apply_object(&resource, None, name, body, Conflicts::Force, false)
            .await
            .map_err(failed)?;
        let decoded = serde_json::to_value(&applied.object).and_then(serde_json::from_value::<Addon>);
        decoded.map_err(|error| {
            Diagnostic::error(
                self.summary,
                format!("The API server's answer about Addon {name} has an unknown form: {error}"),
            )
            .into()
        })
    }

    /// Has a failed installation tried again, in the way that its release allows.
    async fn heal(&self, facts: &Facts, body: &Json, record: &impl Fn()) -> Result<Addon, Stop> {
        let name = self.state.name();
        let mut brought = self.brought().await?;
        let users = definitions::find_users(&self.client, &brought)
            .await
            .map_err(|error| text::unreadable(self.summary, &error))?;
        brought.release.is_used = !users.is_empty();
        tracing::info!(addon = name, release = ?brought.release, "trying an installation again that had failed");
        match heal(brought.release) {
            Heal::Toggle => {
                let live = facts.addon.as_ref();
                let off = self.apply(&build::with_switch(body.clone(), false), live).await?;
                record();
                let goal = Goal::Disabled(off.metadata.generation.unwrap_or(0));
                wait_for(&self.client, &self.operator, name, goal, self.limits).await?;
                wait_for(&self.client, &self.operator, name, Goal::Settled, self.limits).await?;
                self.apply(body, Some(&off)).await
            }
            Heal::Again => {
                let applied = self.install_again(facts).await?;
                record();
                Ok(applied)
            }
            Heal::Blocked => {
                let release = release_name(name);
                let namespace = &self.operator.namespace;
                let detail = format!(
                    "The release {release} of Addon {name} was cut off in the middle of an upgrade, which helm does not go on with, and databases use what it has installed:\n\n{}\n\nPut it right with `helm -n {namespace} rollback {release}`, and run apply again.",
                    definitions::listed(&users)
                );
                Err(Diagnostic::error(self.summary, detail).into())
            }
        }
    }

    /// Has the chart installed once more over what is there.
    async fn install_again(&self, facts: &Facts) -> Result<Addon, Stop> {
        let name = self.state.name();
        // What is left of the old Job would count for the new one.
        self.remove_job(facts.install_job()).await?;
        wait_for(&self.client, &self.operator, name, Goal::Settled, self.limits).await?;
        let description = format!("{}, generation {}", build::DESCRIPTION_PREFIX, facts.generation() + 1);
        let body = self.body(facts.addon.as_ref(), Some(&description))?;
        self.apply(&body, facts.addon.as_ref()).await
    }

    /// Removes a Job that would count for what is written next.
    pub(super) async fn remove_job(&self, job: Option<&JobFacts>) -> Result<(), Stop> {
        let Some(job) = job else { return Ok(()) };
        self.client
            .delete::<Job>(Some(&self.operator.namespace), &job.name, Some(&job.uid))
            .await
            .map(drop)
            .map_err(|error| diagnostic(self.summary, &error).into())
    }

    /// What the add-on has brought.
    pub(super) async fn brought(&self) -> Result<Brought, Stop> {
        definitions::brought(&self.client, &self.operator.namespace, self.state.name())
            .await
            .map_err(|error| text::unreadable(self.summary, &error).into())
    }

    /// Values that have not arrived, as far as the release may be read.
    fn warn_of_lost_values(&self, brought: &Brought) {
        let (Some(wanted), Some(config)) = (build::written_values(self.state), &brought.values) else {
            return;
        };
        let lost = values::missing(&wanted, config);
        if lost.is_empty() {
            return;
        }
        let detail = format!(
            "The release of Addon {} does not have these of its `values`: {}. The add-on's own values go before them, or its attributes such as `replicas` set the same values.",
            self.state.name(),
            lost.join(", ")
        );
        self.context.warn(Diagnostic::warning("Values without effect", detail).at(Path::attribute("values")));
    }

    /// The error for a wait.
    pub(super) async fn told(&self, error: &NotDone, timeout: &str) -> Diagnostic {
        text::not_done(&self.client, self.summary, self.state.name(), &self.operator, error, timeout).await
    }
}

/// Whether the operator has given up on what the object says now.
fn has_failed(facts: &Facts) -> bool {
    let install = facts.addon.as_ref().and_then(|addon| addon.spec.install.as_ref());
    let is_enabled = install.and_then(|install| install.enabled) == Some(true);
    is_enabled && facts.is_current() && facts.phase() == Some(&AddonPhase::Failed)
}

/// The description that an earlier healing has set. It goes with the next change, not with an apply that changes nothing.
fn kept_description(live: Option<&Addon>) -> Option<String> {
    let options = &live?.spec.helm.as_ref()?.install_options;
    options.get(build::DESCRIPTION).filter(|text| text.starts_with(build::DESCRIPTION_PREFIX)).cloned()
}
