//! Clusters of ACK: finding, making and removing them.

use serde::Deserialize;
use serde_json::json;

use super::api::{Call, path, token};
use super::body::{self, password};
use super::network::{self, Place};
use super::spec::ClusterSpec;
use super::view::{Cluster, Pools, SYSTEM_TAG, Tasks, system_pool};
use super::{Ack, Found, Seen, pool, waiting};
use crate::contract::CLUSTER;
use crate::{ClusterId, Error, Made, OWNER_TAG, Phase, Progress, UNFINISHED_TAG};

/// What a cluster is called in [`Made`].
pub(super) const KIND: &str = "ACK cluster";
/// Steps that need no further look by this process.
const BEGUN: &str = "cluster begun";
const SEEN: &str = "cluster seen";
const RUNNING: &str = "cluster running";
const DELETE_BEGUN: &str = "delete begun";
const GONE: &str = "cluster gone";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Begun {
    #[serde(rename = "cluster_id")]
    pub(super) cluster: String,
    #[serde(rename = "nodepool_id")]
    pub(super) pool: String,
    #[serde(rename = "task_id")]
    pub(super) task: String,
}

impl Ack {
    /// The cluster; [`Error::NotFound`] when there is none.
    pub(super) async fn get_cluster(&self, id: &str) -> Result<Cluster, Error> {
        let what = what_id(id);
        let call = Call::cs("DescribeClusterDetail", "GET", path(&["clusters", id]), &what);
        let found = match self.api.ask::<Cluster>(call).await {
            Ok(cluster) if cluster.is_gone() => Err(Error::NotFound { what }),
            other => other,
        };
        if matches!(found, Err(Error::NotFound { .. })) {
            // No credential for it is given on.
            self.known().remove(id);
        }
        found
    }

    pub(super) async fn pools(&self, id: &str) -> Result<Pools, Error> {
        let (what, path) = (what_id(id), path(&["clusters", id, "nodepools"]));
        self.api.ask(Call::cs("DescribeClusterNodePools", "GET", path, &what)).await
    }

    /// All clusters of exactly this name.
    pub(super) async fn named(&self, name: &str) -> Result<Vec<Cluster>, Error> {
        let mut found = self.clusters(Some(name)).await?;
        found.retain(|cluster| cluster.name == name);
        Ok(found)
    }

    /// Why tasks of a cluster failed.
    pub(super) async fn reasons(&self, id: &str) -> Result<Option<String>, Error> {
        let (what, path) = (what_id(id), path(&["clusters", id, "tasks"]));
        let found: Tasks = self.api.ask(Call::cs("DescribeClusterTasks", "GET", path, &what)).await?;
        let reasons: Vec<String> =
            found.tasks.iter().filter(|task| task.is_failed()).map(super::view::Task::reason).collect();
        Ok((!reasons.is_empty()).then(|| reasons.join("; ")))
    }

