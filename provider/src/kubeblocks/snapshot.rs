//! Everything that is known of one Cluster at one moment: the input of [`super::readiness`] and
//! [`super::diagnosis`]. Plain data.

use tokio::time::Instant;

use super::facts::{ClaimFacts, ClusterFacts, EventFacts, PodFacts, RestoreFacts, WorkloadFacts};

/// What is known of one Cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// When this was read.
    pub taken: Instant,
    /// The Cluster.
    pub cluster: ClusterFacts,
    /// Its workloads.
    pub workloads: Sighted<WorkloadFacts>,
    /// Its pods.
    pub pods: Sighted<PodFacts>,
    /// Its volume claims.
    pub claims: Sighted<ClaimFacts>,
    /// Events about the Cluster, its workloads, pods and claims.
    pub events: Sighted<EventFacts>,
    /// Its restores.
    pub restores: Sighted<RestoreFacts>,
}

/// Objects that may be out of sight, because reading them is not permitted.
#[derive(Clone, Debug, PartialEq)]
pub enum Sighted<T> {
    /// These are all.
    Visible(Vec<T>),
    /// Not permitted, or the kind is not served.
    Hidden,
}

impl<T> Sighted<T> {
    /// The objects; none when they are out of sight.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        match self {
            Self::Visible(objects) => objects.iter(),
            Self::Hidden => [].iter(),
        }
    }

    /// Whether they are out of sight.
    pub fn is_hidden(&self) -> bool {
        matches!(self, Self::Hidden)
    }
}

impl Snapshot {
    /// The workload of a component.
    pub fn workload(&self, component: &str) -> Option<&WorkloadFacts> {
        self.workloads.iter().find(|workload| workload.component == component)
    }

    /// Events about an object, newest first.
    pub fn events_of<'a>(&'a self, kind: &'a str, object: &'a str) -> Vec<&'a EventFacts> {
        let mut events: Vec<&EventFacts> =
            self.events.iter().filter(|event| event.kind == kind && event.object == object).collect();
        events.sort_by_key(|event| std::cmp::Reverse(event.last_seen));
        events
    }

    /// Whether the pod has the newest revision of its workload, as far as is known.
    pub fn is_newest(&self, pod: &PodFacts) -> bool {
        let newest = self.workload(&pod.component).and_then(|workload| workload.update_revision.as_ref());
        newest.is_none() || pod.revision.is_none() || newest == pod.revision.as_ref()
    }
}
