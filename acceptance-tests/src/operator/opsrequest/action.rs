//! What an operation writes when it acts.

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{Container, PodSpec, PodTemplateSpec};
use kube::ResourceExt;
use kube::api::{Api, DynamicObject, ObjectMeta, PostParams};
use kube::discovery::ApiResource;
use serde_json::{Map, Value, json};

use super::{Operation, switchover};
use crate::operator::api::{
    Backup, BackupSpec, Cluster, Configuration, OpsRequest, OpsRequestStatus, ReplicatedStateMachine,
};
use crate::operator::error::Error;
use crate::operator::naming::{
    self, ANNOTATION_RESTART, ANNOTATION_START_SNAPSHOT, LABEL_BACKUP_PROTECTION, LABEL_COMPONENT,
};
use crate::operator::store::controlled_by;

/// Reads the Cluster, changes it and writes it back as a whole, like the real operator's `Update` does. It cannot help
/// writing the empty structs of the fields that nobody set, which makes a new generation of an untouched spec.
pub(super) async fn update_cluster(
    operation: &Operation<'_>,
    change: impl FnOnce(&mut Value),
) -> Result<Cluster, Error> {
    let name = operation.cluster.name_any();
    let resource = ApiResource::erase::<Cluster>(&());
    let api: Api<DynamicObject> =
        Api::namespaced_with(operation.context.store.client(), &operation.namespace(), &resource);
    let object = format!("Cluster {}/{name}", operation.namespace());
    let failed = |verb| {
        let object = object.clone();
        move |source| Error::Api { verb, object, source: Box::new(source) }
    };
    let shape = |source| Error::Shape { object: object.clone(), source };
    let mut cluster = serde_json::to_value(api.get(&name).await.map_err(failed("get"))?).map_err(shape)?;
    if cluster["metadata"]["annotations"].is_null() {
        cluster["metadata"]["annotations"] = json!({});
    }
    change(&mut cluster);
    if let Some(spec) = cluster["spec"].as_object_mut() {
        spec.entry("monitor").or_insert_with(|| json!({}));
        spec.entry("resources").or_insert_with(|| json!({ "cpu": "0", "memory": "0" }));
        spec.entry("storage").or_insert_with(|| json!({ "size": "0" }));
    }
    let cluster: DynamicObject = serde_json::from_value(cluster).map_err(shape)?;
    let written = api.replace(&name, &PostParams::default(), &cluster).await.map_err(failed("update"))?;
    serde_json::to_value(written).and_then(serde_json::from_value).map_err(shape)
}

/// Changes the JSON of every component for which `change` has something to say.
pub(super) async fn update_components(
    operation: &Operation<'_>,
    change: impl Fn(&str, &mut Map<String, Value>),
) -> Result<(), Error> {
    update_cluster(operation, |cluster| {
        for component in cluster["spec"]["componentSpecs"].as_array_mut().into_iter().flatten() {
            let Some(component) = component.as_object_mut() else { continue };
            let name = component.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            change(&name, component);
        }
    })
    .await?;
    Ok(())
}

