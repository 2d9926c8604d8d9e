//! The contract of a data source. Knows no protocol.

use std::future::Future;

use crate::context::Context;
use crate::diagnostic::Diagnostics;
use crate::typed::TerraformSchema;

/// Something that Terraform looks up.
pub trait DataSource: Send + Sync + 'static {
    /// Configuration and result in one.
    type State: TerraformSchema;

    /// Full type name, such as `kubeblocks_cluster`.
    const TYPE_NAME: &'static str;

    /// Checks of several attributes together; unknowns are to be passed over.
    fn validate(&self, _config: &Self::State, _diagnostics: &mut Diagnostics) {}

    /// Looks it up. `config` is wholly known; the result repeats it and fills the computed attributes.
    fn read(
        &self,
        context: &Context,
        config: Self::State,
    ) -> impl Future<Output = Result<Self::State, Diagnostics>> + Send;
}
