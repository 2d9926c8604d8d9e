//! Services of others that a component uses: from state to the Cluster object and back, and what stands against them.
//!
//! KubeBlocks 0.7.5 resolves a reference when it makes the files of a component. It hangs on one that is not there, ignores
//! one that the engine does not declare, goes on without one that is missing, and crashes on a Secret without address or port.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;
use kubeblocks_schemas::catalogue::{Catalogue, did_you_mean};
use kubeblocks_schemas::v1alpha1::cluster::ServiceReference as Wire;
use kubeblocks_schemas::v1alpha1::cluster_definition::ServiceReferenceDeclaration;
use kubeblocks_schemas::v1alpha1::{
    AvailabilityPhase, Cluster, ClusterDefinition, ComponentDefinition, ServiceDescriptor,
};
use tfplugin::prelude::*;

use super::build;
use super::claims::Place;
use super::installed::Moment;
use super::schema::{ClusterState, Component, Map};
use crate::kubeblocks::naming::connection_secret;
use crate::kubernetes::{Client, Error, readable};

/// Keys of the Secret of a database that is referred to. Without the first two the operator crashes.
const KEYS: [&str; 4] = ["endpoint", "port", "username", "password"];

/// Names that mean the same kind of service.
const SAME_KIND: [&[&str]; 5] = [
    &["zookeeper", "zk"],
    &["elasticsearch", "es"],
    &["mongodb", "mongo"],
    &["postgresql", "postgres", "pgsql", "pg"],
    &["clickhouse", "ch"],
];

/// A service that a component uses: either another database, or one that KubeBlocks does not run.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct ServiceReference {
    /// Namespace of what is referred to. Left out, that of this database.
    #[tf(optional)]
    pub namespace: Value<String>,
    /// Name of another database, which is then made before this one. Its connection Secret must have `endpoint`, `port`,
    /// `username` and `password`.
    #[tf(optional)]
    pub cluster: Value<String>,
    /// Name of a `kubeblocks_service_descriptor`.
    #[tf(optional)]
    pub service_descriptor: Value<String>,
}

/// The list that is sent, as a whole.
pub fn build(references: &Value<Map<ServiceReference>>) -> Vec<Wire> {
    let text = |value: &Value<String>| value.known().cloned();
    build::known_entries(references)
        .map(|(name, reference)| Wire {
            name: name.clone(),
            namespace: text(&reference.namespace),
            cluster: text(&reference.cluster),
            service_descriptor: text(&reference.service_descriptor),
        })
        .collect()
}

/// The list is owned as a whole, so others' references are shown as well.
pub fn observe(
    prior: &Value<Map<ServiceReference>>,
    live: &[Wire],
    place: &Place<'_>,
) -> Value<Map<ServiceReference>> {
    if live.is_empty() || (prior.is_null() && !place.is_ours()) {
        let is_empty = prior.known().is_none_or(BTreeMap::is_empty);
        return if is_empty { prior.clone() } else { Value::Null };
    }
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty()).into();
    let shown = live.iter().map(|live| {
        let reference = ServiceReference {
            namespace: text(&live.namespace),
            cluster: text(&live.cluster),
            service_descriptor: text(&live.service_descriptor),
        };
        (live.name.clone(), Value::Known(reference))
    });
    Value::Known(shown.collect())
}

fn path(component: &str, name: &str) -> Path {
    Path::attribute("components").then_key(component).then_attribute("service_references").then_key(name)
}

/// Every reference of which something is known: component, name, reference.
fn written(state: &ClusterState) -> impl Iterator<Item = (&String, &String, &ServiceReference)> {
    build::known_entries(&state.components).flat_map(|(component, written)| {
        build::known_entries(&written.service_references)
            .map(move |(name, reference)| (component, name, reference))
    })
}

