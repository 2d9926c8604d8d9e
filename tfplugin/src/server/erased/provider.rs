//! The erased twin of [`Provider`].

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{guarded, guarded_now, typed};
use crate::context::Context;
use crate::diagnostic::Diagnostics;
use crate::provider::Provider;
use crate::raw::RawValue;
use crate::schema::Schema;
use crate::typed::TerraformSchema;

/// A provider's own part, over values of any type. See [`Provider`] for the meaning of each method.
pub trait ErasedProvider: Send + Sync {
    /// Schema of the provider block.
    fn schema(&self) -> Schema;

    /// Checks of several attributes together.
    fn validate(&self, config: RawValue) -> Diagnostics;

    /// Takes the provider block.
    fn configure<'a>(
        &'a self,
        context: &'a Context,
        config: RawValue,
    ) -> BoxFuture<'a, Result<(), Diagnostics>>;
}

impl<P: Provider> ErasedProvider for P {
    fn schema(&self) -> Schema {
        P::Config::schema()
    }

    fn validate(&self, config: RawValue) -> Diagnostics {
        guarded_now(|| {
            let config = typed(config)?;
            let mut diagnostics = Diagnostics::new();
            Provider::validate(self, &config, &mut diagnostics);
            Ok(diagnostics)
        })
        .unwrap_or_else(|diagnostics| diagnostics)
    }

    fn configure<'a>(
        &'a self,
        context: &'a Context,
        config: RawValue,
    ) -> BoxFuture<'a, Result<(), Diagnostics>> {
        guarded(async move { Provider::configure(self, context, typed(config)?).await }).boxed()
    }
}
