//! The derive macro, as one test binary: what it makes of a struct, and what it says to an author who erred.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod messages;
mod schema;
mod values;
