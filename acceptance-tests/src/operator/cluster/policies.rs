//! The `BackupPolicies` and `BackupSchedules` that a definition's template gives a cluster.

use kube::ResourceExt;
use kube::api::ObjectMeta;
use serde_json::{Map, Value, json};

use super::Pass;
use crate::operator::api::{
    BackupPolicy, BackupPolicySpec, BackupPolicyTemplate, BackupSchedule, BackupScheduleSpec, ClusterBackup,
    ComponentSpec, PolicyTemplate, ReplicatedStateMachine,
};
use crate::operator::component::Component;
use crate::operator::error::Error;
use crate::operator::naming::{self, CLUSTER_FINALIZER, LABEL_DEFINITION, LABEL_ROLE};
use crate::operator::store::{controlled_by, difference};

const DEFAULT_TEMPLATE: &str = "dataprotection.kubeblocks.io/is-default-policy-template";

/// One template entry together with the component that it is for.
struct Entry<'a> {
    template: &'a BackupPolicyTemplate,
    rules: &'a PolicyTemplate,
    component: Component<'a>,
    is_default: bool,
    replicas: i32,
}

/// Makes or adapts the policies and schedules of the cluster.
pub(super) async fn apply(pass: &Pass<'_>) -> Result<(), Error> {
    let definition = pass.definition.name_any();
    let mut templates = pass.context.store.list_global::<BackupPolicyTemplate>().await?;
    templates.retain(|template| template.labels().get(LABEL_DEFINITION) == Some(&definition));
    for template in &templates {
        let is_default = templates.len() == 1
            || template.annotations().get(DEFAULT_TEMPLATE).is_some_and(|value| value == "true");
        for entry in &template.spec.backup_policies {
            let Some(component) = first_component(pass, &entry.component_def_ref) else { continue };
            let component = Component::new(pass.cluster, component, pass.definition, pass.version)?;
            let running: Option<ReplicatedStateMachine> =
                pass.context.store.get(component.namespace(), &component.workload()).await?;
            let replicas = running.map_or(component.spec.replicas, |running| running.spec.replicas);
            let entry = Entry { template, rules: entry, component, is_default, replicas };
            if is_default {
                write_schedule(pass, &entry).await?;
            }
            write_policy(pass, &entry).await?;
        }
    }
    Ok(())
}

fn first_component<'a>(pass: &Pass<'a>, definition: &str) -> Option<&'a ComponentSpec> {
    pass.cluster.spec.component_specs.iter().find(|component| component.component_def_ref == definition)
}

fn meta(entry: &Entry<'_>, name: String) -> ObjectMeta {
    ObjectMeta {
        name: Some(name),
        namespace: Some(entry.component.namespace().to_owned()),
        labels: Some(naming::labels([
            (naming::LABEL_INSTANCE, entry.component.cluster_name()),
            (naming::LABEL_MANAGED_BY, naming::MANAGED_BY),
            (naming::LABEL_COMPONENT_DEFINITION_REF, &entry.rules.component_def_ref),
        ])),
        annotations: Some(naming::labels([
            (naming::ANNOTATION_DEFAULT_POLICY, if entry.is_default { "true" } else { "false" }),
            (naming::ANNOTATION_POLICY_TEMPLATE, &entry.template.name_any()),
        ])),
        finalizers: Some(vec![CLUSTER_FINALIZER.to_owned()]),
        owner_references: Some(vec![controlled_by(entry.component.cluster)]),
        ..ObjectMeta::default()
    }
}

fn policy_name(entry: &Entry<'_>) -> String {
    naming::backup_policy(
        entry.component.cluster_name(),
        &entry.rules.component_def_ref,
        entry.template.spec.identifier.as_deref(),
    )
}

async fn write_policy(pass: &Pass<'_>, entry: &Entry<'_>) -> Result<(), Error> {
    let name = policy_name(entry);
    let namespace = entry.component.namespace();
    let repo = pass
        .cluster
        .spec
        .backup
        .as_ref()
        .map(|backup| backup.repo_name.clone())
        .filter(|repo| !repo.is_empty());
    let Some(known) = pass.context.store.get::<BackupPolicy>(namespace, &name).await? else {
        let uid = pass.cluster.metadata.uid.as_deref().unwrap_or_default();
        let mut policy = BackupPolicy::new(
            &name,
            BackupPolicySpec {
                backup_repo_name: repo,
                path_prefix: Some(format!(
                    "/{}-{uid}/{}",
                    entry.component.cluster_name(),
                    entry.component.name()
                )),
                target: target(entry),
                backup_methods: methods(entry),
            },
        );
        policy.metadata = meta(entry, name);
        pass.context.store.create_if_absent(&policy).await?;
        return Ok(());
    };
    let mut wanted = known.spec.clone();
    if repo.is_some() {
        wanted.backup_repo_name = repo;
    }
    if !entry.component.roles().is_empty() {
        wanted.backup_methods = methods(entry);
        point_to_role(entry, &mut wanted.target);
    }
    write_spec(pass, &known, &json!(known.spec), &json!(wanted)).await
}

async fn write_spec<K: crate::operator::store::Object>(
    pass: &Pass<'_>,
    known: &K,
    before: &Value,
    after: &Value,
) -> Result<(), Error> {
    let Some(change) = difference(before, after) else { return Ok(()) };
    let namespace = known.namespace().unwrap_or_default();
    pass.context.store.merge::<K>(&namespace, &known.name_any(), &json!({ "spec": change })).await
}

