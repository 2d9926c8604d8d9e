//! Does a recording's steps again. What was done is read from the first thing that the recording shows after a step.

use std::time::Duration;

use acceptance_tests::control_plane::{self, ControlPlane};
use acceptance_tests::operator::{self, Options};
use k8s_openapi::api::core::v1::Namespace;
use kube::Client;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::allowed::is_allowed;
use crate::compare::{self, Difference};
use crate::recording::{Row, State, Step, after};
use crate::trace::Trace;

/// How long one step may take. The recordings need up to five seconds where something happens at all; a machine that
/// does many things at once needs longer.
const LIMIT: Duration = Duration::from_mins(2);

/// How long a pod takes to become ready. At once would be too soon on a busy machine: all pods of a restart would be
/// ready again before the first look of a controller, and the states in between would be missing. The recordings'
/// failures wait for pods that never become ready.
const READY_DELAY: &str = "1500ms";

/// Replays the steps and gives all differences that are not allowed, one line each.
pub(crate) async fn run(name: &str, steps: &[Step], options: Options) -> Vec<String> {
    let plane = ControlPlane::start(control_plane::Options { nodes: 1, ..control_plane::Options::default() })
        .await
        .unwrap();
    let client = plane.client().await.unwrap();
    operator::install(client.clone()).await.unwrap();
    let running = tokio::spawn(operator::run(client.clone(), options));
    let namespace: Namespace = serde_json::from_value(json!({ "metadata": { "name": name } })).unwrap();
    Api::all(client.clone()).create(&PostParams::default(), &namespace).await.unwrap();
    let replay = Replay { client, namespace: name.to_owned() };
    replay.prepare().await;
    let (mut trace, _watching) = Trace::start(&replay.client, name).await;
    let (mut recorded, mut ours) = (State::new(), State::new());
    let (mut found, mut before): (_, &[Row]) = (Vec::new(), &[]);
    for step in steps {
        let start = trace.len();
        replay.act(step).await;
        let wanted = after(&recorded, &step.rows);
        let deadline = Instant::now() + LIMIT;
        let (rows, now, left) = loop {
            let rows = trace.since(start);
            let now = after(&ours, &rows);
            let mut differences = compare::states(&wanted, &now);
            differences.extend(compare::events(before, &step.rows, &rows));
            differences.retain(|difference| !is_allowed(name, &step.title, difference));
            if differences.is_empty() || Instant::now() >= deadline {
                break (rows, now, differences);
            }
            let count = start + rows.len();
            let _ = tokio::time::timeout_at(deadline, trace.grows(count)).await;
        };
        let mut differences = left;
        differences.extend(compare::paths(&step.rows, &rows));
        differences.extend(compare::orders(&step.rows, &rows));
        differences.retain(|difference| !is_allowed(name, &step.title, difference));
        eprintln!("{name}: {} ({} differences)", step.title, differences.len());
        found.extend(differences.iter().map(|difference| show(&step.title, difference)));
        (recorded, ours, before) = (wanted, now, &step.rows);
    }
    running.abort();
    found
}

fn show(step: &str, difference: &Difference) -> String {
    format!("  [{step}] {} {}: {}", difference.object, difference.path, difference.text)
}

struct Replay {
    client: Client,
    namespace: String,
}

impl Replay {
    fn api(&self, kind: &str, plural: &str, group: &str) -> Api<DynamicObject> {
        let kind = GroupVersionKind::gvk(group, "v1alpha1", kind);
        let resource = ApiResource::from_gvk_with_plural(&kind, plural);
        Api::namespaced_with(self.client.clone(), &self.namespace, &resource)
    }

    fn of(&self, plural: &str) -> (Api<DynamicObject>, &'static str, &'static str) {
        let apps = "apps.kubeblocks.io";
        let (kind, group) = match plural {
            "clusters" => ("Cluster", apps),
            "opsrequests" => ("OpsRequest", apps),
            "configurations" => ("Configuration", apps),
            _ => ("Backup", "dataprotection.kubeblocks.io"),
        };
        (self.api(kind, plural, group), kind, group)
    }

