//! Create and update: the definitions of kinds, the release by helm, the wait for the operator.
//!
//! Both mark the resource as unfinished until Terraform is told the end, and releases carry our label from their first
//! moment. So a run that is interrupted is gone on with by the next, and one that is killed is found and healed.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;
use kubeblocks_schemas::v1alpha1::Addon;
use serde_json::json;
use tfplugin::prelude::*;

use super::capabilities;
use super::failure::{self, Failure};
use super::note::Note;
use super::run::{Run, chart, with_chart, without_unknowns};
use super::schema::OperatorState;
use super::{UNFINISHED, changes, crds, deployments, guard, healing, is_unfinished, plan, values};
use crate::helm::chart::{Chart, Source};
use crate::helm::engine::Values;
use crate::helm::manifest::{Manifest, diff};
use crate::helm::release::Release;
use crate::kubernetes::dynamic::resource_of;
use crate::kubernetes::{Client, Conflicts, Error};
use crate::provider::Shared;
use crate::wait::{Limits, at_most};

const CANNOT_INSTALL: &str = "Cannot install KubeBlocks";
const CANNOT_UPGRADE: &str = "Cannot update KubeBlocks";

/// Images are pulled, perhaps from far away.
const CREATE_TIMEOUT: Duration = Duration::from_mins(20);
/// The same.
const UPDATE_TIMEOUT: Duration = Duration::from_mins(20);
/// A last request after an interrupt or a failure may take so long.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Annotation of a namespace that this resource made.
pub(super) const MADE_BY: &str = "terraform.kubeblocks.io/created-by";
/// Its value.
pub(super) const OPERATOR: &str = "kubeblocks_operator";

/// Installs the operator and waits until it runs.
pub(super) async fn create(
    shared: &Shared,
    context: &Context,
    request: Create<OperatorState>,
    progress: &Progress<OperatorState>,
) -> Result<OperatorState, Diagnostics> {
    let Create { config, planned } = request;
    let limits = Limits::new(planned.timeouts.create_or(CREATE_TIMEOUT), context.stop());
    let run = Run::open(shared, context, &planned, CANNOT_INSTALL, limits).await?;
    let Some(_claim) = shared.claim(&run.client.endpoint(), &run.namespace, &run.name) else {
        return Err(made_twice(&run).into());
    };
    let (chart, source) = chart(shared, &planned).await?;
    let state = with_chart(planned, &chart);
    let outcome = Box::pin(install(&run, &config, state.clone(), &chart, &source, progress)).await;
    match outcome {
        Ok(state) => Ok(state),
        // An error would taint the resource, and the next apply would remove what it can go on with.
        Err(Failure::Interrupted(doing)) if context.private(UNFINISHED).is_some() => {
            context.warn(Diagnostic::warning(
                "Interrupted while KubeBlocks was being installed",
                format!("Interrupted while {doing}. What is there is kept; run the command again to go on."),
            ));
            Ok(without_unknowns(state, None))
        }
        Err(failure) => Err(failure.into_diagnostics(CANNOT_INSTALL)),
    }
}

async fn install(
    run: &Run<'_>,
    config: &OperatorState,
    state: OperatorState,
    chart: &Chart,
    source: &Source,
    progress: &Progress<OperatorState>,
) -> Result<OperatorState, Failure> {
    let history = run.history().await?;
    if let Some(refusal) = healing::refuse_adoption(&history, &state) {
        return Err(refusal.into());
    }
    refuse_second(run).await?;
    ensure_namespace(run, &state).await?;
    run.context.set_private(UNFINISHED, true.into());
    progress.record(without_unknowns(state.clone(), None));
    run.apply_crds(chart).await?;
    let history = run.heal(history).await?;
    write_first(run, config, state, chart, source, &history, "create").await
}

/// Writes the release where none has ever run, and waits for the operator. `timeout` is the attribute of `timeouts` that
/// limits this.
async fn write_first(
    run: &Run<'_>,
    config: &OperatorState,
    state: OperatorState,
    chart: &Chart,
    source: &Source,
    history: &[Release],
    timeout: &str,
) -> Result<OperatorState, Failure> {
    if history.is_empty() {
        free_stuck_objects(run, chart).await?;
    }
    let values = values::for_helm(&state, &config.sensitive_values);
    let is_done =
        history.first().is_some_and(|last| changes::is_current(last, chart, &values.values, source));
    if !is_done {
        run.upgrade(&state, chart, &values).await.map_err(|error| run.of_engine(&error))?;
    }
    let release = run.last().await?;
    run.wait_until_ready(&release, timeout).await?;
    run.finish(state, chart, &config.sensitive_values, None).await
}

