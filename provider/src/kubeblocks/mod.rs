//! What KubeBlocks does with what is written: names, readiness, deletion, and why a database is not ready. Knows
//! Kubernetes and KubeBlocks, and (but for [`diagnostic`]) no word of Terraform.
//!
//! `watching` (I/O) -> [`snapshot`] -> [`readiness`] and [`diagnosis`] (pure), joined by [`wait`] and [`deletion`].

pub mod backup_policy;
pub mod deletion;
pub mod diagnosis;
pub mod diagnostic;
pub mod facts;
pub mod lorry;
pub mod naming;
pub mod operation;
pub mod readiness;
#[cfg(test)]
mod readiness_tests;
#[cfg(test)]
mod recordings_tests;
pub mod snapshot;
#[cfg(test)]
mod test_support;
pub mod trouble;
pub mod wait;
#[cfg(test)]
mod wait_tests;
mod watching;
