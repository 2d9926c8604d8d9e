//! Before a Kubernetes cluster goes: what ran inside gives back what it made in the cloud. A load balancer or a disk
//! that outlives its cluster costs money, and keeps the network from being removed.

use std::collections::BTreeSet;

use futures::StreamExt as _;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod, Service};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::ResourceExt as _;

use super::drive::Stopped;
use crate::kubernetes::client::Kind;
use crate::kubernetes::observe::{Seen, Selection};
use crate::kubernetes::{Client, Error};
use crate::wait::{Limits, Step, WaitError, until};

/// Why not everything was given back.
#[derive(Debug)]
pub(crate) enum ReleaseError {
    /// It was not waited to the end.
    Stopped(Stopped),
    /// The API server refused.
    Api(Error),
}

impl From<Error> for ReleaseError {
    fn from(error: Error) -> Self {
        Self::Api(error)
    }
}

/// Removes every Service with a load balancer and every claim of a volume, with the pods that hold them, and waits until
/// the cloud has taken back what stood behind them. Volumes whose policy keeps them are left.
pub(crate) async fn release(client: &Client, limits: &Limits) -> Result<(), ReleaseError> {
    let services: Vec<Service> = client.list(None, None).await?;
    for service in services.iter().filter(|service| has_load_balancer(service)) {
        client.delete::<Service>(service.namespace().as_deref(), &service.name_any(), None).await?;
    }
    let claims: Vec<PersistentVolumeClaim> = client.list(None, None).await?;
    if !claims.is_empty() {
        stop_users(client).await?;
        for claim in &claims {
            let namespace = claim.namespace();
            client.delete::<PersistentVolumeClaim>(namespace.as_deref(), &claim.name_any(), None).await?;
        }
    }
    wait_until_released(client, limits).await.map_err(ReleaseError::Stopped)
}

fn has_load_balancer(service: &Service) -> bool {
    service.spec.as_ref().and_then(|spec| spec.type_.as_deref()) == Some("LoadBalancer")
}

/// Deletes the pods that use claims, and first what would make them again.
async fn stop_users(client: &Client) -> Result<(), Error> {
    let pods: Vec<Pod> = client.list(None, None).await?;
    let mut owners = BTreeSet::new();
    for pod in pods.iter().filter(|pod| uses_claim(pod)) {
        let namespace = pod.namespace().unwrap_or_default();
        match pod.owner_references().first() {
            Some(owner) => owners.extend(maker(client, &namespace, owner).await?),
            None => client.delete::<Pod>(Some(&namespace), &pod.name_any(), None).await.map(drop)?,
        }
    }
    for (kind, namespace, name) in owners {
        let namespace = Some(namespace.as_str());
        match kind.as_str() {
            "StatefulSet" => delete::<StatefulSet>(client, namespace, &name).await?,
            "Deployment" => delete::<Deployment>(client, namespace, &name).await?,
            "ReplicaSet" => delete::<ReplicaSet>(client, namespace, &name).await?,
            "DaemonSet" => delete::<DaemonSet>(client, namespace, &name).await?,
            "CronJob" => delete::<CronJob>(client, namespace, &name).await?,
            "Job" => delete::<Job>(client, namespace, &name).await?,
            // Of a kind that is not Kubernetes' own: whoever runs it is the one to stop it. The wait names what is left.
            _ => {}
        }
    }
    Ok(())
}

async fn delete<K: Kind>(client: &Client, namespace: Option<&str>, name: &str) -> Result<(), Error> {
    client.delete::<K>(namespace, name, None).await.map(drop)
}

/// What makes a pod: its owner, or the owner's owner.
async fn maker(
    client: &Client,
    namespace: &str,
    owner: &OwnerReference,
) -> Result<Option<(String, String, String)>, Error> {
    let above = match owner.kind.as_str() {
        "ReplicaSet" => {
            client.get_opt::<ReplicaSet>(Some(namespace), &owner.name).await?.as_ref().map(first_owner)
        }
        "Job" => client.get_opt::<Job>(Some(namespace), &owner.name).await?.as_ref().map(first_owner),
        _ => None,
    };
    let owner = above.flatten().unwrap_or_else(|| owner.clone());
    Ok(Some((owner.kind, namespace.to_owned(), owner.name)))
}

fn first_owner<K: kube::Resource>(object: &K) -> Option<OwnerReference> {
    object.owner_references().first().cloned()
}

fn uses_claim(pod: &Pod) -> bool {
    let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    volumes.into_iter().any(|volume| volume.persistent_volume_claim.is_some())
}

async fn wait_until_released(client: &Client, limits: &Limits) -> Result<(), Stopped> {
    let selections = vec![Selection::kind::<Service>(), Selection::kind::<PersistentVolume>()];
    let mut snapshots = client.observe(selections).boxed();
    let outcome = until(limits, &mut snapshots, |seen: &Vec<Seen>, _| {
        if seen.iter().all(Seen::is_open) && left(seen).is_empty() {
            Step::Done(())
        } else {
            Step::<(), ()>::Wait(None)
        }
    });
    let describe = |seen: Option<Vec<Seen>>| {
        let left = seen.map(|seen| left(&seen)).unwrap_or_default();
        if left.is_empty() {
            "the Kubernetes API".to_owned()
        } else {
            format!("the cloud to take back {}", left.join(", "))
        }
    };
    match outcome.await {
        Ok(()) | Err(WaitError::Failed { .. }) => Ok(()),
        Err(WaitError::TimedOut { last, waited }) => Err(Stopped::TimedOut { what: describe(last), waited }),
        Err(WaitError::Interrupted { last }) => Err(Stopped::Interrupted { what: describe(last) }),
    }
}

/// What stands in the cloud still, by name.
fn left(seen: &[Seen]) -> Vec<String> {
    let [services, volumes] = seen else { return Vec::new() };
    let services = services.typed::<Service>().into_iter().filter(has_load_balancer).map(|service| {
        format!(
            "the load balancer of Service {}/{}",
            service.namespace().unwrap_or_default(),
            service.name_any()
        )
    });
    let volumes = volumes
        .typed::<PersistentVolume>()
        .into_iter()
        .filter(|volume| {
            let policy =
                volume.spec.as_ref().and_then(|spec| spec.persistent_volume_reclaim_policy.as_deref());
            policy == Some("Delete")
        })
        .map(|volume| format!("PersistentVolume {}", volume.name_any()));
    services.chain(volumes).collect()
}
