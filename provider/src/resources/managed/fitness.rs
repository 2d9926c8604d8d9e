//! Makes a Kubernetes cluster that its cloud calls ready fit for KubeBlocks, and waits until it is: nodes that have
//! joined, a driver of volumes, a default `StorageClass` whose volumes can grow, and snapshots.

use std::time::Duration;

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::api::storage::v1::{CSIDriver, StorageClass};
use kube::ResourceExt as _;
use kube::core::ApiResource;
use serde_json::json;
use tokio::time::Instant;

use super::drive::Stopped;
use crate::kubernetes::observe::{Seen, Selection, Sight};
use crate::kubernetes::{Client, Conflicts, Error};
use crate::wait::{Limits, Step, WaitError, until};

/// A new API server may refuse for so long: its name, its accounts and its roles spread.
const FIRST_SIGHT: Duration = Duration::from_mins(10);

/// Annotation of the class that claims get which name none.
const IS_DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";

/// What a cloud's clusters need beyond what the cloud brings.
#[derive(Clone, Copy, Debug)]
pub struct Storage {
    /// Name of the driver of its block volumes.
    pub driver: &'static str,
    /// Name of the default `StorageClass` that is made where there is none that can grow.
    pub class: &'static str,
    /// Parameters of that class.
    pub parameters: &'static [(&'static str, &'static str)],
}

/// The class of snapshots that is made.
const SNAPSHOT_CLASS: &str = "kubeblocks";

/// What is still missing, judged from what is seen. Pure.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Missing {
    /// The API server cannot be used yet.
    Api(String),
    /// Fewer nodes than wanted are ready.
    Nodes { ready: usize, wanted: usize },
    /// The driver of volumes is not installed.
    Driver,
    /// The kinds of snapshots are not installed.
    SnapshotKinds,
}

impl Missing {
    fn text(&self, storage: &Storage) -> String {
        match self {
            Self::Api(trouble) => format!("the Kubernetes API to answer ({trouble})"),
            Self::Nodes { ready, wanted } => format!("nodes to join and be ready ({ready} of {wanted})"),
            Self::Driver => format!("the volume driver {}", storage.driver),
            Self::SnapshotKinds => "the kinds of volume snapshots".to_owned(),
        }
    }
}

/// Waits until what the cloud brings is there, then adds what it does not bring.
pub(crate) async fn make_fit(
    client: &Client,
    storage: &Storage,
    wanted_nodes: usize,
    limits: &Limits,
) -> Result<(), FitnessError> {
    wait_for_the_clouds_part(client, storage, wanted_nodes, limits).await.map_err(FitnessError::Stopped)?;
    ensure_default_class(client, storage).await.map_err(FitnessError::Api)?;
    ensure_snapshot_class(client, storage).await.map_err(FitnessError::Api)
}

/// Why a Kubernetes cluster is not fit.
#[derive(Debug)]
pub(crate) enum FitnessError {
    /// It was not waited to the end.
    Stopped(Stopped),
    /// The API server refused.
    Api(Error),
}

async fn wait_for_the_clouds_part(
    client: &Client,
    storage: &Storage,
    wanted_nodes: usize,
    limits: &Limits,
) -> Result<(), Stopped> {
    let selections = vec![
        Selection::kind::<Node>(),
        Selection::kind::<CSIDriver>().named(storage.driver),
        Selection::of(definitions()).named("volumesnapshotclasses.snapshot.storage.k8s.io"),
    ];
    let first_sight = Instant::now() + FIRST_SIGHT;
    let mut snapshots = client.observe(selections).boxed();
    let outcome = until(limits, &mut snapshots, |seen: &Vec<Seen>, now| match missing(seen, wanted_nodes) {
        None => Step::Done(()),
        Some(missing @ Missing::Api(_)) if now >= first_sight => Step::Failed(missing),
        Some(Missing::Api(_)) => Step::Wait(Some(first_sight)),
        Some(_) => Step::Wait(None),
    });
    let describe = |seen: Option<Vec<Seen>>| {
        let missing = seen.and_then(|seen| missing(&seen, wanted_nodes));
        missing.map_or_else(|| "the Kubernetes API".to_owned(), |missing| missing.text(storage))
    };
    match outcome.await {
        Ok(()) => Ok(()),
        Err(WaitError::Failed { failure, .. }) => {
            Err(Stopped::TimedOut { what: failure.text(storage), waited: FIRST_SIGHT })
        }
        Err(WaitError::TimedOut { last, waited }) => Err(Stopped::TimedOut { what: describe(last), waited }),
        Err(WaitError::Interrupted { last }) => Err(Stopped::Interrupted { what: describe(last) }),
    }
}