/// Adds a finding for each reference that is wrong in itself.
pub fn validate(config: &ClusterState, diagnostics: &mut Diagnostics) {
    for (component, name, reference) in written(config) {
        let at = path(component, name);
        let count =
            [&reference.cluster, &reference.service_descriptor].iter().filter(|one| !one.is_null()).count();
        if count != 1 {
            let detail = "A reference leads to one service: write either `cluster`, the name of another database, or `service_descriptor`, the name of a `kubeblocks_service_descriptor`.";
            let summary = if count == 0 { "Missing attribute" } else { "Conflicting attributes" };
            diagnostics.push(Diagnostic::error(summary, detail).at(at));
            continue;
        }
        let is_here = reference.namespace.is_null() || reference.namespace == config.namespace;
        if is_here && reference.cluster.known().is_some() && reference.cluster == config.name {
            let detail = "A database cannot refer to itself.";
            diagnostics.push(Diagnostic::error("Invalid reference", detail).at(at.then_attribute("cluster")));
        }
    }
}

/// What a reference leads to, as far as it may be read.
#[derive(Debug)]
#[allow(clippy::option_option, reason = "no database, no Secret of it, and its keys are three answers")]
enum Target {
    /// A database; with the keys of its connection Secret, when that is there.
    Cluster(Option<Option<Vec<String>>>),
    /// A descriptor.
    Descriptor(Option<Box<ServiceDescriptor>>),
}

/// What the references lead to, by component and name.
#[derive(Debug, Default)]
pub struct Found(BTreeMap<(String, String), Target>);

/// Looks for what `state` refers to. What may not be read is left out.
pub async fn find(client: &Client, state: &ClusterState) -> Result<Found, Error> {
    let mut found = BTreeMap::new();
    for (component, name, reference) in written(state) {
        let namespace = if reference.namespace.is_null() { &state.namespace } else { &reference.namespace };
        let Some(namespace) = namespace.known() else { continue };
        let target = match (reference.cluster.known(), reference.service_descriptor.known()) {
            (Some(cluster), _) => of_cluster(client, namespace, cluster).await,
            (None, Some(descriptor)) => client
                .get_opt::<ServiceDescriptor>(Some(namespace), descriptor)
                .await
                .map(|found| Target::Descriptor(found.map(Box::new))),
            (None, None) => continue,
        };
        if let Some(target) = readable(target)? {
            found.insert((component.clone(), name.clone()), target);
        }
    }
    Ok(Found(found))
}

async fn of_cluster(client: &Client, namespace: &str, cluster: &str) -> Result<Target, Error> {
    if client.get_opt::<Cluster>(Some(namespace), cluster).await?.is_none() {
        return Ok(Target::Cluster(None));
    }
    let secret = client.get_opt::<Secret>(Some(namespace), &connection_secret(cluster)).await?;
    let keys = secret.map(|secret| secret.data.unwrap_or_default().into_keys().collect());
    Ok(Target::Cluster(Some(keys)))
}

/// What stands against the references of `state`, by the installed definition. While planning, what is not there yet may
/// come from the same apply.
pub fn judge(
    state: &ClusterState,
    definition: &ClusterDefinition,
    found: &Found,
    moment: Moment,
    diagnostics: &mut Diagnostics,
) {
    for (name, component) in build::known_entries(&state.components) {
        if component.definition.is_unknown() || component.service_references.is_unknown() {
            continue;
        }
        let wanted = build::definition(name, component);
        let Some(known) = definition.spec.component(wanted) else {
            continue;
        };
        for (reference, written) in build::known_entries(&component.service_references) {
            let at = path(name, reference);
            let declared = known.service_ref_declarations.iter().find(|one| one.name == *reference);
            let Some(declared) = declared else {
                diagnostics.push(undeclared(known, reference).at(at));
                continue;
            };
            let target = found.0.get(&(name.clone(), reference.clone()));
            if let Some(detail) = target.and_then(|target| wrong_target(written, declared, target, moment)) {
                diagnostics.push(Diagnostic::error("Service cannot be used", detail).at(at));
            }
        }
        diagnostics.append(missing(state, name, component, definition, known).into_iter().collect());
    }
}

fn undeclared(known: &ComponentDefinition, reference: &str) -> Diagnostic {
    let names: Vec<&str> = known.service_ref_declarations.iter().map(|one| one.name.as_str()).collect();
    let hint = did_you_mean(reference, names.iter().copied());
    let has =
        if names.is_empty() { "It uses none.".to_owned() } else { format!("It uses: {}.", names.join(", ")) };
    Diagnostic::error(
        "Unknown service",
        format!(
            "The component \"{}\" uses no service \"{reference}\", and KubeBlocks would ignore it. {has}{hint}",
            known.name
        ),
    )
}

