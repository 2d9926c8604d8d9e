//! The resource of every node pool: the same steps for all clouds.

use std::marker::PhantomData;
use std::sync::Arc;

use kubeblocks_cloud::contract::POOL;
use kubeblocks_cloud::{ClusterId, Error, Made, ManagedKubernetes, PoolId, Progress, SeenPool};
use tfplugin::prelude::{Progress as Recorder, *};

use super::drive::{Call, Stopped, drive};
use super::impact::{Nodes, Version};
use super::open::{Open, fill};
use super::pool_kind::ManagedPool;
use super::pool_schema::{CommonPool, PoolState as _};
use super::rules::{judge_version, validate_pool};
use super::schema::SystemNodePool;
use super::state::{owner, seen_pool, shown_map, some_list};
use super::{
    failure, is_unfinished, note_size, set_imported, set_unfinished, take_imported, with_noted_size,
};
use crate::impact::guard::validate_accepted;
use crate::impact::is_unchanged;
use crate::provider::Shared;
use crate::wait::Limits;

/// The resource of one cloud.
#[derive(Debug)]
pub struct PoolResource<K> {
    shared: Arc<Shared>,
    kind: PhantomData<fn() -> K>,
}

impl<K: ManagedPool> PoolResource<K> {
    /// The resource of a provider.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, kind: PhantomData }
    }

    fn summary(doing: &str) -> String {
        format!("Cannot {doing} the {} of the {} cluster", K::NOUN, K::METHOD.service())
    }

    /// Drives the cloud from what is there to what is wished.
    async fn apply(
        &self,
        context: &Context,
        mut state: K::State,
        (doing, limit): (&'static str, std::time::Duration),
        is_new: bool,
        progress: &Recorder<K::State>,
    ) -> Result<K::State, Diagnostics> {
        let summary = Self::summary(doing);
        let failed = |error| Diagnostics::from(failure::diagnostic(&summary, &error));
        let limits = Limits::new(limit, context.stop());
        let cloud = K::cloud(&self.shared, &state).await.map_err(failed)?;
        K::fill(&mut state, &cloud);
        let spec = K::spec(&state, &mark::<K>(&state));
        let mut made = Made::default();
        set_unfinished(context, true);
        let mut step =
            Step::<K> { cloud: &cloud, spec: &spec, is_new, made: &mut made, state: &mut state, progress };
        let outcome = drive(&limits, &mut step).await;
        // Also what a step made that was cut off.
        step.record();
        match outcome {
            Ok(()) => {}
            // An error would taint the pool, and the next apply would remove what goes on being made.
            Err(stopped @ Stopped::Interrupted { .. }) if is_new && made.id(POOL).is_some() => {
                let Diagnostic { detail, .. } = failure::stopped(&summary, doing, &stopped);
                context
                    .warn(Diagnostic::warning(format!("Interrupted while the {} was made", K::NOUN), detail));
                return Ok(without_unknowns::<K>(state));
            }
            Err(stopped) => {
                let found = failure::stopped(&summary, doing, &stopped);
                let id = pool_id::<K>(&state).map(|id| K::import_id(&id.cluster.0, &id.pool));
                let found = failure::with_import(found, &stopped, K::TYPE_NAME, id.as_deref());
                let is_kept = is_new && made.id(POOL).is_some();
                return Err(if is_kept { failure::with_untaint(found) } else { found }.into());
            }
        }
        if has_open::<K>(&mut state)
            && let Some(id) = pool_id::<K>(&state)
            && let Some(seen) = cloud.observe_pool(&id).await.map_err(failed)?
        {
            let mut common = state.common();
            fill_open::<K>(&mut common, &seen);
            state.set_common(common);
            K::show(&mut state, &seen.wish, false);
        }
        set_unfinished(context, false);
        Ok(without_unknowns::<K>(state))
    }
}

impl<K: ManagedPool> Resource for PoolResource<K> {
    type State = K::State;
    type Identity = K::Identity;

    const TYPE_NAME: &'static str = K::TYPE_NAME;

    fn identity(&self, state: &K::State) -> K::Identity {
        K::identity(state)
    }

    fn validate(&self, config: &K::State, diagnostics: &mut Diagnostics) {
        let common = config.common();
        validate_pool(&common.size, &common.autoscaling, &Path::root(), diagnostics);
        validate_accepted(&common.accept_impact, diagnostics);
        K::validate(config, diagnostics);
    }

