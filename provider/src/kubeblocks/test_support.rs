//! Snapshots for tests, as sentences: `orders().running().phase(Updating)`. Each number differs, so that fields that
//! are mixed up are noticed.

use kubeblocks_schemas::v1alpha1::{ComponentPhase, TerminationPolicy};
use tokio::time::Instant;

use super::facts::{
    ClaimFacts, ClusterFacts, ComponentFacts, ConditionFacts, ContainerFacts, EventFacts, PodFacts,
    RestoreFacts, WorkloadFacts,
};
use super::snapshot::{Sighted, Snapshot};

/// Cluster `shop/orders` of generation 3 with the component `redis` of 2 instances.
pub(super) fn orders() -> Orders {
    Orders
}

pub(super) struct Orders;

impl Orders {
    /// Just applied: the operator has not seen it.
    pub(super) fn fresh(self) -> Snapshot {
        let Self = self;
        Snapshot {
            taken: Instant::now(),
            cluster: ClusterFacts {
                namespace: "shop".to_owned(),
                name: "orders".to_owned(),
                uid: "u-1".to_owned(),
                generation: 3,
                observed_generation: None,
                phase: None,
                deleting: false,
                termination_policy: TerminationPolicy::Delete,
                finalizers: vec!["cluster.kubeblocks.io/finalizer".to_owned()],
                definition: "redis".to_owned(),
                version: Some("redis-7.0.6".to_owned()),
                ops_requests: None,
                restoring: false,
                conditions: Vec::new(),
                components: vec![component("redis", 2, None)],
            },
            workloads: Sighted::Visible(Vec::new()),
            pods: Sighted::Visible(Vec::new()),
            claims: Sighted::Visible(Vec::new()),
            events: Sighted::Visible(Vec::new()),
            restores: Sighted::Visible(Vec::new()),
        }
    }

    /// Up and running.
    pub(super) fn running(self) -> Snapshot {
        let mut snapshot = self.fresh();
        snapshot.cluster.observed_generation = Some(3);
        snapshot.workloads = Sighted::Visible(vec![WorkloadFacts {
            component: "redis".to_owned(),
            generation: 7,
            observed_generation: Some(7),
            current_generation: Some(7),
            cluster_generation: Some(3),
            update_revision: Some("redis-new".to_owned()),
            replicas: [2, 2, 1, 0],
            is_behind: false,
        }]);
        snapshot.phase(ComponentPhase::Running).component_phase(ComponentPhase::Running)
    }
}

fn component(name: &str, wanted: i32, phase: Option<ComponentPhase>) -> ComponentFacts {
    ComponentFacts { name: name.to_owned(), wanted, phase, messages: Vec::new() }
}

/// A pod of the newest revision that is not ready.
pub(super) fn pod(name: &str, containers: Vec<ContainerFacts>) -> PodFacts {
    PodFacts {
        name: name.to_owned(),
        component: "redis".to_owned(),
        revision: Some("redis-new".to_owned()),
        phase: "Pending".to_owned(),
        deleting: false,
        ready: false,
        unschedulable: None,
        containers,
    }
}

/// A container that waits.
pub(super) fn waiting(reason: &str, message: &str, restarts: i32) -> Vec<ContainerFacts> {
    vec![ContainerFacts {
        name: "redis-server".to_owned(),
        waiting: Some((reason.to_owned(), message.to_owned())),
        restarts,
        last_exit: (restarts > 0).then(|| (137, "OOMKilled".to_owned())),
    }]
}

/// A warning.
pub(super) fn event(kind: &str, object: &str, reason: &str, message: &str) -> EventFacts {
    EventFacts {
        kind: kind.to_owned(),
        object: object.to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
        warning: true,
        last_seen: None,
    }
}

fn visible<T>(sighted: &mut Sighted<T>) -> &mut Vec<T> {
    match sighted {
        Sighted::Visible(objects) => objects,
        Sighted::Hidden => panic!("out of sight"),
    }
}

impl Snapshot {
    pub(super) fn generation(mut self, generation: i64) -> Self {
        self.cluster.generation = generation;
        self
    }

    pub(super) fn observed(mut self, generation: i64) -> Self {
        self.cluster.observed_generation = Some(generation);
        self
    }

    pub(super) fn phase(mut self, phase: ComponentPhase) -> Self {
        self.cluster.phase = Some(phase);
        self
    }

    pub(super) fn component_phase(mut self, phase: ComponentPhase) -> Self {
        self.cluster.components[0].phase = Some(phase);
        self
    }

    pub(super) fn wanted(mut self, wanted: i32) -> Self {
        self.cluster.components[0].wanted = wanted;
        self
    }

    pub(super) fn message(mut self, object: &str, text: &str) -> Self {
        self.cluster.components[0].messages.push((object.to_owned(), text.to_owned()));
        self
    }

    pub(super) fn with_component(mut self, name: &str, phase: ComponentPhase) -> Self {
        let wanted = i32::from(phase != ComponentPhase::Stopped);
        self.cluster.components.push(component(name, wanted, Some(phase)));
        let mut workload = visible(&mut self.workloads)[0].clone();
        workload.component = name.to_owned();
        visible(&mut self.workloads).push(workload);
        self
    }

    pub(super) fn with_stopped_component(self, name: &str) -> Self {
        self.with_component(name, ComponentPhase::Stopped)
    }

    pub(super) fn condition(mut self, kind: &str, status: &str, reason: &str, message: &str) -> Self {
        self.cluster.conditions.push(ConditionFacts {
            kind: kind.to_owned(),
            status: status.to_owned(),
            reason: reason.to_owned(),
            message: message.to_owned(),
        });
        self
    }

    pub(super) fn deleting(mut self, policy: TerminationPolicy) -> Self {
        self.cluster.deleting = true;
        self.cluster.termination_policy = policy;
        self
    }

    pub(super) fn without_workload(mut self) -> Self {
        self.workloads = Sighted::Visible(Vec::new());
        self
    }

    pub(super) fn change_workload(mut self, change: impl FnOnce(&mut WorkloadFacts)) -> Self {
        change(&mut visible(&mut self.workloads)[0]);
        self
    }

    pub(super) fn with_pod(mut self, pod: PodFacts) -> Self {
        visible(&mut self.pods).push(pod);
        self
    }

    pub(super) fn with_event(mut self, event: EventFacts) -> Self {
        visible(&mut self.events).push(event);
        self
    }

    pub(super) fn with_pending_claim(mut self, name: &str) -> Self {
        visible(&mut self.claims).push(ClaimFacts {
            name: name.to_owned(),
            component: "redis".to_owned(),
            phase: "Pending".to_owned(),
            storage_class: Some("gp3".to_owned()),
            requested: Some("20Gi".to_owned()),
            capacity: None,
            resize: Vec::new(),
        });
        self
    }

    pub(super) fn with_claim(mut self, name: &str, capacity: &str, requested: &str) -> Self {
        self = self.with_pending_claim(name);
        let claim = &mut visible(&mut self.claims)[0];
        claim.phase = "Bound".to_owned();
        claim.capacity = Some(capacity.to_owned());
        claim.requested = Some(requested.to_owned());
        self
    }

    pub(super) fn with_restore(mut self, name: &str, failed: bool) -> Self {
        let message = failed.then(|| "backup is not completed".to_owned());
        visible(&mut self.restores).push(RestoreFacts { name: name.to_owned(), failed, message });
        self
    }
}
