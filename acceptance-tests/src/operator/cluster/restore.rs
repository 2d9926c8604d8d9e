//! A Cluster that starts from a backup: its data is restored before the workloads are made, and what has to run in the
//! running database comes after them. The annotation that asks for it goes when all is done.

use std::time::Duration;

use kube::ResourceExt;
use serde_json::{Map, Value, json};

use super::workload::claim_labels;
use super::{Pass, REQUEUE};
use crate::operator::api::{BackupRef, Cluster, Restore, RestoreSpec};
use crate::operator::component::Component;
use crate::operator::data_protection::reveal;
use crate::operator::error::Error;
use crate::operator::events::Severity;
use crate::operator::naming::{ANNOTATION_LAST_CLUSTER, ANNOTATION_RESTORE, LABEL_ACCESS_MODE};
use crate::operator::store::controlled_by;

/// A stage of a restore.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    PrepareData,
    PostReady,
}

/// What the annotation says about one component.
fn wanted(cluster: &Cluster, component: &str) -> Option<Value> {
    let all: Map<String, Value> = serde_json::from_str(cluster.annotation(ANNOTATION_RESTORE)?).ok()?;
    all.get(component).cloned()
}

/// The password that the restored data expects, if the restore says so.
pub(super) fn password(cluster: &Cluster, component: &str) -> Option<String> {
    reveal(wanted(cluster, component)?.get("connectionPassword")?.as_str()?)
}

fn name(component: &Component<'_>, stage: Stage) -> String {
    let uid: String = component.cluster.metadata.uid.iter().flat_map(|uid| uid.chars()).take(8).collect();
    let stage = if stage == Stage::PrepareData { "preparedata" } else { "postready" };
    format!("{}-{uid}-{stage}", component.workload())
}

/// Whether the data of a component is still being restored.
pub(super) async fn is_waiting(pass: &Pass<'_>, component: &Component<'_>) -> Result<bool, Error> {
    if wanted(pass.cluster, component.name()).is_none() || pass.cluster.observed_generation() != 0 {
        return Ok(false);
    }
    let restore: Option<Restore> =
        pass.context.store.get(component.namespace(), &name(component, Stage::PrepareData)).await?;
    Ok(restore.and_then(|restore| restore.status).is_none_or(|status| status.phase != "Completed"))
}

/// Restores data; says how long to wait when it is not there yet.
pub(super) async fn before_workloads(pass: &Pass<'_>) -> Result<Option<Duration>, Error> {
    if pass.cluster.observed_generation() != 0 {
        return Ok(None);
    }
    run(pass, Stage::PrepareData).await
}

/// Runs what a restore does in the running cluster, then forgets the restore.
pub(super) async fn after_workloads(pass: &mut Pass<'_>) -> Result<Option<Duration>, Error> {
    if pass.cluster.annotation(ANNOTATION_RESTORE).is_none() || pass.status.phase != "Running" {
        return Ok(None);
    }
    if let Some(wait) = run(pass, Stage::PostReady).await? {
        return Ok(Some(wait));
    }
    pass.annotations.insert(ANNOTATION_RESTORE.to_owned(), Value::Null);
    for component in pass.components() {
        let component = component?;
        for stage in [Stage::PrepareData, Stage::PostReady] {
            pass.context.store.delete::<Restore>(component.namespace(), &name(&component, stage)).await?;
        }
    }
    Ok(None)
}

/// Makes the Restores of one stage and waits for them.
async fn run(pass: &Pass<'_>, stage: Stage) -> Result<Option<Duration>, Error> {
    let mut waiting = None;
    for component in pass.components() {
        let component = component?;
        let Some(source) = wanted(pass.cluster, component.name()) else { continue };
        let name = name(&component, stage);
        let known = pass.context.store.get::<Restore>(component.namespace(), &name).await?;
        let phase = known.and_then(|known| known.status).map(|status| status.phase).unwrap_or_default();
        match phase.as_str() {
            "Completed" => continue,
            "Failed" => {
                return Err(Error::Refused {
                    reason: "RestoreFailed",
                    message: format!("restore {name} failed, check it for the reason"),
                });
            }
            _ => {}
        }
        pass.context.store.create_if_absent(&build(&component, &source, stage)?).await?;
        let message = format!("waiting for restore \"{name}\" successfully");
        pass.context.events.record(pass.cluster, Severity::Normal, "NeedWaiting", &message).await;
        waiting = Some(REQUEUE);
    }
    Ok(waiting)
}

fn build(component: &Component<'_>, source: &Value, stage: Stage) -> Result<Restore, Error> {
    let text = |key: &str| source.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    if text("namespace") != component.namespace() {
        return Err(Error::Refused {
            reason: "RestoreFailed",
            message: format!(
                "unable to read backup {} of namespace {}: only the namespace of the cluster is supported",
                text("name"),
                text("namespace")
            ),
        });
    }
    let mut spec = RestoreSpec {
        backup: BackupRef { name: text("name"), namespace: text("namespace") },
        restore_time: Some(text("restoreTime")).filter(|time| !time.is_empty()),
        container_resources: json!({}),
        ..RestoreSpec::default()
    };
    match stage {
        Stage::PrepareData => {
            spec.prepare_data_config = Some(prepare_data(component, &text("volumeRestorePolicy")));
        }
        Stage::PostReady => {
            let mut leader = component.common_labels();
            leader.insert(LABEL_ACCESS_MODE.to_owned(), "ReadWrite".to_owned());
            spec.ready_config = Some(json!({
                "execAction": { "target": { "podSelector": { "matchLabels": component.common_labels() } } },
                "jobAction": { "target": { "podSelector": { "matchLabels": leader } } },
            }));
        }
    }
    let mut restore = Restore::new(&name(component, stage), spec);
    restore.metadata.namespace = Some(component.namespace().to_owned());
    restore.metadata.labels = Some(component.common_labels());
    restore.metadata.owner_references = Some(vec![controlled_by(component.cluster)]);
    Ok(restore)
}

fn prepare_data(component: &Component<'_>, policy: &str) -> Value {
    let cluster = json!({
        "metadata": {
            "name": component.cluster_name(),
            "uid": component.cluster.uid(),
            "creationTimestamp": null,
        },
        "spec": component.cluster.spec,
        "status": {},
    });
    let templates: Vec<Value> = component
        .spec
        .volume_claim_templates
        .iter()
        .map(|template| {
            let mut labels = component.common_labels();
            labels.extend(claim_labels(component, &template.name));
            json!({
                "metadata": {
                    "name": format!("{}-{}", template.name, component.workload()),
                    "labels": labels,
                    "annotations": { ANNOTATION_LAST_CLUSTER: cluster.to_string() },
                },
                "volumeClaimSpec": template.spec,
                "volumeSource": template.name,
            })
        })
        .collect();
    json!({
        "schedulingSpec": { "affinity": {} },
        "volumeClaimRestorePolicy": if policy.is_empty() { "Parallel" } else { policy },
        "volumeClaimsTemplate": { "replicas": component.spec.replicas, "templates": templates },
    })
}
