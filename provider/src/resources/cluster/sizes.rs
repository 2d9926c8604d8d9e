//! Classes and constraints: which resources the operator takes for a component. It refuses others when it builds the
//! database, and then tries for ever. Reads from the API, judges in a pure part.

use std::collections::{BTreeMap, BTreeSet};

use kube::ResourceExt;
use kubeblocks_schemas::catalogue::did_you_mean;
use kubeblocks_schemas::quantity::Quantity;
use kubeblocks_schemas::v1alpha1::component_resource_constraint::Wanted;
use kubeblocks_schemas::v1alpha1::{
    ComponentClassDefinition, ComponentResourceConstraint, ResourceConstraintRule,
};
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::path::Path;
use tfplugin::typed::Value;

use super::build;
use super::prechecks::legible;
use super::schema::{ClusterState, Component};
use crate::kubernetes::{Client, Error};

/// Label of a definition of classes: the engine.
const ENGINE_LABEL: &str = "clusterdefinition.kubeblocks.io/name";
/// Label of a definition of classes: the component definition.
const COMPONENT_DEFINITION_LABEL: &str = "apps.kubeblocks.io/component-def-ref";

/// What was found. What may not be read, or is not served, is absent, and nothing is said of it.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Definitions of classes of the engine.
    classes: Option<Vec<ComponentClassDefinition>>,
    constraints: Vec<ComponentResourceConstraint>,
}

/// Looks for what the sizes of `state` are held to.
pub async fn find(client: &Client, state: &ClusterState) -> Result<Found, Error> {
    let mut found = Found::default();
    let Some(engine) = state.definition.known() else { return Ok(found) };
    let (by_class, by_size): (Vec<&Component>, Vec<&Component>) = build::known_entries(&state.components)
        .map(|(_, component)| component)
        .partition(|one| class(one).is_some());
    if !by_class.is_empty() {
        found.classes = served(client.list(None, Some(&format!("{ENGINE_LABEL}={engine}"))).await)?;
    }
    if !by_size.is_empty() {
        found.constraints = served(client.list(None, None).await)?.unwrap_or_default();
    }
    Ok(found)
}

/// What is served: other lines of KubeBlocks have neither kind.
fn served<T>(found: Result<T, Error>) -> Result<Option<T>, Error> {
    if found.as_ref().is_err_and(Error::is_not_served) { Ok(None) } else { legible(found) }
}

/// Adds what stands against the sizes of `state`.
pub fn judge(state: &ClusterState, found: &Found, diagnostics: &mut Diagnostics) {
    let Some(engine) = state.definition.known() else { return };
    for (name, component) in build::known_entries(&state.components) {
        if component.definition.is_unknown() || component.resources.is_unknown() {
            continue;
        }
        let definition = build::definition(name, component);
        let path = Path::attribute("components").then_key(name).then_attribute("resources");
        if let Some(class) = class(component) {
            let wrong = unknown_class(found, definition, class);
            diagnostics
                .append(wrong.map(|wrong| wrong.at(path.then_attribute("class"))).into_iter().collect());
        } else if let Some(wanted) = wanted(component) {
            let rules: Vec<&ResourceConstraintRule> =
                found.constraints.iter().flat_map(|all| all.rules_for(engine, definition)).collect();
            if !rules.is_empty() && !rules.iter().any(|rule| rule.allows(&wanted)) {
                diagnostics.push(not_allowed(definition, &rules).at(path));
            }
        }
    }
}

fn class(component: &Component) -> Option<&String> {
    component.resources.known()?.class.known().filter(|class| !class.is_empty())
}

/// What an instance asks for, or `None` when that is not known yet.
fn wanted(component: &Component) -> Option<Wanted> {
    let resources = component.resources.known().map(build::resources).unwrap_or_default();
    let is_partly_unknown = component.resources.known().is_some_and(|written| {
        [&written.cpu, &written.memory, &written.class].into_iter().any(Value::is_unknown)
            || written.requests.is_unknown()
            || written.requests.known().is_some_and(|map| map.values().any(Value::is_unknown))
    });
    if is_partly_unknown || component.volumes.is_unknown() {
        return None;
    }
    let read = |name: &str| -> Option<Quantity> { resources.requests.get(name)?.parse().ok() };
    let volumes = build::known_entries(&component.volumes).map(|(_, volume)| volume.size.known());
    let volumes: Option<Vec<&String>> = volumes.collect();
    let volumes = volumes?.into_iter().filter_map(|size| size.parse().ok()).collect();
    Some(Wanted { cpu: read("cpu"), memory: read("memory"), volumes })
}

