//! An update on its way: parameters and the Cluster are written in the order that restarts instances least, and waited for
//! together.
//!
//! A parameter that the operator refuses shall change nothing, and a static one restarts the instances. So parameters go
//! first, the Cluster follows as soon as the operator has accepted them, and both wait for one roll.

use kubeblocks_schemas::v1alpha1::Cluster;
use tfplugin::prelude::*;

use super::apply::{CANNOT_UPDATE, UPDATING, conflicts, marked, refused, remove_mark};
use super::parameters::apply::{Unsettled, accepted, send, settle, stopped};
use super::parameters::goes_first;
use super::parameters::wait::Sent;
use super::schema::ClusterState;
use super::{backup, build, remember};
use crate::kubeblocks::diagnostic::{Timeout, not_ready, slow_but_healthy};
use crate::kubernetes::ownership::Ownership;
use crate::kubernetes::{Client, Conflicts};
use crate::wait::Limits;

const TIMEOUT: &str = "timeouts.update";

/// An update.
pub(super) struct Change<'a> {
    pub(super) context: &'a Context,
    pub(super) client: &'a Client,
    pub(super) prior: &'a ClusterState,
    pub(super) planned: &'a ClusterState,
    /// The object before.
    pub(super) existing: &'a Cluster,
    pub(super) limits: &'a Limits,
}

/// Why it did not come to its end.
enum Failure {
    Refused(Diagnostics),
    Unsettled(Unsettled),
}

impl Change<'_> {
    /// Writes and waits; `began` is called when something has changed. Gives a warning when nothing is wrong but the time.
    pub(super) async fn roll_out(
        &self,
        writes: bool,
        due: Vec<String>,
        began: impl Fn() + Send,
    ) -> Result<Option<Diagnostic>, Diagnostics> {
        let (first, then): (Vec<String>, Vec<String>) =
            due.into_iter().partition(|component| goes_first(self.prior, self.planned, component));
        let object = over(self.existing, self.prior, self.planned);
        if writes && !first.is_empty() {
            self.try_out(&object).await?;
        }
        let sent = self.set(&first).await?;
        let target = if writes { self.write(&object).await? } else { self.existing.clone() };
        remember(self.context, &target, true);
        began();
        let settled = self.wait(&target, &sent, &then).await;
        if writes {
            remove_mark(self.client, &object, conflicts(self.planned)).await;
        }
        match settled {
            Ok(()) => Ok(None),
            Err(Failure::Refused(refusals)) => Err(refusals),
            Err(Failure::Unsettled(Unsettled::Stopped(why))) => {
                Err(stopped(&why, self.planned, TIMEOUT).into())
            }
            Err(Failure::Unsettled(Unsettled::NotReady(error))) if error.is_slow_but_healthy() => {
                Ok(Some(slow_but_healthy(&error, Timeout::Update)))
            }
            Err(Failure::Unsettled(Unsettled::NotReady(error))) => {
                let summary = "KubeBlocks cluster did not become ready after the update";
                Err(not_ready(summary, &error, Timeout::Update).into())
            }
        }
    }

    async fn wait(&self, target: &Cluster, sent: &[Sent], then: &[String]) -> Result<(), Failure> {
        let ready = settle(self.client, target, sent, self.limits).await.map_err(Failure::Unsettled)?;
        if then.is_empty() {
            return Ok(());
        }
        let sent = self.set(then).await.map_err(Failure::Refused)?;
        settle(self.client, &ready, &sent, self.limits).await.map(drop).map_err(Failure::Unsettled)
    }

    /// Writes parameters, and waits for the operator's word.
    async fn set(&self, components: &[String]) -> Result<Vec<Sent>, Diagnostics> {
        if components.is_empty() {
            return Ok(Vec::new());
        }
        remember(self.context, self.existing, true);
        let sent = send(self.client, self.planned, components, self.limits).await?;
        let refused = |why| Diagnostics::from(stopped(&why, self.planned, TIMEOUT));
        accepted(self.client, self.planned, &sent, self.limits).await.map_err(refused)?;
        Ok(sent)
    }

    /// What the API server would refuse is found before parameters are written.
    async fn try_out(&self, object: &Cluster) -> Result<(), Diagnostics> {
        let client = self.client.obeying(&self.limits.stop);
        let tried = client.server_side_apply_dry_run(&marked(object, UPDATING), self.taking()).await;
        tried.map(drop).map_err(|error| refused(CANNOT_UPDATE, &error, self.planned))
    }

    async fn write(&self, object: &Cluster) -> Result<Cluster, Diagnostics> {
        let client = self.client.obeying(&self.limits.stop);
        let applied = client.server_side_apply(&marked(object, UPDATING), self.taking()).await;
        let applied = applied.map_err(|error| refused(CANNOT_UPDATE, &error, self.planned))?;
        Ok(applied.object)
    }

    /// What somebody else made and an import took over is theirs by the server's records: the first apply takes it.
    fn taking(&self) -> Conflicts {
        let is_ours = Ownership::ours(&self.existing.metadata).is_some();
        if is_ours { conflicts(self.planned) } else { Conflicts::Force }
    }
}

/// The object to apply over an existing one: a schedule of backups that is no longer written is switched off.
fn over(existing: &Cluster, prior: &ClusterState, planned: &ClusterState) -> Cluster {
    let mut object = build::cluster(planned);
    if planned.backup.is_null() {
        object.spec.backup = backup::switched_off(existing, !prior.backup.is_null());
    }
    object
}
