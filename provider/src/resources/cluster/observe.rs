//! From the live Cluster object to state, in the shape of the configuration. Pure; the reverse is `build`.
//!
//! A value that means the same as the prior one keeps the prior one's form. A field that we wrote and that is different now
//! is shown as it is now. A field that we never wrote enters only when it is ours all the same: written by an apply that
//! was killed before it could say so, or taken over by an import.

use std::collections::{BTreeMap, BTreeSet};

use kubeblocks_schemas::quantity::QuantityText;
use kubeblocks_schemas::v1alpha1::cluster::Issuer;
use kubeblocks_schemas::v1alpha1::{self as api, Cluster, ComponentSpec, VolumeClaimTemplate};
use tfplugin::typed::{Set, Value};

use super::claims::{Place, Step};
use super::equality::same_quantity;
use super::schema::{Affinity, ClusterState, Component, Map, Service, Tls, TlsSecret, Toleration, Volume};
use super::{backup, build, exposure, observe_resources, restart, running, service_references};

/// What `object` shows, beside `prior`. Attributes that the object does not tell (`kubernetes`, `force_conflicts`, `timeouts`, the computed
/// ones) are those of `prior`. An import comes with a `prior` that only names the object.
pub fn cluster(prior: &ClusterState, object: &Cluster, root: &Place<'_>) -> ClusterState {
    let spec = root.field("spec");
    let running = running::observe(prior, object);
    let mut components = components(prior, &object.spec.component_specs, &spec.field("componentSpecs"));
    for (name, component) in &mut components {
        let Some(component) = component.known_mut() else { continue };
        if let Some(replicas) = running.kept.get(name) {
            component.replicas = Value::Known(*replicas);
        }
        component.restart_trigger = restart::trigger(object, name).into();
    }
    let labels = object.metadata.labels.clone().unwrap_or_default();
    ClusterState {
        kubernetes: prior.kubernetes.clone(),
        namespace: object.metadata.namespace.clone().into(),
        name: object.metadata.name.clone().into(),
        definition: Value::Known(object.spec.cluster_definition_ref.clone()),
        version: object.spec.cluster_version_ref.clone().into(),
        termination_policy: Value::Known(object.spec.termination_policy.to_string()),
        running: Value::Known(running.running),
        components: Value::Known(components),
        affinity: affinity(&prior.affinity, object.spec.affinity.as_ref(), &spec.field("affinity")),
        tolerations: tolerations(&prior.tolerations, &object.spec.tolerations, &spec.field("tolerations")),
        backup: backup::observe(
            &prior.backup,
            object.spec.backup.as_ref(),
            &spec.field("backup"),
            prior.definition.is_null(),
        ),
        restore: prior.restore.clone(),
        final_backup: prior.final_backup.clone(),
        labels: map(
            &prior.labels,
            &without_labels_of_others(labels),
            &root.field("metadata").field("labels"),
            |a, b| a == b,
        ),
        force_conflicts: prior.force_conflicts,
        timeouts: prior.timeouts.clone(),
        accept_impact: prior.accept_impact.clone(),
        endpoints: prior.endpoints.clone(),
        credentials_secret: prior.credentials_secret.clone(),
        planned_impact: prior.planned_impact.clone(),
    }
}

/// The operator labels every Cluster; an import must not take those for the practitioner's.
fn without_labels_of_others(mut labels: BTreeMap<String, String>) -> BTreeMap<String, String> {
    labels.retain(|key, _| {
        key.split_once('/')
            .is_none_or(|(domain, _)| domain != "kubeblocks.io" && !domain.ends_with(".kubeblocks.io"))
    });
    labels
}

fn components<'a>(prior: &ClusterState, live: &'a [ComponentSpec], place: &Place<'a>) -> Map<Component> {
    let written: BTreeMap<&String, &Component> = build::known_entries(&prior.components).collect();
    live.iter()
        .filter_map(|spec| {
            let place = place.at(Step::Named(&spec.name));
            let prior = written.get(&spec.name).copied();
            (prior.is_some() || place.is_ours()).then(|| {
                (
                    spec.name.clone(),
                    Value::Known(component(prior.unwrap_or(&Component::default()), spec, &place)),
                )
            })
        })
        .collect()
}

