//! `ClusterVersion`: Available when its definition has all components that it names, kept while Clusters use it.

use std::sync::Arc;

use kube::ResourceExt;
use kube::runtime::controller::Action;
use serde_json::json;

use super::templates;
use crate::operator::Context;
use crate::operator::api::{Cluster, ClusterDefinition, ClusterVersion, ConfigSpec, DefinitionStatus};
use crate::operator::error::Error;
use crate::operator::events::Severity;
use crate::operator::naming::{LABEL_CLUSTER_VERSION, LABEL_DEFINITION, VERSION_FINALIZER, labels};

/// Brings one version a step further.
pub(crate) async fn reconcile(trigger: Arc<ClusterVersion>, context: Arc<Context>) -> Result<Action, Error> {
    let name = trigger.name_any();
    let Some(version) = context.store.get_global::<ClusterVersion>(&name).await? else {
        return Ok(Action::await_change());
    };
    if version.metadata.deletion_timestamp.is_some() {
        return delete(&context, &version).await;
    }
    if context.store.add_global_finalizer(&version, VERSION_FINALIZER).await? {
        return Ok(Action::await_change());
    }
    let before = version.status.clone().unwrap_or_default();
    if before.is_available(version.metadata.generation) {
        return Ok(Action::await_change());
    }
    let wanted = &version.spec.cluster_definition_ref;
    let Some(definition) = context.store.get_global::<ClusterDefinition>(wanted).await? else {
        if !label(&context, &version).await? {
            // Not for this generation, so that it is looked at again when the definition comes.
            let message = format!("ClusterDefinition.apps.kubeblocks.io \"{wanted}\" not found");
            let status = DefinitionStatus { phase: "Unavailable".to_owned(), message, ..before.clone() };
            context.store.write_global_status(&version, Some(&before), &status).await?;
        }
        return Ok(Action::await_change());
    };
    let judged = |phase: &str, message: String| DefinitionStatus {
        phase: phase.to_owned(),
        message,
        observed_generation: version.metadata.generation,
        cluster_def_generation: definition.metadata.generation,
    };
    if let Some(problem) = problem(&version, &definition) {
        let status = judged("Unavailable", problem);
        context.store.write_global_status(&version, Some(&before), &status).await?;
        return Ok(Action::await_change());
    }
    if let Err(problem) = templates::take(&context, &version, &specs(&version)).await? {
        tracing::debug!(version = %name, %problem, "a version is not available");
        return Ok(super::later());
    }
    if label(&context, &version).await? {
        return Ok(Action::await_change());
    }
    let status = judged("Available", String::new());
    context.store.write_global_status(&version, Some(&before), &status).await?;
    super::tell_created(&context, &version).await;
    Ok(Action::await_change())
}

/// Judges all versions of a definition that has changed.
pub(super) async fn check_all(context: &Context, definition: &ClusterDefinition) -> Result<(), Error> {
    let generation = definition.metadata.generation;
    let own = labels([(LABEL_DEFINITION, definition.name_any().as_str())]);
    for version in context.store.list_global_labeled::<ClusterVersion>(&own).await? {
        let before = version.status.clone().unwrap_or_default();
        if before.cluster_def_generation == generation {
            continue;
        }
        let mut status = before.clone();
        if let Some(message) = problem(&version, definition) {
            "Unavailable".clone_into(&mut status.phase);
            status.message = message;
        } else {
            "Available".clone_into(&mut status.phase);
            status.message.clear();
            status.cluster_def_generation = generation;
        }
        context.store.write_global_status(&version, Some(&before), &status).await?;
    }
    Ok(())
}

async fn delete(context: &Context, version: &ClusterVersion) -> Result<Action, Error> {
    if !super::is_ending(version, VERSION_FINALIZER) {
        return Ok(Action::await_change());
    }
    super::tell_deleting(context, version).await;
    let name = version.name_any();
    if super::is_used_by::<Cluster>(context, LABEL_CLUSTER_VERSION, &name).await? {
        let message = "cannot be deleted because of existing referencing Cluster.";
        context.events.record(version, Severity::Warning, "Unavailable", message).await;
        return Ok(super::later());
    }
    templates::release(context, &name, &specs(version)).await?;
    super::let_go(context, version, VERSION_FINALIZER).await
}

/// Labels the version with its definition. Says whether the label was missing.
async fn label(context: &Context, version: &ClusterVersion) -> Result<bool, Error> {
    let definition = &version.spec.cluster_definition_ref;
    if version.labels().get(LABEL_DEFINITION) == Some(definition) {
        return Ok(false);
    }
    let patch = json!({ "metadata": { "labels": { LABEL_DEFINITION: definition } } });
    context.store.merge_global::<ClusterVersion>(&version.name_any(), &patch).await?;
    Ok(true)
}

fn specs(version: &ClusterVersion) -> Vec<ConfigSpec> {
    version.spec.component_versions.iter().flat_map(|component| component.config_specs.clone()).collect()
}

/// What keeps a version from fitting its definition, in the real operator's words.
fn problem(version: &ClusterVersion, definition: &ClusterDefinition) -> Option<String> {
    let (mut unknown, mut without_containers) = (Vec::new(), Vec::new());
    for component in &version.spec.component_versions {
        let name = component.component_def_ref.as_str();
        match definition.spec.component_defs.iter().find(|known| known.name == name) {
            None => unknown.push(name),
            Some(known)
                if known.pod_spec.containers.is_empty()
                    && component.versions_context.containers.is_empty() =>
            {
                without_containers.push(name);
            }
            Some(_) => {}
        }
    }
    if !unknown.is_empty() {
        return Some(format!(
            "spec.componentSpecs[*].componentDefRef [{}] not found in ClusterDefinition.spec.componentDefs[*].name",
            unknown.join(" ")
        ));
    }
    (!without_containers.is_empty()).then(|| {
        format!(
            "spec.componentSpecs[*].componentDefRef [{}] missing spec.componentSpecs[*].containers in \
             ClusterDefinition.spec.componentDefs[*] and ClusterVersion.spec.componentVersions[*]",
            without_containers.join(" ")
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_version_fits_when_its_definition_has_its_components_and_containers() {
        let container = json!([{ "name": "db" }]);
        let definition: ClusterDefinition = serde_json::from_value(json!({
            "metadata": { "name": "db" },
            "spec": { "componentDefs": [
                { "name": "full", "podSpec": { "containers": container } },
                { "name": "bare", "podSpec": { "containers": [] } },
            ]},
        }))
        .unwrap();
        let with = |name: &str, containers: &Value| json!({ "componentDefRef": name, "versionsContext": { "containers": containers } });
        let table = [
            (vec![with("full", &json!([]))], None),
            (vec![with("bare", &container)], None),
            (vec![with("full", &json!([])), with("gone", &container)], Some("[gone] not found in")),
            (vec![with("bare", &json!([]))], Some("[bare] missing spec.componentSpecs[*].containers")),
        ];
        for (components, expected) in table {
            let version: ClusterVersion = serde_json::from_value(json!({
                "metadata": { "name": "db-1" },
                "spec": { "clusterDefinitionRef": "db", "componentVersions": components },
            }))
            .unwrap();
            let problem = problem(&version, &definition);
            match expected {
                Some(part) => {
                    assert!(problem.as_ref().is_some_and(|text| text.contains(part)), "{problem:?}");
                }
                None => assert_eq!(problem, None),
            }
        }
    }
}
