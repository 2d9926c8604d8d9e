//! Every fault at every request: the provider's own process through lives of its resources, on the playground.
//!
//! `FAULTS=cluster,ops_request` chooses points by parts of their names, `SHARD=1/4` one of four parts,
//! `FAULTS_MINUTES=20` ends the run, and the next one goes on unless `FAULTS_FRESH=1` is set. `FAULTS_LANES` is how many
//! lives go on at a time.

// A failed expectation is how a test here ends, also in its helpers.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, missing_docs)]

mod clock;
mod core;
#[path = "../acceptance/hcl.rs"]
#[allow(dead_code, reason = "the acceptance tests use the rest")]
mod hcl;
mod journal;
mod lanes;
mod life;
#[path = "../acceptance/platform.rs"]
#[allow(dead_code, reason = "the acceptance tests use the rest")]
mod platform;
#[path = "../acceptance/playground.rs"]
#[allow(dead_code, reason = "the acceptance tests use the rest")]
mod playground;
mod plugin;
#[path = "../acceptance/plugin_process.rs"]
mod plugin_process;
mod points;
#[path = "../acceptance/recorded_states.rs"]
mod recorded_states;
mod report;
mod scenarios;
#[path = "../acceptance/secret_search.rs"]
mod secret_search;
#[path = "../acceptance/terraform.rs"]
#[allow(dead_code, reason = "the acceptance tests use the rest")]
mod terraform;
#[path = "../acceptance/time_limit.rs"]
mod time_limit;
mod world;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use journal::Journal;
use lanes::Lane;
use points::Point;

/// What a run is to play.
struct Choice {
    parts: Vec<String>,
    shard: (u64, u64),
    until: Instant,
    lanes: usize,
}

impl Choice {
    fn from_environment() -> Self {
        let text = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        let number = |text: &str| text.parse::<u64>().expect("a number");
        let shard = text("SHARD").map_or((1, 1), |shard| {
            let (part, parts) = shard.split_once('/').expect("SHARD is like 1/4");
            (number(part), number(parts))
        });
        let minutes = text("FAULTS_MINUTES").map_or(24 * 60, |minutes| number(&minutes));
        let lanes = text("FAULTS_LANES").map_or(12, |lanes| number(&lanes));
        Self {
            parts: text("FAULTS").unwrap_or_default().split(',').map(str::to_owned).collect(),
            shard,
            until: Instant::now() + Duration::from_secs(minutes * 60),
            lanes: usize::try_from(lanes).expect("few"),
        }
    }

    fn has_scenario(&self, name: &str) -> bool {
        self.parts
            .iter()
            .any(|part| part.split(' ').next().is_some_and(|first| first.is_empty() || first == name))
    }

    fn has(&self, point: &Point) -> bool {
        let id = point.id();
        let (part, parts) = self.shard;
        self.parts.iter().any(|part| id.starts_with(part.as_str())) && spread(point) % parts == part - 1
    }
}

/// A number that has nothing to do with what the point is, and is the same in every run.
fn spread(point: &Point) -> u64 {
    let mut hasher = DefaultHasher::new();
    point.id().hash(&mut hasher);
    hasher.finish()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_at_every_request_is_got_over() {
    let choice = Choice::from_environment();
    let journal = Arc::new(Journal::open(std::env::var_os("FAULTS_FRESH").is_some()));
    let started = Instant::now();
    let chosen: Vec<_> = scenarios::ALL.iter().filter(|one| choice.has_scenario(one.name)).collect();
    let mut left = chosen.len();
    let mut not_begun = Vec::new();
    for scenario in chosen {
        let lane = Lane::start(scenario, 0).await;
        left -= 1;
        let mut points = match lane.survey().await {
            Ok(points) => points,
            Err(said) => {
                not_begun.push(format!("{}: {said}", scenario.name));
                continue;
            }
        };
        points.iter().for_each(|point| journal.announce(point));
        points.retain(|point| choice.has(point) && !journal.is_done(point));
        // Whatever the time allows is a sample of all.
        points.sort_by_key(spread);
        let rest = choice.until.saturating_duration_since(Instant::now());
        let share = Instant::now() + rest / u32::try_from(left + 1).expect("few");
        eprintln!("{}: {} points", scenario.name, points.len());
        lanes::play(scenario, lane, points, choice.lanes, &journal, share).await;
    }
    report::write(&Journal::lines(), started.elapsed());
    assert!(not_begun.is_empty(), "no life without a fault: {not_begun:?}");
    let failed = report::failed(&Journal::lines());
    assert!(failed.is_empty(), "{} points are open:\n{}", failed.len(), failed.join("\n"));
}
