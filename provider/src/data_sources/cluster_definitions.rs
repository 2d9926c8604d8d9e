//! The data source `kubeblocks_cluster_definitions`: all installed engines in short. Reads; decides and writes nothing.

use std::sync::Arc;

use kube::ResourceExt as _;
use kubeblocks_schemas::v1alpha1::{ClusterDefinition, ClusterVersion};
use tfplugin::prelude::*;

use super::installed::{List, addon_of, cannot_read, default_of, list, versions_of};
use crate::kubernetes_attribute::KubernetesConnection;
use crate::provider::Shared;
use crate::resources::cluster::schema::Map;

const CANNOT_READ: &str = "Cannot read the ClusterDefinitions";

/// The engines that are installed. One of them in detail: `kubeblocks_cluster_definition`.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct ClusterDefinitionsData {
    /// The Kubernetes cluster to look in. Left out, the one of the provider block.
    #[tf(optional)]
    pub kubernetes: Value<KubernetesConnection>,
    /// Only engines that this add-on brought: name of the `Addon`.
    #[tf(optional)]
    pub addon: Value<String>,
    /// The engines, by name of the `ClusterDefinition`.
    #[tf(computed)]
    pub cluster_definitions: Value<Map<ClusterDefinitionSummary>>,
}

/// An engine in short.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct ClusterDefinitionSummary {
    /// The add-on that brought it: name of the `Addon`. Null when none did.
    #[tf(computed)]
    pub addon: Value<String>,
    /// The engine's kind as its author calls it, such as `mysql`.
    #[tf(computed, rename = "type")]
    pub kind: Value<String>,
    /// `Available` when databases can be made of it, else `Unavailable`. Null while the operator has said nothing.
    #[tf(computed)]
    pub phase: Value<String>,
    /// Its components, by name, each with its workload: `Stateless`, `Stateful`, `Consensus` or `Replication`.
    #[tf(computed)]
    pub components: Value<Map<String>>,
    /// Names of its `ClusterVersion`s, sorted.
    #[tf(computed)]
    pub versions: Value<List<String>>,
    /// The version that its add-on marks as default (the first by name when several are marked), or the only one.
    #[tf(computed)]
    pub default_version: Value<String>,
}

/// The data source.
#[derive(Clone, Debug)]
pub struct ClusterDefinitionsDataSource {
    shared: Arc<Shared>,
}

impl ClusterDefinitionsDataSource {
    /// The data source of a provider.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl DataSource for ClusterDefinitionsDataSource {
    type State = ClusterDefinitionsData;

    const TYPE_NAME: &'static str = "kubeblocks_cluster_definitions";

    fn validate(&self, config: &ClusterDefinitionsData, diagnostics: &mut Diagnostics) {
        if let Some(kubernetes) = config.kubernetes.known() {
            kubernetes.validate(&Path::attribute("kubernetes"), diagnostics);
        }
    }

    async fn read(
        &self,
        context: &Context,
        config: ClusterDefinitionsData,
    ) -> Result<ClusterDefinitionsData, Diagnostics> {
        let client = self.shared.client_for(&config.kubernetes, CANNOT_READ).await?.obeying(context.stop());
        let (definitions, versions) = futures::try_join!(
            client.list::<ClusterDefinition>(None, None),
            client.list::<ClusterVersion>(None, None)
        )
        .map_err(|error| cannot_read(CANNOT_READ, &error))?;
        Ok(show(config, &definitions, &versions))
    }
}

fn show(
    config: ClusterDefinitionsData,
    definitions: &[ClusterDefinition],
    versions: &[ClusterVersion],
) -> ClusterDefinitionsData {
    let is_wanted = |definition: &&ClusterDefinition| {
        config.addon.known().is_none_or(|wanted| addon_of(definition).as_ref() == Some(wanted))
    };
    let shown = definitions
        .iter()
        .filter(is_wanted)
        .map(|definition| (definition.name_any(), Value::Known(summarize(definition, versions))))
        .collect();
    ClusterDefinitionsData { cluster_definitions: Value::Known(shown), ..config }
}

fn summarize(definition: &ClusterDefinition, versions: &[ClusterVersion]) -> ClusterDefinitionSummary {
    let versions = versions_of(&definition.name_any(), versions);
    let phase = definition.status.as_ref().and_then(|status| status.phase.as_ref());
    ClusterDefinitionSummary {
        addon: addon_of(definition).into(),
        kind: definition.spec.r#type.clone().into(),
        phase: phase.map(ToString::to_string).into(),
        components: Value::Known(
            definition
                .spec
                .component_defs
                .iter()
                .map(|component| (component.name.clone(), Value::Known(component.workload_type.to_string())))
                .collect(),
        ),
        default_version: default_of(&versions).into(),
        versions: list(versions.iter().map(|version| version.name_any())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::installed::fixtures::{cluster_definition, cluster_version};
    use super::*;

    #[test]
    fn engines_are_shown_with_their_versions_and_chosen_by_add_on() {
        let definitions = [
            cluster_definition("redis", Some("kb-addon-redis")),
            cluster_definition("mongodb", Some("kb-addon-mongodb")),
            cluster_definition("mongodb-sharding", Some("kb-addon-mongodb")),
        ];
        let versions = [cluster_version("redis-7.0.6", "redis", None)];
        for (addon, expected) in [
            (Value::Null, ["mongodb", "mongodb-sharding", "redis"].as_slice()),
            (Value::Known("mongodb".to_owned()), &["mongodb", "mongodb-sharding"]),
            (Value::Known("kafka".to_owned()), &[]),
        ] {
            let config = ClusterDefinitionsData { addon, ..ClusterDefinitionsData::default() };
            let shown = show(config, &definitions, &versions);
            let names: Vec<&String> = shown.cluster_definitions.known().unwrap().keys().collect();
            assert_eq!(names, expected);
        }
        let shown = show(ClusterDefinitionsData::default(), &definitions, &versions);
        let redis = shown.cluster_definitions.known().unwrap()["redis"].known().unwrap();
        assert_eq!(
            redis,
            &ClusterDefinitionSummary {
                addon: Value::Known("redis".into()),
                kind: Value::Known("store".into()),
                phase: Value::Known("Available".into()),
                components: Value::Known(
                    [
                        ("main".to_owned(), Value::Known("Replication".into())),
                        ("side".to_owned(), Value::Known("Stateless".into())),
                    ]
                    .into()
                ),
                versions: list(["redis-7.0.6"]),
                default_version: Value::Known("redis-7.0.6".into()),
            }
        );
    }
}
