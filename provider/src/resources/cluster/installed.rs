//! What the Kubernetes cluster has of what a database asks for: its definition, version, components, logs and parameters. Reads
//! from the API, judges in a pure part. Says what is there instead.

use kubeblocks_schemas::catalogue::{Catalogue, did_you_mean, suggest};

use kubeblocks_schemas::v1alpha1::{AvailabilityPhase, ClusterDefinition, ClusterVersion};
use tfplugin::diagnostic::{Diagnostic, Diagnostics, Severity};
use tfplugin::path::Path;

use super::build;
use super::parameters::judge::{Constraints, Effects, Engine};
use super::schema::ClusterState;
use super::{parameters, service_references, sizes};
use crate::kubernetes::{Client, Error};

/// Summary of the finding that a definition is not there.
pub const NOT_INSTALLED: &str = "Engine is not installed";

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    definition: Option<ClusterDefinition>,
    version: Option<ClusterVersion>,
    /// Constraints of the config specs that parameters are written for.
    constraints: Constraints,
    /// What references lead to.
    services: service_references::Found,
    /// Classes and constraints that the sizes are held to.
    sizes: sizes::Found,
    /// Names of all definitions; only read when the wanted one is missing.
    definitions: Vec<String>,
    /// Names of the definition's versions; only read when the wanted one is missing.
    versions: Vec<String>,
}

/// When it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// While planning: what is missing may come from the same apply.
    Plan,
    /// Before it is needed: what is missing stays missing.
    Apply,
}

/// Looks for what `state` asks for, as far as that is known.
pub async fn find(
    client: &Client,
    prior: Option<&ClusterState>,
    state: &ClusterState,
) -> Result<Found, Error> {
    let mut found = Found::default();
    if let Some(definition) = state.definition.known() {
        found.definition = client.get_opt(None, definition).await?;
        if found.definition.is_none() {
            let all: Vec<ClusterDefinition> = client.list(None, None).await?;
            found.definitions = all.into_iter().filter_map(|object| object.metadata.name).collect();
        }
    }
    if let (Some(version), Some(definition)) = (state.version.known(), state.definition.known()) {
        found.version = client.get_opt(None, version).await?;
        if found.version.is_none() && found.definition.is_some() {
            let all: Vec<ClusterVersion> = client.list(None, None).await?;
            found.versions = all
                .into_iter()
                .filter(|object| object.spec.cluster_definition_ref == *definition)
                .filter_map(|object| object.metadata.name)
                .collect();
        }
    }
    if found.definition.is_some() {
        found.services = Box::pin(service_references::find(client, state)).await?;
        found.sizes = Box::pin(sizes::find(client, state)).await?;
    }
    if let Some(engine) = found.engine() {
        let mut constraints = parameters::judge::find(client, state, engine).await?;
        if let Some(prior) = prior {
            constraints.extend(parameters::judge::find(client, prior, engine).await?);
        }
        found.constraints = constraints;
    }
    Ok(found)
}

impl Found {
    fn engine(&self) -> Option<Engine<'_>> {
        Some(Engine { definition: self.definition.as_ref()?, version: self.version.as_ref() })
    }
}

/// What the change of parameters does, or `None` when the definition is not there to tell.
pub fn effects(prior: &ClusterState, planned: &ClusterState, found: &Found) -> Option<Effects> {
    found.engine().map(|engine| parameters::judge::effects(prior, planned, engine, &found.constraints))
}

/// What stands against `state`.
pub fn judge(state: &ClusterState, found: &Found, moment: Moment) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let Some(wanted) = state.definition.known() else { return diagnostics };
    match &found.definition {
        None => diagnostics.push(missing_definition(wanted, found, moment)),
        Some(definition) => {
            judge_components(state, definition, &mut diagnostics);
            judge_version(state, wanted, found, &mut diagnostics);
            service_references::judge(state, definition, &found.services, moment, &mut diagnostics);
            sizes::judge(state, &found.sizes, &mut diagnostics);
            if let Some(engine) = found.engine() {
                parameters::judge::judge(state, engine, &found.constraints, &mut diagnostics);
            }
        }
    }
    diagnostics
}