    pub(super) async fn observe_cluster(&self, id: &ClusterId) -> Result<Option<Seen>, Error> {
        let cluster = match self.get_cluster(&id.0).await {
            Ok(cluster) => cluster,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        if let Phase::Failed(state) = cluster.phase() {
            let reasons = self.reasons(&id.0).await?;
            let mut observed = cluster.observed(None, None);
            observed.phase = Phase::Failed(reasons.unwrap_or(state));
            return Ok(Some(observed));
        }
        let pools = match self.pools(&id.0).await {
            Ok(pools) => pools.nodepools,
            // It was removed in between.
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let ca = match cluster.endpoint() {
            Some(endpoint) if cluster.phase() != Phase::Deleting => self.authority(&id.0, &endpoint).await?,
            _ => None,
        };
        Ok(Some(cluster.observed(ca, system_pool(pools).as_ref())))
    }

    pub(super) async fn create_cluster(
        &self,
        spec: &ClusterSpec,
        made: &mut Made,
    ) -> Result<Progress, Error> {
        let what = what_name(&spec.name);
        if made.is_settled(RUNNING)
            && let Some(id) = made.id(CLUSTER).map(str::to_owned)
        {
            return self.finish(spec, &id, &what).await;
        }
        let found = match self.find(spec, made, &what).await? {
            Found::Waiting(what) => return Ok(waiting(what)),
            Found::Ours(cluster) => {
                made.note(CLUSTER, KIND, &cluster.id);
                made.settle(SEEN);
                Some(cluster)
            }
            Found::Absent => None,
        };
        if let Some(cluster) = &found
            && network::is_ready(spec, made)
        {
            return self.go_on(spec, made, cluster, &what).await;
        }
        let (vpc_id, vswitch_ids) = match network::place(&self.api, spec, made).await? {
            Place::Ready { vpc_id, vswitch_ids } => (vpc_id, vswitch_ids),
            Place::Waiting(what) => return Ok(waiting(what)),
        };
        if let Some(cluster) = found {
            return self.go_on(spec, made, &cluster, &what).await;
        }
        self.begin(spec, made, (&vpc_id, &vswitch_ids), &what).await
    }

    /// The cluster that is to be made, if it is there. One that is not ours, or is finished, is told.
    async fn find(&self, spec: &ClusterSpec, made: &mut Made, what: &str) -> Result<Found<Cluster>, Error> {
        if let Some(id) = made.id(CLUSTER).map(str::to_owned) {
            match self.get_cluster(&id).await {
                Ok(cluster) if is_ours(&cluster, &spec.owner) => return Ok(Found::Ours(Box::new(cluster))),
                Ok(_) => return Err(Error::AlreadyExists { what: format!("{what} ({id})") }),
                Err(Error::NotFound { .. }) if made.is_settled(SEEN) => {
                    let message = "it was deleted while it was being made".to_owned();
                    return Err(Error::Failed { what: what.to_owned(), message });
                }
                // What was made just now may be unknown still.
                Err(Error::NotFound { .. }) if made.is_settled(BEGUN) => {
                    return Ok(Found::Waiting(format!("{what} (not known yet)")));
                }
                Err(Error::NotFound { .. }) => made.forget(CLUSTER),
                Err(error) => return Err(error),
            }
        }
        let mut found = self.named(&spec.name).await?;
        if let Some(index) = found.iter().position(|cluster| is_ours(cluster, &spec.owner)) {
            return Ok(Found::Ours(Box::new(found.swap_remove(index))));
        }
        // The name of one that goes is free; only our own must be gone before its network can be used again.
        let (going, staying): (Vec<_>, Vec<_>) =
            found.iter().partition(|cluster| cluster.phase() == Phase::Deleting);
        if let Some(cluster) = staying.first() {
            return Err(Error::AlreadyExists { what: format!("{what} ({})", cluster.id) });
        }
        match going.iter().find(|cluster| cluster.tag(OWNER_TAG) == Some(&spec.owner)) {
            Some(cluster) => Ok(Found::Waiting(state(what, cluster))),
            None => Ok(Found::Absent),
        }
    }

    async fn begin(
        &self,
        spec: &ClusterSpec,
        made: &mut Made,
        place: (&str, &[String]),
        what: &str,
    ) -> Result<Progress, Error> {
        let version = self.newest(spec.version.as_deref(), true).await?;
        let runtime = version.runtimes.iter().find(|runtime| runtime.name == "containerd").cloned();
        let runtime = runtime.unwrap_or_default();
        let version = (version.name.as_str(), &runtime);
        let body = body::cluster(spec, self.api.region(), place, version, &password(), &token());
        // The token in it makes it the same cluster, however often it is asked for.
        let call = Call::cs("CreateCluster", "POST", path(&["clusters"]), what).body(body).always();
        let begun: Begun = self.api.ask(call).await?;
        made.note(CLUSTER, KIND, &begun.cluster);
        made.settle(BEGUN);
        Ok(waiting(format!("{what} (initial)")))
    }

    async fn go_on(
        &self,
        spec: &ClusterSpec,
        made: &mut Made,
        cluster: &Cluster,
        what: &str,
    ) -> Result<Progress, Error> {
        match cluster.phase() {
            Phase::Active => {
                made.settle(RUNNING);
                self.finish(spec, &cluster.id, what).await
            }
            Phase::Failed(state) => Err(self.failed(&cluster.id, what, state).await?),
            Phase::Creating | Phase::Updating | Phase::Deleting => Ok(waiting(state(what, cluster))),
        }
    }

    /// The cluster runs: when its nodes are there, the mark of what is unfinished goes.
    async fn finish(&self, spec: &ClusterSpec, id: &str, what: &str) -> Result<Progress, Error> {
        let name = &spec.system_node_pool.name;
        let pools = self.pools(id).await?.nodepools;
        let found = pools.into_iter().find(|pool| &pool.nodepool_info.name == name);
        let Some(found) = found.filter(|pool| pool.tag(SYSTEM_TAG).is_some()) else {
            return Ok(waiting(format!("node pool \"{name}\" of {what}")));
        };
        if !found.is_ready() {
            return self.why_not_ready(id, &found).await;
        }
        self.untag(id, &[UNFINISHED_TAG]).await?;
        Ok(Progress::Done)
    }

    /// The failure of a cluster with all reasons.
    pub(super) async fn failed(&self, id: &str, what: &str, state: String) -> Result<Error, Error> {
        let message = self.reasons(id).await?.unwrap_or(state);
        Ok(Error::Failed { what: what.to_owned(), message })
    }

    pub(super) async fn untag(&self, id: &str, keys: &[&str]) -> Result<(), Error> {
        let what = what_id(id);
        let call = Call::cs("UntagResources", "DELETE", path(&["tags"]), &what)
            .with("region_id", self.api.region())
            .with("resource_type", "CLUSTER")
            .with("resource_ids", json!([id]).to_string())
            .with("tag_keys", json!(keys).to_string());
        self.api.call(call).await.map(drop)
    }

    pub(super) async fn delete_cluster(
        &self,
        id: &ClusterId,
        owner: &str,
        made: &mut Made,
    ) -> Result<Progress, Error> {
        if !made.is_settled(GONE) {
            let mut ids = vec![id.0.clone()];
            ids.extend(made.id(CLUSTER).map(str::to_owned));
            ids.retain(|id| !id.is_empty());
            ids.dedup();
            for id in &ids {
                if let Some(progress) = self.remove(id, made).await? {
                    return Ok(progress);
                }
            }
            // What a process that was killed could not note.
            for cluster in self.clusters(None).await? {
                if cluster.tag(OWNER_TAG) == Some(owner)
                    && let Some(progress) = self.remove(&cluster.id, made).await?
                {
                    return Ok(progress);
                }
            }
            made.forget(CLUSTER);
            made.settle(GONE);
        }
        network::remove(&self.api, owner, made).await
    }

    /// Removes a cluster; nothing when it is gone.
    async fn remove(&self, id: &str, made: &mut Made) -> Result<Option<Progress>, Error> {
        let cluster = match self.get_cluster(id).await {
            Ok(cluster) => cluster,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let what = what_name(&cluster.name);
        if cluster.phase() == Phase::Deleting {
            return Ok(Some(waiting(state(&what, &cluster))));
        }
        if cluster.state == "delete_failed" && made.is_settled(DELETE_BEGUN) {
            return Err(self.failed(id, &what, "the cluster is delete_failed".to_owned()).await?);
        }
        let options = json!([
            {"resource_type": "SLB", "delete_mode": "delete"},
            {"resource_type": "ALB", "delete_mode": "delete"},
        ]);
        let call = Call::cs("DeleteCluster", "DELETE", path(&["clusters", id]), &what)
            .with("retain_all_resources", "false")
            .with("retain_resources", "[]")
            .with("delete_options", options.to_string());
        match self.api.call(call).await {
            Ok(_) => {
                made.settle(DELETE_BEGUN);
                Ok(Some(waiting(format!("{what} (deleting)"))))
            }
            Err(Error::NotFound { .. }) => Ok(None),
            Err(Error::Conflict { message, .. }) => Ok(Some(waiting(format!("{what} ({message})")))),
            Err(error) => Err(error),
        }
    }

    /// A pool at rest without its nodes has failed if the cloud says why; else it is waited for.
    pub(super) async fn why_not_ready(
        &self,
        cluster: &str,
        known: &super::view::Pool,
    ) -> Result<Progress, Error> {
        if known.status.state == "active" {
            // Only the pool by itself tells why.
            let detail = self.get_pool(cluster, &known.nodepool_info.nodepool_id).await?;
            if let Some(message) = detail.complaint() {
                return Err(Error::Failed { what: pool::what_name(&detail.nodepool_info.name), message });
            }
            return Ok(waiting(detail.progress()));
        }
        Ok(waiting(known.progress()))
    }
}

/// Whether `create` may go on with it.
fn is_ours(cluster: &Cluster, owner: &str) -> bool {
    cluster.tag(OWNER_TAG) == Some(owner)
        && cluster.tag(UNFINISHED_TAG).is_some()
        && cluster.phase() != Phase::Deleting
}

pub(super) fn what_id(id: &str) -> String {
    format!("{KIND} {id}")
}

pub(super) fn what_name(name: &str) -> String {
    format!("{KIND} \"{name}\"")
}

/// For "waiting for ...".
pub(super) fn state(what: &str, cluster: &Cluster) -> String {
    format!("{what} ({})", cluster.state)
}
