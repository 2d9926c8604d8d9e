//! The playground's charts and the servers that hand them out, by real helms.

// What clippy.toml allows in tests, for the functions that tests share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod engines;
mod installs;
mod operator;
mod schemas;
mod servers;
mod support;
mod values;
