//! Builds the pod template of a component: containers, sidecars, variables, volumes.
//!
//! Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    ConfigMapVolumeSource, Container, ContainerPort, EmptyDirVolumeSource, EnvVar, EnvVarSource,
    ObjectFieldSelector, PodSpec, PodTemplateSpec, ResourceRequirements, Toleration, Volume,
};
use kube::api::ObjectMeta;
use serde_json::Value;

use super::scheduling;
use super::workload::read;
use crate::operator::component::Component;
use crate::operator::error::Error;
use crate::operator::naming;
use crate::operator::options::PodFault;

/// Name of the sidecar that probes roles.
const LORRY: &str = "kb-checkrole";
/// Name of the sidecar that reloads parameters.
const CONFIG_MANAGER: &str = "config-manager";

/// The pod template. The playground's own annotations on the Cluster go along.
pub(super) fn template(
    component: &Component<'_>,
    class: Option<&Value>,
    reloads: bool,
    fault: Option<PodFault>,
) -> Result<PodTemplateSpec, Error> {
    let mut labels = component.labels();
    labels.insert(naming::LABEL_WORKLOAD_TYPE.to_owned(), component.definition.workload_type.clone());
    if !component.cluster.spec.cluster_version_ref.is_empty() {
        labels.insert(naming::LABEL_VERSION.to_owned(), component.cluster.spec.cluster_version_ref.clone());
    }
    let mut annotations: BTreeMap<String, String> = component
        .cluster
        .metadata
        .annotations
        .iter()
        .flatten()
        .filter(|(key, _)| key.starts_with(naming::PLAYGROUND_PREFIX))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if let Some(fault) = fault {
        annotations.insert(format!("{}fault", naming::PLAYGROUND_PREFIX), fault.annotation().to_owned());
    }
    Ok(PodTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(labels),
            annotations: (!annotations.is_empty()).then_some(annotations),
            ..ObjectMeta::default()
        }),
        spec: Some(pod_spec(component, class, reloads)?),
    })
}

fn pod_spec(component: &Component<'_>, class: Option<&Value>, reloads: bool) -> Result<PodSpec, Error> {
    let mut containers = component.containers();
    let environment = environment(component);
    for container in &mut containers {
        let own = container.env.take().unwrap_or_default();
        container.env = Some(environment.iter().cloned().chain(own).collect());
    }
    let resources = class.or(component.spec.resources.as_ref());
    if let (Some(first), Some(resources)) = (containers.first_mut(), resources) {
        first.resources = Some(read::<ResourceRequirements>(component, "resources", resources)?);
    }
    if component.role_probe().is_some() {
        let mut lorry = sidecar(LORRY, &[("lorry-http-port", 3501), ("lorry-grpc-port", 50001)]);
        lorry.env = Some(vec![EnvVar {
            name: "KB_CHARACTER_TYPE".to_owned(),
            value: Some(component.definition.character_type.clone()),
            ..EnvVar::default()
        }]);
        containers.push(lorry);
    }
    if reloads {
        containers.push(sidecar(CONFIG_MANAGER, &[]));
    }
    let tolerations = component.spec.tolerations.as_ref().or(component.cluster.spec.tolerations.as_ref());
    Ok(PodSpec {
        volumes: Some(volumes(component, &containers)),
        containers,
        service_account_name: Some(component.service_account()),
        termination_grace_period_seconds: Some(30),
        affinity: scheduling::affinity(component),
        topology_spread_constraints: scheduling::spread(component),
        tolerations: tolerations
            .map(|value| read::<Vec<Toleration>>(component, "tolerations", value))
            .transpose()?,
        ..component.definition.pod_spec.clone()
    })
}

fn volumes(component: &Component<'_>, containers: &[Container]) -> Vec<Volume> {
    let configured = component.templates().map(|template| Volume {
        name: template.volume_name.clone(),
        config_map: Some(ConfigMapVolumeSource {
            name: naming::config_map(component.cluster_name(), component.name(), &template.name),
            default_mode: template.default_mode,
            ..ConfigMapVolumeSource::default()
        }),
        ..Volume::default()
    });
    let mut volumes: Vec<Volume> =
        component.definition.pod_spec.volumes.iter().flatten().cloned().chain(configured).collect();
    // What is mounted and neither there nor claimed is a folder that goes with the pod.
    let claimed = |name: &str| component.spec.volume_claim_templates.iter().any(|claim| claim.name == name);
    for mount in containers.iter().flat_map(|container| container.volume_mounts.iter().flatten()) {
        if !claimed(&mount.name) && !volumes.iter().any(|volume| volume.name == mount.name) {
            volumes.push(Volume {
                name: mount.name.clone(),
                empty_dir: Some(EmptyDirVolumeSource::default()),
                ..Volume::default()
            });
        }
    }
    volumes
}

fn sidecar(name: &str, ports: &[(&str, i32)]) -> Container {
    Container {
        name: name.to_owned(),
        image: Some("apecloud/kubeblocks-tools:0.7.5".to_owned()),
        ports: Some(
            ports
                .iter()
                .map(|(name, port)| ContainerPort {
                    name: Some((*name).to_owned()),
                    container_port: *port,
                    protocol: Some("TCP".to_owned()),
                    ..ContainerPort::default()
                })
                .collect(),
        ),
        ..Container::default()
    }
}

/// The variables that every container gets.
fn environment(component: &Component<'_>) -> Vec<EnvVar> {
    let field = |name: &str, path: &str| EnvVar {
        name: name.to_owned(),
        value_from: Some(EnvVarSource {
            field_ref: Some(ObjectFieldSelector {
                api_version: Some("v1".to_owned()),
                field_path: path.to_owned(),
            }),
            ..EnvVarSource::default()
        }),
        ..EnvVar::default()
    };
    let value =
        |name: &str, value: String| EnvVar { name: name.to_owned(), value: Some(value), ..EnvVar::default() };
    let extra: BTreeMap<String, String> = component
        .cluster
        .annotation(naming::ANNOTATION_EXTRA_ENV)
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let mut variables = vec![
        field("KB_POD_NAME", "metadata.name"),
        field("KB_POD_UID", "metadata.uid"),
        field("KB_NAMESPACE", "metadata.namespace"),
        field("KB_SA_NAME", "spec.serviceAccountName"),
        field("KB_NODENAME", "spec.nodeName"),
        field("KB_HOST_IP", "status.hostIP"),
        field("KB_POD_IP", "status.podIP"),
        value("KB_CLUSTER_NAME", component.cluster_name().to_owned()),
        value("KB_COMP_NAME", component.name().to_owned()),
        value("KB_CLUSTER_COMP_NAME", component.workload()),
        value("KB_CLUSTER_UID_POSTFIX_8", uid_suffix(component)),
    ];
    variables.extend(
        extra.into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| value(&name, text)),
    );
    variables
}

/// The last eight characters of the cluster's uid, which some names are made unique with.
pub(super) fn uid_suffix(component: &Component<'_>) -> String {
    let uid = component.cluster.metadata.uid.as_deref().unwrap_or_default();
    uid.get(uid.len().saturating_sub(8)..).unwrap_or(uid).to_owned()
}
