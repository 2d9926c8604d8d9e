//! The steps of the life of a pool that is not made with its cluster.

use super::arm::{Operation, Precondition, Removal};
use super::cluster::unchanged;
use super::ids::Place;
use super::model::{AgentPool, ManagedCluster, Pool};
use super::refusal::described;
use super::spec::NodePoolSpec;
use super::{AKS, Aks, SeenPool, marks, pool, waiting, wish};
use crate::contract::POOL;
use crate::{Error, Made, Phase, PoolId, Progress};

/// The step of the request that makes the pool, or makes it anew after it failed.
const SENT: &str = "the pool was asked for";
/// The step of the first look.
const LOOKED: &str = "the pool was looked at";

impl Aks {
    pub(super) async fn observe_agent_pool(&self, id: &PoolId) -> Result<Option<SeenPool>, Error> {
        let path = Place::parse(&id.cluster)?.pool(&id.pool);
        let Some(found) = self.arm.get::<AgentPool>(&path, AKS).await? else { return Ok(None) };
        let mut observed = pool::observed(&id.cluster, &found.properties, &id.pool);
        match observed.phase {
            // Only a tag changes, at the end of the making.
            Phase::Updating if self.is_finishing(&path) => observed.phase = Phase::Active,
            Phase::Active => self.forget_finishing(&path),
            _ => {}
        }
        Ok(Some(observed))
    }

    pub(super) async fn create_agent_pool(
        &self,
        spec: &NodePoolSpec,
        made: &mut Made,
    ) -> Result<Progress, Error> {
        pool::check(spec)?;
        let place = Place::parse(&spec.cluster)?;
        let id = place.pool(&spec.name);
        if made.id(POOL).is_some() && self.arm.operation(&id).await? == Operation::Running {
            return Ok(waiting(format!("{} (Creating)", described(&id))));
        }
        let current = self.arm.get::<AgentPool>(&id, AKS).await?.map(|found| found.properties);
        let Some(current) = current else {
            if !made.is_settled(SENT) {
                let subnet = self.pool_subnet(&place, spec).await?;
                let body = pool::wished(spec, subnet.as_deref(), true);
                self.send_pool(&id, body, Precondition::Absent, spec, made).await?;
            }
            return Ok(waiting(format!("{} (Creating)", described(&id))));
        };
        let tags = current.tags.as_ref();
        if !made.is_settled(LOOKED)
            && (marks::owner(tags) != Some(spec.owner.as_str()) || !marks::is_unfinished(tags))
        {
            return Err(Error::AlreadyExists { what: described(&id) });
        }
        made.note(POOL, "node pool", &spec.name);
        made.settle(LOOKED);
        match pool::phase(current.provisioning_state.as_deref(), current.status.as_ref()) {
            Phase::Active if !marks::is_unfinished(tags) => Ok(Progress::Done),
            Phase::Active => {
                self.put_pool(&id, pool::finished(&current), unchanged(current.etag.as_deref())).await?;
                self.note_finishing(&id);
                Ok(Progress::Done)
            }
            Phase::Failed(message) if made.is_settled(SENT) => {
                Err(Error::Failed { what: described(&id), message })
            }
            Phase::Failed(_) => {
                let precondition = unchanged(current.etag.as_deref());
                self.send_pool(&id, current.clone(), precondition, spec, made).await?;
                Ok(waiting(format!("{} (Creating)", described(&id))))
            }
            Phase::Creating | Phase::Updating | Phase::Deleting => Ok(in_state(&id, &current)),
        }
    }

    pub(super) async fn update_agent_pool(&self, spec: &NodePoolSpec) -> Result<Progress, Error> {
        pool::check(spec)?;
        let place = Place::parse(&spec.cluster)?;
        let id = place.pool(&spec.name);
        if self.arm.operation(&id).await? == Operation::Running {
            return Ok(waiting(format!("{} (Updating)", described(&id))));
        }
        let Some(found) = self.arm.get::<AgentPool>(&id, AKS).await? else {
            return Err(Error::NotFound { what: described(&id) });
        };
        let current = found.properties;
        let phase = pool::phase(current.provisioning_state.as_deref(), current.status.as_ref());
        if matches!(phase, Phase::Creating | Phase::Updating | Phase::Deleting) {
            return Ok(in_state(&id, &current));
        }
        let cluster = match spec.version {
            Some(_) => None,
            None => self.arm.get::<ManagedCluster>(&place.cluster(), AKS).await?,
        };
        let progress =
            self.change_pool(&id, &current, spec, cluster.as_ref().and_then(wish::running)).await?;
        match (progress, phase) {
            (Progress::Done, Phase::Failed(message)) => Err(Error::Failed { what: described(&id), message }),
            (progress, _) => Ok(progress),
        }
    }

    pub(super) async fn delete_agent_pool(&self, id: &PoolId, made: &mut Made) -> Result<Progress, Error> {
        let path = Place::parse(&id.cluster)?.pool(&id.pool);
        let going = || Ok(waiting(format!("{} (Deleting)", described(&path))));
        if self.arm.operation(&path).await? == Operation::Running {
            return going();
        }
        let found = self.arm.get::<AgentPool>(&path, AKS).await?;
        if let Some(found) = found {
            let is_going = found.properties.provisioning_state.as_deref() == Some("Deleting");
            if is_going || self.arm.delete(&path, AKS).await? == Removal::Going {
                return going();
            }
        }
        made.forget(POOL);
        Ok(Progress::Done)
    }

    /// The subnet of a new pool: its own, or that of the cluster's first one.
    async fn pool_subnet(&self, place: &Place, spec: &NodePoolSpec) -> Result<Option<String>, Error> {
        if spec.subnet_id.is_some() {
            return Ok(spec.subnet_id.clone());
        }
        let id = place.cluster();
        let Some(cluster) = self.arm.get::<ManagedCluster>(&id, AKS).await? else {
            return Err(Error::NotFound { what: described(&id) });
        };
        Ok(wish::system_pool(&cluster).and_then(|pool| pool.vnet_subnet_id.clone()))
    }

    async fn send_pool(
        &self,
        id: &str,
        body: Pool,
        precondition: Precondition<'_>,
        spec: &NodePoolSpec,
        made: &mut Made,
    ) -> Result<(), Error> {
        self.put_pool(id, body, precondition).await?;
        made.note(POOL, "node pool", &spec.name);
        made.settle(SENT);
        made.settle(LOOKED);
        Ok(())
    }

    /// As an object of its own, a pool has its name outside of its properties.
    pub(super) async fn put_pool(
        &self,
        id: &str,
        pool: Pool,
        precondition: Precondition<'_>,
    ) -> Result<(), Error> {
        let properties = Pool { name: None, ..pool };
        let body = AgentPool { properties, ..AgentPool::default() };
        self.arm.put::<AgentPool>(id, AKS, precondition, &body).await.map(drop)
    }
}

fn in_state(id: &str, pool: &Pool) -> Progress {
    let state = pool.provisioning_state.as_deref().unwrap_or("Creating");
    waiting(format!("{} ({state})", described(id)))
}
