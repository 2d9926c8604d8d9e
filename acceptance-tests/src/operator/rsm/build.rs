//! Builds the objects below a workload.
//!
//! Pure: the workload in, objects out.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetSpec};
use k8s_openapi::api::core::v1::{
    ConfigMap, ConfigMapEnvSource, EnvFromSource, Service, ServicePort, ServiceSpec,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;
use kube::api::ObjectMeta;

use super::HEADLESS_SCOPE;
use crate::operator::api::ReplicatedStateMachine;
use crate::operator::naming::{self, LABEL_RSM_GENERATION, Labels};
use crate::operator::store::controlled_by;

const SCOPE: &str = ".rsm";

fn meta(workload: &ReplicatedStateMachine, name: String) -> ObjectMeta {
    ObjectMeta {
        name: Some(name),
        namespace: workload.namespace(),
        labels: Some(workload.labels()),
        finalizers: Some(vec![naming::CLUSTER_FINALIZER.to_owned()]),
        owner_references: Some(vec![controlled_by(workload)]),
        ..ObjectMeta::default()
    }
}

/// Annotations that carry `scope`, without it. Those without any scope belong to the `StatefulSet`.
fn annotations(workload: &ReplicatedStateMachine, scope: Option<&str>) -> Option<Labels> {
    let all = workload.metadata.annotations.as_ref()?;
    let scoped: Labels = match scope {
        Some(scope) => all
            .iter()
            .filter_map(|(key, value)| Some((key.strip_suffix(scope)?.to_owned(), value.clone())))
            .collect(),
        None => all
            .iter()
            .filter(|(key, _)| !key.ends_with(SCOPE))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    };
    (!scoped.is_empty()).then_some(scoped)
}

/// The labels that select the pods: those of the component, without the definition's name.
fn selector(workload: &ReplicatedStateMachine) -> Labels {
    workload
        .labels()
        .into_iter()
        .filter(|(key, _)| {
            [naming::LABEL_INSTANCE, naming::LABEL_MANAGED_BY, naming::LABEL_COMPONENT]
                .contains(&key.as_str())
        })
        .collect()
}

/// The Service of all pods, with a port for each port of the containers.
pub(super) fn headless_service(workload: &ReplicatedStateMachine) -> Service {
    let containers = workload.spec.template.spec.iter().flat_map(|spec| &spec.containers);
    let ports = containers
        .flat_map(|container| container.ports.iter().flatten())
        .map(|port| {
            let protocol = port.protocol.clone().unwrap_or_else(|| "TCP".to_owned());
            let (name, target) = match &port.name {
                Some(name) => (name.clone(), IntOrString::String(name.clone())),
                None => (
                    format!("{}-{}", protocol.to_lowercase(), port.container_port),
                    IntOrString::Int(port.container_port),
                ),
            };
            ServicePort {
                name: Some(name),
                protocol: Some(protocol),
                port: port.container_port,
                target_port: Some(target),
                ..ServicePort::default()
            }
        })
        .collect();
    let mut metadata = meta(workload, naming::headless(&workload.name_any()));
    metadata.annotations = annotations(workload, Some(HEADLESS_SCOPE));
    Service {
        metadata,
        spec: Some(ServiceSpec {
            type_: Some("ClusterIP".to_owned()),
            cluster_ip: Some("None".to_owned()),
            ports: Some(ports),
            selector: Some(selector(workload)),
            ..ServiceSpec::default()
        }),
        status: None,
    }
}

/// The Service that leads to the member that takes writes, or to all members of a workload without roles.
pub(super) fn service(workload: &ReplicatedStateMachine) -> Option<Service> {
    let wanted = workload.spec.service.as_ref()?;
    let mut selector = selector(workload);
    if let Some(leader) = workload.spec.roles.iter().find(|role| role.is_leader) {
        selector.insert(naming::LABEL_ROLE.to_owned(), leader.name.clone());
    }
    let spec = wanted.spec.clone().unwrap_or_default();
    Some(Service {
        metadata: meta(workload, workload.name_any()),
        spec: Some(ServiceSpec { selector: Some(selector), ..spec }),
        status: None,
    })
}

/// The extra services of the component.
pub(super) fn alternative_services(workload: &ReplicatedStateMachine) -> Vec<Service> {
    workload
        .spec
        .alternative_services
        .iter()
        .map(|service| {
            let mut metadata = meta(workload, service.name_any());
            metadata.annotations.clone_from(&service.metadata.annotations);
            Service { metadata, spec: service.spec.clone(), status: None }
        })
        .collect()
}

/// The variables that tell each pod who its siblings are.
pub(super) fn environment(workload: &ReplicatedStateMachine) -> ConfigMap {
    let name = workload.name_any();
    let prefix = "KB_RSM";
    let mut data = BTreeMap::from([(format!("{prefix}_N"), workload.spec.replicas.to_string())]);
    for ordinal in 0..workload.spec.replicas {
        data.insert(
            format!("{prefix}_{ordinal}_HOSTNAME"),
            format!("{}.{}", naming::pod(&name, ordinal), naming::headless(&name)),
        );
    }
    ConfigMap {
        metadata: meta(workload, naming::environment(&name)),
        data: Some(data),
        ..ConfigMap::default()
    }
}

/// The `StatefulSet`. Annotations and claims of a running one stay as they are.
pub(super) fn stateful_set(workload: &ReplicatedStateMachine, running: Option<&StatefulSet>) -> StatefulSet {
    let name = workload.name_any();
    let mut metadata = meta(workload, name.clone());
    metadata
        .labels
        .get_or_insert_with(Labels::new)
        .insert(LABEL_RSM_GENERATION.to_owned(), workload.generation().to_string());
    metadata.annotations = match running {
        Some(running) => running.metadata.annotations.clone(),
        None => annotations(workload, None),
    };
    let mut template = workload.spec.template.clone();
    if let Some(spec) = &mut template.spec {
        for container in &mut spec.containers {
            container.env_from.get_or_insert_with(Vec::new).push(EnvFromSource {
                config_map_ref: Some(ConfigMapEnvSource {
                    name: naming::environment(&name),
                    optional: Some(false),
                }),
                ..EnvFromSource::default()
            });
        }
    }
    let claims = running
        .and_then(|running| running.spec.volume_claim_templates.clone())
        .unwrap_or_else(|| workload.spec.volume_claim_templates.clone());
    StatefulSet {
        metadata,
        spec: StatefulSetSpec {
            replicas: Some(workload.spec.replicas),
            selector: workload.spec.selector.clone(),
            service_name: Some(workload.spec.service_name.clone()),
            pod_management_policy: workload.spec.pod_management_policy.clone(),
            update_strategy: workload.spec.update_strategy.clone(),
            template,
            volume_claim_templates: (!claims.is_empty()).then_some(claims),
            ..StatefulSetSpec::default()
        },
        status: None,
    }
}
