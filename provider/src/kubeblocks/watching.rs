//! One Cluster and what belongs to it, as a stream of snapshots. The watches beneath are shared by all waits in a
//! namespace. Decides nothing.

use std::sync::Arc;

use futures::{Stream, stream};
use k8s_openapi::api::apps::v1::StatefulSet;
use kube::Resource;
use kube::core::NamespaceResourceScope;
use kubeblocks_schemas::v1alpha1::{Cluster, ReplicatedStateMachine};
use tokio::sync::watch;
use tokio::time::Instant;

use super::facts::{ClaimFacts, ClusterFacts, EventFacts, PodFacts, RestoreFacts, WorkloadFacts, label};
use super::naming::{COMPONENT_LABEL, MANAGED_BY_KUBEBLOCKS, cluster_selector};
use super::snapshot::{Sighted, Snapshot};
use crate::kubernetes::feed::{Fact, Feed, Feeds, Scope, Sight, View};
use crate::kubernetes::{Client, Error, readable};

/// What is seen of a Cluster at a moment.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Observation {
    /// The first answers have not all come yet; with what the connection said, when it said something.
    Opening(Option<String>),
    /// Clusters of the namespace must not be watched, or the kind is not served.
    Denied,
    /// There is no such Cluster, as far as the watch shows.
    Absent,
    /// The connection is lost; what was seen before may be outdated.
    Away(String),
    /// This is known.
    Here(Box<Snapshot>),
}

/// A handle on the watches of one namespace, for one Cluster.
pub(super) struct Watching {
    name: String,
    clusters: Watched<ClusterFacts>,
    workloads: Watched<WorkloadFacts>,
    pods: Watched<PodFacts>,
    claims: Watched<ClaimFacts>,
    events: Watched<EventFacts>,
    restores: Watched<RestoreFacts>,
}

/// A feed, kept alive, and what it says.
struct Watched<T> {
    _feed: Arc<Feed<T>>,
    view: watch::Receiver<View<T>>,
}

impl<T: Fact> Watched<T>
where
    T::Kind: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
{
    fn open(client: &Client, namespace: &str, labels: Option<&'static str>) -> Self {
        let feed = Feeds::open::<T>(client, &Scope { namespace: namespace.to_owned(), labels });
        let view = feed.subscribe();
        Self { _feed: feed, view }
    }
}

impl<T: Clone> Watched<T> {
    fn sight(&self) -> Sight {
        self.view.borrow().sight
    }

    fn of(&self, group: &str) -> Sighted<T> {
        let view = self.view.borrow();
        match view.sight {
            Sight::Closed => Sighted::Hidden,
            Sight::Opening | Sight::Open | Sight::Lost => Sighted::Visible(view.of(group).cloned().collect()),
        }
    }

    fn trouble(&self) -> Option<String> {
        self.view.borrow().trouble.clone()
    }

    /// Wakes for the next change; never when the feed has ended.
    async fn changed(&mut self) {
        if self.view.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Watching {
    /// Opens the watches that are not open yet.
    pub(super) fn open(client: &Client, namespace: &str, name: &str) -> Self {
        let managed = Some(MANAGED_BY_KUBEBLOCKS);
        Self {
            name: name.to_owned(),
            clusters: Watched::open(client, namespace, None),
            workloads: Watched::open(client, namespace, managed),
            pods: Watched::open(client, namespace, managed),
            claims: Watched::open(client, namespace, managed),
            events: Watched::open(client, namespace, None),
            restores: Watched::open(client, namespace, None),
        }
    }

    /// What is seen now, and again after each change.
    pub(super) fn observations(self) -> impl Stream<Item = Observation> {
        stream::unfold((self, true), |(mut watching, first)| async move {
            if !first {
                watching.changed().await;
            }
            Some((watching.observe(), (watching, false)))
        })
    }

    async fn changed(&mut self) {
        tokio::select! {
            () = self.clusters.changed() => {}
            () = self.workloads.changed() => {}
            () = self.pods.changed() => {}
            () = self.claims.changed() => {}
            () = self.events.changed() => {}
            () = self.restores.changed() => {}
        }
    }

    fn observe(&self) -> Observation {
        let others = [
            (self.workloads.sight(), self.workloads.trouble()),
            (self.pods.sight(), self.pods.trouble()),
            (self.claims.sight(), self.claims.trouble()),
            (self.events.sight(), self.events.trouble()),
            (self.restores.sight(), self.restores.trouble()),
        ];
        match self.clusters.sight() {
            Sight::Closed => return Observation::Denied,
            Sight::Opening => return Observation::Opening(self.clusters.trouble()),
            Sight::Lost => return Observation::Away(self.clusters.trouble().unwrap_or_default()),
            Sight::Open => {}
        }
        for (sight, trouble) in others {
            match sight {
                Sight::Opening => return Observation::Opening(trouble),
                Sight::Lost => return Observation::Away(trouble.unwrap_or_default()),
                Sight::Open | Sight::Closed => {}
            }
        }
        let found = self.clusters.view.borrow().of(&self.name).next().cloned();
        found.map_or(Observation::Absent, |cluster| Observation::Here(Box::new(self.snapshot(cluster))))
    }

    fn snapshot(&self, cluster: ClusterFacts) -> Snapshot {
        let pods = self.pods.of(&self.name);
        let claims = self.claims.of(&self.name);
        let mut about = vec![format!("Cluster/{}", self.name)];
        about.extend(pods.iter().map(|pod| format!("Pod/{}", pod.name)));
        about.extend(claims.iter().map(|claim| format!("PersistentVolumeClaim/{}", claim.name)));
        let events = if self.events.sight() == Sight::Closed {
            Sighted::Hidden
        } else {
            let view = self.events.view.borrow();
            Sighted::Visible(about.iter().flat_map(|object| view.of(object)).cloned().collect())
        };
        Snapshot {
            taken: Instant::now(),
            workloads: self.workloads.of(&self.name),
            restores: self.restores.of(&self.name),
            cluster,
            pods,
            claims,
            events,
        }
    }
}

/// `snapshot` with its Cluster and workloads read anew from the server, or nothing when the Cluster is gone.
pub(super) async fn read_again(client: &Client, snapshot: &Snapshot) -> Result<Option<Snapshot>, Error> {
    let (namespace, name) = (&snapshot.cluster.namespace, &snapshot.cluster.name);
    let Some(cluster) = client.get_opt::<Cluster>(Some(namespace), name).await? else { return Ok(None) };
    let workloads = if snapshot.workloads.is_hidden() {
        Sighted::Hidden
    } else {
        let found =
            client.list::<ReplicatedStateMachine>(Some(namespace), Some(&cluster_selector(name))).await?;
        // Under load Kubernetes' own controller is late, and the operator copies what it said of the spec before.
        let sets = client.list::<StatefulSet>(Some(namespace), Some(&cluster_selector(name))).await;
        let sets = readable(sets)?.unwrap_or_default();
        let is_behind = |component: &str| {
            let of_component = |set: &&StatefulSet| {
                label(&set.metadata, COMPONENT_LABEL).is_some_and(|found| found == component)
            };
            sets.iter().find(of_component).is_some_and(super::facts::is_behind)
        };
        let facts = found.iter().map(WorkloadFacts::from);
        let facts = facts.map(|one| WorkloadFacts { is_behind: is_behind(&one.component), ..one });
        Sighted::Visible(facts.collect())
    };
    let cluster = ClusterFacts::from(&cluster);
    Ok(Some(Snapshot { taken: Instant::now(), cluster, workloads, ..snapshot.clone() }))
}
