//! Follows the pods of the node: each gets a task of its own, and is told when it is deleted.

use std::collections::HashMap;
use std::sync::Arc;

use futures::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::Api;
use kube::runtime::{WatchStreamExt, watcher};
use tokio::sync::watch;

use super::node::NAME;
use super::pod::{self, Life};
use super::{AbortOnDrop, Context, Error};
use crate::operator::events::Events;
use crate::operator::store::Store;

/// A pod that lives, and how to tell it that it is to end.
struct Living {
    stop: watch::Sender<bool>,
    _task: AbortOnDrop<()>,
}

/// Runs the pods of the node until they cannot be watched.
pub(super) async fn run(context: Arc<Context>) -> Error {
    let events = Arc::new(Events::new(Store::new(context.client.clone())));
    let pods: Api<Pod> = Api::all(context.client.clone());
    let own = watcher::Config::default().fields(&format!("spec.nodeName={NAME}"));
    let mut changes = watcher(pods, own).default_backoff().boxed();
    let mut living: HashMap<String, Living> = HashMap::new();
    while let Some(change) = changes.next().await {
        match change {
            Ok(watcher::Event::Apply(pod) | watcher::Event::InitApply(pod)) => {
                look(&context, &events, &mut living, pod).await;
            }
            Ok(watcher::Event::Delete(pod)) => {
                living.remove(&pod.uid().unwrap_or_default());
                context.logs.forget(&pod.namespace().unwrap_or_default(), &pod.name_any());
            }
            Ok(watcher::Event::Init | watcher::Event::InitDone) => {}
            Err(error) => tracing::debug!(%error, "the watch of the node's pods is restarted"),
        }
    }
    Error::Ended
}

async fn look(context: &Arc<Context>, events: &Arc<Events>, living: &mut HashMap<String, Living>, pod: Pod) {
    let uid = pod.uid().unwrap_or_default();
    let is_deleted = pod.metadata.deletion_timestamp.is_some();
    if let Some(known) = living.get(&uid) {
        if is_deleted {
            known.stop.send_replace(true);
        }
        return;
    }
    if is_deleted {
        pod::remove(context, &pod).await;
        return;
    }
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    if matches!(phase, Some("Succeeded" | "Failed")) {
        return;
    }
    let (stop, stopped) = watch::channel(false);
    let life = Life::new(Arc::clone(context), Arc::clone(events), pod, stopped);
    living.insert(uid, Living { stop, _task: AbortOnDrop(tokio::spawn(life.live())) });
}