/// Does what the operation is for.
pub(super) async fn run(operation: &Operation<'_>, status: &mut OpsRequestStatus) -> Result<(), Error> {
    let spec = &operation.request.spec;
    match spec.type_.as_str() {
        "Restart" => restart(operation, status).await,
        "Stop" => stop(operation).await,
        "Start" => start(operation).await,
        "VerticalScaling" => {
            update_components(operation, |name, component| {
                let Some(wanted) = spec.vertical_scaling.iter().find(|item| item.component_name == name)
                else {
                    return;
                };
                if let Some(class) = &wanted.class_def_ref {
                    component.insert("classDefRef".to_owned(), class.clone());
                    return;
                }
                let mut resources = Map::new();
                resources.extend(wanted.requests.clone().map(|value| ("requests".to_owned(), value)));
                resources.extend(wanted.limits.clone().map(|value| ("limits".to_owned(), value)));
                component.insert("classDefRef".to_owned(), json!({ "class": "" }));
                component.insert("resources".to_owned(), Value::Object(resources));
            })
            .await
        }
        "HorizontalScaling" => {
            update_components(operation, |name, component| {
                if let Some(wanted) = spec.horizontal_scaling.iter().find(|item| item.component_name == name)
                {
                    component.insert("replicas".to_owned(), wanted.replicas.into());
                }
            })
            .await
        }
        "VolumeExpansion" => {
            update_components(operation, |name, component| {
                let Some(wanted) = spec.volume_expansion.iter().find(|item| item.component_name == name)
                else {
                    return;
                };
                let templates = component.get_mut("volumeClaimTemplates").and_then(Value::as_array_mut);
                for template in templates.into_iter().flatten() {
                    let volume =
                        wanted.volume_claim_templates.iter().find(|volume| template["name"] == volume.name);
                    if let Some(volume) = volume {
                        template["spec"]["resources"]["requests"]["storage"] = json!(volume.storage);
                    }
                }
            })
            .await
        }
        "Expose" => {
            update_components(operation, |name, component| {
                if let Some(wanted) = spec.expose.iter().find(|item| item.component_name == name) {
                    component.insert("services".to_owned(), json!(wanted.services));
                }
            })
            .await
        }
        "Upgrade" => {
            let version = spec.upgrade.clone().unwrap_or_default().cluster_version_ref;
            update_cluster(operation, |cluster| cluster["spec"]["clusterVersionRef"] = json!(version))
                .await?;
            Ok(())
        }
        "Switchover" => switchover::act(operation, status).await,
        "Reconfiguring" => reconfigure(operation).await,
        "Backup" => backup(operation).await,
        _ => script(operation).await,
    }
}

/// Stamps the pod templates of the `StatefulSet` and of the workload above it.
async fn restart(operation: &Operation<'_>, status: &OpsRequestStatus) -> Result<(), Error> {
    let stamp = status.start_timestamp.clone().unwrap_or_default();
    let patch =
        json!({ "spec": { "template": { "metadata": { "annotations": { ANNOTATION_RESTART: stamp } } } } });
    let namespace = operation.namespace();
    let wanted = operation.request.component_names();
    let labels = naming::cluster_selector(&operation.cluster.name_any());
    let is_wanted = |labels: &naming::Labels| {
        labels.get(LABEL_COMPONENT).is_some_and(|component| wanted.contains(&component.as_str()))
    };
    for set in operation.context.store.list::<StatefulSet>(&namespace, &labels).await? {
        if is_wanted(set.labels()) {
            operation.context.store.merge::<StatefulSet>(&namespace, &set.name_any(), &patch).await?;
        }
    }
    for workload in operation.context.store.list::<ReplicatedStateMachine>(&namespace, &labels).await? {
        if is_wanted(&workload.labels()) {
            let name = workload.name_any();
            operation.context.store.merge::<ReplicatedStateMachine>(&namespace, &name, &patch).await?;
        }
    }
    Ok(())
}

/// Notes the replicas and sets all to zero. A note that is there already makes the operation do nothing, for ever.
async fn stop(operation: &Operation<'_>) -> Result<(), Error> {
    if operation.cluster.annotation(ANNOTATION_START_SNAPSHOT).is_some() {
        return Ok(());
    }
    let snapshot: Map<String, Value> = operation
        .cluster
        .spec
        .component_specs
        .iter()
        .map(|component| (component.name.clone(), component.replicas.into()))
        .collect();
    let snapshot = Value::Object(snapshot).to_string();
    update_cluster(operation, |cluster| {
        for component in cluster["spec"]["componentSpecs"].as_array_mut().into_iter().flatten() {
            component["replicas"] = json!(0);
        }
        cluster["metadata"]["annotations"][ANNOTATION_START_SNAPSHOT] = json!(snapshot);
    })
    .await?;
    Ok(())
}

/// Gives the noted replicas back and forgets the note.
async fn start(operation: &Operation<'_>) -> Result<(), Error> {
    let snapshot = snapshot(operation.cluster.annotation(ANNOTATION_START_SNAPSHOT));
    update_cluster(operation, |cluster| {
        for component in cluster["spec"]["componentSpecs"].as_array_mut().into_iter().flatten() {
            let name = component["name"].as_str().unwrap_or_default().to_owned();
            let noted = snapshot.get(&name).and_then(Value::as_i64).unwrap_or_default();
            if noted != 0 && component["replicas"].as_i64().unwrap_or_default() == 0 {
                component["replicas"] = json!(noted);
            }
        }
        if let Some(annotations) = cluster["metadata"]["annotations"].as_object_mut() {
            annotations.remove(ANNOTATION_START_SNAPSHOT);
        }
    })
    .await?;
    Ok(())
}

