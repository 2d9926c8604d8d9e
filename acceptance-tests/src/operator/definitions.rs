//! The engines that the stand-in offers, as files of our own, and how they get onto an API server.
//!
//! Installing may be repeated: everything is applied.

use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::core::{GroupVersionKind, TypeMeta};
use kube::discovery::ApiResource;
use kube::runtime::conditions::is_crd_established;
use kube::runtime::wait::await_condition;
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

use super::error::Error;
use super::naming::FIELD_MANAGER;

/// The embedded files, each with the engine's name.
const FILES: [(&str, &str); 5] = [
    ("apecloud-mysql", include_str!("../definitions/apecloud-mysql.yaml")),
    ("kafka", include_str!("../definitions/kafka.yaml")),
    ("postgresql", include_str!("../definitions/postgresql.yaml")),
    ("redis", include_str!("../definitions/redis.yaml")),
    ("the storage providers", include_str!("../definitions/storage.yaml")),
];

/// Kinds that the provider has no types for.
const KINDS: &str = include_str!("../definitions/kinds.yaml");

/// How long a new custom resource definition may take to be served; an idle API server needs well under a second.
const ESTABLISHED_WITHIN: Duration = Duration::from_mins(1);

/// Installs the custom resource definitions and the engines' definitions.
pub(crate) async fn install(client: &Client) -> Result<(), Error> {
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    let wanted = kinds()?;
    for definition in &wanted {
        let name = definition.name_any();
        definitions
            .patch(&name, &PatchParams::apply(FIELD_MANAGER).force(), &Patch::Apply(definition))
            .await
            .map_err(|source| Error::Api {
                verb: "apply",
                object: format!("CustomResourceDefinition {name}"),
                source: Box::new(source),
            })?;
    }
    for definition in &wanted {
        let name = definition.name_any();
        let established = await_condition(definitions.clone(), &name, is_crd_established());
        match tokio::time::timeout(ESTABLISHED_WITHIN, established).await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) | Err(_) => return Err(Error::NotEstablished { name, waited: ESTABLISHED_WITHIN }),
        }
    }
    for object in objects()? {
        apply(client, &object).await?;
    }
    Ok(())
}

/// The custom resource definitions of all kinds.
fn kinds() -> Result<Vec<CustomResourceDefinition>, Error> {
    let mut kinds = kubeblocks_schemas::crds().map_err(|source| Error::Kinds { source })?;
    let others: Vec<CustomResourceDefinition> = serde_saphyr::from_multiple(KINDS)
        .map_err(|source| Error::Definitions { engine: "the other kinds", source: Box::new(source) })?;
    kinds.extend(others);
    Ok(kinds)
}

/// All objects of the embedded files.
pub(crate) fn objects() -> Result<Vec<DynamicObject>, Error> {
    let mut objects = Vec::new();
    for (engine, text) in FILES {
        let documents: Vec<Value> = serde_saphyr::from_multiple(text)
            .map_err(|source| Error::Definitions { engine, source: Box::new(source) })?;
        for document in documents {
            objects.push(
                serde_json::from_value(document)
                    .map_err(|source| Error::Shape { object: format!("a definition of {engine}"), source })?,
            );
        }
    }
    Ok(objects)
}

/// Applies one object, and marks a definition as available like its controller does.
async fn apply(client: &Client, object: &DynamicObject) -> Result<(), Error> {
    let name = object.name_any();
    let types = object.types.clone().unwrap_or_default();
    let resource = resource(&types);
    let api: Api<DynamicObject> = match &object.metadata.namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    let failed = |verb| {
        let object = format!("{} {name}", types.kind);
        move |source| Error::Api { verb, object, source: Box::new(source) }
    };
    let applied = api
        .patch(&name, &PatchParams::apply(FIELD_MANAGER).force(), &Patch::Apply(object))
        .await
        .map_err(failed("apply"))?;
    let is_definition = ["ClusterDefinition", "ClusterVersion", "ConfigConstraint", "ActionSet"];
    if is_definition.contains(&types.kind.as_str()) {
        let status =
            json!({ "status": { "phase": "Available", "observedGeneration": applied.metadata.generation } });
        api.patch_status(&name, &PatchParams::default(), &Patch::Merge(&status))
            .await
            .map_err(failed("patch the status of"))?;
    }
    Ok(())
}

fn resource(types: &TypeMeta) -> ApiResource {
    let kind =
        GroupVersionKind::try_from(types).unwrap_or_else(|_| GroupVersionKind::gvk("", "v1", &types.kind));
    ApiResource::from_gvk(&kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::api::{ClusterDefinitionSpec, ClusterVersionSpec};

    fn specs<T: serde::de::DeserializeOwned>(kind: &str) -> Vec<(String, T)> {
        objects()
            .unwrap()
            .into_iter()
            .filter(|object| object.types.as_ref().is_some_and(|types| types.kind == kind))
            .map(|object| (object.name_any(), serde_json::from_value(object.data["spec"].clone()).unwrap()))
            .collect()
    }

    #[test]
    fn every_reference_of_the_definitions_leads_to_an_object() {
        let all = objects().unwrap();
        let exists = |kind: &str, name: &str| {
            all.iter().any(|object| {
                object.name_any() == name && object.types.as_ref().is_some_and(|types| types.kind == kind)
            })
        };
        for (name, definition) in specs::<ClusterDefinitionSpec>("ClusterDefinition") {
            for component in &definition.component_defs {
                for spec in component.config_specs.iter().chain(&component.script_specs) {
                    assert!(exists("ConfigMap", &spec.template_ref), "{name}: {}", spec.template_ref);
                    assert_eq!(spec.namespace, "default");
                    if let Some(constraint) = &spec.constraint_ref {
                        assert!(exists("ConfigConstraint", constraint), "{name}: {constraint}");
                    }
                }
            }
        }
        for (name, version) in specs::<ClusterVersionSpec>("ClusterVersion") {
            assert!(exists("ClusterDefinition", &version.cluster_definition_ref), "{name}");
        }
    }

    #[test]
    fn every_mounted_volume_is_a_template_or_a_claim() {
        let claims = ["data", "metadata"];
        for (name, definition) in specs::<ClusterDefinitionSpec>("ClusterDefinition") {
            for component in &definition.component_defs {
                let templates: Vec<&str> = component
                    .config_specs
                    .iter()
                    .chain(&component.script_specs)
                    .map(|spec| spec.volume_name.as_str())
                    .collect();
                for mount in component
                    .pod_spec
                    .containers
                    .iter()
                    .flat_map(|known| known.volume_mounts.iter().flatten())
                {
                    assert!(
                        claims.contains(&mount.name.as_str()) || templates.contains(&mount.name.as_str()),
                        "{name}/{}: {}",
                        component.name,
                        mount.name
                    );
                }
            }
        }
    }

    #[test]
    fn services_lead_to_ports_that_a_container_has() {
        use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
        for (name, definition) in specs::<ClusterDefinitionSpec>("ClusterDefinition") {
            for component in &definition.component_defs {
                for port in component.service.iter().flat_map(|service| &service.ports) {
                    let Some(IntOrString::String(target)) = &port.target_port else {
                        panic!("{name}: {port:?}")
                    };
                    let found = component
                        .pod_spec
                        .containers
                        .iter()
                        .flat_map(|container| container.ports.iter().flatten())
                        .any(|known| known.name.as_ref() == Some(target));
                    assert!(found, "{name}/{}: {target}", component.name);
                }
            }
        }
    }
}
