//! The example provider as a process, driven as go-plugin drives it, by a Go program, and by the real Terraform.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends")]

#[path = "../../src/generated/mod.rs"]
#[allow(dead_code, reason = "the tests name a few of the messages")]
mod generated;

mod admission;
mod attach;
mod calls;
mod client;
mod go_client;
mod handshake;
mod lifetime;
mod process;
mod terraform;

/// Says that a test did not run, past the test harness, which keeps what passing tests print to itself.
fn skipped(why: &str) {
    use std::io::Write as _;
    writeln!(std::io::stderr(), "skipped: {why}").expect("stderr can be written");
}
