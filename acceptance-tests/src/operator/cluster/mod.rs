//! The Cluster controller: one pass takes a new generation over ("spec pass"), later passes report ("status pass").
//!
//! The order of writes within a pass is the real operator's: objects of the build stage (Configuration, `ConfigMaps`),
//! the credential Secret, everything else, then the Cluster's metadata, then its status.

mod accounts;
mod components;
mod credential;
mod delete;
mod halt;
mod objects;
mod observation;
mod phase;
mod pods;
mod policies;
mod restore;
mod revision;
mod scaling;
mod scheduling;
mod service_references;
mod sizes;
mod status;
mod tls;
pub(crate) mod workload;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use kube::runtime::controller::Action;
use serde_json::{Value, json};

pub(crate) use accounts::reconcile as reconcile_accounts;
pub(crate) use revision::is_latest;

use super::Context;
use super::api::{Cluster, ClusterDefinition, ClusterStatus, ClusterVersion, Condition};
use super::component::Component;
use super::conditions;
use super::error::Error;
use super::events::Severity;
use super::naming::{CLUSTER_FINALIZER, LABEL_CLUSTER_VERSION, LABEL_DEFINITION};
use super::store::difference;

/// The operator's requeue period for what it cannot do yet.
const REQUEUE: Duration = Duration::from_secs(1);
/// How soon a pass that failed is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// What a pass works on: the Cluster as it was read, and the status as it will be written.
pub(crate) struct Pass<'a> {
    context: &'a Context,
    cluster: &'a Cluster,
    definition: &'a ClusterDefinition,
    version: Option<&'a ClusterVersion>,
    status: ClusterStatus,
    /// Annotations to change or remove together with the metadata.
    annotations: serde_json::Map<String, Value>,
}

impl<'a> Pass<'a> {
    fn components(&self) -> impl Iterator<Item = Result<Component<'a>, Error>> + use<'a> {
        let (cluster, definition, version) = (self.cluster, self.definition, self.version);
        cluster
            .spec
            .component_specs
            .iter()
            .map(move |spec| Component::new(cluster, spec, definition, version))
    }
}

/// Brings one cluster a pass further.
pub(crate) async fn reconcile(trigger: Arc<Cluster>, context: Arc<Context>) -> Result<Action, Error> {
    let (namespace, name) = (trigger.namespace().unwrap_or_default(), trigger.name_any());
    let Some(cluster) = context.store.get::<Cluster>(&namespace, &name).await? else {
        context.events.forget(trigger.metadata.uid.as_deref().unwrap_or_default());
        return Ok(Action::await_change());
    };
    if context.options.faults.is_paused(&namespace, &name) {
        return Ok(Action::requeue(REQUEUE));
    }
    if cluster.is_deleting() {
        return delete::pass(&context, &cluster).await;
    }
    let mut status = cluster.status();
    if cluster.observed_generation() == 0
        && let Some(condition) = halt::check(&context, &cluster).await?
    {
        context.events.record(&cluster, Severity::Warning, &condition.reason, &condition.message).await;
        conditions::set(&mut status.conditions, condition);
        context.store.write_status(&cluster, cluster.status.as_ref(), &status).await?;
        return Ok(Action::await_change());
    }
    let (definition, version) = match load(&context, &cluster).await? {
        Ok(loaded) => loaded,
        Err(message) => {
            let condition = Condition::unmet("ProvisioningStarted", "PreCheckFailed", message);
            conditions::set(&mut status.conditions, condition);
            write(&context, &cluster, &status, json!({})).await?;
            return Ok(Action::requeue(REQUEUE));
        }
    };
    let started = format!("The operator has started the provisioning of Cluster: {name}");
    let condition = Condition::met("ProvisioningStarted", "PreCheckSucceed", started);
    conditions::set(&mut status.conditions, condition.of_generation(cluster.generation()));
    if let Some(message) = unknown_logs(&cluster, &definition) {
        // The real operator takes the condition back in the same pass, which makes its time move each second.
        let condition = Condition::unmet("ProvisioningStarted", "PreCheckFailed", &message);
        status.conditions.retain(|known| known.type_ != condition.type_);
        status.conditions.push(condition);
        context.events.record(&cluster, Severity::Warning, "PreCheckFailed", &message).await;
        write(&context, &cluster, &status, json!({})).await?;
        return Ok(Action::requeue(REQUEUE));
    }
    let mut pass = Pass {
        context: &context,
        cluster: &cluster,
        definition: &definition,
        version: version.as_ref(),
        status,
        annotations: serde_json::Map::new(),
    };
    let outcome = run(&mut pass).await;
    finish(pass, outcome).await
}

/// What a pass ended with, beside an error.
enum Outcome {
    /// Everything was done; look again when something changes, or after the period.
    Done(Option<Duration>),
    /// Something else has to happen first; resources count as applied.
    Waiting(Duration),
}

async fn run(pass: &mut Pass<'_>) -> Result<Outcome, Error> {
    let is_updating = pass.cluster.is_updating();
    service_references::resolve(pass).await?;
    // A spec that was taken up is not judged anew: that would be a list of all rules in each pass.
    if is_updating {
        sizes::check(pass).await?;
    }
    components::render(pass).await?;
    let secret = credential::build(pass)?;
    if let Some(secret) = &secret {
        pass.context.store.create_if_absent::<Secret>(secret).await?;
    }
    if let Some(wait) = restore::before_workloads(pass).await? {
        return Ok(Outcome::Waiting(wait));
    }
    if is_updating {
        objects::apply(pass).await?;
        policies::apply(pass).await?;
        components::apply(pass).await?;
        pass.status.observed_generation = Some(pass.cluster.generation());
        pass.status.cluster_def_generation = pass.definition.metadata.generation;
        return Ok(Outcome::Done(None));
    }
    let again = components::report(pass).await?;
    policies::apply(pass).await?;
    phase::update(pass.cluster, &mut pass.status);
    if let Some(wait) = restore::after_workloads(pass).await? {
        return Ok(Outcome::Waiting(wait));
    }
    Ok(Outcome::Done(again))
}