fn missing_definition(wanted: &str, found: &Found, moment: Moment) -> Diagnostic {
    let in_catalogue = Catalogue::v0_7().addon_of(wanted);
    let slip = match in_catalogue {
        Some(_) => None,
        None => suggest(wanted, found.definitions.iter().map(String::as_str)),
    };
    let severity =
        if moment == Moment::Apply || slip.is_some() { Severity::Error } else { Severity::Warning };
    let remedy = match (slip, in_catalogue) {
        (Some(near), _) => format!("Did you mean \"{near}\"?"),
        (None, Some(addon)) => {
            let addon = addon.object.unwrap_or(addon.name);
            format!(
                "The add-on \"{addon}\" brings it: enable it with a `kubeblocks_addon` named \"{addon}\", and refer to that \
                 resource's `kubernetes` here, so that it comes first."
            )
        }
        (None, None) => "Install the add-on that brings it, or choose an installed one.".to_owned(),
    };
    let comfort =
        if severity == Severity::Warning { " When the same apply installs it, all is well." } else { "" };
    let detail = format!(
        "The ClusterDefinition \"{wanted}\" is not installed in the Kubernetes cluster. {}\n\n{remedy}{comfort}",
        list("Installed are", &found.definitions)
    );
    Diagnostic { severity, ..Diagnostic::error(NOT_INSTALLED, detail) }.at(Path::attribute("definition"))
}

fn judge_components(state: &ClusterState, definition: &ClusterDefinition, diagnostics: &mut Diagnostics) {
    let names: Vec<String> =
        definition.spec.component_defs.iter().map(|component| component.name.clone()).collect();
    for (name, component) in build::known_entries(&state.components) {
        if component.definition.is_unknown() {
            continue;
        }
        let path = Path::attribute("components").then_key(name);
        let wanted = build::definition(name, component);
        let Some(known) = definition.spec.component(wanted) else {
            let hint = did_you_mean(wanted, names.iter().map(String::as_str));
            let what =
                if component.definition.is_null() { " (the key, as `definition` is left out)" } else { "" };
            let detail = format!(
                "The installed ClusterDefinition \"{}\" has no component \"{wanted}\"{what}. {}{hint}",
                state.definition.known().map_or("", String::as_str),
                list("It has", &names)
            );
            let path = if component.definition.is_null() { path } else { path.then_attribute("definition") };
            diagnostics.push(Diagnostic::error("Unknown component", detail).at(path));
            continue;
        };
        let logs: Vec<String> = known.log_configs.iter().map(|log| log.name.clone()).collect();
        for log in component.logs.known().into_iter().flat_map(|set| &set.0).filter_map(|log| log.known()) {
            if !logs.contains(log) {
                let hint = did_you_mean(log, logs.iter().map(String::as_str));
                let detail = format!(
                    "The component \"{wanted}\" has no log \"{log}\". {}{hint}\n\nKubeBlocks would not start the database.",
                    list("It has", &logs)
                );
                diagnostics.push(Diagnostic::error("Unknown log", detail).at(path.then_attribute("logs")));
            }
        }
    }
}

fn judge_version(state: &ClusterState, definition: &str, found: &Found, diagnostics: &mut Diagnostics) {
    let Some(wanted) = state.version.known() else { return };
    let path = Path::attribute("version");
    match &found.version {
        None => {
            let hint = did_you_mean(wanted, found.versions.iter().map(String::as_str));
            let detail = format!(
                "The ClusterVersion \"{wanted}\" is not installed in the Kubernetes cluster. {}{hint}",
                list(&format!("Installed for \"{definition}\" are"), &found.versions)
            );
            diagnostics.push(Diagnostic::error("Version is not installed", detail).at(path));
        }
        Some(version) if version.spec.cluster_definition_ref != definition => {
            let detail = format!(
                "The ClusterVersion \"{wanted}\" belongs to the definition \"{}\", not to \"{definition}\". KubeBlocks does not check this and would start the wrong images.",
                version.spec.cluster_definition_ref
            );
            diagnostics.push(Diagnostic::error("Version of another engine", detail).at(path));
        }
        Some(version) => {
            let status = version.status.clone().unwrap_or_default();
            if status.phase == Some(AvailabilityPhase::Unavailable) {
                let why = status.message.filter(|why| !why.is_empty());
                let why = why.map_or_else(String::new, |why| format!(": {why}"));
                let detail = format!(
                    "The ClusterVersion \"{wanted}\" is not available{why}. KubeBlocks would not use it. Its add-on may have to be installed anew."
                );
                diagnostics.push(Diagnostic::error("Version is not available", detail).at(path));
            }
        }
    }
}

