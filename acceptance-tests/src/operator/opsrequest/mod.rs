//! The `OpsRequest` controller: `"" -> Pending -> Creating -> Running -> Succeed | Failed | Cancelled`.
//!
//! As in the real operator without webhooks, almost nothing is validated: an operation on a component that does not
//! exist succeeds, one that the cluster cannot do may run for ever.

mod action;
mod behaviour;
mod details;
mod lock;
mod noted;
mod progress;
mod replicas;
mod switchover;
mod volumes;

use std::sync::Arc;
use std::time::Duration;

use kube::ResourceExt;
use kube::runtime::controller::Action;
use serde_json::json;

use super::Context;
use super::api::{Cluster, Condition, OpsRequest, OpsRequestStatus};
use super::conditions::{self, age, now};
use super::error::Error;
use super::events::Severity;
use super::naming::{LABEL_INSTANCE, LABEL_OPS_TYPE, OPS_FINALIZER};
use super::store::controlled_by;
use behaviour::Behaviour;

pub(crate) use lock::of_cluster;

/// How soon the operator looks again at an operation that waits for something outside.
const REQUEUE: Duration = Duration::from_secs(1);

/// An operation together with the cluster it is for.
pub(crate) struct Operation<'a> {
    context: &'a Context,
    cluster: &'a Cluster,
    request: &'a OpsRequest,
    behaviour: Behaviour,
}

/// What a look at a running operation found.
enum Verdict {
    /// Not done; look again when something changes, or after the period.
    Running(Option<Duration>),
    Succeeded,
    Failed(Option<String>),
}

/// Brings one operation a step further.
pub(crate) async fn reconcile(trigger: Arc<OpsRequest>, context: Arc<Context>) -> Result<Action, Error> {
    let (namespace, name) = (trigger.namespace().unwrap_or_default(), trigger.name_any());
    let Some(request) = context.store.get::<OpsRequest>(&namespace, &name).await? else {
        lock::release_everywhere(&context, &namespace, &name).await?;
        return Ok(Action::await_change());
    };
    if context.options.faults.is_paused(&namespace, &request.spec.cluster_ref) {
        return Ok(Action::requeue(REQUEUE));
    }
    let cluster = context.store.get::<Cluster>(&namespace, &request.spec.cluster_ref).await?;
    if request.metadata.deletion_timestamp.is_some() && request.status().phase != "Running" {
        return delete(&context, &request, cluster.as_ref()).await;
    }
    if !request.finalizers().iter().any(|known| known == OPS_FINALIZER) {
        context.store.add_finalizer(&request, OPS_FINALIZER).await?;
        return Ok(Action::await_change());
    }
    let Some(cluster) = cluster else {
        if is_complete(&request.status().phase) {
            return Ok(Action::await_change());
        }
        let message = format!("spec.clusterRef {} is not found", request.spec.cluster_ref);
        let condition = Condition::unmet("Validated", "ClusterNotFound", message);
        end(&context, &request, None, request.status(), "Failed", condition).await?;
        return Ok(Action::await_change());
    };
    if adopt(&context, &request, &cluster).await? {
        return Ok(Action::await_change());
    }
    let behaviour = Behaviour::of(&request.spec.type_);
    let operation = Operation { context: &context, cluster: &cluster, request: &request, behaviour };
    operation.advance().await
}

fn is_complete(phase: &str) -> bool {
    ["Succeed", "Failed", "Cancelled"].contains(&phase)
}

/// Labels the operation and makes it the cluster's. Says whether there was something to write.
async fn adopt(context: &Context, request: &OpsRequest, cluster: &Cluster) -> Result<bool, Error> {
    let spec = &request.spec;
    let is_labelled = request.labels().get(LABEL_INSTANCE) == Some(&spec.cluster_ref)
        && request.labels().get(LABEL_OPS_TYPE) == Some(&spec.type_);
    if is_labelled {
        return Ok(false);
    }
    let mut owner = controlled_by(cluster);
    (owner.controller, owner.block_owner_deletion) = (None, None);
    let patch = json!({ "metadata": {
        "labels": { LABEL_INSTANCE: spec.cluster_ref, LABEL_OPS_TYPE: spec.type_ },
        "ownerReferences": [owner],
    }});
    context
        .store
        .merge::<OpsRequest>(&request.namespace().unwrap_or_default(), &request.name_any(), &patch)
        .await?;
    Ok(true)
}

async fn delete(context: &Context, request: &OpsRequest, cluster: Option<&Cluster>) -> Result<Action, Error> {
    let name = request.name_any();
    context
        .events
        .record(request, Severity::Normal, "DeletingCR", &format!("Deleting opsrequest: {name}"))
        .await;
    if let Some(cluster) = cluster {
        lock::release(context, cluster, &name).await?;
    }
    context.store.remove_finalizer(request, OPS_FINALIZER).await?;
    context
        .events
        .record(request, Severity::Normal, "DeletedCR", &format!("Deleted opsrequest: {name}"))
        .await;
    Ok(Action::await_change())
}

