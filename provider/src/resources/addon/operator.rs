//! The operator that installs add-ons: where it runs, whether it runs, and what it knows of its Kubernetes cluster, by
//! which add-ons say where they can be installed. Reads; the judgement of conditions is pure.

use k8s_openapi::api::apps::v1::Deployment;
use kubeblocks_schemas::v1alpha1::Addon;
use kubeblocks_schemas::v1alpha1::addon::{DefaultInstallValues, Selector};
use regex::Regex;
use serde::Deserialize;

use crate::kubernetes::{Client, Error};

/// Label of the operator's Deployments.
pub const OPERATOR_LABEL: &str = "app.kubernetes.io/name=kubeblocks";
/// Annotation by which an add-on is installed wherever it is wanted.
const SKIP_CHECK: &str = "extensions.kubeblocks.io/skip-installable-check";

/// The operator's Deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Operator {
    /// Its namespace, in which it installs add-ons.
    pub namespace: String,
    /// Name of the Deployment.
    pub name: String,
    /// Whether one of its pods is ready.
    pub is_ready: bool,
    /// The cloud, as the operator was told.
    pub provider: String,
}

/// What conditions of add-ons are about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Platform {
    /// Version of Kubernetes with its vendor suffix, such as `v1.28.3-gke.100`.
    pub git_version: String,
    /// Major and minor version, such as `1.28`.
    pub version: String,
    /// The cloud, as the operator was told.
    pub provider: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServerVersion {
    major: String,
    minor: String,
    git_version: String,
}

/// Looks for the operator; of several the one that runs.
pub async fn find(client: &Client) -> Result<Option<Operator>, Error> {
    let deployments: Vec<Deployment> = client.list(None, Some(OPERATOR_LABEL)).await?;
    Ok(choose(&deployments))
}

/// The operator among the Deployments that bear its label; data protection bears it, too.
pub fn choose(deployments: &[Deployment]) -> Option<Operator> {
    let mut operators: Vec<Operator> = deployments.iter().filter_map(operator).collect();
    operators.sort_by_key(|operator| (!operator.is_ready, operator.namespace.clone(), operator.name.clone()));
    operators.into_iter().next()
}

fn operator(deployment: &Deployment) -> Option<Operator> {
    let name = deployment.metadata.name.clone()?;
    let label = |key: &str| deployment.metadata.labels.as_ref().and_then(|labels| labels.get(key));
    let is_other = label("app.kubernetes.io/component")
        .is_some_and(|component| component == "dataprotection")
        || name.ends_with("-dataprotection");
    if is_other {
        return None;
    }
    let pods = deployment.spec.template.spec.iter();
    let mut variables =
        pods.flat_map(|pod| &pod.containers).flat_map(|container| container.env.iter().flatten());
    let provider =
        variables.find(|variable| variable.name == "KUBE_PROVIDER").and_then(|found| found.value.clone());
    let ready = deployment.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or(0);
    Some(Operator {
        namespace: deployment.metadata.namespace.clone()?,
        name,
        is_ready: ready > 0,
        provider: provider.unwrap_or_default(),
    })
}

/// What the operator knows of its Kubernetes cluster.
pub async fn platform(client: &Client, operator: &Operator) -> Result<Platform, Error> {
    let version: ServerVersion = client.get_path("/version", "version").await?;
    Ok(Platform {
        version: format!("{}.{}", version.major, version.minor),
        git_version: version.git_version,
        provider: operator.provider.clone(),
    })
}

/// The condition that keeps the add-on from being installed here, if one does.
pub fn unmet<'a>(addon: &'a Addon, platform: &Platform) -> Option<&'a Selector> {
    let skips = addon.metadata.annotations.as_ref().and_then(|annotations| annotations.get(SKIP_CHECK));
    if skips.is_some_and(|skips| skips == "true") {
        return None;
    }
    let installable = addon.spec.installable.as_ref()?;
    installable.selectors.iter().find(|selector| !holds(selector, platform))
}

/// The defaults of the add-on for this Kubernetes cluster: the first with a condition that holds, else the first
/// without conditions.
pub fn defaults<'a>(addon: &'a Addon, platform: &Platform) -> Option<&'a DefaultInstallValues> {
    let all = &addon.spec.default_install_values;
    let chosen = all.iter().find(|values| values.selectors.iter().any(|selector| holds(selector, platform)));
    chosen.or_else(|| all.iter().find(|values| values.selectors.is_empty()))
}

/// What a condition is about, here.
pub fn subject<'a>(selector: &Selector, platform: &'a Platform) -> &'a str {
    match selector.key.as_str() {
        "KubeGitVersion" => &platform.git_version,
        "KubeVersion" => &platform.version,
        "KubeProvider" => &platform.provider,
        _ => "",
    }
}