/// Why a target cannot be used, if so.
fn wrong_target(
    written: &ServiceReference,
    declared: &ServiceReferenceDeclaration,
    target: &Target,
    moment: Moment,
) -> Option<String> {
    let name = |value: &Value<String>| value.known().cloned().unwrap_or_default();
    let is_over = moment == Moment::Apply;
    match target {
        Target::Cluster(None) => is_over.then(|| {
            format!("The database \"{}\" does not exist. If the same apply makes it, refer to its resource, so that it comes first.", name(&written.cluster))
        }),
        Target::Cluster(Some(None)) => is_over.then(|| {
            format!("The database \"{}\" has no connection Secret yet; the operator makes it with the database.", name(&written.cluster))
        }),
        Target::Cluster(Some(Some(keys))) => {
            let missing: Vec<&str> = KEYS.into_iter().filter(|key| !keys.iter().any(|known| known == key)).collect();
            (!missing.is_empty()).then(|| {
                format!(
                    "The connection Secret of the database \"{}\" has no {}, which KubeBlocks 0.7 reads from it. Describe the service with a `kubeblocks_service_descriptor`, and refer to that.",
                    name(&written.cluster),
                    missing.join(", ")
                )
            })
        }
        Target::Descriptor(None) => is_over.then(|| {
            format!("The ServiceDescriptor \"{}\" does not exist. If the same apply makes it, refer to its resource, so that it comes first.", name(&written.service_descriptor))
        }),
        Target::Descriptor(Some(descriptor)) => {
            let phase = descriptor.status.as_ref().and_then(|status| status.phase.as_ref());
            if is_over && phase != Some(&AvailabilityPhase::Available) {
                return Some(format!("The ServiceDescriptor \"{}\" is not available.", name(&written.service_descriptor)));
            }
            wrong_kind(&name(&written.service_descriptor), descriptor, declared)
        }
    }
}

fn wrong_kind(
    name: &str,
    descriptor: &ServiceDescriptor,
    declared: &ServiceReferenceDeclaration,
) -> Option<String> {
    let (kind, version) = (&descriptor.spec.service_kind, &descriptor.spec.service_version);
    let accepted = &declared.service_ref_declaration_specs;
    // Expressions that this cannot read are judged by the operator alone.
    let fits = |pattern: &str| regex::Regex::new(pattern).map_or(true, |pattern| pattern.is_match(version));
    if accepted.iter().any(|one| same_kind(&one.service_kind, kind) && fits(&one.service_version)) {
        return None;
    }
    let accepted: Vec<String> =
        accepted.iter().map(|one| format!("{} {}", one.service_kind, one.service_version)).collect();
    Some(format!(
        "The ServiceDescriptor \"{name}\" describes {kind} {version}, and the engine accepts for \"{}\": {}.",
        declared.name,
        accepted.join(", ")
    ))
}

fn same_kind(one: &str, other: &str) -> bool {
    let group = |kind: &str| {
        let kind = kind.to_lowercase();
        let known =
            SAME_KIND.iter().find(|names| names.contains(&kind.as_str())).map(|names| names[0].to_owned());
        known.unwrap_or(kind)
    };
    group(one) == group(other)
}

