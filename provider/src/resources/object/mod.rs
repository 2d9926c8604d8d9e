//! `kubeblocks_object`: any object of KubeBlocks, from HCL or YAML.
//!
//! The way of an apply: `manifest` (pure) -> `apply` (writes) with `remote` (looks and waits) -> the state, which is the plan.
//! A refresh is `read` and `observe` (pure). A plan is `manifest` and `plan`, which lets the server judge when it can be asked.

mod apply;
pub mod equality;
pub mod import;
pub mod kinds;
pub mod manifest;
pub(crate) mod messages;
pub mod moved;
pub mod observe;
pub mod paths;
mod plan;
mod read;
pub mod readiness;
pub(crate) mod remote;
pub mod schema;
#[cfg(test)]
mod server_tests;
#[cfg(test)]
mod test_support;
pub mod values;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use tfplugin::prelude::*;
use tfplugin::resource::MoveSource;

use crate::provider::Shared;
use plan::same_group_object;
pub use schema::{ObjectIdentity, ObjectState};

/// Private data: which object it is, through a change of its `kubernetes`.
const UID: &str = "uid";

/// Private data: the state came from an import, so it may hold more than is written.
const IMPORTED: &str = "imported";

/// The resource.
#[derive(Clone, Debug)]
pub struct ObjectResource {
    shared: Arc<Shared>,
    kinds: remote::Kinds,
    warned: Warned,
}

/// Kinds that a plan warned of: endpoint, version, kind.
#[derive(Clone, Debug, Default)]
struct Warned(Arc<Mutex<HashSet<(String, String, String)>>>);

impl Warned {
    fn first_time(&self, endpoint: &str, api_version: &str, kind: &str) -> bool {
        let key = (endpoint.to_owned(), api_version.to_owned(), kind.to_owned());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key)
    }
}

impl ObjectResource {
    /// The resource of a provider.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, kinds: remote::Kinds::default(), warned: Warned::default() }
    }
}

impl Resource for ObjectResource {
    type State = ObjectState;
    type Identity = ObjectIdentity;

    const TYPE_NAME: &'static str = "kubeblocks_object";

    fn identity(&self, state: &ObjectState) -> ObjectIdentity {
        ObjectIdentity {
            api_version: state.api_version.clone(),
            kind: state.kind.clone(),
            namespace: state.namespace.clone(),
            name: state.name.clone(),
        }
    }

    fn validate(&self, config: &ObjectState, diagnostics: &mut Diagnostics) {
        if let Some(kubernetes) = config.kubernetes.known() {
            kubernetes.validate(&Path::attribute("kubernetes"), diagnostics);
        }
        manifest::check(config, diagnostics);
    }

    async fn modify_plan(&self, context: &Context, plan: &mut Plan<ObjectState>) -> Result<(), Diagnostics> {
        if let Some(prior) = &plan.prior
            && context.private(IMPORTED) == Some(serde_json::Value::Bool(true))
        {
            plan::keep_imported(prior, &mut plan.planned);
        }
        let replaced = plan::settle_names(plan.prior.as_ref(), &mut plan.planned);
        plan.requires_replace.extend(replaced);
        if let Some(prior) = &plan.prior {
            plan::settle_ready(prior, &mut plan.planned);
            if let Some(path) = plan::moved_to(prior, &plan.planned)
                && !self.is_same_object(context, &plan.planned).await
            {
                plan.requires_replace.push(path);
            }
            if !plan.requires_replace.is_empty() || !apply::needs_write(prior, &plan.planned) {
                return Ok(());
            }
        }
        self.ask_server(context, plan.prior.as_ref(), &plan.planned).await.into_result(())
    }

    async fn create(
        &self,
        context: &Context,
        request: Create<ObjectState>,
        progress: &Progress<ObjectState>,
    ) -> Result<ObjectState, Diagnostics> {
        Box::pin(apply::create(self, context, request.planned, progress)).await
    }

    async fn read(&self, context: &Context, state: ObjectState) -> Result<Option<ObjectState>, Diagnostics> {
        read::read(self, context, state).await
    }

    async fn update(
        &self,
        context: &Context,
        request: Update<ObjectState>,
        progress: &Progress<ObjectState>,
    ) -> Result<ObjectState, Diagnostics> {
        Box::pin(apply::update(self, context, request.prior, request.planned, progress)).await
    }

    async fn delete(&self, context: &Context, state: ObjectState) -> Result<(), Diagnostics> {
        Box::pin(apply::delete(self, context, state)).await
    }

    async fn import(
        &self,
        context: &Context,
        request: Import<ObjectIdentity>,
    ) -> Result<ObjectState, Diagnostics> {
        let identity = match request {
            Import::Id(id) => import::parse_id(&id)?,
            Import::Identity(identity) => import::check_identity(identity)?,
        };
        read::import(self, context, identity).await
    }

    fn move_state(&self, source: &MoveSource) -> Result<Option<ObjectState>, Diagnostics> {
        moved::state(source)
    }
}

/// `apiVersion`, kind and name, which are known wherever there is something to do.
fn names(state: &ObjectState) -> (String, String, String) {
    let text = |value: &Value<String>| value.known().cloned().unwrap_or_default();
    (text(&state.api_version), text(&state.kind), text(&state.name))
}