    async fn modify_plan(&self, context: &Context, plan: &mut Plan<K::State>) -> Result<(), Diagnostics> {
        let config = plan.config.common();
        let Some(prior) = &plan.prior else {
            let mut after = plan.planned.common();
            after.planned_impact = nodes::<K>(None, &after, &config).of_create().into_planned().into();
            plan.planned.set_common(after);
            return Ok(());
        };
        let (before, mut after) = (prior.common(), plan.planned.common());
        let nodes = nodes::<K>(Some(with_noted_size(context, before.as_nodes())), &after, &config);
        let guard = self.shared.guard();
        if !plan.requires_replace.is_empty() {
            let change = nodes.of_replacement(&plan.requires_replace);
            return context.settle(guard.judge(&change, &after.accept_impact));
        }
        if let Some(refusal) = judge_version(&before.kubernetes_version, &after.kubernetes_version) {
            return Err(refusal.into());
        }
        if is_unfinished(context) {
            after.open_values().into_iter().for_each(Open::reopen);
            plan.planned.set_common(after.clone());
            K::open_values(&mut plan.planned).into_iter().for_each(Open::reopen);
        }
        if is_unchanged(prior, &plan.planned) {
            return Ok(());
        }
        let change = nodes.of_update(&Version {
            before: &before.kubernetes_version,
            after: &after.kubernetes_version,
            config: &config.kubernetes_version,
        });
        let found = guard.judge(&change, &after.accept_impact);
        after.planned_impact = change.into_planned().into();
        plan.planned.set_common(after);
        context.settle(found)
    }

    async fn create(
        &self,
        context: &Context,
        request: Create<K::State>,
        progress: &Recorder<K::State>,
    ) -> Result<K::State, Diagnostics> {
        let limit = request.planned.common().timeouts.create_or(K::PATIENCE);
        Box::pin(self.apply(context, request.planned, ("create", limit), true, progress)).await
    }

    async fn read(&self, context: &Context, mut state: K::State) -> Result<Option<K::State>, Diagnostics> {
        let summary = Self::summary("read");
        let failed = |error| Diagnostics::from(failure::diagnostic(&summary, &error));
        let cloud = K::cloud(&self.shared, &state).await.map_err(failed)?;
        K::fill(&mut state, &cloud);
        let Some(id) = pool_id::<K>(&state) else { return Ok(None) };
        let Some(seen) = cloud.observe_pool(&id).await.map_err(failed)? else { return Ok(None) };
        if seen.is_unfinished {
            set_unfinished(context, true);
        }
        note_size(context, &seen.nodes);
        let is_import = take_imported(context);
        adopt::<K>(&mut state, &id, &seen, is_import);
        Ok(Some(state))
    }

    async fn update(
        &self,
        context: &Context,
        request: Update<K::State>,
        progress: &Recorder<K::State>,
    ) -> Result<K::State, Diagnostics> {
        let limit = request.planned.common().timeouts.update_or(K::PATIENCE);
        let mut is_new = false;
        if is_unfinished(context) {
            let summary = Self::summary("update");
            let failed = |error| Diagnostics::from(failure::diagnostic(&summary, &error));
            let cloud = K::cloud(&self.shared, &request.planned).await.map_err(failed)?;
            let seen = match pool_id::<K>(&request.planned) {
                Some(id) => cloud.observe_pool(&id).await.map_err(failed)?,
                None => None,
            };
            is_new = seen.is_none_or(|seen| seen.is_unfinished);
        }
        let planned = request.planned;
        if is_new {
            let made = Box::pin(self.apply(context, planned, ("update", limit), true, progress)).await?;
            return Box::pin(self.apply(context, made, ("update", limit), false, progress)).await;
        }
        Box::pin(self.apply(context, planned, ("update", limit), false, progress)).await
    }

    async fn delete(&self, context: &Context, mut state: K::State) -> Result<(), Diagnostics> {
        let summary = Self::summary("destroy");
        let failed = |error| Diagnostics::from(failure::diagnostic(&summary, &error));
        let limits = Limits::new(state.common().timeouts.delete_or(K::PATIENCE), context.stop());
        let cloud = K::cloud(&self.shared, &state).await.map_err(failed)?;
        K::fill(&mut state, &cloud);
        let Some(id) = pool_id::<K>(&state) else { return Ok(()) };
        let mut made = Made::default();
        let outcome = drive(&limits, &mut Removal::<K> { cloud: &cloud, id: &id, made: &mut made }).await;
        outcome.map_err(|stopped| failure::stopped(&summary, "delete", &stopped).into())
    }