fn component(prior: &Component, live: &ComponentSpec, place: &Place<'_>) -> Component {
    Component {
        definition: if build::definition(&live.name, prior) == live.component_def_ref {
            prior.definition.clone()
        } else {
            Value::Known(live.component_def_ref.clone()).filter_out(&live.name)
        },
        replicas: Value::Known(i64::from(live.replicas.unwrap_or(1))),
        resources: observe_resources::resources(&prior.resources, live, place),
        volumes: volumes(&prior.volumes, &live.volume_claim_templates, &place.field("volumeClaimTemplates")),
        services: services(&prior.services, &live.services, &place.field("services")),
        service_references: service_references::observe(
            &prior.service_references,
            &live.service_refs,
            &place.field("serviceRefs"),
        ),
        // They stand in an object of their own, which `read` looks at.
        parameters: prior.parameters.clone(),
        restart_trigger: prior.restart_trigger.clone(),
        logs: set(&prior.logs, &live.enabled_logs, &place.field("enabledLogs")),
        monitor: Value::Known(live.monitor.unwrap_or(false)),
        tls: tls(&prior.tls, live, place),
        affinity: affinity(&prior.affinity, live.affinity.as_ref(), &place.field("affinity")),
        tolerations: tolerations(&prior.tolerations, &live.tolerations, &place.field("tolerations")),
    }
}

/// `Value<String>` that is null when it says what is taken without it.
trait FilterOut {
    fn filter_out(self, default: &str) -> Self;
}

impl FilterOut for Value<String> {
    fn filter_out(self, default: &str) -> Self {
        match self {
            Self::Known(text) if text == default => Self::Null,
            other => other,
        }
    }
}

/// The list is owned as a whole, so others' volumes are shown as well.
fn volumes(
    prior: &Value<Map<Volume>>,
    live: &[VolumeClaimTemplate],
    place: &Place<'_>,
) -> Value<Map<Volume>> {
    if live.is_empty() || (prior.is_null() && !place.is_ours()) {
        return if is_empty(prior) { prior.clone() } else { Value::Null };
    }
    let written: BTreeMap<&String, &Volume> = build::known_entries(prior).collect();
    let none = Volume::default();
    Value::Known(
        live.iter()
            .map(|claim| {
                (
                    claim.name.clone(),
                    Value::Known(volume(written.get(&claim.name).copied().unwrap_or(&none), claim)),
                )
            })
            .collect(),
    )
}

fn volume(prior: &Volume, claim: &VolumeClaimTemplate) -> Volume {
    let spec = claim.spec.clone().unwrap_or_default();
    let size = spec.resources.and_then(|resources| resources.requests.get("storage").cloned());
    let modes: BTreeSet<&String> = spec.access_modes.iter().collect();
    let same_modes = build::access_modes(prior).iter().collect::<BTreeSet<_>>() == modes;
    Volume {
        size: size.map_or(Value::Null, |size| keep_form(&prior.size, size)),
        storage_class: spec.storage_class_name.into(),
        access_modes: if same_modes { prior.access_modes.clone() } else { known_set(spec.access_modes) },
    }
}

/// The list is owned as a whole, so others' Services are shown as well.
fn services(prior: &Value<Map<Service>>, live: &[api::Service], place: &Place<'_>) -> Value<Map<Service>> {
    if live.is_empty() || (prior.is_null() && !place.is_ours()) {
        return if is_empty(prior) { prior.clone() } else { Value::Null };
    }
    let written: BTreeMap<&String, &Service> = build::known_entries(prior).collect();
    Value::Known(
        live.iter()
            .map(|live| {
                let prior = written.get(&live.name).copied();
                (live.name.clone(), Value::Known(service(prior, live)))
            })
            .collect(),
    )
}

