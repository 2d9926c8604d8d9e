//! Destroy: what ran inside gives back its load balancers and volumes, then the cloud removes the cluster and all that
//! was made for it.

use std::time::Duration;

use kubeblocks_cloud::{ClusterId, Error, Made, ManagedKubernetes as _, Progress, Seen};
use tfplugin::prelude::*;

use super::drive::{Call, Stopped, drive};
use super::kind::ManagedCluster;
use super::release::{ReleaseError, release};
use super::schema::ClusterState as _;
use super::{failure, plan, state};
use crate::kubernetes::diagnostic::detail;
use crate::provider::Shared;
use crate::wait::Limits;

/// How long what ran inside may take to give everything back; the cluster goes all the same then.
const RELEASE_LIMIT: Duration = Duration::from_mins(15);

/// Removes a cluster.
pub(super) async fn delete<K: ManagedCluster>(
    shared: &Shared,
    context: &Context,
    mut state: K::State,
) -> Result<(), Diagnostics> {
    plan::destroy::<K>(&state)?;
    let summary = format!("Cannot destroy the {} cluster", K::METHOD.service());
    let failed = |error| Diagnostics::from(failure::diagnostic(&summary, &error));
    let common = state.common();
    let limit = common.timeouts.delete_or(K::PATIENCE.delete);
    let limits = Limits::new(limit, context.stop());
    let cloud = K::cloud(shared, &state).await.map_err(failed)?;
    K::fill(&mut state, &cloud);
    let name = common.name.known().cloned().unwrap_or_default();
    let owner = state::owner(K::METHOD.text(), &K::place(&state), &name);
    let mut made = state::made(&common.created_resources);
    // Where the cloud gives the identifier, a create may have been cut off before there was one: what was made for it
    // goes all the same.
    let id = K::cluster_id(&state).unwrap_or_else(|| ClusterId("none".to_owned()));
    if let Some(observed) = cloud.observe(&id).await.map_err(failed)? {
        empty::<K>(shared, context, &mut state, &observed, limit).await?;
    }
    let outcome =
        drive(&limits, &mut Step::<K> { cloud: &cloud, id: &id, owner: &owner, made: &mut made }).await;
    outcome.map_err(|stopped| {
        let mut found = failure::stopped(&summary, "delete", &stopped);
        let left: Vec<String> =
            made.objects().iter().map(|object| format!("{} {}", object.kind, object.id)).collect();
        if !left.is_empty() {
            found.detail = format!("{}\n\nNot removed yet: {}.", found.detail, left.join(", "));
        }
        Diagnostics::from(found)
    })
}

/// One step of a destroy.
struct Step<'r, K: ManagedCluster> {
    cloud: &'r K::Cloud,
    id: &'r ClusterId,
    owner: &'r str,
    made: &'r mut Made,
}

impl<K: ManagedCluster> Call for Step<'_, K> {
    async fn call(&mut self) -> Result<Progress, Error> {
        self.cloud.delete(self.id, self.owner, self.made).await
    }
}

/// Lets what runs inside give back what it has in the cloud. A cluster whose API does not answer goes all the same.
async fn empty<K: ManagedCluster>(
    shared: &Shared,
    context: &Context,
    state: &mut K::State,
    observed: &Seen<K::Cloud>,
    limit: Duration,
) -> Result<(), Diagnostics> {
    state::adopt::<K>(state, observed, false);
    let Some(connection) = state::connection::<K>(&state.common()) else { return Ok(()) };
    let limits = Limits::new(limit.min(RELEASE_LIMIT), context.stop());
    let outcome = match shared.client(&connection).await {
        Ok(client) => release(&client.obeying(context.stop()), &limits).await,
        Err(error) => Err(ReleaseError::Api(error)),
    };
    let why = match outcome {
        Ok(()) => return Ok(()),
        Err(ReleaseError::Stopped(stopped @ Stopped::Interrupted { .. })) => {
            let summary = format!("Cannot destroy the {} cluster", K::METHOD.service());
            return Err(failure::stopped(&summary, "delete", &stopped).into());
        }
        Err(ReleaseError::Stopped(stopped)) => failure::stopped("", "delete", &stopped).detail,
        Err(ReleaseError::Api(error)) => detail(&error),
    };
    context.warn(Diagnostic::warning(
        "Load balancers and volumes may be left in the cloud",
        format!("What ran in the Kubernetes cluster could not be made to give everything back: {why}\n\nThe cluster is removed all the same. Look in the cloud's console for load balancers and disks of it."),
    ));
    Ok(())
}
