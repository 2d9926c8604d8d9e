//! The components of a cluster: rendered configuration, workload, and the state that each pass reports.

use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::ResourceExt;
use serde_json::json;

use super::Pass;
use super::observation::{next_status, observe, transition_message};
use super::pods::uid_suffix;
use super::scaling::{self, Scaling};
use super::sizes;
use super::workload::{self, owned_meta};
use crate::operator::api::{
    ConfigConstraint, Configuration, ConfigurationItem, ConfigurationSpec, ConfigurationStatus, ItemStatus,
    ReplicatedStateMachine,
};
use crate::operator::component::Component;
use crate::operator::error::Error;
use crate::operator::events::Severity;
use crate::operator::naming::{self, ANNOTATION_PRIMARY, ANNOTATION_REPLICAS, LABEL_ROLE};
use crate::operator::store::controlled_by;

/// Makes the Configuration and the `ConfigMaps` of every component, once.
pub(super) async fn render(pass: &Pass<'_>) -> Result<(), Error> {
    for component in pass.components() {
        let component = component?;
        if super::restore::is_waiting(pass, &component).await? {
            continue;
        }
        render_component(pass, &component).await?;
    }
    Ok(())
}

async fn render_component(pass: &Pass<'_>, component: &Component<'_>) -> Result<(), Error> {
    let store = &pass.context.store;
    let specs = &component.definition.config_specs;
    let mut configuration = Configuration::new(
        &component.workload(),
        ConfigurationSpec {
            cluster_ref: component.cluster_name().to_owned(),
            component_name: component.name().to_owned(),
            config_item_details: specs
                .iter()
                .map(|spec| ConfigurationItem {
                    name: spec.name.clone(),
                    config_spec: serde_json::to_value(spec).ok(),
                    ..ConfigurationItem::default()
                })
                .collect(),
        },
    );
    configuration.metadata.namespace = Some(component.namespace().to_owned());
    configuration.metadata.owner_references = Some(vec![controlled_by(component.cluster)]);
    if !specs.is_empty() {
        store.create_if_absent(&configuration).await?;
    }
    for template in component.templates() {
        let name = naming::config_map(component.cluster_name(), component.name(), &template.name);
        if store.get::<ConfigMap>(component.namespace(), &name).await?.is_some() {
            continue;
        }
        let Some(source) = store.get::<ConfigMap>(&template.namespace, &template.template_ref).await? else {
            return Err(Error::Refused {
                reason: "ApplyResourcesFailed",
                message: format!("configmaps \"{}\" not found", template.template_ref),
            });
        };
        let mut labels = component.common_labels();
        labels.insert("config.kubeblocks.io/template-name".to_owned(), template.template_ref.clone());
        labels.insert("config.kubeblocks.io/config-type".to_owned(), "instance".to_owned());
        labels.insert("config.kubeblocks.io/config-spec".to_owned(), template.name.clone());
        store
            .create_if_absent(&ConfigMap {
                metadata: owned_meta(component, name, labels),
                data: source.data,
                ..ConfigMap::default()
            })
            .await?;
    }
    start_items(pass, &configuration).await
}

/// Marks the items of a new Configuration as started.
async fn start_items(pass: &Pass<'_>, wanted: &Configuration) -> Result<(), Error> {
    let namespace = wanted.namespace().unwrap_or_default();
    let Some(known) = pass.context.store.get::<Configuration>(&namespace, &wanted.name_any()).await? else {
        return Ok(());
    };
    if known.status.is_some() {
        return Ok(());
    }
    let status = ConfigurationStatus {
        message: String::new(),
        configuration_status: known
            .spec
            .config_item_details
            .iter()
            .map(|item| ItemStatus {
                name: item.name.clone(),
                phase: "Init".to_owned(),
                update_revision: known.metadata.generation.unwrap_or(1).to_string(),
                ..ItemStatus::default()
            })
            .collect(),
    };
    pass.context.store.write_status(&known, None, &status).await?;
    Ok(())
}

/// Brings the workloads to the new spec.
pub(super) async fn apply(pass: &Pass<'_>) -> Result<(), Error> {
    for component in pass.components() {
        let component = component?;
        let running = running(pass, &component).await?;
        if let Some(running) = &running {
            scaling::expand_volumes(pass, &component, running).await?;
            if scaling::scale(pass, &component, running).await? == Scaling::WaitsForVolumes {
                continue;
            }
        }
        apply_workload(pass, &component, running.as_ref()).await?;
    }
    Ok(())
}

async fn apply_workload(
    pass: &Pass<'_>,
    component: &Component<'_>,
    running: Option<&ReplicatedStateMachine>,
) -> Result<(), Error> {
    let fault = pass.context.options.faults.pod_fault(component.namespace(), component.cluster_name());
    let reloads = has_reload_sidecar(pass, component).await?;
    let class = sizes::of_class(pass, component).await?;
    pass.context.store.apply(&workload::build(component, running, class.as_ref(), reloads, fault)?).await?;
    Ok(())
}

async fn running(
    pass: &Pass<'_>,
    component: &Component<'_>,
) -> Result<Option<ReplicatedStateMachine>, Error> {
    pass.context.store.get(component.namespace(), &component.workload()).await
}

