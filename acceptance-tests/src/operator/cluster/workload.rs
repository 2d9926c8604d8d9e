//! Builds the `ReplicatedStateMachine` of a component: pod template, claims, services, roles.
//!
//! Pure. The RSM controller makes everything below it.

use k8s_openapi::api::apps::v1::StatefulSetUpdateStrategy;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimSpec, Service, ServiceSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::api::ObjectMeta;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::pods::template;
use crate::operator::api::{ClaimTemplate, ReplicatedStateMachine, ReplicatedStateMachineSpec};
use crate::operator::component::Component;
use crate::operator::error::Error;
use crate::operator::naming::{self, Labels};
use crate::operator::options::PodFault;
use crate::operator::store::controlled_by;

/// Builds the workload. Claims of a workload that exists already stay as they are, as the real operator leaves them.
pub(crate) fn build(
    component: &Component<'_>,
    running: Option<&ReplicatedStateMachine>,
    class: Option<&Value>,
    reloads: bool,
    fault: Option<PodFault>,
) -> Result<ReplicatedStateMachine, Error> {
    let claims = match running {
        Some(running) => running.spec.volume_claim_templates.clone(),
        None => component
            .spec
            .volume_claim_templates
            .iter()
            .map(|template| claim_template(component, template))
            .collect::<Result<_, _>>()?,
    };
    let has_roles = component.member_update_strategy().is_some();
    let workload = component.workload();
    let mut object = ReplicatedStateMachine::new(
        &workload,
        ReplicatedStateMachineSpec {
            replicas: component.spec.replicas,
            selector: LabelSelector {
                match_labels: Some(component.common_labels()),
                match_expressions: None,
            },
            service_name: naming::headless(&workload),
            service: main_service(component),
            alternative_services: extra_services(component),
            template: template(component, class, reloads, fault)?,
            volume_claim_templates: claims,
            pod_management_policy: Some(if has_roles { "Parallel" } else { "OrderedReady" }.to_owned()),
            update_strategy: Some(StatefulSetUpdateStrategy {
                type_: Some(if has_roles { "OnDelete" } else { "RollingUpdate" }.to_owned()),
                rolling_update: None,
            }),
            roles: component.roles(),
            role_probe: component.role_probe().cloned(),
            member_update_strategy: component.member_update_strategy(),
        },
    );
    object.metadata.namespace = Some(component.namespace().to_owned());
    object.metadata.labels = Some(component.labels());
    object.metadata.annotations = Some(annotations(component));
    object.metadata.finalizers = Some(vec![naming::CLUSTER_FINALIZER.to_owned()]);
    object.metadata.owner_references = Some(vec![controlled_by(component.cluster)]);
    Ok(object)
}

fn annotations(component: &Component<'_>) -> Labels {
    let mut annotations = naming::labels([
        (naming::ANNOTATION_GENERATION, &component.cluster.generation().to_string()),
        (naming::ANNOTATION_CLUSTER_UID, component.cluster.metadata.uid.as_deref().unwrap_or_default()),
    ]);
    for template in component.templates() {
        annotations.insert(
            format!("config.kubeblocks.io/tpl-{}", template.name),
            naming::config_map(component.cluster_name(), component.name(), &template.name),
        );
    }
    annotations.extend(monitor_annotations(component));
    annotations
}

/// Annotations that the RSM controller moves to the headless Service.
fn monitor_annotations(component: &Component<'_>) -> Vec<(String, String)> {
    let monitor = component.definition.monitor.as_ref().filter(|_| component.spec.monitor);
    let pairs: Vec<(&str, String)> = match monitor {
        None => vec![("scrape", "false".to_owned()), ("agamotto", "false".to_owned())],
        Some(monitor) if monitor.built_in => {
            vec![("scrape", "false".to_owned()), ("agamotto", "true".to_owned())]
        }
        Some(monitor) => {
            let exporter = monitor.exporter_config.clone().unwrap_or_default();
            let port =
                exporter.scrape_port.as_str().map_or_else(|| exporter.scrape_port.to_string(), str::to_owned);
            vec![
                ("scrape", "true".to_owned()),
                ("path", exporter.scrape_path),
                ("port", port),
                ("scheme", "http".to_owned()),
                ("agamotto", "false".to_owned()),
            ]
        }
    };
    pairs
        .into_iter()
        .map(|(key, value)| {
            (format!("monitor.kubeblocks.io/{key}{}", crate::operator::rsm::HEADLESS_SCOPE), value)
        })
        .collect()
}

