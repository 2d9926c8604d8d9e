//! The data source `kubeblocks_cluster_definition`: one installed engine in detail. Reads; decides and writes nothing.

use std::sync::Arc;

use kube::ResourceExt as _;
use kubeblocks_schemas::catalogue::suggest;
use kubeblocks_schemas::v1alpha1::cluster_definition::ComponentDefinition;
use kubeblocks_schemas::v1alpha1::{ClusterDefinition, ClusterVersion};
use tfplugin::prelude::*;

use super::installed::{List, addon_of, cannot_read, default_of, list, versions_of};
use crate::kubernetes_attribute::KubernetesConnection;
use crate::provider::Shared;
use crate::resources::cluster::schema::Map;

const CANNOT_READ: &str = "Cannot read the ClusterDefinition";

/// An engine that is installed: what a `kubeblocks_cluster` with this `definition` can be made of.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct ClusterDefinitionData {
    /// The Kubernetes cluster to look in. Left out, the one of the provider block.
    #[tf(optional)]
    pub kubernetes: Value<KubernetesConnection>,
    /// Name of the `ClusterDefinition`, such as `postgresql`.
    #[tf(required)]
    pub name: Value<String>,
    /// The add-on that brought it: name of the `Addon`. Null when none did.
    #[tf(computed)]
    pub addon: Value<String>,
    /// The engine's kind as its author calls it, such as `mysql`.
    #[tf(computed, rename = "type")]
    pub kind: Value<String>,
    /// `Available` when databases can be made of it, else `Unavailable`. Null while the operator has said nothing.
    #[tf(computed)]
    pub phase: Value<String>,
    /// Why it is not available, in the operator's words.
    #[tf(computed)]
    pub message: Value<String>,
    /// Its components, by name.
    #[tf(computed)]
    pub components: Value<Map<ComponentDefinitionData>>,
    /// Keys of the Secret that holds a database's user, password and addresses.
    #[tf(computed)]
    pub connection_keys: Value<List<String>>,
    /// Names of its `ClusterVersion`s, sorted.
    #[tf(computed)]
    pub versions: Value<List<String>>,
    /// The version that its add-on marks as default (the first by name when several are marked), or the only one.
    #[tf(computed)]
    pub default_version: Value<String>,
}

/// A component of an engine.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct ComponentDefinitionData {
    /// What it is, in the words of its author.
    #[tf(computed)]
    pub description: Value<String>,
    /// How its instances relate to each other: `Stateless`, `Stateful`, `Consensus` (they elect a leader) or
    /// `Replication` (one primary, the others follow).
    #[tf(computed)]
    pub workload_type: Value<String>,
    /// The protocol of its probes and accounts, such as `mysql`.
    #[tf(computed)]
    pub character_type: Value<String>,
    /// Its configuration files, by the name that `parameters` of a database uses.
    #[tf(computed)]
    pub config_specs: Value<Map<ConfigSpecData>>,
    /// Logs that can be collected: what `logs` of a database may name.
    #[tf(computed)]
    pub logs: Value<List<String>>,
    /// Volumes that it declares, by name, with what they hold: `data`, `log`, or null when it does not say.
    #[tf(computed)]
    pub volume_types: Value<Map<String>>,
    /// Ports of its Service, by name; a port without a name goes by its number. Empty when it has no Service.
    #[tf(computed)]
    pub ports: Value<Map<i64>>,
    /// Accounts that the operator makes for itself.
    #[tf(computed)]
    pub system_accounts: Value<List<String>>,
    /// Whether the leading role can be moved on request.
    #[tf(computed)]
    pub switchover: Value<bool>,
    /// Where new instances take their data from: `None` (from their peers), `CloneVolume` or `Snapshot`. The last two
    /// need a backup method that works.
    #[tf(computed)]
    pub horizontal_scale_policy: Value<String>,
    /// Services of others that it must be given, by name.
    #[tf(computed)]
    pub service_references: Value<List<String>>,
}

