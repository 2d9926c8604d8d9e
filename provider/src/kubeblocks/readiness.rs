//! Whether a database is ready, on its way, or will never be. Pure: it judges snapshots with the times that the
//! caller gives, and remembers since when something is wrong, as KubeBlocks has no final failure: `Failed` turns
//! into `Running` when a node arrives, and `Updating` may last for ever.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use kubeblocks_schemas::quantity::Quantity;
use kubeblocks_schemas::v1alpha1::{ComponentPhase, TerminationPolicy};
use tokio::time::Instant;

use super::facts::{ClaimFacts, ComponentFacts};
use super::snapshot::Snapshot;
use super::trouble::{Trouble, TroubleKind, troubles};

/// How long bad states may last before they count as final.
#[derive(Clone, Debug, PartialEq)]
pub struct Patience {
    /// `ProvisioningStarted=False`: an add-on may be on its way in the same apply.
    pub provisioning: Duration,
    /// `ApplyResources=False` with one and the same message.
    pub apply_resources: Duration,
    /// Phase `Failed` or `Abnormal`: autoscaled nodes need 3 to 8 minutes.
    pub failed: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            provisioning: Duration::from_mins(1),
            apply_resources: Duration::from_mins(2),
            failed: Duration::from_mins(10),
        }
    }
}

/// The operator sets the new generation before the phase: two reads this far apart tell a stale `Running`. The first
/// spec of a Cluster has no phase before it that could be stale.
const SETTLING: Duration = Duration::from_secs(2);
/// Without sight of the workloads, three reads over this time.
const SETTLING_BLIND: Duration = Duration::from_secs(15);
/// What the API server numbers the spec that an object is made with.
const FIRST_GENERATION: i64 = 1;

/// What a snapshot says.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The database is ready.
    Ready,
    /// It looks ready; it must still be at that moment, by a fresh read.
    Settling {
        /// When to read again.
        read_again: Instant,
    },
    /// Not ready yet.
    Progressing {
        /// What is missing, for a progress line or a timeout.
        why: String,
        /// When time alone may change the verdict.
        judge_again: Option<Instant>,
    },
    /// It will never be ready without a change.
    FailedForGood(Failure),
}

/// Why a database will not become ready.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Which rule says so.
    pub kind: FailureKind,
    /// The operator's or Kubernetes' words.
    pub message: String,
}

/// The rules that end a wait early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureKind {
    /// Volumes of an earlier cluster of this name are in the way, or do not fit.
    HaltRecovery,
    /// A restore has failed.
    Restore,
    /// The clone of data for new instances has failed.
    Backup,
    /// The definition or version is missing or not available, or a log is unknown.
    Provisioning,
    /// The operator cannot apply the spec.
    ApplyResources,
    /// Somebody deletes the Cluster.
    Deleted,
    /// A pod or a volume cannot work.
    Trouble(TroubleKind),
    /// `Failed` or `Abnormal` for too long.
    Failed,
}

/// Something that is wrong at the moment; it becomes a failure when it lasts.
#[derive(Clone, Debug)]
struct Concern {
    kind: FailureKind,
    /// Tells one lasting concern from another of the same kind.
    about: String,
    message: String,
    grace: Duration,
}

/// Judges the snapshots of one wait in their order.
#[derive(Debug)]
pub struct Assessor {
    generation: i64,
    patience: Patience,
    since: BTreeMap<(FailureKind, String), Instant>,
    ready_since: Option<(Instant, u32)>,
}

impl Assessor {
    /// For a Cluster whose spec has reached `generation`: older snapshots are stale.
    pub fn new(generation: i64, patience: Patience) -> Self {
        Self { generation, patience, since: BTreeMap::new(), ready_since: None }
    }

    /// What `snapshot` says at `now`. Call it for each snapshot, and again at the moment that a verdict names.
    pub fn assess(&mut self, snapshot: &Snapshot, now: Instant) -> Verdict {
        let concerns = self.concerns(snapshot);
        self.since.retain(|(kind, about), _| {
            concerns.iter().any(|concern| concern.kind == *kind && concern.about == *about)
        });
        let mut judge_again: Option<Instant> = None;
        for concern in &concerns {
            let key = (concern.kind, concern.about.clone());
            let due = *self.since.entry(key).or_insert(now) + concern.grace;
            if due <= now {
                let failure = Failure { kind: concern.kind, message: concern.message.clone() };
                return Verdict::FailedForGood(failure);
            }
            judge_again = Some(judge_again.map_or(due, |earlier| earlier.min(due)));
        }
        match missing(snapshot, self.generation) {
            Some(why) => {
                self.ready_since = None;
                Verdict::Progressing { why: why.to_string(), judge_again }
            }
            None => self.settle(snapshot),
        }
    }