fn service(prior: Option<&Service>, live: &api::Service) -> Service {
    let kind = live.service_type.as_ref().map_or("ClusterIP", |kind| kind.as_str()).to_owned();
    if let Some(prior) = prior
        && build::service(&live.name, prior).annotations == live.annotations
    {
        return Service { kind: Value::Known(kind), ..prior.clone() };
    }
    // An exposure is only read out of annotations where one was written, or where nothing was written before.
    let may_be_exposed = prior.is_none_or(|prior| !prior.exposure.is_null());
    let (exposure, annotations) = match exposure::recognize(&live.annotations).filter(|_| may_be_exposed) {
        Some((exposure, rest)) => (Value::Known(exposure.to_owned()), rest),
        None => (Value::Null, live.annotations.clone()),
    };
    let annotations = if annotations.is_empty() { Value::Null } else { known_map(annotations) };
    Service { kind: Value::Known(kind), exposure, annotations }
}

fn tls(prior: &Value<Tls>, live: &ComponentSpec, place: &Place<'_>) -> Value<Tls> {
    if live.tls != Some(true) || (prior.is_null() && !place.field("tls").is_ours()) {
        return Value::Null;
    }
    let Issuer { name, secret_ref } = live.issuer.clone().unwrap_or_default();
    Value::Known(Tls {
        issuer: Value::Known(name.map_or_else(|| "KubeBlocks".to_owned(), |name| name.to_string())),
        secret: secret_ref.map_or(Value::Null, |secret| {
            Value::Known(TlsSecret {
                name: Value::Known(secret.name),
                ca: Value::Known(secret.ca),
                certificate: Value::Known(secret.cert),
                key: Value::Known(secret.key),
            })
        }),
    })
}

fn affinity<'a>(
    prior: &Value<Affinity>,
    live: Option<&'a api::Affinity>,
    place: &Place<'a>,
) -> Value<Affinity> {
    let Some(live) = live else { return Value::Null };
    let none = Affinity::default();
    let (written, is_written) = prior.known().map_or((&none, false), |prior| (prior, true));
    if !is_written && (!place.is_ours() || says_nothing(live)) {
        return Value::Null;
    }
    let mode = live.pod_anti_affinity.as_ref().map_or("Preferred", |mode| mode.as_str());
    let tenancy = live.tenancy.as_ref().map_or("SharedNode", |tenancy| tenancy.as_str());
    Value::Known(Affinity {
        pod_anti_affinity: Value::Known(mode.to_owned()),
        topology_keys: set(&written.topology_keys, &live.topology_keys, &place.field("topologyKeys")),
        node_labels: map(&written.node_labels, &live.node_labels, &place.field("nodeLabels"), |a, b| a == b),
        tenancy: Value::Known(tenancy.to_owned()),
    })
}

/// Whether an affinity holds only what the API server fills in by itself.
fn says_nothing(affinity: &api::Affinity) -> bool {
    let api::Affinity { pod_anti_affinity, topology_keys, node_labels, tenancy } = affinity;
    pod_anti_affinity.as_ref().is_none_or(|mode| mode.as_str() == "Preferred")
        && topology_keys.is_empty()
        && node_labels.is_empty()
        && tenancy.as_ref().is_none_or(|tenancy| tenancy.as_str() == "SharedNode")
}

/// The list is owned as a whole.
fn tolerations(
    prior: &Value<Vec<Value<Toleration>>>,
    live: &[api::Toleration],
    place: &Place<'_>,
) -> Value<Vec<Value<Toleration>>> {
    if build::tolerations(prior) == live {
        return prior.clone();
    }
    if live.is_empty() || (prior.is_null() && !place.is_ours()) {
        return Value::Null;
    }
    Value::Known(live.iter().map(|toleration| Value::Known(self::toleration(toleration))).collect())
}

fn toleration(live: &api::Toleration) -> Toleration {
    let api::Toleration { key, operator, value, effect, toleration_seconds } = live.clone();
    Toleration {
        key: key.into(),
        operator: operator.into(),
        value: value.into(),
        effect: effect.into(),
        toleration_seconds: toleration_seconds.into(),
    }
}

/// A set of which each element has its own owner: those that we wrote and that are still there, and those that are ours.
fn set(prior: &Value<Set<String>>, live: &[String], place: &Place<'_>) -> Value<Set<String>> {
    let written: BTreeSet<&String> =
        prior.known().into_iter().flat_map(|set| &set.0).filter_map(Value::known).collect();
    let shown: Vec<String> = live
        .iter()
        .filter(|element| written.contains(element) || place.owns(Step::Element(element)))
        .cloned()
        .collect();
    if shown.iter().collect::<BTreeSet<_>>() == written {
        return prior.clone();
    }
    if shown.is_empty() { Value::Null } else { known_set(shown) }
}

