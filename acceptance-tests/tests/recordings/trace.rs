//! Watches the kinds that the recordings hold, and keeps what it sees in the recordings' form.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use futures::StreamExt;
use kube::api::{Api, DynamicObject};
use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Client, ResourceExt};
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::recording::Row;

const KINDS: [(&str, &str, &str, &str); 14] = [
    ("apps.kubeblocks.io", "v1alpha1", "Cluster", "clusters"),
    ("apps.kubeblocks.io", "v1alpha1", "Configuration", "configurations"),
    ("apps.kubeblocks.io", "v1alpha1", "OpsRequest", "opsrequests"),
    ("workloads.kubeblocks.io", "v1alpha1", "ReplicatedStateMachine", "replicatedstatemachines"),
    ("dataprotection.kubeblocks.io", "v1alpha1", "BackupPolicy", "backuppolicies"),
    ("dataprotection.kubeblocks.io", "v1alpha1", "BackupSchedule", "backupschedules"),
    ("dataprotection.kubeblocks.io", "v1alpha1", "Backup", "backups"),
    ("dataprotection.kubeblocks.io", "v1alpha1", "Restore", "restores"),
    ("", "v1", "Secret", "secrets"),
    ("", "v1", "Service", "services"),
    ("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
    ("", "v1", "Pod", "pods"),
    ("apps", "v1", "StatefulSet", "statefulsets"),
    ("batch", "v1", "Job", "jobs"),
];

/// What has been seen so far.
#[derive(Clone)]
pub(crate) struct Trace {
    rows: Arc<Mutex<Vec<Row>>>,
    count: watch::Receiver<usize>,
}

/// Keeps the watches alive.
pub(crate) struct Watching(#[allow(dead_code, reason = "dropping it ends the watches")] JoinSet<()>);

impl Trace {
    /// Starts to watch one namespace; all watches are open when it returns. What is done before one is open would be seen
    /// by its end only, without the states on the way.
    pub(crate) async fn start(client: &Client, namespace: &str) -> (Self, Watching) {
        let rows = Arc::new(Mutex::new(Vec::new()));
        let (sender, count) = watch::channel(0);
        let sender = Arc::new(sender);
        let mut tasks = JoinSet::new();
        let (opened, mut open) = tokio::sync::mpsc::unbounded_channel();
        let events = [("", "v1", "Event", "events")];
        for (group, version, kind, plural) in KINDS.into_iter().chain(events) {
            let resource =
                ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural);
            let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
            let (rows, sender, opened) = (rows.clone(), sender.clone(), opened.clone());
            tasks.spawn(async move {
                let mut known = HashSet::new();
                let mut stream = watcher(api, watcher::Config::default()).boxed();
                while let Some(event) = stream.next().await {
                    let (event, object) = match event {
                        Ok(Event::Apply(object) | Event::InitApply(object)) => {
                            let is_new = known.insert(object.name_any());
                            (if is_new { "ADDED" } else { "MODIFIED" }, object)
                        }
                        Ok(Event::Delete(object)) => {
                            known.remove(&object.name_any());
                            ("DELETED", object)
                        }
                        Ok(Event::InitDone) => {
                            // Nobody listens any more when a watch is opened anew.
                            let _ = opened.send(());
                            continue;
                        }
                        Ok(Event::Init) | Err(_) => continue,
                    };
                    let row = Row {
                        event: event.to_owned(),
                        kind: plural.to_owned(),
                        name: object.name_any(),
                        object: trim(plural, &object),
                        revision: object
                            .resource_version()
                            .and_then(|text| text.parse().ok())
                            .unwrap_or_default(),
                    };
                    let mut rows = rows.lock().unwrap();
                    rows.push(row);
                    sender.send_replace(rows.len());
                }
            });
        }
        for _ in 0..tasks.len() {
            open.recv().await.unwrap();
        }
        (Self { rows, count }, Watching(tasks))
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        *self.count.borrow()
    }

    /// The rows from one on.
    pub(crate) fn since(&self, start: usize) -> Vec<Row> {
        self.rows.lock().unwrap()[start..].to_vec()
    }

    /// Waits until there is a row more than `count`.
    pub(crate) async fn grows(&mut self, count: usize) {
        let _ = self.count.wait_for(|now| *now > count).await;
    }
}

/// Cuts an object to what the recordings hold of its kind.
fn trim(plural: &str, object: &DynamicObject) -> Value {
    let full = serde_json::to_value(object).unwrap();
    let mut metadata = Map::new();
    for key in ["name", "generation", "labels", "annotations", "finalizers", "deletionTimestamp"] {
        if let Some(value) = full["metadata"].get(key) {
            metadata.insert(key.to_owned(), value.clone());
        }
    }
    let metadata = Value::Object(metadata);
    let at = |path: &str| full.pointer(path).cloned().unwrap_or_default();
    match plural {
        "events" => json!({
            "reason": at("/reason"),
            "type": at("/type"),
            "message": at("/message"),
            "on": format!(
                "{}/{}",
                at("/involvedObject/kind").as_str().unwrap_or_default(),
                at("/involvedObject/name").as_str().unwrap_or_default()
            ),
        }),
        "secrets" => {
            let mut keys: Vec<String> =
                at("/data").as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect();
            keys.sort();
            json!({ "metadata": metadata, "type": at("/type"), "keys": keys })
        }
        "statefulsets" => json!({
            "metadata": metadata,
            "spec": { "replicas": at("/spec/replicas"), "roles": null },
            "status": at("/status"),
        }),
        "persistentvolumeclaims" => json!({
            "metadata": metadata,
            "request": at("/spec/resources/requests"),
            "status": at("/status"),
        }),
        "pods" => {
            let names = |path: &str| -> Vec<Value> {
                at(path).as_array().into_iter().flatten().map(|entry| entry["name"].clone()).collect()
            };
            json!({ "metadata": metadata, "phase": at("/status/phase"), "containers": names("/spec/containers") })
        }
        "jobs" => json!({ "metadata": metadata, "status": at("/status") }),
        _ => json!({ "metadata": metadata, "spec": at("/spec"), "status": at("/status") }),
    }
}