/// Changes the release in place and waits until the operator runs again.
pub(super) async fn update(
    shared: &Shared,
    context: &Context,
    request: Update<OperatorState>,
    progress: &Progress<OperatorState>,
) -> Result<OperatorState, Diagnostics> {
    let Update { config, prior, planned } = request;
    let writes = is_unfinished(context) || changes::renders(&prior, &planned);
    if !writes && !planned.crds_digest.is_unknown() {
        return Ok(without_unknowns(planned, Some(&prior)));
    }
    let limits = Limits::new(planned.timeouts.update_or(UPDATE_TIMEOUT), context.stop());
    let run = Run::open(shared, context, &planned, CANNOT_UPGRADE, limits).await?;
    let Some(_claim) = shared.claim(&run.client.endpoint(), &run.namespace, &run.name) else {
        return Err(made_twice(&run).into());
    };
    let (chart, source) = chart(shared, &planned).await?;
    let state = with_chart(planned, &chart);
    let change = Change { config: &config, prior: &prior, chart: &chart, source: &source, writes };
    Box::pin(change.apply(&run, state, progress))
        .await
        .map_err(|failure| failure.into_diagnostics(CANNOT_UPGRADE))
}

/// One update.
struct Change<'a> {
    config: &'a OperatorState,
    prior: &'a OperatorState,
    chart: &'a Chart,
    source: &'a Source,
    /// Whether the release may have to be written.
    writes: bool,
}

impl Change<'_> {
    async fn apply(
        &self,
        run: &Run<'_>,
        state: OperatorState,
        progress: &Progress<OperatorState>,
    ) -> Result<OperatorState, Failure> {
        let found = run.history().await?;
        if found.is_empty() {
            return Err(gone(run).into());
        }
        let history = run.heal(found).await?;
        let Some(last) = history.first() else {
            // An installation that was cut off, and of which nothing can be gone on with, was removed.
            run.apply_crds(self.chart).await?;
            return write_first(run, self.config, state, self.chart, self.source, &history, "update").await;
        };
        let before = healing::last_deployed(&history).unwrap_or(last).manifest.clone();
        if !self.writes {
            run.apply_crds(self.chart).await?;
            return run.finish(state, self.chart, &self.config.sensitive_values, Some(&before)).await;
        }
        let values = values::for_helm(&state, &self.config.sensitive_values);
        if changes::is_current(last, self.chart, &values.values, self.source) {
            run.apply_crds(self.chart).await?;
        } else {
            run.context.set_private(UNFINISHED, true.into());
            Box::pin(self.upgrade(run, &state, last, &values)).await?;
        }
        progress.record(without_unknowns(state.clone(), Some(self.prior)));
        let release = run.last().await?;
        run.wait_until_ready(&release, "update").await?;
        run.finish(state, self.chart, &self.config.sensitive_values, Some(&before)).await
    }

    /// Writes the release. Another chart comes while the operator is stopped: the old one must not act on definitions of
    /// the new one.
    async fn upgrade(
        &self,
        run: &Run<'_>,
        state: &OperatorState,
        last: &Release,
        values: &Values,
    ) -> Result<(), Failure> {
        let was_noted = Note::on(last);
        let is_new_chart = last.chart_version != self.chart.version
            || was_noted.is_some_and(|note| note.digest != self.chart.digest);
        if !is_new_chart {
            run.apply_crds(self.chart).await?;
            return run.upgrade(state, self.chart, values).await.map_err(|error| run.of_engine(&error));
        }
        self.keep_vanishing_addons(run, state, last).await?;
        let names = deployments::of_release(&last.manifest, &run.namespace);
        let stopped = names.iter().map(|name| (name.clone(), 0)).collect();
        let before = deployments::scale(&run.client, &run.namespace, &stopped)
            .await
            .map_err(|error| failure::of_api(run.summary, "the operator was stopped", &error))?;
        let before: BTreeMap<String, i32> =
            before.into_iter().map(|(name, pods)| (name, pods.max(1))).collect();
        let outcome = async {
            deployments::wait_until_stopped(&run.client, &run.namespace, &names, &run.limits)
                .await
                .map_err(|error| failure::of_deployments(run.summary, "update", error))?;
            run.apply_crds(self.chart).await?;
            run.upgrade(state, self.chart, values).await.map_err(|error| run.of_engine(&error))
        };
        let outcome = Box::pin(outcome).await;
        if let Err(failure) = outcome {
            return Err(self.go_back(run, failure, &before).await);
        }
        restart(&run.steady, &run.namespace, &before).await;
        Ok(())
    }

    /// Addons that the new chart does not have would go with the release, and their databases' definitions with them.
    async fn keep_vanishing_addons(
        &self,
        run: &Run<'_>,
        state: &OperatorState,
        last: &Release,
    ) -> Result<(), Failure> {
        let failed = |error: &Error| failure::of_api(run.summary, "add-ons were kept", error);
        let seen = capabilities::look(&run.client).await.map_err(|error| failed(&error))?;
        let sensitive = &self.config.sensitive_values;
        let rendered = plan::render(&run.engine, self.chart, state, sensitive, &seen, true, &run.limits)
            .await
            .map_err(|error| run.of_engine(&error))?;
        let parse = |text: &str| {
            Manifest::parse(text, &run.namespace).map_err(|error| failure::of_manifest(run.summary, &error))
        };
        let (before, after) = (parse(&last.manifest)?, parse(&rendered)?);
        let addons = changes::removed_addons(&diff(Some(&before), &after));
        let resource = resource_of::<Addon>();
        let keep = json!({"metadata": {"annotations": {"helm.sh/resource-policy": "keep"}}});
        stream::iter(addons)
            .map(|addon| {
                let (resource, keep) = (&resource, &keep);
                async move { run.client.merge_object(resource, None, &addon, keep).await.map(drop) }
            })
            .buffer_unordered(4)
            .try_collect::<()>()
            .await
            .map_err(|error| failed(&error))
    }

    /// After a failure: the revision before, and the operator's pods.
    async fn go_back(&self, run: &Run<'_>, failure: Failure, before: &BTreeMap<String, i32>) -> Failure {
        let rolled_back = run.roll_back().await;
        restart(&run.steady, &run.namespace, before).await;
        let told = match rolled_back {
            Ok(()) => "The release was rolled back to the revision before, and the operator of before was started again. Custom resource definitions may be those of the new version, which the old one can work with.".to_owned(),
            Err(said) => format!("Going back to the revision before failed as well: {said}"),
        };
        match failure {
            Failure::Interrupted(doing) => Diagnostic::error(
                run.summary,
                format!("Interrupted while {doing}. {told}\n\nRun the command again to go on."),
            )
            .into(),
            Failure::Wrong(diagnostics) => {
                let with_told = diagnostics.into_iter().map(|mut found| {
                    found.detail = format!("{}\n\n{told}", found.detail);
                    found
                });
                Failure::Wrong(with_told.collect())
            }
        }
    }
}

