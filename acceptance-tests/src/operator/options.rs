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
    /// Whether a follower takes the lead when the leader's pod goes. Without a database in the pods nobody does.
    pub fails_over: bool,
    /// Whether the sidecars report that new parameters have arrived. Without sidecars they never do.
    pub parameters_arrive: bool,
    /// Whether each system account is made by a Job, as in the real operator. Without, its Secret comes at once: for tests
    /// of other things, for which the Jobs would be half of the work of their Kubernetes cluster.
    pub account_jobs: bool,
    /// Whether the data protection controllers run too (the real one is a Deployment of its own).
    pub data_protection: bool,
    /// How often an add-on that is being installed or uninstalled is looked at (1 s in KubeBlocks).
    pub addon_recheck: Duration,
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
            fails_over: true,
            parameters_arrive: true,
            account_jobs: true,
            data_protection: true,
            addon_recheck: Duration::from_secs(1),
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

/// How often a fault of an add-on's Jobs is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// By the next pod only.
    Once,
    /// By every pod until it is switched off.
    Always,
}

#[derive(Debug, Default)]
struct State {
    addon_failures: BTreeMap<String, (Times, String)>,
    addon_delays: BTreeMap<String, Duration>,
    missing_charts: BTreeSet<String>,
    unreachable_registries: BTreeSet<String>,
    stuck_finalizers: BTreeSet<String>,
    paused: BTreeSet<String>,
    never_running: BTreeSet<String>,
    blind_to_switchover: BTreeSet<String>,
    pods: BTreeMap<String, PodFault>,
}

/// Faults by cluster, named `<namespace>/<name>`, and by add-on. Clones share their state, so a test keeps one and hands one over.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<RwLock<State>>);

impl Faults {
    /// A deleted Cluster keeps its finalizer for ever, though all its objects are gone.
    pub fn stick_finalizer(&self, cluster: &str, on: bool) {
        self.change(|state| toggle(&mut state.stuck_finalizers, cluster, on));
    }

    /// The operator does not look at this cluster and its operations, as if it were down.
    pub fn pause(&self, cluster: &str, on: bool) {
        self.change(|state| toggle(&mut state.paused, cluster, on));
    }

    /// The cluster's pods never get a role, so it never becomes Running.
    pub fn never_running(&self, cluster: &str, on: bool) {
        self.change(|state| toggle(&mut state.never_running, cluster, on));
    }

    /// A switchover of the cluster moves its roles and never ends: the operator does not see that its Job is done.
    pub fn blind_to_switchover(&self, cluster: &str, on: bool) {
        self.change(|state| toggle(&mut state.blind_to_switchover, cluster, on));
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

    /// A container that installs or uninstalls the add-on writes this log and ends with an error, without running helm.
    pub fn addon_fails(&self, addon: &str, times: Times, log: &str) {
        let failure = (times, log.to_owned());
        self.change(|state| state.addon_failures.insert(addon.to_owned(), failure));
    }

    /// Helm runs again for the add-on.
    pub fn addon_works(&self, addon: &str) {
        self.change(|state| state.addon_failures.remove(addon));
    }

    /// A container that installs or uninstalls the add-on takes this much longer.
    pub fn addon_delay(&self, addon: &str, delay: Duration) {
        self.change(|state| state.addon_delays.insert(addon.to_owned(), delay));
    }

    /// The image with the charts does not hold the one of this name.
    pub fn addon_missing_chart(&self, chart: &str, on: bool) {
        self.change(|state| toggle(&mut state.missing_charts, chart, on));
    }

    /// No image of this registry can be pulled by the Jobs of add-ons. The registry is what stands before the first
    /// slash of an image.
    pub fn registry_away(&self, registry: &str, on: bool) {
        self.change(|state| toggle(&mut state.unreachable_registries, registry, on));
    }

    /// The log with which a container of the add-on is to fail now, if it is.
    pub(crate) fn take_addon_failure(&self, addon: &str) -> Option<String> {
        let mut state = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        match state.addon_failures.get(addon).cloned()? {
            (Times::Always, log) => Some(log),
            (Times::Once, _) => state.addon_failures.remove(addon).map(|(_, log)| log),
        }
    }

    pub(crate) fn delay_of_addon(&self, addon: &str) -> Duration {
        self.read(|state| state.addon_delays.get(addon).copied().unwrap_or_default())
    }

    pub(crate) fn is_chart_missing(&self, chart: &str) -> bool {
        self.read(|state| state.missing_charts.contains(chart))
    }

    pub(crate) fn is_registry_away(&self, registry: &str) -> bool {
        self.read(|state| state.unreachable_registries.contains(registry))
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

    pub(crate) fn is_blind_to_switchover(&self, namespace: &str, name: &str) -> bool {
        self.read(|state| state.blind_to_switchover.contains(&key(namespace, name)))
    }

    pub(crate) fn pod_fault(&self, namespace: &str, name: &str) -> Option<PodFault> {
        self.read(|state| state.pods.get(&key(namespace, name)).copied())
    }

    // A poisoned lock only means that another test thread panicked: the sets themselves stay whole.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) {
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

    #[test]
    fn a_failure_of_an_add_on_is_played_once_or_until_it_is_switched_off() {
        let faults = Faults::default();
        let seen_by_the_runner = faults.clone();
        faults.addon_fails("redis", Times::Once, "no room");
        faults.addon_fails("kafka", Times::Always, "no luck");
        for (addon, expected) in [
            ("redis", Some("no room")),
            ("redis", None),
            ("kafka", Some("no luck")),
            ("kafka", Some("no luck")),
            ("mysql", None),
        ] {
            assert_eq!(seen_by_the_runner.take_addon_failure(addon).as_deref(), expected, "{addon}");
        }
        faults.addon_works("kafka");
        assert_eq!(seen_by_the_runner.take_addon_failure("kafka"), None);
    }
}
