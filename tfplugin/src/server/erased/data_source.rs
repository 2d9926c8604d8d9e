//! The erased twin of [`DataSource`].

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{guarded, guarded_now, typed};
use crate::context::Context;
use crate::data_source::DataSource;
use crate::diagnostic::Diagnostics;
use crate::raw::RawValue;
use crate::schema::Schema;
use crate::typed::{TerraformSchema, ValueType};

/// A data source over values of any type. See [`DataSource`] for the meaning of each method.
pub trait ErasedDataSource: Send + Sync {
    /// Full type name.
    fn type_name(&self) -> &'static str;

    /// Schema of configuration and result.
    fn schema(&self) -> Schema;

    /// Checks of several attributes together.
    fn validate(&self, config: RawValue) -> Diagnostics;

    /// Looks it up.
    fn read<'a>(
        &'a self,
        context: &'a Context,
        config: RawValue,
    ) -> BoxFuture<'a, Result<RawValue, Diagnostics>>;
}

impl<D: DataSource> ErasedDataSource for D {
    fn type_name(&self) -> &'static str {
        D::TYPE_NAME
    }

    fn schema(&self) -> Schema {
        D::State::schema()
    }

    fn validate(&self, config: RawValue) -> Diagnostics {
        guarded_now(|| {
            let config = typed(config)?;
            let mut diagnostics = Diagnostics::new();
            DataSource::validate(self, &config, &mut diagnostics);
            Ok(diagnostics)
        })
        .unwrap_or_else(|diagnostics| diagnostics)
    }

    fn read<'a>(
        &'a self,
        context: &'a Context,
        config: RawValue,
    ) -> BoxFuture<'a, Result<RawValue, Diagnostics>> {
        guarded(async move { Ok(DataSource::read(self, context, typed(config)?).await?.into_raw()) }).boxed()
    }
}