/// A map of which each key has its own owner.
pub(super) fn map(
    prior: &Value<Map<String>>,
    live: &BTreeMap<String, String>,
    place: &Place<'_>,
    same: fn(&str, &str) -> bool,
) -> Value<Map<String>> {
    let written: BTreeMap<&String, &String> = build::known_entries(prior).collect();
    let shown: BTreeMap<String, String> = live
        .iter()
        .filter(|(key, _)| written.contains_key(key) || place.owns(Step::Field(key)))
        .map(|(key, value)| {
            let kept = written.get(key).filter(|prior| same(prior, value)).map_or(value, |prior| *prior);
            (key.clone(), kept.clone())
        })
        .collect();
    if shown.is_empty() {
        return if is_empty(prior) { prior.clone() } else { Value::Null };
    }
    known_map(shown)
}

/// The prior text when it means the same quantity, else the live one.
pub(super) fn keep_form(prior: &Value<String>, live: QuantityText) -> Value<String> {
    match prior.known() {
        Some(prior) if same_quantity(prior, &live.0) => Value::Known(prior.clone()),
        _ => Value::Known(live.0),
    }
}

fn known_set(elements: Vec<String>) -> Value<Set<String>> {
    Value::Known(Set(elements.into_iter().map(Value::Known).collect()))
}

pub(super) fn known_map(entries: BTreeMap<String, String>) -> Value<Map<String>> {
    Value::Known(entries.into_iter().map(|(key, value)| (key, Value::Known(value))).collect())
}