    async fn import(&self, context: &Context, request: Import<K::Identity>) -> Result<K::State, Diagnostics> {
        set_imported(context);
        let state = match request {
            Import::Id(id) => K::parse_import(&id),
            Import::Identity(identity) => Ok(K::of_identity(identity)),
        };
        state.map_err(Diagnostics::from)
    }
}

/// One step of a create or an update.
struct Step<'r, K: ManagedPool> {
    cloud: &'r K::Cloud,
    spec: &'r <K::Cloud as ManagedKubernetes>::PoolSpec,
    is_new: bool,
    made: &'r mut Made,
    state: &'r mut K::State,
    progress: &'r Recorder<K::State>,
}

impl<K: ManagedPool> Call for Step<'_, K> {
    async fn call(&mut self) -> Result<Progress, Error> {
        let answer = if self.is_new {
            self.cloud.create_pool(self.spec, self.made).await
        } else {
            self.cloud.update_pool(self.spec, self.made).await
        };
        self.record();
        answer
    }
}

impl<K: ManagedPool> Step<'_, K> {
    /// Keeps what is made in the state.
    fn record(&mut self) {
        if let Some(id) = self.made.id(POOL) {
            let mut common = self.state.common();
            common.id = Value::Known(id.to_owned());
            self.state.set_common(common);
            self.progress.record(without_unknowns::<K>(self.state.clone()));
        }
    }
}

/// One step of a destroy.
struct Removal<'r, K: ManagedPool> {
    cloud: &'r K::Cloud,
    id: &'r PoolId,
    made: &'r mut Made,
}

impl<K: ManagedPool> Call for Removal<'_, K> {
    async fn call(&mut self) -> Result<Progress, Error> {
        self.cloud.delete_pool(self.id, self.made).await
    }
}

fn nodes<K: ManagedPool>(before: Option<SystemNodePool>, after: &CommonPool, config: &CommonPool) -> Nodes {
    Nodes {
        path: Path::root(),
        noun: K::NOUN,
        method: K::METHOD,
        before,
        after: after.as_nodes(),
        config: config.as_nodes(),
    }
}

/// The mark of a pool: that of nothing else, also not of a pool of the same name elsewhere.
fn mark<K: ManagedPool>(state: &K::State) -> String {
    let common = state.common();
    let text = |value: &Value<String>| value.known().cloned().unwrap_or_default();
    let place = format!("{}/{}", K::place(state), text(&common.kubernetes_cluster_id));
    owner(K::METHOD.text(), &place, &text(&common.name))
}

fn pool_id<K: ManagedPool>(state: &K::State) -> Option<PoolId> {
    let common = state.common();
    let cluster = ClusterId(common.kubernetes_cluster_id.known()?.clone());
    let pool = K::pool_of(&common)?;
    Some(PoolId { cluster, pool })
}

fn adopt<K: ManagedPool>(state: &mut K::State, id: &PoolId, seen: &SeenPool<K::Cloud>, is_import: bool) {
    let mut common = state.common();
    common.id = Value::Known(id.pool.clone());
    if is_import {
        common.name = Value::Known(seen.name.clone());
    }
    let seen_nodes = seen_pool(Value::Known(common.as_nodes()), &seen.nodes, is_import);
    common.set_nodes(seen_nodes);
    if is_import {
        common.planned_impact = nodes::<K>(None, &common, &common).of_create().into_planned().into();
    }
    if let Some(version) = &seen.version {
        common.kubernetes_version = Value::Known(version.clone());
    }
    common.tags = shown_map(&seen.tags, &common.tags);
    state.set_common(common);
    K::show(state, &seen.wish, is_import);
}

/// Whether something that was left to the cloud is still to be read.
fn has_open<K: ManagedPool>(state: &mut K::State) -> bool {
    let mut common = state.common();
    let mut values = common.open_values();
    values.extend(K::open_values(state));
    values.iter().any(|value| value.is_open())
}

/// What was left to the cloud, as the cloud chose it.
fn fill_open<K: ManagedPool>(common: &mut CommonPool, seen: &SeenPool<K::Cloud>) {
    fill(&mut common.kubernetes_version, seen.version.clone(), false);
    fill(&mut common.machine_types, some_list(&seen.nodes.machine_types), false);
    fill(&mut common.disk_size_gib, seen.nodes.disk_size_gib, false);
    fill(&mut common.size, seen.nodes.size, false);
}

/// What an apply did not learn is null.
fn without_unknowns<K: ManagedPool>(mut state: K::State) -> K::State {
    let mut common = state.common();
    common.open_values().into_iter().for_each(Open::close);
    state.set_common(common);
    K::open_values(&mut state).into_iter().for_each(Open::close);
    state
}
