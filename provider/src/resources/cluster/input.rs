//! State in the terms of `kubeblocks-schemas`, which decides what KubeBlocks accepts, and its findings as diagnostics.
//! Unknown values stay unknown and are passed over there. Pure.

use crate::text::capitalized;
use std::collections::BTreeMap;

use kubeblocks_schemas::validate::{
    AffinityInput, BackupInput, ClusterInput, ComponentInput, Field, PathStep, Problem, ProblemKind,
    ResourcesInput, ServiceInput, Severity, TlsInput, TolerationInput, VolumeInput,
};
use tfplugin::prelude::*;

use super::schema::{
    Affinity, Backup, ClusterState, Component, FinalBackup, Map, Resources, Service, Tls, Toleration, Volume,
};

/// The cluster as it is checked.
pub fn cluster(state: &ClusterState) -> ClusterInput {
    ClusterInput {
        name: field(&state.name),
        namespace: field(&state.namespace),
        definition: field(&state.definition),
        version: field(&state.version),
        termination_policy: field(&state.termination_policy),
        running: field(&state.running),
        components: match &state.components {
            Value::Null => Field::Absent,
            Value::Unknown => Field::Unknown,
            Value::Known(components) => Field::Known(known_or(components, component, unknown_component)),
        },
        affinity: state.affinity.known().map(affinity),
        tolerations: tolerations(&state.tolerations),
        backup: state.backup.known().map(backup),
        final_backup: state.final_backup.known().map(final_backup),
    }
}

fn backup(backup: &Backup) -> BackupInput {
    BackupInput {
        enabled: field(&backup.enabled),
        repo: field(&backup.repo),
        method: field(&backup.method),
        schedule: field(&backup.schedule),
        retention: field(&backup.retention),
        starting_deadline_minutes: field(&backup.starting_deadline_minutes),
    }
}

fn final_backup(backup: &FinalBackup) -> BackupInput {
    BackupInput {
        method: field(&backup.method),
        retention: field(&backup.retention),
        ..BackupInput::default()
    }
}

/// A component of which nothing is known: nothing is to be said of it.
fn unknown_component() -> ComponentInput {
    ComponentInput { definition: Field::Unknown, replicas: Field::Unknown, ..ComponentInput::default() }
}

fn component(component: &Component) -> ComponentInput {
    ComponentInput {
        definition: field(&component.definition),
        replicas: field(&component.replicas),
        resources: component.resources.known().map_or_else(ResourcesInput::default, resources),
        volumes: inputs(&component.volumes, volume, || VolumeInput {
            size: Field::Unknown,
            storage_class: Field::Unknown,
            access_modes: Field::Unknown,
        }),
        services: inputs(&component.services, service, || ServiceInput {
            service_type: Field::Unknown,
            exposure: Field::Unknown,
        }),
        parameters: component.parameters.known().into_iter().flatten().map(|(key, _)| key.clone()).collect(),
        restart_trigger: field(&component.restart_trigger),
        logs: fields(&component.logs),
        monitor: field(&component.monitor),
        tls: component.tls.known().map(tls),
        affinity: component.affinity.known().map(affinity),
        tolerations: tolerations(&component.tolerations),
    }
}

fn resources(resources: &Resources) -> ResourcesInput {
    ResourcesInput {
        cpu: field(&resources.cpu),
        memory: field(&resources.memory),
        requests: texts(&resources.requests),
        limits: texts(&resources.limits),
        class: field(&resources.class),
    }
}

fn volume(volume: &Volume) -> VolumeInput {
    let modes = match &volume.access_modes {
        Value::Null => Field::Absent,
        Value::Unknown => Field::Unknown,
        Value::Known(modes) if modes.0.iter().any(Value::is_unknown) => Field::Unknown,
        Value::Known(modes) => {
            Field::Known(modes.0.iter().filter_map(|mode| mode.known().cloned()).collect())
        }
    };
    VolumeInput {
        size: field(&volume.size),
        storage_class: field(&volume.storage_class),
        access_modes: modes,
    }
}

fn service(service: &Service) -> ServiceInput {
    ServiceInput { service_type: field(&service.kind), exposure: field(&service.exposure) }
}

fn tls(tls: &Tls) -> TlsInput {
    TlsInput { issuer: field(&tls.issuer), secret: field(&tls.secret.as_ref().map(|_| ())) }
}

fn affinity(affinity: &Affinity) -> AffinityInput {
    AffinityInput {
        pod_anti_affinity: field(&affinity.pod_anti_affinity),
        tenancy: field(&affinity.tenancy),
        topology_keys: fields(&affinity.topology_keys),
        node_labels: texts(&affinity.node_labels),
    }
}