/// Gives Deployments that are still stopped their pods again. Best effort: the wait that follows tells what is missing.
async fn restart(client: &Client, namespace: &str, before: &BTreeMap<String, i32>) {
    let mut stopped = BTreeMap::new();
    for (name, pods) in before {
        let found = at_most(LAST_WORDS, client.get_opt::<Deployment>(Some(namespace), name)).await;
        let Some(Ok(Some(found))) = found else { continue };
        if found.spec.replicas == Some(0) {
            stopped.insert(name.clone(), *pods);
        }
    }
    if let Some(Err(error)) = at_most(LAST_WORDS, deployments::scale(client, namespace, &stopped)).await {
        tracing::warn!(%error, "the operator could not be started again");
    }
}

/// The namespace, made when it is missing and that is wanted.
async fn ensure_namespace(run: &Run<'_>, state: &OperatorState) -> Result<(), Failure> {
    let failed = |error: &Error| failure::of_api(run.summary, "the namespace was made", error);
    let found =
        run.client.get_opt::<Namespace>(None, &run.namespace).await.map_err(|error| failed(&error))?;
    if found.is_some() {
        return Ok(());
    }
    if state.create_namespace.known() == Some(&false) {
        return Err(Diagnostic::error(
            run.summary,
            format!("The namespace \"{}\" does not exist, and `create_namespace` is false.", run.namespace),
        )
        .at(Path::attribute("namespace"))
        .into());
    }
    let annotations = BTreeMap::from([(MADE_BY.to_owned(), OPERATOR.to_owned())]);
    let namespace = Namespace {
        metadata: ObjectMeta {
            name: Some(run.namespace.clone()),
            annotations: Some(annotations),
            ..ObjectMeta::default()
        },
        ..Namespace::default()
    };
    run.client.server_side_apply(&namespace, Conflicts::Refuse).await.map_err(|error| failed(&error))?;
    Ok(())
}

