//! Watches of a few objects for one wait: snapshots of everything asked for, each time something changes. For waits
//! that many operations share there is [`super::feed`].

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use kube::api::DynamicObject;
use kube::core::ApiResource;
use kube::runtime::{WatchStreamExt, watcher};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::client::{Client, Kind};
use super::dynamic::resource_of;
pub use super::feed::Sight;
use super::feed::{LONGEST_RESTART_DELAY, STEADY, judge, restart_delays};
use crate::wait;

/// Which objects are watched.
#[derive(Clone, Debug)]
pub struct Selection {
    resource: ApiResource,
    namespace: Option<String>,
    labels: Option<String>,
    fields: Option<String>,
}

impl Selection {
    /// All objects of a kind.
    pub fn of(resource: ApiResource) -> Self {
        Self { resource, namespace: None, labels: None, fields: None }
    }

    /// All objects of a kind that has a type.
    pub fn kind<K: Kind>() -> Self {
        Self::of(resource_of::<K>())
    }

    /// Only those in a namespace.
    #[must_use]
    pub fn within(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.to_owned());
        self
    }

    /// Only those whose labels match (`a=b,c=d`).
    #[must_use]
    pub fn labelled(mut self, labels: &str) -> Self {
        self.labels = Some(labels.to_owned());
        self
    }

    /// Only the one with this name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.fields = Some(format!("metadata.name={name}"));
        self
    }
}

/// What is seen of one selection.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Whether it can be seen at all.
    pub sight: Sight,
    objects: BTreeMap<(String, String), Arc<DynamicObject>>,
    /// What the server or the connection last said against the watch.
    pub trouble: Option<String>,
}

impl Seen {
    const NOTHING_YET: Self = Self { sight: Sight::Opening, objects: BTreeMap::new(), trouble: None };

    /// The objects, in the order of namespace and name.
    pub fn objects(&self) -> impl Iterator<Item = &DynamicObject> {
        self.objects.values().map(AsRef::as_ref)
    }

    /// The only object of a selection by name.
    pub fn first(&self) -> Option<&DynamicObject> {
        self.objects().next()
    }

    /// The objects as a type; those that have another form are left out.
    pub fn typed<K: DeserializeOwned>(&self) -> Vec<K> {
        self.objects()
            .filter_map(|object| serde_json::to_value(object).ok())
            .filter_map(|value| serde_json::from_value(value).ok())
            .collect()
    }

    /// Whether `objects` are those of the server, as far as a watch can tell.
    pub fn is_open(&self) -> bool {
        self.sight == Sight::Open
    }
}

/// Snapshots, one [`Seen`] for each selection, in their order. The first comes at once, with nothing seen yet.
/// Dropping it ends the watches.
pub struct Snapshots {
    snapshots: BoxStream<'static, Vec<Seen>>,
    tasks: Vec<AbortHandle>,
}

impl std::fmt::Debug for Snapshots {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Snapshots").finish_non_exhaustive()
    }
}

impl Stream for Snapshots {
    type Item = Vec<Seen>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Vec<Seen>>> {
        self.snapshots.poll_next_unpin(context)
    }
}

