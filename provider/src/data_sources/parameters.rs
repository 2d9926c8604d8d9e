//! The data source `kubeblocks_parameters`: what can be set in the files of an engine, and what is set in those of a
//! database. Reads; decides and writes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::ConfigMap;
use kubeblocks_schemas::catalogue::did_you_mean;
use kubeblocks_schemas::parameters::{Effect, Rule, Rules, file};
use kubeblocks_schemas::v1alpha1::configuration::ConfigSpec;
use kubeblocks_schemas::v1alpha1::{Cluster, ClusterDefinition, ClusterVersion, ConfigConstraint};
use tfplugin::prelude::*;

use super::installed::{List, cannot_read, list};
use crate::kubeblocks::naming;
use crate::kubernetes::{Client, Error};
use crate::kubernetes_attribute::KubernetesConnection;
use crate::provider::Shared;
use crate::resources::cluster::parameters::judge::Engine;

const CANNOT_READ: &str = "Cannot read the parameters";

/// Parameters that a `kubeblocks_cluster` may set in `components.<name>.parameters`: either of an engine (`definition`), or of
/// a database that is there (`namespace`, `cluster` and `component`), then with the values that it has.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct ParametersData {
    /// The Kubernetes cluster to look in. Left out, the one of the provider block.
    #[tf(optional)]
    pub kubernetes: Value<KubernetesConnection>,
    /// Engine: name of a `ClusterDefinition`, such as `postgresql`.
    #[tf(optional)]
    pub definition: Value<String>,
    /// Version of the engine: name of a `ClusterVersion`, which may bring files of its own. Only with `definition`.
    #[tf(optional)]
    pub version: Value<String>,
    /// Kubernetes namespace of the database.
    #[tf(optional)]
    pub namespace: Value<String>,
    /// Name of the database.
    #[tf(optional)]
    pub cluster: Value<String>,
    /// With `definition`: one of its components; left out, all of them. With `cluster`: the component of the database.
    #[tf(optional)]
    pub component: Value<String>,
    /// The parameters, sorted by component, config spec, file and name.
    #[tf(computed)]
    pub parameters: Value<List<ParameterData>>,
}

/// A parameter.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct ParameterData {
    /// Component that has it: of the engine's definition, or of the database.
    #[tf(computed)]
    pub component: Value<String>,
    /// Config spec: the key in `parameters` of a database.
    #[tf(computed)]
    pub config_spec: Value<String>,
    /// File of the config spec. Null when the config spec does not tell.
    #[tf(computed)]
    pub file: Value<String>,
    /// Name of the parameter.
    #[tf(computed)]
    pub name: Value<String>,
    /// `integer`, `number`, `string` or `boolean`. Null when the engine's add-on does not tell, or not in a form that is read.
    #[tf(computed, rename = "type")]
    pub kind: Value<String>,
    /// Default, as the add-on tells it.
    #[tf(computed)]
    pub default: Value<String>,
    /// The least value.
    #[tf(computed)]
    pub minimum: Value<String>,
    /// The greatest value.
    #[tf(computed)]
    pub maximum: Value<String>,
    /// Values that it takes; beside those from `minimum` to `maximum`, where these are told. Empty when any other is fine.
    #[tf(computed)]
    pub allowed: Value<List<String>>,
    /// What a change does: `reload` (dynamic: at once), `restart` (static: the instances restart one after the other) or
    /// `refused` (immutable).
    #[tf(computed)]
    pub effect: Value<String>,
    /// What it is, in the words of the add-on's author.
    #[tf(computed)]
    pub description: Value<String>,
    /// The value in the file: of the database, or of the engine's template. Null when it is not there, or comes from an
    /// expression of the template.
    #[tf(computed)]
    pub value: Value<String>,
}

/// The data source.
#[derive(Clone, Debug)]
pub struct ParametersDataSource {
    shared: Arc<Shared>,
}

impl ParametersDataSource {
    /// The data source of a provider.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl DataSource for ParametersDataSource {
    type State = ParametersData;

    const TYPE_NAME: &'static str = "kubeblocks_parameters";

