//! What a plan of an existing cluster adds to the schema's rules: keeps what is only written differently, replaces what
//! cannot change, refuses what would harm, and marks computed attributes that will change. Pure and offline, so that the
//! second plan, at apply, comes to the same.

use std::collections::BTreeMap;

use kubeblocks_schemas::catalogue::Catalogue;
use kubeblocks_schemas::validate::{Field, check_change, check_changed_functions};
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::path::Path;
use tfplugin::typed::{Set, Value};

use super::observe_resources;
use super::schema::{ClusterState, Component, Map, Resources, Volume};
use super::{build, input, parameters};
use crate::kubeblocks::diagnostic::protected;

/// An update that is being planned.
pub struct Update<'a> {
    /// The state before.
    pub prior: &'a ClusterState,
    /// What will be; changed in place.
    pub planned: &'a mut ClusterState,
    /// Attributes whose change forces a replacement; added to.
    pub requires_replace: &'a mut Vec<Path>,
    /// Whether an earlier apply was interrupted before the cluster was ready, so that this one has to wait for it.
    pub unfinished: bool,
}

/// Plans the update. Errors refuse it; warnings go along.
pub fn update(update: Update<'_>) -> Diagnostics {
    let Update { prior, planned, requires_replace, unfinished } = update;
    let mut diagnostics = Diagnostics::new();
    keep_forms(prior, planned);
    requires_replace.extend(changed_definitions(prior, planned));
    if requires_replace.is_empty() {
        diagnostics.append(refuse_harm(prior, planned));
        if unfinished || prior.endpoints.is_null() {
            planned.endpoints = Value::Unknown;
        } else {
            mark_moved_endpoints(prior, planned);
        }
        if prior.credentials_secret.is_null() {
            planned.credentials_secret = Value::Unknown;
        }
    } else {
        refuse_replacement(prior, planned, &mut diagnostics);
    }
    diagnostics
}

/// The place where the Kubernetes cluster is another one than before, when it is known to be: the object is not there, so
/// it has to be made anew. An endpoint that only becomes known at apply is judged then.
pub fn moved_to(prior: &ClusterState, planned: &ClusterState) -> Option<Path> {
    let before = prior.kubernetes.known()?.endpoint.known()?;
    let after = planned.kubernetes.known()?.endpoint.known()?;
    let bare = |url: &str| url.trim_end_matches('/').to_ascii_lowercase();
    (bare(before) != bare(after)).then(|| Path::attribute("kubernetes").then_attribute("endpoint"))
}

/// Why this cluster cannot be destroyed, if so.
pub fn refuse_destroy(state: &ClusterState) -> Option<Diagnostic> {
    let is_protected = state.termination_policy.known().is_some_and(|policy| policy == "DoNotTerminate");
    is_protected.then(|| {
        let object = format!("KubeBlocks cluster {}", display_name(state));
        Diagnostic::error("Database is protected from being destroyed", protected(&object))
            .at(Path::attribute("termination_policy"))
    })
}

/// `namespace/name` in quotes, for messages.
pub fn display_name(state: &ClusterState) -> String {
    let text = |value: &Value<String>| value.known().cloned().unwrap_or_else(|| "?".to_owned());
    format!("\"{}/{}\"", text(&state.namespace), text(&state.name))
}

/// Whether the change asks for something that may not be installed or allowed: another version, component, log, parameter
/// or size.
pub fn asks_for_other_things(prior: &ClusterState, planned: &ClusterState) -> bool {
    let components = |state: &ClusterState| -> Vec<_> {
        build::known_entries(&state.components)
            .map(|(name, component)| {
                let Component {
                    definition, logs, parameters, resources, service_references, volumes, ..
                } = component.clone();
                let parameters = parameters::written(&parameters);
                (name.clone(), definition, logs, parameters, resources, service_references, volumes)
            })
            .collect()
    };
    prior.version != planned.version || components(prior) != components(planned)
}

