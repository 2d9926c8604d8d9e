//! What KubeBlocks itself consists of: the operator, its add-ons, repositories of backups.

use k8s_openapi::api::apps::v1::Deployment;
use kube::ResourceExt;
use kubeblocks_schemas::v1alpha1::{Addon, AddonPhase, BackupRepo};
use tfplugin::prelude::*;

use super::{Findable, Findings, Found};
use crate::kubernetes::{Client, Error};
use crate::resources::addon::{AddonIdentity, AddonResource};
use crate::resources::backup_repo::{BackupRepoIdentity, BackupRepoResource};
use crate::resources::operator::{OperatorIdentity, OperatorResource};

/// Label of the operator's Deployment.
const OPERATOR: &str = "app.kubernetes.io/name=kubeblocks";

/// Finds operators of KubeBlocks, by whoever installed them with Helm, so that `kubeblocks_operator` can take them over.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub(crate) struct OperatorSearch {
    /// Only in this Kubernetes namespace. Left out, in all.
    #[tf(optional)]
    pub(crate) namespace: Value<String>,
}

impl Findable for OperatorResource {
    type Search = OperatorSearch;

    async fn find(client: &Client, search: &OperatorSearch) -> Result<Findings<OperatorIdentity>, Error> {
        let namespace = search.namespace.known().map(String::as_str);
        let deployments: Vec<Deployment> = client.list(namespace, Some(OPERATOR)).await?;
        Ok(releases(&deployments).into_iter().collect())
    }
}

/// The releases that Deployments belong to. One release has several: the operator's and the one for backups.
fn releases(deployments: &[Deployment]) -> Vec<Found<OperatorIdentity>> {
    let mut found: Vec<_> = deployments.iter().filter_map(release).collect();
    found.sort_by(|one, other| one.id.cmp(&other.id));
    found.dedup();
    found
}

/// The release that a Deployment belongs to, as Helm notes it.
fn release(deployment: &Deployment) -> Option<Found<OperatorIdentity>> {
    let annotation =
        |name: &str| deployment.annotations().get(&format!("meta.helm.sh/release-{name}")).cloned();
    let (namespace, name) = (annotation("namespace")?, annotation("name")?);
    Some(Found {
        identity: OperatorIdentity {
            namespace: Value::Known(namespace.clone()),
            name: Value::Known(name.clone()),
        },
        id: format!("{namespace}/{name}"),
        namespace: Some(namespace),
        name,
    })
}

/// Finds add-ons that are enabled, so that `kubeblocks_addon` can take them over.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub(crate) struct AddonSearch {
    /// Only those whose labels match, written as for `kubectl get --selector`, such as `team=orders,tier!=test`.
    #[tf(optional)]
    pub(crate) label_selector: Value<String>,
}

impl Findable for AddonResource {
    type Search = AddonSearch;

    async fn find(client: &Client, search: &AddonSearch) -> Result<Findings<AddonIdentity>, Error> {
        let addons: Vec<Addon> = client.list(None, search.label_selector.known().map(String::as_str)).await?;
        let enabled = addons.iter().filter(|addon| is_enabled(addon)).map(ResourceExt::name_any);
        Ok(enabled.map(|name| global(|name| AddonIdentity { name }, name)).collect())
    }
}

fn is_enabled(addon: &Addon) -> bool {
    addon.status.as_ref().and_then(|status| status.phase.as_ref()) == Some(&AddonPhase::Enabled)
}

/// Finds repositories of backups, so that `kubeblocks_backup_repo` can take them over.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub(crate) struct BackupRepoSearch {
    /// Only those whose labels match, written as for `kubectl get --selector`, such as `team=orders,tier!=test`.
    #[tf(optional)]
    pub(crate) label_selector: Value<String>,
}

impl Findable for BackupRepoResource {
    type Search = BackupRepoSearch;

    async fn find(client: &Client, search: &BackupRepoSearch) -> Result<Findings<BackupRepoIdentity>, Error> {
        let repos: Vec<BackupRepo> =
            client.list(None, search.label_selector.known().map(String::as_str)).await?;
        let names = repos.iter().map(ResourceExt::name_any);
        Ok(names.map(|name| global(|name| BackupRepoIdentity { name }, name)).collect())
    }
}

/// An object that lives in no namespace.
fn global<I>(identity: impl FnOnce(Value<String>) -> I, name: String) -> Found<I> {
    Found { identity: identity(Value::Known(name.clone())), id: name.clone(), namespace: None, name }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_release_is_found_once_however_many_deployments_it_has() {
        let deployment = |release: Option<(&str, &str)>| {
            let mut deployment = Deployment::default();
            deployment.metadata.annotations = release.map(|(namespace, name)| {
                BTreeMap::from([
                    ("meta.helm.sh/release-namespace".to_owned(), namespace.to_owned()),
                    ("meta.helm.sh/release-name".to_owned(), name.to_owned()),
                ])
            });
            deployment
        };
        let there = [
            deployment(Some(("kb-system", "kubeblocks"))),
            deployment(None),
            deployment(Some(("other", "kb"))),
            deployment(Some(("kb-system", "kubeblocks"))),
        ];
        let ids: Vec<String> = releases(&there).into_iter().map(|found| found.id).collect();
        assert_eq!(ids, ["kb-system/kubeblocks", "other/kb"]);
    }
}
