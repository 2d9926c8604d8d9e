//! How far a running operation is.

use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::ResourceExt;

use super::{Operation, REQUEUE, Verdict, action, details, replicas, switchover, volumes};
use crate::operator::api::{
    Backup, ComponentSpec, Configuration, OpsComponentStatus, OpsRequestStatus, ReplicatedStateMachine,
};
use crate::operator::cluster::is_latest;
use crate::operator::conditions::{age, now, stamp};
use crate::operator::error::Error;
use crate::operator::naming::{self, LABEL_ROLE};
use crate::operator::rsm::pod_is_ready;

/// How often the real operator looks at services that wait for an address.
const EXPOSE_PERIOD: Duration = Duration::from_secs(5);

/// Looks at the operation, notes its progress in the status and judges it.
pub(super) async fn look(operation: &Operation<'_>, status: &mut OpsRequestStatus) -> Result<Verdict, Error> {
    match operation.request.spec.type_.as_str() {
        "Restart" => components(operation, status, "restart").await,
        "VerticalScaling" => components(operation, status, "vertical scale").await,
        "Upgrade" => components(operation, status, "upgrade").await,
        "Stop" | "Start" | "HorizontalScaling" => components(operation, status, "").await,
        "VolumeExpansion" => volumes::look(operation, status).await,
        "Expose" => expose(operation, status).await,
        "Switchover" => switchover::look(operation, status).await,
        "Reconfiguring" => reconfigure(operation, status).await,
        "Backup" => backup(operation).await,
        _ => script(operation).await,
    }
}

/// Operations whose progress is that of the pods of their components.
async fn components(
    operation: &Operation<'_>,
    status: &mut OpsRequestStatus,
    verb: &str,
) -> Result<Verdict, Error> {
    let wanted = operation.request.component_names();
    let is_processed = is_processed(operation).await?;
    let (mut expected, mut completed, mut failed_for) = (0, 0, None::<Duration>);
    let reported = operation.cluster.status().components;
    for (name, state) in &reported {
        let Some(component) = operation.cluster.component(name) else { continue };
        if !wanted.is_empty() && !wanted.contains(&name.as_str()) {
            continue;
        }
        let mut entry = status.components.get(name).cloned().unwrap_or_default();
        let is_failed = ["Failed", "Abnormal"].contains(&state.phase.as_str());
        if is_failed {
            let since = entry.last_failed_time.get_or_insert_with(now).clone();
            let longest = failed_for.unwrap_or_default().max(age(&since));
            failed_for = Some(longest);
        } else {
            entry.last_failed_time = None;
        }
        entry.phase.clone_from(&state.phase);
        let labels = naming::component_selector(&operation.cluster.name_any(), name);
        let pods: Vec<Pod> = operation.context.store.list(&operation.namespace(), &labels).await?;
        let look = Look { operation, component, pods: &pods, is_processed, verb };
        let counted = if verb.is_empty() {
            match replicas::count(&look, status, &mut entry).await {
                Some(counted) => counted,
                None => return Ok(Verdict::Running(Some(REQUEUE))),
            }
        } else {
            (component.replicas, look.count_rolled(status, &mut entry).await)
        };
        expected += counted.0;
        completed += counted.1;
        status.components.insert(name.clone(), entry);
    }
    status.progress = format!("{completed}/{expected}");
    if !is_processed {
        // What is missing may be a workload's, and its changes lead to no look here.
        return Ok(Verdict::Running(Some(REQUEUE)));
    }
    if let Some(failed_for) = failed_for {
        let patience = operation.context.options.operation_failed_after;
        return Ok(match patience.checked_sub(failed_for).filter(|left| !left.is_zero()) {
            Some(left) => Verdict::Running(Some(left)),
            None => Verdict::Failed(None),
        });
    }
    Ok(if completed == expected { Verdict::Succeeded } else { Verdict::Running(Some(REQUEUE)) })
}