    fn validate(&self, config: &ParametersData, diagnostics: &mut Diagnostics) {
        if let Some(kubernetes) = config.kubernetes.known() {
            kubernetes.validate(&Path::attribute("kubernetes"), diagnostics);
        }
        if let Some((attribute, text)) = wrong_choice(config) {
            diagnostics.push(
                Diagnostic::error("Engine or database", format!("{text}\n\nWrite either `definition`, perhaps with `component` and `version`, or `namespace`, `cluster` and `component`."))
                    .at(Path::attribute(attribute)),
            );
        }
    }

    async fn read(&self, context: &Context, config: ParametersData) -> Result<ParametersData, Diagnostics> {
        let client = self.shared.client_for(&config.kubernetes, CANNOT_READ).await?.obeying(context.stop());
        let failed = |error| cannot_read(CANNOT_READ, &error);
        let source = match config.cluster.known() {
            Some(cluster) => of_cluster(&client, &config, cluster).await.map_err(failed)??,
            None => of_definition(&client, &config).await.map_err(failed)??,
        };
        let parameters = collect(&client, &source).await.map_err(failed)?;
        Ok(ParametersData { parameters: Value::Known(parameters), ..config })
    }
}

/// What is missing or too much; nothing while a part is unknown.
fn wrong_choice(config: &ParametersData) -> Option<(&'static str, &'static str)> {
    let ParametersData { definition, version, namespace, cluster, component, .. } = config;
    if [definition, version, namespace, cluster, component].into_iter().any(Value::is_unknown) {
        return None;
    }
    if definition.is_null() {
        return match (namespace.is_null(), cluster.is_null(), component.is_null()) {
            (true, true, _) => Some(("definition", "Neither an engine nor a database is named.")),
            (true, false, _) => Some(("namespace", "The namespace of the database is missing.")),
            (false, true, _) => Some(("cluster", "The name of the database is missing.")),
            (false, false, true) => Some(("component", "The component of the database is missing.")),
            (false, false, false) if !version.is_null() => {
                Some(("version", "A database has its version already."))
            }
            (false, false, false) => None,
        };
    }
    (!namespace.is_null() || !cluster.is_null())
        .then_some(("definition", "An engine and a database are named at once."))
}

/// Where parameters are looked for.
struct Source {
    definition: ClusterDefinition,
    version: Option<ClusterVersion>,
    /// Name that is shown, and name in the definition.
    components: Vec<(String, String)>,
    /// Namespace and name of the database.
    cluster: Option<(String, String)>,
}

type Found<T> = Result<Result<T, Diagnostics>, Error>;

async fn of_cluster(client: &Client, config: &ParametersData, cluster: &str) -> Found<Source> {
    let namespace = config.namespace.known().cloned().unwrap_or_default();
    let wanted = config.component.known().cloned().unwrap_or_default();
    let Some(object) = client.get_opt::<Cluster>(Some(&namespace), cluster).await? else {
        let text = format!("Cluster {namespace}/{cluster} does not exist.");
        return Ok(Err(Diagnostic::error(CANNOT_READ, text).at(Path::attribute("cluster")).into()));
    };
    let specs = &object.spec.component_specs;
    let Some(component) = specs.iter().find(|spec| spec.name == wanted) else {
        let names: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
        return Ok(Err(no_component(&format!("Cluster {namespace}/{cluster}"), &wanted, &names)));
    };
    let name = &object.spec.cluster_definition_ref;
    let Some(definition) = client.get_opt::<ClusterDefinition>(None, name).await? else {
        let text = format!("Its ClusterDefinition \"{name}\" does not exist.");
        return Ok(Err(Diagnostic::error(CANNOT_READ, text).at(Path::attribute("cluster")).into()));
    };
    let version = match object.spec.cluster_version_ref.as_deref().filter(|name| !name.is_empty()) {
        Some(name) => client.get_opt::<ClusterVersion>(None, name).await?,
        None => None,
    };
    let components = vec![(component.name.clone(), component.component_def_ref.clone())];
    Ok(Ok(Source { definition, version, components, cluster: Some((namespace, cluster.to_owned())) }))
}