fn list(introduction: &str, names: &[String]) -> String {
    if names.is_empty() {
        return format!("{introduction} none.");
    }
    let mut names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    names.sort();
    format!("{introduction} {}.", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::cluster::test_support::{component_mut, redis, redis_and_sentinel, set, text};
    use serde_json::json;
    use tfplugin::typed::Value;

    fn found() -> Found {
        let definition = json!({
            "metadata": {"name": "redis"},
            "spec": {"componentDefs": [
                {"name": "redis", "workloadType": "Replication", "logConfigs": [{"name": "running", "filePathPattern": "/x"}]},
                {"name": "redis-sentinel", "workloadType": "Stateful"}
            ]}
        });
        Found {
            definition: Some(serde_json::from_value(definition).unwrap()),
            version: Some(version("redis-7.0.6", "redis")),
            ..Found::default()
        }
    }

    fn version(name: &str, definition: &str) -> ClusterVersion {
        let object = json!({"metadata": {"name": name}, "spec": {"clusterDefinitionRef": definition, "componentVersions": []}});
        serde_json::from_value(object).unwrap()
    }

    fn missing(names: &[&str]) -> Found {
        Found { definitions: names.iter().map(|name| (*name).to_owned()).collect(), ..Found::default() }
    }

    /// Severity, path and detail of the only finding.
    fn only(state: &ClusterState, found: &Found, moment: Moment) -> (Severity, String, String) {
        let all: Vec<Diagnostic> = judge(state, found, moment).into_iter().collect();
        assert_eq!(all.len(), 1, "{all:?}");
        (all[0].severity, all[0].path.as_ref().unwrap().to_string(), all[0].detail.clone())
    }

    #[test]
    fn a_version_that_the_operator_does_not_offer_is_refused() {
        let mut found = found();
        found.version.as_mut().unwrap().status =
            serde_json::from_value(json!({"phase": "Unavailable", "message": "no such image"})).unwrap();
        let (severity, path, detail) = only(&redis(), &found, Moment::Plan);
        assert_eq!((severity, path.as_str()), (Severity::Error, "version"));
        assert!(detail.contains("no such image"), "{detail}");
    }

    #[test]
    fn what_is_installed_is_fine() {
        for moment in [Moment::Plan, Moment::Apply] {
            assert!(judge(&redis_and_sentinel(), &found(), moment).is_empty());
        }
    }

    #[test]
    fn a_missing_definition_is_an_error_at_apply_and_at_plan_only_when_it_is_a_slip() {
        let (severity, path, detail) = only(&redis(), &missing(&["kafka", "postgresql"]), Moment::Plan);
        assert_eq!((severity, path.as_str()), (Severity::Warning, "definition"));
        assert!(
            detail.contains("Installed are \"kafka\", \"postgresql\".")
                && detail.contains("add-on \"redis\""),
            "{detail}"
        );
        assert_eq!(only(&redis(), &missing(&["kafka"]), Moment::Apply).0, Severity::Error);

        let slip = ClusterState { definition: text("postgresq"), ..redis() };
        let (severity, _, detail) = only(&slip, &missing(&["kafka", "postgresql"]), Moment::Plan);
        assert_eq!(severity, Severity::Error);
        assert!(detail.contains("Did you mean \"postgresql\"?"), "{detail}");

        let own = ClusterState { definition: text("our-engine"), ..redis() };
        assert_eq!(only(&own, &missing(&[]), Moment::Plan).0, Severity::Warning);
    }

    #[test]
    fn a_version_must_be_installed_and_of_the_definition() {
        let none = Found { version: None, versions: vec!["redis-7.0.6".to_owned()], ..found() };
        let wrong = ClusterState { version: text("redis-7.0.5"), ..redis() };
        let (severity, path, detail) = only(&wrong, &none, Moment::Plan);
        assert_eq!((severity, path.as_str()), (Severity::Error, "version"));
        assert!(detail.contains("Did you mean \"redis-7.0.6\"?"), "{detail}");

        let other = Found { version: Some(version("kafka-3.3.2", "kafka")), ..found() };
        assert!(only(&redis(), &other, Moment::Apply).2.contains("belongs to the definition \"kafka\""));
    }

    #[test]
    fn components_and_logs_must_be_those_of_the_installed_definition() {
        let mut state = redis_and_sentinel();
        component_mut(&mut state, "sentinel").definition = text("redis-sentinal");
        let (_, path, detail) = only(&state, &found(), Moment::Plan);
        assert_eq!(path, r#"components["sentinel"].definition"#);
        assert!(detail.contains("Did you mean \"redis-sentinel\"?"), "{detail}");

        component_mut(&mut state, "sentinel").definition = Value::Null;
        let (_, path, detail) = only(&state, &found(), Moment::Plan);
        assert_eq!(path, r#"components["sentinel"]"#);
        assert!(detail.contains("the key, as `definition` is left out"), "{detail}");

        component_mut(&mut state, "sentinel").definition = Value::Unknown;
        assert!(judge(&state, &found(), Moment::Plan).is_empty());

        let mut state = redis();
        component_mut(&mut state, "redis").logs = set(["runing"]);
        let (_, path, detail) = only(&state, &found(), Moment::Plan);
        assert_eq!(path, r#"components["redis"].logs"#);
        assert!(detail.contains("Did you mean \"running\"?"), "{detail}");
    }
}
