//! One apply's way to the Kubernetes cluster, to helm and to the chart, and the steps that a create and an update share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tfplugin::prelude::*;
use tokio_util::sync::CancellationToken;

use super::failure::{self, Failure};
use super::healing::{self, Repair};
use super::note::{self, Note};
use super::schema::OperatorState;
use super::{NOTE, UNFINISHED, aggregated, changes, crds, deployments, names, source, values};
use crate::helm::access::Access;
use crate::helm::chart::{Chart, Source};
use crate::helm::engine::{self, Engine, ReleaseEngine, Target, Upgrade, Values};
use crate::helm::manifest::{Manifest, diff};
use crate::helm::release::{self, Release};
use crate::kubernetes::Client;
use crate::provider::Shared;
use crate::wait::{Limits, WaitError};

/// A rollback after a failure, also one that was interrupted, may take so long.
const LAST_WORDS: Duration = Duration::from_mins(2);

/// What an apply works with.
pub(super) struct Run<'a> {
    pub(super) context: &'a Context,
    /// What could not be done when something goes wrong.
    pub(super) summary: &'static str,
    /// Its requests end when the practitioner interrupts.
    pub(super) client: Client,
    /// Its requests do not, for last words.
    pub(super) steady: Client,
    pub(super) engine: Engine,
    pub(super) access: Access,
    pub(super) limits: Limits,
    pub(super) namespace: String,
    pub(super) name: String,
}

impl<'a> Run<'a> {
    /// Opens the way.
    pub(super) async fn open(
        shared: &Shared,
        context: &'a Context,
        state: &OperatorState,
        summary: &'static str,
        limits: Limits,
    ) -> Result<Self, Diagnostics> {
        let steady = shared.client_for(&state.kubernetes, summary).await?;
        let engine = shared.engine().await.map_err(|error| failure::of_executable(&error))?;
        let access = engine.access(&steady).await.map_err(|error| failure::of_access(summary, &error))?;
        let client = steady.obeying(context.stop());
        let (namespace, name) = names(state);
        Ok(Self { context, summary, client, steady, engine, access, limits, namespace, name })
    }