/// The replicas that a stop noted.
pub(super) fn snapshot(text: Option<&str>) -> Map<String, Value> {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// Puts parameters into the Configuration. Only the first item of each entry counts, as in the real operator.
async fn reconfigure(operation: &Operation<'_>) -> Result<(), Error> {
    for entry in operation.request.reconfigures() {
        let name = naming::workload(&operation.cluster.name_any(), &entry.component_name);
        let Some(wanted) = entry.configurations.first() else { continue };
        let namespace = operation.namespace();
        let Some(configuration) = operation.context.store.get::<Configuration>(&namespace, &name).await?
        else {
            return Err(Error::Refused {
                reason: "ReconfigureFailed",
                message: format!("Configuration {name} not found"),
            });
        };
        let mut items = configuration.spec.config_item_details.clone();
        let Some(item) = items.iter_mut().find(|item| item.name == wanted.name) else {
            return Err(Error::Refused {
                reason: "ReconfigureFailed",
                message: format!("not found config item: {}", wanted.name),
            });
        };
        for file in &wanted.keys {
            let target = item.config_file_params.entry(file.key.clone()).or_default();
            if file.file_content.is_some() {
                target.content.clone_from(&file.file_content);
            }
            for parameter in &file.parameters {
                target.parameters.insert(parameter.key.clone(), parameter.value.clone());
            }
        }
        let patch = json!({ "spec": { "configItemDetails": items } });
        operation.context.store.merge::<Configuration>(&namespace, &name, &patch).await?;
    }
    Ok(())
}

/// The name of the Backup that an operation makes.
pub(super) fn backup_name(request: &OpsRequest) -> String {
    let wanted = request.spec.backup_spec.as_ref().and_then(|spec| spec.get("backupName")?.as_str());
    wanted.map_or_else(|| format!("backup-{}", request.name_any()), str::to_owned)
}

async fn backup(operation: &Operation<'_>) -> Result<(), Error> {
    let wanted = operation.request.spec.backup_spec.clone().unwrap_or_default();
    let text = |key: &str| wanted.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut backup = Backup::new(
        &backup_name(operation.request),
        BackupSpec {
            backup_policy_name: text("backupPolicyName"),
            backup_method: text("backupMethod"),
            deletion_policy: text("deletionPolicy"),
            retention_period: text("retentionPeriod"),
        },
    );
    backup.metadata.namespace = Some(operation.namespace());
    backup.metadata.labels = Some(naming::labels([
        (naming::LABEL_INSTANCE, &operation.cluster.name_any()),
        (LABEL_BACKUP_PROTECTION, "Retain"),
    ]));
    operation.context.store.create_if_absent(&backup).await?;
    Ok(())
}

/// The Job that runs a script.
pub(super) fn script_job(request: &OpsRequest) -> String {
    format!("{}-script", request.name_any())
}

async fn script(operation: &Operation<'_>) -> Result<(), Error> {
    let wanted = operation.request.spec.script_spec.clone().unwrap_or_default();
    let image = wanted.get("image").and_then(Value::as_str).unwrap_or("apecloud/kubeblocks-datascript:0.7.5");
    let job = Job {
        metadata: ObjectMeta {
            name: Some(script_job(operation.request)),
            namespace: Some(operation.namespace()),
            labels: Some(naming::cluster_selector(&operation.cluster.name_any())),
            owner_references: Some(vec![controlled_by(operation.request)]),
            ..ObjectMeta::default()
        },
        spec: Some(JobSpec {
            backoff_limit: Some(0),
            template: PodTemplateSpec {
                metadata: None,
                spec: Some(PodSpec {
                    restart_policy: Some("Never".to_owned()),
                    containers: vec![Container {
                        name: "datascript".to_owned(),
                        image: Some(image.to_owned()),
                        ..Container::default()
                    }],
                    ..PodSpec::default()
                }),
            },
            ..JobSpec::default()
        }),
        status: None,
    };
    operation.context.store.create_if_absent(&job).await?;
    Ok(())
}
