//! Watches that many waits share: one per kind, namespace and selector, however many clusters are waited for.
//! A feed keeps only what its users need of each object, survives lost connections, expired versions and an API
//! server that is away, and ends with its last user.

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use futures::StreamExt;
use kube::Resource;
use kube::runtime::{WatchStreamExt, watcher};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::client::{Client, Kind};
use crate::wait;

/// Which objects a feed holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Scope {
    /// The namespace.
    pub(crate) namespace: String,
    /// Label selector, `a=b,c=d`.
    pub(crate) labels: Option<&'static str>,
}

/// How far a feed is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// The first list has not come yet.
    Opening,
    /// The objects are those of the server, as far as a watch can tell.
    Open,
    /// Not permitted, or the server does not know the kind: there is nothing to see here.
    Closed,
    /// The connection is lost; the objects are those last seen.
    Lost,
}

/// What a feed knows.
#[derive(Debug)]
pub(crate) struct View<T> {
    pub(crate) sight: Sight,
    /// By group, then by name.
    groups: BTreeMap<String, BTreeMap<String, T>>,
    /// What the server or the connection last said against the watch.
    pub(crate) trouble: Option<String>,
}

impl<T> View<T> {
    /// The objects of a group, in the order of their names.
    pub(crate) fn of(&self, group: &str) -> impl Iterator<Item = &T> {
        self.groups.get(group).into_iter().flat_map(BTreeMap::values)
    }
}

/// An object that a feed holds.
pub(crate) trait Fact: Clone + Send + Sync + 'static {
    /// The kind it is taken from.
    type Kind: Kind;

    /// What is kept of `object`, and the group under which it is looked up; nothing for objects of no interest.
    fn take(object: &Self::Kind) -> Option<(String, Self)>;
}

/// A running watch. Dropping the last handle ends it.
pub(crate) struct Feed<T> {
    view: watch::Receiver<View<T>>,
    task: AbortHandle,
}

impl<T> Drop for Feed<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<T: Fact> Feed<T>
where
    T::Kind: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
{
    fn start(client: &Client, scope: &Scope) -> Self {
        let view = View { sight: Sight::Opening, groups: BTreeMap::new(), trouble: None };
        let (sender, receiver) = watch::channel(view);
        let client = client.clone();
        let scope = scope.clone();
        let task = tokio::spawn(follow::<T>(client, scope, sender)).abort_handle();
        Self { view: receiver, task }
    }
}

impl<T> Feed<T> {
    /// A receiver that wakes for each change.
    pub(crate) fn subscribe(&self) -> watch::Receiver<View<T>> {
        self.view.clone()
    }
}

async fn follow<T: Fact>(client: Client, scope: Scope, sender: watch::Sender<View<T>>)
where
    T::Kind: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
{
    let mut configuration = watcher::Config::default();
    if let Some(labels) = scope.labels {
        configuration = configuration.labels(labels);
    }
    let mut delays = restart_delays();
    loop {
        let api: kube::Api<T::Kind> = kube::Api::namespaced(client.for_watches(), &scope.namespace);
        let lasted = follow_once(&client, api, configuration.clone(), &sender).await;
        if lasted > STEADY {
            delays = restart_delays();
        }
        let delay = delays.next().unwrap_or(LONGEST_RESTART_DELAY);
        // Nobody interrupts a feed: it is aborted when its last user goes.
        let _ = wait::pause(delay, &CancellationToken::new()).await;
    }
}

