//! The resource of every managed Kubernetes cluster.

use std::marker::PhantomData;
use std::sync::Arc;

use tfplugin::prelude::*;

use super::kind::ManagedCluster;
use super::schema::ClusterState as _;
use super::{apply, destroy, plan, read, rules, set_imported};
use crate::impact::guard::validate_accepted;
use crate::provider::Shared;

/// The resource of one cloud.
#[derive(Debug)]
pub struct ClusterResource<K> {
    shared: Arc<Shared>,
    kind: PhantomData<fn() -> K>,
}

impl<K> ClusterResource<K> {
    /// The resource of a provider.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, kind: PhantomData }
    }
}

impl<K: ManagedCluster> Resource for ClusterResource<K> {
    type State = K::State;
    type Identity = K::Identity;

    const TYPE_NAME: &'static str = K::TYPE_NAME;

    fn identity(&self, state: &K::State) -> K::Identity {
        K::identity(state)
    }

    fn validate(&self, config: &K::State, diagnostics: &mut Diagnostics) {
        let common = config.common();
        if let Some(pool) = common.system_node_pool.known() {
            let path = Path::attribute("system_node_pool");
            rules::validate_pool(&pool.size, &pool.autoscaling, &path, diagnostics);
        }
        validate_accepted(&common.accept_impact, diagnostics);
        K::validate(config, diagnostics);
    }

    async fn modify_plan(&self, context: &Context, plan: &mut Plan<K::State>) -> Result<(), Diagnostics> {
        plan::modify::<K>(self.shared.guard(), context, plan)
    }

    async fn plan_destroy(&self, _context: &Context, prior: &K::State) -> Result<(), Diagnostics> {
        plan::destroy::<K>(prior)
    }

    async fn create(
        &self,
        context: &Context,
        request: Create<K::State>,
        progress: &Progress<K::State>,
    ) -> Result<K::State, Diagnostics> {
        Box::pin(apply::create::<K>(&self.shared, context, request.planned, progress)).await
    }

    async fn read(&self, context: &Context, state: K::State) -> Result<Option<K::State>, Diagnostics> {
        read::read::<K>(&self.shared, context, state).await
    }

    async fn update(
        &self,
        context: &Context,
        request: Update<K::State>,
        progress: &Progress<K::State>,
    ) -> Result<K::State, Diagnostics> {
        Box::pin(apply::update::<K>(&self.shared, context, request, progress)).await
    }

    async fn delete(&self, context: &Context, state: K::State) -> Result<(), Diagnostics> {
        Box::pin(destroy::delete::<K>(&self.shared, context, state)).await
    }

    async fn import(&self, context: &Context, request: Import<K::Identity>) -> Result<K::State, Diagnostics> {
        set_imported(context);
        let state = match request {
            Import::Id(id) => K::parse_import(&id),
            Import::Identity(identity) => K::of_identity(identity),
        };
        state.map_err(Diagnostics::from)
    }
}
