//! Changes of a running component's size: volumes that grow, members that join and leave.

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::api::ObjectMeta;
use serde_json::{Value, json};

use super::{Pass, workload};
use crate::operator::api::{Backup, BackupPolicy, BackupSpec, ReplicatedStateMachine};
use crate::operator::component::Component;
use crate::operator::error::Error;
use crate::operator::events::Severity;
use crate::operator::naming;
use crate::operator::quantity;
use crate::operator::store::controlled_by;

/// Whether the workload may take the new spec now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scaling {
    /// Nothing stands in the way.
    Settled,
    /// New members wait for their volumes; the workload keeps its spec until then.
    WaitsForVolumes,
}

/// Asks for more room on the claims whose template grew. A template that shrank is refused.
pub(super) async fn expand_volumes(
    pass: &Pass<'_>,
    component: &Component<'_>,
    running: &ReplicatedStateMachine,
) -> Result<(), Error> {
    for template in &component.spec.volume_claim_templates {
        let Some(wanted) = template.size() else { continue };
        for ordinal in (0..running.spec.replicas).rev() {
            let name = naming::claim(&template.name, &component.workload(), ordinal);
            let Some(claim) =
                pass.context.store.get::<PersistentVolumeClaim>(component.namespace(), &name).await?
            else {
                continue;
            };
            let requested = requested(&claim);
            let capacity = capacity(&claim);
            let (Some(wanted_size), Some(requested_size)) =
                (quantity::thousandths(wanted), quantity::thousandths(&requested))
            else {
                continue;
            };
            if wanted_size == requested_size {
                continue;
            }
            if wanted_size < requested_size {
                let message = format!(
                    "shrinking the volume is not supported, volume: {name}, quantity: {requested}, new quantity: \
                     {wanted}"
                );
                if quantity::thousandths(&capacity) == Some(requested_size) {
                    pass.context
                        .events
                        .record(pass.cluster, Severity::Warning, "VolumeExpansionFailed", &message)
                        .await;
                    return Err(Error::Refused { reason: "ApplyResourcesFailed", message });
                }
            }
            // Without the annotation the claim binds again and takes the new size with it.
            let patch = json!({
                "metadata": { "annotations": { "pv.kubernetes.io/bind-completed": Value::Null } },
                "spec": { "resources": { "requests": { "storage": wanted } } },
            });
            pass.context.store.merge::<PersistentVolumeClaim>(component.namespace(), &name, &patch).await?;
        }
    }
    Ok(())
}

fn requested(claim: &PersistentVolumeClaim) -> String {
    claim
        .spec
        .as_ref()
        .and_then(|spec| spec.resources.as_ref()?.requests.as_ref()?.get("storage"))
        .map_or_else(String::new, |size| size.0.clone())
}

fn capacity(claim: &PersistentVolumeClaim) -> String {
    claim
        .status
        .as_ref()
        .and_then(|status| status.capacity.as_ref()?.get("storage"))
        .map_or_else(String::new, |size| size.0.clone())
}

/// Whether some claim of the component has less room than it asks for.
pub(super) async fn is_expanding(pass: &Pass<'_>, component: &Component<'_>) -> Result<bool, Error> {
    let claims: Vec<PersistentVolumeClaim> =
        pass.context.store.list(component.namespace(), &component.selector()).await?;
    Ok(claims.iter().any(|claim| {
        let (has, asks) = (quantity::thousandths(&capacity(claim)), quantity::thousandths(&requested(claim)));
        has.is_some_and(|has| asks.is_some_and(|asks| has < asks))
    }))
}

/// Prepares a change of replicas.
pub(super) async fn scale(
    pass: &Pass<'_>,
    component: &Component<'_>,
    running: &ReplicatedStateMachine,
) -> Result<Scaling, Error> {
    let (from, to) = (running.spec.replicas, component.spec.replicas);
    if from == to {
        return Ok(Scaling::Settled);
    }
    let message = format!(
        "start horizontal scale component {} of cluster {} from {from} to {to}",
        component.name(),
        component.cluster_name()
    );
    // To and from zero is a stop and a start: the volumes stay.
    if from == 0 || to == 0 {
        pass.context.events.record(pass.cluster, Severity::Normal, "HorizontalScale", &message).await;
        return Ok(Scaling::Settled);
    }
    let outcome = if to < from {
        leave(pass, component, from).await?;
        Scaling::Settled
    } else {
        join(pass, component, from).await?
    };
    if outcome == Scaling::Settled {
        pass.context.events.record(pass.cluster, Severity::Normal, "HorizontalScale", &message).await;
    }
    Ok(outcome)
}

