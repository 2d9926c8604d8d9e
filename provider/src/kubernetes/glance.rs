//! Reads that come in numbers share lists: a refresh of a thousand databases asks for each of them, and one list shows all.
//!
//! What a list shows is used for a second, and not after a write of this process. That an object is not in it is asked
//! again, of the server, unless little hangs on it. Few reads go to the server by themselves, as a list may be long.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kube::ResourceExt;
use tokio::time::Instant;

use super::client::Client;
use super::error::Error;

/// So many reads of a kind in a namespace go to the server by themselves.
const BY_THEMSELVES: usize = 16;

/// So long a list is taken for what there is.
const FRESH: Duration = Duration::from_secs(1);

/// Kinds of which nobody lists all to see one: they hold what is secret, or a megabyte each.
const NEVER_LISTED: [&str; 2] = ["/secrets", "/configmaps"];

/// Which objects a list shows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Range {
    /// Path of the kind, without a namespace.
    pub(super) kind: String,
    /// Without: those of all namespaces, or of none.
    pub(super) namespace: Option<String>,
    /// Only those that have this label.
    pub(super) label: Option<String>,
}

/// The lists that reads of one Kubernetes cluster share.
#[derive(Default)]
pub(super) struct Glances {
    /// Counts the writes of this process.
    writes: AtomicU64,
    shelves: Mutex<HashMap<(TypeId, Range), Arc<dyn Any + Send + Sync>>>,
}

impl Glances {
    /// Something was written: no list from before shows it.
    pub(super) fn forget(&self) {
        self.writes.fetch_add(1, Ordering::SeqCst);
    }

    fn shelf<K: Send + Sync + 'static>(&self, range: &Range) -> Arc<Shelf<K>> {
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (TypeId::of::<K>(), range.clone());
        let found = shelves.get(&key).and_then(|shelf| Arc::clone(shelf).downcast().ok());
        found.unwrap_or_else(|| {
            let made = Arc::new(Shelf::default());
            shelves.insert(key, Arc::clone(&made) as _);
            made
        })
    }
}

/// The latest list of a range.
struct Shelf<K> {
    /// How often it was asked for since the last write.
    asked: AtomicUsize,
    /// The writes when it was last asked for.
    writes: AtomicU64,
    listed: tokio::sync::Mutex<Option<Listed<K>>>,
}

impl<K> Default for Shelf<K> {
    fn default() -> Self {
        Self { asked: AtomicUsize::new(0), writes: AtomicU64::new(0), listed: tokio::sync::Mutex::new(None) }
    }
}

struct Listed<K> {
    begun: Instant,
    writes: u64,
    objects: Arc<Objects<K>>,
}

/// What a list shows.
pub(super) struct Objects<K> {
    /// By name. Of all namespaces, those of one name come after each other.
    by_name: HashMap<String, Vec<K>>,
}

impl<K: ResourceExt> Objects<K> {
    fn new(objects: Vec<K>) -> Self {
        let mut by_name: HashMap<String, Vec<K>> = HashMap::with_capacity(objects.len());
        for object in objects {
            by_name.entry(object.name_any()).or_default().push(object);
        }
        Self { by_name }
    }

    /// The one of this name.
    pub(super) fn named(&self, name: &str) -> Option<&K> {
        self.by_name.get(name)?.first()
    }

    /// Those whose label has this value, in the order of their names.
    pub(super) fn labelled(&self, label: &str, value: &str) -> Vec<K>
    where
        K: Clone,
    {
        let all = self.by_name.values().flatten();
        let mut found: Vec<K> = all
            .filter(|object| object.labels().get(label).is_some_and(|its| its == value))
            .cloned()
            .collect();
        found.sort_by_key(ResourceExt::name_any);
        found
    }
}

