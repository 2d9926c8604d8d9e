//! What an operation notes before it changes something, and how it writes that back when it is cancelled.

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use serde_json::{Map, Value, json};

use super::Operation;
use super::action::{snapshot, update_components};
use crate::operator::api::{OpsRequest, OpsRequestStatus};
use crate::operator::error::Error;
use crate::operator::naming::{self, ANNOTATION_START_SNAPSHOT};

/// Notes what the operation is about to change.
pub(super) async fn note(operation: &Operation<'_>, status: &mut OpsRequestStatus) -> Result<(), Error> {
    let spec = &operation.request.spec;
    let names = operation.request.component_names();
    let mut components = Map::new();
    for component in &operation.cluster.spec.component_specs {
        let is_named = names.contains(&component.name.as_str());
        let noted = match spec.type_.as_str() {
            "Stop" if component.replicas != 0 => {
                Some(replicas(operation, &component.name, component.replicas).await?)
            }
            "HorizontalScaling" if is_named => {
                let wanted =
                    spec.horizontal_scaling.iter().find(|item| item.component_name == component.name);
                let shrinks = wanted.is_some_and(|wanted| wanted.replicas < component.replicas);
                Some(if shrinks {
                    replicas(operation, &component.name, component.replicas).await?
                } else {
                    json!({ "replicas": component.replicas })
                })
            }
            "Start" if component.replicas == 0 => Some(json!({ "replicas": 0 })),
            "VerticalScaling" if is_named => Some(component.resources.clone().unwrap_or_else(|| json!({}))),
            "Expose" if is_named => Some(json!({ "services": component.services })),
            "VolumeExpansion" if is_named => {
                let volumes: Vec<Value> = component
                    .volume_claim_templates
                    .iter()
                    .map(|template| json!({ "name": template.name, "storage": template.size() }))
                    .collect();
                Some(json!({ "volumeClaimTemplates": volumes }))
            }
            _ => None,
        };
        components.extend(noted.map(|noted| (component.name.clone(), noted)));
    }
    if spec.type_ == "Start" {
        note_snapshot(operation).await?;
    }
    let mut last = Map::new();
    if !components.is_empty() {
        last.insert("components".to_owned(), Value::Object(components));
    }
    if spec.type_ == "Upgrade" {
        last.insert(
            "clusterVersionRef".to_owned(),
            operation.cluster.spec.cluster_version_ref.clone().into(),
        );
    }
    if !last.is_empty() {
        status.last_configuration = Some(Value::Object(last));
    }
    Ok(())
}

/// A start keeps the replicas that it will restore on itself, since the Cluster forgets them.
async fn note_snapshot(operation: &Operation<'_>) -> Result<(), Error> {
    if operation.request.annotations().contains_key(ANNOTATION_START_SNAPSHOT) {
        return Ok(());
    }
    let snapshot =
        Value::Object(snapshot(operation.cluster.annotation(ANNOTATION_START_SNAPSHOT))).to_string();
    let patch = json!({ "metadata": { "annotations": { ANNOTATION_START_SNAPSHOT: snapshot } } });
    operation.context.store.merge::<OpsRequest>(&operation.namespace(), &operation.name(), &patch).await
}

/// The replicas of a component together with its pods.
async fn replicas(operation: &Operation<'_>, component: &str, count: i32) -> Result<Value, Error> {
    let labels = naming::component_selector(&operation.cluster.name_any(), component);
    let pods: Vec<Pod> = operation.context.store.list(&operation.namespace(), &labels).await?;
    let names: Vec<String> = pods.iter().map(ResourceExt::name_any).collect();
    Ok(json!({ "replicas": count, "targetResources": { "pods": names } }))
}

/// Writes the noted values back.
pub(super) async fn undo(operation: &Operation<'_>, status: &OpsRequestStatus) -> Result<(), Error> {
    let noted = status.last_configuration.clone().unwrap_or_default();
    update_components(operation, |name, component| {
        let Some(before) = noted.pointer(&format!("/components/{name}")) else { return };
        if operation.request.spec.type_ == "VerticalScaling" {
            component.insert("resources".to_owned(), before.clone());
        } else if let Some(replicas) = before.get("replicas") {
            component.insert("replicas".to_owned(), replicas.clone());
        }
    })
    .await
}
