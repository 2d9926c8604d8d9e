//! The data source `kubeblocks_addons`: the add-ons that a Kubernetes cluster knows, installed or not. Reads; decides
//! and writes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use kube::ResourceExt as _;
use kubeblocks_schemas::v1alpha1::addon::AddonPhase;
use kubeblocks_schemas::v1alpha1::{Addon, ClusterDefinition};
use tfplugin::prelude::*;

use super::installed::{List, addon_of, cannot_read, list};
use crate::kubernetes_attribute::KubernetesConnection;
use crate::provider::Shared;
use crate::resources::cluster::schema::Map;

const CANNOT_READ: &str = "Cannot read the add-ons of KubeBlocks";

/// The add-ons that a Kubernetes cluster knows: `Addon` objects, whether they are installed or not. What KubeBlocks v0.7
/// ships is told without a Kubernetes cluster by `kubeblocks_catalog`.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct AddonsData {
    /// The Kubernetes cluster to look in. Left out, the one of the provider block.
    #[tf(optional)]
    pub kubernetes: Value<KubernetesConnection>,
    /// Only add-ons of these names. Names that do not exist are left out of the result.
    #[tf(optional)]
    pub names: Value<Set<String>>,
    /// `true`: only add-ons that are switched on; `false`: only those that are not.
    #[tf(optional)]
    pub enabled: Value<bool>,
    /// The add-ons, by name.
    #[tf(computed)]
    pub addons: Value<Map<AddonData>>,
}

/// An add-on that a Kubernetes cluster knows.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct AddonData {
    /// What it is, in the words of its author.
    #[tf(computed)]
    pub description: Value<String>,
    /// Whether it is switched on. Whether it is installed, `phase` says.
    #[tf(computed)]
    pub enabled: Value<bool>,
    /// `Disabled`, `Enabling`, `Enabled`, `Disabling` or `Failed`. Null while the operator has said nothing.
    #[tf(computed)]
    pub phase: Value<String>,
    /// Why it failed, in the operator's words. Null in other phases.
    #[tf(computed)]
    pub message: Value<String>,
    /// Whether the operator switches it on by itself.
    #[tf(computed)]
    pub auto_install: Value<bool>,
    /// Who maintains it: the label `kubeblocks.io/provider`.
    #[tf(computed)]
    pub provider: Value<String>,
    /// Version of the add-on's package: the label `app.kubernetes.io/version`.
    #[tf(computed)]
    pub version: Value<String>,
    /// Where its chart comes from.
    #[tf(computed)]
    pub chart: Value<String>,
    /// Engines that it has brought: names of `ClusterDefinition`s that are there.
    #[tf(computed)]
    pub cluster_definitions: Value<List<String>>,
}

/// The data source.
#[derive(Clone, Debug)]
pub struct AddonsDataSource {
    shared: Arc<Shared>,
}

impl AddonsDataSource {
    /// The data source of a provider.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl DataSource for AddonsDataSource {
    type State = AddonsData;

    const TYPE_NAME: &'static str = "kubeblocks_addons";

    fn validate(&self, config: &AddonsData, diagnostics: &mut Diagnostics) {
        if let Some(kubernetes) = config.kubernetes.known() {
            kubernetes.validate(&Path::attribute("kubernetes"), diagnostics);
        }
    }

    async fn read(&self, context: &Context, config: AddonsData) -> Result<AddonsData, Diagnostics> {
        let client = self.shared.client_for(&config.kubernetes, CANNOT_READ).await?.obeying(context.stop());
        let (addons, definitions) = futures::try_join!(
            client.list::<Addon>(None, None),
            client.list::<ClusterDefinition>(None, None)
        )
        .map_err(|error| cannot_read(CANNOT_READ, &error))?;
        Ok(show(config, &addons, &definitions))
    }
}

fn show(config: AddonsData, addons: &[Addon], definitions: &[ClusterDefinition]) -> AddonsData {
    let mut brought: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for definition in definitions {
        if let Some(addon) = addon_of(definition) {
            brought.entry(addon).or_default().push(definition.name_any());
        }
    }
    let is_wanted = |addon: &Addon| {
        let name = Value::Known(addon.name_any());
        config.names.known().is_none_or(|names| names.iter().any(|wanted| *wanted == name))
            && config.enabled.known().is_none_or(|wanted| *wanted == is_enabled(addon))
    };
    let shown = addons.iter().filter(|addon| is_wanted(addon)).map(|addon| {
        let name = addon.name_any();
        let mut definitions = brought.remove(&name).unwrap_or_default();
        definitions.sort();
        (name, Value::Known(describe(addon, definitions)))
    });
    let addons = Value::Known(shown.collect());
    AddonsData { addons, ..config }
}

fn is_enabled(addon: &Addon) -> bool {
    addon.spec.install.as_ref().and_then(|install| install.enabled).unwrap_or(false)
}