impl Client {
    /// What a list of the range shows, when reads of it come in numbers; nothing when this one is to go to the server by
    /// itself. `list` asks the server for all.
    pub(super) async fn glance<K: ResourceExt + Send + Sync + 'static>(
        &self,
        range: &Range,
        list: impl AsyncFnOnce() -> Result<Vec<K>, Error>,
    ) -> Option<Arc<Objects<K>>> {
        let glances = self.glances()?;
        if NEVER_LISTED.iter().any(|kind| range.kind.ends_with(kind)) {
            return None;
        }
        let latest = glances.shelf::<K>(range);
        let writes = glances.writes.load(Ordering::SeqCst);
        if latest.writes.swap(writes, Ordering::SeqCst) != writes {
            latest.asked.store(0, Ordering::SeqCst);
        }
        if latest.asked.fetch_add(1, Ordering::SeqCst) < BY_THEMSELVES {
            return None;
        }
        // One list for all who wait here.
        let mut listed = latest.listed.lock().await;
        let writes = glances.writes.load(Ordering::SeqCst);
        if let Some(listed) = &*listed
            && listed.writes == writes
            && listed.begun.elapsed() < FRESH
        {
            return Some(Arc::clone(&listed.objects));
        }
        let begun = Instant::now();
        let Ok(objects) = list().await else {
            // Who may get but not list goes on by itself, and so does whoever was refused for another reason.
            latest.asked.store(0, Ordering::SeqCst);
            return None;
        };
        let objects = Arc::new(Objects::new(objects));
        *listed = Some(Listed { begun, writes, objects: Arc::clone(&objects) });
        Some(objects)
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Secret;
    use kubeblocks_schemas::v1alpha1::Addon;
    use serde_json::json;

    use super::*;
    use crate::kubernetes::client::Conflicts;
    use crate::kubernetes::test_api::TestApi;

    fn addon(name: &str) -> serde_json::Value {
        json!({
            "apiVersion": "extensions.kubeblocks.io/v1alpha1", "kind": "Addon",
            "metadata": {"name": name, "labels": {"team": name}}, "spec": {"type": "Helm", "description": name, "defaultInstallValues": [{}]},
        })
    }

    #[tokio::test(start_paused = true)]
    async fn reads_in_numbers_share_a_list_until_it_is_old_or_something_is_written() {
        let api = TestApi::default();
        for number in 0..40 {
            api.put("addons", addon(&format!("a{number}")));
        }
        let client = api.client().glancing();
        let read = async |number: usize| client.get_opt::<Addon>(None, &format!("a{number}")).await.unwrap();
        for number in 0..40 {
            assert!(read(number).await.is_some());
        }
        assert_eq!(api.count(""), BY_THEMSELVES + 1);

        // What is missing in the list is asked for.
        api.put("addons", addon("late"));
        assert!(client.get_opt::<Addon>(None, "late").await.unwrap().is_some());
        assert!(client.get_opt::<Addon>(None, "never").await.unwrap().is_none());
        assert_eq!(api.count(""), BY_THEMSELVES + 3);
        assert!(client.get_opt_as_listed::<Addon>(None, "never").await.unwrap().is_none());
        assert!(client.get_opt_as_listed::<Addon>(None, "a1").await.unwrap().is_some());
        assert_eq!(api.count(""), BY_THEMSELVES + 3);

        // A list of a moment ago says nothing for ever.
        api.change("addons", "a1", |object| object["spec"]["description"] = "changed".into());
        assert_eq!(read(1).await.unwrap().spec.description.as_deref(), Some("a1"));
        tokio::time::advance(FRESH).await;
        assert_eq!(read(1).await.unwrap().spec.description.as_deref(), Some("changed"));
        assert_eq!(api.count(""), BY_THEMSELVES + 4);

        // After a write of this process it is not used, and a few reads go by themselves again.
        let mut own = read(2).await.unwrap();
        own.spec.description = Some("written".to_owned());
        client.server_side_apply(&own, Conflicts::Force).await.unwrap();
        let before = api.count("");
        assert_eq!(read(2).await.unwrap().spec.description.as_deref(), Some("written"));
        assert_eq!(api.count(""), before + 1);
    }

    #[tokio::test]
    async fn lists_by_a_label_are_told_apart_by_its_value() {
        let api = TestApi::default();
        for name in ["a", "b"] {
            api.put("addons", addon(name));
        }
        let client = api.client().glancing();
        for _ in 0..30 {
            let found: Vec<Addon> = client.list(None, Some("team=b")).await.unwrap();
            assert_eq!(found.iter().map(ResourceExt::name_any).collect::<Vec<_>>(), ["b"]);
        }
        assert_eq!(api.count(""), BY_THEMSELVES + 1);
    }

    #[tokio::test]
    async fn secrets_are_never_listed_to_see_one() {
        let api = TestApi::default();
        api.put(
            "secrets",
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "shop"}}),
        );
        let client = api.client().glancing();
        for _ in 0..30 {
            let found: Option<Secret> = client.get_opt(Some("shop"), "a").await.unwrap();
            assert!(found.is_some());
        }
        assert_eq!(api.count("secrets/a"), 30);
    }

    #[tokio::test]
    async fn who_asks_for_the_present_always_asks_the_server() {
        let api = TestApi::default();
        api.put("addons", addon("a"));
        let client = api.client();
        for _ in 0..30 {
            assert!(client.get_opt::<Addon>(None, "a").await.unwrap().is_some());
        }
        assert_eq!(api.count(""), 30);
        for _ in 0..30 {
            assert!(client.get_opt_as_listed::<Addon>(None, "never").await.unwrap().is_none());
        }
        assert_eq!(api.count(""), 60);
    }
}
