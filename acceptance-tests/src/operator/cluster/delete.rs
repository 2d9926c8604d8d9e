//! The deletion of a Cluster by its termination policy: everything of its own first, then the Cluster.

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Secret, ServiceAccount};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::ResourceExt;
use kube::runtime::controller::Action;
use serde_json::json;

use super::REQUEUE;
use crate::operator::Context;
use crate::operator::api::{Backup, BackupPolicy, BackupSchedule, Cluster, ReplicatedStateMachine, Restore};
use crate::operator::error::Error;
use crate::operator::events::Severity;
use crate::operator::naming::{
    ANNOTATION_LAST_CLUSTER, CLUSTER_FINALIZER, LABEL_BACKUP_PROTECTION, LABEL_INSTANCE, Labels, labels,
};
use crate::operator::store::Object;

/// One look at a Cluster that is being deleted.
pub(super) async fn pass(context: &Context, cluster: &Cluster) -> Result<Action, Error> {
    let name = cluster.name_any();
    context.events.record(cluster, Severity::Normal, "DeletingCR", &format!("Deleting : {name}")).await;
    let sweep = Sweep {
        context,
        namespace: cluster.namespace().unwrap_or_default(),
        labels: labels([(LABEL_INSTANCE, &name)]),
    };
    let policy = cluster.spec.termination_policy.as_str();
    let mut left = 0;
    if policy == "Halt" {
        let last = last_applied(cluster);
        sweep.keep::<PersistentVolumeClaim>(&last).await?;
        sweep.keep::<Secret>(&last).await?;
        sweep.keep::<ConfigMap>(&last).await?;
    }
    left += sweep.delete::<PodDisruptionBudget>().await?;
    left += sweep.delete::<ServiceAccount>().await?;
    left += sweep.delete::<RoleBinding>().await?;
    left += sweep.delete::<ReplicatedStateMachine>().await?;
    left += sweep.delete::<StatefulSet>().await?;
    if policy != "Halt" {
        left += sweep.delete::<Secret>().await?;
        left += sweep.delete::<ConfigMap>().await?;
        left += sweep.delete::<PersistentVolumeClaim>().await?;
        left += sweep.delete::<BackupPolicy>().await?;
        left += sweep.delete::<BackupSchedule>().await?;
        left += sweep.delete::<Job>().await?;
        left += sweep.delete::<Restore>().await?;
    }
    if policy == "WipeOut" {
        left += sweep.delete::<Backup>().await?;
    }
    if left > 0 {
        let mut status = cluster.status();
        "Deleting".clone_into(&mut status.phase);
        context.store.write_status(cluster, cluster.status.as_ref(), &status).await?;
        return Ok(Action::requeue(REQUEUE));
    }
    if context.options.faults.has_stuck_finalizer(&sweep.namespace, &name) {
        return Ok(Action::requeue(REQUEUE));
    }
    context.store.remove_finalizer(cluster, CLUSTER_FINALIZER).await?;
    Ok(Action::await_change())
}

/// The Cluster as it is written on what a Halt leaves behind.
fn last_applied(cluster: &Cluster) -> String {
    json!({
        "metadata": { "name": cluster.name_any(), "uid": cluster.uid(), "creationTimestamp": null },
        "spec": cluster.spec,
        "status": {},
    })
    .to_string()
}

struct Sweep<'a> {
    context: &'a Context,
    namespace: String,
    labels: Labels,
}

impl Sweep<'_> {
    /// Deletes all objects of a kind, except those of a workload, which the workload deletes. Says how many were left.
    async fn delete<K: Object>(&self) -> Result<usize, Error> {
        let mut left = 0;
        for object in self.context.store.list::<K>(&self.namespace, &self.labels).await? {
            if object.labels().get(LABEL_BACKUP_PROTECTION).is_some_and(|value| value == "Retain") {
                continue;
            }
            left += 1;
            let of_workload =
                object.owner_references().iter().any(|owner| owner.kind == "ReplicatedStateMachine");
            if of_workload {
                continue;
            }
            self.context
                .store
                .remove_finalizer(&object, CLUSTER_FINALIZER)
                .await
                .or_else(changed_meanwhile)?;
            if object.meta().deletion_timestamp.is_none() {
                self.context.store.delete::<K>(&self.namespace, &object.name_any()).await?;
            }
        }
        Ok(left)
    }

    /// Cuts all objects of a kind loose from the Cluster and notes on them what it was.
    async fn keep<K: Object>(&self, last: &str) -> Result<(), Error> {
        for object in self.context.store.list::<K>(&self.namespace, &self.labels).await? {
            let owners: Vec<_> =
                object.owner_references().iter().filter(|owner| owner.kind != "Cluster").cloned().collect();
            let finalizers: Vec<_> =
                object.finalizers().iter().filter(|known| *known != CLUSTER_FINALIZER).cloned().collect();
            let is_noted =
                object.annotations().get(ANNOTATION_LAST_CLUSTER).is_some_and(|noted| noted == last);
            if is_noted
                && owners.len() == object.owner_references().len()
                && finalizers.len() == object.finalizers().len()
            {
                continue;
            }
            let patch = json!({ "metadata": {
                "ownerReferences": owners,
                "finalizers": finalizers,
                "annotations": { ANNOTATION_LAST_CLUSTER: last },
            }});
            self.context.store.merge::<K>(&self.namespace, &object.name_any(), &patch).await?;
        }
        Ok(())
    }
}

/// Another controller was faster with the same object: the next look will see it.
fn changed_meanwhile(error: Error) -> Result<bool, Error> {
    if error.is_conflict() { Ok(false) } else { Err(error) }
}
