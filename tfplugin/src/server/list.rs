//! Calls about a list resource: a stream of what was found.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use tracing::Instrument;

use super::catalog::{Entry, find};
use super::erased::{ErasedListResource, ErasedResource, RawListItem};
use super::storable::without_write_only;
use super::wire::{self, decode, encode};
use super::{Server, call, identity};
use crate::diagnostic::Diagnostics;
use crate::generated::tfplugin6::{list_resource, validate_list_resource_config};
use crate::list::ListRequest;
use crate::plan;

const KIND: &str = "list resource";

/// Events that wait for Terraform to take them.
const QUEUE: usize = 64;

/// Checks a configuration, offline.
pub(super) fn validate(
    server: &Server,
    request: validate_list_resource_config::Request,
) -> Result<validate_list_resource_config::Response, Diagnostics> {
    let entry = find(&server.catalog.list_resources, KIND, &request.type_name)?;
    let prepared = entry.prepared();
    let config = decode(request.config, &prepared.kind)?;
    let mut diagnostics = plan::validate(&prepared.schema, &config, false);
    diagnostics.append(entry.served.validate(config));
    Ok(validate_list_resource_config::Response { diagnostics: wire::diagnostics(diagnostics) })
}

type Events = mpsc::Sender<Result<list_resource::Event, Status>>;

/// Streams what is found; a failure is the last event.
pub(super) fn list(
    server: &Server,
    request: list_resource::Request,
) -> ReceiverStream<Result<list_resource::Event, Status>> {
    let (events, stream) = mpsc::channel(QUEUE);
    let span = call::span("ListResource", &request.type_name);
    match Search::new(server, request) {
        Ok(search) => {
            let work = async move {
                let listener_left = events.clone();
                // When Terraform stops listening, having enough, the search is dropped where it stands.
                tokio::select! {
                    () = search.run(events) => {}
                    () = listener_left.closed() => {}
                }
            };
            tokio::spawn(work.instrument(span));
        }
        Err(diagnostics) => {
            // The queue is empty, so there is room.
            let _ = events.try_send(Ok(failure(diagnostics)));
        }
    }
    ReceiverStream::new(stream)
}

fn failure(diagnostics: Diagnostics) -> list_resource::Event {
    list_resource::Event { diagnostic: wire::diagnostics(diagnostics), ..list_resource::Event::default() }
}

/// One search that runs on its own while the stream is read.
struct Search {
    list: Arc<Entry<dyn ErasedListResource>>,
    resource: Arc<Entry<dyn ErasedResource>>,
    context: crate::context::Context,
    request: ListRequest<crate::raw::RawValue>,
}

impl Search {
    fn new(server: &Server, request: list_resource::Request) -> Result<Self, Diagnostics> {
        let list = find(&server.catalog.list_resources, KIND, &request.type_name)?.clone();
        let resource = find(&server.catalog.resources, "resource", &request.type_name)?.clone();
        let config = decode(request.config, &list.prepared().kind)?;
        Ok(Self {
            list,
            resource,
            context: server.context(&[], None),
            request: ListRequest {
                config,
                include_resource: request.include_resource_object,
                limit: request.limit,
            },
        })
    }

    async fn run(self, events: Events) {
        let Self { list, resource, context, request } = self;
        let limit = usize::try_from(request.limit).unwrap_or(0);
        let (found, mut items) = mpsc::channel(1);
        let searching = list.served.list(&context, request, found);
        let sending = async {
            let mut sent = 0;
            while let Some(item) = items.recv().await {
                let event = event(&resource, item).unwrap_or_else(failure);
                if events.send(Ok(event)).await.is_err() {
                    break;
                }
                sent += 1;
                // Dropping `items` then tells the search to end.
                if limit > 0 && sent >= limit {
                    break;
                }
            }
            drop(items);
        };
        let (outcome, ()) = tokio::join!(searching, sending);
        let mut diagnostics = context.take_warnings();
        if let Err(errors) = outcome {
            diagnostics.append(errors);
        }
        if !diagnostics.is_empty() {
            // Nobody to tell when Terraform left.
            let _ = events.send(Ok(failure(diagnostics))).await;
        }
    }
}

fn event(
    resource: &Entry<dyn ErasedResource>,
    item: RawListItem,
) -> Result<list_resource::Event, Diagnostics> {
    let RawListItem { identity: found, display_name, state } = item;
    let prepared = resource.prepared();
    let resource_object = state
        .map(|state| encode(&without_write_only(&prepared.schema, state), &prepared.kind))
        .transpose()?;
    Ok(list_resource::Event {
        identity: Some(identity::message(resource, &found)?),
        display_name,
        resource_object,
        diagnostic: Vec::new(),
    })
}
