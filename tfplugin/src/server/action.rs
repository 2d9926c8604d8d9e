//! Calls about an action: the invocation streams its progress and then its end.

use std::pin::pin;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use tracing::Instrument;

use super::catalog::{Entry, find};
use super::erased::ErasedAction;
use super::wire::{self, decode};
use super::{Server, call, with_warnings};
use crate::context::Context;
use crate::diagnostic::Diagnostics;
use crate::generated::tfplugin6::invoke_action::{self, event};
use crate::generated::tfplugin6::{plan_action, validate_action_config};
use crate::plan;
use crate::raw::RawValue;

const KIND: &str = "action";

/// Events that wait for Terraform to take them.
const QUEUE: usize = 64;

/// Checks the arguments, offline.
pub(super) fn validate(
    server: &Server,
    request: validate_action_config::Request,
) -> Result<validate_action_config::Response, Diagnostics> {
    let entry = find(&server.catalog.actions, KIND, &request.type_name)?;
    let prepared = entry.prepared();
    let config = decode(request.config, &prepared.kind)?;
    let mut diagnostics = plan::validate(&prepared.schema, &config, true);
    diagnostics.append(entry.served.validate(config));
    Ok(validate_action_config::Response { diagnostics: wire::diagnostics(diagnostics) })
}

/// Looks at a planned invocation.
pub(super) async fn plan(
    server: &Server,
    request: plan_action::Request,
) -> Result<plan_action::Response, Diagnostics> {
    let entry = find(&server.catalog.actions, KIND, &request.action_type)?;
    let config = decode(request.config, &entry.prepared().kind)?;
    let context = server.context(&[], request.client_capabilities);
    let outcome = entry.served.plan(&context, config).await;
    let ((), diagnostics) = with_warnings(&context, outcome)?;
    Ok(plan_action::Response { diagnostics: wire::diagnostics(diagnostics), deferred: None })
}

type Events = mpsc::Sender<Result<invoke_action::Event, Status>>;

/// Streams the progress of an invocation; its end is always the last event, as Terraform relies on it.
pub(super) fn invoke(
    server: &Server,
    request: invoke_action::Request,
) -> ReceiverStream<Result<invoke_action::Event, Status>> {
    let (events, stream) = mpsc::channel(QUEUE);
    let span = call::span("InvokeAction", &request.action_type);
    match Invocation::new(server, request) {
        Ok(invocation) => {
            let work = async move {
                let listener_left = events.clone();
                tokio::select! {
                    () = invocation.run(events) => {}
                    () = listener_left.closed() => {}
                }
            };
            tokio::spawn(work.instrument(span));
        }
        Err(diagnostics) => {
            // The queue is empty, so there is room.
            let _ = events.try_send(Ok(completed(diagnostics)));
        }
    }
    ReceiverStream::new(stream)
}

/// One invocation that runs on its own while the stream is read.
struct Invocation {
    action: Arc<Entry<dyn ErasedAction>>,
    context: Context,
    config: RawValue,
}

impl Invocation {
    fn new(server: &Server, request: invoke_action::Request) -> Result<Self, Diagnostics> {
        let action = find(&server.catalog.actions, KIND, &request.action_type)?.clone();
        let config = decode(request.config, &action.prepared().kind)?;
        Ok(Self { action, context: server.context(&[], request.client_capabilities), config })
    }

    async fn run(self, events: Events) {
        let Self { action, context, config } = self;
        let (progress, mut messages) = mpsc::channel(QUEUE);
        let mut invoking = pin!(action.served.invoke(&context, config, progress));
        let outcome = loop {
            tokio::select! {
                biased;
                Some(message) = messages.recv() => send(&events, progressed(message)).await,
                outcome = &mut invoking => break outcome,
            }
        };
        // What was told before the end is shown before it, though a task of the author's may still hold a sender.
        while let Ok(message) = messages.try_recv() {
            send(&events, progressed(message)).await;
        }
        let diagnostics = match with_warnings(&context, outcome) {
            Ok(((), warnings)) => warnings,
            Err(diagnostics) => diagnostics,
        };
        send(&events, completed(diagnostics)).await;
    }
}

async fn send(events: &Events, event: invoke_action::Event) {
    // Nobody to tell when Terraform left; the task then ends by itself.
    let _ = events.send(Ok(event)).await;
}

fn progressed(message: String) -> invoke_action::Event {
    invoke_action::Event { r#type: Some(event::Type::Progress(event::Progress { message })) }
}

fn completed(diagnostics: Diagnostics) -> invoke_action::Event {
    let completed = event::Completed { diagnostics: wire::diagnostics(diagnostics) };
    invoke_action::Event { r#type: Some(event::Type::Completed(completed)) }
}
