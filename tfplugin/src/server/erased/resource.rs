//! The erased twin of [`Resource`].

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{guarded, guarded_now, typed};
use crate::context::Context;
use crate::diagnostic::Diagnostics;
use crate::raw::RawValue;
use crate::resource::{Create, Import, MoveSource, Plan, Progress, Resource, Update};
use crate::schema::Schema;
use crate::typed::{TerraformSchema, ValueType};

/// A managed resource over values of any type. See [`Resource`] for the meaning of each method.
pub trait ErasedResource: Send + Sync {
    /// Full type name.
    fn type_name(&self) -> &'static str;

    /// Schema of configuration, plan and state.
    fn schema(&self) -> Schema;

    /// Schema of the identity; without attributes when there is no identity.
    fn identity_schema(&self) -> Schema;

    /// Checks of several attributes together.
    fn validate(&self, config: RawValue) -> Diagnostics;

    /// The identity of a state, a planned one too.
    fn identity(&self, state: RawValue) -> Result<RawValue, Diagnostics>;

    /// Adjusts a plan.
    fn modify_plan<'a>(
        &'a self,
        context: &'a Context,
        plan: Plan<RawValue>,
    ) -> BoxFuture<'a, Result<Plan<RawValue>, Diagnostics>>;

    /// Looks at a planned destroy.
    fn plan_destroy<'a>(
        &'a self,
        context: &'a Context,
        prior: RawValue,
    ) -> BoxFuture<'a, Result<(), Diagnostics>>;

    /// Makes the object.
    fn create<'a>(&'a self, context: &'a Context, request: Create<RawValue>) -> BoxFuture<'a, Applied>;

    /// The object as it is now.
    fn read<'a>(
        &'a self,
        context: &'a Context,
        state: RawValue,
    ) -> BoxFuture<'a, Result<Option<RawValue>, Diagnostics>>;

    /// Changes the object.
    fn update<'a>(&'a self, context: &'a Context, request: Update<RawValue>) -> BoxFuture<'a, Applied>;

    /// Removes the object.
    fn delete<'a>(&'a self, context: &'a Context, state: RawValue) -> BoxFuture<'a, Result<(), Diagnostics>>;

    /// Finds an existing object.
    fn import<'a>(
        &'a self,
        context: &'a Context,
        request: Import<RawValue>,
    ) -> BoxFuture<'a, Result<RawValue, Diagnostics>>;

    /// Upgrades a state of an older schema version.
    fn upgrade_state(&self, version: i64, state: serde_json::Value) -> Result<RawValue, Diagnostics>;

    /// Takes over a state of another type.
    fn move_state(&self, source: &MoveSource) -> Result<Option<RawValue>, Diagnostics>;
}

/// What a create or an update has reached.
#[derive(Debug)]
pub struct Applied {
    /// The state to store: the result, or what was reached before the failure; null when that is nothing.
    pub state: RawValue,
    /// Errors, when it failed.
    pub diagnostics: Diagnostics,
}

impl Applied {
    /// `fallback` is the state to keep when the operation failed without having recorded one.
    fn new<S: ValueType>(
        outcome: Result<S, Diagnostics>,
        progress: &Progress<S>,
        fallback: RawValue,
    ) -> Self {
        match outcome {
            Ok(state) => Self { state: state.into_raw(), diagnostics: Diagnostics::new() },
            Err(diagnostics) => {
                let reached = progress.take().map_or(fallback, |state| unknowns_to_null(state.into_raw()));
                Self { state: reached, diagnostics }
            }
        }
    }
}

/// A state cannot hold unknowns: what was never learnt is null.
fn unknowns_to_null(state: RawValue) -> RawValue {
    state.map_parts(|_path, part| if part.is_unknown() { RawValue::Null } else { part })
}

