//! An update on its way: parameters and the Cluster are written in the order that restarts instances least, and waited for
//! together. Then come restarts that nothing of it has done.
//!
//! A parameter that the operator refuses shall change nothing, and a static one restarts the instances. So parameters go
//! first, the Cluster follows as soon as the operator has accepted them, and both wait for one roll.

use kubeblocks_schemas::v1alpha1::Cluster;
use tfplugin::prelude::*;

use super::apply::{CANNOT_UPDATE, UPDATING, conflicts, marked, refused, remove_mark};
use super::parameters::apply::{Unsettled, accepted, send, settle, stopped};
use super::parameters::goes_first;
use super::parameters::wait::Sent;
use super::restart::{Instances, Restart};
use super::schema::ClusterState;
use super::{backup, build, names, remember, restart, running};
use crate::kubeblocks::diagnostic::{Timeout, not_ready, slow_but_healthy};
use crate::kubeblocks::naming::SNAPSHOT_FOR_START_ANNOTATION;
use crate::kubeblocks::operation::diagnostic::diagnostic as of_operation;
use crate::kubernetes::error::FieldConflict;
use crate::kubernetes::ownership::Ownership;
use crate::kubernetes::unfinished::take_off;
use crate::kubernetes::{Client, Conflicts, Error};
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
        self.wait_for_others().await?;
        let restarts = restart::due(self.prior, self.planned);
        let (namespace, name) = names(self.planned);
        let instances =
            if restarts.is_empty() { None } else { Instances::of(self.client, &namespace, &name).await.ok() };
        let (first, then): (Vec<String>, Vec<String>) =
            due.into_iter().partition(|component| goes_first(self.prior, self.planned, component));
        // What restarts are due stays to be seen until they are done.
        let object = over(self.existing, self.prior, &restart::before(self.prior, self.planned));
        if writes && !first.is_empty() {
            self.try_out(&object).await?;
        }
        let sent = self.set(&first).await?;
        let target = if writes { self.write(&object).await? } else { self.existing.clone() };
        remember(self.context, &target, true);
        began();
        let mut settled = self.wait(&target, &sent, &then).await;
        if settled.is_ok() && !restarts.is_empty() {
            let restart = Restart {
                client: self.client,
                planned: self.planned,
                due: &restarts,
                before: instances.as_ref(),
                limits: self.limits,
            };
            settled = Box::pin(restart.run()).await.map_err(Failure::Refused);
        }
        if writes {
            self.unmark(&target, settled.is_ok() && !restarts.is_empty()).await;
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

    /// Takes the mark off; `restarted` says that what asked for restarts is to be noted with it.
    async fn unmark(&self, target: &Cluster, restarted: bool) {
        if restarted {
            let done = over(self.existing, self.prior, self.planned);
            take_off(async || self.client.server_side_apply(&done, conflicts(self.planned)).await.map(drop))
                .await;
        } else {
            remove_mark(self.client, target).await;
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
        let (client, object) = (self.client.obeying(&self.limits.stop), marked(object, UPDATING));
        let mut tried = client.server_side_apply_dry_run(&object, self.taking()).await;
        if self.may_take_over(&tried) {
            tried = client.server_side_apply_dry_run(&object, Conflicts::Force).await;
        }
        tried.map(drop).map_err(|error| refused(CANNOT_UPDATE, &error, self.planned))
    }

    async fn write(&self, object: &Cluster) -> Result<Cluster, Diagnostics> {
        let (client, object) = (self.client.obeying(&self.limits.stop), marked(object, UPDATING));
        let mut applied = client.server_side_apply(&object, self.taking()).await;
        if self.may_take_over(&applied) {
            applied = client.server_side_apply(&object, Conflicts::Force).await;
        }
        let failed = |error: Error| refused(CANNOT_UPDATE, &error, self.planned);
        let applied = applied.map_err(failed)?.object;
        if running::is_stopped(self.planned) || running::noted(&applied).is_none() {
            return Ok(applied);
        }
        let (namespace, name) = names(self.planned);
        let removed =
            client.remove_annotation::<Cluster>(Some(&namespace), &name, SNAPSHOT_FOR_START_ANNOTATION);
        removed.await.map(|()| applied).map_err(failed)
    }

    /// Whoever stopped or started the database last owns its replicas; what is written here goes on from there.
    fn may_take_over<T>(&self, tried: &Result<T, Error>) -> bool {
        let switches = self.prior.running != self.planned.running || running::is_stopped(self.planned);
        let is_ours = |conflict: &FieldConflict| {
            running::is_of_no_annotation(conflict) || switches && running::is_of_a_stop(conflict)
        };
        let may = |error: &Error| match error {
            Error::FieldConflict { conflicts, .. } => conflicts.iter().all(is_ours),
            _ => false,
        };
        tried.as_ref().err().is_some_and(may)
    }

    /// An operation of somebody else writes the same fields, and sets them back when it fails.
    async fn wait_for_others(&self) -> Result<(), Diagnostics> {
        let waited = Box::pin(restart::wait_for_others(self.client, self.planned, self.limits)).await;
        waited.map_err(|error| of_operation(CANNOT_UPDATE, &error, &restart::Names(&[])).into())
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
