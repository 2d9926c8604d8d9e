//! From state to the Cluster object that is applied: only fields that the practitioner wrote, or that the schema gives a
//! default. Pure; the reverse is `observe`. Reads nothing and asks nobody.

use std::collections::BTreeMap;

use kubeblocks_schemas::quantity::QuantityText;
use kubeblocks_schemas::v1alpha1::cluster::{CertificateSecret, ClassReference, Issuer};
use kubeblocks_schemas::v1alpha1::{
    self as api, Cluster, ClusterSpec, ComponentSpec, IssuerName, PodAntiAffinity, ServiceType, Tenancy,
    TerminationPolicy, VolumeClaimSpec, VolumeClaimTemplate,
};
use tfplugin::typed::{Set, Value};

use super::schema::{Affinity, ClusterState, Component, Map, Resources, Service, Tls, Toleration, Volume};
use super::{backup, exposure, restart, running, service_references};

/// Access mode of a volume that names none.
pub const DEFAULT_ACCESS_MODE: &str = "ReadWriteOnce";

/// The object to apply. `state` is wholly known but for computed attributes, which are not read.
pub fn cluster(state: &ClusterState) -> Cluster {
    let mut object = Cluster::new(&text(&state.name), spec(state));
    object.metadata.namespace = state.namespace.known().cloned();
    object.metadata.labels = Some(texts(&state.labels)).filter(|labels| !labels.is_empty());
    let annotations: BTreeMap<String, String> =
        running::note(state).into_iter().chain(restart::triggers(state)).collect();
    object.metadata.annotations = Some(annotations).filter(|annotations| !annotations.is_empty());
    if running::is_stopped(state) {
        object.spec.component_specs.iter_mut().for_each(|component| component.replicas = Some(0));
    }
    object
}

fn spec(state: &ClusterState) -> ClusterSpec {
    ClusterSpec {
        cluster_definition_ref: text(&state.definition),
        cluster_version_ref: state.version.known().cloned(),
        termination_policy: TerminationPolicy::from(text(&state.termination_policy).as_str()),
        // A map, so they come sorted by name and a change elsewhere moves none.
        component_specs: known_entries(&state.components)
            .map(|(name, component)| component_spec(name, component))
            .collect(),
        affinity: state.affinity.known().map(affinity),
        tolerations: tolerations(&state.tolerations),
        backup: state.backup.known().map(backup::build),
        ..ClusterSpec::default()
    }
}

/// One component. Its name is the key of the map.
pub fn component_spec(name: &str, component: &Component) -> ComponentSpec {
    let tls = component.tls.known();
    ComponentSpec {
        name: name.to_owned(),
        component_def_ref: definition(name, component).to_owned(),
        class_def_ref: component.resources.known().and_then(class),
        monitor: component.monitor.known().copied(),
        enabled_logs: set(&component.logs),
        replicas: component.replicas.known().map(|replicas| i32::try_from(*replicas).unwrap_or(i32::MAX)),
        affinity: component.affinity.known().map(affinity),
        tolerations: tolerations(&component.tolerations),
        resources: component
            .resources
            .known()
            .map(resources)
            .filter(|resources| *resources != api::Resources::default()),
        volume_claim_templates: known_entries(&component.volumes)
            .map(|(name, volume)| volume_claim(name, volume))
            .collect(),
        services: known_entries(&component.services).map(|(name, wanted)| service(name, wanted)).collect(),
        service_refs: service_references::build(&component.service_references),
        tls: tls.map(|_| true),
        issuer: tls.map(issuer),
        ..ComponentSpec::default()
    }
}

/// The component of the engine's definition that a component is: as written, else the key.
pub fn definition<'a>(name: &'a str, component: &'a Component) -> &'a str {
    component.definition.known().map_or(name, String::as_str)
}

/// Requests and limits, with the short form spelled out.
pub fn resources(resources: &Resources) -> api::Resources {
    let mut wire =
        api::Resources { requests: quantities(&resources.requests), limits: quantities(&resources.limits) };
    for (name, short) in [("cpu", &resources.cpu), ("memory", &resources.memory)] {
        if let Some(quantity) = short.known() {
            wire.requests.insert(name.to_owned(), QuantityText(quantity.clone()));
            wire.limits.insert(name.to_owned(), QuantityText(quantity.clone()));
        }
    }
    wire
}

fn class(resources: &Resources) -> Option<ClassReference> {
    resources.class.known().map(|class| ClassReference { name: None, class: class.clone() })
}

