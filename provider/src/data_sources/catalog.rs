//! The data source `kubeblocks_catalog`: what KubeBlocks ships, from data in this program. Asks nobody: neither a
//! Kubernetes cluster nor the network.

use kubeblocks_schemas::catalogue::{Addon, Catalogue, Component, Definition, Function, Support, suggest};
use tfplugin::prelude::*;

use super::installed::{List, list};
use crate::resources::cluster::schema::Map;

/// The add-ons that KubeBlocks v0.7 ships, their engines, versions and functions. It is told offline, without any
/// Kubernetes cluster; what one of these has, `kubeblocks_addons` tells.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct CatalogData {
    /// Only the add-on of this name, as in the support matrix, such as `polardb-x`.
    #[tf(optional, validate = known_addon)]
    pub name: Value<String>,
    /// Only add-ons that support this function: `vscale`, `hscale`, `volume_expand`, `stop_start`, `restart`,
    /// `backup_restore`, `logs`, `config`, `upgrade`, `account`, `failover`, `switchover` or `monitor`.
    #[tf(optional, validate = known_function)]
    pub function: Value<String>,
    /// The line of KubeBlocks that this is about, such as `v0.7`.
    #[tf(computed)]
    pub line: Value<String>,
    /// The add-ons, by name.
    #[tf(computed)]
    pub addons: Value<Map<CatalogAddon>>,
}

/// An add-on of the catalogue.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct CatalogAddon {
    /// What it is, in one line.
    #[tf(computed)]
    pub description: Value<String>,
    /// Name of the `Addon` that installs it: what `kubeblocks_addon` takes as `name`. Null for those that have a chart
    /// but no `Addon`.
    #[tf(computed)]
    pub addon: Value<String>,
    /// Name of its Helm chart. Null when KubeBlocks ships none.
    #[tf(computed)]
    pub chart: Value<String>,
    /// Whether the operator installs it by itself.
    #[tf(computed)]
    pub auto_install: Value<bool>,
    /// Versions of the engine, as the support matrix states them. What `version` of a database takes is in
    /// `cluster_definitions`.
    #[tf(computed)]
    pub versions: Value<List<String>>,
    /// The engines that it brings, by name of the `ClusterDefinition`.
    #[tf(computed)]
    pub cluster_definitions: Value<Map<CatalogDefinition>>,
    /// The support matrix: for each function `yes`, `n/a` when it is not supported, or empty where the matrix says
    /// nothing.
    #[tf(computed)]
    pub functions: Value<Map<String>>,
}

/// An engine of the catalogue.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct CatalogDefinition {
    /// Its components, by name.
    #[tf(computed)]
    pub components: Value<Map<CatalogComponent>>,
    /// Names of its `ClusterVersion`s: what `version` of a database takes.
    #[tf(computed)]
    pub cluster_versions: Value<List<String>>,
    /// The version that its add-on marks as default, or the only one.
    #[tf(computed)]
    pub default_version: Value<String>,
    /// Names of its backup methods.
    #[tf(computed)]
    pub backup_methods: Value<List<String>>,
    /// Keys of the Secret that holds a database's user, password and addresses.
    #[tf(computed)]
    pub connection_keys: Value<List<String>>,
}

/// A component of an engine of the catalogue.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct CatalogComponent {
    /// How its instances relate to each other: `Stateless`, `Stateful`, `Consensus` (they elect a leader) or
    /// `Replication` (one primary, the others follow).
    #[tf(computed)]
    pub workload_type: Value<String>,
    /// The protocol of its probes and accounts, such as `mysql`.
    #[tf(computed)]
    pub character_type: Value<String>,
    /// Volumes that can be claimed for it.
    #[tf(computed)]
    pub volumes: Value<List<String>>,
    /// Its configuration files, by the name that `parameters` of a database uses.
    #[tf(computed)]
    pub config_specs: Value<List<String>>,
    /// Logs that can be collected: what `logs` of a database may name.
    #[tf(computed)]
    pub logs: Value<List<String>>,
    /// Ports of its Service, by name. Empty when it has no Service.
    #[tf(computed)]
    pub ports: Value<Map<i64>>,
    /// Accounts that the operator makes for itself.
    #[tf(computed)]
    pub system_accounts: Value<List<String>>,
    /// Whether its leading role can be moved on request.
    #[tf(computed)]
    pub switchover: Value<bool>,
    /// Instances in the smallest setup.
    #[tf(computed)]
    pub replicas: Value<i64>,
    /// Instances in the setup that survives the loss of one. Null where the add-on has no such setup.
    #[tf(computed)]
    pub available_replicas: Value<i64>,
}

