//! Node pools of ACK. They are known by their ids, and found again by their names and marks.

use super::api::{Call, path};
use super::body::{self, Marks, password};
use super::cluster::{Begun, what_id};
use super::spec::NodePoolSpec;
use super::view::{Pool, order};
use super::{Ack, Found, SeenPool, waiting};
use crate::contract::POOL;
use crate::{Error, Made, OWNER_TAG, PoolId, Progress, UNFINISHED_TAG};

/// What a pool is called in [`Made`].
const KIND: &str = "node pool";
/// Steps that need no further look by this process.
const BEGUN: &str = "pool begun";
const SEEN: &str = "pool seen";
const FINISHED: &str = "pool finished";

impl Ack {
    /// The pool; [`Error::NotFound`] when there is none.
    pub(super) async fn get_pool(&self, cluster: &str, id: &str) -> Result<Pool, Error> {
        let what = format!("{KIND} {id}");
        let path = path(&["clusters", cluster, "nodepools", id]);
        self.api.ask(Call::cs("DescribeClusterNodePoolDetail", "GET", path, &what)).await
    }

    pub(super) async fn observe_one_pool(&self, id: &PoolId) -> Result<Option<SeenPool>, Error> {
        match self.get_pool(&id.cluster.0, &id.pool).await {
            Ok(pool) => Ok(Some(pool.observed(&id.cluster))),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn create_one_pool(
        &self,
        spec: &NodePoolSpec,
        made: &mut Made,
    ) -> Result<Progress, Error> {
        let what = what_name(&spec.name);
        let found = match self.find_pool(spec, made, &what).await? {
            Found::Absent => return self.begin_pool(spec, made, &what).await,
            Found::Waiting(what) => return Ok(waiting(what)),
            Found::Ours(found) => found,
        };
        let id = found.nodepool_info.nodepool_id.clone();
        made.note(POOL, KIND, &id);
        made.settle(SEEN);
        if !found.is_ready() {
            return self.why_not_ready(&spec.cluster.0, &found).await;
        }
        if made.is_settled(FINISHED) && found.tag(UNFINISHED_TAG).is_none() {
            return Ok(Progress::Done);
        }
        let progress = self.bring(&spec.cluster.0, spec, &spec.owner, &found, Marks::default()).await?;
        if matches!(progress, Progress::Waiting { .. }) {
            made.settle(FINISHED);
        }
        Ok(progress)
    }

    /// The pool that is to be made: none, one that is not known yet, or itself. One that is not ours, or is finished,
    /// is told.
    async fn find_pool(
        &self,
        spec: &NodePoolSpec,
        made: &mut Made,
        what: &str,
    ) -> Result<Found<Pool>, Error> {
        let taken = |pool: &Pool| Error::AlreadyExists {
            what: format!("{what} ({}) of {}", pool.nodepool_info.nodepool_id, what_id(&spec.cluster.0)),
        };
        let is_ours = |pool: &Pool, made: &Made| {
            let is_unfinished = pool.tag(UNFINISHED_TAG).is_some() || made.is_settled(FINISHED);
            pool.tag(OWNER_TAG) == Some(&spec.owner) && is_unfinished
        };
        if let Some(id) = made.id(POOL).map(str::to_owned) {
            match self.get_pool(&spec.cluster.0, &id).await {
                Ok(pool) if is_ours(&pool, made) => return Ok(Found::Ours(Box::new(pool))),
                Ok(pool) => return Err(taken(&pool)),
                Err(Error::NotFound { .. }) if made.is_settled(SEEN) => {
                    let message = "it was deleted while it was being made".to_owned();
                    return Err(Error::Failed { what: what.to_owned(), message });
                }
                Err(Error::NotFound { .. }) if made.is_settled(BEGUN) => {
                    return Ok(Found::Waiting(format!("{what} (not known yet)")));
                }
                Err(Error::NotFound { .. }) => made.forget(POOL),
                Err(error) => return Err(error),
            }
        }
        match self.pool_named(&spec.cluster.0, &spec.name).await? {
            Some(pool) if is_ours(&pool, made) => Ok(Found::Ours(Box::new(pool))),
            Some(pool) => Err(taken(&pool)),
            None => Ok(Found::Absent),
        }
    }

    async fn pool_named(&self, cluster: &str, name: &str) -> Result<Option<Pool>, Error> {
        let pools = self.pools(cluster).await?.nodepools;
        Ok(pools.into_iter().find(|pool| pool.nodepool_info.name == name))
    }

    /// Refuses a version that the nodes do not have yet: they get it together with the control plane alone.
    async fn check_version(&self, spec: &NodePoolSpec, pool: Option<&Pool>) -> Result<(), Error> {
        let Some(wished) = &spec.version else { return Ok(()) };
        let known = match pool.and_then(Pool::version) {
            Some(known) => known,
            None => self.get_cluster(&spec.cluster.0).await?.minor(),
        };
        if order(wished) <= order(&known) {
            return Ok(());
        }
        Err(Error::InvalidSpec {
            field: Some("version".to_owned()),
            message: format!(
                "the nodes of {} have {known}: ACK upgrades the nodes of all pools together with the control plane, so wish for {wished} as the version of the cluster",
                what_id(&spec.cluster.0)
            ),
        })
    }

    async fn begin_pool(&self, spec: &NodePoolSpec, made: &mut Made, what: &str) -> Result<Progress, Error> {
        self.check_version(spec, None).await?;
        let vswitch_ids = if spec.vswitch_ids.is_empty() {
            self.get_cluster(&spec.cluster.0).await?.vswitch_ids
        } else {
            Vec::new()
        };
        let marks = Marks { is_unfinished: true, is_system: false };
        let body = body::node_pool(spec, &spec.owner, &vswitch_ids, marks, &password());
        let path = path(&["clusters", &spec.cluster.0, "nodepools"]);
        match self.api.ask::<Begun>(Call::cs("CreateClusterNodePool", "POST", path, what).body(body)).await {
            Ok(begun) => {
                made.note(POOL, KIND, &begun.pool);
                made.settle(BEGUN);
                Ok(waiting(format!("{what} (initial)")))
            }
            Err(Error::Conflict { message, .. }) => Ok(waiting(format!("{what} ({message})"))),
            // The answer was lost, and with it whether there is a pool now: there is no token that could tell.
            Err(error @ Error::Unexpected { .. }) => {
                let Some(pool) = self.pool_named(&spec.cluster.0, &spec.name).await? else {
                    return Err(error);
                };
                if pool.tag(OWNER_TAG) != Some(&spec.owner) {
                    return Err(error);
                }
                made.note(POOL, KIND, &pool.nodepool_info.nodepool_id);
                made.settle(BEGUN);
                Ok(waiting(pool.progress()))
            }
            Err(error) => Err(error),
        }
    }

    pub(super) async fn update_one_pool(
        &self,
        spec: &NodePoolSpec,
        made: &mut Made,
    ) -> Result<Progress, Error> {
        let what = what_name(&spec.name);
        let cluster = &spec.cluster.0;
        let found = match made.id(POOL) {
            Some(id) => Some(self.get_pool(cluster, id).await?),
            None => self.pool_named(cluster, &spec.name).await?,
        };
        let found = found.ok_or(Error::NotFound { what })?;
        made.note(POOL, KIND, &found.nodepool_info.nodepool_id);
        self.check_version(spec, Some(&found)).await?;
        self.bring(cluster, spec, &spec.owner, &found, Marks::of(&found)).await
    }

    /// Makes a pool what it is to be.
    pub(super) async fn bring(
        &self,
        cluster: &str,
        spec: &NodePoolSpec,
        owner: &str,
        pool: &Pool,
        marks: Marks,
    ) -> Result<Progress, Error> {
        if pool.status.state != "active" {
            return Ok(waiting(pool.progress()));
        }
        let Some(body) = body::change(spec, owner, pool, marks) else {
            return if pool.is_ready() {
                Ok(Progress::Done)
            } else {
                self.why_not_ready(cluster, pool).await
            };
        };
        let what = what_name(&pool.nodepool_info.name);
        let path = path(&["clusters", cluster, "nodepools", &pool.nodepool_info.nodepool_id]);
        match self.api.call(Call::cs("ModifyClusterNodePool", "PUT", path, &what).body(body)).await {
            Ok(_) => Ok(waiting(format!("{what} (updating)"))),
            Err(Error::Conflict { message, .. }) => Ok(waiting(format!("{what} ({message})"))),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn delete_one_pool(&self, id: &PoolId, made: &mut Made) -> Result<Progress, Error> {
        let pool = match self.get_pool(&id.cluster.0, &id.pool).await {
            Ok(pool) => pool,
            Err(Error::NotFound { .. }) => {
                made.forget(POOL);
                return Ok(Progress::Done);
            }
            Err(error) => return Err(error),
        };
        if pool.status.state == "deleting" {
            return Ok(waiting(pool.progress()));
        }
        let what = what_name(&pool.nodepool_info.name);
        let path = path(&["clusters", &id.cluster.0, "nodepools", &id.pool]);
        let call = Call::cs("DeleteClusterNodepool", "DELETE", path, &what).with("force", "true");
        match self.api.call(call).await {
            Ok(_) | Err(Error::NotFound { .. }) => Ok(waiting(format!("{what} (deleting)"))),
            Err(Error::Conflict { message, .. }) => Ok(waiting(format!("{what} ({message})"))),
            Err(error) => Err(error),
        }
    }
}

pub(super) fn what_name(name: &str) -> String {
    format!("{KIND} \"{name}\"")
}