/// Where both ways of writing ask for the same, the plan keeps the prior one and shows no difference.
fn keep_forms(prior: &ClusterState, planned: &mut ClusterState) {
    keep_empty_map(&prior.labels, &mut planned.labels);
    keep_when(&prior.tolerations, &mut planned.tolerations, |list| list.is_none_or(Vec::is_empty));
    let Some(components) = planned.components.known_mut() else { return };
    let before: BTreeMap<&String, &Component> = build::known_entries(&prior.components).collect();
    for (name, after) in components.iter_mut() {
        let (Some(before), Some(after)) = (before.get(name).copied(), after.known_mut()) else { continue };
        if !after.definition.is_unknown() && build::definition(name, before) == build::definition(name, after)
        {
            after.definition = before.definition.clone();
        }
        if let (Value::Known(old), Value::Known(new)) = (&before.resources, &after.resources)
            && is_known(new)
            && observe_resources::mean_the_same(old, new)
        {
            after.resources = before.resources.clone();
        }
        keep_when(&before.logs, &mut after.logs, |set| set.is_none_or(|set: &Set<String>| set.0.is_empty()));
        keep_when(&before.tolerations, &mut after.tolerations, |list| list.is_none_or(Vec::is_empty));
        let is_empty = |map: Option<&Map<Map<String>>>| {
            map.is_none_or(|map| map.values().all(|values| values.known().is_some_and(BTreeMap::is_empty)))
        };
        keep_when(&before.parameters, &mut after.parameters, is_empty);
        keep_empty_map(&before.services, &mut after.services);
        keep_empty_map(&before.service_references, &mut after.service_references);
        keep_empty_map(&before.volumes, &mut after.volumes);
        keep_access_modes(before, after);
    }
}

fn keep_access_modes(before: &Component, after: &mut Component) {
    let old: BTreeMap<&String, &Volume> = build::known_entries(&before.volumes).collect();
    let Some(volumes) = after.volumes.known_mut() else { return };
    for (name, volume) in volumes.iter_mut() {
        let (Some(old), Some(volume)) = (old.get(name).copied(), volume.known_mut()) else { continue };
        let is_known =
            volume.access_modes.known().is_none_or(|modes| modes.0.iter().all(|mode| !mode.is_unknown()));
        if !volume.access_modes.is_unknown()
            && is_known
            && build::access_modes(old) == build::access_modes(volume)
        {
            volume.access_modes = old.access_modes.clone();
        }
    }
}

fn keep_empty_map<T: Clone>(prior: &Value<Map<T>>, planned: &mut Value<Map<T>>) {
    keep_when(prior, planned, |map| map.is_none_or(BTreeMap::is_empty));
}

/// Keeps `prior` where both are known and `is_empty`.
fn keep_when<T: Clone>(prior: &Value<T>, planned: &mut Value<T>, is_empty: fn(Option<&T>) -> bool) {
    if !planned.is_unknown() && !prior.is_unknown() && is_empty(prior.known()) && is_empty(planned.known()) {
        *planned = prior.clone();
    }
}

fn is_known(resources: &Resources) -> bool {
    let Resources { cpu, memory, requests, limits, class } = resources;
    [cpu, memory, class].into_iter().all(|text| !text.is_unknown())
        && [requests, limits].into_iter().all(|map| {
            !map.is_unknown()
                && map.known().is_none_or(|map| map.values().all(|quantity| !quantity.is_unknown()))
        })
}

/// Components that are there before and after, with what is known of both.
pub(super) fn kept_components<'a>(
    prior: &'a ClusterState,
    planned: &'a ClusterState,
) -> impl Iterator<Item = (&'a String, &'a Component, &'a Component)> {
    let before: BTreeMap<&String, &Component> = build::known_entries(&prior.components).collect();
    build::known_entries(&planned.components)
        .filter_map(move |(name, after)| before.get(name).map(|before| (name, *before, after)))
}

/// The operator never moves an existing component to another definition.
fn changed_definitions(prior: &ClusterState, planned: &ClusterState) -> Vec<Path> {
    kept_components(prior, planned)
        .filter(|(name, before, after)| {
            !after.definition.is_unknown()
                && build::definition(name, before) != build::definition(name, after)
        })
        .map(|(name, ..)| Path::attribute("components").then_key(name).then_attribute("definition"))
        .collect()
}

/// What KubeBlocks would ignore in silence, do at the price of the data, or says nothing good of.
fn refuse_harm(prior: &ClusterState, planned: &ClusterState) -> Diagnostics {
    let (before, mut after) = (input::cluster(prior), input::cluster(planned));
    if let (Field::Known(before), Field::Known(after)) = (&before.components, &mut after.components) {
        // Unknown volumes are judged at apply.
        for (name, _) in
            build::known_entries(&planned.components).filter(|(_, after)| after.volumes.is_unknown())
        {
            if let (Some(before), Some(after)) = (before.get(name), after.get_mut(name)) {
                after.volumes.clone_from(&before.volumes);
            }
        }
    }
    let mut problems = check_change(&before, &after);
    problems.extend(check_changed_functions(&before, &after, Catalogue::v0_7()));
    problems.iter().map(input::diagnostic).collect()
}

