//! The data source `kubeblocks_cluster_versions`: the installed versions of engines. Reads; decides and writes nothing.

use std::sync::Arc;

use kube::ResourceExt as _;
use kubeblocks_schemas::v1alpha1::{ClusterVersion, ComponentVersion};
use tfplugin::prelude::*;

use super::installed::{cannot_read, default_of, is_marked_default, versions_of};
use crate::kubernetes_attribute::KubernetesConnection;
use crate::provider::Shared;
use crate::resources::cluster::schema::Map;

const CANNOT_READ: &str = "Cannot read the ClusterVersions";

/// The versions of engines that are installed: what `version` of a `kubeblocks_cluster` may name.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct ClusterVersionsData {
    /// The Kubernetes cluster to look in. Left out, the one of the provider block.
    #[tf(optional)]
    pub kubernetes: Value<KubernetesConnection>,
    /// Only versions of this engine: name of the `ClusterDefinition`.
    #[tf(optional)]
    pub cluster_definition: Value<String>,
    /// The versions, by name.
    #[tf(computed)]
    pub cluster_versions: Value<Map<ClusterVersionData>>,
    /// With `cluster_definition`: the version that its add-on marks as default (the first by name when several are
    /// marked), or the only one. Otherwise null.
    #[tf(computed)]
    pub default_version: Value<String>,
}

/// A version of an engine.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct ClusterVersionData {
    /// The engine: name of the `ClusterDefinition`.
    #[tf(computed)]
    pub cluster_definition: Value<String>,
    /// Whether its add-on marks it as the default.
    #[tf(computed)]
    pub is_default: Value<bool>,
    /// `Available` when databases can be made of it, else `Unavailable`. Null while the operator has said nothing.
    #[tf(computed)]
    pub phase: Value<String>,
    /// Images of each component, by component and container. Containers whose image the engine gives are left out.
    #[tf(computed)]
    pub images: Value<Map<Map<String>>>,
}

/// The data source.
#[derive(Clone, Debug)]
pub struct ClusterVersionsDataSource {
    shared: Arc<Shared>,
}

impl ClusterVersionsDataSource {
    /// The data source of a provider.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl DataSource for ClusterVersionsDataSource {
    type State = ClusterVersionsData;

    const TYPE_NAME: &'static str = "kubeblocks_cluster_versions";

    fn validate(&self, config: &ClusterVersionsData, diagnostics: &mut Diagnostics) {
        if let Some(kubernetes) = config.kubernetes.known() {
            kubernetes.validate(&Path::attribute("kubernetes"), diagnostics);
        }
    }

    async fn read(
        &self,
        context: &Context,
        config: ClusterVersionsData,
    ) -> Result<ClusterVersionsData, Diagnostics> {
        let client = self.shared.client_for(&config.kubernetes, CANNOT_READ).await?.obeying(context.stop());
        let versions = client
            .list::<ClusterVersion>(None, None)
            .await
            .map_err(|error| cannot_read(CANNOT_READ, &error))?;
        Ok(show(config, &versions))
    }
}

fn show(config: ClusterVersionsData, versions: &[ClusterVersion]) -> ClusterVersionsData {
    let wanted = config.cluster_definition.known();
    let shown = versions
        .iter()
        .filter(|version| wanted.is_none_or(|wanted| version.spec.cluster_definition_ref == *wanted))
        .map(|version| (version.name_any(), Value::Known(describe(version))))
        .collect();
    ClusterVersionsData {
        default_version: wanted.and_then(|wanted| default_of(&versions_of(wanted, versions))).into(),
        cluster_versions: Value::Known(shown),
        ..config
    }
}

fn describe(version: &ClusterVersion) -> ClusterVersionData {
    let phase = version.status.as_ref().and_then(|status| status.phase.as_ref());
    let images = version
        .spec
        .component_versions
        .iter()
        .map(|component| (component.component_def_ref.clone(), Value::Known(images(component))));
    ClusterVersionData {
        cluster_definition: Value::Known(version.spec.cluster_definition_ref.clone()),
        is_default: Value::Known(is_marked_default(version)),
        phase: phase.map(ToString::to_string).into(),
        images: Value::Known(images.collect()),
    }
}

fn images(component: &ComponentVersion) -> Map<String> {
    let containers = component.versions_context.init_containers.iter();
    containers
        .chain(&component.versions_context.containers)
        .filter_map(|container| {
            let container = serde_json::to_value(container).ok()?;
            let text = |field: &str| container[field].as_str().map(str::to_owned);
            Some((text("name")?, Value::Known(text("image")?)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::installed::fixtures::cluster_version;
    use super::*;

    #[test]
    fn versions_are_shown_with_their_images_and_chosen_by_engine() {
        let versions = [
            cluster_version("redis-7.0.6", "redis", Some("true")),
            cluster_version("redis-6.0", "redis", None),
            cluster_version("kafka-3.3.2", "kafka", None),
        ];
        let all = show(ClusterVersionsData::default(), &versions);
        assert_eq!(all.cluster_versions.known().unwrap().len(), 3);
        assert_eq!(all.default_version, Value::Null);
        let config = ClusterVersionsData {
            cluster_definition: Value::Known("redis".into()),
            ..ClusterVersionsData::default()
        };
        let shown = show(config, &versions);
        let redis = shown.cluster_versions.known().unwrap();
        assert_eq!(redis.keys().collect::<Vec<_>>(), ["redis-6.0", "redis-7.0.6"]);
        assert_eq!(shown.default_version, Value::Known("redis-7.0.6".into()));
        let images = Map::from([("redis".to_owned(), Value::Known("redis:7.0.6".to_owned()))]);
        assert_eq!(
            redis["redis-7.0.6"].known().unwrap(),
            &ClusterVersionData {
                cluster_definition: Value::Known("redis".into()),
                is_default: Value::Known(true),
                phase: Value::Known("Available".into()),
                images: Value::Known([("main".to_owned(), Value::Known(images))].into()),
            }
        );
    }
}
