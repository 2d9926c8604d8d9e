//! The erased twin of [`EphemeralResource`].

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{guarded, guarded_now, typed};
use crate::context::{Context, Private};
use crate::diagnostic::Diagnostics;
use crate::ephemeral::{EphemeralResource, Opened, Renewed};
use crate::raw::RawValue;
use crate::schema::Schema;
use crate::typed::{TerraformSchema, ValueType};

/// An ephemeral resource over values of any type. See [`EphemeralResource`] for the meaning of each method.
pub trait ErasedEphemeralResource: Send + Sync {
    /// Full type name.
    fn type_name(&self) -> &'static str;

    /// Schema of configuration and result.
    fn schema(&self) -> Schema;

    /// Checks of several attributes together.
    fn validate(&self, config: RawValue) -> Diagnostics;

    /// Opens it.
    fn open<'a>(
        &'a self,
        context: &'a Context,
        config: RawValue,
    ) -> BoxFuture<'a, Result<Opened<RawValue>, Diagnostics>>;

    /// Prolongs it.
    fn renew<'a>(
        &'a self,
        context: &'a Context,
        private: Private,
    ) -> BoxFuture<'a, Result<Renewed, Diagnostics>>;

    /// Gives it back.
    fn close<'a>(&'a self, context: &'a Context, private: Private) -> BoxFuture<'a, Result<(), Diagnostics>>;
}

impl<E: EphemeralResource> ErasedEphemeralResource for E {
    fn type_name(&self) -> &'static str {
        E::TYPE_NAME
    }

    fn schema(&self) -> Schema {
        E::State::schema()
    }

    fn validate(&self, config: RawValue) -> Diagnostics {
        guarded_now(|| {
            let config = typed(config)?;
            let mut diagnostics = Diagnostics::new();
            EphemeralResource::validate(self, &config, &mut diagnostics);
            Ok(diagnostics)
        })
        .unwrap_or_else(|diagnostics| diagnostics)
    }

    fn open<'a>(
        &'a self,
        context: &'a Context,
        config: RawValue,
    ) -> BoxFuture<'a, Result<Opened<RawValue>, Diagnostics>> {
        guarded(async move {
            let Opened { result, renew_at, private } =
                EphemeralResource::open(self, context, typed(config)?).await?;
            Ok(Opened { result: result.into_raw(), renew_at, private })
        })
        .boxed()
    }

    fn renew<'a>(
        &'a self,
        context: &'a Context,
        private: Private,
    ) -> BoxFuture<'a, Result<Renewed, Diagnostics>> {
        guarded(EphemeralResource::renew(self, context, private)).boxed()
    }

    fn close<'a>(&'a self, context: &'a Context, private: Private) -> BoxFuture<'a, Result<(), Diagnostics>> {
        guarded(EphemeralResource::close(self, context, private)).boxed()
    }
}