impl<R: Resource> ErasedResource for R {
    fn type_name(&self) -> &'static str {
        R::TYPE_NAME
    }

    fn schema(&self) -> Schema {
        R::State::schema()
    }

    fn identity_schema(&self) -> Schema {
        R::Identity::schema()
    }

    fn validate(&self, config: RawValue) -> Diagnostics {
        guarded_now(|| {
            let config = typed(config)?;
            let mut diagnostics = Diagnostics::new();
            Resource::validate(self, &config, &mut diagnostics);
            Ok(diagnostics)
        })
        .unwrap_or_else(|diagnostics| diagnostics)
    }

    fn identity(&self, state: RawValue) -> Result<RawValue, Diagnostics> {
        guarded_now(|| Ok(Resource::identity(self, &typed(state)?).into_raw()))
    }

    fn modify_plan<'a>(
        &'a self,
        context: &'a Context,
        plan: Plan<RawValue>,
    ) -> BoxFuture<'a, Result<Plan<RawValue>, Diagnostics>> {
        guarded(async move {
            let Plan { config, prior, planned, requires_replace, deferred } = plan;
            let mut plan = Plan {
                config: typed(config)?,
                prior: prior.map(typed).transpose()?,
                planned: typed(planned)?,
                requires_replace,
                deferred,
            };
            Resource::modify_plan(self, context, &mut plan).await?;
            Ok(Plan {
                config: plan.config.into_raw(),
                prior: plan.prior.map(R::State::into_raw),
                planned: plan.planned.into_raw(),
                requires_replace: plan.requires_replace,
                deferred: plan.deferred,
            })
        })
        .boxed()
    }

    fn plan_destroy<'a>(
        &'a self,
        context: &'a Context,
        prior: RawValue,
    ) -> BoxFuture<'a, Result<(), Diagnostics>> {
        guarded(async move { Resource::plan_destroy(self, context, &typed(prior)?).await }).boxed()
    }

    fn create<'a>(&'a self, context: &'a Context, request: Create<RawValue>) -> BoxFuture<'a, Applied> {
        async move {
            let Create { config, planned } = request;
            let progress = Progress::new();
            let outcome = guarded(async {
                let request = Create { config: typed(config)?, planned: typed(planned)? };
                Resource::create(self, context, request, &progress).await
            })
            .await;
            Applied::new(outcome, &progress, RawValue::Null)
        }
        .boxed()
    }

    fn read<'a>(
        &'a self,
        context: &'a Context,
        state: RawValue,
    ) -> BoxFuture<'a, Result<Option<RawValue>, Diagnostics>> {
        guarded(async move {
            let state = Resource::read(self, context, typed(state)?).await?;
            Ok(state.map(R::State::into_raw))
        })
        .boxed()
    }

    fn update<'a>(&'a self, context: &'a Context, request: Update<RawValue>) -> BoxFuture<'a, Applied> {
        async move {
            let Update { config, prior, planned } = request;
            let progress = Progress::new();
            let before = prior.clone();
            let outcome = guarded(async {
                let request =
                    Update { config: typed(config)?, prior: typed(prior)?, planned: typed(planned)? };
                Resource::update(self, context, request, &progress).await
            })
            .await;
            Applied::new(outcome, &progress, before)
        }
        .boxed()
    }

    fn delete<'a>(&'a self, context: &'a Context, state: RawValue) -> BoxFuture<'a, Result<(), Diagnostics>> {
        guarded(async move { Resource::delete(self, context, typed(state)?).await }).boxed()
    }

    fn import<'a>(
        &'a self,
        context: &'a Context,
        request: Import<RawValue>,
    ) -> BoxFuture<'a, Result<RawValue, Diagnostics>> {
        guarded(async move {
            let request = match request {
                Import::Id(id) => Import::Id(id),
                Import::Identity(identity) => Import::Identity(typed(identity)?),
            };
            Ok(Resource::import(self, context, request).await?.into_raw())
        })
        .boxed()
    }

    fn upgrade_state(&self, version: i64, state: serde_json::Value) -> Result<RawValue, Diagnostics> {
        guarded_now(|| Ok(Resource::upgrade_state(self, version, state)?.into_raw()))
    }

    fn move_state(&self, source: &MoveSource) -> Result<Option<RawValue>, Diagnostics> {
        guarded_now(|| Ok(Resource::move_state(self, source)?.map(R::State::into_raw)))
    }
}