fn holds(selector: &Selector, platform: &Platform) -> bool {
    let line = subject(selector, platform);
    let contains = || selector.values.iter().any(|value| line.contains(value.as_str()));
    let matches = || {
        let patterns = selector.values.iter().filter_map(|value| Regex::new(value).ok());
        patterns.into_iter().any(|pattern| pattern.is_match(line))
    };
    match selector.operator.as_str() {
        "Contains" => contains(),
        "DoesNotContain" => !contains(),
        "MatchRegex" => matches(),
        "DoesNotMatchRegex" => !matches(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(namespace: &str, name: &str, ready: i32, component: &str) -> Deployment {
        let object = json!({
            "metadata": {"namespace": namespace, "name": name, "labels": {"app.kubernetes.io/component": component}},
            "spec": {"selector": {}, "template": {"spec": {"containers": [
                {"name": "manager", "env": [{"name": "KUBE_PROVIDER", "value": "aws"}]}
            ]}}},
            "status": {"readyReplicas": ready},
        });
        serde_json::from_value(object).unwrap()
    }

    #[test]
    fn the_operator_is_not_data_protection_and_a_running_one_goes_before_others() {
        let protection = deployment("kb-system", "kubeblocks-dataprotection", 1, "dataprotection");
        assert_eq!(choose(std::slice::from_ref(&protection)), None);
        let all = [
            protection,
            deployment("a", "kubeblocks", 0, "apps"),
            deployment("b", "own-kubeblocks", 1, "apps"),
        ];
        let found = choose(&all).unwrap();
        assert_eq!((found.namespace.as_str(), found.is_ready, found.provider.as_str()), ("b", true, "aws"));
        assert!(!choose(&all[..2]).unwrap().is_ready);
    }

    fn platform() -> Platform {
        Platform { git_version: "v1.28.3-gke.100".into(), version: "1.28".into(), provider: String::new() }
    }

    fn addon(spec: &serde_json::Value) -> Addon {
        let mut object =
            json!({"metadata": {"name": "a"}, "spec": {"type": "Helm", "defaultInstallValues": []}});
        object["spec"].as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        serde_json::from_value(object).unwrap()
    }

    #[test]
    fn all_conditions_must_hold_and_the_first_that_does_not_is_named() {
        let table = [
            (json!([]), None),
            (json!([{"key": "KubeGitVersion", "operator": "Contains", "values": ["eks", "gke"]}]), None),
            (json!([{"key": "KubeGitVersion", "operator": "DoesNotContain", "values": ["gke"]}]), Some(0)),
            (json!([{"key": "KubeProvider", "operator": "Contains", "values": ["aws"]}]), Some(0)),
            (json!([{"key": "KubeProvider", "operator": "DoesNotContain", "values": ["aws"]}]), None),
            (
                json!([
                    {"key": "KubeVersion", "operator": "MatchRegex", "values": ["^1\\.2[0-9]$"]},
                    {"key": "KubeVersion", "operator": "DoesNotMatchRegex", "values": ["^1\\.2"]},
                ]),
                Some(1),
            ),
            (json!([{"key": "KubeVersion", "operator": "Contains"}]), Some(0)),
            (json!([{"key": "KubeVersion", "operator": "DoesNotContain"}]), None),
            (json!([{"key": "Other", "operator": "Unknown", "values": ["x"]}]), Some(0)),
        ];
        for (selectors, expected) in table {
            let addon = addon(&json!({"installable": {"autoInstall": false, "selectors": selectors}}));
            let all = &addon.spec.installable.as_ref().unwrap().selectors;
            assert_eq!(unmet(&addon, &platform()), expected.map(|index: usize| &all[index]), "{selectors}");
        }
    }

    #[test]
    fn conditions_can_be_switched_off_at_the_object() {
        let selectors = json!([{"key": "KubeProvider", "operator": "Contains", "values": ["aws"]}]);
        let mut addon = addon(&json!({"installable": {"autoInstall": false, "selectors": selectors}}));
        addon.metadata.annotations = Some([(SKIP_CHECK.to_owned(), "true".to_owned())].into());
        assert_eq!(unmet(&addon, &platform()), None);
    }

    #[test]
    fn defaults_with_a_condition_that_holds_go_before_those_without() {
        let values = json!([
            {"enabled": true, "replicas": 1},
            {"replicas": 2, "selectors": [{"key": "KubeProvider", "operator": "Contains", "values": ["aws"]}]},
            {"replicas": 3, "selectors": [
                {"key": "KubeProvider", "operator": "Contains", "values": ["aws"]},
                {"key": "KubeGitVersion", "operator": "Contains", "values": ["gke"]},
            ]},
        ]);
        let addon = addon(&json!({"defaultInstallValues": values}));
        assert_eq!(defaults(&addon, &platform()).unwrap().replicas, Some(3));
        assert_eq!(defaults(&addon, &Platform::default()).unwrap().replicas, Some(1));
    }
}
