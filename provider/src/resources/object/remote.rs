//! The object on the server: finding its kind, waiting until it is ready or gone. Writes nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kube::api::DynamicObject;
use kubeblocks_schemas::v1alpha1::{Cluster, ClusterVersion};
use serde_json::Value as Json;
use tokio_util::sync::CancellationToken;

use super::kinds::group_of;
use super::readiness::{Goal, Verdict};
use crate::kubernetes::dynamic::ServedKind;
use crate::kubernetes::error::Action;
use crate::kubernetes::observe::{Seen, Selection, Sight};
use crate::kubernetes::{Client, Error};
use crate::wait::{Limits, Step, WaitError, at_most, pause, until};

/// How often the server is asked when it allows no watch.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(2);
/// A last look after a wait has ended may take so long.
const LAST_LOOK: Duration = Duration::from_secs(5);

/// So long databases that use a definition are given to begin to go.
const MAY_BE_GOING: Duration = Duration::from_secs(20);

/// The kinds that servers were found to serve. One that is served stays so while a process lives, or its objects say
/// that it is not.
#[derive(Clone, Debug, Default)]
pub(super) struct Kinds(Arc<Mutex<HashMap<KindKey, ServedKind>>>);

/// Endpoint, `apiVersion` and kind.
type KindKey = (String, String, String);

impl Kinds {
    /// How the server serves a kind; `None` when it does not.
    pub(super) async fn find(
        &self,
        client: &Client,
        api_version: &str,
        kind: &str,
    ) -> Result<Option<ServedKind>, Error> {
        let key = (client.endpoint(), api_version.to_owned(), kind.to_owned());
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let found = client.served_kind(api_version, kind).await?;
        if let Some(found) = &found {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, found.clone());
        }
        Ok(found)
    }

    /// The same, where it is an error that the kind is not served.
    pub(super) async fn require(
        &self,
        client: &Client,
        api_version: &str,
        kind: &str,
    ) -> Result<ServedKind, Error> {
        self.find(client, api_version, kind).await?.ok_or_else(|| not_served(client, api_version, kind))
    }
}

/// That a server does not serve a kind.
pub(crate) fn not_served(client: &Client, api_version: &str, kind: &str) -> Error {
    let action = Action {
        verb: "get",
        group: group_of(api_version).to_owned(),
        version: api_version.rsplit('/').next().unwrap_or_default().to_owned(),
        resource: kind.to_lowercase(),
        kind: kind.to_owned(),
        namespace: None,
        name: None,
    };
    Error::KindNotServed { endpoint: client.endpoint(), action: Box::new(action) }
}

/// An object on a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) client: &'a Client,
    pub(crate) served: &'a ServedKind,
    pub(crate) namespace: Option<&'a str>,
    pub(crate) name: &'a str,
}

/// Why a wait ended without what it waited for.
#[derive(Debug)]
pub(crate) enum NotThere {
    /// The time is up. With what was seen last, and how it was judged.
    TimedOut { object: Option<Json>, verdict: Verdict, waited: Duration },
    /// It does not get there any more.
    Lost { object: Json },
    /// Somebody deleted it.
    Gone,
    /// The practitioner interrupted.
    Interrupted,
    /// The server refused to answer.
    Api(Error),
}

/// What a look at the watch says.
enum Look {
    Ready,
    Gone,
    /// Nothing is to be seen by watching.
    Denied,
}