    pub(super) fn target(&self) -> Target<'_> {
        Target { namespace: &self.namespace, name: &self.name }
    }

    /// The revisions, newest first.
    pub(super) async fn history(&self) -> Result<Vec<Release>, Failure> {
        release::history(&self.client, &self.namespace, &self.name)
            .await
            .map_err(|error| failure::of_release(self.summary, "the release was read", &error))
    }

    pub(super) fn of_engine(&self, error: &engine::Error) -> Failure {
        failure::of_engine(self.summary, "helm was at work", error)
    }

    /// Puts right what a run that was cut off left. Returns the revisions afterwards.
    pub(super) async fn heal(&self, history: Vec<Release>) -> Result<Vec<Release>, Failure> {
        let Some(last) = history.first() else { return Ok(history) };
        if healing::is_pending(last) {
            match healing::wait_until_abandoned(&self.client, last, &self.limits).await {
                Ok(true) => {}
                // It moved on; what it is now is judged anew.
                Ok(false) => return Box::pin(self.heal(self.history().await?)).await,
                Err(WaitError::Interrupted { .. }) => {
                    return Err(Failure::Interrupted("another run on the release was waited for"));
                }
                Err(WaitError::TimedOut { .. } | WaitError::Failed { .. }) => {
                    return Err(Diagnostic::error(
                        self.summary,
                        format!("The release {}/{} is {}: somebody is still at work on it. Run the command again when that has ended.", self.namespace, self.name, last.status),
                    )
                    .into());
                }
            }
        }
        match healing::repair(&history) {
            Repair::Nothing => return Ok(history),
            Repair::Uninstall => self.engine.uninstall(&self.access, self.target(), &self.limits).await,
            Repair::Rollback(revision) => {
                self.engine.rollback(&self.access, self.target(), revision, &self.limits).await
            }
        }
        .map_err(|error| self.of_engine(&error))?;
        self.history().await
    }

    /// Applies the definitions of kinds.
    pub(super) async fn apply_crds(&self, chart: &Chart) -> Result<(), Failure> {
        crds::apply(&self.client, &chart.crds, &self.limits)
            .await
            .map_err(|error| failure::of_crds(self.summary, &error))
    }

    /// Lets helm install or upgrade.
    pub(super) async fn upgrade(
        &self,
        state: &OperatorState,
        chart: &Chart,
        values: &Values,
    ) -> Result<(), engine::Error> {
        let max_history = state.max_history.known().and_then(|most| u32::try_from(*most).ok()).unwrap_or(5);
        let labels: BTreeMap<String, String> = note::labels();
        let request = Upgrade {
            target: self.target(),
            chart,
            values,
            max_history,
            labels: &labels,
            description: Some("by Terraform"),
        };
        let outcome = self.engine.upgrade(&self.access, &request, &self.limits).await;
        let Err(engine::Error::NotOwned { message }) = &outcome else { return outcome };
        // Helm checks owners before it writes anything, so it can simply begin again.
        let named = |role: &str| message.contains(&format!("{role:?}"));
        match aggregated::remove(&self.client, named, &self.limits).await {
            Ok(true) => self.engine.upgrade(&self.access, &request, &self.limits).await,
            Ok(false) | Err(_) => outcome,
        }
    }

    /// Goes back to the last revision that ran, whatever time is left.
    pub(super) async fn roll_back(&self) -> Result<(), String> {
        let history = release::history(&self.steady, &self.namespace, &self.name)
            .await
            .map_err(|error| error.to_string())?;
        let Some(last) = healing::last_deployed(&history) else { return Ok(()) };
        if history.first().is_some_and(|newest| newest.revision == last.revision) {
            return Ok(());
        }
        let limits = Limits::new(LAST_WORDS, &CancellationToken::new());
        let outcome = self.engine.rollback(&self.access, self.target(), last.revision, &limits).await;
        outcome.map_err(|error| engine::diagnostic::detail(&error))
    }

    /// The newest revision, which must be there.
    pub(super) async fn last(&self) -> Result<Release, Failure> {
        self.history().await?.into_iter().next().ok_or_else(|| {
            Diagnostic::error(
                self.summary,
                format!(
                    "The release {}/{} was removed by somebody while it was being made.",
                    self.namespace, self.name
                ),
            )
            .into()
        })
    }

    /// Waits until the Deployments of a revision run.
    pub(super) async fn wait_until_ready(&self, release: &Release, timeout: &str) -> Result<(), Failure> {
        let names = deployments::of_release(&release.manifest, &self.namespace);
        deployments::wait_until_ready(&self.client, &self.namespace, &names, &self.limits)
            .await
            .map_err(|error| failure::of_deployments(self.summary, timeout, error))
    }

    /// Notes what was installed, on the release and in private data, and fills what is known only now.
    pub(super) async fn finish(
        &self,
        state: OperatorState,
        chart: &Chart,
        sensitive: &Value<RawValue>,
        before: Option<&str>,
    ) -> Result<OperatorState, Failure> {
        let release = self.last().await?;
        let mut state = state;
        let names = crds::names(&chart.crds);
        let digest = crds::digest(&self.client, &names).await.map_err(|error| {
            failure::of_api(self.summary, "the custom resource definitions were read", &error)
        })?;
        let manifest = Manifest::parse(&release.manifest, &self.namespace)
            .map_err(|error| failure::of_manifest(self.summary, &error))?;
        if state.planned_changes.is_unknown() {
            let before = before.and_then(|text| Manifest::parse(text, &self.namespace).ok());
            state.planned_changes =
                Value::Known(changes::shown(&diff(before.as_ref(), &manifest), &self.namespace));
        }
        if state.crds_digest.is_unknown() {
            state.crds_digest = Value::Known(digest.clone());
        }
        if state.app_version.is_unknown() {
            state.app_version = release.app_version.clone().into();
        }
        let note = Note {
            version: chart.version.clone(),
            digest: chart.digest.clone(),
            revision: release.revision,
            manifest: manifest.digest(),
            crds: names,
            crds_digest: digest,
            ..Note::of(&state, &values::json_of(sensitive))
        };
        if Note::on(&release).as_ref() != Some(&note) {
            release::annotate(&self.client, &release, &note.annotations())
                .await
                .map_err(|error| failure::of_release(self.summary, "the release was noted", &error))?;
        }
        self.context.set_private(NOTE, note.to_private());
        self.context.set_private(UNFINISHED, false.into());
        Ok(state)
    }
}

/// The chart that was planned: the same digest, or an error.
pub(super) async fn chart(
    shared: &Shared,
    state: &OperatorState,
) -> Result<(Arc<Chart>, Source), Diagnostics> {
    let Some(from) = source::source(&state.chart).into_known() else {
        return Err(Diagnostic::provider_bug(
            "Chart is not known",
            "The source of the chart is unknown at apply.",
        )
        .into());
    };
    let version = state.version.known().map(String::as_str);
    let digest = state.chart_digest.known().map(String::as_str);
    let chart =
        shared.charts().resolve(&from, version, digest).await.map_err(|error| failure::of_chart(&error))?;
    Ok((chart, from))
}

/// The same with what the chart tells in the place of what was not known.
pub(super) fn with_chart(state: OperatorState, chart: &Chart) -> OperatorState {
    let fill = |value: Value<String>, known: Option<&String>| {
        if value.is_unknown() { known.cloned().into() } else { value }
    };
    OperatorState {
        version: fill(state.version, Some(&chart.version)),
        chart_digest: fill(state.chart_digest, Some(&chart.digest)),
        app_version: fill(state.app_version, chart.app_version.as_ref()),
        ..state
    }
}

/// The state of an apply that did not come to its end: what it did not learn is as before.
pub(super) fn without_unknowns(state: OperatorState, prior: Option<&OperatorState>) -> OperatorState {
    fn fill<T: Clone>(value: Value<T>, prior: Option<&Value<T>>) -> Value<T> {
        if value.is_unknown() { prior.cloned().unwrap_or(Value::Null) } else { value }
    }
    OperatorState {
        crds_digest: fill(state.crds_digest, prior.map(|prior| &prior.crds_digest)),
        planned_changes: fill(state.planned_changes, prior.map(|prior| &prior.planned_changes)),
        app_version: fill(state.app_version, prior.map(|prior| &prior.app_version)),
        ..state
    }
}