fn tolerations(tolerations: &Value<Vec<Value<Toleration>>>) -> Vec<TolerationInput> {
    let unknown = || TolerationInput {
        key: Field::Unknown,
        operator: Field::Unknown,
        value: Field::Unknown,
        effect: Field::Unknown,
        toleration_seconds: Field::Unknown,
    };
    let one = |toleration: &Toleration| TolerationInput {
        key: field(&toleration.key),
        operator: field(&toleration.operator),
        value: field(&toleration.value),
        effect: field(&toleration.effect),
        toleration_seconds: field(&toleration.toleration_seconds),
    };
    // An unknown one keeps its place, as findings name the place.
    tolerations
        .known()
        .into_iter()
        .flatten()
        .map(|toleration| toleration.known().map_or_else(unknown, one))
        .collect()
}

fn field<T: Clone>(value: &Value<T>) -> Field<T> {
    match value {
        Value::Null => Field::Absent,
        Value::Unknown => Field::Unknown,
        Value::Known(value) => Field::Known(value.clone()),
    }
}

fn fields(set: &Value<Set<String>>) -> Vec<Field<String>> {
    set.known().into_iter().flat_map(|set| &set.0).map(field).collect()
}

fn texts(map: &Value<Map<String>>) -> BTreeMap<String, Field<String>> {
    map.known().into_iter().flatten().map(|(key, value)| (key.clone(), field(value))).collect()
}

fn inputs<T, I>(map: &Value<Map<T>>, one: fn(&T) -> I, unknown: fn() -> I) -> BTreeMap<String, I> {
    map.known().map_or_else(BTreeMap::new, |map| known_or(map, one, unknown))
}

fn known_or<T, I>(map: &Map<T>, one: fn(&T) -> I, unknown: fn() -> I) -> BTreeMap<String, I> {
    map.iter().map(|(key, value)| (key.clone(), value.known().map_or_else(unknown, one))).collect()
}

/// A finding as the practitioner reads it.
pub fn diagnostic(problem: &Problem) -> Diagnostic {
    let detail = format!("{}.\n\n{}", capitalized(&problem.message), end(&capitalized(&problem.remedy)));
    let summary = summary(problem.kind);
    let diagnostic = match problem.severity {
        Severity::Error => Diagnostic::error(summary, detail),
        Severity::Warning => Diagnostic::warning(summary, detail),
    };
    diagnostic.at(path(&problem.path))
}

/// A set has no places, so a finding in one stands at the set.
fn path(steps: &[PathStep]) -> Path {
    let mut path = Path::root();
    let mut last = "";
    for step in steps {
        path = match step {
            PathStep::Attribute(name) => {
                last = name;
                path.then_attribute(*name)
            }
            PathStep::Key(key) => path.then_key(key),
            PathStep::Index(_) if matches!(last, "logs" | "topology_keys" | "access_modes") => return path,
            PathStep::Index(index) => path.then_index(*index),
        };
    }
    path
}

fn end(sentence: &str) -> String {
    if sentence.ends_with(['?', '.', '!']) { sentence.to_owned() } else { format!("{sentence}.") }
}

fn summary(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::Name => "Invalid name",
        ProblemKind::UnknownDefinition => "Unknown definition",
        ProblemKind::UnknownVersion => "Unknown version",
        ProblemKind::VersionOfOtherDefinition => "Version of another engine",
        ProblemKind::UnknownComponentDefinition => "Unknown component",
        ProblemKind::NoComponents => "Missing components",
        ProblemKind::Replicas => "Invalid number of replicas",
        ProblemKind::EvenReplicas => "Even number of voting instances",
        ProblemKind::ResourceName => "Unknown resource",
        ProblemKind::Quantity => "Invalid quantity",
        ProblemKind::SuspiciousQuantity => "Unusual quantity",
        ProblemKind::RequestAboveLimit => "Request above limit",
        ProblemKind::Conflict => "Conflicting attributes",
        ProblemKind::UnknownVolume => "Unknown volume",
        ProblemKind::UnknownValue => "Unknown value",
        ProblemKind::Missing => "Missing attribute",
        ProblemKind::Ignored => "Attribute has no effect",
        ProblemKind::DuplicateServiceName => "Two Services of one name",
        ProblemKind::UnknownLog => "Unknown log",
        ProblemKind::UnknownConfigSpec => "Unknown parameters",
        ProblemKind::UnknownBackupMethod => "Unknown backup method",
        ProblemKind::Time => "Invalid time",
        ProblemKind::Unsupported => "Engine does not support this",
        ProblemKind::VolumeShrinks => "Volume cannot shrink",
        ProblemKind::VolumeChanges => "Volumes of an existing component cannot change",
        ProblemKind::ComponentChanges => "Component cannot be removed",
    }
}
