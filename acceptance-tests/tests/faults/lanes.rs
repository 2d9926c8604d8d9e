//! Lives one after the other, several lanes at a time, until every point was played or the time is over.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::FutureExt;

use crate::core::{Resource, run};
use crate::journal::Journal;
use crate::life::{Life, Outcome};
use crate::points::{Point, points};
use crate::scenarios::{DESTROY, Names, Scenario};
use crate::world::World;

/// A lane that fails so often without a fault has a broken playground beneath it.
const PATIENCE: usize = 3;
/// Add-ons that come with the operator; each lane has one of its own.
const ADDONS: [&str; 6] = ["prometheus", "nyancat", "zookeeper", "weaviate", "milvus", "qdrant"];

/// Points that wait, by the step of the life.
pub(crate) struct Queue(Mutex<BTreeMap<&'static str, Vec<Point>>>);

impl Queue {
    pub(crate) fn new(points: impl IntoIterator<Item = Point>) -> Self {
        let mut waiting = BTreeMap::<_, Vec<_>>::new();
        for point in points {
            waiting.entry(point.phase).or_default().push(point);
        }
        Self(Mutex::new(waiting))
    }

    /// A point of each step that has one.
    fn next(&self) -> BTreeMap<&'static str, Point> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.iter_mut().filter_map(|(phase, points)| Some((*phase, points.pop()?))).collect()
    }

    fn put_back(&self, points: BTreeMap<&'static str, Point>) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (phase, point) in points {
            waiting.entry(phase).or_default().push(point);
        }
    }
}

/// One after the other in a namespace of its own.
pub(crate) struct Lane {
    scenario: &'static Scenario,
    number: usize,
    world: World,
    namespace: String,
}

impl Lane {
    pub(crate) async fn start(scenario: &'static Scenario, number: usize) -> Self {
        let world = World::of(scenario.place).await;
        let mut lane = Self { scenario, number, world, namespace: String::new() };
        lane.move_on().await;
        lane
    }

    /// How many lanes a scenario can have.
    pub(crate) fn most(scenario: &Scenario) -> usize {
        if scenario.stays { ADDONS.len() } else { usize::MAX }
    }

    /// To a namespace where nothing has happened, with what the scenario needs.
    async fn move_on(&mut self) {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        self.namespace = format!("faults-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.world.has_namespace(&self.namespace).await;
        let names = Names { namespace: self.namespace.clone(), name: String::new() };
        for (type_name, config) in (self.scenario.needs)(&names) {
            let made = run(&mut Resource::new(type_name), &self.world.kubeconfig, Some(&config)).await;
            made.unwrap_or_else(|errors| panic!("{}: {errors:?}", self.scenario.name));
        }
    }

    fn life(&self) -> Life<'_> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let name = if self.scenario.stays {
            ADDONS[self.number].to_owned()
        } else {
            // No name begins another one's.
            format!("f{}x", NUMBER.fetch_add(1, Ordering::Relaxed))
        };
        Life {
            world: &self.world,
            scenario: self.scenario,
            names: Names { namespace: self.namespace.clone(), name },
            resource: Resource::new(self.scenario.type_name),
            requests: Vec::new(),
        }
    }

    /// A life without faults shows the places.
    pub(crate) async fn survey(&self) -> Result<Vec<Point>, String> {
        let mut life = self.life();
        let mut found = Vec::new();
        for phase in self.scenario.phases {
            let (outcome, _) = life.step(phase, None).await;
            fine(outcome)?;
            found.extend(points(self.scenario.name, phase.name, &life.requests));
        }
        let (outcome, _) = life.end(None).await;
        fine(outcome)?;
        found.extend(points(self.scenario.name, DESTROY, &life.requests));
        Ok(found)
    }

    /// Plays what waits.
    pub(crate) async fn play(&mut self, queue: &Queue, journal: &Journal, until: Instant) {
        let mut failures = 0;
        while Instant::now() < until && failures < PATIENCE {
            let mut chosen = queue.next();
            if chosen.is_empty() {
                return;
            }
            let lived = AssertUnwindSafe(self.live(&mut chosen, journal)).catch_unwind().await;
            queue.put_back(chosen);
            match lived {
                Ok(true) => {}
                Ok(false) => self.recover().await,
                Err(_) => {
                    failures += 1;
                    self.recover().await;
                }
            }
        }
    }

    async fn recover(&mut self) {
        if self.scenario.stays {
            let mut resource = Resource::new(self.scenario.type_name);
            let config = (self.scenario.phases[0].config)(&self.life().names);
            // What still goes wrong here shows in the next life.
            let _ = run(&mut resource, &self.world.kubeconfig, Some(&config)).await;
            let _ = run(&mut resource, &self.world.kubeconfig, None).await;
        } else {
            self.move_on().await;
        }
    }

    /// A whole life; false when it ended in a failure. Points that were played are taken out.
    async fn live(&self, chosen: &mut BTreeMap<&'static str, Point>, journal: &Journal) -> bool {
        let mut life = self.life();
        for (number, phase) in self.scenario.phases.iter().enumerate() {
            let point = chosen.remove(phase.name);
            let (outcome, took) = guarded(life.step(phase, point.as_ref())).await;
            if !note(journal, point.as_ref(), &outcome, took) {
                return false;
            }
            if number == 0 {
                self.world.note(self.scenario, &life.names, "theirs").await;
            }
        }
        let point = chosen.remove(DESTROY);
        let (outcome, took) = guarded(life.end(point.as_ref())).await;
        note(journal, point.as_ref(), &outcome, took)
    }
}

/// A rule of Terraform's that is broken ends in a panic; it belongs to the point.
async fn guarded(step: impl Future<Output = (Outcome, Duration)>) -> (Outcome, Duration) {
    let started = Instant::now();
    AssertUnwindSafe(step).catch_unwind().await.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "a panic".to_owned());
        (Outcome::Failed(said), started.elapsed())
    })
}

fn fine(outcome: Outcome) -> Result<(), String> {
    if let Outcome::Failed(said) = outcome { Err(said) } else { Ok(()) }
}

/// Whether the life can go on.
fn note(journal: &Journal, point: Option<&Point>, outcome: &Outcome, took: Duration) -> bool {
    match (point, outcome) {
        (Some(point), outcome) => journal.write(point, outcome, took),
        (None, Outcome::Failed(said)) => panic!("{said}"),
        (None, _) => {}
    }
    !matches!(outcome, Outcome::Failed(_))
}

/// Plays the points of a scenario in so many lanes at a time.
pub(crate) async fn play(
    scenario: &'static Scenario,
    first: Lane,
    points: Vec<Point>,
    lanes: usize,
    journal: &Arc<Journal>,
    until: Instant,
) {
    let queue = Arc::new(Queue::new(points));
    let mut tasks = tokio::task::JoinSet::new();
    let mut first = Some(first);
    for number in 0..lanes.min(Lane::most(scenario)) {
        let (queue, journal, first) = (Arc::clone(&queue), Arc::clone(journal), first.take());
        tasks.spawn(async move {
            let mut lane = match first {
                Some(lane) => lane,
                None => Lane::start(scenario, number).await,
            };
            lane.play(&queue, &journal, until).await;
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.expect("lanes catch what goes wrong in them");
    }
}
