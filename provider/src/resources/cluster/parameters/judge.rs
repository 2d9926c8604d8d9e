//! What the installed constraints say of written parameters, for plans. Reads them, judges in a pure part.

use std::collections::{BTreeMap, BTreeSet};

use kubeblocks_schemas::catalogue::did_you_mean;
use kubeblocks_schemas::parameters::{Effect, Rules};
use kubeblocks_schemas::v1alpha1::configuration::ConfigSpec;
use kubeblocks_schemas::v1alpha1::{ClusterDefinition, ClusterVersion, ConfigConstraint};
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::path::Path;

use super::{path, split_key, written, written_of};
use crate::kubernetes::{Client, Error};
use crate::resources::cluster::build;
use crate::resources::cluster::schema::{ClusterState, Component};

/// Constraints by name.
pub type Constraints = BTreeMap<String, ConfigConstraint>;

/// The engine that the parameters belong to.
#[derive(Clone, Copy)]
pub struct Engine<'a> {
    /// Its definition.
    pub definition: &'a ClusterDefinition,
    /// Its version, which may bring other files.
    pub version: Option<&'a ClusterVersion>,
}

impl<'a> Engine<'a> {
    /// The config specs of a component definition, with what the version changes.
    pub fn config_specs(self, component: &str) -> Vec<&'a ConfigSpec> {
        let known = self.definition.spec.component(component);
        let versions = self.version.into_iter().flat_map(|version| &version.spec.component_versions);
        let changed: Vec<&ConfigSpec> = versions
            .filter(|version| version.component_def_ref == component)
            .flat_map(|version| &version.config_specs)
            .collect();
        let specs = known.into_iter().flat_map(|known| &known.config_specs);
        specs
            .map(|spec| changed.iter().copied().find(|changed| changed.name == spec.name).unwrap_or(spec))
            .collect()
    }
}