fn unknown_class(found: &Found, definition: &str, class: &str) -> Option<Diagnostic> {
    let of_component = |classes: &&ComponentClassDefinition| {
        classes.labels().get(COMPONENT_DEFINITION_LABEL).is_some_and(|label| label == definition)
    };
    let definitions = found.classes.as_ref()?.iter().filter(of_component);
    // Names that only the operator can tell yet may be the one.
    let names: Option<Vec<Vec<&str>>> = definitions.map(ComponentClassDefinition::class_names).collect();
    let names: BTreeSet<&str> = names?.into_iter().flatten().collect();
    if names.contains(class) {
        return None;
    }
    let hint = did_you_mean(class, names.iter().copied());
    let has = if names.is_empty() {
        "There are no classes for it.".to_owned()
    } else {
        format!("There are: {}.", names.iter().copied().collect::<Vec<_>>().join(", "))
    };
    let detail = format!(
        "The component \"{definition}\" has no class \"{class}\". {has}{hint}\n\nKubeBlocks would not build the database. \
         Write `cpu` and `memory` instead, or define the class: a `kubeblocks_object` of kind ComponentClassDefinition."
    );
    Some(Diagnostic::error("Unknown class", detail))
}

fn not_allowed(definition: &str, rules: &[&ResourceConstraintRule]) -> Diagnostic {
    let rules: BTreeMap<&str, String> =
        rules.iter().map(|rule| (rule.name.as_str(), describe(rule))).collect();
    let rules: Vec<String> = rules.iter().map(|(name, rule)| format!("  - {name}: {rule}")).collect();
    let detail = format!(
        "The resources and volumes of the component \"{definition}\" keep to none of the rules that a \
         ComponentResourceConstraint of the Kubernetes cluster sets for it:\n{}\n\nKubeBlocks would not build the \
         database, or ignore the change. Choose a size that one of them allows.",
        rules.join("\n")
    );
    Diagnostic::error("Resources are not allowed", detail)
}

/// A rule in words.
fn describe(rule: &ResourceConstraintRule) -> String {
    let mut parts = Vec::new();
    let (cpu, memory) = (&rule.cpu, &rule.memory);
    if cpu.slots.is_empty() {
        parts.extend(range("CPU", cpu.min.as_ref(), cpu.max.as_ref(), ""));
        parts.extend(cpu.step.as_ref().map(|step| format!("CPU in steps of {step}")));
    } else {
        let slots: Vec<String> = cpu.slots.iter().map(ToString::to_string).collect();
        parts.push(format!("CPU {}", slots.join(" or ")));
    }
    match &memory.size_per_cpu {
        Some(size) => parts.push(format!("memory {size} per CPU")),
        None => {
            parts.extend(range(
                "memory",
                memory.min_per_cpu.as_ref(),
                memory.max_per_cpu.as_ref(),
                " per CPU",
            ));
        }
    }
    if let Some(storage) = &rule.storage {
        parts.extend(range("volumes", storage.min.as_ref(), storage.max.as_ref(), ""));
    }
    parts.join(", ")
}