/// Marks the addresses that may be others after the change, and no more, so that what refers to the rest stays known.
fn mark_moved_endpoints(prior: &ClusterState, planned: &mut ClusterState) {
    let after = planned.components.known();
    let same_components = after.is_some_and(|after| {
        !after.values().any(Value::is_unknown)
            && prior.components.known().is_some_and(|before| before.keys().eq(after.keys()))
    });
    if !same_components {
        planned.endpoints = Value::Unknown;
        return;
    }
    let changed: Vec<String> = kept_components(prior, planned)
        .filter(|(_, before, after)| before.services != after.services)
        .map(|(name, ..)| name.clone())
        .collect();
    for name in changed {
        let endpoint =
            planned.endpoints.known_mut().and_then(|endpoints| endpoints.get_mut(&name)?.known_mut());
        match endpoint {
            Some(endpoint) => endpoint.services = Value::Unknown,
            None => planned.endpoints = Value::Unknown,
        }
    }
}

fn refuse_replacement(prior: &ClusterState, planned: &ClusterState, diagnostics: &mut Diagnostics) {
    diagnostics.append(refuse_destroy(prior).into_iter().collect());
    let same_place = prior.namespace == planned.namespace
        && prior.name == planned.name
        && moved_to(prior, planned).is_none();
    let is_halt = prior.termination_policy.known().is_some_and(|policy| policy == "Halt");
    if is_halt && same_place {
        diagnostics.push(
            Diagnostic::error(
                "Replacement would not start",
                format!("{} has the termination policy \"Halt\": its volumes stay when it is removed, and KubeBlocks refuses a cluster of the same name and another definition as long as they are there.\n\nGive the new database another name, or set `termination_policy` to \"Delete\" and apply that first, which loses the data at the replacement.", display_name(prior)),
            )
            .at(Path::attribute("termination_policy")),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes_attribute::KubernetesConnection;
    use crate::resources::cluster::schema::{Endpoint, SecretReference, Service, Toleration};
    use crate::resources::cluster::test_support::{
        component, component_mut, components, entries, full, redis, redis_and_sentinel, set, text, texts,
        volume_mut,
    };
    use tfplugin::diagnostic::Severity;

    /// As an apply leaves it.
    fn applied(mut state: ClusterState) -> ClusterState {
        state.endpoints = entries([("redis", Endpoint { host: text("h"), ..Endpoint::default() })]);
        state.credentials_secret = Value::Known(SecretReference { namespace: text("shop"), name: text("s") });
        state
    }

    struct Outcome {
        planned: ClusterState,
        replaces: Vec<String>,
        errors: Vec<String>,
        warnings: Vec<String>,
    }

    fn plan_with(
        prior: &ClusterState,
        planned: ClusterState,
        replaces: Vec<Path>,
        unfinished: bool,
    ) -> Outcome {
        let (mut planned, mut requires_replace) = (planned, replaces);
        let diagnostics = update(super::Update {
            prior,
            planned: &mut planned,
            requires_replace: &mut requires_replace,
            unfinished,
        });
        let of = |severity| {
            diagnostics
                .iter()
                .filter(|found| found.severity == severity)
                .map(|found| found.path.as_ref().map(ToString::to_string).unwrap_or_default())
                .collect()
        };
        Outcome {
            planned,
            replaces: requires_replace.iter().map(ToString::to_string).collect(),
            errors: of(Severity::Error),
            warnings: of(Severity::Warning),
        }
    }

    fn plan(prior: &ClusterState, change: impl Fn(&mut ClusterState)) -> Outcome {
        let mut planned = prior.clone();
        change(&mut planned);
        plan_with(prior, planned, Vec::new(), false)
    }

    #[test]
    fn no_change_plans_the_prior_state() {
        for state in [redis(), redis_and_sentinel(), full()].map(applied) {
            let outcome = plan(&state, |_| {});
            assert_eq!(outcome.planned, state);
            assert!(outcome.replaces.is_empty() && outcome.errors.is_empty() && outcome.warnings.is_empty());
        }
    }

    #[test]
    fn the_same_written_differently_is_no_change() {
        type Change = fn(&mut ClusterState);
        let table: Vec<(&str, Change)> = vec![
            ("definition spelled out", |state| component_mut(state, "redis").definition = text("redis")),
            ("requests and limits in place of the short form", |state| {
                component_mut(state, "redis").resources = Value::Known(Resources {
                    requests: texts([("cpu", "0.5"), ("memory", "1024Mi")]),
                    limits: texts([("cpu", "500m"), ("memory", "1Gi")]),
                    ..Resources::default()
                });
            }),
            ("default access mode spelled out", |state| {
                volume_mut(state, "redis", "data").access_modes = set(["ReadWriteOnce"]);
            }),
            ("empty collections", |state| {
                state.labels = Value::Known(Map::new());
                state.tolerations = Value::Known(Vec::new());
                let component = component_mut(state, "redis");
                component.logs = set([]);
                component.services = Value::Known(Map::new());
                component.tolerations = Value::Known(Vec::new());
            }),
        ];
        for (case, change) in table {
            let prior = applied(redis());
            assert_eq!(plan(&prior, change).planned, prior, "{case}");
        }
    }

    #[test]
    fn an_unknown_value_is_never_taken_for_the_same() {
        let prior = applied(redis());
        let outcome = plan(&prior, |state| {
            let component = component_mut(state, "redis");
            component.definition = Value::Unknown;
            component.resources.known_mut().unwrap().cpu = Value::Unknown;
            component.tolerations = Value::Unknown;
            component.volumes = Value::Unknown;
        });
        let component = outcome.planned.components.known().unwrap()["redis"].known().unwrap();
        assert!(
            component.definition.is_unknown()
                && component.tolerations.is_unknown()
                && component.volumes.is_unknown()
        );
        assert!(component.resources.known().unwrap().cpu.is_unknown());
        assert!(outcome.errors.is_empty(), "{:?}", outcome.errors);
    }

    #[test]
    fn harm_is_refused_at_its_attribute() {
        type Change = fn(&mut ClusterState);
        let table: Vec<(&str, Change, &[&str])> = vec![
            (
                "shrink",
                |state| volume_mut(state, "redis", "data").size = text("10Gi"),
                &[r#"components["redis"].volumes["data"].size"#],
            ),
            ("grow", |state| volume_mut(state, "redis", "data").size = text("30Gi"), &[]),
            (
                "storage class",
                |state| volume_mut(state, "redis", "data").storage_class = text("gp3"),
                &[r#"components["redis"].volumes["data"].storage_class"#],
            ),
            (
                "access mode",
                |state| volume_mut(state, "redis", "data").access_modes = set(["ReadWriteMany"]),
                &[r#"components["redis"].volumes["data"].access_modes"#],
            ),
            (
                "removed component",
                |state| {
                    components(state).remove("sentinel");
                },
                &[r#"components["sentinel"]"#],
            ),
            (
                "added component",
                |state| {
                    components(state).insert("more".into(), Value::Known(component()));
                },
                &[],
            ),
            (
                "removed volume",
                |state| {
                    component_mut(state, "redis").volumes = Value::Null;
                },
                &[r#"components["redis"].volumes["data"]"#],
            ),
        ];
        for (case, change, expected) in table {
            assert_eq!(plan(&applied(redis_and_sentinel()), change).errors, expected, "{case}");
        }
    }

    #[test]
    fn another_component_definition_replaces_and_is_then_not_refused() {
        let outcome = plan(&applied(redis_and_sentinel()), |state| {
            component_mut(state, "redis").definition = text("other");
            volume_mut(state, "redis", "data").size = text("1Gi");
        });
        assert_eq!(outcome.replaces, [r#"components["redis"].definition"#]);
        assert!(outcome.errors.is_empty());
    }

    #[test]
    fn a_replacement_that_cannot_work_is_refused() {
        let replace = |policy: &str, change: fn(&mut ClusterState)| {
            let prior = applied(ClusterState { termination_policy: text(policy), ..redis() });
            let mut planned = prior.clone();
            change(&mut planned);
            plan_with(&prior, planned, vec![Path::attribute("definition")], false).errors
        };
        let definition: fn(&mut ClusterState) = |state| state.definition = text("kafka");
        let name: fn(&mut ClusterState) = |state| state.name = text("other");
        assert_eq!(replace("DoNotTerminate", definition), ["termination_policy"]);
        assert_eq!(replace("Halt", definition), ["termination_policy"]);
        assert!(replace("Halt", name).is_empty());
        assert!(replace("Delete", definition).is_empty());
        assert!(refuse_destroy(&redis()).is_none());
    }

    #[test]
    fn addresses_become_unknown_only_where_something_moves_them() {
        type Change = fn(&mut ClusterState);
        let lb = || entries([("lb", Service { kind: text("LoadBalancer"), ..Service::default() })]);
        let moved_service: Change = |state| component_mut(state, "redis").services = Value::Unknown;
        let table: Vec<(&str, Change, bool)> = vec![
            ("replicas", |state| component_mut(state, "redis").replicas = Value::Known(5), false),
            ("version", |state| state.version = text("redis-8"), false),
            (
                "component",
                |state| {
                    components(state).insert("more".into(), Value::Known(component()));
                },
                true,
            ),
            (
                "unknown component",
                |state| {
                    components(state).insert("redis".into(), Value::Unknown);
                },
                true,
            ),
            ("unknown components", |state| state.components = Value::Unknown, true),
        ];
        let prior = applied(redis());
        for (case, change, expected) in table {
            let planned = plan(&prior, change).planned;
            assert_eq!(planned.endpoints.is_unknown(), expected, "{case}");
            assert!(expected || planned.endpoints == prior.endpoints, "{case}");
        }
        for planned in
            [plan(&prior, moved_service), plan(&prior, |state| component_mut(state, "redis").services = lb())]
        {
            let endpoint = planned.planned.endpoints.known().unwrap()["redis"].known().unwrap().clone();
            assert_eq!((endpoint.host, endpoint.services.is_unknown()), (text("h"), true));
        }
        let mut headless = prior.clone();
        headless.endpoints = Value::Known(Map::new());
        assert!(plan(&headless, moved_service).planned.endpoints.is_unknown());
    }

    #[test]
    fn what_was_interrupted_is_planned_again() {
        let never_ready = redis();
        let outcome = plan_with(&never_ready, never_ready.clone(), Vec::new(), true);
        assert!(outcome.planned.endpoints.is_unknown() && outcome.planned.credentials_secret.is_unknown());
        let once_ready = applied(redis());
        let outcome = plan_with(&once_ready, once_ready.clone(), Vec::new(), true);
        assert!(outcome.planned.endpoints.is_unknown());
        assert_eq!(outcome.planned.credentials_secret, once_ready.credentials_secret);
    }

    #[test]
    fn another_endpoint_is_another_kubernetes_cluster_and_an_unknown_one_is_judged_at_apply() {
        let at = |endpoint: Value<String>| ClusterState {
            kubernetes: Value::Known(KubernetesConnection { endpoint, ..KubernetesConnection::default() }),
            ..redis()
        };
        let moved = |before: &ClusterState, after: &ClusterState| {
            moved_to(before, after).map(|path| path.to_string())
        };
        let (a, b) = (at(text("https://A.example.com/")), at(text("https://b.example.com")));
        assert_eq!(moved(&a, &b).as_deref(), Some("kubernetes.endpoint"));
        assert_eq!(moved(&a, &at(text("https://a.example.com"))), None);
        assert_eq!(moved(&a, &at(Value::Unknown)), None);
        assert_eq!(moved(&a, &redis()), None);
        assert_eq!(moved(&redis(), &a), None);
        assert_eq!(moved(&a, &ClusterState { kubernetes: Value::Unknown, ..redis() }), None);
    }

    #[test]
    fn only_other_things_are_looked_up() {
        let prior = applied(redis());
        let asks = |change: fn(&mut ClusterState)| {
            let mut planned = prior.clone();
            change(&mut planned);
            asks_for_other_things(&prior, &planned)
        };
        assert!(!asks(|state| component_mut(state, "redis").replicas = Value::Known(9)));
        assert!(!asks(|state| state.tolerations = Value::Known(vec![Value::Known(Toleration::default())])));
        assert!(asks(|state| state.version = text("redis-8")));
        assert!(asks(|state| component_mut(state, "redis").logs = set(["slow"])));
        assert!(asks(|state| {
            let values = Map::from([("a".to_owned(), text("1"))]);
            component_mut(state, "redis").parameters = entries([("spec", values)]);
        }));
        assert!(asks(|state| {
            components(state).insert("more".into(), Value::Known(component()));
        }));
    }
}
