//! Kubernetes events of the stand-in, counted up like the real recorder does instead of repeated.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Resource;
use kube::api::{Api, ObjectMeta, Patch, PatchParams, PostParams};
use kube::core::NamespaceResourceScope;
use serde_json::json;

use super::store::Store;

/// Whether an event tells of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Severity {
    Normal,
    Warning,
}

impl Severity {
    fn name(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    uid: String,
    reason: String,
    message: String,
}

struct Seen {
    name: String,
    count: i32,
}

/// Writes events. A failure to write one is logged and otherwise ignored, as the real recorder does.
pub(crate) struct Events {
    store: Store,
    seen: Mutex<HashMap<Key, Seen>>,
}

impl Events {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, seen: Mutex::new(HashMap::new()) }
    }

    /// Records that something happened to `object`.
    pub(crate) async fn record<K>(&self, object: &K, severity: Severity, reason: &str, message: &str)
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        let meta = object.meta();
        let (Some(name), Some(namespace), Some(uid)) = (&meta.name, &meta.namespace, &meta.uid) else {
            return;
        };
        let key = Key { uid: uid.clone(), reason: reason.to_owned(), message: message.to_owned() };
        let now = jiff::Timestamp::now();
        let (event, count) = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let entry = seen
                .entry(key)
                .or_insert_with(|| Seen { name: format!("{name}.{:x}", now.as_nanosecond()), count: 0 });
            entry.count += 1;
            (entry.name.clone(), entry.count)
        };
        let api: Api<Event> = Api::namespaced(self.store.client(), namespace);
        let outcome = if count > 1 {
            let patch = json!({ "count": count, "lastTimestamp": Time(now) });
            api.patch(&event, &PatchParams::default(), &Patch::Merge(&patch)).await.map(drop)
        } else {
            let body = Event {
                metadata: ObjectMeta {
                    name: Some(event),
                    namespace: Some(namespace.clone()),
                    ..ObjectMeta::default()
                },
                involved_object: ObjectReference {
                    api_version: Some(K::api_version(&()).into_owned()),
                    kind: Some(K::kind(&()).into_owned()),
                    name: Some(name.clone()),
                    namespace: Some(namespace.clone()),
                    uid: Some(uid.clone()),
                    ..ObjectReference::default()
                },
                reason: Some(reason.to_owned()),
                message: Some(message.to_owned()),
                type_: Some(severity.name().to_owned()),
                source: Some(EventSource {
                    component: Some(format!("{}-controller", K::kind(&()).to_lowercase())),
                    host: None,
                }),
                first_timestamp: Some(Time(now)),
                last_timestamp: Some(Time(now)),
                count: Some(1),
                ..Event::default()
            };
            api.create(&PostParams::default(), &body).await.map(drop)
        };
        if let Err(error) = outcome {
            tracing::debug!(%error, object = %name, reason, "an event was not recorded");
        }
    }

    /// Forgets the events of an object that is gone.
    pub(crate) fn forget(&self, uid: &str) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).retain(|key, _| key.uid != uid);
    }
}
