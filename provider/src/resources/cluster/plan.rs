//! What a plan of an existing cluster adds to the schema's rules: keeps what is only written differently, replaces what
//! cannot change, refuses what would harm, and marks computed attributes that will change. Pure and offline, so that the
//! second plan, at apply, comes to the same.

use std::collections::BTreeMap;

use kubeblocks_schemas::validate::{Field, check_change};
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::path::Path;
use tfplugin::typed::{Set, Value};

use super::observe_resources;
use super::schema::{ClusterState, Component, Map, Resources, Volume};
use super::{build, input};
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
        for (name, before, after) in kept_components(prior, planned) {
            let path = Path::attribute("components").then_key(name);
            warn_of_removed_instances(before, after, &path.then_attribute("replicas"), &mut diagnostics);
        }
        if unfinished || prior.endpoints.is_null() || moves_endpoints(prior, planned) {
            planned.endpoints = Value::Unknown;
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

/// Whether the change asks for something that may not be installed: another version, component or log.
pub fn asks_for_other_things(prior: &ClusterState, planned: &ClusterState) -> bool {
    let components = |state: &ClusterState| -> Vec<(String, Value<String>, Value<Set<String>>)> {
        build::known_entries(&state.components)
            .map(|(name, component)| (name.clone(), component.definition.clone(), component.logs.clone()))
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
        keep_empty_map(&before.services, &mut after.services);
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
fn kept_components<'a>(
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

/// What KubeBlocks would ignore in silence, or do at the price of the data.
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
    check_change(&before, &after).iter().map(input::diagnostic).collect()
}

fn warn_of_removed_instances(
    before: &Component,
    after: &Component,
    path: &Path,
    diagnostics: &mut Diagnostics,
) {
    if let (Some(from), Some(to)) = (before.replicas.known(), after.replicas.known())
        && to < from
        && *to > 0
    {
        diagnostics.push(
            Diagnostic::warning(
                "Volumes of removed instances are deleted",
                format!(
                    "Lowering the replicas from {from} to {to} removes {} and deletes the volumes of each.",
                    instances(from - to)
                ),
            )
            .at(path.clone()),
        );
    }
}

fn instances(count: i64) -> String {
    if count == 1 { "one instance".to_owned() } else { format!("{count} instances") }
}

/// Whether addresses may be others after the change.
fn moves_endpoints(prior: &ClusterState, planned: &ClusterState) -> bool {
    let Some(after) = planned.components.known() else { return true };
    let before = prior.components.known();
    before.is_none_or(|before| before.keys().ne(after.keys()))
        || after.values().any(Value::is_unknown)
        || kept_components(prior, planned).any(|(_, before, after)| before.services != after.services)
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
