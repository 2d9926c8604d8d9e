//! Identities of resources as messages.

use super::catalog::Entry;
use super::erased::ErasedResource;
use super::wire::{decode, encode};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::generated::tfplugin6::ResourceIdentityData;
use crate::raw::RawValue;

/// The identity of a state that is stored: wholly known, or an error.
pub(super) fn of_state(
    entry: &Entry<dyn ErasedResource>,
    state: &RawValue,
) -> Result<Option<ResourceIdentityData>, Diagnostics> {
    let Some(identity) = compute(entry, state)? else { return Ok(None) };
    if !identity.is_wholly_known() {
        return Err(Diagnostic::provider_bug(
            "Identity is not known",
            format!("A stored object of {} must have a wholly known identity.", entry.served.type_name()),
        )
        .into());
    }
    message(entry, &identity).map(Some)
}

/// The identity of a state that was reached before a failure, if there is enough of it.
pub(super) fn of_partial_state(
    entry: &Entry<dyn ErasedResource>,
    state: &RawValue,
) -> Option<ResourceIdentityData> {
    let identity = compute(entry, state).ok()??;
    let is_whole = identity.is_wholly_known() && !identity.any(|_path, part| part.is_null());
    if is_whole { message(entry, &identity).ok() } else { None }
}

/// The identity of a planned state. One that an update cannot tell yet is that of the state `before`: an identity never
/// changes. A create, also as half of a replacement, has no state before, and tells none until all of it is known: OpenTofu
/// cannot write one that is not into the JSON of a plan.
pub(super) fn of_plan(
    entry: &Entry<dyn ErasedResource>,
    planned: &RawValue,
    before: Option<&RawValue>,
) -> Result<Option<ResourceIdentityData>, Diagnostics> {
    let Some(identity) = compute(entry, planned)? else { return Ok(None) };
    match before {
        Some(before) if !identity.is_wholly_known() => of_state(entry, before),
        None if !identity.is_wholly_known() => Ok(None),
        Some(_) | None => message(entry, &identity).map(Some),
    }
}

/// Reads an identity that Terraform sent.
pub(super) fn read(
    entry: &Entry<dyn ErasedResource>,
    data: ResourceIdentityData,
) -> Result<RawValue, Diagnostics> {
    let prepared = entry.identity().ok_or_else(|| {
        Diagnostics::from(Diagnostic::error(
            "Resource has no identity",
            format!("{} can only be imported by its id.", entry.served.type_name()),
        ))
    })?;
    decode(data.identity_data, &prepared.kind)
}

/// An identity as a message.
pub(super) fn message(
    entry: &Entry<dyn ErasedResource>,
    identity: &RawValue,
) -> Result<ResourceIdentityData, Diagnostics> {
    let Some(prepared) = entry.identity() else { return Ok(ResourceIdentityData::default()) };
    Ok(ResourceIdentityData { identity_data: Some(encode(identity, &prepared.kind)?) })
}

fn compute(entry: &Entry<dyn ErasedResource>, state: &RawValue) -> Result<Option<RawValue>, Diagnostics> {
    if entry.identity().is_none() || state.is_null() {
        return Ok(None);
    }
    entry.served.identity(state.clone()).map(Some)
}
