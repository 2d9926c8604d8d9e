//! Further pools of nodes: one step at a time towards the wish.

use google_cloud_container_v1::model;
use google_cloud_container_v1::model::cluster;
use google_cloud_container_v1::model::node_pool::Status;

use super::difference::{self, PoolStep};
use super::names;
use super::operation::{Polled, waiting};
use super::spec::NodePoolSpec;
use super::{Gke, error, observed, wish};
use crate::contract::POOL;
use crate::{ClusterId, Error, Made, PoolId, Progress};

const KIND: &str = "GKE node pool";

impl Gke {
    /// The pool; `None` when there is none, or no such cluster.
    pub(super) async fn find_pool(&self, id: &PoolId) -> Result<Option<model::NodePool>, Error> {
        names::parse(&id.cluster)?;
        let path = names::pool_path(id);
        let request = || self.container.get_node_pool().set_name(&path).send();
        match self.ask(&names::pool_words(&id.pool), "container.clusters.get", request).await {
            Ok(pool) => Ok(Some(pool)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn create_node_pool(
        &self,
        spec: &NodePoolSpec,
        made: &mut Made,
    ) -> Result<Progress, Error> {
        let id = PoolId { cluster: spec.cluster.clone(), pool: spec.name.clone() };
        let (target, words) = (names::pool_path(&id), names::pool_words(&spec.name));
        let polled = self.poll(&target, &words).await?;
        if polled == Polled::Running && made.id(POOL).is_some() {
            return Ok(waiting(&format!("{words} (PROVISIONING)")));
        }
        match self.find_pool(&id).await? {
            Some(pool) => {
                self.refuse_unless_our_pool(&pool, spec, &target)?;
                made.note(POOL, KIND, &spec.name);
                self.finish_pool(&id, &pool).await
            }
            None if polled != Polled::None => {
                made.note(POOL, KIND, &spec.name);
                Ok(waiting(&format!("{words} (to be seen)")))
            }
            None => self.begin_pool(spec, &id, made).await,
        }
    }

    fn refuse_unless_our_pool(
        &self,
        pool: &model::NodePool,
        spec: &NodePoolSpec,
        target: &str,
    ) -> Result<(), Error> {
        let labels = pool.config.as_ref().map(|config| &config.resource_labels);
        let is_owned = labels.and_then(|labels| labels.get(names::OWNER)) == Some(&spec.owner);
        let is_ours = labels.is_some_and(observed::is_unfinished) || self.pending.is_finishing(target);
        if is_owned && is_ours {
            return Ok(());
        }
        Err(Error::AlreadyExists { what: names::pool_words(&spec.name) })
    }

    async fn begin_pool(&self, spec: &NodePoolSpec, id: &PoolId, made: &mut Made) -> Result<Progress, Error> {
        let (target, words) = (names::pool_path(id), names::pool_words(&spec.name));
        let zones = if spec.zones.is_empty() {
            self.existing(&id.cluster).await?.locations
        } else {
            spec.zones.clone()
        };
        let mut wished = wish::pool(spec, &zones)?;
        if let Some(config) = wished.config.as_mut() {
            config.resource_labels.insert(names::OWNER.to_owned(), spec.owner.clone());
            config.resource_labels.insert(names::UNFINISHED.to_owned(), "true".to_owned());
        }
        let asked = self
            .ask(&names::cluster_words(&id.cluster), "container.clusters.update", || {
                self.container
                    .create_node_pool()
                    .set_parent(&id.cluster.0)
                    .set_node_pool(wished.clone())
                    .send()
            })
            .await;
        if matches!(asked, Err(Error::AlreadyExists { .. })) {
            // The answer to an earlier request was lost, or somebody else was faster.
            if let Some(pool) = self.find_pool(id).await? {
                self.refuse_unless_our_pool(&pool, spec, &target)?;
                made.note(POOL, KIND, &spec.name);
            }
            return Ok(waiting(&format!("{words} (PROVISIONING)")));
        }
        if asked.is_ok() {
            made.note(POOL, KIND, &spec.name);
        }
        self.begun(&target, &words, &names::parse(&id.cluster)?.location, asked)
    }

    async fn finish_pool(&self, id: &PoolId, pool: &model::NodePool) -> Result<Progress, Error> {
        let (target, words) = (names::pool_path(id), names::pool_words(&id.pool));
        let mut labels =
            pool.config.as_ref().map(|config| config.resource_labels.clone()).unwrap_or_default();
        match &pool.status {
            Status::Error | Status::RunningWithError => {
                Err(error::of_operation(&words, &observed::pool_reasons(pool)))
            }
            Status::Running if !observed::is_unfinished(&labels) => {
                self.pending.finish(&target);
                Ok(Progress::Done)
            }
            Status::Running => {
                labels.remove(names::UNFINISHED);
                self.pending.begin_to_finish(&target);
                let labels = model::ResourceLabels::new().set_labels(labels);
                let update = model::UpdateNodePoolRequest::new().set_resource_labels(labels);
                let asked = self.change_pool(&target, &words, PoolStep::Update(Box::new(update))).await;
                self.begun(&target, &words, &names::parse(&id.cluster)?.location, asked)
            }
            status => Ok(waiting(&format!("{words} ({})", status.name().unwrap_or_default()))),
        }
    }

    pub(super) async fn update_node_pool(&self, spec: &NodePoolSpec) -> Result<Progress, Error> {
        let id = PoolId { cluster: spec.cluster.clone(), pool: spec.name.clone() };
        let (target, words) = (names::pool_path(&id), names::pool_words(&spec.name));
        if self.poll(&target, &words).await? == Polled::Running {
            return Ok(waiting(&words));
        }
        // The cluster shows the pool as well, and the version that the pool is to follow.
        let cluster = self.existing(&id.cluster).await?;
        let pool = cluster.node_pools.iter().find(|pool| pool.name == spec.name);
        let pool = pool.ok_or_else(|| Error::NotFound { what: words.clone() })?;
        match &pool.status {
            Status::Running | Status::RunningWithError => {}
            Status::Error => return Err(error::of_operation(&words, &observed::pool_reasons(pool))),
            status => return Ok(waiting(&format!("{words} ({})", status.name().unwrap_or_default()))),
        }
        let Some(step) = difference::pool(pool, spec, &cluster.current_master_version)? else {
            if pool.status == Status::RunningWithError {
                return Err(error::of_operation(&words, &observed::pool_reasons(pool)));
            }
            return Ok(Progress::Done);
        };
        if cluster.status != cluster::Status::Running {
            let state = cluster.status.name().unwrap_or_default();
            return Ok(waiting(&format!("{} ({state})", names::cluster_words(&id.cluster))));
        }
        let asked = self.change_pool(&target, &words, step).await;
        self.begun(&target, &words, &names::parse(&id.cluster)?.location, asked)
    }

    pub(super) async fn delete_node_pool(&self, id: &PoolId, made: &mut Made) -> Result<Progress, Error> {
        let (target, words) = (names::pool_path(id), names::pool_words(&id.pool));
        let location = names::parse(&id.cluster)?.location;
        match self.poll(&target, &words).await {
            Ok(Polled::Running) => return Ok(waiting(&format!("{words} (STOPPING)"))),
            // That an earlier operation failed is no reason to keep it.
            Ok(Polled::None | Polled::Ended) | Err(Error::Failed { .. } | Error::QuotaExceeded { .. }) => {}
            Err(error) => return Err(error),
        }
        let Some(pool) = self.find_pool(id).await? else {
            self.pending.finish(&target);
            made.forget(POOL);
            return Ok(Progress::Done);
        };
        if pool.status == Status::Stopping {
            return Ok(waiting(&format!("{words} (STOPPING)")));
        }
        let asked = self
            .ask(&words, "container.clusters.update", || {
                self.container.delete_node_pool().set_name(&target).send()
            })
            .await;
        match self.begun(&target, &words, &location, asked) {
            Err(Error::NotFound { .. }) => {
                made.forget(POOL);
                Ok(Progress::Done)
            }
            other => other,
        }
    }

    async fn existing(&self, id: &ClusterId) -> Result<Box<model::Cluster>, Error> {
        let found = self.find(id).await?;
        found.ok_or_else(|| Error::NotFound { what: names::cluster_words(id) })
    }
}