/// Whether the cluster has left the phase of the operation and all pods are of the newest revision.
async fn is_processed(operation: &Operation<'_>) -> Result<bool, Error> {
    if operation.behaviour.to == Some(operation.cluster.phase()) {
        return Ok(false);
    }
    let labels = naming::cluster_selector(&operation.cluster.name_any());
    let workloads: Vec<ReplicatedStateMachine> =
        operation.context.store.list(&operation.namespace(), &labels).await?;
    for workload in workloads {
        let observed = operation.cluster.observed_generation();
        if !is_latest(operation.context, operation.cluster, observed, &workload).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A look at one component.
pub(super) struct Look<'a> {
    pub(super) operation: &'a Operation<'a>,
    pub(super) component: &'a ComponentSpec,
    pub(super) pods: &'a [Pod],
    pub(super) is_processed: bool,
    pub(super) verb: &'a str,
}

impl Look<'_> {
    /// Whether a pod serves; members of databases with roles need theirs.
    pub(super) fn is_available(&self, pod: &Pod) -> bool {
        let has_roles =
            self.operation.cluster.status().components.get(&self.component.name).is_some_and(|state| {
                state.replication_set_status.is_some() || state.consensus_set_status.is_some()
            });
        pod_is_ready(pod) && (!has_roles || pod.labels().contains_key(LABEL_ROLE))
    }

    /// Whether a pod was made after the operation began (in whole seconds, as the API keeps times).
    pub(super) fn is_new(pod: &Pod, status: &OpsRequestStatus) -> bool {
        let began = status.start_timestamp.clone().unwrap_or_default();
        pod.creation_timestamp().is_some_and(|made| stamp(made.0) >= began)
    }

    pub(super) async fn note(
        &self,
        entry: &mut OpsComponentStatus,
        pod: &str,
        status: &str,
        message: String,
    ) {
        if let Some(report) = details::note(entry, &format!("Pod/{pod}"), status, message) {
            self.operation.record(report.severity, report.reason, &report.message).await;
        }
    }

    /// Notes the pods that a rolling operation has replaced, replaces now, or still has to.
    async fn count_rolled(&self, status: &OpsRequestStatus, entry: &mut OpsComponentStatus) -> i32 {
        let (verb, component) = (self.verb, &self.component.name);
        let mut completed = 0;
        for pod in self.pods {
            let name = pod.name_any();
            let is_done = self.is_available(pod)
                && ((self.is_processed && entry.phase == "Running") || Self::is_new(pod, status));
            if is_done {
                completed += 1;
                let message = format!("Successfully {verb}: Pod/{name} in Component: {component}");
                self.note(entry, &name, "Succeed", message).await;
            } else if !Self::is_new(pod, status) && pod.metadata.deletion_timestamp.is_none() {
                self.note(entry, &name, "Pending", String::new()).await;
            } else {
                completed += self.note_unfinished(entry, &name, verb).await;
            }
        }
        completed
    }

    /// Notes a pod that is being made, or that failed. Says how many of it count as completed.
    pub(super) async fn note_unfinished(&self, entry: &mut OpsComponentStatus, pod: &str, verb: &str) -> i32 {
        let component = &self.component.name;
        if ["Failed", "Abnormal"].contains(&entry.phase.as_str()) {
            let states = self.operation.cluster.status().components;
            let reason =
                states.get(component).and_then(|state| state.message.get(&format!("Pod/{pod}")).cloned());
            let Some(reason) = reason else { return 0 };
            let message = format!("Failed to {verb}: Pod/{pod} in Component: {component}, message: {reason}");
            self.note(entry, pod, "Failed", message).await;
            return 1;
        }
        let message = format!("Start to {verb}: Pod/{pod} in Component: {component}");
        self.note(entry, pod, "Processing", message).await;
        0
    }
}

/// Only services that got an address from a load balancer count; others never do.
async fn expose(operation: &Operation<'_>, status: &mut OpsRequestStatus) -> Result<Verdict, Error> {
    let (mut expected, mut completed) = (0, 0);
    for wanted in &operation.request.spec.expose {
        let entry = status.components.entry(wanted.component_name.clone()).or_default();
        "Updating".clone_into(&mut entry.phase);
        for service in &wanted.services {
            expected += 1;
            let workload = naming::workload(&operation.cluster.name_any(), &wanted.component_name);
            let name = format!("{workload}-{}", service.name);
            let known = operation.context.store.get::<Service>(&operation.namespace(), &name).await?;
            let has_address =
                known.and_then(|known| known.status?.load_balancer?.ingress).is_some_and(|ingress| {
                    ingress.iter().any(|entry| entry.ip.is_some() || entry.hostname.is_some())
                });
            completed += i32::from(has_address);
        }
    }
    status.progress = format!("{completed}/{expected}");
    Ok(if completed == expected { Verdict::Succeeded } else { Verdict::Running(Some(EXPOSE_PERIOD)) })
}

/// Follows the first item of every reconfiguration.
async fn reconfigure(operation: &Operation<'_>, status: &mut OpsRequestStatus) -> Result<Verdict, Error> {
    let entries = operation.request.reconfigures();
    let mut completed = 0;
    for entry in &entries {
        let Some(wanted) = entry.configurations.first() else { continue };
        let name = naming::workload(&operation.cluster.name_any(), &entry.component_name);
        let configuration =
            operation.context.store.get::<Configuration>(&operation.namespace(), &name).await?;
        let generation =
            configuration.as_ref().and_then(|known| known.metadata.generation).unwrap_or_default();
        let item = configuration
            .and_then(|known| known.status)
            .and_then(|known| known.configuration_status.into_iter().find(|item| item.name == wanted.name));
        let Some(item) = item else { continue };
        match item.phase.as_str() {
            "Finished" if item.update_revision == generation.to_string() => completed += 1,
            "MergeFailed" | "FailedAndPause" => return Ok(Verdict::Failed(item.message)),
            _ => {}
        }
    }
    status.progress = format!("{completed}/{}", entries.len());
    Ok(if completed == entries.len() { Verdict::Succeeded } else { Verdict::Running(Some(REQUEUE)) })
}

async fn backup(operation: &Operation<'_>) -> Result<Verdict, Error> {
    let name = action::backup_name(operation.request);
    let backup = operation.context.store.get::<Backup>(&operation.namespace(), &name).await?;
    let status = backup.and_then(|backup| backup.status).unwrap_or_default();
    Ok(match status.phase.as_str() {
        "Completed" => Verdict::Succeeded,
        "Failed" => Verdict::Failed(Some(format!("backup {name} failed: {}", status.failure_reason))),
        _ => Verdict::Running(Some(REQUEUE)),
    })
}

async fn script(operation: &Operation<'_>) -> Result<Verdict, Error> {
    let name = action::script_job(operation.request);
    let job = operation.context.store.get::<Job>(&operation.namespace(), &name).await?;
    let has = |wanted: &str| {
        job.iter()
            .flat_map(|job| &job.status)
            .flat_map(|status| status.conditions.iter().flatten())
            .any(|condition| condition.type_ == wanted && condition.status == "True")
    };
    Ok(if has("Complete") {
        Verdict::Succeeded
    } else if has("Failed") {
        Verdict::Failed(Some(format!("job {name} failed")))
    } else {
        Verdict::Running(Some(REQUEUE))
    })
}