/// A configuration file of a component.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct ConfigSpecData {
    /// The `ConfigConstraint` that says which parameters exist and which of them need a restart.
    #[tf(computed)]
    pub constraint: Value<String>,
}

/// The data source.
#[derive(Clone, Debug)]
pub struct ClusterDefinitionDataSource {
    shared: Arc<Shared>,
}

impl ClusterDefinitionDataSource {
    /// The data source of a provider.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl DataSource for ClusterDefinitionDataSource {
    type State = ClusterDefinitionData;

    const TYPE_NAME: &'static str = "kubeblocks_cluster_definition";

    fn validate(&self, config: &ClusterDefinitionData, diagnostics: &mut Diagnostics) {
        if let Some(kubernetes) = config.kubernetes.known() {
            kubernetes.validate(&Path::attribute("kubernetes"), diagnostics);
        }
    }

    async fn read(
        &self,
        context: &Context,
        config: ClusterDefinitionData,
    ) -> Result<ClusterDefinitionData, Diagnostics> {
        let client = self.shared.client_for(&config.kubernetes, CANNOT_READ).await?.obeying(context.stop());
        let name = config.name.known().cloned().unwrap_or_default();
        let failed = |error| cannot_read(CANNOT_READ, &error);
        let (object, versions) = futures::try_join!(
            client.get_opt::<ClusterDefinition>(None, &name),
            client.list::<ClusterVersion>(None, None)
        )
        .map_err(failed)?;
        let Some(object) = object else {
            let all = client.list::<ClusterDefinition>(None, None).await.map_err(failed)?;
            let known: Vec<String> = all.iter().map(kube::ResourceExt::name_any).collect();
            return Err(missing(&name, &known).into());
        };
        Ok(show(config, &object, &versions))
    }
}

fn missing(name: &str, known: &[String]) -> Diagnostic {
    let there = match known {
        [] => "No ClusterDefinition is installed: enable an add-on with `kubeblocks_addon`.".to_owned(),
        known => {
            let meant = suggest(name, known.iter().map(String::as_str));
            let meant = meant.map(|meant| format!("Did you mean {meant:?}? ")).unwrap_or_default();
            format!("{meant}Installed are: {}.", known.join(", "))
        }
    };
    let detail = format!(
        "ClusterDefinition {name} does not exist.\n\n{there} If its add-on comes from the same configuration, write \
         `depends_on = [kubeblocks_addon.<name>]`."
    );
    Diagnostic::error(CANNOT_READ, detail).at(Path::attribute("name"))
}

fn show(
    config: ClusterDefinitionData,
    object: &ClusterDefinition,
    versions: &[ClusterVersion],
) -> ClusterDefinitionData {
    let versions = versions_of(&object.name_any(), versions);
    let status = object.status.as_ref();
    ClusterDefinitionData {
        addon: addon_of(object).into(),
        kind: object.spec.r#type.clone().into(),
        phase: status.and_then(|status| status.phase.as_ref()).map(ToString::to_string).into(),
        message: status.and_then(|status| status.message.clone()).filter(|text| !text.is_empty()).into(),
        components: Value::Known(
            object
                .spec
                .component_defs
                .iter()
                .map(|component| (component.name.clone(), Value::Known(describe(component))))
                .collect(),
        ),
        connection_keys: list(object.spec.connection_credential.keys()),
        default_version: default_of(&versions).into(),
        versions: list(versions.iter().map(|version| version.name_any())),
        ..config
    }
}