/// Follows one watch until it breaks, and returns how long it lasted. A watch that breaks is not taken up where it
/// was but begun anew: a watch says nothing while nothing changes, so only a list shows that the server is back.
async fn follow_once<T: Fact>(
    client: &Client,
    api: kube::Api<T::Kind>,
    configuration: watcher::Config,
    sender: &watch::Sender<View<T>>,
) -> Duration
where
    T::Kind: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
{
    let started = Instant::now();
    let mut events = watcher(api, configuration).default_backoff().boxed();
    let mut arriving: BTreeMap<String, BTreeMap<String, T>> = BTreeMap::new();
    while let Some(event) = events.next().await {
        match event {
            Ok(watcher::Event::Init) => arriving.clear(),
            Ok(watcher::Event::InitApply(object)) => put(&mut arriving, &object),
            Ok(watcher::Event::InitDone) => {
                let groups = std::mem::take(&mut arriving);
                sender.send_modify(|view| *view = View { sight: Sight::Open, groups, trouble: None });
            }
            Ok(watcher::Event::Apply(object)) => sender.send_modify(|view| put(&mut view.groups, &object)),
            Ok(watcher::Event::Delete(object)) => {
                sender.send_modify(|view| remove(&mut view.groups, &object));
            }
            Err(error) => {
                client.watch_was_refused(&error).await;
                let (sight, trouble) = judge(&error);
                tracing::debug!(kind = %T::Kind::kind(&()), trouble, "watch failed");
                sender.send_modify(|view| {
                    // A first list that never came leaves nothing to go on with.
                    let opening = view.sight == Sight::Opening && sight == Sight::Lost;
                    view.sight = if opening { Sight::Opening } else { sight };
                    view.trouble = Some(trouble);
                });
                // After a failed list, the watcher itself lists again, with its own delays; but with the same credentials.
                if !matches!(error, watcher::Error::InitialListFailed(_)) || client.is_renewable() {
                    break;
                }
            }
        }
    }
    started.elapsed()
}

/// A watch that lasted this long was no trouble.
pub(super) const STEADY: Duration = Duration::from_mins(1);
pub(super) const LONGEST_RESTART_DELAY: Duration = Duration::from_secs(10);

pub(super) fn restart_delays() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(500))
        .with_max_delay(LONGEST_RESTART_DELAY)
        .with_jitter()
        .without_max_times()
        .build()
}

/// Whether a failed watch can ever see anything, and what was said against it.
pub(super) fn judge(error: &watcher::Error) -> (Sight, String) {
    let source = match error {
        watcher::Error::InitialListFailed(source)
        | watcher::Error::WatchStartFailed(source)
        | watcher::Error::WatchFailed(source) => source,
        watcher::Error::WatchError(status) => return (Sight::Lost, status.message.clone()),
        watcher::Error::NoResourceVersion => return (Sight::Lost, error.to_string()),
    };
    match source {
        kube::Error::Api(status) if matches!(status.code, 403 | 404) => {
            (Sight::Closed, status.message.clone())
        }
        kube::Error::Api(status) => (Sight::Lost, status.message.clone()),
        other => (Sight::Lost, super::classify::broken_text(other)),
    }
}

fn put<T: Fact>(groups: &mut BTreeMap<String, BTreeMap<String, T>>, object: &T::Kind) {
    let Some(name) = object.meta().name.clone() else { return };
    match T::take(object) {
        Some((group, fact)) => {
            groups.entry(group).or_default().insert(name, fact);
        }
        None => remove::<T>(groups, object),
    }
}

fn remove<T: Fact>(groups: &mut BTreeMap<String, BTreeMap<String, T>>, object: &T::Kind) {
    let Some(name) = &object.meta().name else { return };
    groups.retain(|_, members| {
        members.remove(name);
        !members.is_empty()
    });
}

type Running = HashMap<(TypeId, Scope), Weak<dyn Any + Send + Sync>>;

/// The feeds that run for one client.
#[derive(Default)]
pub(crate) struct Feeds {
    running: Mutex<Running>,
}

impl Feeds {
    /// The feed of `T` in `scope`, started when nobody has one.
    pub(crate) fn open<T: Fact>(client: &Client, scope: &Scope) -> Arc<Feed<T>>
    where
        T::Kind: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
    {
        let mut running = client.feeds().running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|_, feed| feed.strong_count() > 0);
        let key = (TypeId::of::<T>(), scope.clone());
        let found =
            running.get(&key).and_then(Weak::upgrade).and_then(|feed| feed.downcast::<Feed<T>>().ok());
        found.unwrap_or_else(|| {
            let feed = Arc::new(Feed::start(client, scope));
            let erased: Arc<dyn Any + Send + Sync> = Arc::clone(&feed) as _;
            running.insert(key, Arc::downgrade(&erased));
            feed
        })
    }
}