fn range<T: std::fmt::Display>(what: &str, min: Option<&T>, max: Option<&T>, per: &str) -> Option<String> {
    match (min, max) {
        (Some(min), Some(max)) => Some(format!("{what} {min} to {max}{per}")),
        (Some(min), None) => Some(format!("{what} at least {min}{per}")),
        (None, Some(max)) => Some(format!("{what} at most {max}{per}")),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::cluster::schema::Resources;
    use crate::resources::cluster::test_support::{component_mut, redis, text, volume_mut};
    use serde_json::json;

    fn found(observed: bool) -> Found {
        let classes = json!({
            "metadata": {"name": "kb.classes.default.redis", "generation": 1, "labels": {
                ENGINE_LABEL: "redis", COMPONENT_DEFINITION_LABEL: "redis"}},
            "spec": {"groups": [{"series": [{"classes": [{"args": ["1"]}]}]}]},
            "status": {"observedGeneration": i64::from(observed), "classes": [{"name": "general-1c1g"}]},
        });
        let constraint = json!({
            "metadata": {"name": "house-rules"},
            "spec": {
                "rules": [
                    {"name": "small", "cpu": {"slots": ["500m", "1"]}, "memory": {"sizePerCPU": "2Gi"}},
                    {"name": "wide", "cpu": {"min": "2", "max": "8", "step": "2"},
                     "memory": {"minPerCPU": "1Gi", "maxPerCPU": "4Gi"}, "storage": {"min": "20Gi"}},
                ],
                "selector": [{"clusterDefRef": "redis", "components": [
                    {"componentDefRef": "redis", "rules": ["small", "wide"]}]}],
            },
        });
        Found {
            classes: Some(vec![serde_json::from_value(classes).unwrap()]),
            constraints: vec![serde_json::from_value(constraint).unwrap()],
        }
    }

    fn findings(state: &ClusterState, found: &Found) -> Vec<(String, String)> {
        let mut diagnostics = Diagnostics::new();
        judge(state, found, &mut diagnostics);
        diagnostics.into_iter().map(|one| (one.path.unwrap().to_string(), one.detail)).collect()
    }

    fn of_class(class: &str) -> ClusterState {
        let mut state = redis();
        component_mut(&mut state, "redis").resources =
            Value::Known(Resources { class: text(class), ..Resources::default() });
        state
    }

    #[test]
    fn a_class_must_be_one_of_the_component() {
        assert!(findings(&of_class("general-1c1g"), &found(true)).is_empty());
        let (path, detail) = findings(&of_class("general-1c1"), &found(true)).remove(0);
        assert_eq!(path, r#"components["redis"].resources.class"#);
        assert!(detail.contains("There are: general-1c1g.") && detail.contains("Did you mean"), "{detail}");
        // The operator has not told the names of these yet.
        assert!(findings(&of_class("general-1c1"), &found(false)).is_empty());
        assert!(findings(&of_class("general-1c1"), &Found { classes: None, ..found(true) }).is_empty());
        let none = Found { classes: Some(Vec::new()), ..found(true) };
        assert!(findings(&of_class("general-1c1g"), &none)[0].1.contains("There are no classes for it."));
        let mut other = of_class("general-1c1g");
        component_mut(&mut other, "redis").definition = text("redis-sentinel");
        assert_eq!(findings(&other, &found(true)).len(), 1, "a class of another component");
    }

    #[test]
    fn resources_must_keep_to_one_of_the_rules_that_bind_the_component() {
        let sized = |cpu: &str, memory: &str, size: &str| {
            let mut state = redis();
            component_mut(&mut state, "redis").resources =
                Value::Known(Resources { cpu: text(cpu), memory: text(memory), ..Resources::default() });
            volume_mut(&mut state, "redis", "data").size = text(size);
            state
        };
        for (cpu, memory, size, allowed) in [
            ("500m", "1Gi", "1Gi", true),
            ("500m", "2Gi", "1Gi", false),
            ("2", "6Gi", "20Gi", true),
            ("2", "6Gi", "19Gi", false),
            ("3", "6Gi", "20Gi", false),
        ] {
            let findings = findings(&sized(cpu, memory, size), &found(true));
            assert_eq!(findings.is_empty(), allowed, "{cpu} {memory} {size}: {findings:?}");
            for (path, detail) in findings {
                assert_eq!(path, r#"components["redis"].resources"#);
                let rules = "  - small: CPU 500m or 1, memory 2Gi per CPU\n  - wide: CPU 2 to 8, CPU in steps of 2, memory 1Gi to 4Gi per CPU, volumes at least 20Gi\n";
                assert!(detail.contains(rules), "{detail}");
            }
        }
        let mut unbound = sized("3", "6Gi", "1Gi");
        component_mut(&mut unbound, "redis").definition = text("redis-sentinel");
        assert!(findings(&unbound, &found(true)).is_empty());
        let mut unknown = sized("3", "6Gi", "1Gi");
        component_mut(&mut unknown, "redis").resources = Value::Unknown;
        assert!(findings(&unknown, &found(true)).is_empty());
        let mut unknown = sized("3", "6Gi", "1Gi");
        volume_mut(&mut unknown, "redis", "data").size = Value::Unknown;
        assert!(findings(&unknown, &found(true)).is_empty());
    }
}
