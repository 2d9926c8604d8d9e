//! Clusters: one step at a time towards the wish.

use google_cloud_container_v1::model;
use google_cloud_container_v1::model::cluster::Status;

use super::difference::{self, PoolStep, Step};
use super::names::{self, Place};
use super::operation::{Polled, reasons, waiting};
use super::spec::{ClusterSpec, Network};
use super::{Gke, error, network, observed, wish};
use crate::contract::CLUSTER;
use crate::{ClusterId, Error, Made, Progress};

const KIND: &str = "GKE cluster";
/// In [`Made`]: the name was free when this process looked.
const FREE: &str = "the name is free";
/// In [`Made`]: the cluster is gone.
const GONE: &str = "cluster is gone";

impl Gke {
    /// The cluster; `None` when there is none.
    pub(super) async fn find(&self, id: &ClusterId) -> Result<Option<Box<model::Cluster>>, Error> {
        names::parse(id)?;
        let request = || self.container.get_cluster().set_name(&id.0).send();
        match self.ask(&names::cluster_words(id), "container.clusters.get", request).await {
            Ok(cluster) => Ok(Some(Box::new(cluster))),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn create_cluster(
        &self,
        spec: &ClusterSpec,
        made: &mut Made,
    ) -> Result<Progress, Error> {
        let id = self.cluster_id(&spec.location, &spec.name);
        let (place, words) = (names::parse(&id)?, names::cluster_words(&id));
        let polled = self.poll(&id.0, &words).await?;
        if polled == Polled::Running && made.id(CLUSTER).is_some() {
            return Ok(waiting(&format!("{words} (PROVISIONING)")));
        }
        let is_free = made.is_settled(FREE) && polled == Polled::None && made.id(CLUSTER).is_none();
        let found = if is_free { None } else { self.find(&id).await? };
        if let Some(cluster) = &found {
            self.refuse_unless_ours(cluster, spec, &id)?;
        } else if !is_free && polled == Polled::None {
            // What makes no sense is refused before anything is made.
            let zones = self.zones(spec).await?;
            wish::cluster(spec, &self.project, String::new(), String::new(), &zones)?;
        }
        if let Some(waits) = self.ensure_network(spec, &place, made).await? {
            made.settle(FREE);
            return Ok(waits);
        }
        match found {
            Some(cluster) => {
                made.note(CLUSTER, KIND, &id.0);
                self.finish_cluster(&id, &place, &cluster).await
            }
            // It was asked for, and is not to be seen everywhere yet.
            None if polled != Polled::None => {
                made.note(CLUSTER, KIND, &id.0);
                Ok(waiting(&format!("{words} (to be seen)")))
            }
            None => self.begin_cluster(spec, &id, &place, made).await,
        }
    }

    /// A cluster of that name must be one whose creation has steps left, for the same owner.
    fn refuse_unless_ours(
        &self,
        cluster: &model::Cluster,
        spec: &ClusterSpec,
        id: &ClusterId,
    ) -> Result<(), Error> {
        let labels = &cluster.resource_labels;
        let is_owned = labels.get(names::OWNER) == Some(&spec.owner);
        if is_owned && (observed::is_unfinished(labels) || self.pending.is_finishing(&id.0)) {
            return Ok(());
        }
        Err(Error::AlreadyExists { what: names::cluster_words(id) })
    }

    async fn begin_cluster(
        &self,
        spec: &ClusterSpec,
        id: &ClusterId,
        place: &Place,
        made: &mut Made,
    ) -> Result<Progress, Error> {
        let words = names::cluster_words(id);
        let (vpc, subnetwork) = match &spec.network {
            Network::Existing { network, subnetwork, .. } => (network.clone(), subnetwork.clone()),
            Network::Made { .. } => {
                let id_of = |part: &network::Part| made.id(part.role).unwrap_or_default().to_owned();
                let [vpc, subnetwork, _] = network::parts(place, &spec.owner);
                (id_of(&vpc), id_of(&subnetwork))
            }
        };
        let zones = self.zones(spec).await?;
        let wished = wish::cluster(spec, &self.project, vpc, subnetwork, &zones)?;
        let parent = format!("projects/{}/locations/{}", place.project, place.location);
        let asked = self
            .ask(&words, "container.clusters.create", || {
                self.container.create_cluster().set_parent(&parent).set_cluster((*wished).clone()).send()
            })
            .await;
        if matches!(asked, Err(Error::AlreadyExists { .. })) {
            // The answer to an earlier request was lost, or somebody else was faster.
            if let Some(cluster) = self.find(id).await? {
                self.refuse_unless_ours(&cluster, spec, id)?;
                made.note(CLUSTER, KIND, &id.0);
            }
            made.forget(FREE);
            return Ok(waiting(&format!("{words} (PROVISIONING)")));
        }
        if asked.is_ok() {
            made.note(CLUSTER, KIND, &id.0);
        }
        self.begun(&id.0, &words, &place.location, asked)
    }

    /// What is left to do for a cluster that is there: to wait, and to take the mark of what is unfinished away.
    async fn finish_cluster(
        &self,
        id: &ClusterId,
        place: &Place,
        cluster: &model::Cluster,
    ) -> Result<Progress, Error> {
        let words = names::cluster_words(id);
        match &cluster.status {
            Status::Error | Status::Degraded => Err(self.failed(id, place, cluster).await),
            Status::Running if !observed::is_unfinished(&cluster.resource_labels) => {
                self.pending.finish(&id.0);
                Ok(Progress::Done)
            }
            Status::Running => {
                let mut labels = cluster.resource_labels.clone();
                labels.remove(names::UNFINISHED);
                self.pending.begin_to_finish(&id.0);
                self.set_labels(id, place, cluster, labels).await
            }
            status => Ok(waiting(&format!("{words} ({})", status.name().unwrap_or_default()))),
        }
    }

    /// Why a cluster has failed: what it says itself, or else what its operations say.
    async fn failed(&self, id: &ClusterId, place: &Place, cluster: &model::Cluster) -> Error {
        let words = names::cluster_words(id);
        let mut told = observed::reasons(cluster);
        if told.is_empty() {
            let parent = format!("projects/{}/locations/{}", place.project, place.location);
            let listed = self
                .ask(&parent, "container.operations.list", || {
                    self.container.list_operations().set_parent(&parent).send()
                })
                .await;
            // Without their words the failure is told all the same.
            for operation in listed.map(|listed| listed.operations).unwrap_or_default() {
                if operation.target_link.ends_with(&format!("/clusters/{}", place.name)) {
                    told.extend(reasons(&operation));
                }
            }
        }
        error::of_operation(&words, &told)
    }

    async fn set_labels(
        &self,
        id: &ClusterId,
        place: &Place,
        cluster: &model::Cluster,
        labels: std::collections::HashMap<String, String>,
    ) -> Result<Progress, Error> {
        let words = names::cluster_words(id);
        let asked = self
            .ask(&words, "container.clusters.update", || {
                self.container
                    .set_labels()
                    .set_name(&id.0)
                    .set_resource_labels(labels.clone())
                    .set_label_fingerprint(&cluster.label_fingerprint)
                    .send()
            })
            .await;
        self.begun(&id.0, &words, &place.location, asked)
    }

    pub(super) async fn update_cluster(&self, spec: &ClusterSpec) -> Result<Progress, Error> {
        let id = self.cluster_id(&spec.location, &spec.name);
        let (place, words) = (names::parse(&id)?, names::cluster_words(&id));
        if self.poll(&id.0, &words).await? == Polled::Running {
            return Ok(waiting(&words));
        }
        let cluster = self.find(&id).await?.ok_or_else(|| Error::NotFound { what: words.clone() })?;
        match &cluster.status {
            Status::Running | Status::Degraded => {}
            Status::Error => return Err(self.failed(&id, &place, &cluster).await),
            status => return Ok(waiting(&format!("{words} ({})", status.name().unwrap_or_default()))),
        }
        match difference::cluster(&cluster, spec)? {
            None if cluster.status == Status::Degraded => Err(self.failed(&id, &place, &cluster).await),
            None => Ok(Progress::Done),
            Some(Step::Labels(labels)) => self.set_labels(&id, &place, &cluster, labels).await,
            Some(Step::Pool(step)) => {
                let path = format!("{}/nodePools/{}", id.0, spec.system_pool.name);
                let pool_words = names::pool_words(&spec.system_pool.name);
                let asked = self.change_pool(&path, &pool_words, step).await;
                self.begun(&id.0, &pool_words, &place.location, asked)
            }
            Some(Step::Cluster(update)) => {
                let asked = self
                    .ask(&words, "container.clusters.update", || {
                        self.container.update_cluster().set_name(&id.0).set_update((*update).clone()).send()
                    })
                    .await;
                self.begun(&id.0, &words, &place.location, asked)
            }
        }
    }

    /// Begins one operation on a pool.
    pub(super) async fn change_pool(
        &self,
        path: &str,
        words: &str,
        step: PoolStep,
    ) -> Result<model::Operation, Error> {
        let action = "container.clusters.update";
        match step {
            PoolStep::Update(update) => {
                let update = (*update).set_name(path);
                let request = || self.container.update_node_pool().with_request(update.clone()).send();
                self.ask(words, action, request).await
            }
            PoolStep::Autoscaling(scaling) => {
                let request = || {
                    let call = self.container.set_node_pool_autoscaling();
                    call.set_name(path).set_autoscaling(scaling.clone()).send()
                };
                self.ask(words, action, request).await
            }
            PoolStep::Size(count) => {
                let request =
                    || self.container.set_node_pool_size().set_name(path).set_node_count(count).send();
                self.ask(words, action, request).await
            }
        }
    }

    pub(super) async fn delete_cluster(
        &self,
        id: &ClusterId,
        owner: &str,
        made: &mut Made,
    ) -> Result<Progress, Error> {
        let place = names::parse(id)?;
        if !made.is_settled(GONE) {
            if let Some(waits) = self.remove_cluster(id, &place, owner, made).await? {
                return Ok(waits);
            }
            made.forget(CLUSTER);
            made.settle(GONE);
        }
        if let Some(waits) = self.remove_network(&place, owner, made).await? {
            return Ok(waits);
        }
        self.pending.finish(&id.0);
        Ok(Progress::Done)
    }

    /// `None` when it is gone, or another owner's.
    async fn remove_cluster(
        &self,
        id: &ClusterId,
        place: &Place,
        owner: &str,
        made: &mut Made,
    ) -> Result<Option<Progress>, Error> {
        let words = names::cluster_words(id);
        match self.poll(&id.0, &words).await {
            Ok(Polled::Running) => return Ok(Some(waiting(&format!("{words} (STOPPING)")))),
            // That an earlier operation failed is no reason to keep it.
            Ok(Polled::None | Polled::Ended) | Err(Error::Failed { .. } | Error::QuotaExceeded { .. }) => {}
            Err(error) => return Err(error),
        }
        let Some(cluster) = self.find(id).await? else { return Ok(None) };
        let mark = cluster.resource_labels.get(names::OWNER);
        if mark.is_some_and(|mark| mark != owner) && made.id(CLUSTER).is_none() {
            return Ok(None);
        }
        made.note(CLUSTER, KIND, &id.0);
        if cluster.status == Status::Stopping {
            return Ok(Some(waiting(&format!("{words} (STOPPING)"))));
        }
        let asked = self
            .ask(&words, "container.clusters.delete", || {
                self.container.delete_cluster().set_name(&id.0).send()
            })
            .await;
        match self.begun(&id.0, &words, &place.location, asked) {
            Err(Error::NotFound { .. }) => Ok(None),
            other => other.map(Some),
        }
    }
}
