//! Deletes a Cluster: refuses what would hang, sends the delete, waits until it is gone, and says what holds it.

use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Pod, Secret, Service};
use kube::ResourceExt;
use kubeblocks_schemas::v1alpha1::{
    Backup, BackupPolicy, BackupSchedule, Cluster, OpsRequest, ReplicatedStateMachine, TerminationPolicy,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::naming::cluster_selector;
use super::watching::{Observation, Watching};
use crate::kubernetes::client::Kind;
use crate::kubernetes::error::{Error, ObjectName};
use crate::kubernetes::{Client, Deleted, client};
use crate::wait::{Limits, Step, WaitError, at_most, until};

/// How long the objects that hold a Cluster are looked for when the time is already up.
const DIAGNOSIS_TIMEOUT: Duration = Duration::from_secs(15);
/// How often the server is asked when the watch cannot tell.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(2);
/// How many objects of a kind are named.
const NAMED: usize = 5;

/// Why a Cluster is still there.
#[derive(Debug, thiserror::Error)]
pub enum DeleteError {
    /// Its termination policy keeps it. Nothing was sent.
    #[error("the termination policy of {object} is DoNotTerminate")]
    Protected {
        /// The Cluster.
        object: ObjectName,
    },
    /// The API server refused or could not be reached.
    #[error("failed to delete the Cluster")]
    Api {
        /// The error.
        source: Error,
    },
    /// It was not gone in time.
    #[error("{object} is still there after {} seconds", waited.as_secs())]
    TimedOut {
        /// The Cluster.
        object: ObjectName,
        /// How long was waited.
        waited: Duration,
        /// What holds it.
        holders: Box<Holders>,
    },
    /// The practitioner interrupted. The delete may have been sent.
    #[error("interrupted")]
    Interrupted {
        /// The Cluster.
        object: ObjectName,
    },
}

/// What holds a Cluster that is being deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holders {
    /// Its own finalizers.
    pub finalizers: Vec<String>,
    /// Objects that belong to it and are still there, `Kind/name`, some with their finalizers.
    pub dependants: Vec<String>,
    /// The termination policy that it has.
    pub termination_policy: Option<String>,
}

/// Whether the Cluster would take a delete and go on running.
pub fn is_protected(cluster: &Cluster) -> bool {
    cluster.spec.termination_policy == TerminationPolicy::DoNotTerminate
}

/// Deletes the Cluster and waits until it is gone. A Cluster that is not there is gone.
pub async fn delete_cluster(
    client: &Client,
    namespace: &str,
    name: &str,
    limits: &Limits,
) -> Result<(), DeleteError> {
    let object = client::object_name::<Cluster>(Some(namespace), name);
    let failed = |source| match source {
        Error::Interrupted => DeleteError::Interrupted { object: object.clone() },
        source => DeleteError::Api { source },
    };
    let obeying = client.obeying(&limits.stop);
    let Some(cluster) = obeying.get_opt::<Cluster>(Some(namespace), name).await.map_err(failed)? else {
        return Ok(());
    };
    // Before the delete: the API server takes it, and the Cluster then runs on with it for ever.
    if is_protected(&cluster) {
        return Err(DeleteError::Protected { object });
    }
    let uid = cluster.uid().unwrap_or_default();
    if obeying.delete::<Cluster>(Some(namespace), name, Some(&uid)).await.map_err(failed)? == Deleted::Gone {
        return Ok(());
    }
    wait_until_gone(client, namespace, name, &uid, limits).await
}

