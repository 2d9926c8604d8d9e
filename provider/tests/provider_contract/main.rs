//! The provider's contract with its practitioners, as files: the schemas as `terraform providers schema -json` prints
//! them, and the Registry's pages. Every change of the contract is a diff of those files. `UPDATE_GOLDEN=1` rewrites them.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, missing_docs)]

mod documentation;
mod effects;
mod golden;
mod mocks;
mod schemas;
mod states;
