//! KubeBlocks 0.7's kinds as the stand-in reads and writes them.
//!
//! A view of its own: it shares no type with the provider, so that a mistake in the provider's types shows up as a
//! difference instead of being made twice. It holds only the fields that the stand-in acts on; sub-trees that it
//! passes through stay JSON. It must not be used to write a whole object back, for writes are patches; only
//! `Addon` is complete, because the real operator writes whole Addons and leaves traces by that.

mod addon;
mod cluster;
mod configuration;
mod data_protection;
mod definition;
mod operation;
mod service_descriptor;
mod sizes;
mod workload;

pub(crate) use addon::*;
pub(crate) use cluster::*;
pub(crate) use configuration::*;
pub(crate) use data_protection::*;
pub(crate) use definition::*;
pub(crate) use operation::*;
pub(crate) use service_descriptor::*;
pub(crate) use sizes::*;
pub(crate) use workload::*;

use serde::{Deserialize, Serialize};

/// A condition in the status of a kind of KubeBlocks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Condition {
    #[serde(rename = "type")]
    pub(crate) type_: String,
    pub(crate) status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) observed_generation: Option<i64>,
    pub(crate) last_transition_time: String,
    pub(crate) reason: String,
    pub(crate) message: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
pub(crate) fn is_false(value: &bool) -> bool {
    !*value
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
pub(crate) fn is_zero<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
