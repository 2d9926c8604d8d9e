//! The data source `kubeblocks_kubernetes_versions`: which versions of Kubernetes a cloud offers now.

use std::sync::Arc;

use kubeblocks_cloud::{Error, ManagedKubernetes as _, OfferedVersion};
use tfplugin::prelude::*;

use crate::provider::Shared;
use crate::resources::managed::failure;

const CANNOT_READ: &str = "Cannot read the versions of Kubernetes";
const CLOUDS: [&str; 4] = ["alibaba", "aws", "azure", "gcp"];

/// The versions of Kubernetes that a cloud offers for new clusters, now and in one region.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct KubernetesVersionsData {
    /// The cloud: `alibaba`, `aws`, `azure` or `gcp`.
    #[tf(required, validate = known_cloud)]
    pub cloud: Value<String>,
    /// Region, or a zone of Google Cloud. Left out, that of the provider block or of the environment; of Azure it is
    /// needed.
    #[tf(optional)]
    pub region: Value<String>,
    /// The minor versions, oldest first.
    #[tf(computed)]
    pub versions: Value<Vec<Value<KubernetesVersionData>>>,
    /// The version that a cluster gets when none is asked for.
    #[tf(computed)]
    pub default_version: Value<String>,
    /// The newest version in standard support.
    #[tf(computed)]
    pub latest_version: Value<String>,
}

/// A version of Kubernetes.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct KubernetesVersionData {
    /// Minor version, such as `1.34`.
    #[tf(computed)]
    pub version: Value<String>,
    /// Whether a cluster gets it when none is asked for.
    #[tf(computed)]
    pub is_default: Value<bool>,
    /// Whether it is in standard support: neither a preview, nor in paid extended support.
    #[tf(computed)]
    pub is_standard: Value<bool>,
}

fn known_cloud(text: &str) -> Result<(), String> {
    if CLOUDS.contains(&text) {
        return Ok(());
    }
    Err(format!(
        "{text:?} is not a cloud. Use one of {}.",
        CLOUDS.map(|cloud| format!("{cloud:?}")).join(", ")
    ))
}

/// The data source.
#[derive(Clone, Debug)]
pub struct KubernetesVersionsDataSource {
    shared: Arc<Shared>,
}

impl KubernetesVersionsDataSource {
    /// The data source of a provider.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    async fn offered(&self, config: &KubernetesVersionsData) -> Result<Vec<OfferedVersion>, Error> {
        let region = config.region.known().map(String::as_str);
        let clouds = self.shared.clouds();
        match config.cloud.known().map(String::as_str) {
            Some("alibaba") => clouds.ack(region).await?.versions().await,
            Some("azure") => clouds.aks_at(region).await?.versions().await,
            Some("gcp") => clouds.gke_at(region).await?.versions().await,
            _ => clouds.eks(region).await?.versions().await,
        }
    }
}

impl DataSource for KubernetesVersionsDataSource {
    type State = KubernetesVersionsData;

    const TYPE_NAME: &'static str = "kubeblocks_kubernetes_versions";

    async fn read(
        &self,
        _context: &Context,
        config: KubernetesVersionsData,
    ) -> Result<KubernetesVersionsData, Diagnostics> {
        let offered = self.offered(&config).await;
        let offered = offered.map_err(|error| Diagnostics::from(failure::diagnostic(CANNOT_READ, &error)))?;
        Ok(show(config, &offered))
    }
}

fn show(config: KubernetesVersionsData, offered: &[OfferedVersion]) -> KubernetesVersionsData {
    let named = |version: Option<&OfferedVersion>| version.map(|version| version.version.clone()).into();
    KubernetesVersionsData {
        default_version: named(offered.iter().find(|version| version.is_default)),
        latest_version: named(offered.iter().rfind(|version| version.is_standard)),
        versions: Value::Known(
            offered
                .iter()
                .map(|version| {
                    Value::Known(KubernetesVersionData {
                        version: Value::Known(version.version.clone()),
                        is_default: Value::Known(version.is_default),
                        is_standard: Value::Known(version.is_standard),
                    })
                })
                .collect(),
        ),
        ..config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_and_the_newest_are_told() {
        let version = |version: &str, is_default, is_standard| OfferedVersion {
            version: version.to_owned(),
            is_default,
            is_standard,
        };
        let offered =
            [version("1.33", false, true), version("1.34", true, true), version("1.35", false, false)];
        let shown = show(KubernetesVersionsData::default(), &offered);
        assert_eq!(shown.default_version, Value::Known("1.34".to_owned()));
        assert_eq!(shown.latest_version, Value::Known("1.34".to_owned()));
        assert_eq!(shown.versions.known().unwrap().len(), 3);
        assert_eq!(show(KubernetesVersionsData::default(), &[]).default_version, Value::Null);
    }
}
