//! The steps of a cluster's life: its making, its changes, its end.

use super::arm::{Operation, Precondition, Removal};
use super::ids::Place;
use super::model::{Kubeconfigs, ManagedCluster, Pool};
use super::refusal::described;
use super::spec::{ClusterSpec, NodePoolSpec};
use super::{AKS, Aks, Seen, around, kubeconfig, marks, pool, version, waiting, wish};
use crate::contract::CLUSTER;
use crate::{ClusterId, Error, Made, Phase, Progress};

/// The step of the request that makes the cluster, or makes it anew after it failed.
const SENT: &str = "the cluster was asked for";
/// The step of seeing that the cluster is ours to finish.
const BEGUN: &str = "the cluster was begun here";
/// The step of its removal.
const GONE: &str = "the cluster is gone";
/// The step of asking a cluster that failed once more for what it is to be.
const REPEATED: &str = "the cluster was asked for what it is to be";

impl Aks {
    pub(super) async fn observe_cluster(&self, id: &ClusterId) -> Result<Option<Seen>, Error> {
        let place = Place::parse(id)?;
        let id = place.cluster();
        let Some(cluster) = self.arm.get::<ManagedCluster>(&id, AKS).await? else { return Ok(None) };
        let mut phase = wish::phase(&cluster);
        match phase {
            // Only a tag changes, at the end of the making.
            Phase::Updating if self.is_finishing(&id) => phase = Phase::Active,
            Phase::Active => self.forget_finishing(&id),
            _ => {}
        }
        let access = match phase {
            Phase::Creating | Phase::Deleting => None,
            Phase::Active | Phase::Updating | Phase::Failed(_) => {
                match self.arm.ask::<Kubeconfigs>(&id, "listClusterUserCredential", AKS).await {
                    Ok(answer) => Some(kubeconfig::read(&answer)?),
                    // Its making failed before there was an API.
                    Err(Error::Conflict { .. } | Error::NotFound { .. }) => None,
                    Err(error) => return Err(error),
                }
            }
        };
        Ok(Some(wish::observed(&place, &cluster, access, phase)))
    }

    pub(super) async fn create_cluster(
        &self,
        spec: &ClusterSpec,
        made: &mut Made,
    ) -> Result<Progress, Error> {
        wish::check(spec)?;
        let place = self.place(spec);
        let looked = self.look(&place, spec, made).await?;
        if let Some(progress) = self.prepare(&place, spec, made, looked.as_ref()).await? {
            return Ok(progress);
        }
        let id = place.cluster();
        let current = match looked {
            Some(looked) => looked.cluster,
            None if self.arm.operation(&id).await? == Operation::Running => {
                return Ok(waiting(format!("{} (Creating)", described(&id))));
            }
            None => self.arm.get(&id, AKS).await?,
        };
        let Some(current) = current else {
            // Right after the request it may not be found yet.
            if !made.is_settled(SENT) {
                self.send_cluster(&place, spec, made, Precondition::Absent).await?;
            }
            return Ok(waiting(format!("{} (Creating)", described(&id))));
        };
        // It may be there since the first look: by our own request whose answer was lost, or by somebody else's.
        if !made.is_settled(BEGUN) {
            around::must_be_begun(&id, &current, &spec.owner)?;
            made.settle(BEGUN);
        }
        made.note(CLUSTER, "AKS cluster", &id);
        match wish::phase(&current) {
            Phase::Active if !marks::is_unfinished(current.tags.as_ref()) => Ok(Progress::Done),
            Phase::Active => self.finish_cluster(&id, &current).await,
            Phase::Failed(message) if made.is_settled(SENT) => {
                Err(Error::Failed { what: described(&id), message })
            }
            Phase::Failed(_) => {
                self.send_cluster(&place, spec, made, unchanged(current.etag.as_deref())).await?;
                Ok(waiting(format!("{} (Creating)", described(&id))))
            }
            Phase::Creating | Phase::Updating | Phase::Deleting => Ok(in_state(&id, &current)),
        }
    }

    async fn send_cluster(
        &self,
        place: &Place,
        spec: &ClusterSpec,
        made: &mut Made,
        precondition: Precondition<'_>,
    ) -> Result<(), Error> {
        let (identity, subnet) = (around::identity(place, spec), around::subnet(place, spec));
        let body = wish::wished(spec, identity.as_deref(), subnet.as_deref(), true);
        let id = place.cluster();
        self.arm.put::<ManagedCluster>(&id, AKS, precondition, &body).await?;
        made.note(CLUSTER, "AKS cluster", &id);
        made.settle(SENT);
        made.settle(BEGUN);
        Ok(())
    }