/// The data source.
#[derive(Clone, Copy, Debug)]
pub struct CatalogDataSource;

impl DataSource for CatalogDataSource {
    type State = CatalogData;

    const TYPE_NAME: &'static str = "kubeblocks_catalog";

    async fn read(&self, _context: &Context, config: CatalogData) -> Result<CatalogData, Diagnostics> {
        Ok(show(config, Catalogue::v0_7()))
    }
}

fn show(config: CatalogData, catalogue: &Catalogue) -> CatalogData {
    let function = config.function.known().and_then(|name| Function::from_name(name));
    let addons = catalogue
        .addons()
        .filter(|addon| config.name.known().is_none_or(|wanted| addon.name == wanted))
        .filter(|addon| function.is_none_or(|function| addon.support(function) == Support::Yes))
        .map(|addon| (addon.name.to_owned(), Value::Known(describe(addon))))
        .collect();
    CatalogData { line: Value::Known(catalogue.line.to_owned()), addons: Value::Known(addons), ..config }
}

fn describe(addon: &Addon) -> CatalogAddon {
    CatalogAddon {
        description: Value::Known(addon.description.to_owned()),
        addon: addon.object.map(str::to_owned).into(),
        chart: addon.chart.map(str::to_owned).into(),
        auto_install: Value::Known(addon.installed_by_default),
        versions: list(addon.engine_versions.iter().copied()),
        cluster_definitions: Value::Known(
            addon
                .definitions
                .iter()
                .map(|definition| (definition.name.to_owned(), Value::Known(describe_definition(definition))))
                .collect(),
        ),
        functions: Value::Known(
            Function::ALL
                .into_iter()
                .map(|function| {
                    let support = addon.support(function).as_str();
                    (function.as_str().to_owned(), Value::Known(support.to_owned()))
                })
                .collect(),
        ),
    }
}

fn describe_definition(definition: &Definition) -> CatalogDefinition {
    CatalogDefinition {
        components: Value::Known(
            definition
                .components
                .iter()
                .map(|component| (component.name.to_owned(), Value::Known(describe_component(component))))
                .collect(),
        ),
        cluster_versions: list(definition.versions.iter().copied()),
        default_version: definition.default_version.map(str::to_owned).into(),
        backup_methods: list(definition.backup_methods.iter().copied()),
        connection_keys: list(definition.connection_keys.iter().copied()),
    }
}

fn describe_component(component: &Component) -> CatalogComponent {
    CatalogComponent {
        workload_type: Value::Known(component.workload.as_str().to_owned()),
        character_type: component.character.map(str::to_owned).into(),
        volumes: list(component.volumes.iter().copied()),
        config_specs: list(component.configs.iter().copied()),
        logs: list(component.logs.iter().copied()),
        ports: Value::Known(
            component
                .ports
                .iter()
                .map(|port| (port.name.to_owned(), Value::Known(i64::from(port.number))))
                .collect(),
        ),
        system_accounts: list(component.accounts.iter().copied()),
        switchover: Value::Known(component.switchover),
        replicas: Value::Known(i64::from(component.replicas)),
        available_replicas: component.available_replicas.map(i64::from).into(),
    }
}