    /// What was there before the first step and is not in the recording: a repository for backups, and a constraint
    /// that takes `max_connections` for a parameter that needs no restart.
    async fn prepare(&self) {
        if self.namespace == "postgresql" {
            let kind = GroupVersionKind::gvk("apps.kubeblocks.io", "v1alpha1", "ConfigConstraint");
            let resource = ApiResource::from_gvk_with_plural(&kind, "configconstraints");
            let constraints: Api<DynamicObject> = Api::all_with(self.client.clone(), &resource);
            let patch =
                json!({ "spec": { "staticParameters": [], "dynamicParameters": ["max_connections"] } });
            let patch = Patch::Merge(&patch);
            constraints.patch("postgresql14-cc", &PatchParams::default(), &patch).await.unwrap();
        }
        if self.namespace != "backup" {
            return;
        }
        let kind = GroupVersionKind::gvk("dataprotection.kubeblocks.io", "v1alpha1", "BackupRepo");
        let resource = ApiResource::from_gvk_with_plural(&kind, "backuprepos");
        let repos: Api<DynamicObject> = Api::all_with(self.client.clone(), &resource);
        let repo = serde_json::from_value(json!({
            "apiVersion": "dataprotection.kubeblocks.io/v1alpha1",
            "kind": "BackupRepo",
            "metadata": {
                "name": "main",
                "annotations": { "dataprotection.kubeblocks.io/is-default-repo": "true" },
            },
            "spec": {
                "storageProviderRef": "pvc",
                "accessMethod": "Mount",
                "pvReclaimPolicy": "Retain",
                "volumeCapacity": "10Gi",
            },
        }))
        .unwrap();
        repos.create(&PostParams::default(), &repo).await.unwrap();
    }

    /// Does what the recording shows first.
    async fn act(&self, step: &Step) {
        let title = step.title.as_str();
        let kinds = ["clusters", "opsrequests", "configurations", "backups"];
        let first = step.rows.iter().find(|row| {
            kinds.contains(&row.kind.as_str())
                && (!title.starts_with("patch Configuration") || row.kind == "configurations")
                && !is_noise(row, title)
        });
        let Some(row) = first else { return };
        let (api, kind, group) = self.of(&row.kind);
        if row.event == "ADDED" {
            let mut annotations = row.object["metadata"]["annotations"].clone();
            self.use_own_password(&mut annotations).await;
            if kind == "Cluster" && self.namespace != "failures" {
                annotations["playground.kubeblocks.io/ready-delay"] = READY_DELAY.into();
            }
            let object = serde_json::from_value(json!({
                "apiVersion": format!("{group}/v1alpha1"),
                "kind": kind,
                "metadata": { "name": row.name, "annotations": annotations },
                "spec": row.object["spec"],
            }))
            .unwrap();
            api.create(&PostParams::default(), &object).await.unwrap();
        } else if title.starts_with("delete ") {
            api.delete(&row.name, &DeleteParams::background()).await.unwrap();
        } else {
            let patch = json!({ "spec": row.object["spec"] });
            api.patch(&row.name, &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
        }
    }

    /// A restore quotes the encrypted password of its backup, which is another one in every run.
    async fn use_own_password(&self, annotations: &mut Value) {
        let key = "kubeblocks.io/restore-from-backup";
        let Some(text) = annotations.get(key).and_then(Value::as_str) else { return };
        let mut wanted: Value = serde_json::from_str(text).unwrap();
        for entry in wanted.as_object_mut().unwrap().values_mut() {
            let backup = self.of("backups").0.get(entry["name"].as_str().unwrap()).await.unwrap();
            let password = backup.metadata.annotations.unwrap_or_default();
            entry["connectionPassword"] =
                password.get("dataprotection.kubeblocks.io/connection-password").cloned().into();
        }
        annotations[key] = wanted.to_string().into();
    }
}

/// Rows of other clusters that move by themselves.
fn is_noise(row: &Row, title: &str) -> bool {
    row.kind == "clusters" && row.name == "badlog" && !title.contains("badlog")
}