fn describe(addon: &Addon, definitions: Vec<String>) -> AddonData {
    let status = addon.status.as_ref();
    let phase = status.and_then(|status| status.phase.as_ref());
    let label = |name: &str| addon.labels().get(name).cloned();
    let installable = addon.spec.installable.as_ref();
    AddonData {
        description: addon.spec.description.clone().into(),
        enabled: Value::Known(is_enabled(addon)),
        phase: phase.map(ToString::to_string).into(),
        message: (phase == Some(&AddonPhase::Failed)).then(|| failure(addon)).flatten().into(),
        auto_install: Value::Known(installable.and_then(|able| able.auto_install).unwrap_or(false)),
        provider: label("kubeblocks.io/provider").into(),
        version: label("app.kubernetes.io/version").into(),
        chart: addon.spec.helm.as_ref().map(|helm| helm.chart_location_url.clone()).into(),
        cluster_definitions: list(definitions),
    }
}

/// What the operator says of a failure: the newest condition that tells of one.
fn failure(addon: &Addon) -> Option<String> {
    let conditions = addon.status.as_ref()?.conditions.iter();
    let telling =
        conditions.filter(|condition| (condition.status == "True") == (condition.r#type == "Failed"));
    let newest = telling.max_by(|left, right| left.last_transition_time.cmp(&right.last_transition_time))?;
    newest.message.clone().filter(|message| !message.is_empty()).or_else(|| newest.reason.clone())
}

#[cfg(test)]
mod tests {
    use super::super::installed::fixtures::{cluster_definition, definition};
    use super::*;
    use crate::kubernetes::test_api::TestApi;
    use serde_json::json;

    fn addon(name: &str, enabled: Option<bool>, phase: &str) -> Addon {
        serde_json::from_value(json!({
            "apiVersion": "extensions.kubeblocks.io/v1alpha1", "kind": "Addon",
            "metadata": { "name": name, "labels": { "kubeblocks.io/provider": "community", "app.kubernetes.io/version": "0.7.5" } },
            "spec": {
                "type": "Helm", "description": "a store", "defaultInstallValues": [{ "enabled": true }],
                "helm": { "chartLocationURL": format!("file://{name}-0.7.5.tgz") },
                "installable": { "autoInstall": true },
                "install": enabled.map(|enabled| json!({ "enabled": enabled })),
            },
            "status": { "phase": phase, "conditions": [
                { "type": "Progressing", "status": "False", "reason": "Old", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z" },
                { "type": "Succeed", "status": "False", "reason": "InstallationFailed", "message": "no such chart", "lastTransitionTime": "2026-01-01T00:01:00Z" },
            ] },
        }))
        .unwrap()
    }

    fn names(shown: &AddonsData) -> Vec<&str> {
        shown.addons.known().unwrap().keys().map(String::as_str).collect()
    }

    #[test]
    fn filters_choose_by_name_and_by_the_switch() {
        let addons = [
            addon("redis", Some(true), "Enabled"),
            addon("kafka", Some(false), "Disabled"),
            addon("etcd", None, "Disabled"),
        ];
        let none: Option<&[&str]> = None;
        let table = [
            (none, None, &["etcd", "kafka", "redis"][..]),
            (none, Some(true), &["redis"]),
            (none, Some(false), &["etcd", "kafka"]),
            (Some(&["redis", "none"]), None, &["redis"]),
            (Some(&["redis"]), Some(false), &[]),
        ];
        for (wanted, enabled, expected) in table {
            let wanted = wanted.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
            let config =
                AddonsData { names: wanted.into(), enabled: enabled.into(), ..AddonsData::default() };
            assert_eq!(names(&show(config, &addons, &[])), expected);
        }
    }

    #[test]
    fn an_add_on_is_shown_with_its_engines_and_the_reason_of_its_failure() {
        let addons = [addon("redis", Some(true), "Failed"), addon("kafka", Some(true), "Enabled")];
        let definitions =
            [cluster_definition("redis-b", Some("kb-addon-redis")), cluster_definition("redis", None)];
        let shown = show(AddonsData::default(), &addons, &definitions);
        let redis = shown.addons.known().unwrap()["redis"].known().unwrap().clone();
        assert_eq!(
            redis,
            AddonData {
                description: Value::Known("a store".into()),
                enabled: Value::Known(true),
                phase: Value::Known("Failed".into()),
                message: Value::Known("no such chart".into()),
                auto_install: Value::Known(true),
                provider: Value::Known("community".into()),
                version: Value::Known("0.7.5".into()),
                chart: Value::Known("file://redis-0.7.5.tgz".into()),
                cluster_definitions: list(["redis", "redis-b"]),
            }
        );
        let kafka = shown.addons.known().unwrap()["kafka"].known().unwrap();
        assert_eq!((&kafka.message, &kafka.cluster_definitions), (&Value::Null, &list(Vec::<String>::new())));
    }

    #[tokio::test]
    async fn without_the_operator_the_error_says_how_to_wait_for_it() {
        let api = TestApi::default();
        api.put("clusterdefinitions", definition("redis", None));
        api.do_not_serve("addons");
        let error = api.client().list::<Addon>(None, None).await.unwrap_err();
        let text =
            cannot_read(CANNOT_READ, &error).iter().map(|found| found.detail.clone()).collect::<String>();
        assert!(text.contains("not installed") && text.contains("depends_on"), "{text}");
    }
}
