//! The provider as a library, so that the binary stays thin and tests reach every part of it.
//!
//! The way of the data: `resources` (typed) -> build (pure) -> apply (`kubernetes`) -> `wait` -> observe (pure).
//! Arrows never go back. Only `wait` sleeps; only `kubernetes` speaks HTTP; only `tfplugin` knows the protocol.

pub mod actions;
pub mod clouds;
pub mod data_sources;
pub mod doctor;
pub mod ephemeral;
pub mod export;
pub mod functions;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod helm;
pub mod impact;
pub mod kubeblocks;
pub mod kubernetes;
pub mod kubernetes_attribute;
mod lists;
pub mod memory;
pub mod provider;
pub mod resources;
pub mod review;
mod text;
pub mod wait;
