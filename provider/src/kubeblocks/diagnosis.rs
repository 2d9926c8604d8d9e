//! Why a database is not ready, from what is known of it: conditions, components, pods, volumes and their events.
//! Pure: facts only, no advice.

use std::fmt::Write;

use super::facts::PodFacts;
use super::readiness::is_growing;
use super::snapshot::Snapshot;
use super::trouble::{TroubleKind, pod_trouble, troubles};

/// How many objects of a kind are described.
const DESCRIBED: usize = 8;
/// Longer texts of Kubernetes are cut; they repeat themselves.
const LONGEST: usize = 400;

/// A block of lines that says what holds the database back. Empty when nothing does.
pub fn describe(snapshot: &Snapshot) -> String {
    let mut text = String::new();
    section(&mut text, "Conditions", conditions(snapshot));
    section(&mut text, "Components", components(snapshot));
    section(&mut text, "Pods", pods(snapshot));
    section(&mut text, "Volumes", volumes(snapshot));
    section(&mut text, "Restores", restores(snapshot));
    section(&mut text, "Events", events(snapshot));
    text
}

fn section(text: &mut String, title: &str, lines: Vec<String>) {
    if lines.is_empty() {
        return;
    }
    let more = lines.len().saturating_sub(DESCRIBED);
    let _ = writeln!(text, "{title}:");
    for line in lines.into_iter().take(DESCRIBED) {
        let _ = writeln!(text, "- {}", cut(&line));
    }
    if more > 0 {
        let _ = writeln!(text, "- and {more} more");
    }
}

fn cut(line: &str) -> String {
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

fn conditions(snapshot: &Snapshot) -> Vec<String> {
    let cluster = &snapshot.cluster;
    let mut lines: Vec<String> = cluster
        .conditions
        .iter()
        .filter(|condition| condition.status != "True")
        .map(|condition| {
            format!("{}={}, {}: {}", condition.kind, condition.status, condition.reason, condition.message)
        })
        .collect();
    if cluster.observed_generation.is_none() && cluster.conditions.is_empty() {
        lines.push("none: the KubeBlocks operator has not taken up the Cluster. Is it running?".to_owned());
    }
    if let Some(requests) = cluster.ops_requests.as_ref().filter(|requests| requests.as_str() != "[]") {
        lines.push(format!("OpsRequests hold the Cluster: {requests}"));
    }
    lines
}

fn components(snapshot: &Snapshot) -> Vec<String> {
    let mut lines = Vec::new();
    for component in &snapshot.cluster.components {
        let phase = component.phase.as_ref().map_or("without a phase", |phase| phase.as_str());
        let rolled = snapshot.workload(&component.name).map(|workload| workload.replicas);
        let rolled = rolled.map(|[_, existing, ready, updated]| {
            format!("; {existing} there, {ready} ready, {updated} updated")
        });
        lines.push(format!(
            "{} is {phase}, {} instances wanted{}",
            component.name,
            component.wanted,
            rolled.unwrap_or_default()
        ));
        for (object, message) in &component.messages {
            lines.push(format!("{} says of {object}: {message}", component.name));
        }
    }
    lines
}

fn pods(snapshot: &Snapshot) -> Vec<String> {
    let held_back = snapshot.pods.iter().filter(|pod| !pod.ready);
    let mut lines: Vec<String> = held_back.map(|pod| pod_line(snapshot, pod)).collect();
    if snapshot.pods.is_hidden() {
        lines.push("not shown, as listing pods is not permitted".to_owned());
    }
    lines
}

fn pod_line(snapshot: &Snapshot, pod: &PodFacts) -> String {
    let mut line = format!("{} is {}", pod.name, pod.phase);
    if pod.deleting {
        line.push_str(" and being removed");
    } else if !snapshot.is_newest(pod) {
        line.push_str(", of the revision before");
    }
    if let Some(trouble) = pod_trouble(snapshot, pod) {
        let _ = write!(line, ": {}", meaning(trouble.kind, &trouble.message));
    }
    let restarted = pod.containers.iter().filter(|container| container.restarts > 0);
    for container in restarted.filter(|container| container.waiting.is_none()) {
        let ended = container.last_exit.as_ref();
        let ended = ended.map(|(code, reason)| format!(", last exit code {code} ({reason})"));
        let _ = write!(
            line,
            "; container {} was restarted {} times{}",
            container.name,
            container.restarts,
            ended.unwrap_or_default()
        );
    }
    let events = snapshot.events_of("Pod", &pod.name);
    if let Some(event) = events.iter().find(|event| event.warning && event.reason != "FailedScheduling") {
        let _ = write!(line, "; {}: {}", event.reason, event.message);
    }
    line
}

fn meaning(kind: TroubleKind, message: &str) -> String {
    match kind {
        TroubleKind::Unschedulable => format!("no node takes it: {message}"),
        TroubleKind::NodeOnTheWay => format!("a node is being made for it: {message}"),
        TroubleKind::Image
        | TroubleKind::CrashLoop
        | TroubleKind::StorageClass
        | TroubleKind::VolumePending
        | TroubleKind::Container => message.to_owned(),
    }
}

fn volumes(snapshot: &Snapshot) -> Vec<String> {
    let claims = snapshot.claims.iter().filter_map(|claim| {
        let class = claim.storage_class.as_deref().unwrap_or("none");
        if claim.phase != "Bound" {
            let events = snapshot.events_of("PersistentVolumeClaim", &claim.name);
            let said = events.first().map(|event| format!(": {}: {}", event.reason, event.message));
            let phase = &claim.phase;
            return Some(format!(
                "{} is {phase}, storage class {class}{}",
                claim.name,
                said.unwrap_or_default()
            ));
        }
        is_growing(claim).then(|| {
            let events = snapshot.events_of("PersistentVolumeClaim", &claim.name);
            let said = events.iter().find(|event| event.warning);
            let said = said.map(|event| format!("{}: {}", event.reason, event.message));
            let said: Vec<String> = claim.resize.iter().cloned().chain(said).collect();
            let from = claim.capacity.as_deref().unwrap_or("unknown");
            let to = claim.requested.as_deref().unwrap_or("unknown");
            let name = &claim.name;
            if said.is_empty() {
                format!("{name} has not grown from {from} to {to}")
            } else {
                format!("{name} has not grown from {from} to {to}: {}", said.join("; "))
            }
        })
    });
    claims.collect()
}

fn restores(snapshot: &Snapshot) -> Vec<String> {
    let failed = snapshot.restores.iter().filter(|restore| restore.failed);
    failed
        .map(|restore| {
            format!(
                "{} has failed: {}",
                restore.name,
                restore.message.as_deref().unwrap_or("no reason given")
            )
        })
        .collect()
}

fn events(snapshot: &Snapshot) -> Vec<String> {
    let events = snapshot.events_of("Cluster", &snapshot.cluster.name);
    let warnings = events.into_iter().filter(|event| event.warning).take(3);
    warnings.map(|event| format!("{}: {}", event.reason, event.message)).collect()
}

/// The kind of the worst trouble, for advice.
pub fn worst(snapshot: &Snapshot) -> Option<TroubleKind> {
    troubles(snapshot).first().map(|trouble| trouble.kind)
}