async fn of_definition(client: &Client, config: &ParametersData) -> Found<Source> {
    let name = config.definition.known().cloned().unwrap_or_default();
    let Some(definition) = client.get_opt::<ClusterDefinition>(None, &name).await? else {
        let all = client.list::<ClusterDefinition>(None, None).await?;
        let names: Vec<&str> = all.iter().filter_map(|object| object.metadata.name.as_deref()).collect();
        let text = format!(
            "ClusterDefinition \"{name}\" does not exist.{}",
            did_you_mean(&name, names.iter().copied())
        );
        return Ok(Err(Diagnostic::error(CANNOT_READ, text).at(Path::attribute("definition")).into()));
    };
    let version = match config.version.known() {
        Some(version) => {
            if let Some(found) = client.get_opt::<ClusterVersion>(None, version).await? {
                Some(found)
            } else {
                let text = format!("ClusterVersion \"{version}\" does not exist.");
                return Ok(Err(Diagnostic::error(CANNOT_READ, text).at(Path::attribute("version")).into()));
            }
        }
        None => None,
    };
    let names: Vec<String> =
        definition.spec.component_defs.iter().map(|component| component.name.clone()).collect();
    let components: Vec<(String, String)> = names
        .iter()
        .filter(|name| config.component.known().is_none_or(|wanted| wanted == *name))
        .map(|name| (name.clone(), name.clone()))
        .collect();
    if let (true, Some(wanted)) = (components.is_empty(), config.component.known()) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        return Ok(Err(no_component(&format!("ClusterDefinition \"{name}\""), wanted, &names)));
    }
    Ok(Ok(Source { definition, version, components, cluster: None }))
}

fn no_component(owner: &str, wanted: &str, there: &[&str]) -> Diagnostics {
    let text = format!(
        "{owner} has no component \"{wanted}\". It has: {}.{}",
        there.join(", "),
        did_you_mean(wanted, there.iter().copied())
    );
    Diagnostic::error(CANNOT_READ, text).at(Path::attribute("component")).into()
}

async fn collect(client: &Client, source: &Source) -> Result<List<ParameterData>, Error> {
    let engine = Engine { definition: &source.definition, version: source.version.as_ref() };
    let mut parameters = Vec::new();
    for (component, definition) in &source.components {
        let mut specs = engine.config_specs(definition);
        specs.sort_by(|one, other| one.name.cmp(&other.name));
        for spec in specs {
            let Some(constraint) = spec.constraint_ref.as_deref().filter(|name| !name.is_empty()) else {
                continue;
            };
            let Some(constraint) = client.get_opt::<ConfigConstraint>(None, constraint).await? else {
                continue;
            };
            let (namespace, name) = match &source.cluster {
                Some((namespace, cluster)) => {
                    (namespace.as_str(), naming::config_map(cluster, component, &spec.name))
                }
                None => (spec.namespace.as_deref().unwrap_or("default"), spec.template_ref.clone()),
            };
            let files = match client.get_opt::<ConfigMap>(Some(namespace), &name).await {
                Ok(found) => found.and_then(|map| map.data).unwrap_or_default(),
                Err(Error::Forbidden { .. }) => BTreeMap::new(),
                Err(error) => return Err(error),
            };
            parameters.extend(describe(component, spec, &constraint, &files).into_iter().map(Value::Known));
        }
    }
    Ok(parameters)
}