/// The first thing that is missing, in the order in which things come.
fn missing(seen: &[Seen], wanted_nodes: usize) -> Option<Missing> {
    let [nodes, drivers, kinds] = seen else { return Some(Missing::Api("nothing seen yet".to_owned())) };
    if let Some(dark) = seen.iter().find(|seen| seen.sight != Sight::Open) {
        let trouble = dark.trouble.clone().unwrap_or_else(|| "no answer yet".to_owned());
        return Some(Missing::Api(trouble));
    }
    let ready = nodes.typed::<Node>().iter().filter(|node| is_ready(node)).count();
    if ready < wanted_nodes {
        return Some(Missing::Nodes { ready, wanted: wanted_nodes });
    }
    if drivers.first().is_none() {
        return Some(Missing::Driver);
    }
    kinds.first().is_none().then_some(Missing::SnapshotKinds)
}

fn is_ready(node: &Node) -> bool {
    let conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

fn definitions() -> ApiResource {
    ApiResource {
        group: "apiextensions.k8s.io".to_owned(),
        version: "v1".to_owned(),
        api_version: "apiextensions.k8s.io/v1".to_owned(),
        kind: "CustomResourceDefinition".to_owned(),
        plural: "customresourcedefinitions".to_owned(),
    }
}

/// A default class whose volumes can grow. One that is there is left alone, also when it is not ours.
async fn ensure_default_class(client: &Client, storage: &Storage) -> Result<(), Error> {
    let classes: Vec<StorageClass> = client.list(None, None).await?;
    if classes.iter().any(|class| is_default(class) && class.allow_volume_expansion == Some(true)) {
        return Ok(());
    }
    let resource = crate::kubernetes::dynamic::resource_of::<StorageClass>();
    // Two defaults would leave the choice to chance: Kubernetes takes the younger one, other tools the first.
    for class in classes.iter().filter(|class| is_default(class)) {
        let patch = json!({"metadata": {"annotations": {IS_DEFAULT: "false"}}});
        client.merge_object(&resource, None, &class.name_any(), &patch).await?;
    }
    let parameters: serde_json::Map<String, serde_json::Value> =
        storage.parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    let body = json!({
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": storage.class, "annotations": {IS_DEFAULT: "true"}},
        "provisioner": storage.driver,
        "parameters": parameters,
        "allowVolumeExpansion": true,
        "volumeBindingMode": "WaitForFirstConsumer",
        "reclaimPolicy": "Delete",
    });
    client.apply_object(&resource, None, storage.class, &body, Conflicts::Force, false).await.map(drop)
}

fn is_default(class: &StorageClass) -> bool {
    class.annotations().get(IS_DEFAULT).is_some_and(|value| value == "true")
}

/// A class for snapshots of the driver's volumes, if there is none.
async fn ensure_snapshot_class(client: &Client, storage: &Storage) -> Result<(), Error> {
    let resource = ApiResource {
        group: "snapshot.storage.k8s.io".to_owned(),
        version: "v1".to_owned(),
        api_version: "snapshot.storage.k8s.io/v1".to_owned(),
        kind: "VolumeSnapshotClass".to_owned(),
        plural: "volumesnapshotclasses".to_owned(),
    };
    let classes = client.list_objects(&resource, None, None).await?;
    if classes.iter().any(|class| class.data["driver"] == storage.driver) {
        return Ok(());
    }
    let body = json!({
        "apiVersion": "snapshot.storage.k8s.io/v1",
        "kind": "VolumeSnapshotClass",
        "metadata": {
            "name": SNAPSHOT_CLASS,
            "annotations": {"snapshot.storage.kubernetes.io/is-default-class": "true"},
        },
        "driver": storage.driver,
        "deletionPolicy": "Delete",
    });
    client.apply_object(&resource, None, SNAPSHOT_CLASS, &body, Conflicts::Force, false).await.map(drop)
}