/// Whether a constraint of the component says how changed parameters reach the running database.
async fn has_reload_sidecar(pass: &Pass<'_>, component: &Component<'_>) -> Result<bool, Error> {
    for constraint in
        component.definition.config_specs.iter().filter_map(|spec| spec.constraint_ref.as_deref())
    {
        let known = pass.context.store.get_global::<ConfigConstraint>(constraint).await?;
        if known.is_some_and(|known| known.spec.reload_options.is_some()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Reports the state of every component and goes on with what a new spec started. Says when to look again.
pub(super) async fn report(pass: &mut Pass<'_>) -> Result<Option<Duration>, Error> {
    let mut again = None;
    for component in pass.components() {
        let component = component?;
        let Some(running) = running(pass, &component).await? else { continue };
        let pods: Vec<Pod> = pass.context.store.list(component.namespace(), &component.selector()).await?;
        let known = pass.status.components.get(component.name()).cloned().unwrap_or_default();
        let observation = observe(pass, &component, &running, &pods, &known.phase).await?;
        if observation.is_failing {
            again = pass.context.options.recheck_failing_pods;
        }
        let next = next_status(&component, &running, &known, &observation);
        if next.phase != known.phase {
            let message = transition_message(&next.phase);
            pass.context
                .events
                .record(pass.cluster, Severity::Normal, "ComponentPhaseTransition", message)
                .await;
        }
        pass.status.components.insert(component.name().to_owned(), next);
        continue_scaling(pass, &component, &running).await?;
        annotate_pods(pass, &component, &pods).await?;
    }
    Ok(again)
}

/// A status pass finishes what the spec pass had to leave: the workload of members that waited for their volumes.
async fn continue_scaling(
    pass: &Pass<'_>,
    component: &Component<'_>,
    running: &ReplicatedStateMachine,
) -> Result<(), Error> {
    let is_taken_over = running.cluster_generation() == Some(component.cluster.generation());
    if is_taken_over && running.spec.replicas == component.spec.replicas {
        return Ok(());
    }
    if scaling::scale(pass, component, running).await? == Scaling::Settled {
        apply_workload(pass, component, Some(running)).await?;
    }
    Ok(())
}

/// Tells every pod how many siblings it has and, in a replication, who leads.
async fn annotate_pods(pass: &Pass<'_>, component: &Component<'_>, pods: &[Pod]) -> Result<(), Error> {
    let primary = if component.is_replication() { primary_pod(pods)? } else { None };
    // Where pods get labels of the definition's own, the real operator writes them over this annotation.
    let primary = primary.filter(|_| component.definition.custom_label_specs.is_empty());
    for pod in pods {
        let mut annotations = serde_json::Map::new();
        let mut labels = serde_json::Map::new();
        let replicas = component.spec.replicas.to_string();
        if pod.annotations().get(ANNOTATION_REPLICAS) != Some(&replicas) {
            annotations.insert(ANNOTATION_REPLICAS.to_owned(), replicas.into());
        }
        if let Some(primary) = &primary
            && pod.annotations().get(ANNOTATION_PRIMARY) != Some(primary)
        {
            annotations.insert(ANNOTATION_PRIMARY.to_owned(), primary.clone().into());
        }
        for label in &component.definition.custom_label_specs {
            let fill = |text: &str| {
                text.replace("$(KB_CLUSTER_NAME)", component.cluster_name())
                    .replace("$(KB_COMP_NAME)", component.name())
                    .replace("$(KB_CLUSTER_UID_POSTFIX_8)", &uid_suffix(component))
            };
            let (key, value) = (fill(&label.key), fill(&label.value));
            if pod.labels().get(&key) != Some(&value) {
                labels.insert(key, value.into());
            }
        }
        if annotations.is_empty() && labels.is_empty() {
            continue;
        }
        let patch = json!({ "metadata": { "annotations": annotations, "labels": labels } });
        pass.context.store.merge::<Pod>(component.namespace(), &pod.name_any(), &patch).await?;
    }
    Ok(())
}

/// The pod that leads: the first one while none has a role, otherwise the only one with the role.
fn primary_pod(pods: &[Pod]) -> Result<Option<String>, Error> {
    let mut names: Vec<String> = pods.iter().map(ResourceExt::name_any).collect();
    names.sort();
    let with_role = |wanted: Option<&str>| -> Vec<String> {
        let mut found: Vec<String> = pods
            .iter()
            .filter(|pod| pod.labels().get(LABEL_ROLE).map(String::as_str) == wanted)
            .map(ResourceExt::name_any)
            .collect();
        found.sort();
        found
    };
    let (without, primaries) = (with_role(None), with_role(Some("primary")));
    match (names.first(), primaries.as_slice()) {
        (None, _) => Ok(None),
        (Some(first), _) if without.len() == pods.len() => Ok(Some(first.clone())),
        (_, [primary]) => Ok(Some(primary.clone())),
        _ => Err(Error::Refused {
            reason: "ApplyResourcesFailed",
            message: format!(
                "the number of primary pod is not equal to 1, primary pods: [{}], emptyRole pods: [{}]",
                primaries.join(" "),
                without.join(" ")
            ),
        }),
    }
}