impl Drop for Snapshots {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl Client {
    /// Watches all `selections` until the result is dropped. A kind that is not served or may not be seen is
    /// [`Sight::Closed`], and is tried again.
    pub fn observe(&self, selections: Vec<Selection>) -> Snapshots {
        let (sender, receiver) = watch::channel(vec![Seen::NOTHING_YET; selections.len()]);
        let sender = Arc::new(sender);
        let tasks = selections
            .into_iter()
            .enumerate()
            .map(|(index, selection)| {
                let place = Place { sender: Arc::clone(&sender), index };
                tokio::spawn(follow(self.clone(), selection, place)).abort_handle()
            })
            .collect();
        let snapshots = futures::stream::unfold((receiver, true), |(mut receiver, is_first)| async move {
            if !is_first && receiver.changed().await.is_err() {
                return None;
            }
            let snapshot = receiver.borrow_and_update().clone();
            Some((snapshot, (receiver, false)))
        });
        Snapshots { snapshots: snapshots.boxed(), tasks }
    }
}

/// Where one watch writes what it sees.
struct Place {
    sender: Arc<watch::Sender<Vec<Seen>>>,
    index: usize,
}

impl Place {
    fn change(&self, change: impl FnOnce(&mut Seen)) {
        self.sender.send_modify(|all| {
            if let Some(seen) = all.get_mut(self.index) {
                change(seen);
            }
        });
    }
}

async fn follow(client: Client, selection: Selection, place: Place) {
    let mut configuration = watcher::Config::default();
    if let Some(labels) = &selection.labels {
        configuration = configuration.labels(labels);
    }
    if let Some(fields) = &selection.fields {
        configuration = configuration.fields(fields);
    }
    let mut delays = restart_delays();
    loop {
        let watches = client.for_watches();
        let api: kube::Api<DynamicObject> = match &selection.namespace {
            Some(namespace) => kube::Api::namespaced_with(watches, namespace, &selection.resource),
            None => kube::Api::all_with(watches, &selection.resource),
        };
        let started = Instant::now();
        follow_once(&client, api, configuration.clone(), &place).await;
        if started.elapsed() > STEADY {
            delays = restart_delays();
        }
        let delay = delays.next().unwrap_or(LONGEST_RESTART_DELAY);
        // Nobody interrupts a watch: it is aborted when its user goes.
        let _ = wait::pause(delay, &CancellationToken::new()).await;
    }
}

/// Follows one watch until it breaks; it is then begun anew with a list, which alone shows that the server is back.
async fn follow_once(
    client: &Client,
    api: kube::Api<DynamicObject>,
    configuration: watcher::Config,
    place: &Place,
) {
    let mut events = watcher(api, configuration).default_backoff().boxed();
    let mut arriving = BTreeMap::new();
    while let Some(event) = events.next().await {
        match event {
            Ok(watcher::Event::Init) => arriving.clear(),
            Ok(watcher::Event::InitApply(object)) => {
                arriving.insert(key(&object), Arc::new(object));
            }
            Ok(watcher::Event::InitDone) => {
                let objects = std::mem::take(&mut arriving);
                place.change(|seen| *seen = Seen { sight: Sight::Open, objects, trouble: None });
            }
            Ok(watcher::Event::Apply(object)) => {
                place.change(|seen| {
                    seen.objects.insert(key(&object), Arc::new(object));
                });
            }
            Ok(watcher::Event::Delete(object)) => {
                place.change(|seen| {
                    seen.objects.remove(&key(&object));
                });
            }
            Err(error) => {
                client.watch_was_refused(&error).await;
                let (sight, trouble) = judge(&error);
                tracing::debug!(trouble, "watch failed");
                place.change(|seen| {
                    let opening = seen.sight == Sight::Opening && sight == Sight::Lost;
                    seen.sight = if opening { Sight::Opening } else { sight };
                    seen.trouble = Some(trouble);
                });
                return;
            }
        }
    }
}

fn key(object: &DynamicObject) -> (String, String) {
    let metadata = &object.metadata;
    (metadata.namespace.clone().unwrap_or_default(), metadata.name.clone().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use std::time::Duration;

    use super::*;
    use crate::kubernetes::test_api::TestApi;
    use crate::wait::{Limits, Step, until};
    use kubeblocks_schemas::v1alpha1::{Addon, Cluster};

    fn addon(name: &str, phase: &str) -> serde_json::Value {
        json!({"apiVersion": "extensions.kubeblocks.io/v1alpha1", "kind": "Addon", "metadata": {"name": name}, "status": {"phase": phase}})
    }

    fn phases(seen: &Seen) -> Vec<String> {
        seen.objects().map(|object| object.data["status"]["phase"].as_str().unwrap().to_owned()).collect()
    }

    #[tokio::test]
    async fn snapshots_follow_all_selections_and_outlive_a_watch_that_the_server_gives_up() {
        let api = TestApi::default();
        api.put("addons", addon("redis", "Enabling"));
        let client = api.client();
        let mut snapshots = client.observe(vec![Selection::kind::<Addon>(), Selection::kind::<Cluster>()]);
        let limits = Limits::new(Duration::from_mins(1), &CancellationToken::new());
        let seen = until(&limits, &mut snapshots, |all: &Vec<Seen>, _| {
            if all.iter().all(Seen::is_open) {
                Step::<_, ()>::Done(phases(&all[0]))
            } else {
                Step::Wait(None)
            }
        });
        assert_eq!(seen.await.unwrap(), ["Enabling"]);

        api.expire_watches();
        api.change("addons", "redis", |object| object["status"]["phase"] = "Enabled".into());
        let seen = until(&limits, &mut snapshots, |all: &Vec<Seen>, _| {
            if phases(&all[0]) == ["Enabled"] { Step::<_, ()>::Done(()) } else { Step::Wait(None) }
        });
        seen.await.unwrap();
    }
}
