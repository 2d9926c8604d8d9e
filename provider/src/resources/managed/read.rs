//! Refresh: asks the cloud, at most three requests, and maps. Changes nothing.

use kubeblocks_cloud::contract::CLUSTER;
use kubeblocks_cloud::{ClusterId, Error, ManagedKubernetes as _, Observed, Phase};
use tfplugin::prelude::*;

use super::kind::ManagedCluster;
use super::plan;
use super::schema::ClusterState as _;
use super::{failure, is_lost, note_behind, note_size, set_lost, set_unfinished, state, take_imported};
use crate::kubernetes::CloudMethod;
use crate::provider::Shared;

/// The cluster as it is now. Gone only when the cloud says so.
pub(super) async fn read<K: ManagedCluster>(
    shared: &Shared,
    context: &Context,
    mut state: K::State,
) -> Result<Option<K::State>, Diagnostics> {
    let summary = format!("Cannot read the {} cluster", K::METHOD.service());
    let failed = |error: &Error| Diagnostics::from(failure::diagnostic(&summary, error));
    let cloud = K::cloud(shared, &state).await.map_err(|error| failed(&error))?;
    let is_import = take_imported(context);
    let Some(id) = K::cluster_id(&state) else { return Ok(has_leftovers::<K>(&state).then_some(state)) };
    match cloud.observe(&id).await.map_err(|error| failed(&error))? {
        Some(observed) => {
            if is_lost(context) {
                set_lost(context, false);
            }
            note(context, K::METHOD, &observed);
            K::fill(&mut state, &cloud);
            remember_id::<K>(&mut state, &id);
            state::adopt::<K>(&mut state, &observed, is_import);
            let mut common = state.common();
            if common.created_resources.is_null() {
                common.created_resources = Value::Known(Vec::new());
            }
            if is_import {
                common.planned_impact = plan::of_create::<K>(&common, &common).into();
            }
            state.set_common(common);
            Ok(Some(state))
        }
        // An interrupted create, a destroy that failed, or somebody who removed the cluster alone: what was made around it is
        // still there, to be removed or gone on with. Without it in the state nobody would ever remove it.
        None if has_leftovers::<K>(&state) => {
            set_unfinished(context, true);
            let mut common = state.common();
            // One that is still being made has no way in yet.
            if common.kubernetes.known().is_some() {
                set_lost(context, true);
            }
            common.kubernetes = Value::Null;
            state.set_common(common);
            Ok(Some(state))
        }
        None => Ok(None),
    }
}

/// Whether something is left that does not go with the cluster.
fn has_leftovers<K: ManagedCluster>(state: &K::State) -> bool {
    let made = state::made(&state.common().created_resources);
    made.objects().iter().any(|object| object.part != CLUSTER && !object.part.starts_with("system_node"))
}

/// What is marked as unfinished, or failed, is gone on with by the next apply.
fn note<S, P>(context: &Context, method: CloudMethod, observed: &Observed<S, P>) {
    if observed.is_unfinished {
        set_unfinished(context, true);
    }
    if let Some(pool) = &observed.system_pool {
        note_size(context, &pool.nodes);
        // ACK takes nodes along; whoever kept some back there has to see to them.
        if method != CloudMethod::Ack {
            note_behind(context, &observed.version, pool.version.as_deref());
        }
    }
    if let Phase::Failed(reasons) = &observed.phase {
        context.warn(Diagnostic::warning("Kubernetes cluster is not healthy", reasons.clone()));
    }
}

/// Keeps the identifier.
pub(super) fn remember_id<K: ManagedCluster>(state: &mut K::State, id: &ClusterId) {
    let mut common = state.common();
    common.id = Value::Known(id.0.clone());
    state.set_common(common);
}
