//! Plan and apply of a managed resource. Which of create, update and destroy it is, is decided here and nowhere else.

use super::catalog::{Entry, Prepared, find};
use super::erased::{Applied, ErasedResource};
use super::storable::without_write_only;
use super::wire::{self, decode, encode, encode_private};
use super::{Server, identity, with_warnings};
use crate::context::Context;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::generated::tfplugin6::{Deferred, apply_resource_change, deferred, plan_resource_change};
use crate::plan;
use crate::raw::RawValue;
use crate::resource::{Create, DeferredReason, Plan, Update};

/// Plans a change.
pub(super) async fn plan(
    server: &Server,
    request: plan_resource_change::Request,
) -> Result<plan_resource_change::Response, Diagnostics> {
    let entry = find(&server.catalog.resources, "resource", &request.type_name)?;
    let prepared = entry.prepared();
    let prior = decode(request.prior_state, &prepared.kind)?;
    let proposed = decode(request.proposed_new_state, &prepared.kind)?;
    // The second plan of a run may bring back what the first one noted. A create starts with nothing: when it is half
    // of a replacement, Terraform sends what the plan of the other half noted about the object that goes.
    let private = match (request.planned_private.is_empty(), prior.is_null()) {
        (false, _) => request.planned_private,
        (true, false) => request.prior_private,
        (true, true) => bytes::Bytes::new(),
    };
    let context = server.context(&private, request.client_capabilities);

    if proposed.is_null() {
        let outcome = entry.served.plan_destroy(&context, prior).await;
        let ((), diagnostics) = with_warnings(&context, outcome)?;
        return Ok(plan_resource_change::Response {
            planned_state: Some(encode(&RawValue::Null, &prepared.kind)?),
            planned_private: encode_private(&context.take_private()),
            planned_identity: request.prior_identity,
            diagnostics: wire::diagnostics(diagnostics),
            ..plan_resource_change::Response::default()
        });
    }

    let config = decode(request.config, &prepared.kind)?;
    let outcome = plan_change(entry.served.as_ref(), prepared, &context, &config, &prior).await;
    let (planned, diagnostics) = with_warnings(&context, outcome)?;
    let (finished, deferred) = planned;
    let is_update = !prior.is_null() && finished.requires_replace.is_empty();
    Ok(plan_resource_change::Response {
        planned_identity: identity::of_plan(entry, &finished.planned, is_update.then_some(&prior))?,
        planned_state: Some(encode(&finished.planned, &prepared.kind)?),
        requires_replace: finished.requires_replace.iter().map(wire::path).collect(),
        planned_private: encode_private(&context.take_private()),
        diagnostics: wire::diagnostics(diagnostics),
        legacy_type_system: false,
        deferred,
    })
}

/// A create or an update, from the engine's plan through the resource's to the final one.
async fn plan_change(
    resource: &dyn ErasedResource,
    prepared: &Prepared,
    context: &Context,
    config: &RawValue,
    prior: &RawValue,
) -> Result<(plan::Finished, Option<Deferred>), Diagnostics> {
    let schema = &prepared.schema;
    let planned = plan::plan(schema, config, prior)?;
    let plan = Plan {
        config: config.clone(),
        prior: (!prior.is_null()).then(|| prior.clone()),
        planned: planned.planned,
        requires_replace: planned.requires_replace,
        deferred: None,
    };
    let plan = resource.modify_plan(context, plan).await?;
    let deferred = match plan.deferred {
        Some(reason) if context.deferral_allowed() => Some(deferred_message(reason)),
        Some(reason) => return Err(deferral_not_allowed(resource, reason).into()),
        None => None,
    };
    let finished = plan::finish(schema, config, prior, &plan.planned, plan.requires_replace)?;
    Ok((finished, deferred))
}