/// Objects of the release that an uninstall without this provider deleted, and whose finalizers nobody was left to take
/// off. An operator that is installed now would finish their deletion, and with it remove what helm has just installed.
async fn free_stuck_objects(run: &Run<'_>, chart: &Chart) -> Result<(), Failure> {
    let failed =
        |error: &Error| failure::of_api(run.summary, "remains of an earlier release were removed", error);
    let free = json!({"metadata": {"finalizers": null}});
    for kind in chart.crds.iter().filter_map(|crd| crds::kind_of(&crd["spec"])) {
        let there = match run.client.list_objects(&kind, None, None).await {
            Ok(there) => there,
            Err(error) if error.is_not_served() => continue,
            Err(error) => return Err(failed(&error)),
        };
        for object in there {
            let is_own = guard::belongs_to(&object, &run.namespace, &run.name);
            if is_own && object.metadata.deletion_timestamp.is_some() {
                let (namespace, name) = (object.namespace(), object.name_any());
                let freed = run.client.merge_object(&kind, namespace.as_deref(), &name, &free).await;
                freed.map_err(|error| failed(&error))?;
            }
        }
    }
    Ok(())
}

/// Two operators in a Kubernetes cluster would fight over the same databases.
async fn refuse_second(run: &Run<'_>) -> Result<(), Failure> {
    let there = match run.client.list::<Deployment>(None, Some("app.kubernetes.io/name=kubeblocks")).await {
        Ok(there) => there,
        // Not everybody may look into other namespaces.
        Err(Error::Forbidden { .. }) => return Ok(()),
        Err(error) => return Err(failure::of_api(run.summary, "other operators were looked for", &error)),
    };
    let other = there.iter().find(|found| !is_of(*found, &run.namespace, &run.name));
    let Some(other) = other else { return Ok(()) };
    let place = format!("{}/{}", other.namespace().unwrap_or_default(), other.name_any());
    let way = match release_of(other) {
        Some((namespace, name)) => format!(
            "It belongs to the Helm release {namespace}/{name}: import that with the id \"{namespace}/{name}\", or uninstall it."
        ),
        None => "It belongs to no Helm release: remove it first, with the tool that made it.".to_owned(),
    };
    Err(Diagnostic::error(
        "KubeBlocks is installed already",
        format!("The Deployment {place} runs KubeBlocks in this Kubernetes cluster, and a second operator would work on the same databases. {way}"),
    )
    .into())
}

/// Namespace and name of the release that an object belongs to.
fn release_of(object: &impl ResourceExt) -> Option<(String, String)> {
    let annotation = |key: &str| object.annotations().get(key).cloned();
    Some((annotation("meta.helm.sh/release-namespace")?, annotation("meta.helm.sh/release-name")?))
}

fn is_of(object: &impl ResourceExt, namespace: &str, name: &str) -> bool {
    release_of(object).is_some_and(|(of, called)| of == namespace && called == name)
}

fn made_twice(run: &Run<'_>) -> Diagnostic {
    Diagnostic::error(
        "The same operator twice",
        format!(
            "Another resource of this configuration is at work on the release {}/{} of the same Kubernetes cluster. Keep one of the two.",
            run.namespace, run.name
        ),
    )
}

fn gone(run: &Run<'_>) -> Diagnostic {
    Diagnostic::error(
        run.summary,
        format!(
            "The release {}/{} is not in the Kubernetes cluster {}. Either it was removed after the plan was made, or `kubernetes` now leads to another Kubernetes cluster.\n\nRun the command again: the refresh will see it.",
            run.namespace,
            run.name,
            run.client.endpoint()
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment(namespace: &str, name: &str) -> Deployment {
        let annotations =
            [("meta.helm.sh/release-namespace", namespace), ("meta.helm.sh/release-name", name)];
        Deployment {
            metadata: ObjectMeta {
                annotations: Some(annotations.map(|(key, value)| (key.to_owned(), value.to_owned())).into()),
                ..ObjectMeta::default()
            },
            ..Deployment::default()
        }
    }

    #[test]
    fn a_deployment_is_ours_by_the_release_that_helm_notes_on_it() {
        assert!(is_of(&deployment("kb-system", "kubeblocks"), "kb-system", "kubeblocks"));
        assert!(!is_of(&deployment("other", "kubeblocks"), "kb-system", "kubeblocks"));
        assert!(!is_of(&deployment("kb-system", "kb"), "kb-system", "kubeblocks"));
        assert!(!is_of(&Deployment::default(), "kb-system", "kubeblocks"));
    }
}
