//! The list resources, which `terraform query` asks: which objects there are that a managed resource could take over.
//! Reads only.
//!
//! The way of the data: a search -> [`Findable::find`] (which objects there are) -> the resource's own import and read,
//! when states are wanted. What is found on a cloud instead of in a Kubernetes cluster is in `managed`.

pub(crate) mod accounts;
pub(crate) mod databases;
pub(crate) mod managed;
pub(crate) mod objects;
pub(crate) mod platform;

use std::fmt::Debug;
use std::sync::Arc;

use futures::{StreamExt as _, stream};
use tfplugin::diagnostic::Severity;
use tfplugin::prelude::*;

use crate::kubernetes::diagnostic::diagnostic;
use crate::kubernetes::{Client, Error};
use crate::provider::Shared;

const CANNOT_LIST: &str = "Cannot list the objects";
const LEFT_OUT: &str = "Left out of the list";

/// So many objects are read at the same time.
const AT_ONCE: usize = 8;

/// A managed resource whose objects can be found in a Kubernetes cluster.
pub(crate) trait Findable: Resource + Sized {
    /// What narrows the search.
    type Search: TerraformSchema;

    /// The objects that match, in a steady order.
    fn find(
        client: &Client,
        search: &Self::Search,
    ) -> impl Future<Output = Result<Findings<Self::Identity>, Error>> + Send;
}

/// What a search found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Findings<I> {
    pub(crate) found: Vec<Found<I>>,
    /// What is not among them, and why.
    pub(crate) left_out: Vec<String>,
}

impl<I> Default for Findings<I> {
    fn default() -> Self {
        Self { found: Vec::new(), left_out: Vec::new() }
    }
}

impl<I> FromIterator<Found<I>> for Findings<I> {
    fn from_iter<T: IntoIterator<Item = Found<I>>>(found: T) -> Self {
        Self { found: found.into_iter().collect(), left_out: Vec::new() }
    }
}

/// An object that the resource could manage.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found<I> {
    /// By which an import finds it.
    pub(crate) identity: I,
    /// The same as a text.
    pub(crate) id: String,
    /// Its Kubernetes namespace, if it lives in one.
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
}

/// The list resource of a managed resource. It looks in the Kubernetes cluster of the provider block, as imports do.
#[derive(Clone, Debug)]
pub(crate) struct Listing<R> {
    shared: Arc<Shared>,
    resource: R,
}

impl<R> Listing<R> {
    pub(crate) fn new(shared: Arc<Shared>, resource: impl FnOnce(Arc<Shared>) -> R) -> Self {
        Self { resource: resource(Arc::clone(&shared)), shared }
    }
}

impl<R: Findable<Identity: Clone>> ListResource for Listing<R> {
    type Config = R::Search;
    type Resource = R;

    async fn list(
        &self,
        context: &Context,
        request: ListRequest<R::Search>,
        sink: ListSink<R>,
    ) -> Result<(), Diagnostics> {
        let client = self.shared.client_for(&Value::Null, CANNOT_LIST).await?.obeying(context.stop());
        let Findings { found, left_out } = match R::find(&client, &request.config).await {
            Ok(findings) => findings,
            Err(error) if error.is_not_served() => {
                let found = diagnostic("There is nothing to list", &error);
                context.warn(Diagnostic { severity: Severity::Warning, ..found });
                return Ok(());
            }
            Err(error) => return Err(diagnostic(CANNOT_LIST, &error).into()),
        };
        for why in left_out {
            context.warn(Diagnostic::warning(LEFT_OUT, why));
        }
        send(&self.resource, context, request.include_resource, found, sink).await;
        Ok(())
    }
}

/// Sends what was found, with its state when that is wanted. What cannot be read becomes a warning, so that the others are
/// found all the same. Gives how many were taken.
pub(crate) async fn send<R: Resource<Identity: Clone>>(
    resource: &R,
    context: &Context,
    with_state: bool,
    found: Vec<Found<R::Identity>>,
    sink: ListSink<R>,
) -> usize {
    let mut items = stream::iter(found)
        .map(|one| async move {
            if !with_state {
                return Some(ListItem { identity: one.identity, display_name: one.id, state: None });
            }
            match read(resource, context, one.identity.clone()).await {
                Ok(Some(state)) => {
                    Some(ListItem { identity: one.identity, display_name: one.id, state: Some(state) })
                }
                // Removed meanwhile.
                Ok(None) => None,
                Err(diagnostics) => {
                    warn(context, R::TYPE_NAME, &one.id, diagnostics);
                    None
                }
            }
        })
        .buffered(AT_ONCE);
    let mut taken = 0;
    while let Some(item) = items.next().await {
        let Some(item) = item else { continue };
        // Nobody listens any more: enough was found.
        if sink.send(item).await.is_err() {
            break;
        }
        taken += 1;
    }
    taken
}

/// The state that an import and the read after it lead to.
async fn read<R: Resource>(
    resource: &R,
    context: &Context,
    identity: R::Identity,
) -> Result<Option<R::State>, Diagnostics> {
    // What each read keeps beside its state is its own.
    let own = Context::new(context.stop().clone());
    let state = Box::pin(resource.import(&own, Import::Identity(identity))).await?;
    Box::pin(resource.read(&own, state)).await
}

fn warn(context: &Context, type_name: &str, id: &str, diagnostics: Diagnostics) {
    for found in diagnostics {
        let detail = format!("{type_name} {id} is left out. {}: {}", found.summary, found.detail);
        context.warn(Diagnostic::warning(LEFT_OUT, detail));
    }
}
