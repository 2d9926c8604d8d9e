//! `kubeblocks_cluster`: a database that the KubeBlocks operator runs.
//!
//! The way of an apply: `installed` (reads) -> `build` (pure) -> `apply` (writes, waits) -> `observe` and `endpoints` (pure).
//! A plan is `validate` and `plan` (pure), and a look at what is installed when the Kubernetes cluster can be asked.

mod apply;
pub mod backup;
pub mod build;
pub mod claims;
pub mod endpoints;
pub mod equality;
pub mod exposure;
mod final_backup;
pub mod impact;
pub mod import;
pub mod input;
pub mod installed;
pub mod observe;
mod observe_resources;
pub mod parameters;
pub mod paths;
pub mod plan;
pub mod prechecks;
mod read;
pub mod restart;
pub mod restore;
mod rollout;
pub mod running;
pub mod schema;
pub mod service_references;
pub mod sizes;
#[cfg(test)]
pub mod test_support;
pub mod validate;

use std::sync::Arc;

use kubeblocks_schemas::v1alpha1::Cluster;
use tfplugin::diagnostic::Severity;
use tfplugin::prelude::*;
use tfplugin::resource::MoveSource;

use crate::impact::is_unchanged;
use crate::kubernetes::Error;
use crate::kubernetes::diagnostic::{detail, silent};
use crate::provider::Shared;
use crate::resources::moved;
use crate::wait::{PLAN_LOOK, at_most};
use parameters::judge::Effects;
pub use schema::{ClusterIdentity, ClusterState};

/// Private data: an apply was interrupted, or ran out of time, before the database was ready.
const UNFINISHED: &str = "unfinished";
/// Private data: which object it is, through a change of its `kubernetes`.
const UID: &str = "uid";

/// The resource.
#[derive(Clone, Debug)]
pub struct ClusterResource {
    shared: Arc<Shared>,
}

impl ClusterResource {
    /// The resource of a provider.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Looks at what is installed. That the API is away never fails a plan. Also tells what a change of parameters does.
    async fn check_installed(
        &self,
        context: &Context,
        prior: Option<&ClusterState>,
        planned: &ClusterState,
    ) -> (Diagnostics, Option<Effects>) {
        let nothing = (Diagnostics::new(), None);
        let reached = self.shared.planning_client(context, &planned.kubernetes).await;
        let Some((connection, client)) = reached else { return nothing };
        // Many databases of a plan have the same engine.
        let client = client.glancing();
        let definition = planned.definition.known().map_or("", String::as_str);
        let being_installed = self.shared.is_being_installed(&connection)
            || self.shared.is_being_enabled(&connection, definition);
        let look = async {
            let restored = if prior.is_none() { restore::find(&client, planned).await? } else { None };
            Ok::<_, Error>((installed::find(&client, prior, planned).await?, restored))
        };
        match at_most(PLAN_LOOK, look).await {
            Some(Ok((found, restored))) => {
                let effects = prior.and_then(|prior| installed::effects(prior, planned, &found));
                let found = installed::judge(planned, &found, installed::Moment::Plan);
                // What the same plan installs will be there.
                let mut found = if being_installed { without_missing(found) } else { found };
                let judge = |restored| restore::judge(planned, &restored, installed::Moment::Plan);
                found.append(restored.map(judge).unwrap_or_default());
                (found, effects)
            }
            Some(Err(error)) if being_installed && error.is_not_served() => nothing,
            Some(Err(error)) => {
                self.shared.plan_without(context, &connection, &detail(&error));
                nothing
            }
            None => {
                let why = silent(&client, PLAN_LOOK);
                self.shared.plan_without(context, &connection, &why);
                nothing
            }
        }
    }

    /// Looks at what a change needs. That the API is away never fails a plan.
    async fn precheck(&self, context: &Context, prior: &ClusterState, planned: &ClusterState) -> Diagnostics {
        let reached = self.shared.planning_client(context, &planned.kubernetes).await;
        let Some((connection, client)) = reached else { return Diagnostics::new() };
        let why = match at_most(PLAN_LOOK, prechecks::find(&client, prior, planned)).await {
            Some(Ok(found)) => return prechecks::judge(prior, planned, &found),
            Some(Err(error)) => detail(&error),
            None => silent(&client, PLAN_LOOK),
        };
        self.shared.plan_without(context, &connection, &why);
        Diagnostics::new()
    }

    async fn plan_create(&self, context: &Context, planned: &mut ClusterState) -> Result<(), Diagnostics> {
        let texts = (planned.namespace.known(), planned.name.known(), planned.definition.known());
        if let (Some(namespace), Some(name), Some(definition)) = texts {
            self.shared.note_engine(&planned.kubernetes, namespace, name, definition);
        }
        planned.planned_impact = impact::of_create(planned).into();
        context.settle(Box::pin(self.check_installed(context, None, planned)).await.0)
    }