    /// Ready, once it has been so on enough reads that are far enough apart.
    fn settle(&mut self, snapshot: &Snapshot) -> Verdict {
        let (gap, reads) = if snapshot.workloads.is_hidden() {
            (SETTLING_BLIND / 2, 3)
        } else if snapshot.cluster.generation == FIRST_GENERATION {
            (Duration::ZERO, 1)
        } else {
            (SETTLING, 2)
        };
        let (first, seen) = self.ready_since.unwrap_or((snapshot.taken, 0));
        let due = first + gap * seen;
        let seen = if snapshot.taken >= due { seen + 1 } else { seen };
        self.ready_since = Some((first, seen));
        if seen >= reads { Verdict::Ready } else { Verdict::Settling { read_again: first + gap * seen } }
    }

    /// Everything that is wrong, most telling first.
    fn concerns(&self, snapshot: &Snapshot) -> Vec<Concern> {
        let cluster = &snapshot.cluster;
        // What is said of an older spec may be what the new one mends.
        if cluster.generation < self.generation {
            return Vec::new();
        }
        let mut concerns = Vec::new();
        if cluster.deleting && cluster.termination_policy != TerminationPolicy::DoNotTerminate {
            concerns.push(Concern {
                kind: FailureKind::Deleted,
                about: String::new(),
                message: "the Cluster is being deleted".to_owned(),
                grace: Duration::ZERO,
            });
        }
        concerns.extend(self.condition_concerns(snapshot));
        concerns.extend(snapshot.restores.iter().filter(|restore| restore.failed).map(|restore| Concern {
            kind: FailureKind::Restore,
            about: restore.name.clone(),
            message: format!(
                "Restore {}: {}",
                restore.name,
                restore.message.as_deref().unwrap_or("it has failed")
            ),
            grace: Duration::ZERO,
        }));
        concerns.extend(trouble_concerns(&troubles(snapshot)));
        concerns.extend(self.phase_concern(snapshot));
        concerns
    }

    fn condition_concerns(&self, snapshot: &Snapshot) -> Vec<Concern> {
        let conditions = snapshot.cluster.conditions.iter().filter(|condition| condition.status == "False");
        conditions
            .filter_map(|condition| {
                let immediately = Duration::ZERO;
                let (kind, about, grace) = match (condition.kind.as_str(), condition.reason.as_str()) {
                    ("HaltRecovery", _) => (FailureKind::HaltRecovery, "", immediately),
                    ("ApplyResources", "RestoreFailed") => (FailureKind::Restore, "", immediately),
                    ("ApplyResources", "BackupFailed") => (FailureKind::Backup, "", immediately),
                    ("ApplyResources", _) => (
                        FailureKind::ApplyResources,
                        condition.message.as_str(),
                        self.patience.apply_resources,
                    ),
                    ("ProvisioningStarted", _) => (FailureKind::Provisioning, "", self.patience.provisioning),
                    _ => return None,
                };
                let message =
                    format!("{}=False, {}: {}", condition.kind, condition.reason, condition.message);
                Some(Concern { kind, about: about.to_owned(), message, grace })
            })
            .collect()
    }

    fn phase_concern(&self, snapshot: &Snapshot) -> Option<Concern> {
        let components = snapshot.cluster.components.iter();
        let failed: Vec<&str> = components
            .filter(|component| {
                matches!(component.phase, Some(ComponentPhase::Failed | ComponentPhase::Abnormal))
            })
            .map(|component| component.name.as_str())
            .collect();
        // A Cluster with a stopped component beside running ones is Abnormal, and that is right.
        if failed.is_empty() {
            return None;
        }
        Some(Concern {
            kind: FailureKind::Failed,
            about: String::new(),
            message: format!("components {} have failed", failed.join(", ")),
            grace: self.patience.failed,
        })
    }
}

fn trouble_concerns(troubles: &[Trouble]) -> impl Iterator<Item = Concern> {
    troubles.iter().filter_map(|trouble| {
        Some(Concern {
            kind: FailureKind::Trouble(trouble.kind),
            about: trouble.object.clone(),
            message: format!("{} {}: {}", trouble.object_kind, trouble.object, trouble.message),
            grace: trouble.kind.grace()?,
        })
    })
}