/// One volume; `requests.storage` is its size.
pub fn volume_claim(name: &str, volume: &Volume) -> VolumeClaimTemplate {
    VolumeClaimTemplate {
        name: name.to_owned(),
        spec: Some(VolumeClaimSpec {
            access_modes: access_modes(volume),
            resources: volume.size.known().map(|size| api::Resources {
                requests: BTreeMap::from([("storage".to_owned(), QuantityText(size.clone()))]),
                limits: BTreeMap::new(),
            }),
            storage_class_name: volume.storage_class.known().cloned(),
            volume_mode: None,
        }),
    }
}

/// The access modes as written, else the default. Kubernetes refuses a volume that has none.
pub fn access_modes(volume: &Volume) -> Vec<String> {
    let written = set(&volume.access_modes);
    if written.is_empty() { vec![DEFAULT_ACCESS_MODE.to_owned()] } else { written }
}

/// One further Service, with the annotations that its exposure means. What is written goes before those.
pub fn service(name: &str, service: &Service) -> api::Service {
    let mut annotations =
        service.exposure.known().map_or_else(BTreeMap::new, |exposure| exposure::annotations(exposure));
    annotations.extend(texts(&service.annotations));
    api::Service {
        name: name.to_owned(),
        service_type: service.kind.known().map(|kind| ServiceType::from(kind.as_str())),
        annotations,
    }
}

fn issuer(tls: &Tls) -> Issuer {
    Issuer {
        name: tls.issuer.known().map(|name| IssuerName::from(name.as_str())),
        secret_ref: tls.secret.known().map(|secret| CertificateSecret {
            name: text(&secret.name),
            ca: text(&secret.ca),
            cert: text(&secret.certificate),
            key: text(&secret.key),
        }),
    }
}

fn affinity(affinity: &Affinity) -> api::Affinity {
    api::Affinity {
        pod_anti_affinity: affinity
            .pod_anti_affinity
            .known()
            .map(|mode| PodAntiAffinity::from(mode.as_str())),
        topology_keys: set(&affinity.topology_keys),
        node_labels: texts(&affinity.node_labels),
        tenancy: affinity.tenancy.known().map(|tenancy| Tenancy::from(tenancy.as_str())),
    }
}

/// Tolerations in the order in which they are written.
pub fn tolerations(tolerations: &Value<Vec<Value<Toleration>>>) -> Vec<api::Toleration> {
    tolerations.known().into_iter().flatten().filter_map(Value::known).map(toleration).collect()
}

fn toleration(toleration: &Toleration) -> api::Toleration {
    api::Toleration {
        key: toleration.key.known().cloned(),
        operator: toleration.operator.known().cloned(),
        value: toleration.value.known().cloned(),
        effect: toleration.effect.known().cloned(),
        toleration_seconds: toleration.toleration_seconds.known().copied(),
    }
}

/// The entries of a map whose values are known.
pub fn known_entries<T>(map: &Value<Map<T>>) -> impl Iterator<Item = (&String, &T)> {
    map.known().into_iter().flatten().filter_map(|(name, value)| Some((name, value.known()?)))
}

fn text(value: &Value<String>) -> String {
    value.known().cloned().unwrap_or_default()
}