    /// Takes the mark of what is unfinished away, which is an operation of its own; nobody needs to wait for it.
    async fn finish_cluster(&self, id: &str, current: &ManagedCluster) -> Result<Progress, Error> {
        let body = wish::finished(current);
        let precondition = unchanged(current.etag.as_deref());
        self.arm.put::<ManagedCluster>(id, AKS, precondition, &body).await?;
        self.note_finishing(id);
        Ok(Progress::Done)
    }

    pub(super) async fn update_cluster(
        &self,
        spec: &ClusterSpec,
        made: &mut Made,
    ) -> Result<Progress, Error> {
        wish::check(spec)?;
        let place = self.place(spec);
        let id = place.cluster();
        let system = place.pool(&spec.system_pool.name);
        for busy in [&id, &system] {
            if self.arm.operation(busy).await? == Operation::Running {
                return Ok(waiting(format!("{} (Updating)", described(busy))));
            }
        }
        let Some(current) = self.arm.get::<ManagedCluster>(&id, AKS).await? else {
            return Err(Error::NotFound { what: described(&id) });
        };
        let failed = match wish::phase(&current) {
            Phase::Creating | Phase::Updating | Phase::Deleting => return Ok(in_state(&id, &current)),
            Phase::Active => None,
            Phase::Failed(message) => Some(message),
        };
        let mut next = wish::changed(&current, spec);
        if next.is_none()
            && let (Some(running), Some(wished)) = (wish::running(&current), &spec.version)
            && let Some(step) = version::next(&described(&id), running, wished)?
        {
            let mut newer = current.clone();
            newer.properties.kubernetes_version = Some(step);
            next = Some(newer);
        }
        // AKS repairs what failed when it is asked for the same once more.
        if let (None, Some(message)) = (&next, failed) {
            if made.is_settled(REPEATED) {
                return Err(Error::Failed { what: described(&id), message });
            }
            made.settle(REPEATED);
            next = Some(current.clone());
        }
        if let Some(next) = next {
            let precondition = unchanged(current.etag.as_deref());
            self.arm.put::<ManagedCluster>(&id, AKS, precondition, &next).await?;
            return Ok(waiting(format!("{} (Updating)", described(&id))));
        }
        let found =
            wish::system_pool(&current).filter(|pool| pool.name.as_ref() == Some(&spec.system_pool.name));
        match found {
            Some(found) => self.change_pool(&system, found, &spec.system_pool, wish::running(&current)).await,
            None => Ok(Progress::Done),
        }
    }

    /// Changes a pool where it is not as wished. `cluster_version` is what the control plane runs.
    pub(super) async fn change_pool(
        &self,
        id: &str,
        current: &Pool,
        spec: &NodePoolSpec,
        cluster_version: Option<&str>,
    ) -> Result<Progress, Error> {
        let wished = spec.version.clone().or_else(|| cluster_version.map(version::minor));
        let step = match (pool::running(current), wished) {
            (Some(running), Some(wished)) => version::next(&described(id), running, &wished)?,
            _ => None,
        };
        let Some(next) = pool::changed(current, spec, step) else { return Ok(Progress::Done) };
        self.put_pool(id, next, unchanged(current.etag.as_deref())).await?;
        Ok(waiting(format!("{} (Updating)", described(id))))
    }

    pub(super) async fn delete_cluster(
        &self,
        id: &ClusterId,
        owner: &str,
        made: &mut Made,
    ) -> Result<Progress, Error> {
        let place = Place::parse(id)?;
        let id = place.cluster();
        if !made.is_settled(GONE) {
            if self.arm.operation(&id).await? == Operation::Running {
                return Ok(waiting(format!("{} (Deleting)", described(&id))));
            }
            if let Some(cluster) = self.arm.get::<ManagedCluster>(&id, AKS).await? {
                let is_going = wish::phase(&cluster) == Phase::Deleting
                    && cluster.properties.provisioning_state.as_deref() == Some("Deleting");
                if is_going || self.arm.delete(&id, AKS).await? == Removal::Going {
                    return Ok(waiting(format!("{} (Deleting)", described(&id))));
                }
            }
            made.forget(CLUSTER);
            made.settle(GONE);
        }
        Ok(self.clear(&place, owner, made).await?.unwrap_or(Progress::Done))
    }
}

/// The precondition of a change to what was read.
pub(super) fn unchanged(etag: Option<&str>) -> Precondition<'_> {
    etag.map_or(Precondition::None, Precondition::Unchanged)
}

/// What is waited for: the cluster's own operation, or one of its pools'.
fn in_state(id: &str, cluster: &ManagedCluster) -> Progress {
    let own = cluster.properties.provisioning_state.as_deref().unwrap_or("Creating");
    if own == "Succeeded"
        && let Some(busy) = wish::busy_pool(cluster)
    {
        let name = busy.name.as_deref().unwrap_or_default();
        let state = busy.provisioning_state.as_deref().unwrap_or_default();
        return waiting(format!("node pool \"{name}\" ({state})"));
    }
    waiting(format!("{} ({own})", described(id)))
}