/// What a snapshot lacks to be ready.
enum Missing<'a> {
    /// The watch has not shown the spec that was applied.
    Spec,
    /// The operator has not seen the spec.
    Observation,
    /// The component's workload is not made from this spec yet.
    Workload(&'a ComponentFacts),
    /// The component's workload has not rolled.
    Roll(&'a ComponentFacts, [i32; 4]),
    /// The component has another phase.
    Component(&'a ComponentFacts),
    /// A volume has not grown to its wanted size. The operator does not wait for that in every pass.
    Volume(&'a ClaimFacts),
    /// The Cluster has another phase.
    Phase(Option<&'a ComponentPhase>),
    /// The operator has not forgotten the restore, which it does at its end.
    Restore,
}

impl fmt::Display for Missing<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = |phase: Option<&ComponentPhase>| {
            phase.map_or_else(|| "no phase yet".to_owned(), ToString::to_string)
        };
        match self {
            Self::Spec => formatter.write_str("the API server has not shown the new spec yet"),
            Self::Observation => formatter.write_str("the operator has not taken up the spec yet"),
            Self::Workload(component) => {
                write!(formatter, "the workload of component {} is not up to date yet", component.name)
            }
            Self::Roll(component, [wanted, existing, ready, updated]) => write!(
                formatter,
                "component {} is rolling: {wanted} instances wanted, {existing} there, {ready} ready, {updated} updated",
                component.name
            ),
            Self::Component(component) => {
                write!(formatter, "component {} is {}", component.name, phase(component.phase.as_ref()))
            }
            Self::Volume(claim) => write!(
                formatter,
                "volume {} has not grown from {} to {} yet",
                claim.name,
                claim.capacity.as_deref().unwrap_or("an unknown size"),
                claim.requested.as_deref().unwrap_or("an unknown size"),
            ),
            Self::Restore => formatter.write_str("the operator is restoring data from the backup"),
            Self::Phase(found) => write!(formatter, "the Cluster is {}", phase(*found)),
        }
    }
}

fn missing(snapshot: &Snapshot, generation: i64) -> Option<Missing<'_>> {
    let cluster = &snapshot.cluster;
    if cluster.generation < generation {
        return Some(Missing::Spec);
    }
    if cluster.observed_generation != Some(cluster.generation) {
        return Some(Missing::Observation);
    }
    for component in &cluster.components {
        if let Some(missing) = missing_of_component(snapshot, component) {
            return Some(missing);
        }
    }
    let stopped = cluster.components.iter().filter(|component| component.wanted == 0).count();
    let right = match &cluster.phase {
        Some(ComponentPhase::Running) => stopped == 0,
        Some(ComponentPhase::Stopped) => stopped > 0 && stopped == cluster.components.len(),
        Some(ComponentPhase::Abnormal) => stopped > 0 && stopped < cluster.components.len(),
        _ => false,
    };
    match (right, cluster.restoring) {
        (false, _) => Some(Missing::Phase(cluster.phase.as_ref())),
        (true, true) => Some(Missing::Restore),
        (true, false) => None,
    }
}

fn missing_of_component<'a>(snapshot: &'a Snapshot, component: &'a ComponentFacts) -> Option<Missing<'a>> {
    if !snapshot.workloads.is_hidden() {
        let Some(workload) = snapshot.workload(&component.name) else {
            return Some(Missing::Workload(component));
        };
        if workload.cluster_generation != Some(snapshot.cluster.generation) {
            return Some(Missing::Workload(component));
        }
        let here = Some(workload.generation);
        if workload.observed_generation != here || workload.current_generation != here || workload.is_behind {
            return Some(Missing::Roll(component, workload.replicas));
        }
    }
    let wanted = if component.wanted == 0 { ComponentPhase::Stopped } else { ComponentPhase::Running };
    if component.phase.as_ref() != Some(&wanted) {
        return Some(Missing::Component(component));
    }
    // File systems grow while they are mounted, so those of a stopped component never do.
    let mut growing =
        snapshot.claims.iter().filter(|claim| claim.component == component.name && component.wanted > 0);
    growing.find(|claim| is_growing(claim)).map(Missing::Volume)
}

/// Whether the volume is smaller than wanted.
pub(super) fn is_growing(claim: &ClaimFacts) -> bool {
    let size = |text: &Option<String>| text.as_ref()?.parse::<Quantity>().ok();
    match (size(&claim.requested), size(&claim.capacity)) {
        (Some(requested), Some(capacity)) => claim.phase == "Bound" && requested > capacity,
        _ => false,
    }
}

/// Whether the operator is at work on the spec and nothing is wrong, also nothing that time may heal.
pub fn is_healthy(snapshot: &Snapshot) -> bool {
    let taken_up = snapshot.cluster.observed_generation == Some(snapshot.cluster.generation);
    taken_up && Assessor::new(0, Patience::default()).concerns(snapshot).is_empty()
}
