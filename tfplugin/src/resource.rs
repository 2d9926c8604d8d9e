//! The contract of a managed resource. Knows no protocol: `server` calls it.

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use crate::context::Context;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::path::Path;
use crate::raw::RawValue;
use crate::schema::{Nesting, Schema, Shape};
use crate::typed::{TerraformSchema, ValueType};

/// A kind of thing that Terraform creates, reads, changes and destroys.
///
/// Every method may be the first that its process runs: `read` and `delete` work from state alone.
pub trait Resource: Send + Sync + 'static {
    /// Configuration, plan and state.
    type State: TerraformSchema;
    /// What tells one object from every other for ever. [`NoIdentity`] where there is nothing.
    type Identity: TerraformSchema;

    /// Full type name, such as `kubeblocks_cluster`.
    const TYPE_NAME: &'static str;

    /// The identity of an object. Must be wholly known for every state that `create`, `read`, `update` or `import`
    /// returned; may hold unknowns for a planned state.
    fn identity(&self, state: &Self::State) -> Self::Identity;

    /// Checks of several attributes together, offline and before the provider is configured; unknowns are to be
    /// passed over. Checks of one attribute stand in the schema.
    fn validate(&self, _config: &Self::State, _diagnostics: &mut Diagnostics) {}

    /// Adjusts what the plan engine planned for a create or an update. May read the outside world when it can, but
    /// what it plans as known must not differ in the second plan, which runs at apply.
    fn modify_plan(
        &self,
        _context: &Context,
        _plan: &mut Plan<Self::State>,
    ) -> impl Future<Output = Result<(), Diagnostics>> + Send {
        async { Ok(()) }
    }

    /// Refuses or comments a destroy while it is planned.
    fn plan_destroy(
        &self,
        _context: &Context,
        _prior: &Self::State,
    ) -> impl Future<Output = Result<(), Diagnostics>> + Send {
        async { Ok(()) }
    }

    /// Makes the object. Calls [`Progress::record`] as soon as something exists, so that an error, an interrupt or a
    /// crash after that loses nothing.
    fn create(
        &self,
        context: &Context,
        request: Create<Self::State>,
        progress: &Progress<Self::State>,
    ) -> impl Future<Output = Result<Self::State, Diagnostics>> + Send;

    /// The object as it is now, or `None` when it is gone for sure. A place that cannot be reached is an error.
    fn read(
        &self,
        context: &Context,
        state: Self::State,
    ) -> impl Future<Output = Result<Option<Self::State>, Diagnostics>> + Send;

    /// Changes the object in place. What [`Progress::record`] got is kept when it then fails.
    fn update(
        &self,
        context: &Context,
        request: Update<Self::State>,
        progress: &Progress<Self::State>,
    ) -> impl Future<Output = Result<Self::State, Diagnostics>> + Send;

    /// Removes the object; one that is gone already is a success.
    fn delete(
        &self,
        context: &Context,
        state: Self::State,
    ) -> impl Future<Output = Result<(), Diagnostics>> + Send;

    /// Finds an existing object. What it returns is then given to `read`, so a stub with the naming attributes is
    /// enough.
    fn import(
        &self,
        _context: &Context,
        _request: Import<Self::Identity>,
    ) -> impl Future<Output = Result<Self::State, Diagnostics>> + Send {
        async {
            Err(Diagnostic::error(
                format!("{} cannot be imported", Self::TYPE_NAME),
                "This resource has no import. Remove the import block and create it instead.",
            )
            .into())
        }
    }

    /// Turns a state stored under an older schema version into today's. Only called for older versions.
    fn upgrade_state(&self, version: i64, _state: serde_json::Value) -> Result<Self::State, Diagnostics> {
        Err(Diagnostic::error(
            "Stored state cannot be upgraded",
            format!("{} has no upgrade from schema version {version}.", Self::TYPE_NAME),
        )
        .into())
    }

    /// Takes over the state of another resource type (`moved` block). `None`: not from this source.
    fn move_state(&self, _source: &MoveSource) -> Result<Option<Self::State>, Diagnostics> {
        Ok(None)
    }
}

/// What is planned for one resource.
#[derive(Debug)]
pub struct Plan<S> {
    /// The configuration, write-only values included.
    pub config: S,
    /// The state before; `None` for a create (also the create half of a replacement).
    pub prior: Option<S>,
    /// What will be; change it in place.
    pub planned: S,
    /// Attributes whose change forces a replacement; add to it where the schema's rule is not enough.
    pub requires_replace: Vec<Path>,
    /// Set to defer the whole change; only honoured when [`Context::deferral_allowed`].
    pub deferred: Option<DeferredReason>,
}

/// Why a change is put off to a later plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeferredReason {
    /// The resource's configuration is not known enough.
    ResourceConfigUnknown,
    /// The provider's configuration is not known enough.
    ProviderConfigUnknown,
    /// Something it needs is not there yet.
    AbsentPrerequisite,
}

/// What `create` gets.
#[derive(Debug)]
pub struct Create<S> {
    /// The configuration, write-only values included.
    pub config: S,
    /// The plan: what is known there must be so in the result.
    pub planned: S,
}

/// What `update` gets.
#[derive(Debug)]
pub struct Update<S> {
    /// The configuration, write-only values included.
    pub config: S,
    /// The state before.
    pub prior: S,
    /// The plan: what is known there must be so in the result.
    pub planned: S,
}

/// How an import names its object.
#[derive(Debug)]
pub enum Import<I> {
    /// `terraform import`'s argument, or `id` of an import block.
    Id(String),
    /// `identity` of an import block.
    Identity(I),
}

/// Where a `moved` block's state comes from.
#[derive(Debug)]
pub struct MoveSource {
    /// For example `registry.terraform.io/hashicorp/kubernetes`.
    pub provider_address: String,
    /// For example `kubernetes_manifest`.
    pub type_name: String,
    /// Its schema version.
    pub schema_version: i64,
    /// Its state.
    pub state: serde_json::Value,
}

/// Keeps what an operation has reached, for the case that it does not reach its end.
#[derive(Debug)]
pub struct Progress<S>(Mutex<Option<S>>);

impl<S> Progress<S> {
    /// Nothing reached yet.
    pub fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// This is what exists now; stored when the operation fails, is interrupted or panics. Unknowns that are left in
    /// it are stored as null.
    pub fn record(&self, state: S) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(state);
    }

    /// Takes what was recorded last.
    pub fn take(&self) -> Option<S> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<S> Default for Progress<S> {
    fn default() -> Self {
        Self::new()
    }
}

/// The identity of a resource that has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoIdentity;

impl ValueType for NoIdentity {
    fn shape() -> Shape {
        Shape::Nested { nesting: Nesting::Single, attributes: Vec::new() }
    }

    fn from_known(_raw: RawValue, _path: &Path) -> Result<Self, Diagnostics> {
        Ok(Self)
    }

    fn into_raw(self) -> RawValue {
        RawValue::Object(std::collections::BTreeMap::new())
    }
}

impl TerraformSchema for NoIdentity {
    fn schema() -> Schema {
        Schema { version: 0, description: String::new(), deprecated: None, attributes: Vec::new() }
    }
}
