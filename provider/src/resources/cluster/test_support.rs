//! Configurations for tests. Every field has a value of its own, so that a swap is caught.

use std::collections::BTreeMap;

use tfplugin::typed::{Set, Value};

use super::schema::{Affinity, Backup, ClusterState, Component, Map, Resources, Service, Toleration, Volume};
use super::service_references::ServiceReference;

/// Known text.
pub(crate) fn text(text: &str) -> Value<String> {
    Value::Known(text.to_owned())
}

/// Known map.
pub(crate) fn entries<T>(entries: impl IntoIterator<Item = (&'static str, T)>) -> Value<Map<T>> {
    Value::Known(entries.into_iter().map(|(key, value)| (key.to_owned(), Value::Known(value))).collect())
}

/// Known map of texts.
pub(crate) fn texts<const N: usize>(pairs: [(&'static str, &str); N]) -> Value<Map<String>> {
    entries(pairs.map(|(key, value)| (key, value.to_owned())))
}

/// Known set of texts.
pub(crate) fn set<const N: usize>(elements: [&str; N]) -> Value<Set<String>> {
    Value::Known(Set(elements.map(text).into()))
}

/// A component as the schema's defaults leave one.
pub(crate) fn component() -> Component {
    Component { replicas: Value::Known(1), monitor: Value::Known(false), ..Component::default() }
}

/// A small database: one component with everything simple.
pub(crate) fn redis() -> ClusterState {
    ClusterState {
        namespace: text("shop"),
        name: text("cache"),
        definition: text("redis"),
        version: text("redis-7.0.6"),
        termination_policy: text("Delete"),
        running: Value::Known(true),
        components: entries([("redis", redis_component())]),
        ..ClusterState::default()
    }
}

/// Its component.
pub(crate) fn redis_component() -> Component {
    Component {
        replicas: Value::Known(2),
        resources: Value::Known(Resources { cpu: text("500m"), memory: text("1Gi"), ..Resources::default() }),
        volumes: entries([("data", Volume { size: text("20Gi"), ..Volume::default() })]),
        ..component()
    }
}

/// Two components.
pub(crate) fn redis_and_sentinel() -> ClusterState {
    let sentinel = Component { definition: text("redis-sentinel"), replicas: Value::Known(3), ..component() };
    ClusterState { components: entries([("redis", redis_component()), ("sentinel", sentinel)]), ..redis() }
}

/// A component in which everything is written.
pub(crate) fn full_component() -> Component {
    Component {
        definition: text("redis"),
        replicas: Value::Known(2),
        resources: Value::Known(Resources {
            requests: texts([("cpu", "250m"), ("memory", "512Mi")]),
            limits: texts([("cpu", "1"), ("memory", "2Gi")]),
            ..Resources::default()
        }),
        volumes: entries([(
            "data",
            Volume {
                size: text("20Gi"),
                storage_class: text("gp3"),
                access_modes: set(["ReadWriteOncePod"]),
            },
        )]),
        services: entries([
            (
                "lb",
                Service {
                    kind: text("LoadBalancer"),
                    exposure: text("vpc"),
                    annotations: texts([("example.com/a", "b")]),
                },
            ),
            ("node", Service { kind: text("NodePort"), ..Service::default() }),
        ]),
        service_references: entries([(
            "etcdService",
            ServiceReference {
                namespace: text("infra"),
                cluster: text("etcd"),
                service_descriptor: Value::Null,
            },
        )]),
        parameters: Value::Null,
        restart_trigger: text("1"),
        logs: set(["running"]),
        monitor: Value::Known(true),
        tls: Value::Null,
        affinity: Value::Known(Affinity {
            pod_anti_affinity: text("Required"),
            topology_keys: set(["kubernetes.io/hostname"]),
            node_labels: texts([("disk", "ssd")]),
            tenancy: text("DedicatedNode"),
        }),
        tolerations: Value::Known(vec![Value::Known(Toleration {
            key: text("kb-data"),
            operator: text("Equal"),
            value: text("true"),
            effect: text("NoSchedule"),
            toleration_seconds: Value::Null,
        })]),
    }
}

/// A database in which everything is written.
pub(crate) fn full() -> ClusterState {
    ClusterState {
        components: entries([("main", full_component())]),
        labels: texts([("team", "orders")]),
        affinity: Value::Known(Affinity {
            pod_anti_affinity: text("Preferred"),
            topology_keys: set(["topology.kubernetes.io/zone"]),
            node_labels: Value::Null,
            tenancy: text("SharedNode"),
        }),
        backup: Value::Known(backup()),
        tolerations: Value::Known(vec![Value::Known(Toleration {
            key: text("any"),
            operator: text("Exists"),
            ..Toleration::default()
        })]),
        ..redis()
    }
}

/// A schedule in which everything is written.
pub(crate) fn backup() -> Backup {
    Backup {
        repo: text("main"),
        method: text("datafile"),
        schedule: text("0 3 * * *"),
        retention: text("1w"),
        enabled: Value::Known(true),
        starting_deadline_minutes: Value::Known(30),
    }
}

/// The components, to change them in place.
pub(crate) fn components(state: &mut ClusterState) -> &mut Map<Component> {
    match &mut state.components {
        Value::Known(components) => components,
        Value::Null | Value::Unknown => panic!("no components"),
    }
}

/// One component, to change it in place.
pub(crate) fn component_mut<'a>(state: &'a mut ClusterState, name: &str) -> &'a mut Component {
    components(state)
        .get_mut(name)
        .and_then(Value::known_mut)
        .unwrap_or_else(|| panic!("no component {name}"))
}

/// One volume, to change it in place.
pub(crate) fn volume_mut<'a>(state: &'a mut ClusterState, component: &str, volume: &str) -> &'a mut Volume {
    let volumes: &mut BTreeMap<_, _> = component_mut(state, component).volumes.known_mut().unwrap();
    volumes.get_mut(volume).and_then(Value::known_mut).unwrap()
}