fn deferred_message(reason: DeferredReason) -> Deferred {
    let reason = match reason {
        DeferredReason::ResourceConfigUnknown => deferred::Reason::ResourceConfigUnknown,
        DeferredReason::ProviderConfigUnknown => deferred::Reason::ProviderConfigUnknown,
        DeferredReason::AbsentPrerequisite => deferred::Reason::AbsentPrereq,
    };
    Deferred { reason: reason.into() }
}

fn deferral_not_allowed(resource: &dyn ErasedResource, reason: DeferredReason) -> Diagnostic {
    Diagnostic::provider_bug(
        "Change was deferred without permission",
        format!(
            "{} put its change off ({reason:?}), which this Terraform does not allow.",
            resource.type_name()
        ),
    )
}

/// Applies a change. The state that it answers with is stored, errors or not, so it is always the best that is known.
pub(super) async fn apply(
    server: &Server,
    request: apply_resource_change::Request,
) -> Result<apply_resource_change::Response, Diagnostics> {
    let entry = find(&server.catalog.resources, "resource", &request.type_name)?;
    let prepared = entry.prepared();
    let prior = decode(request.prior_state, &prepared.kind)?;
    let planned = decode(request.planned_state, &prepared.kind)?;
    let context = server.context(&request.planned_private, None);

    if planned.is_null() {
        return delete(entry, prepared, &context, prior).await;
    }

    let config = decode(request.config, &prepared.kind)?;
    let applied = if prior.is_null() {
        let request = Create { config, planned: planned.clone() };
        entry.served.create(&context, request).await
    } else {
        let request = Update { config, prior, planned: planned.clone() };
        entry.served.update(&context, request).await
    };
    let Applied { state, diagnostics: failure } = applied;
    let state = without_write_only(&prepared.schema, state.with_null_types_of(&planned));
    let mut diagnostics = context.take_warnings();
    let new_identity = if failure.has_errors() {
        diagnostics.append(failure);
        identity::of_partial_state(entry, &state)
    } else {
        diagnostics.append(failure);
        diagnostics.append(plan::check_applied(&prepared.schema, &planned, &state));
        identity::of_state(entry, &state).unwrap_or_else(|error| {
            diagnostics.append(error);
            None
        })
    };
    let new_state = store(prepared, state, &mut diagnostics);
    Ok(apply_resource_change::Response {
        new_state,
        private: encode_private(&context.take_private()),
        diagnostics: wire::diagnostics(diagnostics),
        legacy_type_system: false,
        new_identity,
    })
}

/// Encodes a state that must not get lost: what is unknown in it, by a mistake that is reported already, becomes null.
fn store(
    prepared: &Prepared,
    state: RawValue,
    diagnostics: &mut Diagnostics,
) -> Option<crate::generated::tfplugin6::DynamicValue> {
    let state = state.map_parts(|_path, part| if part.is_unknown() { RawValue::Null } else { part });
    match encode(&state, &prepared.kind) {
        Ok(state) => Some(state),
        Err(error) => {
            diagnostics.append(error);
            None
        }
    }
}

async fn delete(
    entry: &Entry<dyn ErasedResource>,
    prepared: &Prepared,
    context: &Context,
    prior: RawValue,
) -> Result<apply_resource_change::Response, Diagnostics> {
    let outcome = entry.served.delete(context, prior.clone()).await;
    let mut diagnostics = context.take_warnings();
    let response = match outcome {
        Ok(()) => apply_resource_change::Response {
            new_state: Some(encode(&RawValue::Null, &prepared.kind)?),
            ..apply_resource_change::Response::default()
        },
        Err(failure) => {
            diagnostics.append(failure);
            apply_resource_change::Response {
                new_state: Some(encode(&prior, &prepared.kind)?),
                private: encode_private(&context.take_private()),
                new_identity: identity::of_partial_state(entry, &prior),
                ..apply_resource_change::Response::default()
            }
        }
    };
    Ok(apply_resource_change::Response { diagnostics: wire::diagnostics(diagnostics), ..response })
}