/// Members leave the database, then their claims go.
async fn leave(pass: &Pass<'_>, component: &Component<'_>, from: i32) -> Result<(), Error> {
    if !pass.context.options.members_leave {
        // What the real operator says when the sidecar of a member does not answer.
        return Err(Error::Refused {
            reason: "ApplyResourcesFailed",
            message: "unexpected end of JSON input".to_owned(),
        });
    }
    for ordinal in component.spec.replicas..from {
        for template in &component.spec.volume_claim_templates {
            let claim = naming::claim(&template.name, &component.workload(), ordinal);
            pass.context.store.delete::<PersistentVolumeClaim>(component.namespace(), &claim).await?;
        }
    }
    Ok(())
}

/// Makes the claims of new members, filled from a backup where the engine clones its data.
async fn join(pass: &Pass<'_>, component: &Component<'_>, from: i32) -> Result<Scaling, Error> {
    let clones =
        component.definition.horizontal_scale_policy.as_ref().and_then(|policy| policy.get("type")?.as_str())
            == Some("CloneVolume");
    if clones && !component.spec.volume_claim_templates.is_empty() && !cloned(pass, component).await? {
        return Ok(Scaling::WaitsForVolumes);
    }
    let mut made = false;
    for ordinal in from..component.spec.replicas {
        for template in &component.spec.volume_claim_templates {
            let mut labels = component.common_labels();
            labels.extend(workload::claim_labels(component, &template.name));
            let claim = PersistentVolumeClaim {
                metadata: ObjectMeta {
                    name: Some(naming::claim(&template.name, &component.workload(), ordinal)),
                    namespace: Some(component.namespace().to_owned()),
                    labels: Some(labels),
                    ..ObjectMeta::default()
                },
                spec: Some(workload::claim_spec(component, template)?),
                status: None,
            };
            made |= pass.context.store.create_if_absent(&claim).await?;
        }
    }
    if made {
        return Ok(Scaling::WaitsForVolumes);
    }
    if clones {
        let name = format!("{}-scaling", component.workload());
        pass.context.store.delete::<Backup>(component.namespace(), &name).await?;
    }
    Ok(Scaling::Settled)
}

/// Whether the backup that new members are filled from is there; starts it when it is not.
async fn cloned(pass: &Pass<'_>, component: &Component<'_>) -> Result<bool, Error> {
    let store = &pass.context.store;
    let name = format!("{}-scaling", component.workload());
    if let Some(backup) = store.get::<Backup>(component.namespace(), &name).await? {
        let status = backup.status.unwrap_or_default();
        return match status.phase.as_str() {
            "Completed" => Ok(true),
            "Failed" => Err(Error::Refused {
                reason: "BackupFailed",
                message: format!("backup for horizontalScaling failed: {}", status.failure_reason),
            }),
            _ => Ok(false),
        };
    }
    let policy = naming::backup_policy(component.cluster_name(), &component.definition.name, None);
    let Some(known) = store.get::<BackupPolicy>(component.namespace(), &policy).await? else {
        return Err(Error::Refused {
            reason: "NotFound",
            message: format!("not found any backup policy created by {policy}"),
        });
    };
    // There are no volume snapshots in the playground, so the method that copies files is used.
    let method = known
        .spec
        .backup_methods
        .iter()
        .find(|method| method.get("snapshotVolumes").and_then(Value::as_bool) != Some(true))
        .and_then(|method| method.get("name")?.as_str())
        .ok_or_else(|| Error::Refused {
            reason: "ApplyResourcesFailed",
            message: format!("no backup method found in backup policy {policy}"),
        })?;
    let mut backup = Backup::new(
        &name,
        BackupSpec {
            backup_policy_name: policy.clone(),
            backup_method: method.to_owned(),
            deletion_policy: "Delete".to_owned(),
            retention_period: String::new(),
        },
    );
    backup.metadata.namespace = Some(component.namespace().to_owned());
    backup.metadata.labels = Some(component.common_labels());
    backup.metadata.owner_references = Some(vec![controlled_by(pass.cluster)]);
    store.create_if_absent(&backup).await?;
    Ok(false)
}