/// That a component uses a service which nothing gives it: neither a reference, nor another component of the same database.
fn missing(
    state: &ClusterState,
    name: &str,
    component: &Component,
    definition: &ClusterDefinition,
    known: &ComponentDefinition,
) -> Vec<Diagnostic> {
    let references = component.service_references.known();
    let is_written = |declared: &str| references.is_some_and(|all| all.contains_key(declared));
    let has_own = |kind: &str| {
        build::known_entries(&state.components).any(|(name, component)| {
            let wanted = build::definition(name, component);
            let own = definition.spec.component(wanted);
            own.is_some_and(|own| {
                same_kind(&own.name, kind)
                    || own.character_type.as_deref().is_some_and(|one| same_kind(one, kind))
            })
        })
    };
    let in_catalogue =
        state.definition.known().is_some_and(|name| Catalogue::v0_7().addon_of(name).is_some());
    let at = Path::attribute("components").then_key(name).then_attribute("service_references");
    known
        .service_ref_declarations
        .iter()
        .filter(|declared| {
            let kinds = &declared.service_ref_declaration_specs;
            !is_written(&declared.name) && !kinds.iter().any(|one| has_own(&one.service_kind))
        })
        .map(|declared| {
            let kinds: Vec<&str> =
                declared.service_ref_declaration_specs.iter().map(|one| one.service_kind.as_str()).collect();
            let detail = format!(
                "The component \"{}\" uses a service \"{}\" ({}), which nothing gives it. KubeBlocks would start it without, and its instances would not come up. Write `service_references = {{ {} = {{ cluster = \"<database>\" }} }}`, or with a `service_descriptor`.",
                known.name,
                declared.name,
                kinds.join(" or "),
                declared.name
            );
            // What an add-on that is not known needs is known to its author.
            let found = if in_catalogue {
                Diagnostic::error("Service is missing", detail)
            } else {
                Diagnostic::warning("Service is missing", detail)
            };
            found.at(at.clone())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tfplugin::diagnostic::Severity;

    use super::*;
    use crate::resources::cluster::claims::{Everything, Nothing};
    use crate::resources::cluster::test_support::{component, component_mut, entries, redis, text};

    fn reference(cluster: Option<&str>, descriptor: Option<&str>) -> ServiceReference {
        ServiceReference {
            namespace: Value::Null,
            cluster: cluster.map(str::to_owned).into(),
            service_descriptor: descriptor.map(str::to_owned).into(),
        }
    }

    fn orioledb(references: Value<Map<ServiceReference>>) -> ClusterState {
        ClusterState {
            name: text("db"),
            definition: text("orioledb"),
            components: entries([("orioledb", Component { service_references: references, ..component() })]),
            ..redis()
        }
    }

    fn definition(name: &str) -> ClusterDefinition {
        serde_json::from_value(json!({
            "metadata": {"name": name},
            "spec": {"componentDefs": [
                {"name": "orioledb", "workloadType": "Replication", "serviceRefDeclarations": [
                    {"name": "etcdService", "serviceRefDeclarationSpecs": [{"serviceKind": "etcd", "serviceVersion": "^v3\\.\\d+\\.\\d+$"}]}]},
                {"name": "own", "workloadType": "Stateful", "characterType": "etcd"},
            ]},
        }))
        .unwrap()
    }

    fn descriptor(kind: &str, version: &str, phase: &str) -> Target {
        let object = json!({
            "metadata": {"name": "etcd"}, "spec": {"serviceKind": kind, "serviceVersion": version},
            "status": {"phase": phase},
        });
        Target::Descriptor(Some(serde_json::from_value(object).unwrap()))
    }

    /// Severity, path and detail of each finding.
    fn findings(
        state: &ClusterState,
        name: &str,
        target: Option<Target>,
        moment: Moment,
    ) -> Vec<(Severity, String, String)> {
        let key = ("orioledb".to_owned(), "etcdService".to_owned());
        let found = Found(target.map(|target| (key, target)).into_iter().collect());
        let mut diagnostics = Diagnostics::new();
        judge(state, &definition(name), &found, moment, &mut diagnostics);
        let place = |one: &Diagnostic| one.path.as_ref().map(ToString::to_string).unwrap_or_default();
        diagnostics.iter().map(|one| (one.severity, place(one), one.detail.clone())).collect()
    }

    #[test]
    fn references_are_sent_and_read_back() {
        let written = entries([
            ("b", reference(Some("etcd"), None)),
            ("a", ServiceReference { namespace: text("infra"), ..reference(None, Some("outside")) }),
        ]);
        let sent = build(&written);
        assert_eq!(
            serde_json::to_value(&sent).unwrap(),
            json!([{"name": "a", "namespace": "infra", "serviceDescriptor": "outside"}, {"name": "b", "cluster": "etcd"}])
        );
        let (nothing, everything) = (Place::root(&Nothing), Place::root(&Everything));
        assert_eq!(observe(&written, &sent, &nothing), written);
        assert_eq!(observe(&Value::Null, &sent, &everything), written);
        assert_eq!(observe(&Value::Null, &sent, &nothing), Value::Null);
        assert_eq!(observe(&written, &[], &nothing), Value::Null);
        assert_eq!(observe(&entries([]), &[], &nothing), entries([]));
    }

    #[test]
    fn a_reference_leads_to_one_other_service() {
        for (reference, expected) in [
            (reference(Some("etcd"), None), None),
            (reference(None, Some("etcd")), None),
            (reference(None, None), Some("")),
            (reference(Some("etcd"), Some("etcd")), Some("")),
            (reference(Some("db"), None), Some(".cluster")),
            (ServiceReference { namespace: text("else"), ..reference(Some("db"), None) }, None),
            (ServiceReference { cluster: Value::Unknown, ..reference(None, None) }, None),
        ] {
            let mut found = Diagnostics::new();
            validate(&orioledb(entries([("etcdService", reference.clone())])), &mut found);
            let found: Vec<String> = found
                .iter()
                .map(|one| one.path.as_ref().map(ToString::to_string).unwrap_or_default())
                .collect();
            let at = r#"components["orioledb"].service_references["etcdService"]"#;
            let expected: Vec<String> = expected.map(|rest| format!("{at}{rest}")).into_iter().collect();
            assert_eq!(found, expected, "{reference:?}");
        }
    }

    #[test]
    fn a_target_must_be_there_at_apply_and_fit_whenever_it_is_there() {
        let keys =
            |keys: &[&str]| Target::Cluster(Some(Some(keys.iter().map(|key| (*key).to_owned()).collect())));
        let by_cluster = orioledb(entries([("etcdService", reference(Some("etcd"), None))]));
        let by_descriptor = orioledb(entries([("etcdService", reference(None, Some("etcd")))]));
        for (state, target, plan, apply) in [
            (&by_cluster, keys(&KEYS), None, None),
            (
                &by_cluster,
                keys(&["username", "password"]),
                Some("no endpoint, port"),
                Some("no endpoint, port"),
            ),
            (&by_cluster, Target::Cluster(None), None, Some("does not exist")),
            (&by_cluster, Target::Cluster(Some(None)), None, Some("no connection Secret")),
            (&by_descriptor, descriptor("ETCD", "v3.5.6", "Available"), None, None),
            (&by_descriptor, descriptor("etcd", "v3.5.6", "Unavailable"), None, Some("is not available")),
            (
                &by_descriptor,
                descriptor("etcd", "v2.0", "Available"),
                Some("describes etcd v2.0"),
                Some("accepts"),
            ),
            (&by_descriptor, descriptor("zk", "v3.5.6", "Available"), Some("describes zk"), Some("accepts")),
            (&by_descriptor, Target::Descriptor(None), None, Some("does not exist")),
        ] {
            let shown = format!("{target:?}");
            let again = match &target {
                Target::Cluster(keys) => Target::Cluster(keys.clone()),
                Target::Descriptor(object) => Target::Descriptor(object.clone()),
            };
            for (target, moment, expected) in [(target, Moment::Plan, plan), (again, Moment::Apply, apply)] {
                let found = findings(state, "orioledb", Some(target), moment);
                assert_eq!(found.len(), usize::from(expected.is_some()), "{shown} {moment:?} {found:?}");
                assert!(expected.is_none_or(|part| found[0].2.contains(part)), "{found:?}");
            }
        }
    }

    #[test]
    fn names_must_be_declared_and_what_is_declared_must_come_from_somewhere() {
        let slip = orioledb(entries([("etcdServic", reference(Some("etcd"), None))]));
        let found = findings(&slip, "orioledb", None, Moment::Plan);
        assert!(found[0].2.contains("Did you mean \"etcdService\"?"), "{found:?}");

        let none = orioledb(Value::Null);
        let found = findings(&none, "orioledb", None, Moment::Plan);
        assert_eq!(
            (found[0].0, found[0].1.as_str()),
            (Severity::Error, r#"components["orioledb"].service_references"#)
        );
        let mut own = none.clone();
        own.components.known_mut().unwrap().insert("own".to_owned(), Value::Known(component()));
        assert!(findings(&own, "orioledb", None, Moment::Plan).is_empty());
        let ours = ClusterState { definition: text("our-engine"), ..none.clone() };
        assert_eq!(findings(&ours, "our-engine", None, Moment::Plan)[0].0, Severity::Warning);

        let mut unknown = none;
        component_mut(&mut unknown, "orioledb").service_references = Value::Unknown;
        assert!(findings(&unknown, "orioledb", None, Moment::Plan).is_empty());
    }
}
