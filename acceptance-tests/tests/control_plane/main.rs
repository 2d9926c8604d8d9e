//! The playground itself, on real control planes.

// What clippy.toml allows in tests, for the functions that tests share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod api_faults;
mod commands;
mod lifecycle;
mod playground;
mod support;
mod workloads;
