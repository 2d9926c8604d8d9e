//! Whether all pods of a component are of the newest revision of the Cluster's spec.

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;

use crate::operator::Context;
use crate::operator::api::{Cluster, ReplicatedStateMachine};
use crate::operator::error::Error;

/// Follows the spec down: Cluster, workload, `StatefulSet`, pods.
pub(crate) async fn is_latest(
    context: &Context,
    cluster: &Cluster,
    observed_generation: i64,
    workload: &ReplicatedStateMachine,
) -> Result<bool, Error> {
    let status = workload.status();
    if observed_generation != cluster.generation()
        || workload.cluster_generation() != Some(cluster.generation())
        || status.observed_generation != workload.generation()
        || status.current_generation != workload.generation()
    {
        return Ok(false);
    }
    let namespace = workload.namespace().unwrap_or_default();
    let Some(set) = context.store.get::<StatefulSet>(&namespace, &workload.name_any()).await? else {
        return Ok(false);
    };
    let counted = set.status.unwrap_or_default();
    if counted.observed_generation != set.metadata.generation {
        return Ok(false);
    }
    let labels = workload.spec.selector.match_labels.clone().unwrap_or_default();
    let pods: Vec<Pod> = context.store.list(&namespace, &labels).await?;
    let newest = counted.update_revision.unwrap_or_default();
    Ok(pods.iter().all(|pod| pod.labels().get("controller-revision-hash") == Some(&newest)))
}
