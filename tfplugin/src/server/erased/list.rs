//! The erased twin of [`ListResource`].

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::mpsc;

use super::{guarded, guarded_now, typed};
use crate::context::Context;
use crate::diagnostic::Diagnostics;
use crate::list::{ListItem, ListRequest, ListResource};
use crate::raw::RawValue;
use crate::resource::Resource;
use crate::schema::Schema;
use crate::typed::{TerraformSchema, ValueType};

/// A list resource over values of any type. See [`ListResource`] for the meaning of each method.
pub trait ErasedListResource: Send + Sync {
    /// Full type name, that of the managed resource whose objects it finds.
    fn type_name(&self) -> &'static str;

    /// Schema of the search.
    fn schema(&self) -> Schema;

    /// Checks of several attributes together.
    fn validate(&self, config: RawValue) -> Diagnostics;

    /// Sends what it finds.
    fn list<'a>(
        &'a self,
        context: &'a Context,
        request: ListRequest<RawValue>,
        found: mpsc::Sender<RawListItem>,
    ) -> BoxFuture<'a, Result<(), Diagnostics>>;
}

/// One object found.
#[derive(Debug)]
pub struct RawListItem {
    /// Its identity.
    pub identity: RawValue,
    /// How people call it.
    pub display_name: String,
    /// Its state, when wanted.
    pub state: Option<RawValue>,
}

impl<L: ListResource> ErasedListResource for L {
    fn type_name(&self) -> &'static str {
        L::Resource::TYPE_NAME
    }

    fn schema(&self) -> Schema {
        L::Config::schema()
    }

    fn validate(&self, config: RawValue) -> Diagnostics {
        guarded_now(|| {
            let config = typed(config)?;
            let mut diagnostics = Diagnostics::new();
            ListResource::validate(self, &config, &mut diagnostics);
            Ok(diagnostics)
        })
        .unwrap_or_else(|diagnostics| diagnostics)
    }

    fn list<'a>(
        &'a self,
        context: &'a Context,
        request: ListRequest<RawValue>,
        found: mpsc::Sender<RawListItem>,
    ) -> BoxFuture<'a, Result<(), Diagnostics>> {
        guarded(async move {
            let ListRequest { config, include_resource, limit } = request;
            let request = ListRequest { config: typed(config)?, include_resource, limit };
            // One place in between: the search goes no faster than its reader takes.
            let (sink, mut items) = mpsc::channel(1);
            let searching = ListResource::list(self, context, request, sink);
            let forwarding = async move {
                while let Some(item) = items.recv().await {
                    let ListItem { identity, display_name, state } = item;
                    let item = RawListItem {
                        identity: identity.into_raw(),
                        display_name,
                        state: state.map(ValueType::into_raw),
                    };
                    if found.send(item).await.is_err() {
                        break;
                    }
                }
            };
            let (outcome, ()) = tokio::join!(searching, forwarding);
            outcome
        })
        .boxed()
    }
}
