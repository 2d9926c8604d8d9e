//! Which objects there are that a resource could manage.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::Deployment;
use kube::ResourceExt;
use kubeblocks_schemas::v1alpha1::{
    Addon, AddonPhase, BackupRepo, BackupSchedule, Cluster, ServiceDescriptor,
};

use crate::kubernetes::{Client, Error};

/// Kinds in the order in which they depend on each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Operator,
    Addon,
    BackupRepo,
    ServiceDescriptor,
    Cluster,
    BackupSchedule,
}

impl Kind {
    /// The type of its resource.
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Self::Operator => "kubeblocks_operator",
            Self::Addon => "kubeblocks_addon",
            Self::BackupRepo => "kubeblocks_backup_repo",
            Self::ServiceDescriptor => "kubeblocks_service_descriptor",
            Self::Cluster => "kubeblocks_cluster",
            Self::BackupSchedule => "kubeblocks_backup_schedule",
        }
    }
}

/// An object, by what an import takes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub(super) kind: Kind,
    pub(super) id: String,
    pub(super) namespace: Option<String>,
    pub(super) name: String,
}

/// Label of the operator's Deployment.
const OPERATOR: &str = "app.kubernetes.io/name=kubeblocks";

/// Everything, or what belongs to databases of some namespaces.
pub(super) async fn find(client: &Client, namespaces: &[String]) -> Result<Vec<Found>, Error> {
    let mut found = BTreeSet::new();
    if namespaces.is_empty() {
        let deployments: Vec<Deployment> = client.list(None, Some(OPERATOR)).await?;
        found.extend(deployments.iter().filter_map(release));
        let addons: Vec<Addon> = client.list(None, None).await?;
        found.extend(addons.iter().filter(|addon| is_enabled(addon)).map(|addon| global(Kind::Addon, addon)));
        let repos: Vec<BackupRepo> = client.list(None, None).await?;
        found.extend(repos.iter().map(|repo| global(Kind::BackupRepo, repo)));
    }
    let places: Vec<Option<&str>> = match namespaces {
        [] => vec![None],
        some => some.iter().map(|name| Some(name.as_str())).collect(),
    };
    for place in places {
        let clusters: Vec<Cluster> = client.list(place, None).await?;
        found.extend(clusters.iter().map(|cluster| local(Kind::Cluster, cluster)));
        let schedules: Vec<BackupSchedule> = client.list(place, None).await?;
        let own = schedules.iter().filter(|schedule| !is_of_an_operator(*schedule));
        found.extend(own.map(|schedule| local(Kind::BackupSchedule, schedule)));
        let descriptors: Vec<ServiceDescriptor> = client.list(place, None).await?;
        found.extend(descriptors.iter().map(|one| local(Kind::ServiceDescriptor, one)));
    }
    Ok(found.into_iter().collect())
}

/// The release that a Deployment belongs to, as helm notes it.
fn release(deployment: &Deployment) -> Option<Found> {
    let annotation =
        |name: &str| deployment.annotations().get(&format!("meta.helm.sh/release-{name}")).cloned();
    let (namespace, name) = (annotation("namespace")?, annotation("name")?);
    Some(Found { kind: Kind::Operator, id: format!("{namespace}/{name}"), namespace: Some(namespace), name })
}

fn is_enabled(addon: &Addon) -> bool {
    addon.status.as_ref().and_then(|status| status.phase.as_ref()) == Some(&AddonPhase::Enabled)
}

/// The operator makes a schedule for each database that has `backup`, which is the database's own attribute.
fn is_of_an_operator<K: ResourceExt>(object: &K) -> bool {
    !object.owner_references().is_empty()
}

fn global<K: ResourceExt>(kind: Kind, object: &K) -> Found {
    Found { kind, id: object.name_any(), namespace: None, name: object.name_any() }
}

fn local<K: ResourceExt>(kind: Kind, object: &K) -> Found {
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    Found { kind, id: format!("{namespace}/{name}"), namespace: Some(namespace), name }
}
