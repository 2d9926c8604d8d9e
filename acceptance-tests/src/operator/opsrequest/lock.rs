//! The annotation on the Cluster that names the operations that run on it and keeps others out.

use kube::ResourceExt;
use kube::runtime::reflector::ObjectRef;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Operation;
use super::action::update_cluster;
use crate::operator::Context;
use crate::operator::api::{Cluster, OpsRequest};
use crate::operator::error::Error;
use crate::operator::naming::{ANNOTATION_OPS_LOCK, Labels};

/// One running operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LockEntry {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) type_: String,
}

/// The operations that run on a cluster.
pub(super) fn entries(cluster: &Cluster) -> Vec<LockEntry> {
    cluster
        .annotation(ANNOTATION_OPS_LOCK)
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

/// The operations that a change of their cluster may bring further.
pub(crate) fn of_cluster(cluster: &Cluster) -> Vec<ObjectRef<OpsRequest>> {
    let namespace = cluster.namespace().unwrap_or_default();
    entries(cluster).iter().map(|entry| ObjectRef::new(&entry.name).within(&namespace)).collect()
}

/// Adds the operation and gives the Cluster as it is afterwards.
pub(super) async fn acquire(operation: &Operation<'_>) -> Result<Cluster, Error> {
    let mut queue = entries(operation.cluster);
    let name = operation.name();
    if queue.iter().any(|entry| entry.name == name) {
        return Ok(operation.cluster.clone());
    }
    queue.push(LockEntry { name, type_: operation.request.spec.type_.clone() });
    let text = serde_json::to_string(&queue).unwrap_or_default();
    update_cluster(operation, |cluster| {
        cluster["metadata"]["annotations"][ANNOTATION_OPS_LOCK] = json!(text);
    })
    .await
}

/// Takes an operation off one cluster.
pub(super) async fn release(context: &Context, cluster: &Cluster, name: &str) -> Result<(), Error> {
    let mut queue = entries(cluster);
    let count = queue.len();
    queue.retain(|entry| entry.name != name);
    if queue.len() == count {
        return Ok(());
    }
    let value =
        if queue.is_empty() { Value::Null } else { json!(serde_json::to_string(&queue).unwrap_or_default()) };
    let patch = json!({ "metadata": { "annotations": { ANNOTATION_OPS_LOCK: value } } });
    context
        .store
        .merge::<Cluster>(&cluster.namespace().unwrap_or_default(), &cluster.name_any(), &patch)
        .await
}

/// An operation that vanished while it ran must not lock its cluster for ever.
pub(super) async fn release_everywhere(context: &Context, namespace: &str, name: &str) -> Result<(), Error> {
    for cluster in context.store.list::<Cluster>(namespace, &Labels::new()).await? {
        release(context, &cluster, name).await?;
    }
    Ok(())
}
