//! What a test may change about the stand-in: its pace, its delays and the faults it plays.
//!
//! The defaults are what the real operator does; each switch says what it replaces.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, RwLock};
use std::time::Duration;

/// How the stand-in behaves. `Options::default()` behaves like KubeBlocks 0.7.5 on a healthy Kubernetes cluster.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "independent switches, each named where it is set")]
pub struct Options {
    /// Rest between a change and the reconcile that reacts to it. It is also how long a Cluster stays in the state
    /// "new generation observed, phase still Running". The real operator takes 50 to 500 ms.
    pub pace: Duration,
    /// How long a pod may be unschedulable before its component counts as failed (30 s in KubeBlocks).
    pub unschedulable_after: Duration,
    /// How long a container may be failing before its component counts as failed (10 s in KubeBlocks).
    pub container_failed_after: Duration,
    /// How long a component must be failed before a running operation on it fails (30 s in KubeBlocks).
    pub operation_failed_after: Duration,
    /// The real operator looks at failing pods only when some object changes, so a cluster whose pods never schedule
    /// can stay Creating for as long as nothing else happens (`None`). With `Some(period)` it looks again by itself.
    pub recheck_failing_pods: Option<Duration>,
    /// Time from a pod being ready to its role label (the real role probe runs each second or two).
    pub role_delay: Duration,
    /// Whether members leave the database at scale-in. Without a database in the pods the real operator waits for ever.
    pub members_leave: bool,
    /// Whether a switchover ends: its Job is seen to be done and the roles move. Without a database in the pods they
    /// never do; and since Kubernetes 1.31 the real operator never sees a Job done, because it looks at the Job's first
    /// condition only, which has become `SuccessCriteriaMet`.
    pub switchover_ends: bool,
    /// Whether the sidecars report that new parameters have arrived. Without sidecars they never do.
    pub parameters_arrive: bool,
    /// Whether the data protection controllers run too (the real one is a Deployment of its own).
    pub data_protection: bool,
    /// Faults that tests switch on and off while the stand-in runs.
    pub faults: Faults,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            pace: Duration::from_millis(100),
            unschedulable_after: Duration::from_secs(30),
            container_failed_after: Duration::from_secs(10),
            operation_failed_after: Duration::from_secs(30),
            recheck_failing_pods: None,
            role_delay: Duration::from_millis(150),
            members_leave: true,
            switchover_ends: true,
            parameters_arrive: true,
            data_protection: true,
            faults: Faults::default(),
        }
    }
}

/// A fault of all pods of a cluster, played by the control plane's pod stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodFault {
    /// Containers restart for ever (`CrashLoopBackOff`).
    CrashLoop,
    /// The image cannot be pulled (`ImagePullBackOff`).
    ImagePull,
}

impl PodFault {
    /// The value of the pod annotation `playground.kubeblocks.io/fault`.
    pub(crate) fn annotation(self) -> &'static str {
        match self {
            Self::CrashLoop => "crash-loop",
            Self::ImagePull => "image-pull",
        }
    }
}

#[derive(Debug, Default)]
struct State {
    stuck_finalizers: BTreeSet<String>,
    paused: BTreeSet<String>,
    never_running: BTreeSet<String>,
    pods: BTreeMap<String, PodFault>,
}

/// Faults by cluster, named `<namespace>/<name>`. Clones share their state, so a test keeps one and hands one over.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<RwLock<State>>);

impl Faults {
    /// A deleted Cluster keeps its finalizer for ever, though all its objects are gone.
    pub fn stick_finalizer(&self, cluster: &str, on: bool) {
        self.change(|state| toggle(&mut state.stuck_finalizers, cluster, on));
    }

    /// The operator does not look at this cluster, as if it were down.
    pub fn pause(&self, cluster: &str, on: bool) {
        self.change(|state| toggle(&mut state.paused, cluster, on));
    }

    /// The cluster's pods never get a role, so it never becomes Running.
    pub fn never_running(&self, cluster: &str, on: bool) {
        self.change(|state| toggle(&mut state.never_running, cluster, on));
    }

    /// All pods of the cluster that are made from now on play `fault`.
    pub fn pods(&self, cluster: &str, fault: Option<PodFault>) {
        self.change(|state| match fault {
            Some(fault) => {
                state.pods.insert(cluster.to_owned(), fault);
            }
            None => {
                state.pods.remove(cluster);
            }
        });
    }

    pub(crate) fn has_stuck_finalizer(&self, namespace: &str, name: &str) -> bool {
        self.read(|state| state.stuck_finalizers.contains(&key(namespace, name)))
    }

    pub(crate) fn is_paused(&self, namespace: &str, name: &str) -> bool {
        self.read(|state| state.paused.contains(&key(namespace, name)))
    }

    pub(crate) fn is_never_running(&self, namespace: &str, name: &str) -> bool {
        self.read(|state| state.never_running.contains(&key(namespace, name)))
    }

    pub(crate) fn pod_fault(&self, namespace: &str, name: &str) -> Option<PodFault> {
        self.read(|state| state.pods.get(&key(namespace, name)).copied())
    }

    // A poisoned lock only means that another test thread panicked: the sets themselves stay whole.
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner));
    }

    fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

fn key(namespace: &str, name: &str) -> String {
    format!("{namespace}/{name}")
}

fn toggle(set: &mut BTreeSet<String>, cluster: &str, on: bool) {
    if on {
        set.insert(cluster.to_owned());
    } else {
        set.remove(cluster);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_their_faults_and_faults_can_be_switched_off() {
        let faults = Faults::default();
        let seen_by_the_operator = faults.clone();
        faults.stick_finalizer("shop/orders", true);
        faults.pods("shop/orders", Some(PodFault::CrashLoop));
        assert!(seen_by_the_operator.has_stuck_finalizer("shop", "orders"));
        assert!(!seen_by_the_operator.has_stuck_finalizer("shop", "cache"));
        assert!(!seen_by_the_operator.is_paused("shop", "orders"));
        assert_eq!(seen_by_the_operator.pod_fault("shop", "orders"), Some(PodFault::CrashLoop));
        faults.stick_finalizer("shop/orders", false);
        faults.pods("shop/orders", None);
        assert!(!seen_by_the_operator.has_stuck_finalizer("shop", "orders"));
        assert_eq!(seen_by_the_operator.pod_fault("shop", "orders"), None);
    }
}