/// Writes what the pass found: condition, metadata, status, events.
async fn finish(mut pass: Pass<'_>, outcome: Result<Outcome, Error>) -> Result<Action, Error> {
    let action = match outcome {
        Ok(done) => {
            let condition = Condition::met(
                "ApplyResources",
                "ApplyResourcesSucceed",
                "Successfully applied for resources",
            );
            conditions::set(&mut pass.status.conditions, condition.of_generation(pass.cluster.generation()));
            match done {
                Outcome::Done(None) => Action::await_change(),
                Outcome::Done(Some(period)) | Outcome::Waiting(period) => Action::requeue(period),
            }
        }
        Err(error) => {
            let (reason, message) = match &error {
                Error::Refused { reason, message } => (*reason, message.clone()),
                other => ("ApplyResourcesFailed", other.chain()),
            };
            pass.context.events.record(pass.cluster, Severity::Warning, reason, &message).await;
            conditions::set(&mut pass.status.conditions, Condition::unmet("ApplyResources", reason, message));
            Action::requeue(RETRY)
        }
    };
    let annotations = Value::Object(std::mem::take(&mut pass.annotations));
    write(pass.context, pass.cluster, &pass.status, annotations).await?;
    Ok(action)
}

/// The definition and the version, or why provisioning cannot start.
async fn load(
    context: &Context,
    cluster: &Cluster,
) -> Result<Result<(ClusterDefinition, Option<ClusterVersion>), String>, Error> {
    let wanted = &cluster.spec;
    let Some(definition) =
        context.store.get_global::<ClusterDefinition>(&wanted.cluster_definition_ref).await?
    else {
        return Ok(Err(not_found("ClusterDefinition", &wanted.cluster_definition_ref)));
    };
    let mut version = None;
    if !wanted.cluster_version_ref.is_empty() {
        version = context.store.get_global::<ClusterVersion>(&wanted.cluster_version_ref).await?;
        if version.is_none() {
            return Ok(Err(not_found("ClusterVersion", &wanted.cluster_version_ref)));
        }
    }
    let is_available = |phase: Option<&str>| phase == Some("Available");
    let definition_ready = is_available(definition.status.as_ref().map(|status| status.phase.as_str()));
    let version_ready = version
        .as_ref()
        .is_none_or(|version| is_available(version.status.as_ref().map(|status| status.phase.as_str())));
    if !definition_ready || !version_ready {
        let mut message = format!(
            "ref resource is unavailable, this problem needs to be solved first. cd: {}",
            definition.name_any()
        );
        if let Some(version) = &version {
            let _ = write!(message, ", cv: {}", version.name_any());
        }
        return Ok(Err(format!("requeue after: 1s as: {message}")));
    }
    Ok(Ok((definition, version)))
}

fn not_found(kind: &str, name: &str) -> String {
    format!("requeue after: 1s as: {kind}.apps.kubeblocks.io \"{name}\" not found")
}

fn unknown_logs(cluster: &Cluster, definition: &ClusterDefinition) -> Option<String> {
    cluster.spec.component_specs.iter().find_map(|component| {
        let known =
            definition.spec.component_defs.iter().find(|known| known.name == component.component_def_ref)?;
        let unknown: Vec<&str> = component
            .enabled_logs
            .iter()
            .filter(|log| !known.log_configs.iter().any(|config| config.name == **log))
            .map(String::as_str)
            .collect();
        (!unknown.is_empty()).then(|| {
            format!(
                "EnabledLogs: [{}] are not defined in Component: {} of the clusterDefinition",
                unknown.join(" "),
                component.name
            )
        })
    })
}

/// Writes metadata, then status, then the events that tell of the change.
async fn write(
    context: &Context,
    cluster: &Cluster,
    status: &ClusterStatus,
    annotations: Value,
) -> Result<(), Error> {
    let (namespace, name) = (cluster.namespace().unwrap_or_default(), cluster.name_any());
    if let Some(patch) = metadata_patch(cluster, annotations) {
        context.store.merge::<Cluster>(&namespace, &name, &json!({ "metadata": patch })).await?;
    }
    let before = cluster.status();
    if context.store.write_status(cluster, cluster.status.as_ref(), status).await? {
        status::record_events(context, cluster, &before, status).await;
    }
    Ok(())
}

/// Finalizer, labels and changed annotations, if any of them differs.
fn metadata_patch(cluster: &Cluster, annotations: Value) -> Option<Value> {
    let before = json!({
        "labels": cluster.metadata.labels.clone().unwrap_or_default(),
        "finalizers": cluster.finalizers(),
    });
    let mut finalizers = cluster.finalizers().to_vec();
    if !finalizers.iter().any(|known| known == CLUSTER_FINALIZER) {
        finalizers.push(CLUSTER_FINALIZER.to_owned());
    }
    let mut labels = cluster.metadata.labels.clone().unwrap_or_default();
    labels.insert(LABEL_DEFINITION.to_owned(), cluster.spec.cluster_definition_ref.clone());
    labels.insert(LABEL_CLUSTER_VERSION.to_owned(), cluster.spec.cluster_version_ref.clone());
    let after = json!({ "labels": labels, "finalizers": finalizers });
    let mut patch = difference(&before, &after);
    if annotations.as_object().is_some_and(|changes| !changes.is_empty()) {
        patch.get_or_insert_with(|| json!({}))["annotations"] = annotations;
    }
    patch
}