fn claim_template(
    component: &Component<'_>,
    template: &ClaimTemplate,
) -> Result<PersistentVolumeClaim, Error> {
    Ok(PersistentVolumeClaim {
        metadata: ObjectMeta {
            name: Some(template.name.clone()),
            labels: Some(claim_labels(component, &template.name)),
            ..ObjectMeta::default()
        },
        spec: Some(claim_spec(component, template)?),
        status: None,
    })
}

/// The labels that a claim has beside those of its workload.
pub(crate) fn claim_labels(component: &Component<'_>, template: &str) -> Labels {
    let mut labels = naming::labels([(naming::LABEL_CLAIM_TEMPLATE, template)]);
    if let Some(known) = component.definition.volume_types.iter().find(|known| known.name == template) {
        labels.insert(naming::LABEL_VOLUME_TYPE.to_owned(), known.type_.clone());
    }
    labels
}

/// The claim's spec as the Cluster asks for it.
pub(crate) fn claim_spec(
    component: &Component<'_>,
    template: &ClaimTemplate,
) -> Result<PersistentVolumeClaimSpec, Error> {
    read(component, &format!("volumeClaimTemplates[{}]", template.name), &template.spec)
}

fn main_service(component: &Component<'_>) -> Option<Service> {
    let service = component.definition.service.as_ref()?;
    Some(Service {
        metadata: ObjectMeta { labels: Some(component.labels()), ..ObjectMeta::default() },
        spec: Some(ServiceSpec {
            type_: Some("ClusterIP".to_owned()),
            ports: Some(service.ports.clone()),
            ..ServiceSpec::default()
        }),
        status: None,
    })
}

fn extra_services(component: &Component<'_>) -> Vec<Service> {
    let Some(definition) = &component.definition.service else { return Vec::new() };
    let mut selector = component.selector();
    if let Some(role) = component.leader_role() {
        selector.insert(naming::LABEL_ROLE.to_owned(), role);
    }
    component
        .spec
        .services
        .iter()
        .map(|service| {
            let kind = if service.service_type.is_empty() { "ClusterIP" } else { &service.service_type };
            Service {
                metadata: ObjectMeta {
                    name: Some(format!("{}-{}", component.workload(), service.name)),
                    namespace: Some(component.namespace().to_owned()),
                    labels: Some(component.labels()),
                    annotations: (!service.annotations.is_empty()).then(|| service.annotations.clone()),
                    ..ObjectMeta::default()
                },
                spec: Some(ServiceSpec {
                    type_: Some(kind.to_owned()),
                    external_traffic_policy: (kind == "LoadBalancer").then(|| "Local".to_owned()),
                    ports: Some(definition.ports.clone()),
                    selector: Some(selector.clone()),
                    ..ServiceSpec::default()
                }),
                status: None,
            }
        })
        .collect()
}

/// Reads a sub-tree of the Cluster as its Kubernetes type.
pub(super) fn read<T: DeserializeOwned>(
    component: &Component<'_>,
    field: &str,
    value: &Value,
) -> Result<T, Error> {
    T::deserialize(value).map_err(|source| Error::Shape {
        object: format!("{field} of component {} of Cluster {}", component.name(), component.cluster_name()),
        source,
    })
}

/// The ownership of an object that the Cluster controls.
pub(crate) fn owned_meta(component: &Component<'_>, name: String, labels: Labels) -> ObjectMeta {
    ObjectMeta {
        name: Some(name),
        namespace: Some(component.namespace().to_owned()),
        labels: Some(labels),
        finalizers: Some(vec![naming::CLUSTER_FINALIZER.to_owned()]),
        owner_references: Some(vec![controlled_by(component.cluster)]),
        ..ObjectMeta::default()
    }
}