fn texts(map: &Value<Map<String>>) -> BTreeMap<String, String> {
    known_entries(map).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn quantities(map: &Value<Map<String>>) -> BTreeMap<String, QuantityText> {
    known_entries(map).map(|(name, value)| (name.clone(), QuantityText(value.clone()))).collect()
}

/// Sorted, so that the same set is always sent the same.
fn set(set: &Value<Set<String>>) -> Vec<String> {
    let mut elements: Vec<String> = set
        .known()
        .into_iter()
        .flat_map(|set| &set.0)
        .filter_map(|element| element.known().cloned())
        .collect();
    elements.sort();
    elements
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::cluster::test_support::{component, entries, full, redis, set, text};
    use serde_json::json;

    fn sent(state: &ClusterState) -> serde_json::Value {
        serde_json::to_value(cluster(state)).unwrap()
    }

    #[test]
    fn only_what_is_written_or_has_a_default_is_sent() {
        assert_eq!(
            sent(&redis()),
            json!({
                "apiVersion": "apps.kubeblocks.io/v1alpha1",
                "kind": "Cluster",
                "metadata": {"name": "cache", "namespace": "shop"},
                "spec": {
                    "clusterDefinitionRef": "redis",
                    "clusterVersionRef": "redis-7.0.6",
                    "terminationPolicy": "Delete",
                    "componentSpecs": [{
                        "name": "redis",
                        "componentDefRef": "redis",
                        "monitor": false,
                        "replicas": 2,
                        "resources": {
                            "requests": {"cpu": "500m", "memory": "1Gi"},
                            "limits": {"cpu": "500m", "memory": "1Gi"}
                        },
                        "volumeClaimTemplates": [{
                            "name": "data",
                            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "20Gi"}}}
                        }]
                    }]
                }
            })
        );
    }

    #[test]
    fn everything_that_can_be_written_is_sent() {
        let sent = sent(&full());
        assert_eq!(sent["metadata"]["labels"], json!({"team": "orders"}));
        assert_eq!(
            sent["spec"]["affinity"],
            json!({"podAntiAffinity": "Preferred", "topologyKeys": ["topology.kubernetes.io/zone"], "tenancy": "SharedNode"})
        );
        assert_eq!(sent["spec"]["tolerations"], json!([{"key": "any", "operator": "Exists"}]));
        let component = &sent["spec"]["componentSpecs"][0];
        assert_eq!(component["name"], json!("main"));
        assert_eq!(component["componentDefRef"], json!("redis"));
        assert_eq!(component["monitor"], json!(true));
        assert_eq!(component["enabledLogs"], json!(["running"]));
        assert_eq!(
            component["resources"],
            json!({"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"cpu": "1", "memory": "2Gi"}})
        );
        assert_eq!(
            component["volumeClaimTemplates"],
            json!([{"name": "data", "spec": {
                "accessModes": ["ReadWriteOncePod"],
                "resources": {"requests": {"storage": "20Gi"}},
                "storageClassName": "gp3"
            }}])
        );
        assert_eq!(component["services"][0]["serviceType"], json!("LoadBalancer"));
        assert_eq!(component["services"][0]["annotations"]["example.com/a"], json!("b"));
        assert_eq!(
            component["services"][0]["annotations"]["service.beta.kubernetes.io/aws-load-balancer-internal"],
            json!("true")
        );
        assert_eq!(component["services"][1], json!({"name": "node", "serviceType": "NodePort"}));
        assert_eq!(
            component["affinity"],
            json!({
                "podAntiAffinity": "Required", "topologyKeys": ["kubernetes.io/hostname"],
                "nodeLabels": {"disk": "ssd"}, "tenancy": "DedicatedNode"
            })
        );
        assert_eq!(
            component["tolerations"],
            json!([{"key": "kb-data", "operator": "Equal", "value": "true", "effect": "NoSchedule"}])
        );
    }

    #[test]
    fn a_class_is_sent_alone_and_written_annotations_go_before_those_of_an_exposure() {
        let class = Resources { class: text("general-1c1g"), ..Resources::default() };
        let sent = component_spec("c", &Component { resources: Value::Known(class), ..component() });
        assert_eq!(sent.class_def_ref.unwrap().class, "general-1c1g");
        assert_eq!(sent.resources, None);

        let key = "networking.gke.io/load-balancer-type";
        let wanted = Service {
            exposure: text("vpc"),
            annotations: entries([(key, "Own".to_owned())]),
            ..Service::default()
        };
        assert_eq!(service("lb", &wanted).annotations[key], "Own");
    }

    #[test]
    fn tls_is_sent_with_its_issuer_and_secret() {
        let tls = Tls {
            issuer: text("UserProvided"),
            secret: Value::Known(super::super::schema::TlsSecret {
                name: text("certs"),
                ca: text("a"),
                certificate: text("b"),
                key: text("c"),
            }),
        };
        let sent = component_spec("c", &Component { tls: Value::Known(tls), ..component() });
        assert_eq!(sent.tls, Some(true));
        assert_eq!(
            serde_json::to_value(sent.issuer).unwrap(),
            json!({"name": "UserProvided", "secretRef": {"name": "certs", "ca": "a", "cert": "b", "key": "c"}})
        );
    }

    #[test]
    fn components_and_sets_are_sent_in_a_fixed_order() {
        let mut state = redis();
        state.components =
            entries([("b", Component { logs: set(["slow", "running"]), ..component() }), ("a", component())]);
        let sent = cluster(&state);
        let names: Vec<&str> =
            sent.spec.component_specs.iter().map(|component| component.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(sent.spec.component_specs[1].enabled_logs, ["running", "slow"]);
    }
}
