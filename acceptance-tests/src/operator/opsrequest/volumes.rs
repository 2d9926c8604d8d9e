//! Progress of a volume expansion: each claim's capacity has to reach what was asked for, within half an hour.

use std::time::Duration;

use k8s_openapi::api::core::v1::PersistentVolumeClaim;

use super::{Operation, Verdict, details};
use crate::operator::api::OpsRequestStatus;
use crate::operator::conditions::age;
use crate::operator::error::Error;
use crate::operator::naming;
use crate::operator::quantity::thousandths;

/// After this the real operator gives up.
const TIMEOUT: Duration = Duration::from_mins(30);
/// How often the real operator looks.
const PERIOD: Duration = Duration::from_mins(1);

/// Notes every claim of the expanded volumes.
pub(super) async fn look(operation: &Operation<'_>, status: &mut OpsRequestStatus) -> Result<Verdict, Error> {
    let (mut expected, mut completed) = (0, 0);
    for wanted in &operation.request.spec.volume_expansion {
        let name = &wanted.component_name;
        let mut entry = status.components.get(name).cloned().unwrap_or_default();
        let Some(component) = operation.cluster.component(name) else {
            return Err(Error::Refused {
                reason: "ReconcileStatusFailed",
                message: format!("comp {name} of cluster {} not found", operation.request.spec.cluster_ref),
            });
        };
        let workload = naming::workload(&operation.request.spec.cluster_ref, name);
        for volume in &wanted.volume_claim_templates {
            for ordinal in 0..component.replicas {
                expected += 1;
                let claim = naming::claim(&volume.name, &workload, ordinal);
                let known = operation
                    .context
                    .store
                    .get::<PersistentVolumeClaim>(&operation.namespace(), &claim)
                    .await?;
                let Some(known) = known else { continue };
                let has = known
                    .status
                    .as_ref()
                    .and_then(|status| status.capacity.as_ref()?.get("storage").cloned());
                let is_done = has.is_some_and(|has| thousandths(&has.0) == thousandths(&volume.storage));
                completed += i32::from(is_done);
                let (state, message) = if is_done {
                    ("Succeed", format!("Successfully expand volume: PVC/{claim} in Component: {name}"))
                } else {
                    let text = format!(
                        "Waiting for an external controller to process the pvc: PVC/{claim} in Component: {name} "
                    );
                    ("Pending", text)
                };
                if let Some(report) = details::note(&mut entry, &format!("PVC/{claim}"), state, message) {
                    operation.record(report.severity, report.reason, &report.message).await;
                }
            }
        }
        status.components.insert(name.clone(), entry);
    }
    status.progress = format!("{completed}/{expected}");
    if completed == expected {
        return Ok(Verdict::Succeeded);
    }
    if status.start_timestamp.as_deref().is_some_and(|began| age(began) > TIMEOUT) {
        let minutes = TIMEOUT.as_secs() / 60;
        return Ok(Verdict::Failed(Some(format!(
            "Timed out waiting for volume expansion to complete, the timeout value is {minutes} minutes"
        ))));
    }
    // The real one also wakes on every change of a claim, which this controller does not watch.
    Ok(Verdict::Running(Some(PERIOD.min(operation.context.options.pace * 5))))
}