/// The template's methods, with the variables that depend on the cluster's version filled in.
fn methods(entry: &Entry<'_>) -> Vec<Value> {
    let version = &entry.component.cluster.spec.cluster_version_ref;
    entry
        .rules
        .backup_methods
        .iter()
        .map(|method| {
            let mut method = method.clone();
            let mappings =
                method.as_object_mut().and_then(|method| method.remove("envMapping")).unwrap_or_default();
            let variables: Vec<Value> = mappings
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|mapping| {
                    let value = mapping
                        .pointer("/valueFrom/clusterVersionRef")?
                        .as_array()?
                        .iter()
                        .find(|known| {
                            known["names"]
                                .as_array()
                                .is_some_and(|names| names.iter().any(|name| name == version))
                        })?
                        .get("mappingValue")?;
                    Some(json!({ "name": mapping.get("key")?, "value": value }))
                })
                .collect();
            if !variables.is_empty() {
                method["env"] = Value::Array(variables);
            }
            method
        })
        .collect()
}

fn target(entry: &Entry<'_>) -> Value {
    let component = &entry.component;
    let mut target = json!({
        "connectionCredential": {
            "passwordKey": "password",
            "portKey": "port",
            "secretName": naming::credential(component.cluster_name()),
            "usernameKey": "username",
        },
        "podSelector": { "matchLabels": component.selector(), "strategy": "Any" },
        "serviceAccountName": component.service_account(),
    });
    point_to_role(entry, &mut target);
    target
}

/// A role selects the pod unless there is only one.
fn point_to_role(entry: &Entry<'_>, target: &mut Value) {
    let role = &entry.rules.target.role;
    let Some(labels) = target.pointer_mut("/podSelector/matchLabels").and_then(Value::as_object_mut) else {
        return;
    };
    if role.is_empty() || entry.component.roles().is_empty() {
        return;
    }
    if entry.replicas == 1 {
        labels.remove(LABEL_ROLE);
    } else if !labels.contains_key(LABEL_ROLE) {
        labels.insert(LABEL_ROLE.to_owned(), role.clone().into());
    }
}

async fn write_schedule(pass: &Pass<'_>, entry: &Entry<'_>) -> Result<(), Error> {
    let name = naming::backup_schedule(
        entry.component.cluster_name(),
        &entry.rules.component_def_ref,
        entry.template.spec.identifier.as_deref(),
    );
    let known = pass.context.store.get::<BackupSchedule>(entry.component.namespace(), &name).await?;
    let mut schedules = known.as_ref().map(|known| known.spec.schedules.clone()).unwrap_or_default();
    for schedule in &entry.rules.schedules {
        if !schedules.iter().any(|known| known.get("backupMethod") == schedule.get("backupMethod")) {
            schedules.push(schedule.clone());
        }
    }
    let backup = pass.cluster.spec.backup.as_ref();
    if let Some(backup) = backup {
        merge_cluster_backup(&mut schedules, backup);
    }
    match known {
        None => {
            let mut schedule = BackupSchedule::new(
                &name,
                BackupScheduleSpec {
                    backup_policy_name: policy_name(entry),
                    starting_deadline_minutes: None,
                    schedules,
                },
            );
            schedule.metadata = meta(entry, name);
            pass.context.store.create_if_absent(&schedule).await?;
            Ok(())
        }
        Some(known) => {
            let wanted = BackupScheduleSpec { schedules, ..known.spec.clone() };
            write_spec(pass, &known, &json!(known.spec), &json!(wanted)).await
        }
    }
}

/// What the Cluster says about its method wins over the template.
fn merge_cluster_backup(schedules: &mut Vec<Value>, backup: &ClusterBackup) {
    let mut wanted = Map::new();
    if let Some(enabled) = backup.enabled {
        wanted.insert("enabled".to_owned(), enabled.into());
    }
    for (key, value) in [
        ("backupMethod", &backup.method),
        ("cronExpression", &backup.cron_expression),
        ("retentionPeriod", &backup.retention_period),
    ] {
        if !value.is_empty() {
            wanted.insert(key.to_owned(), value.clone().into());
        }
    }
    let known = schedules.iter_mut().find(|known| known["backupMethod"] == backup.method);
    match known.and_then(Value::as_object_mut) {
        Some(known) => known.extend(wanted),
        None => schedules.push(Value::Object(wanted)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clusters_backup_block_wins_over_the_template_and_may_add_a_method() {
        let template = json!([
            {"backupMethod": "datafile", "cronExpression": "0 18 * * 0", "enabled": false, "retentionPeriod": "7d"},
        ]);
        let backup = |method: &str| ClusterBackup {
            enabled: Some(true),
            method: method.to_owned(),
            cron_expression: "0 3 * * *".to_owned(),
            ..ClusterBackup::default()
        };
        let mut schedules = template.as_array().cloned().unwrap_or_default();
        merge_cluster_backup(&mut schedules, &backup("datafile"));
        assert_eq!(
            schedules,
            [
                json!({"backupMethod": "datafile", "cronExpression": "0 3 * * *", "enabled": true, "retentionPeriod": "7d"})
            ]
        );
        merge_cluster_backup(&mut schedules, &backup("nosuch"));
        assert_eq!(schedules.len(), 2);
    }
}