/// Every parameter of a config spec. Where it has several files, those of each.
fn describe(
    component: &str,
    spec: &ConfigSpec,
    constraint: &ConfigConstraint,
    files: &BTreeMap<String, String>,
) -> Vec<ParameterData> {
    let rules = Rules::of(&constraint.spec);
    let mut names: Vec<Option<&String>> = if spec.keys.is_empty() {
        files.keys().map(Some).collect()
    } else {
        spec.keys.iter().map(Some).collect()
    };
    if names.is_empty() {
        names.push(None);
    }
    names.sort();
    let mut all = Vec::new();
    for file in names {
        let text = file.and_then(|file| files.get(file));
        let values = text.and_then(|text| file::values(&constraint.spec.formatter_config, text));
        let values = values.unwrap_or_default();
        for (name, rule) in &rules.rules {
            let Rule { kind, minimum, maximum, allowed, default, description, .. } = rule.clone();
            all.push(ParameterData {
                component: Value::Known(component.to_owned()),
                config_spec: Value::Known(spec.name.clone()),
                file: file.cloned().into(),
                name: Value::Known(name.clone()),
                kind: kind.map(|kind| kind.as_str().to_owned()).into(),
                default: default.into(),
                minimum: minimum.into(),
                maximum: maximum.into(),
                allowed: list(allowed),
                effect: Value::Known(Effect::of(&constraint.spec, name).as_str().to_owned()),
                description: description.into(),
                // An expression of the template is no value.
                value: values.get(name).filter(|value| !value.contains("{{")).cloned().into(),
            });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn known(text: &str) -> Value<String> {
        Value::Known(text.to_owned())
    }

    #[test]
    fn an_engine_or_a_database_is_named_and_not_both() {
        let config = |definition: &str, version: &str, namespace: &str, cluster: &str, component: &str| {
            let value = |text: &str| match text {
                "" => Value::Null,
                "?" => Value::Unknown,
                text => known(text),
            };
            ParametersData {
                definition: value(definition),
                version: value(version),
                namespace: value(namespace),
                cluster: value(cluster),
                component: value(component),
                ..ParametersData::default()
            }
        };
        for (config, expected) in [
            (config("redis", "", "", "", ""), None),
            (config("redis", "v", "", "", "c"), None),
            (config("", "", "n", "x", "c"), None),
            (config("", "", "?", "", ""), None),
            (config("", "", "", "", ""), Some("definition")),
            (config("", "", "", "x", "c"), Some("namespace")),
            (config("", "", "n", "", "c"), Some("cluster")),
            (config("", "", "n", "x", ""), Some("component")),
            (config("", "v", "n", "x", "c"), Some("version")),
            (config("redis", "", "n", "x", "c"), Some("definition")),
        ] {
            assert_eq!(wrong_choice(&config).map(|(attribute, _)| attribute), expected, "{config:?}");
        }
    }

    #[test]
    fn parameters_are_shown_with_what_their_constraint_and_file_tell() {
        let constraint: ConfigConstraint = serde_json::from_value(json!({"metadata": {"name": "r"}, "spec": {
            "formatterConfig": {"format": "properties"},
            "configurationSchema": {"cue": "#R: {\n  // Connections.\n  max?: int & >=6 & <=100 | *20\n  mode?: string & \"a\" | \"b\"\n}"},
            "staticParameters": ["max"], "dynamicParameters": ["mode"], "immutableParameters": ["port"],
        }}))
        .unwrap();
        let spec: ConfigSpec =
            serde_json::from_value(json!({"name": "config", "templateRef": "t", "volumeName": "v"})).unwrap();
        let files = BTreeMap::from([("main.conf".to_owned(), "max = '50'\nport = {{ .port }}\n".to_owned())]);
        let shown = describe("main", &spec, &constraint, &files);
        let names: Vec<_> = shown.iter().map(|one| one.name.clone()).collect();
        assert_eq!(names, ["max", "mode", "port"].map(known));
        assert_eq!(
            shown[0],
            ParameterData {
                component: known("main"),
                config_spec: known("config"),
                file: known("main.conf"),
                name: known("max"),
                kind: known("integer"),
                default: known("20"),
                minimum: known("6"),
                maximum: known("100"),
                allowed: list(Vec::<String>::new()),
                effect: known("restart"),
                description: known("Connections."),
                value: known("50"),
            }
        );
        assert_eq!((&shown[1].effect, &shown[1].allowed), (&known("reload"), &list(["a", "b"])));
        assert_eq!(
            (&shown[2].effect, &shown[2].value, &shown[2].kind),
            (&known("refused"), &Value::Null, &Value::Null)
        );
    }
}
