//! Takes an operation away that would lock its database for ever. The operator does not let a running one go, so its
//! finalizer is taken off; what it has begun stays as it is.

use std::time::Duration;

use kube::ResourceExt;
use kubeblocks_schemas::v1alpha1::{Cluster, OpsRequest};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::lock::entries;
use crate::kubeblocks::naming::OPS_REQUEST_ANNOTATION;
use crate::kubernetes::dynamic::resource_of;
use crate::kubernetes::observe::{Seen, Selection, Sight};
use crate::kubernetes::{Client, Error};
use crate::wait::{Limits, Step, until};

/// Finalizer of the operator.
const FINALIZER: &str = "opsrequest.kubeblocks.io/finalizer";
/// How long the operator is given to do it itself.
const OPERATOR_DOES_IT: Duration = Duration::from_secs(10);
/// How often a lost race for the database's annotation is run again.
const RACES: usize = 5;

/// Removes the object if it is the one with `uid`, whether or not the operator wants it, and then its hold.
pub(super) async fn take_away(
    client: &Client,
    namespace: &str,
    name: &str,
    uid: Option<&str>,
) -> Result<(), Error> {
    let Some(object) = remove(client, namespace, name, uid).await? else { return Ok(()) };
    let cluster = &object.spec.cluster_ref;
    if until_released(client, namespace, cluster, name).await {
        return Ok(());
    }
    release(client, namespace, cluster, name).await
}

async fn remove(
    client: &Client,
    namespace: &str,
    name: &str,
    uid: Option<&str>,
) -> Result<Option<OpsRequest>, Error> {
    // First the delete: while it is not on its way out, the operator puts its finalizer back.
    client.delete::<OpsRequest>(Some(namespace), name, uid).await?;
    let Some(object) = client.get_opt::<OpsRequest>(Some(namespace), name).await? else { return Ok(None) };
    if object.metadata.deletion_timestamp.is_none() {
        return Ok(None);
    }
    let others: Vec<&String> = object.finalizers().iter().filter(|one| *one != FINALIZER).collect();
    let patch = json!({"metadata": {"finalizers": others}});
    client.merge_object(&resource_of::<OpsRequest>(), Some(namespace), name, &patch).await?;
    Ok(Some(object))
}

/// Whether the operator takes the operation off the database in time.
async fn until_released(client: &Client, namespace: &str, cluster: &str, name: &str) -> bool {
    let selection = Selection::kind::<Cluster>().within(namespace).named(cluster);
    let mut snapshots = client.observe(vec![selection]);
    let limits = Limits::new(OPERATOR_DOES_IT, &CancellationToken::new());
    let released = until(&limits, &mut snapshots, |all: &Vec<Seen>, _| {
        let Some(seen) = all.first() else { return Step::<_, ()>::Wait(None) };
        match seen.sight {
            Sight::Closed => Step::Done(false),
            Sight::Open if !seen.typed::<Cluster>().iter().any(|cluster| holds(cluster, name)) => {
                Step::Done(true)
            }
            Sight::Open | Sight::Opening | Sight::Lost => Step::Wait(None),
        }
    });
    released.await.unwrap_or(false)
}

/// Whether an operation holds a database.
pub(super) fn holds(cluster: &Cluster, name: &str) -> bool {
    entries(cluster).iter().any(|entry| entry.name == name)
}

/// Takes the operation off the database: an operator that was away never learns that it is gone.
async fn release(client: &Client, namespace: &str, cluster: &str, name: &str) -> Result<(), Error> {
    for _ in 0..RACES {
        let Some(object) = client.get_opt::<Cluster>(Some(namespace), cluster).await? else { return Ok(()) };
        if !holds(&object, name) {
            return Ok(());
        }
        let left: Vec<_> = entries(&object).into_iter().filter(|entry| entry.name != name).collect();
        let value = if left.is_empty() {
            serde_json::Value::Null
        } else {
            let left: Vec<_> =
                left.iter().map(|entry| json!({"name": entry.name, "type": entry.kind})).collect();
            json!(left).to_string().into()
        };
        let patch = json!({"metadata": {
            "resourceVersion": object.resource_version(),
            "annotations": {OPS_REQUEST_ANNOTATION: value},
        }});
        match client.merge_object(&resource_of::<Cluster>(), Some(namespace), cluster, &patch).await {
            Err(Error::Changed { .. }) => {}
            other => return other.map(drop),
        }
    }
    Ok(())
}