    async fn plan_update(
        &self,
        context: &Context,
        prior: &ClusterState,
        planned: &mut ClusterState,
        requires_replace: &mut Vec<Path>,
    ) -> Result<(), Diagnostics> {
        if let Some(path) = plan::moved_to(prior, planned)
            && !self.is_same_object(context, planned).await
        {
            requires_replace.push(path);
        }
        let mut diagnostics = plan::update(plan::Update {
            prior,
            planned,
            requires_replace,
            unfinished: is_unfinished(context),
        });
        if !requires_replace.is_empty() {
            let change = impact::of_replacement(prior, requires_replace);
            diagnostics.append(self.shared.guard().judge(&change, &planned.accept_impact));
            return context.settle(diagnostics);
        }
        if prechecks::is_needed(prior, planned) && !diagnostics.has_errors() {
            diagnostics.append(self.precheck(context, prior, planned).await);
        }
        let mut effects = None;
        if plan::asks_for_other_things(prior, planned) && !diagnostics.has_errors() {
            let (found, of_parameters) = Box::pin(self.check_installed(context, Some(prior), planned)).await;
            diagnostics.append(found);
            effects = of_parameters;
        }
        if !is_unchanged(prior, planned) {
            let change = impact::of_update(prior, planned, effects.as_ref());
            diagnostics.append(self.shared.guard().judge(&change, &planned.accept_impact));
            planned.planned_impact = change.into_planned().into();
        }
        context.settle(diagnostics)
    }

    /// Whether the object behind another endpoint is the one that we have: then only its address has changed.
    async fn is_same_object(&self, context: &Context, planned: &ClusterState) -> bool {
        let Some(uid) = private_text(context, UID) else { return false };
        let reached = self.shared.planning_client(context, &planned.kubernetes).await;
        let Some((_, client)) = reached else { return false };
        let (namespace, name) = names(planned);
        let found = at_most(PLAN_LOOK, client.get_opt::<Cluster>(Some(&namespace), &name)).await;
        matches!(found, Some(Ok(Some(object))) if object.metadata.uid.as_deref() == Some(uid.as_str()))
    }
}

impl Resource for ClusterResource {
    type State = ClusterState;
    type Identity = ClusterIdentity;

    const TYPE_NAME: &'static str = "kubeblocks_cluster";

    fn identity(&self, state: &ClusterState) -> ClusterIdentity {
        ClusterIdentity { namespace: state.namespace.clone(), name: state.name.clone() }
    }

    fn validate(&self, config: &ClusterState, diagnostics: &mut Diagnostics) {
        validate::config(config, diagnostics);
    }

    async fn modify_plan(&self, context: &Context, plan: &mut Plan<ClusterState>) -> Result<(), Diagnostics> {
        let Plan { prior, planned, requires_replace, .. } = plan;
        match prior {
            None => Box::pin(self.plan_create(context, planned)).await,
            Some(prior) if prior.definition.is_null() => Err(moved::never_read()),
            Some(prior) => Box::pin(self.plan_update(context, prior, planned, requires_replace)).await,
        }
    }

    async fn plan_destroy(&self, _context: &Context, prior: &ClusterState) -> Result<(), Diagnostics> {
        plan::refuse_destroy(prior).map_or(Ok(()), |refusal| Err(refusal.into()))
    }

    async fn create(
        &self,
        context: &Context,
        request: Create<ClusterState>,
        progress: &Progress<ClusterState>,
    ) -> Result<ClusterState, Diagnostics> {
        Box::pin(apply::create(&self.shared, context, request.planned, progress)).await
    }

    async fn read(
        &self,
        context: &Context,
        state: ClusterState,
    ) -> Result<Option<ClusterState>, Diagnostics> {
        read::read(&self.shared, context, state).await
    }

    async fn update(
        &self,
        context: &Context,
        request: Update<ClusterState>,
        progress: &Progress<ClusterState>,
    ) -> Result<ClusterState, Diagnostics> {
        Box::pin(apply::update(&self.shared, context, request.prior, request.planned, progress)).await
    }

    async fn delete(&self, context: &Context, state: ClusterState) -> Result<(), Diagnostics> {
        apply::delete(&self.shared, context, state).await
    }

    async fn import(
        &self,
        context: &Context,
        request: Import<ClusterIdentity>,
    ) -> Result<ClusterState, Diagnostics> {
        let identity = match request {
            Import::Id(id) => import::parse_id(&id)?,
            Import::Identity(identity) => import::check_identity(identity)?,
        };
        read::import(&self.shared, context, identity).await
    }

    fn move_state(&self, source: &MoveSource) -> Result<Option<ClusterState>, Diagnostics> {
        let object = moved::object(source, Self::TYPE_NAME, "Cluster")?;
        Ok(object.map(|object| ClusterState {
            namespace: object.namespace,
            name: object.name,
            ..ClusterState::default()
        }))
    }
}

/// What stands against a plan although the same plan installs what is missing. A definition that is not there yet may well
/// be near to the name of one that is.
fn without_missing(diagnostics: Diagnostics) -> Diagnostics {
    diagnostics
        .into_iter()
        .filter(|found| found.severity == Severity::Error && found.summary != installed::NOT_INSTALLED)
        .collect()
}

/// Namespace and name, which are known wherever there is something to do.
fn names(state: &ClusterState) -> (String, String) {
    let text = |value: &Value<String>| value.known().cloned().unwrap_or_default();
    (text(&state.namespace), text(&state.name))
}

fn is_unfinished(context: &Context) -> bool {
    context.private(UNFINISHED) == Some(serde_json::Value::Bool(true))
}

fn private_text(context: &Context, key: &str) -> Option<String> {
    context.private(key).and_then(|value| value.as_str().map(str::to_owned))
}

/// Notes which object it is, and whether it is still to be waited for.
fn remember(context: &Context, object: &Cluster, unfinished: bool) {
    if let Some(uid) = &object.metadata.uid {
        context.set_private(UID, uid.clone().into());
    }
    context.set_private(UNFINISHED, unfinished.into());
}
