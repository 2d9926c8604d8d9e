//! What the file of a resource, a data source, a function or a provider needs, in one `use`.

pub use crate::action::Action;
pub use crate::context::{Context, Private};
pub use crate::data_source::DataSource;
pub use crate::diagnostic::{Diagnostic, Diagnostics};
pub use crate::ephemeral::{EphemeralResource, Opened, Renewed};
pub use crate::function::{Function, FunctionError, Parameter, Signature};
pub use crate::list::{ListItem, ListRequest, ListResource, ListSink};
pub use crate::path::Path;
pub use crate::provider::{NoConfig, Provider};
pub use crate::raw::RawValue;
pub use crate::resource::{Create, Import, NoIdentity, Plan, Progress, Resource, Update};
pub use crate::server::{
    ErasedAction, ErasedDataSource, ErasedEphemeralResource, ErasedFunction, ErasedListResource,
    ErasedResource,
};
pub use crate::typed::{Set, TerraformSchema, Value};
pub use crate::types::Type;
pub use crate::{Options, Timeouts, serve};
pub use tfplugin_derive::TerraformSchema;
