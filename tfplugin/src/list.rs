//! The contract of a list resource: finding objects that Terraform does not manage yet. Knows no protocol.

use std::future::Future;

use tokio::sync::mpsc;

use crate::context::Context;
use crate::diagnostic::Diagnostics;
use crate::resource::Resource;
use crate::typed::TerraformSchema;

/// Lists the objects of one managed resource type for `terraform query`.
pub trait ListResource: Send + Sync + 'static {
    /// What to search for.
    type Config: TerraformSchema;
    /// The managed resource whose objects it finds; the list resource has its type name.
    type Resource: Resource;

    /// Checks of several attributes together; unknowns are to be passed over.
    fn validate(&self, _config: &Self::Config, _diagnostics: &mut Diagnostics) {}

    /// Sends each object that it finds, until there is no more or `limit` is reached or the sink is closed.
    fn list(
        &self,
        context: &Context,
        request: ListRequest<Self::Config>,
        found: ListSink<Self::Resource>,
    ) -> impl Future<Output = Result<(), Diagnostics>> + Send;
}

/// What `list` gets.
#[derive(Debug)]
pub struct ListRequest<C> {
    /// The search.
    pub config: C,
    /// Whether states are wanted beside identities.
    pub include_resource: bool,
    /// At most this many.
    pub limit: i64,
}

/// One object found.
pub struct ListItem<R: Resource> {
    /// Its identity, wholly known.
    pub identity: R::Identity,
    /// How people call it.
    pub display_name: String,
    /// Its state, when wanted.
    pub state: Option<R::State>,
}

/// Takes what a list finds; sending fails when nobody listens any more.
pub type ListSink<R> = mpsc::Sender<ListItem<R>>;
