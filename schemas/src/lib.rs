//! What KubeBlocks accepts: its kinds as types, the rules for what is written into them, and the catalogue of
//! add-ons. Pure: it reads and writes nothing, knows no HTTP and not who asks.
//!
//! - [`v1alpha1`]: the kinds of KubeBlocks v0.7, one a file; with the feature `crd` also as installable CRDs
//! - [`quantity`], [`duration`], [`cron`], [`names`]: the grammars of values
//! - [`catalogue`]: the add-ons of v0.7, what they consist of and which functions they support
//! - [`parameters`]: what a constraint says of the parameters of an engine, and their values in files
//! - [`storage`]: the kinds of storage for backups, and what each has to be told
//! - [`validate`]: the checks of a cluster that need no server

pub mod catalogue;
#[cfg(feature = "crd")]
mod crd;
pub mod cron;
pub mod duration;
pub mod names;
mod open_enum;
pub mod parameters;
pub mod quantity;
pub mod storage;
pub mod v1alpha1;
pub mod validate;

#[cfg(feature = "crd")]
pub use crd::{Error as CrdError, crds};
