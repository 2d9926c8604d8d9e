//! Holds the stand-in operator to recordings of the real KubeBlocks 0.7.5.
//!
//! Each recording's steps are done again on a control plane with the stand-in; after each step the objects have to come
//! to the recorded state by the recorded phases, conditions and events. Times do not count. What a stand-in cannot or
//! need not do alike is listed in `allowed.rs`, each entry with its reason.
//!
//! The recordings lie outside the repository; without them the tests are skipped and say so.

// A failed expectation is how a test here ends, also in its helpers.
#![allow(clippy::unwrap_used, missing_docs)]

mod allowed;
mod canonical;
mod compare;
mod recording;
mod replay;
mod trace;

use std::io::Write as _;
use std::path::PathBuf;

use acceptance_tests::operator::Options;

/// The folder with the recordings, or nothing (said on stderr) when this checkout stands alone.
fn recordings() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference/recordings");
    if folder.is_dir() {
        return Some(folder);
    }
    // Past the test harness, which keeps what passing tests print to itself.
    let _ = writeln!(
        std::io::stderr(),
        "skipped: there are no recordings of the real operator at {}",
        folder.display()
    );
    None
}

async fn hold(name: &str, options: Options) {
    let Some(folder) = recordings() else { return };
    let steps = recording::read(&folder.join(format!("{name}.jsonl"))).unwrap();
    let differences = replay::run(name, &steps, options).await;
    assert!(
        differences.is_empty(),
        "the stand-in differs from the recording {name} in {} points:\n{}",
        differences.len(),
        differences.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_lives_as_recorded() {
    // Nothing runs in the recording's pods either: no member leaves at the scale-in, which waits for ever.
    hold("redis", Options { members_leave: false, fails_over: false, ..Options::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_is_operated_on_as_recorded() {
    // Nothing runs in the recording's pods either: roles do not move, and no sidecar reports a parameter.
    let options =
        Options { switchover_ends: false, fails_over: false, parameters_arrive: false, ..Options::default() };
    hold("postgresql", options).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_fail_as_recorded() {
    hold("failures", Options { data_protection: false, fails_over: false, ..Options::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_are_made_and_restored_as_recorded() {
    hold("backup", Options { fails_over: false, ..Options::default() }).await;
}
