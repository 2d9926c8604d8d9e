//! Readiness against what the real operator did. The recordings are reference data beside the repository; where they
//! are missing, these tests say so and do nothing.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use kubeblocks_schemas::v1alpha1::{Cluster, ReplicatedStateMachine};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::facts::{ClaimFacts, ClusterFacts, WorkloadFacts};
use super::readiness::{Assessor, Patience, Verdict};
use super::snapshot::{Sighted, Snapshot};

/// One step of a recording and what was seen until the next one, in seconds.
struct Stretch {
    step: String,
    from: f64,
    until: f64,
    rows: Vec<(f64, Value)>,
}

fn recording(name: &str) -> Option<Vec<Stretch>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/reference/recordings")
        .join(format!("{name}.jsonl"));
    let Ok(text) = std::fs::read_to_string(&path) else {
        // Past the test harness, which keeps what passing tests print to itself.
        writeln!(std::io::stderr(), "skipped: no recording at {}", path.display())
            .expect("stderr can be written");
        return None;
    };
    let mut stretches: Vec<Stretch> = Vec::new();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let time = row["t"].as_f64().unwrap();
        if let Some(step) = row["step"].as_str() {
            if let Some(last) = stretches.last_mut() {
                last.until = time;
            }
            stretches.push(Stretch {
                step: step.to_owned(),
                from: time,
                until: f64::INFINITY,
                rows: Vec::new(),
            });
        } else if let Some(stretch) = stretches.last_mut() {
            stretch.rows.push((time, row));
        }
    }
    Some(stretches)
}

/// The objects of one cluster as they are at a moment.
#[derive(Default)]
struct World {
    cluster: Option<ClusterFacts>,
    workloads: BTreeMap<String, WorkloadFacts>,
    claims: BTreeMap<String, ClaimFacts>,
}

impl World {
    fn take(&mut self, row: &Value) {
        let name = row["name"].as_str().unwrap_or_default().to_owned();
        let gone = row["event"] == "DELETED";
        let mut object = row["object"].clone();
        match row["kind"].as_str() {
            Some("clusters") => {
                let cluster: Cluster = serde_json::from_value(object).unwrap();
                self.cluster = (!gone).then(|| ClusterFacts::from(&cluster));
            }
            Some("replicatedstatemachines") if gone => drop(self.workloads.remove(&name)),
            Some("replicatedstatemachines") => {
                object["spec"]["selector"] = json!({});
                object["spec"]["template"] = json!({});
                let workload: ReplicatedStateMachine = serde_json::from_value(object).unwrap();
                self.workloads.insert(name, WorkloadFacts::from(&workload));
            }
            Some("persistentvolumeclaims") if gone => drop(self.claims.remove(&name)),
            Some("persistentvolumeclaims") => {
                let text = |value: &Value| value.as_str().map(str::to_owned);
                let claim = ClaimFacts {
                    name: name.clone(),
                    component: text(&object["metadata"]["labels"]["apps.kubeblocks.io/component-name"])
                        .unwrap_or_default(),
                    phase: text(&object["status"]["phase"]).unwrap_or_default(),
                    storage_class: None,
                    requested: text(&object["request"]["storage"]),
                    capacity: text(&object["status"]["capacity"]["storage"]),
                    resize: Vec::new(),
                };
                self.claims.insert(name, claim);
            }
            _ => {}
        }
    }

    fn snapshot(&self, taken: Instant) -> Option<Snapshot> {
        Some(Snapshot {
            taken,
            cluster: self.cluster.clone()?,
            workloads: Sighted::Visible(self.workloads.values().cloned().collect()),
            pods: Sighted::Visible(Vec::new()),
            claims: Sighted::Visible(self.claims.values().cloned().collect()),
            events: Sighted::Visible(Vec::new()),
            restores: Sighted::Visible(Vec::new()),
        })
    }
}

/// When a stretch is first judged ready, and when the phase or the workload changed last, in seconds.
fn judge(stretch: &Stretch, world: &mut World) -> (Option<f64>, f64) {
    let before = world.cluster.as_ref().map_or(0, |cluster| cluster.generation);
    let origin = Instant::now();
    let at = |time: f64| origin + Duration::from_secs_f64(time);
    let mut assessor: Option<Assessor> = None;
    let mut ready = None;
    let mut settled = stretch.from;
    let mut rows = stretch.rows.iter().peekable();
    let mut time = stretch.from;
    while time < stretch.until.min(stretch.from + 60.0) {
        while let Some((seen, row)) = rows.next_if(|(seen, _)| *seen <= time) {
            let last = world.cluster.as_ref().map(|cluster| cluster.phase.clone());
            world.take(row);
            let now = world.cluster.as_ref().map(|cluster| cluster.phase.clone());
            if last != now || row["kind"] == "persistentvolumeclaims" {
                settled = *seen;
            }
        }
        let applied = world.cluster.as_ref().map(|cluster| cluster.generation).filter(|now| *now > before);
        if let (None, Some(generation)) = (&assessor, applied) {
            assessor = Some(Assessor::new(generation, Patience::default()));
        }
        if let (Some(assessor), Some(snapshot), None) = (&mut assessor, world.snapshot(at(time)), ready)
            && assessor.assess(&snapshot, at(time)) == Verdict::Ready
        {
            ready = Some(time);
        }
        time += 0.01;
    }
    for (_, row) in rows {
        world.take(row);
    }
    (ready, settled)
}

#[test]
fn each_finished_step_of_the_redis_recording_is_ready_only_after_its_last_change() {
    let Some(stretches) = recording("redis") else { return };
    let mut world = World::default();
    for stretch in &stretches {
        let (ready, settled) = judge(stretch, &mut world);
        // Without a database in the pods, a member never leaves.
        let finishes = !stretch.step.contains("3 -> 2") && !stretch.step.starts_with("delete");
        assert_eq!(ready.is_some(), finishes, "{}", stretch.step);
        if let Some(ready) = ready {
            assert!(ready >= settled, "{}: ready at {ready}, changed at {settled}", stretch.step);
            assert!(ready <= settled + 2.6, "{}: ready at {ready}, changed at {settled}", stretch.step);
        }
    }
}

#[test]
fn creation_and_upgrade_of_the_postgresql_recording_are_ready_only_after_their_last_change() {
    let Some(stretches) = recording("postgresql") else { return };
    let mut world = World::default();
    let mut judged = 0;
    for stretch in &stretches {
        let (ready, settled) = judge(stretch, &mut world);
        if stretch.step.starts_with("create") || stretch.step.contains("clusterVersionRef") {
            judged += 1;
            let ready = ready.unwrap();
            assert!(ready >= settled && ready <= settled + 2.6, "{}: {ready} {settled}", stretch.step);
        }
    }
    assert_eq!(judged, 2);
}
