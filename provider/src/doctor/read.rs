//! Reads the facts through the provider's own client. Judges nothing; what cannot be read is noted with the reason.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::api::storage::v1::StorageClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{APIGroupList, APIResourceList};
use k8s_openapi::apimachinery::pkg::version::Info;
use kubeblocks_schemas::v1alpha1::Addon;

use super::access::{Access, Namespaces};
use super::facts::{Cloud, Facts, Reading, ServedKinds, Unread};
use crate::kubernetes::{Client, Error};

/// The label that the operator's chart puts on its Deployments.
const OPERATOR_LABEL: &str = "app.kubernetes.io/name=kubeblocks";

const SNAPSHOT_API: &str = "snapshot.storage.k8s.io/v1";

/// What the user says of the Kubernetes cluster.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) namespace: String,
    pub(super) database_namespace: Option<String>,
    pub(super) cloud: Option<Cloud>,
}

/// All facts. Fails when the server cannot be reached or accepts no credentials, since nothing else is known then.
pub(super) async fn read(client: &Client, told: Told) -> Result<Facts, Error> {
    // Everybody who is let in may read the version, so this tells whether anything can be asked at all.
    let version: Info = client.get_path("/version", "version").await?;
    let namespaces = Namespaces { operator: &told.namespace, databases: told.database_namespace.as_deref() };
    let (nodes, storage_classes, snapshot_classes, load_balancer, served, operator, addons, access) = futures::join!(
        client.list::<Node>(None, None),
        client.list::<StorageClass>(None, None),
        snapshot_classes(client),
        client.get_opt::<Deployment>(Some("kube-system"), "aws-load-balancer-controller"),
        served_kinds(client),
        operator(client, &told.namespace),
        addons(client),
        Access::read(client, namespaces)
    );
    Ok(Facts {
        version: version.git_version,
        told_cloud: told.cloud,
        nodes: noted(nodes),
        storage_classes: noted(storage_classes),
        snapshot_classes: noted(snapshot_classes),
        load_balancer: noted(load_balancer),
        served: noted(served),
        operator: noted(operator),
        addons: noted(addons),
        access,
        namespace: told.namespace,
    })
}

fn noted<T>(outcome: Result<T, Error>) -> Reading<T> {
    outcome.map_err(|error| Unread::of(&error))
}

async fn snapshot_classes(client: &Client) -> Result<Option<Vec<String>>, Error> {
    let Some(kind) = client.served_kind(SNAPSHOT_API, "VolumeSnapshotClass").await? else { return Ok(None) };
    let classes = client.list_objects(&kind.resource, None, None).await?;
    Ok(Some(classes.iter().map(kube::ResourceExt::name_any).collect()))
}

pub(super) async fn served_kinds(client: &Client) -> Result<ServedKinds, Error> {
    let groups: APIGroupList = client.get_path("/apis", "API groups").await?;
    let mut served = ServedKinds::default();
    for group in groups.groups.iter().filter(|group| group.name.ends_with(".kubeblocks.io")) {
        let versions: BTreeSet<String> =
            group.versions.iter().map(|version| version.version.clone()).collect();
        if versions.contains("v1alpha1") {
            let path = format!("/apis/{}/v1alpha1", group.name);
            let list: APIResourceList = client.get_path(&path, "API resources").await?;
            let kinds = list.resources.iter().filter(|resource| !resource.name.contains('/'));
            served.kinds.extend(kinds.map(|resource| format!("{}.{}", resource.name, group.name)));
        }
        if group.name == "apps.kubeblocks.io" {
            served.versions = versions;
        }
    }
    Ok(served)
}

/// The operator's Deployments: where it should be, else wherever it is, as far as that may be looked at.
async fn operator(client: &Client, namespace: &str) -> Result<Vec<Deployment>, Error> {
    let here = client.list::<Deployment>(Some(namespace), Some(OPERATOR_LABEL)).await;
    match here {
        Ok(found) if found.is_empty() => match client.list(None, Some(OPERATOR_LABEL)).await {
            Err(Error::Forbidden { .. }) => Ok(Vec::new()),
            anywhere => anywhere,
        },
        here => here,
    }
}

async fn addons(client: &Client) -> Result<Option<Vec<Addon>>, Error> {
    match client.list::<Addon>(None, None).await {
        Ok(mut found) => {
            found.sort_by_key(kube::ResourceExt::name_any);
            Ok(Some(found))
        }
        Err(error) if error.is_not_served() => Ok(None),
        Err(error) => Err(error),
    }
}
