//! The contract of a provider: its configuration and the lists of what it serves. Knows no protocol.

use std::future::Future;

use crate::context::Context;
use crate::diagnostic::Diagnostics;
use crate::server::{
    ErasedAction, ErasedDataSource, ErasedEphemeralResource, ErasedFunction, ErasedListResource,
    ErasedResource,
};
use crate::typed::TerraformSchema;

/// The block of a provider that has nothing to configure.
pub type NoConfig = crate::resource::NoIdentity;

/// A provider.
///
/// The lists are asked for once per process; each entry is made by `Box::new` over a typed implementation, as every
/// [`crate::resource::Resource`] is also an [`ErasedResource`], and so on.
/// `configure` may run several times, at once and with different configurations (one process can serve many runs), so
/// what it makes belongs behind a lock or an atomic pointer of which each operation takes a snapshot.
pub trait Provider: Send + Sync + 'static {
    /// The provider block.
    type Config: TerraformSchema;

    /// Checks of several attributes together; unknowns are to be passed over.
    fn validate(&self, _config: &Self::Config, _diagnostics: &mut Diagnostics) {}

    /// Takes the provider block; parts of it may be unknown while planning.
    fn configure(
        &self,
        context: &Context,
        config: Self::Config,
    ) -> impl Future<Output = Result<(), Diagnostics>> + Send;

    /// Managed resources.
    fn resources(&self) -> Vec<Box<dyn ErasedResource>> {
        Vec::new()
    }

    /// Data sources.
    fn data_sources(&self) -> Vec<Box<dyn ErasedDataSource>> {
        Vec::new()
    }

    /// Ephemeral resources.
    fn ephemeral_resources(&self) -> Vec<Box<dyn ErasedEphemeralResource>> {
        Vec::new()
    }

    /// List resources.
    fn list_resources(&self) -> Vec<Box<dyn ErasedListResource>> {
        Vec::new()
    }

    /// Actions.
    fn actions(&self) -> Vec<Box<dyn ErasedAction>> {
        Vec::new()
    }

    /// Functions.
    fn functions(&self) -> Vec<Box<dyn ErasedFunction>> {
        Vec::new()
    }
}
