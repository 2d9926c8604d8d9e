//! The contract of an action: something that is done once, with progress. Knows no protocol.

use std::future::Future;

use tokio::sync::mpsc;

use crate::context::Context;
use crate::diagnostic::Diagnostics;
use crate::typed::TerraformSchema;

/// An operation that practitioners invoke by `action_trigger` or on the command line.
pub trait Action: Send + Sync + 'static {
    /// Its arguments.
    type Config: TerraformSchema;

    /// Full type name, such as `kubeblocks_restart`.
    const TYPE_NAME: &'static str;

    /// Checks of several arguments together; unknowns are to be passed over.
    fn validate(&self, _config: &Self::Config, _diagnostics: &mut Diagnostics) {}

    /// Refuses or comments an invocation while it is planned.
    fn plan(
        &self,
        _context: &Context,
        _config: Self::Config,
    ) -> impl Future<Output = Result<(), Diagnostics>> + Send {
        async { Ok(()) }
    }

    /// Does it, telling how far it is.
    fn invoke(
        &self,
        context: &Context,
        config: Self::Config,
        progress: mpsc::Sender<String>,
    ) -> impl Future<Output = Result<(), Diagnostics>> + Send;
}