impl Target<'_> {
    /// The object, or nothing when a server that is there says so.
    pub(crate) async fn get(&self) -> Result<Option<DynamicObject>, Error> {
        self.client.get_object(&self.served.resource, self.namespace, self.name).await
    }

    fn selection(&self) -> Selection {
        let selection = Selection::of(self.served.resource.clone()).named(self.name);
        match self.namespace {
            Some(namespace) => selection.within(namespace),
            None => selection,
        }
    }

    fn find<'s>(&self, seen: &'s Seen) -> Option<&'s DynamicObject> {
        seen.objects().find(|object| object.metadata.name.as_deref() == Some(self.name))
    }

    /// Waits until the object that was written as generation `written` has come to `goal`.
    pub(crate) async fn until_ready(
        &self,
        goal: &Goal,
        written: i64,
        limits: &Limits,
    ) -> Result<(), NotThere> {
        let obeying = Target { client: &self.client.obeying(&limits.stop), ..*self };
        let mut snapshots = obeying.client.observe(vec![self.selection()]);
        loop {
            let judged = until(limits, &mut snapshots, |all: &Vec<Seen>, _| {
                let Some(seen) = all.first() else { return Step::Wait(None) };
                let object = self.find(seen).map(as_json);
                match (seen.sight, object) {
                    (Sight::Closed, _) => Step::Done(Look::Denied),
                    (Sight::Open, None) => Step::Done(Look::Gone),
                    (_, None) => Step::Wait(None),
                    (_, Some(object)) => match goal.judge(&object, written) {
                        Verdict::Ready => Step::Done(Look::Ready),
                        Verdict::Lost => Step::Failed(object),
                        Verdict::OnItsWay | Verdict::Waiting => Step::Wait(None),
                    },
                }
            });
            match judged.await {
                Ok(Look::Ready) => return Ok(()),
                Ok(Look::Gone | Look::Denied) => {}
                Err(WaitError::Failed { failure, .. }) => return Err(NotThere::Lost { object: failure }),
                Err(WaitError::Interrupted { .. }) => return Err(NotThere::Interrupted),
                Err(WaitError::TimedOut { waited, .. }) => {
                    return Err(self.too_late(goal, written, waited).await);
                }
            }
            // A watch that just opened may be behind, and not everybody may watch: the server's own word decides.
            match obeying.get().await {
                Ok(None) => return Err(NotThere::Gone),
                Ok(Some(object)) => match goal.judge(&as_json(&object), written) {
                    Verdict::Ready => return Ok(()),
                    Verdict::Lost => return Err(NotThere::Lost { object: as_json(&object) }),
                    Verdict::OnItsWay | Verdict::Waiting => {}
                },
                Err(Error::Interrupted) => return Err(NotThere::Interrupted),
                Err(error) if error.is_unavailable() => {}
                Err(error) => return Err(NotThere::Api(error)),
            }
            if pause(ASK_AGAIN_AFTER, &limits.stop).await.is_err() {
                return Err(NotThere::Interrupted);
            }
        }
    }

    async fn too_late(&self, goal: &Goal, written: i64, waited: Duration) -> NotThere {
        let object = match at_most(LAST_LOOK, self.get()).await {
            Some(Ok(Some(object))) => Some(as_json(&object)),
            Some(Ok(None)) => return NotThere::Gone,
            Some(Err(_)) | None => None,
        };
        let verdict = object.as_ref().map_or(Verdict::Waiting, |object| goal.judge(object, written));
        NotThere::TimedOut { object, verdict, waited }
    }

    /// Waits until the object with `uid` is gone; another one of its name does not count.
    pub(crate) async fn until_gone(&self, uid: &str, limits: &Limits) -> Result<(), NotThere> {
        let obeying = Target { client: &self.client.obeying(&limits.stop), ..*self };
        let mut snapshots = obeying.client.observe(vec![self.selection()]);
        loop {
            let judged = until(limits, &mut snapshots, |all: &Vec<Seen>, _| {
                let Some(seen) = all.first() else { return Step::<_, ()>::Wait(None) };
                let is_here =
                    self.find(seen).is_some_and(|object| object.metadata.uid.as_deref() == Some(uid));
                match seen.sight {
                    Sight::Closed => Step::Done(()),
                    Sight::Open if !is_here => Step::Done(()),
                    Sight::Open | Sight::Opening | Sight::Lost => Step::Wait(None),
                }
            });
            match judged.await {
                Ok(()) | Err(WaitError::Failed { .. }) => {}
                Err(WaitError::Interrupted { .. }) => return Err(NotThere::Interrupted),
                Err(WaitError::TimedOut { waited, .. }) => {
                    let found = at_most(LAST_LOOK, self.get()).await;
                    let object = found.and_then(Result::ok).flatten().map(|object| as_json(&object));
                    return Err(NotThere::TimedOut { object, verdict: Verdict::Waiting, waited });
                }
            }
            match obeying.get().await {
                Ok(Some(found)) if found.metadata.uid.as_deref() == Some(uid) => {}
                Ok(_) | Err(Error::KindNotServed { .. }) => return Ok(()),
                Err(Error::Interrupted) => return Err(NotThere::Interrupted),
                Err(error) if error.is_unavailable() => {}
                Err(error) => return Err(NotThere::Api(error)),
            }
            if pause(ASK_AGAIN_AFTER, &limits.stop).await.is_err() {
                return Err(NotThere::Interrupted);
            }
        }
    }

    /// Waits a moment for the databases that use a `ClusterDefinition` or `ClusterVersion` to go: the same destroy may
    /// be deleting them. Those that do not go are the error, `namespace/name`. Who may not list them sees none.
    pub(super) async fn until_unused(&self, stop: &CancellationToken) -> Result<(), Vec<String>> {
        if !matches!(self.served.resource.kind.as_str(), "ClusterDefinition" | "ClusterVersion") {
            return Ok(());
        }
        let mut snapshots = self.client.observe(vec![Selection::kind::<Cluster>()]);
        let limits = Limits::new(MAY_BE_GOING, stop);
        let seen = until(&limits, &mut snapshots, |all: &Vec<Seen>, _| {
            let Some(seen) = all.first() else { return Step::<_, ()>::Wait(None) };
            match seen.sight {
                Sight::Closed => Step::Done(()),
                Sight::Open if self.users(&seen.typed::<Cluster>()).is_empty() => Step::Done(()),
                Sight::Open | Sight::Opening | Sight::Lost => Step::Wait(None),
            }
        });
        match seen.await {
            Err(WaitError::TimedOut { last: Some(all), .. }) => {
                let clusters = all.first().map(Seen::typed::<Cluster>).unwrap_or_default();
                let users = self.users(&clusters);
                if users.is_empty() { Ok(()) } else { Err(users) }
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// The databases among `clusters` that use this object and are not on their way out.
    fn users(&self, clusters: &[Cluster]) -> Vec<String> {
        let refers = |cluster: &&Cluster| match self.served.resource.kind.as_str() {
            "ClusterDefinition" => cluster.spec.cluster_definition_ref == self.name,
            "ClusterVersion" => cluster.spec.cluster_version_ref.as_deref() == Some(self.name),
            _ => false,
        };
        let staying = clusters.iter().filter(|cluster| cluster.metadata.deletion_timestamp.is_none());
        let part = |part: &Option<String>| part.clone().unwrap_or_default();
        staying
            .filter(refers)
            .map(|cluster| format!("{}/{}", part(&cluster.metadata.namespace), part(&cluster.metadata.name)))
            .collect()
    }

    /// What holds an object that is being deleted, as far as it may be listed.
    pub(super) async fn holders(&self) -> Vec<String> {
        let clusters = self.client.list::<Cluster>(None, None).await.unwrap_or_default();
        let mut holders: Vec<String> =
            self.users(&clusters).into_iter().map(|name| format!("Cluster {name}")).collect();
        if self.served.resource.kind == "ClusterDefinition" {
            let versions = self.client.list::<ClusterVersion>(None, None).await.unwrap_or_default();
            let own = versions.iter().filter(|version| version.spec.cluster_definition_ref == self.name);
            holders.extend(
                own.filter_map(|version| Some(format!("ClusterVersion {}", version.metadata.name.as_ref()?))),
            );
        }
        holders
    }
}

/// An object as JSON, with its types.
pub(crate) fn as_json(object: &DynamicObject) -> Json {
    serde_json::to_value(object).unwrap_or_default()
}
