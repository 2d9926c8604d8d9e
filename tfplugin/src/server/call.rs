//! What all calls have in common: a log span, the time they took, and an answer even when they panic.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use futures::FutureExt;
use tonic::{Response, Status};
use tracing::Instrument;

use super::erased::panicked;
use super::wire;
use crate::diagnostic::Diagnostics;
use crate::generated::tfplugin6 as messages;

/// An answer that can say that the call failed.
pub(super) trait Answer {
    /// The answer that holds nothing but these.
    fn failed(diagnostics: Diagnostics) -> Self;
}

macro_rules! answer {
    ($($call:ident),* $(,)?) => {
        $(impl Answer for messages::$call::Response {
            #[allow(clippy::needless_update, reason = "some answers hold nothing but diagnostics")]
            fn failed(diagnostics: Diagnostics) -> Self {
                Self { diagnostics: wire::diagnostics(diagnostics), ..Self::default() }
            }
        })*
    };
}

answer!(
    apply_resource_change,
    close_ephemeral_resource,
    configure_provider,
    generate_resource_config,
    get_functions,
    get_metadata,
    get_provider_schema,
    get_resource_identity_schemas,
    import_resource_state,
    move_resource_state,
    open_ephemeral_resource,
    plan_action,
    plan_resource_change,
    read_data_source,
    read_resource,
    renew_ephemeral_resource,
    upgrade_resource_identity,
    upgrade_resource_state,
    validate_action_config,
    validate_data_resource_config,
    validate_ephemeral_resource_config,
    validate_list_resource_config,
    validate_provider_config,
    validate_resource_config,
);

impl Answer for messages::call_function::Response {
    fn failed(diagnostics: Diagnostics) -> Self {
        let text = diagnostics
            .iter()
            .map(|diagnostic| format!("{}: {}", diagnostic.summary, diagnostic.detail))
            .collect::<Vec<_>>()
            .join("\n");
        Self { result: None, error: Some(messages::FunctionError { text, function_argument: None }) }
    }
}

/// Runs a call to its answer. A failure of any kind is an answer: an error of gRPC would tell the practitioner only
/// that the plugin did not respond.
pub(super) async fn answer<A: Answer>(
    rpc: &'static str,
    type_name: &str,
    work: impl Future<Output = Result<A, Diagnostics>>,
) -> Result<Response<A>, Status> {
    answer_or(rpc, type_name, work, A::failed).await
}

/// [`answer`], for calls whose failed answer must hold more than diagnostics.
pub(super) async fn answer_or<A>(
    rpc: &'static str,
    type_name: &str,
    work: impl Future<Output = Result<A, Diagnostics>>,
    failed: impl FnOnce(Diagnostics) -> A,
) -> Result<Response<A>, Status> {
    let work = async {
        let started = Instant::now();
        tracing::trace!("call started");
        let outcome = match AssertUnwindSafe(work).catch_unwind().await {
            Ok(outcome) => outcome,
            Err(payload) => Err(panicked(payload.as_ref()).into()),
        };
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(milliseconds, failed = outcome.is_err(), "call ended");
        Ok(Response::new(outcome.unwrap_or_else(failed)))
    };
    work.instrument(span(rpc, type_name)).await
}

/// The span of one call, under the names that other providers' logs use.
pub(super) fn span(rpc: &'static str, type_name: &str) -> tracing::Span {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    tracing::error_span!(
        "call",
        tf_rpc = rpc,
        tf_resource_type = (!type_name.is_empty()).then_some(type_name),
        tf_req_id = NEXT.fetch_add(1, Ordering::Relaxed)
    )
}
