//! What keeps a pod or a volume from working, and whether time may heal it. Pure.

use std::time::Duration;

use super::facts::{ClaimFacts, EventFacts, PodFacts};
use super::snapshot::Snapshot;

/// Something that holds the database back.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// What it is.
    pub kind: TroubleKind,
    /// `Pod` or `PersistentVolumeClaim`.
    pub object_kind: &'static str,
    /// Name of the object.
    pub object: String,
    /// The words of Kubernetes.
    pub message: String,
}

/// What holds the database back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TroubleKind {
    /// The image cannot be pulled.
    Image,
    /// A container ends again and again.
    CrashLoop,
    /// The storage class does not exist, or there is no default one.
    StorageClass,
    /// No node takes the pod, and nobody makes one.
    Unschedulable,
    /// No node takes the pod, and an autoscaler makes one.
    NodeOnTheWay,
    /// The volume is not there yet.
    VolumePending,
    /// A container cannot be created.
    Container,
}

/// A registry that hiccups answers again within three minutes.
pub const IMAGE_GRACE: Duration = Duration::from_mins(3);
/// A class that the same apply makes comes within a minute.
pub const STORAGE_CLASS_GRACE: Duration = Duration::from_mins(1);
/// Autoscalers say within a minute whether they make a node; five allow for nodes that just join.
pub const UNSCHEDULABLE_GRACE: Duration = Duration::from_mins(5);
/// A database that waits for its peers may end a few times at first.
pub const CRASHES: i32 = 5;

impl TroubleKind {
    /// After how long it is taken as final; nothing when only time tells.
    pub fn grace(self) -> Option<Duration> {
        match self {
            Self::Image => Some(IMAGE_GRACE),
            Self::CrashLoop => Some(Duration::ZERO),
            Self::StorageClass => Some(STORAGE_CLASS_GRACE),
            Self::Unschedulable => Some(UNSCHEDULABLE_GRACE),
            Self::NodeOnTheWay | Self::VolumePending | Self::Container => None,
        }
    }
}

/// All troubles of the newest pods and of the claims. Pods of an older revision are about to be replaced.
pub fn troubles(snapshot: &Snapshot) -> Vec<Trouble> {
    let pods = snapshot.pods.iter().filter(|pod| !pod.deleting && snapshot.is_newest(pod));
    let pods = pods.filter_map(|pod| pod_trouble(snapshot, pod));
    let claims = snapshot.claims.iter().filter_map(|claim| claim_trouble(snapshot, claim));
    let mut troubles: Vec<Trouble> = pods.chain(claims).collect();
    if snapshot.pods.is_hidden() {
        troubles.extend(told_by_operator(snapshot));
    }
    troubles.sort_by(|one, other| (one.kind, &one.object).cmp(&(other.kind, &other.object)));
    troubles
}

/// What keeps a pod from working.
pub fn pod_trouble(snapshot: &Snapshot, pod: &PodFacts) -> Option<Trouble> {
    trouble_of(pod, &snapshot.events_of("Pod", &pod.name))
}

/// The same for a pod outside of a Cluster. `events` are those about it, newest first.
pub fn trouble_of(pod: &PodFacts, events: &[&EventFacts]) -> Option<Trouble> {
    let trouble =
        |kind, message: String| Trouble { kind, object_kind: "Pod", object: pod.name.clone(), message };
    if let Some(message) = &pod.unschedulable {
        let kind = if message.contains("unbound immediate PersistentVolumeClaims") {
            // Its claims tell why.
            TroubleKind::VolumePending
        } else if is_node_on_the_way(events) {
            TroubleKind::NodeOnTheWay
        } else {
            TroubleKind::Unschedulable
        };
        return Some(trouble(kind, message.clone()));
    }
    pod.containers.iter().find_map(|container| {
        let (reason, message) = container.waiting.as_ref()?;
        let text = format!("container {}: {}", container.name, join(reason, message));
        match reason.as_str() {
            "ErrImagePull"
            | "ImagePullBackOff"
            | "InvalidImageName"
            | "ErrImageNeverPull"
            | "ImageInspectError"
            | "RegistryUnavailable" => Some(trouble(TroubleKind::Image, text)),
            "CrashLoopBackOff" => {
                let ended = container.last_exit.as_ref();
                let ended = ended.map(|(code, reason)| format!(", last exit code {code} ({reason})"));
                let text =
                    format!("{text}; restarted {} times{}", container.restarts, ended.unwrap_or_default());
                let kind = if container.restarts >= CRASHES {
                    TroubleKind::CrashLoop
                } else {
                    TroubleKind::Container
                };
                Some(trouble(kind, text))
            }
            "ContainerCreating" | "PodInitializing" | "" => None,
            _ => Some(trouble(TroubleKind::Container, text)),
        }
    })
}

fn claim_trouble(snapshot: &Snapshot, claim: &ClaimFacts) -> Option<Trouble> {
    if claim.phase != "Pending" {
        return None;
    }
    let trouble = |kind, message: String| Trouble {
        kind,
        object_kind: "PersistentVolumeClaim",
        object: claim.name.clone(),
        message,
    };
    let events = snapshot.events_of("PersistentVolumeClaim", &claim.name);
    let event = events.into_iter().find(|event| is_about_volume(event))?;
    let kind =
        if is_missing_storage_class(event) { TroubleKind::StorageClass } else { TroubleKind::VolumePending };
    Some(trouble(kind, join(&event.reason, &event.message)))
}

fn is_about_volume(event: &EventFacts) -> bool {
    matches!(event.reason.as_str(), "ProvisioningFailed" | "FailedBinding" | "VolumeMismatch")
}

fn is_missing_storage_class(event: &EventFacts) -> bool {
    let message = &event.message;
    (message.contains("storageclass") && message.contains("not found"))
        || message.contains("no storage class is set")
}

/// Cluster Autoscaler says `TriggeredScaleUp`, Karpenter `Nominated`, GKE Autopilot and others speak of scale-up.
fn is_node_on_the_way(events: &[&EventFacts]) -> bool {
    events.iter().any(|event| {
        matches!(event.reason.as_str(), "TriggeredScaleUp" | "Nominated" | "NominatedPod" | "Provisioning")
            || event.message.contains("can be provisioned")
    })
}

/// Without sight of pods, the operator's own messages tell.
fn told_by_operator(snapshot: &Snapshot) -> Vec<Trouble> {
    let messages = snapshot.cluster.components.iter().flat_map(|component| &component.messages);
    messages
        .filter_map(|(object, text)| {
            let name = object.strip_prefix("Pod/")?;
            let kind = if ["ErrImagePull", "ImagePullBackOff", "InvalidImageName"]
                .iter()
                .any(|reason| text.contains(reason))
            {
                TroubleKind::Image
            } else if text.contains("nodes are available") || text.contains("Unschedulable") {
                TroubleKind::Unschedulable
            } else {
                TroubleKind::Container
            };
            Some(Trouble { kind, object_kind: "Pod", object: name.to_owned(), message: text.clone() })
        })
        .collect()
}

fn join(reason: &str, message: &str) -> String {
    match (reason, message) {
        (reason, "") => reason.to_owned(),
        ("", message) => message.to_owned(),
        (reason, message) => format!("{reason}: {message}"),
    }
}