/// Ends an operation: the lock goes first, then the status says so.
async fn end(
    context: &Context,
    request: &OpsRequest,
    cluster: Option<&Cluster>,
    mut status: OpsRequestStatus,
    phase: &str,
    condition: Condition,
) -> Result<(), Error> {
    let severity = if phase == "Failed" { Severity::Warning } else { Severity::Normal };
    context.events.record(request, severity, &condition.reason, &condition.message).await;
    if let Some(cluster) = cluster {
        lock::release(context, cluster, &request.name_any()).await?;
    }
    conditions::set(&mut status.conditions, condition);
    status.completion_timestamp = Some(now());
    phase.clone_into(&mut status.phase);
    context.store.write_status(request, request.status.as_ref(), &status).await?;
    Ok(())
}

impl Operation<'_> {
    fn name(&self) -> String {
        self.request.name_any()
    }

    fn namespace(&self) -> String {
        self.request.namespace().unwrap_or_default()
    }

    async fn advance(&self) -> Result<Action, Error> {
        let status = self.request.status();
        if self.request.spec.cancel && !is_complete(&status.phase) && status.phase != "Cancelling" {
            if self.behaviour.can_cancel {
                self.cancel(status).await?;
                return Ok(Action::await_change());
            }
            let message = format!("Type: {} does not support cancel action.", self.request.spec.type_);
            self.record(Severity::Warning, "CancelActionNotSupported", &message).await;
        }
        match status.phase.as_str() {
            "" => self.start(status).await,
            "Pending" => self.validate(status).await,
            "Creating" => self.act(status).await,
            "Running" | "Cancelling" => self.watch(status).await,
            "Succeed" => self.expire(&status).await,
            _ => Ok(Action::await_change()),
        }
    }

    async fn record(&self, severity: Severity, reason: &str, message: &str) {
        self.context.events.record(self.request, severity, reason, message).await;
    }

    async fn write(&self, status: &OpsRequestStatus) -> Result<(), Error> {
        self.context.store.write_status(self.request, self.request.status.as_ref(), status).await?;
        Ok(())
    }

    /// `"" -> Pending`.
    async fn start(&self, mut status: OpsRequestStatus) -> Result<Action, Error> {
        let message = format!(
            "Start to process the OpsRequest: {} in Cluster: {}",
            self.name(),
            self.request.spec.cluster_ref
        );
        self.record(Severity::Normal, "OpsRequestProgressingStarted", &message).await;
        conditions::set(
            &mut status.conditions,
            Condition::met("Progressing", "OpsRequestProgressingStarted", message),
        );
        "Pending".clone_into(&mut status.phase);
        "-/-".clone_into(&mut status.progress);
        self.write(&status).await?;
        Ok(Action::await_change())
    }

    /// `Pending -> Creating`, or `Failed` when another operation runs or the cluster is in the wrong phase.
    async fn validate(&self, mut status: OpsRequestStatus) -> Result<Action, Error> {
        match self.entry_problem() {
            Some(Entry::Wait) => return Ok(Action::requeue(REQUEUE)),
            Some(Entry::Refused(message)) => {
                let condition = Condition::unmet("Validated", "ValidateFailed", message.clone());
                end(self.context, self.request, Some(self.cluster), status, "Failed", condition).await?;
                let message = format!("Failed to process the operation of OpsRequest: {message}");
                self.record(Severity::Warning, "DoActionFailed", &message).await;
                return Ok(Action::await_change());
            }
            None => {}
        }
        let cluster = if self.behaviour.to.is_some() && self.request.metadata.deletion_timestamp.is_none() {
            lock::acquire(self).await?
        } else {
            self.cluster.clone()
        };
        noted::note(self, &mut status).await?;
        let validated = format!("OpsRequest: {} is validated", self.name());
        self.record(Severity::Normal, "ValidateOpsRequestPassed", &validated).await;
        conditions::set(
            &mut status.conditions,
            Condition::met("Validated", "ValidateOpsRequestPassed", validated),
        );
        let mut started = self.behaviour.started(self.request);
        if self.request.spec.type_ == "Switchover" {
            started.message = switchover::started_message(self).await?;
            started = started.of_generation(cluster.generation());
        }
        self.record(Severity::Normal, &started.reason, &started.message).await;
        conditions::set(&mut status.conditions, started);
        status.start_timestamp = Some(now());
        "Creating".clone_into(&mut status.phase);
        self.write(&status).await?;
        Ok(Action::await_change())
    }

    fn entry_problem(&self) -> Option<Entry> {
        if self.behaviour.from.is_empty() {
            return None;
        }
        let queue = lock::entries(self.cluster);
        let name = self.name();
        if let Some(other) = queue.iter().find(|entry| entry.name != name && entry.type_ != "Reconfiguring") {
            return Some(Entry::Refused(format!(
                "existing OpsRequest: {} is running in Cluster: {}, handle this OpsRequest first",
                other.name,
                self.cluster.name_any()
            )));
        }
        let phase = self.cluster.phase();
        if self.behaviour.from.contains(&phase) || queue.iter().any(|entry| entry.name == name) {
            return None;
        }
        let patience =
            self.request.spec.ttl_seconds_before_abort.and_then(|seconds| u64::try_from(seconds).ok());
        let waited = self
            .request
            .creation_timestamp()
            .map_or(Duration::ZERO, |created| age(&conditions::stamp(created.0)));
        if patience.is_some_and(|patience| patience > 0 && waited < Duration::from_secs(patience)) {
            return Some(Entry::Wait);
        }
        let type_ = &self.request.spec.type_;
        Some(Entry::Refused(format!(
            "OpsRequest.spec.type={type_} is forbidden when Cluster.status.phase={phase}"
        )))
    }

    /// `Creating -> Running`. What goes wrong here is tried again for ever.
    async fn act(&self, mut status: OpsRequestStatus) -> Result<Action, Error> {
        if let Err(error) = action::run(self, &mut status).await {
            if error.is_conflict() {
                return Err(error);
            }
            let message = format!("Failed to process the operation of OpsRequest: {}", error.chain());
            self.record(Severity::Warning, "DoActionFailed", &message).await;
            return Ok(Action::requeue(REQUEUE));
        }
        let cluster = self.context.store.get::<Cluster>(&self.namespace(), &self.cluster.name_any()).await?;
        status.cluster_generation = cluster.as_ref().and_then(|cluster| cluster.metadata.generation);
        "Running".clone_into(&mut status.phase);
        self.write(&status).await?;
        Ok(Action::await_change())
    }

    /// `Running -> Succeed | Failed`, `Cancelling -> Cancelled`.
    async fn watch(&self, mut status: OpsRequestStatus) -> Result<Action, Error> {
        let before = status.clone();
        let verdict = progress::look(self, &mut status).await?;
        if status != before {
            self.write(&status).await?;
        }
        let name = self.name();
        let is_cancelling = status.phase == "Cancelling";
        let (phase, condition) = match verdict {
            Verdict::Running(again) => {
                return Ok(again.map_or_else(Action::await_change, Action::requeue));
            }
            Verdict::Succeeded | Verdict::Failed(_) if is_cancelling => {
                let message = format!("Cancel OpsRequest \"{name}\" successfully");
                ("Cancelled", Condition::met("Cancelled", "CancelSucceed", message))
            }
            Verdict::Succeeded => {
                let message = format!(
                    "Successfully processed the OpsRequest: {name} in Cluster: {}",
                    self.request.spec.cluster_ref
                );
                ("Succeed", Condition::met("Succeed", "OpsRequestProcessedSuccessfully", message))
            }
            Verdict::Failed(reason) => {
                let message = reason.unwrap_or_else(|| {
                    format!(
                        "Failed to process OpsRequest: {name} in cluster: {}",
                        self.request.spec.cluster_ref
                    )
                });
                ("Failed", Condition::unmet("Failed", "OpsRequestFailed", message))
            }
        };
        // The status was written above: the end is a second write, so it needs the object as it is now.
        let Some(current) = self.context.store.get::<OpsRequest>(&self.namespace(), &name).await? else {
            return Ok(Action::await_change());
        };
        end(self.context, &current, Some(self.cluster), current.status(), phase, condition).await?;
        Ok(Action::await_change())
    }

    async fn cancel(&self, mut status: OpsRequestStatus) -> Result<(), Error> {
        noted::undo(self, &status).await?;
        let message = format!(
            "Start to cancel the OpsRequest \"{}\" in Cluster: \"{}\"",
            self.name(),
            self.request.spec.cluster_ref
        );
        self.record(Severity::Normal, "Canceling", &message).await;
        conditions::set(&mut status.conditions, Condition::unmet("Cancelled", "Canceling", message));
        status.cancel_timestamp = Some(now());
        "Cancelling".clone_into(&mut status.phase);
        self.write(&status).await
    }

    /// A succeeded operation goes after its time, if it has one.
    async fn expire(&self, status: &OpsRequestStatus) -> Result<Action, Error> {
        let lifetime = self
            .request
            .spec
            .ttl_seconds_after_succeed
            .and_then(|seconds| u64::try_from(seconds).ok().filter(|seconds| *seconds > 0));
        let (Some(lifetime), Some(completed)) = (lifetime, &status.completion_timestamp) else {
            return Ok(Action::await_change());
        };
        let left = Duration::from_secs(lifetime).saturating_sub(age(completed));
        if !left.is_zero() {
            return Ok(Action::requeue(left));
        }
        self.context.store.delete::<OpsRequest>(&self.namespace(), &self.name()).await?;
        Ok(Action::await_change())
    }
}

/// Why an operation may not start now.
enum Entry {
    Wait,
    Refused(String),
}
