//! Databases and what belongs to them.

use kube::ResourceExt;
use kubeblocks_schemas::v1alpha1::{Backup, BackupSchedule, Cluster, ServiceDescriptor};
use tfplugin::prelude::*;

use super::{Findable, Findings, Found};
use crate::data_sources::backups::{cluster_of, owners};
use crate::kubernetes::client::Kind;
use crate::kubernetes::{Client, Error};
use crate::resources::backup::{BackupIdentity, BackupResource};
use crate::resources::backup_schedule::convert::is_of_the_operator;
use crate::resources::backup_schedule::{BackupScheduleIdentity, BackupScheduleResource};
use crate::resources::cluster::{ClusterIdentity, ClusterResource};
use crate::resources::service_descriptor::{ServiceDescriptorIdentity, ServiceDescriptorResource};

/// Finds databases, by whoever made them, so that `kubeblocks_cluster` can take them over.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub(crate) struct ClusterSearch {
    /// Only in this Kubernetes namespace. Left out, in all.
    #[tf(optional)]
    pub(crate) namespace: Value<String>,
    /// Only those whose labels match, written as for `kubectl get --selector`, such as
    /// `clusterdefinition.kubeblocks.io/name=postgresql`.
    #[tf(optional)]
    pub(crate) label_selector: Value<String>,
}

impl Findable for ClusterResource {
    type Search = ClusterSearch;

    async fn find(client: &Client, search: &ClusterSearch) -> Result<Findings<ClusterIdentity>, Error> {
        let clusters: Vec<Cluster> = list(client, &search.namespace, &search.label_selector).await?;
        Ok(clusters
            .iter()
            .map(|one| local(one, |namespace, name| ClusterIdentity { namespace, name }))
            .collect())
    }
}

/// Finds schedules of backups, so that `kubeblocks_backup_schedule` can take them over. The schedule that the operator makes
/// with each database is not among them: it is `backup` of the `kubeblocks_cluster`.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub(crate) struct BackupScheduleSearch {
    /// Only in this Kubernetes namespace. Left out, in all.
    #[tf(optional)]
    pub(crate) namespace: Value<String>,
    /// Only those whose labels match, written as for `kubectl get --selector`, such as `team=orders,tier!=test`.
    #[tf(optional)]
    pub(crate) label_selector: Value<String>,
}

impl Findable for BackupScheduleResource {
    type Search = BackupScheduleSearch;

    async fn find(
        client: &Client,
        search: &BackupScheduleSearch,
    ) -> Result<Findings<BackupScheduleIdentity>, Error> {
        let schedules: Vec<BackupSchedule> = list(client, &search.namespace, &search.label_selector).await?;
        let own = schedules.iter().filter(|schedule| !is_of_the_operator(schedule));
        Ok(own.map(|one| local(one, |namespace, name| BackupScheduleIdentity { namespace, name })).collect())
    }
}

/// Finds backups, by whoever took them, so that `kubeblocks_backup` can take them over.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub(crate) struct BackupSearch {
    /// Only in this Kubernetes namespace. Left out, in all.
    #[tf(optional)]
    pub(crate) namespace: Value<String>,
    /// Only backups of this database, which need not be there any more.
    #[tf(optional)]
    pub(crate) cluster: Value<String>,
    /// Only those whose labels match, written as for `kubectl get --selector`, such as `team=orders,tier!=test`.
    #[tf(optional)]
    pub(crate) label_selector: Value<String>,
}

impl Findable for BackupResource {
    type Search = BackupSearch;

    async fn find(client: &Client, search: &BackupSearch) -> Result<Findings<BackupIdentity>, Error> {
        let mut backups: Vec<Backup> = list(client, &search.namespace, &search.label_selector).await?;
        if let Some(wanted) = search.cluster.known() {
            let namespace = search.namespace.known().map(String::as_str);
            let owners = owners(client, namespace, &backups).await?;
            backups.retain(|backup| cluster_of(backup, &owners).as_ref() == Some(wanted));
        }
        Ok(backups
            .iter()
            .map(|one| local(one, |namespace, name| BackupIdentity { namespace, name }))
            .collect())
    }
}

/// Finds descriptors of services outside of KubeBlocks, so that `kubeblocks_service_descriptor` can take them over.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub(crate) struct ServiceDescriptorSearch {
    /// Only in this Kubernetes namespace. Left out, in all.
    #[tf(optional)]
    pub(crate) namespace: Value<String>,
    /// Only those whose labels match, written as for `kubectl get --selector`, such as `team=orders,tier!=test`.
    #[tf(optional)]
    pub(crate) label_selector: Value<String>,
}

impl Findable for ServiceDescriptorResource {
    type Search = ServiceDescriptorSearch;

    async fn find(
        client: &Client,
        search: &ServiceDescriptorSearch,
    ) -> Result<Findings<ServiceDescriptorIdentity>, Error> {
        let all: Vec<ServiceDescriptor> = list(client, &search.namespace, &search.label_selector).await?;
        Ok(all
            .iter()
            .map(|one| local(one, |namespace, name| ServiceDescriptorIdentity { namespace, name }))
            .collect())
    }
}

async fn list<K: Kind>(
    client: &Client,
    namespace: &Value<String>,
    labels: &Value<String>,
) -> Result<Vec<K>, Error> {
    client.list(namespace.known().map(String::as_str), labels.known().map(String::as_str)).await
}

/// An object that lives in a namespace.
fn local<K: ResourceExt, I>(
    object: &K,
    identity: impl FnOnce(Value<String>, Value<String>) -> I,
) -> Found<I> {
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    Found {
        identity: identity(Value::Known(namespace.clone()), Value::Known(name.clone())),
        id: format!("{namespace}/{name}"),
        namespace: Some(namespace),
        name,
    }
}
