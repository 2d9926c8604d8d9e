//! `kubeblocks_operator`: the KubeBlocks operator as a Helm release.
//!
//! The way of an apply: `source` and `values` (pure) say what is wanted; `healing` puts right what a run that was cut off
//! left; `crds`, helm (through [`crate::helm::engine`]) and `deployments` do it and wait; `read` observes it. A plan is
//! `validate`, `version` and `changes` (pure), the chart when something asks for it, and a rendering when something
//! changes what is rendered. What is not changed costs neither a request to a repository nor a run of helm.

mod aggregated;
mod apply;
pub mod capabilities;
pub mod changes;
pub mod crds;
pub mod deployments;
mod destroy;
mod failure;
mod garbage;
pub mod guard;
pub mod healing;
pub mod import;
pub mod leftovers;
pub mod moved;
pub mod note;
mod plan;
mod read;
mod run;
pub mod schema;
pub mod source;
#[cfg(test)]
pub mod test_support;
pub mod validate;
pub mod values;
pub mod version;

use std::sync::Arc;

use tfplugin::prelude::*;
use tfplugin::resource::MoveSource;

use self::note::Note;
use crate::provider::Shared;
pub use schema::{OperatorIdentity, OperatorState};

/// Private data: an apply did not come to its end.
const UNFINISHED: &str = "unfinished";
/// Private data: what the last apply installed.
const NOTE: &str = "note";

/// Private data: what the Kubernetes cluster could do at the last refresh, so that both plans of one change, at plan and
/// at apply, render the same.
const CAPABILITIES: &str = "capabilities";

/// The resource.
#[derive(Clone, Debug)]
pub struct OperatorResource {
    shared: Arc<Shared>,
}

impl OperatorResource {
    /// The resource of a provider.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl Resource for OperatorResource {
    type State = OperatorState;
    type Identity = OperatorIdentity;

    const TYPE_NAME: &'static str = "kubeblocks_operator";

    fn identity(&self, state: &OperatorState) -> OperatorIdentity {
        OperatorIdentity { namespace: state.namespace.clone(), name: state.name.clone() }
    }

    fn validate(&self, config: &OperatorState, diagnostics: &mut Diagnostics) {
        validate::config(config, diagnostics);
    }

    async fn modify_plan(
        &self,
        context: &Context,
        plan: &mut Plan<OperatorState>,
    ) -> Result<(), Diagnostics> {
        Box::pin(plan::modify(&self.shared, context, plan)).await
    }

    async fn create(
        &self,
        context: &Context,
        request: Create<OperatorState>,
        progress: &Progress<OperatorState>,
    ) -> Result<OperatorState, Diagnostics> {
        Box::pin(apply::create(&self.shared, context, request, progress)).await
    }

    async fn read(
        &self,
        context: &Context,
        state: OperatorState,
    ) -> Result<Option<OperatorState>, Diagnostics> {
        read::read(&self.shared, context, state).await
    }

    async fn update(
        &self,
        context: &Context,
        request: Update<OperatorState>,
        progress: &Progress<OperatorState>,
    ) -> Result<OperatorState, Diagnostics> {
        Box::pin(apply::update(&self.shared, context, request, progress)).await
    }

    async fn delete(&self, context: &Context, state: OperatorState) -> Result<(), Diagnostics> {
        Box::pin(destroy::delete(&self.shared, context, state)).await
    }

    async fn import(
        &self,
        context: &Context,
        request: Import<OperatorIdentity>,
    ) -> Result<OperatorState, Diagnostics> {
        let state = match request {
            Import::Id(id) => import::parse_id(&id)?,
            Import::Identity(identity) => import::check_identity(&identity)?,
        };
        read::import(&self.shared, context, state).await
    }

    fn move_state(&self, source: &MoveSource) -> Result<Option<OperatorState>, Diagnostics> {
        moved::from(source)
    }
}

/// Namespace and name of the release, which are known wherever there is something to do.
fn names(state: &OperatorState) -> (String, String) {
    let text = |value: &Value<String>| value.known().cloned().unwrap_or_default();
    (text(&state.namespace), text(&state.name))
}

fn is_unfinished(context: &Context) -> bool {
    context.private(UNFINISHED) == Some(serde_json::Value::Bool(true))
}

fn noted(context: &Context) -> Option<Note> {
    context.private(NOTE).and_then(Note::from_private)
}