fn known_addon(name: &str) -> Result<(), String> {
    let catalogue = Catalogue::v0_7();
    if catalogue.addon(name).is_some() {
        return Ok(());
    }
    let names: Vec<&str> = catalogue.addons().map(|addon| addon.name).collect();
    Err(unknown("add-on", name, &names, &[]))
}

fn known_function(name: &str) -> Result<(), String> {
    if Function::from_name(name).is_some() {
        return Ok(());
    }
    Err(unknown("function", name, &Function::ALL.map(Function::as_str), &[]))
}

/// Says that something is not in the catalogue, what is, and what was probably meant: one of `names` or of `further`
/// names, which are too many to list.
pub(crate) fn unknown(what: &str, name: &str, names: &[&str], further: &[&str]) -> String {
    let line = Catalogue::v0_7().line;
    let meant = suggest(name, names.iter().chain(further).copied());
    let meant = meant.map(|meant| format!(" Did you mean {meant:?}?")).unwrap_or_default();
    let mut names = names.to_vec();
    names.sort_unstable();
    format!("KubeBlocks {line} has no {what} {name:?}.{meant} It has: {}.", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: Option<&str>, function: Option<&str>) -> Map<CatalogAddon> {
        let config = CatalogData {
            name: name.map(str::to_owned).into(),
            function: function.map(str::to_owned).into(),
            ..CatalogData::default()
        };
        show(config, Catalogue::v0_7()).addons.known().unwrap().clone()
    }

    #[test]
    fn the_catalogue_has_32_add_ons_with_13_functions_each() {
        let all = shown(None, None);
        assert_eq!(all.len(), 32);
        let mut cells = std::collections::BTreeMap::new();
        for addon in all.values().filter_map(Value::known) {
            let functions = addon.functions.known().unwrap();
            assert_eq!(functions.len(), 13);
            for cell in functions.values().filter_map(Value::known) {
                *cells.entry(cell.clone()).or_insert(0) += 1;
            }
        }
        let expected = [("", 15), ("n/a", 224), ("yes", 177)];
        assert_eq!(cells, expected.map(|(cell, count)| (cell.to_owned(), count)).into());
    }

    #[test]
    fn filters_choose_by_name_and_by_function() {
        let names = |addons: Map<CatalogAddon>| addons.into_keys().collect::<Vec<_>>();
        assert_eq!(names(shown(Some("redis"), None)), ["redis"]);
        assert_eq!(names(shown(None, Some("upgrade"))), ["postgresql"]);
        assert_eq!(names(shown(Some("redis"), Some("upgrade"))), [] as [&str; 0]);
    }

    #[test]
    fn an_add_on_is_shown_with_what_its_engines_consist_of() {
        let polardb = shown(Some("polardb-x"), None).remove("polardb-x").unwrap();
        let polardb = polardb.known().unwrap();
        assert_eq!(polardb.addon, Value::Known("polardbx".into()));
        assert_eq!(polardb.versions, list(["2.3"]));
        let etcd = shown(Some("etcd"), None).remove("etcd").unwrap();
        let etcd = etcd.known().unwrap();
        assert_eq!((&etcd.addon, &etcd.chart), (&Value::Null, &Value::Known("etcd".into())));
        let definition = etcd.cluster_definitions.known().unwrap()["etcd"].known().unwrap();
        let component = definition.components.known().unwrap()["etcd"].known().unwrap();
        assert_eq!(component.workload_type, Value::Known("Consensus".into()));
        assert_eq!(component.ports.known().unwrap()["client"], Value::Known(2379));
    }

    #[test]
    fn names_that_do_not_exist_are_refused_with_what_was_meant() {
        assert_eq!(known_addon("polardb-x"), Ok(()));
        let text = known_addon("postgres").unwrap_err();
        assert!(text.contains("Did you mean \"postgresql\"?") && text.contains("apecloud-mysql, "), "{text}");
        let text = known_function("switch_over").unwrap_err();
        assert!(text.contains("Did you mean \"switchover\"?") && text.contains("vscale"), "{text}");
    }
}
