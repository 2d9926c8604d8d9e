//! An operator that a real helm installs, and add-ons that real helms install for it: what holds of the playground.
//!
//! The tests share one control plane. Most of them run side by side, each with add-ons of its own; those that take the
//! operator away run alone and leave it away, and whoever needs it installs it again.

// What clippy.toml allows in tests, for the functions that tests share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod addon;
mod failing;
mod installing;
mod operator;
mod playground;
mod removing;
