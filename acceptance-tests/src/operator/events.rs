//! Kubernetes events of the stand-in, counted up like the real recorder does instead of repeated.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Resource;
use kube::api::{Api, ObjectMeta, Patch, PatchParams, PostParams};
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

/// How many events about one object a recorder writes at once; then one in five minutes. Kubernetes' own limit, which
/// is why late events of a busy object may be missing.
const BURST: f64 = 25.0;
const REFILL_PER_SECOND: f64 = 1.0 / 300.0;

struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    /// Takes a token, if there is one.
    fn take(&mut self, now: Instant) -> bool {
        let refilled = now.duration_since(self.at).as_secs_f64() * REFILL_PER_SECOND;
        self.tokens = (self.tokens + refilled).min(BURST);
        self.at = now;
        let is_left = self.tokens >= 1.0;
        if is_left {
            self.tokens -= 1.0;
        }
        is_left
    }
}

/// Writes events. A failure to write one is logged and otherwise ignored, as the real recorder does.
pub(crate) struct Events {
    store: Store,
    seen: Mutex<HashMap<Key, Seen>>,
    buckets: Mutex<HashMap<(String, String), Bucket>>,
}

impl Events {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, seen: Mutex::new(HashMap::new()), buckets: Mutex::new(HashMap::new()) }
    }

    /// Records that something happened to `object`, in the name of the controller of its kind.
    pub(crate) async fn record<K>(&self, object: &K, severity: Severity, reason: &str, message: &str)
    where
        K: Resource<DynamicType = ()>,
    {
        let source = format!("{}-controller", K::kind(&()).to_lowercase());
        self.record_from(&source, object, severity, reason, message).await;
    }

    /// Records in the name of another controller.
    pub(crate) async fn record_from<K>(
        &self,
        source: &str,
        object: &K,
        severity: Severity,
        reason: &str,
        message: &str,
    ) where
        K: Resource<DynamicType = ()>,
    {
        let meta = object.meta();
        let (Some(name), Some(uid)) = (&meta.name, &meta.uid) else { return };
        // Events live in a namespace, those about objects that have none in this one.
        let namespace = meta.namespace.as_deref().unwrap_or("default");
        if !self.may_write(uid, source) {
            return;
        }
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
                    namespace: Some(namespace.to_owned()),
                    ..ObjectMeta::default()
                },
                involved_object: ObjectReference {
                    api_version: Some(K::api_version(&()).into_owned()),
                    kind: Some(K::kind(&()).into_owned()),
                    name: Some(name.clone()),
                    namespace: meta.namespace.clone(),
                    uid: Some(uid.clone()),
                    ..ObjectReference::default()
                },
                reason: Some(reason.to_owned()),
                message: Some(message.to_owned()),
                type_: Some(severity.name().to_owned()),
                source: Some(EventSource { component: Some(source.to_owned()), host: None }),
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

    fn may_write(&self, uid: &str, source: &str) -> bool {
        let now = Instant::now();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (uid.to_owned(), source.to_owned());
        buckets.entry(key).or_insert_with(|| Bucket { tokens: BURST, at: now }).take(now)
    }

    /// Forgets the events of an object that is gone.
    pub(crate) fn forget(&self, uid: &str) {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner).retain(|(known, _), _| known != uid);
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).retain(|key, _| key.uid != uid);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_of_events_is_cut_and_comes_back_slowly() {
        let start = Instant::now();
        let mut bucket = Bucket { tokens: BURST, at: start };
        let written = (0..100).filter(|_| bucket.take(start)).count();
        assert_eq!(written, 25);
        assert!(!bucket.take(start + Duration::from_secs(200)));
        assert!(bucket.take(start + Duration::from_secs(301)));
    }
}
