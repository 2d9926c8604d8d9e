//! The calls of the protocol onto the contracts: decode, ask the erased twin, encode. Third station of a call
//! (`plugin -> server -> plan engine and author's code`). The only place that names messages of the protocol; it
//! decides nothing that a plan or a resource could decide.

mod action;
mod call;
mod catalog;
mod change;
mod data_source;
mod ephemeral;
mod erased;
mod function;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod identity;
mod list;
mod provider;
mod resource;
mod service;
mod stop;
mod storable;
mod wire;

#[cfg(test)]
mod tests;

use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

pub use self::erased::{
    Applied, ErasedAction, ErasedDataSource, ErasedEphemeralResource, ErasedFunction, ErasedListResource,
    ErasedProvider, ErasedResource, RawListItem,
};
pub use self::resource::stored_state;
pub use self::storable::configuration_of;

use self::catalog::Catalog;
use self::stop::Stop;
use crate::context::Context;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::generated::tfplugin6::ClientCapabilities;
use crate::generated::tfplugin6::provider_server::ProviderServer;
use crate::provider::Provider;
use crate::raw::RawValue;

/// Largest message in either direction. The usual 4 MiB would fail only users with large states.
const MAXIMUM_MESSAGE_BYTES: usize = 256 << 20;

/// A provider behind the protocol. Holds nothing between calls but what the provider itself keeps.
pub(crate) struct Server {
    catalog: Catalog,
    stop: Stop,
}

impl Server {
    /// The service of a provider; `shutdown` ends the calls in flight.
    pub(crate) fn routes(provider: impl Provider, shutdown: CancellationToken) -> Routes {
        let server = Self { catalog: Catalog::new(provider), stop: Stop::new(shutdown) };
        let service = ProviderServer::new(server)
            .max_decoding_message_size(MAXIMUM_MESSAGE_BYTES)
            .max_encoding_message_size(MAXIMUM_MESSAGE_BYTES);
        Routes::new(service)
    }

    /// The surroundings of one call.
    fn context(&self, private: &[u8], capabilities: Option<ClientCapabilities>) -> Context {
        let capabilities = capabilities.unwrap_or_default();
        Context::new(self.stop.token())
            .with_private(wire::decode_private(private))
            .with_capabilities(capabilities.deferral_allowed, capabilities.write_only_attributes_allowed)
    }
}

/// Joins the warnings of a call with its outcome.
fn with_warnings<T>(
    context: &Context,
    outcome: Result<T, Diagnostics>,
) -> Result<(T, Diagnostics), Diagnostics> {
    let mut diagnostics = context.take_warnings();
    match outcome {
        Ok(value) => Ok((value, diagnostics)),
        Err(errors) => {
            diagnostics.append(errors);
            Err(diagnostics)
        }
    }
}

/// What was read outside of a plan must be known.
fn known(type_name: &str, value: &RawValue) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    value.walk(|path, part| {
        if part.is_unknown() {
            diagnostics.push(
                Diagnostic::provider_bug(
                    "Provider returned an unknown value",
                    format!("{type_name} returned a value for {path} that is not known."),
                )
                .at(path.clone()),
            );
        }
        true
    });
    diagnostics
}
