//! `kubeblocks_service_descriptor`: how databases reach a service that KubeBlocks does not run.
//!
//! The way of an apply: `checks` (what is there) -> `convert` (pure) -> `apply` (writes and waits) -> the state, which is the
//! plan with its phase. A refresh is `read` and `convert`.

mod apply;
mod checks;
pub mod convert;
mod read;
pub mod schema;
#[cfg(test)]
pub(crate) mod test_support;
pub mod validate;

use std::sync::Arc;

use tfplugin::prelude::*;
use tfplugin::resource::MoveSource;

use crate::provider::Shared;
use crate::resources::moved;
pub use schema::{ServiceDescriptorIdentity, ServiceDescriptorState};

/// The resource.
#[derive(Clone, Debug)]
pub struct ServiceDescriptorResource {
    shared: Arc<Shared>,
}

impl ServiceDescriptorResource {
    /// The resource of a provider.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl Resource for ServiceDescriptorResource {
    type State = ServiceDescriptorState;
    type Identity = ServiceDescriptorIdentity;

    const TYPE_NAME: &'static str = "kubeblocks_service_descriptor";

    fn identity(&self, state: &ServiceDescriptorState) -> ServiceDescriptorIdentity {
        ServiceDescriptorIdentity { namespace: state.namespace.clone(), name: state.name.clone() }
    }

    fn validate(&self, config: &ServiceDescriptorState, diagnostics: &mut Diagnostics) {
        validate::config(config, diagnostics);
    }

    async fn modify_plan(
        &self,
        _context: &Context,
        plan: &mut Plan<ServiceDescriptorState>,
    ) -> Result<(), Diagnostics> {
        // What is not available is waited for by the next apply.
        if !plan.prior.as_ref().is_some_and(convert::is_available) {
            plan.planned.phase = Value::Unknown;
        }
        Ok(())
    }

    async fn create(
        &self,
        context: &Context,
        request: Create<ServiceDescriptorState>,
        progress: &Progress<ServiceDescriptorState>,
    ) -> Result<ServiceDescriptorState, Diagnostics> {
        Box::pin(apply::create(self, context, request, progress)).await
    }

    async fn read(
        &self,
        context: &Context,
        state: ServiceDescriptorState,
    ) -> Result<Option<ServiceDescriptorState>, Diagnostics> {
        Box::pin(read::read(&self.shared, context, state)).await
    }

    async fn update(
        &self,
        context: &Context,
        request: Update<ServiceDescriptorState>,
        progress: &Progress<ServiceDescriptorState>,
    ) -> Result<ServiceDescriptorState, Diagnostics> {
        Box::pin(apply::update(self, context, request, progress)).await
    }

    async fn delete(&self, context: &Context, state: ServiceDescriptorState) -> Result<(), Diagnostics> {
        Box::pin(apply::delete(self, context, state)).await
    }

    async fn import(
        &self,
        context: &Context,
        request: Import<ServiceDescriptorIdentity>,
    ) -> Result<ServiceDescriptorState, Diagnostics> {
        read::import(&self.shared, context, request).await
    }

    fn move_state(&self, source: &MoveSource) -> Result<Option<ServiceDescriptorState>, Diagnostics> {
        let object = moved::object(source, Self::TYPE_NAME, "ServiceDescriptor")?;
        Ok(object.map(|object| ServiceDescriptorState {
            namespace: object.namespace,
            name: object.name,
            ..ServiceDescriptorState::default()
        }))
    }
}