/// Waits until the Cluster with `uid` is gone. Another one of the same name does not count.
pub async fn wait_until_gone(
    client: &Client,
    namespace: &str,
    name: &str,
    uid: &str,
    limits: &Limits,
) -> Result<(), DeleteError> {
    let object = client::object_name::<Cluster>(Some(namespace), name);
    let obeying = client.obeying(&limits.stop);
    let mut observations = Watching::open(&obeying, namespace, name).observations().boxed();
    let mut ask_again: Option<Instant> = None;
    loop {
        // Without the permission to watch, and when the watch is behind, the server is asked again after a while.
        let seen = until(limits, &mut observations, |observation, now| match observation {
            Observation::Here(snapshot) if snapshot.cluster.uid == uid => Step::<(), ()>::Wait(None),
            Observation::Opening(_) | Observation::Away(_) => Step::Wait(None),
            Observation::Here(_) | Observation::Absent | Observation::Denied => match ask_again {
                Some(moment) if now < moment => Step::Wait(Some(moment)),
                Some(_) | None => Step::Done(()),
            },
        });
        match seen.await {
            Ok(()) => ask_again = Some(Instant::now() + ASK_AGAIN_AFTER),
            Err(WaitError::TimedOut { waited, .. }) => {
                let holders =
                    at_most(DIAGNOSIS_TIMEOUT, Box::pin(find_holders(client, namespace, name))).await;
                return Err(DeleteError::TimedOut {
                    object,
                    waited,
                    holders: Box::new(holders.unwrap_or_default()),
                });
            }
            Err(WaitError::Interrupted { .. }) => return Err(DeleteError::Interrupted { object }),
            Err(WaitError::Failed { .. }) => {}
        }
        // A watch that just opened may be behind: the server's own word decides.
        match obeying.get_opt::<Cluster>(Some(namespace), name).await {
            Ok(Some(found)) if found.uid().as_deref() == Some(uid) => {}
            Ok(_) => return Ok(()),
            Err(Error::Interrupted) => return Err(DeleteError::Interrupted { object }),
            Err(error) if error.is_unavailable() => {}
            Err(source) => return Err(DeleteError::Api { source }),
        }
    }
}

/// What holds a Cluster that is being deleted: its finalizers, and what is left of it.
pub async fn find_holders(client: &Client, namespace: &str, name: &str) -> Holders {
    // Also after an interrupt or a timeout.
    let client = client.obeying(&CancellationToken::new());
    let cluster = client.get_opt::<Cluster>(Some(namespace), name).await.ok().flatten();
    let (workloads, sets, pods, claims, jobs) = tokio::join!(
        left::<ReplicatedStateMachine>(&client, namespace, name),
        left::<StatefulSet>(&client, namespace, name),
        left::<Pod>(&client, namespace, name),
        left::<PersistentVolumeClaim>(&client, namespace, name),
        left::<Job>(&client, namespace, name),
    );
    let (backups, policies, schedules, requests) = tokio::join!(
        left::<Backup>(&client, namespace, name),
        left::<BackupPolicy>(&client, namespace, name),
        left::<BackupSchedule>(&client, namespace, name),
        left::<OpsRequest>(&client, namespace, name),
    );
    let (secrets, config_maps, services) = tokio::join!(
        left::<Secret>(&client, namespace, name),
        left::<ConfigMap>(&client, namespace, name),
        left::<Service>(&client, namespace, name),
    );
    let kinds = [
        workloads,
        sets,
        pods,
        claims,
        jobs,
        backups,
        policies,
        schedules,
        requests,
        secrets,
        config_maps,
        services,
    ];
    Holders {
        finalizers: cluster.as_ref().map(|cluster| cluster.finalizers().to_vec()).unwrap_or_default(),
        dependants: kinds.into_iter().flatten().collect(),
        termination_policy: cluster.map(|cluster| cluster.spec.termination_policy.to_string()),
    }
}

/// Objects of a kind that belong to the Cluster. What must not be read is passed over.
async fn left<K: Kind>(client: &Client, namespace: &str, cluster: &str) -> Vec<String> {
    let found = client.list::<K>(Some(namespace), Some(&cluster_selector(cluster))).await.unwrap_or_default();
    let dynamic = K::DynamicType::default();
    let kind = K::kind(&dynamic);
    let more = found.len().saturating_sub(NAMED);
    let mut named: Vec<String> = found
        .iter()
        .take(NAMED)
        .map(|object| {
            let name = format!("{kind}/{}", object.name_any());
            match object.finalizers() {
                [] => name,
                finalizers => format!("{name} (finalizers: {})", finalizers.join(", ")),
            }
        })
        .collect();
    if more > 0 {
        named.push(format!("{more} more of kind {kind}"));
    }
    named
}