/// Reads the constraints of all config specs that parameters are written for. Those that may not be read are missing.
pub async fn find(client: &Client, state: &ClusterState, engine: Engine<'_>) -> Result<Constraints, Error> {
    let mut wanted = BTreeSet::new();
    for (name, component) in build::known_entries(&state.components) {
        let specs = engine.config_specs(build::definition(name, component));
        let keys = written(&component.parameters);
        let is_written = |spec: &&&ConfigSpec| keys.keys().any(|key| split_key(key).0 == spec.name);
        wanted.extend(specs.iter().filter(is_written).filter_map(|spec| spec.constraint_ref.clone()));
    }
    let mut found = Constraints::new();
    for name in wanted.into_iter().filter(|name| !name.is_empty()) {
        match client.get_opt::<ConfigConstraint>(None, &name).await {
            Ok(Some(constraint)) => drop(found.insert(name, constraint)),
            Ok(None) | Err(Error::Forbidden { .. } | Error::Decode { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// What stands against the parameters.
pub fn judge(state: &ClusterState, engine: Engine<'_>, constraints: &Constraints, into: &mut Diagnostics) {
    for (name, component) in build::known_entries(&state.components) {
        if component.definition.is_unknown() {
            continue;
        }
        let definition = build::definition(name, component);
        let specs = engine.config_specs(definition);
        for (key, values) in written(&component.parameters) {
            let (wanted, _) = split_key(&key);
            let Some(spec) = specs.iter().find(|spec| spec.name == wanted) else {
                let names: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
                let detail = format!(
                    "The component \"{definition}\" has no config spec \"{wanted}\". It has {}.{}",
                    quoted(&names),
                    did_you_mean(wanted, names.iter().copied())
                );
                into.push(Diagnostic::error("Unknown parameters", detail).at(path(name, &key, None)));
                continue;
            };
            let Some(constraint) = spec.constraint_ref.as_ref().filter(|name| !name.is_empty()) else {
                let detail = format!(
                    "The config spec \"{wanted}\" has no ConfigConstraint: KubeBlocks takes only whole files for it, not single parameters."
                );
                into.push(Diagnostic::error("Parameters cannot be set", detail).at(path(name, &key, None)));
                continue;
            };
            if let Some(constraint) = constraints.get(constraint) {
                for (parameter, value) in &values {
                    if let Some(found) = judge_value(constraint, parameter, value) {
                        into.push(found.at(path(name, &key, Some(parameter))));
                    }
                }
            }
        }
    }
}

fn judge_value(constraint: &ConfigConstraint, parameter: &str, value: &str) -> Option<Diagnostic> {
    let source = constraint.metadata.name.as_deref().unwrap_or_default();
    if Effect::of(&constraint.spec, parameter) == Effect::Refused {
        let detail = format!(
            "The ConfigConstraint \"{source}\" says that \"{parameter}\" cannot be changed. Take it out of `parameters`."
        );
        return Some(Diagnostic::error("Parameter cannot be changed", detail));
    }
    let rules = Rules::of(&constraint.spec);
    let Some(rule) = rules.rules.get(parameter) else {
        let names: Vec<&str> = rules.names().into_iter().collect();
        let detail = format!(
            "The ConfigConstraint \"{source}\" knows no parameter \"{parameter}\", and KubeBlocks would refuse it.{}\n\nThe data source `kubeblocks_parameters` lists all of them.",
            did_you_mean(parameter, names.iter().copied())
        );
        return rules.is_closed.then(|| Diagnostic::error("Unknown parameter", detail));
    };
    let reason = rule.violation(value)?;
    let detail =
        format!("\"{parameter}\" is \"{value}\", but {reason}. So says the ConfigConstraint \"{source}\".");
    Some(Diagnostic::error("Invalid value of a parameter", detail))
}

/// What the change of parameters does, as far as the definition and its constraints tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    /// By component: where a parameter stands that takes effect only in a new process.
    restarts: BTreeMap<String, Vec<Path>>,
    /// By component: what nobody could tell.
    undecided: BTreeMap<String, Vec<Path>>,
}

impl Effects {
    /// Where parameters of a component stand whose change restarts its instances.
    pub fn restarts(&self, component: &str) -> impl Iterator<Item = &Path> {
        self.restarts.get(component).into_iter().flatten()
    }

    /// Where parameters of a component stand of which nobody could tell.
    pub fn undecided(&self, component: &str) -> impl Iterator<Item = &Path> {
        self.undecided.get(component).into_iter().flatten()
    }
}

/// Which changes of parameters restart instances. A component that is only now made has none.
pub fn effects(
    prior: &ClusterState,
    planned: &ClusterState,
    engine: Engine<'_>,
    constraints: &Constraints,
) -> Effects {
    let mut effects = Effects::default();
    for (name, component) in build::known_entries(&planned.components) {
        if !build::known_entries(&prior.components).any(|(known, _)| known == name) {
            continue;
        }
        let specs = engine.config_specs(build::definition(name, component));
        for (key, parameter, path) in changed(prior, name, component) {
            let constraint = specs
                .iter()
                .find(|spec| spec.name == split_key(&key).0)
                .and_then(|spec| constraints.get(spec.constraint_ref.as_ref()?));
            let into = match constraint {
                None => &mut effects.undecided,
                Some(known) if Effect::of(&known.spec, &parameter) == Effect::Restart => {
                    &mut effects.restarts
                }
                Some(_) => continue,
            };
            into.entry(name.clone()).or_default().push(path);
        }
    }
    effects
}

/// Parameters of a component that are set, changed or taken out: config spec, name, and where that stands.
fn changed(prior: &ClusterState, name: &str, component: &Component) -> Vec<(String, String, Path)> {
    let (before, after) = (written_of(prior, name), written(&component.parameters));
    let mut changed = Vec::new();
    for key in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        let (old, new) = (before.get(key), after.get(key));
        for parameter in old.into_iter().chain(new).flat_map(BTreeMap::keys).collect::<BTreeSet<_>>() {
            let value = |of: Option<&BTreeMap<String, String>>| of.and_then(|of| of.get(parameter).cloned());
            if value(old) != value(new) {
                changed.push((key.clone(), parameter.clone(), path(name, key, Some(parameter))));
            }
        }
    }
    changed
}

fn quoted(names: &[&str]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::Parameters;
    use super::super::test_support::parameters;
    use super::*;
    use crate::resources::cluster::test_support::{component_mut, redis};
    use serde_json::json;
    use tfplugin::diagnostic::Severity;
    use tfplugin::typed::Value;

    fn definition() -> ClusterDefinition {
        let spec = |name: &str, constraint: Option<&str>| json!({"name": name, "templateRef": "t", "volumeName": "v", "constraintRef": constraint});
        serde_json::from_value(json!({"metadata": {"name": "redis"}, "spec": {"componentDefs": [{
            "name": "redis", "workloadType": "Replication",
            "configSpecs": [spec("config", Some("rules")), spec("free", None), spec("hidden", Some("not-readable"))],
        }]}}))
        .unwrap()
    }

    fn constraints() -> Constraints {
        let rules = json!({"metadata": {"name": "rules"}, "spec": {
            "formatterConfig": {"format": "redis"},
            "configurationSchema": {"cue": "#R: {\n  max?: int & >=6 & <=100\n  mode?: string & \"a\" | \"b\"\n}"},
            "staticParameters": ["max"], "dynamicParameters": ["mode"], "immutableParameters": ["port"],
        }});
        Constraints::from([("rules".to_owned(), serde_json::from_value(rules).unwrap())])
    }

    fn state(value: Parameters) -> ClusterState {
        let mut state = redis();
        component_mut(&mut state, "redis").parameters = value;
        state
    }

    fn found(diagnostics: &Diagnostics, severity: Severity) -> Vec<(String, String)> {
        diagnostics
            .iter()
            .filter(|found| found.severity == severity)
            .map(|found| (found.path.as_ref().unwrap().to_string(), found.detail.clone()))
            .collect()
    }

    #[test]
    fn what_a_constraint_forbids_is_an_error_at_the_parameter() {
        let definition = definition();
        let engine = Engine { definition: &definition, version: None };
        let place = |rest: &str| format!(r#"components["redis"].parameters{rest}"#);
        for (key, name, value, expected) in [
            ("config", "max", "50", None),
            ("config", "max", "500", Some((r#"["config"]["max"]"#, "it takes 6 to 100"))),
            (
                "config/redis.conf",
                "mode",
                "c",
                Some((r#"["config/redis.conf"]["mode"]"#, r#"takes "a", "b""#)),
            ),
            ("config", "port", "1", Some((r#"["config"]["port"]"#, "cannot be changed"))),
            ("config", "maxx", "50", Some((r#"["config"]["maxx"]"#, "Did you mean \"max\"?"))),
            ("confg", "max", "50", Some((r#"["confg"]"#, "Did you mean \"config\"?"))),
            ("free", "a", "1", Some((r#"["free"]"#, "only whole files"))),
            ("hidden", "a", "1", None),
        ] {
            let mut diagnostics = Diagnostics::new();
            let state = state(parameters([(key, [(name, value)])]));
            judge(&state, engine, &constraints(), &mut diagnostics);
            let found = found(&diagnostics, Severity::Error);
            match expected {
                None => assert!(found.is_empty(), "{key} {name}: {found:?}"),
                Some((path, text)) => {
                    assert_eq!(found.len(), 1, "{found:?}");
                    assert_eq!(found[0].0, place(path));
                    assert!(found[0].1.contains(text), "{}", found[0].1);
                }
            }
        }
    }

    #[test]
    fn only_a_change_of_a_static_parameter_restarts() {
        let definition = definition();
        let engine = Engine { definition: &definition, version: None };
        let set = |max: &str, mode: &str| parameters([("config", [("max", max), ("mode", mode)])]);
        let one = |name: &str, value: &str| parameters([("config", [(name, value)])]);
        let max = r#"components["redis"].parameters["config"]["max"]"#;
        for (before, after, expected) in [
            (set("50", "a"), set("50", "a"), None),
            (set("50", "a"), set("50", "b"), None),
            (set("50", "a"), set("60", "b"), Some(max)),
            (Value::Null, one("mode", "a"), None),
            (Value::Null, one("max", "9"), Some(max)),
            (set("50", "a"), one("mode", "a"), Some(max)),
            (one("max", "9"), Value::Null, Some(max)),
        ] {
            let effects = effects(&state(before), &state(after), engine, &constraints());
            let found: Vec<String> = effects.restarts("redis").map(ToString::to_string).collect();
            assert_eq!(found, Vec::from_iter(expected));
            assert_eq!(effects.undecided("redis").count(), 0);
        }
        let hidden = effects(&state(Value::Null), &state(one("max", "9")), engine, &Constraints::new());
        let undecided: Vec<String> = hidden.undecided("redis").map(ToString::to_string).collect();
        assert_eq!((undecided, hidden.restarts("redis").count()), (vec![max.to_owned()], 0));
    }

    #[test]
    fn a_version_may_bring_another_constraint() {
        let definition = definition();
        let version: ClusterVersion = serde_json::from_value(json!({"metadata": {"name": "v"}, "spec": {
            "clusterDefinitionRef": "redis",
            "componentVersions": [{"componentDefRef": "redis", "versionsContext": {}, "configSpecs": [
                {"name": "config", "templateRef": "t2", "volumeName": "v", "constraintRef": "rules-2"},
            ]}],
        }}))
        .unwrap();
        let engine = Engine { definition: &definition, version: Some(&version) };
        let constraint = |name: &str| {
            let specs = engine.config_specs("redis");
            specs.iter().find(|spec| spec.name == name).and_then(|spec| spec.constraint_ref.clone())
        };
        assert_eq!(constraint("config").as_deref(), Some("rules-2"));
        assert_eq!(constraint("free"), None);
        assert!(engine.config_specs("other").is_empty());
    }
}