fn describe(component: &ComponentDefinition) -> ComponentDefinitionData {
    let ports = component.service.iter().flat_map(|service| &service.ports);
    let accounts = component.system_accounts.iter().flat_map(|accounts| &accounts.accounts);
    let scaling = component.horizontal_scale_policy.as_ref();
    ComponentDefinitionData {
        description: component.description.clone().into(),
        workload_type: Value::Known(component.workload_type.to_string()),
        character_type: component.character_type.clone().into(),
        config_specs: Value::Known(
            component
                .config_specs
                .iter()
                .map(|config| {
                    let data = ConfigSpecData { constraint: config.constraint_ref.clone().into() };
                    (config.name.clone(), Value::Known(data))
                })
                .collect(),
        ),
        logs: list(component.log_configs.iter().map(|log| &log.name)),
        volume_types: Value::Known(
            component
                .volume_types
                .iter()
                .map(|volume| (volume.name.clone(), volume.r#type.as_ref().map(ToString::to_string).into()))
                .collect(),
        ),
        ports: Value::Known(
            ports
                .map(|port| {
                    let name = port.name.clone().unwrap_or_else(|| port.port.to_string());
                    (name, Value::Known(i64::from(port.port)))
                })
                .collect(),
        ),
        system_accounts: list(accounts.map(|account| account.name.to_string())),
        switchover: Value::Known(component.switchover_spec.is_some()),
        horizontal_scale_policy: Value::Known(
            scaling.and_then(|policy| policy.r#type.as_ref()).map_or("None".to_owned(), ToString::to_string),
        ),
        service_references: list(component.service_ref_declarations.iter().map(|service| &service.name)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::installed::fixtures::{cluster_definition, cluster_version};
    use super::*;

    #[test]
    fn an_engine_is_shown_with_what_a_database_can_be_made_of() {
        let versions = [
            cluster_version("redis-7.0.6", "redis", Some("true")),
            cluster_version("redis-6.0", "redis", None),
            cluster_version("kafka-3", "kafka", None),
        ];
        let object = cluster_definition("redis", Some("kb-addon-redis"));
        let shown = show(ClusterDefinitionData::default(), &object, &versions);
        assert_eq!(shown.addon, Value::Known("redis".into()));
        assert_eq!(shown.kind, Value::Known("store".into()));
        assert_eq!(shown.phase, Value::Known("Available".into()));
        assert_eq!(shown.connection_keys, list(["password", "username"]));
        assert_eq!(shown.versions, list(["redis-6.0", "redis-7.0.6"]));
        assert_eq!(shown.default_version, Value::Known("redis-7.0.6".into()));
        let components = shown.components.known().unwrap();
        let config = ConfigSpecData { constraint: Value::Known("rules".into()) };
        assert_eq!(
            components["main"].known().unwrap(),
            &ComponentDefinitionData {
                description: Value::Null,
                workload_type: Value::Known("Replication".into()),
                character_type: Value::Known("redis".into()),
                config_specs: Value::Known([("settings".to_owned(), Value::Known(config))].into()),
                logs: list(["running"]),
                volume_types: Value::Known(
                    [("data".to_owned(), Value::Known("data".into())), ("scratch".to_owned(), Value::Null)]
                        .into()
                ),
                ports: Value::Known(
                    [("redis".to_owned(), Value::Known(6379)), ("9".to_owned(), Value::Known(9))].into()
                ),
                system_accounts: list(["kbadmin"]),
                switchover: Value::Known(true),
                horizontal_scale_policy: Value::Known("CloneVolume".into()),
                service_references: list(["etcd"]),
            }
        );
        let side = components["side"].known().unwrap();
        assert_eq!(
            (&side.switchover, &side.horizontal_scale_policy),
            (&Value::Known(false), &Value::Known("None".into()))
        );
    }

    #[test]
    fn a_missing_engine_is_said_with_what_is_there_instead() {
        let known = ["postgresql".to_owned(), "redis".to_owned()];
        let text = missing("postgres", &known).detail;
        assert!(
            text.contains("Did you mean \"postgresql\"?") && text.contains("postgresql, redis"),
            "{text}"
        );
        assert!(missing("postgres", &[]).detail.contains("kubeblocks_addon"));
    }
}
