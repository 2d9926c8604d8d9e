//! The erased twin of [`Action`].

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::mpsc;

use super::{guarded, guarded_now, typed};
use crate::action::Action;
use crate::context::Context;
use crate::diagnostic::Diagnostics;
use crate::raw::RawValue;
use crate::schema::Schema;
use crate::typed::TerraformSchema;

/// An action over values of any type. See [`Action`] for the meaning of each method.
pub trait ErasedAction: Send + Sync {
    /// Full type name.
    fn type_name(&self) -> &'static str;

    /// Schema of the arguments.
    fn schema(&self) -> Schema;

    /// Checks of several arguments together.
    fn validate(&self, config: RawValue) -> Diagnostics;

    /// Looks at a planned invocation.
    fn plan<'a>(&'a self, context: &'a Context, config: RawValue) -> BoxFuture<'a, Result<(), Diagnostics>>;

    /// Does it.
    fn invoke<'a>(
        &'a self,
        context: &'a Context,
        config: RawValue,
        progress: mpsc::Sender<String>,
    ) -> BoxFuture<'a, Result<(), Diagnostics>>;
}

impl<A: Action> ErasedAction for A {
    fn type_name(&self) -> &'static str {
        A::TYPE_NAME
    }

    fn schema(&self) -> Schema {
        A::Config::schema()
    }

    fn validate(&self, config: RawValue) -> Diagnostics {
        guarded_now(|| {
            let config = typed(config)?;
            let mut diagnostics = Diagnostics::new();
            Action::validate(self, &config, &mut diagnostics);
            Ok(diagnostics)
        })
        .unwrap_or_else(|diagnostics| diagnostics)
    }

    fn plan<'a>(&'a self, context: &'a Context, config: RawValue) -> BoxFuture<'a, Result<(), Diagnostics>> {
        guarded(async move { Action::plan(self, context, typed(config)?).await }).boxed()
    }

    fn invoke<'a>(
        &'a self,
        context: &'a Context,
        config: RawValue,
        progress: mpsc::Sender<String>,
    ) -> BoxFuture<'a, Result<(), Diagnostics>> {
        guarded(async move { Action::invoke(self, context, typed(config)?, progress).await }).boxed()
    }
}