fn is_empty<T>(map: &Value<Map<T>>) -> bool {
    map.known().is_none_or(BTreeMap::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::cluster::claims::{Claims, Everything, Nothing};
    use crate::resources::cluster::schema::Resources;
    use crate::resources::cluster::test_support::{
        component_mut, components, entries, full, full_component, redis, redis_and_sentinel, set, text,
        texts, volume_mut,
    };

    /// What a refresh shows after `change` to what was applied.
    fn refresh(state: &ClusterState, claims: &dyn Claims, change: impl Fn(&mut Cluster)) -> ClusterState {
        let mut live = build::cluster(state);
        change(&mut live);
        cluster(state, &live, &Place::root(claims))
    }

    /// What an import shows of an object that `state` describes.
    fn import(state: &ClusterState, claims: &dyn Claims) -> ClusterState {
        let stub = ClusterState {
            namespace: state.namespace.clone(),
            name: state.name.clone(),
            ..ClusterState::default()
        };
        cluster(&stub, &build::cluster(state), &Place::root(claims))
    }

    /// These paths and what is below them.
    struct Only(&'static [&'static [Step<'static>]]);

    impl Claims for Only {
        fn own(&self, path: &[Step<'_>]) -> bool {
            self.0.iter().any(|owned| owned.starts_with(path) || path.starts_with(owned))
        }
    }

    #[test]
    fn what_was_applied_is_shown_as_it_was_written() {
        for state in [redis(), redis_and_sentinel(), full()] {
            assert_eq!(refresh(&state, &Nothing, |_| {}), state);
            assert_eq!(refresh(&state, &Everything, |_| {}), state);
        }
    }

    #[test]
    fn another_form_of_the_same_is_no_difference() {
        let shown = refresh(&redis(), &Nothing, |live| {
            let component = &mut live.spec.component_specs[0];
            let resources = component.resources.as_mut().unwrap();
            resources.requests.insert("cpu".into(), "0.5".into());
            resources.limits.insert("memory".into(), "1024Mi".into());
            let claim =
                component.volume_claim_templates[0].spec.as_mut().unwrap().resources.as_mut().unwrap();
            claim.requests.insert("storage".into(), "20480Mi".into());
        });
        assert_eq!(shown, redis());
    }

    #[test]
    fn fields_of_others_never_enter() {
        let state = redis();
        let shown = refresh(&state, &Nothing, |live| {
            live.metadata.labels = Some(BTreeMap::from([
                ("clusterdefinition.kubeblocks.io/name".into(), "redis".into()),
                ("owner".into(), "x".into()),
            ]));
            live.spec.affinity = Some(api::Affinity {
                pod_anti_affinity: Some("Preferred".into()),
                ..api::Affinity::default()
            });
            live.spec.tolerations =
                vec![api::Toleration { key: Some("t".into()), ..api::Toleration::default() }];
            let mut sidecar = live.spec.component_specs[0].clone();
            sidecar.name = "sidecar".into();
            let component = &mut live.spec.component_specs[0];
            component.class_def_ref = Some(api::cluster::ClassReference { name: None, class: String::new() });
            component.no_create_pdb = Some(false);
            component.enabled_logs = vec!["running".into()];
            component.services = vec![api::Service { name: "theirs".into(), ..api::Service::default() }];
            component.resources.as_mut().unwrap().limits.insert("hugepages-2Mi".into(), "1Gi".into());
            component.tls = Some(false);
            live.spec.component_specs.push(sidecar);
        });
        assert_eq!(shown, state);
    }

    #[test]
    fn a_change_of_what_we_wrote_is_shown() {
        type Change = fn(&mut Cluster);
        type Expected = fn(&mut ClusterState);
        let table: Vec<(&str, Change, Expected)> = vec![
            (
                "version",
                |live| live.spec.cluster_version_ref = Some("other".into()),
                |state| state.version = text("other"),
            ),
            (
                "version gone",
                |live| live.spec.cluster_version_ref = None,
                |state| state.version = Value::Null,
            ),
            (
                "policy",
                |live| live.spec.termination_policy = "Halt".into(),
                |state| state.termination_policy = text("Halt"),
            ),
            (
                "replicas",
                |live| live.spec.component_specs[0].replicas = Some(7),
                |state| component_mut(state, "main").replicas = Value::Known(7),
            ),
            (
                "monitor",
                |live| live.spec.component_specs[0].monitor = None,
                |state| component_mut(state, "main").monitor = Value::Known(false),
            ),
            (
                "logs",
                |live| live.spec.component_specs[0].enabled_logs.clear(),
                |state| component_mut(state, "main").logs = Value::Null,
            ),
            (
                "cpu limit",
                |live| {
                    live.spec.component_specs[0]
                        .resources
                        .as_mut()
                        .unwrap()
                        .limits
                        .insert("cpu".into(), "4".into());
                },
                |state| {
                    component_mut(state, "main").resources = Value::Known(Resources {
                        requests: texts([("cpu", "250m"), ("memory", "512Mi")]),
                        limits: texts([("cpu", "4"), ("memory", "2Gi")]),
                        ..Resources::default()
                    });
                },
            ),
            (
                "size",
                |live| {
                    let spec = live.spec.component_specs[0].volume_claim_templates[0].spec.as_mut().unwrap();
                    spec.resources.as_mut().unwrap().requests.insert("storage".into(), "30Gi".into());
                },
                |state| volume_mut(state, "main", "data").size = text("30Gi"),
            ),
            (
                "services",
                |live| {
                    live.spec.component_specs[0].services.remove(1);
                },
                |state| {
                    component_mut(state, "main").services.known_mut().unwrap().remove("node");
                },
            ),
            (
                "service annotation",
                |live| {
                    live.spec.component_specs[0].services[0]
                        .annotations
                        .insert("example.com/a".into(), "c".into());
                },
                |state| {
                    let services = component_mut(state, "main").services.known_mut().unwrap();
                    services.get_mut("lb").unwrap().known_mut().unwrap().annotations =
                        texts([("example.com/a", "c")]);
                },
            ),
            (
                "tolerations",
                |live| live.spec.component_specs[0].tolerations.clear(),
                |state| component_mut(state, "main").tolerations = Value::Null,
            ),
            ("affinity", |live| live.spec.affinity = None, |state| state.affinity = Value::Null),
            (
                "label",
                |live| live.metadata.labels = Some(BTreeMap::from([("team".into(), "x".into())])),
                |state| state.labels = texts([("team", "x")]),
            ),
            ("component gone", |live| live.spec.component_specs.clear(), |state| components(state).clear()),
        ];
        for (case, change, expected) in table {
            let mut wanted = full();
            expected(&mut wanted);
            assert_eq!(refresh(&full(), &Nothing, change), wanted, "{case}");
        }
    }

    #[test]
    fn the_short_form_of_resources_stays_short_where_it_can() {
        let with = |requests: &'static str, limits: &'static str| {
            refresh(&redis(), &Nothing, |live| {
                let resources = live.spec.component_specs[0].resources.as_mut().unwrap();
                resources.requests.insert("cpu".into(), requests.into());
                resources.limits.insert("cpu".into(), limits.into());
            })
        };
        let mut both = redis();
        component_mut(&mut both, "redis").resources =
            Value::Known(Resources { cpu: text("2"), memory: text("1Gi"), ..Resources::default() });
        assert_eq!(with("2", "2"), both);
        let mut apart = redis();
        component_mut(&mut apart, "redis").resources = Value::Known(Resources {
            requests: texts([("cpu", "1"), ("memory", "1Gi")]),
            limits: texts([("cpu", "2"), ("memory", "1Gi")]),
            ..Resources::default()
        });
        assert_eq!(with("1", "2"), apart);
    }

    #[test]
    fn what_a_killed_apply_wrote_is_shown_although_it_was_never_stored() {
        const COMPONENT: [Step<'static>; 3] =
            [Step::Field("spec"), Step::Field("componentSpecs"), Step::Named("redis")];
        let claims = Only(&[
            &[COMPONENT[0], COMPONENT[1], COMPONENT[2], Step::Field("enabledLogs"), Step::Element("running")],
            &[COMPONENT[0], COMPONENT[1], Step::Named("sentinel")],
        ]);
        let shown = refresh(&redis(), &claims, |live| {
            live.spec.component_specs[0].enabled_logs = vec!["running".into(), "slow".into()];
            let mut sentinel = live.spec.component_specs[0].clone();
            sentinel.name = "sentinel".into();
            sentinel.component_def_ref = "redis-sentinel".into();
            live.spec.component_specs.push(sentinel);
        });
        let shown_components = shown.components.known().unwrap();
        assert_eq!(shown_components["redis"].known().unwrap().logs, set(["running"]));
        assert_eq!(shown_components["sentinel"].known().unwrap().definition, text("redis-sentinel"));
    }

    #[test]
    fn an_import_shows_what_differs_from_the_defaults() {
        assert_eq!(import(&redis(), &Everything), redis());
        assert_eq!(import(&redis_and_sentinel(), &Everything), redis_and_sentinel());

        let imported = import(&full(), &Everything);
        assert_eq!(imported.labels, texts([("team", "orders")]));
        let main = imported.components.known().unwrap()["main"].known().unwrap();
        assert_eq!(main, &full_component());

        let mut defaults = redis();
        defaults.affinity = Value::Known(Affinity {
            pod_anti_affinity: text("Preferred"),
            tenancy: text("SharedNode"),
            ..Affinity::default()
        });
        assert_eq!(import(&defaults, &Everything).affinity, Value::Null);
    }

    #[test]
    fn an_import_of_our_own_object_shows_only_our_fields() {
        let claims = Only(&[&[
            Step::Field("spec"),
            Step::Field("componentSpecs"),
            Step::Named("redis"),
            Step::Field("resources"),
        ]]);
        let imported = import(&redis_and_sentinel(), &claims);
        let mut expected = redis();
        component_mut(&mut expected, "redis").volumes = Value::Null;
        assert_eq!(imported, expected);
    }

    #[test]
    fn an_import_recognizes_tls_and_exposure() {
        let mut state = redis();
        component_mut(&mut state, "redis").tls =
            Value::Known(Tls { issuer: text("KubeBlocks"), secret: Value::Null });
        component_mut(&mut state, "redis").services = entries([(
            "lb",
            Service { kind: text("LoadBalancer"), exposure: text("internet"), annotations: Value::Null },
        )]);
        assert_eq!(import(&state, &Everything), state);
    }
}
