//! The clients of the clouds against the stand-ins: each runs the contract of `kubeblocks_cloud`, and what is its own.

// What clippy.toml allows in tests, for the functions that tests share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod alibaba;
mod aws;
mod azure;
mod gcp;
mod same;
mod standins;
mod world;
