//! An API server in memory for unit tests of waits: objects, lists, watches that follow them, and the faults of real
//! ones. For exact requests in an exact order there is [`super::test_server`].

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::channel::mpsc::{UnboundedSender, unbounded};
use futures::future::BoxFuture;
use futures::{StreamExt, stream};
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use kube::client::Body;
use serde_json::{Value, json};

use super::Client;
use super::test_server::status;

type Answer = Response<UnsyncBoxBody<Bytes, std::io::Error>>;

#[derive(Clone, Default)]
pub(crate) struct TestApi {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    version: u64,
    /// By plural and name.
    objects: BTreeMap<(String, String), Value>,
    watches: Vec<Watch>,
    away: bool,
    /// The next watches are told that their version is too old.
    expired: bool,
    forbidden: BTreeSet<String>,
    forbidden_watches: BTreeSet<String>,
    not_served: BTreeSet<String>,
    /// Plurals whose objects are gone at once when they are deleted.
    unheld: BTreeSet<String>,
    /// What a controller makes of each write: plural and object.
    reactions: Vec<Reaction>,
    /// Plural, name and body of every patch.
    patches: Vec<(String, String, Value)>,
    /// Method and path of every request.
    requests: Vec<String>,
}

type Reaction = Arc<dyn Fn(&str, &mut Value) + Send + Sync>;

struct Watch {
    plural: String,
    labels: BTreeMap<String, String>,
    events: UnboundedSender<Bytes>,
}

impl TestApi {
    pub(crate) fn client(&self) -> Client {
        Client::over(kube::Client::new(self.clone(), "default"), "https://server.test:6443")
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Creates or replaces an object and tells the watches.
    pub(crate) fn put(&self, plural: &str, mut object: Value) {
        let mut state = self.state();
        state.version += 1;
        object["metadata"]["resourceVersion"] = state.version.to_string().into();
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        let before = state.objects.insert((plural.to_owned(), name), object.clone());
        state.tell(plural, if before.is_some() { "MODIFIED" } else { "ADDED" }, &object);
    }

    /// Changes an object in place.
    pub(crate) fn change(&self, plural: &str, name: &str, change: impl FnOnce(&mut Value)) {
        let found = self.state().objects.get(&(plural.to_owned(), name.to_owned())).cloned();
        let mut object = found.unwrap();
        change(&mut object);
        self.put(plural, object);
    }

    pub(crate) fn remove(&self, plural: &str, name: &str) {
        let mut state = self.state();
        let object = state.objects.remove(&(plural.to_owned(), name.to_owned())).unwrap();
        state.version += 1;
        state.tell(plural, "DELETED", &object);
    }

    /// Nobody listens any more, or again. Watches break.
    pub(crate) fn away(&self, away: bool) {
        let mut state = self.state();
        state.away = away;
        state.watches.clear();
    }

    /// All watches end, as they do every few minutes.
    pub(crate) fn cut_watches(&self) {
        self.state().watches.clear();
    }

    /// All watches end, and going on where they were is refused with 410.
    pub(crate) fn expire_watches(&self) {
        let mut state = self.state();
        state.watches.clear();
        state.expired = true;
    }

    pub(crate) fn forbid(&self, plural: &str) {
        self.state().forbidden.insert(plural.to_owned());
    }

    /// Objects may be read one by one, but neither listed nor watched.
    pub(crate) fn forbid_watches(&self, plural: &str) {
        self.state().forbidden_watches.insert(plural.to_owned());
    }

    pub(crate) fn do_not_serve(&self, plural: &str) {
        self.state().not_served.insert(plural.to_owned());
    }

    /// Objects of this plural have no finalizers: a delete removes them at once.
    pub(crate) fn hold_none(&self, plural: &str) {
        self.state().unheld.insert(plural.to_owned());
    }

    /// Changes each object that a patch has changed, as a controller would, before anybody sees it.
    pub(crate) fn react(&self, reaction: impl Fn(&str, &mut Value) + Send + Sync + 'static) {
        self.state().reactions.push(Arc::new(reaction));
    }

    /// The bodies of the patches of an object, in their order.
    pub(crate) fn patches(&self, plural: &str, name: &str) -> Vec<Value> {
        let state = self.state();
        let of = |(kind, object, _): &&(String, String, Value)| kind == plural && object == name;
        state.patches.iter().filter(of).map(|(.., body)| body.clone()).collect()
    }

    /// How many requests came whose method and path contain `part`.
    pub(crate) fn count(&self, part: &str) -> usize {
        self.state().requests.iter().filter(|request| request.contains(part)).count()
    }

    pub(crate) fn open_watches(&self) -> usize {
        let mut state = self.state();
        state.watches.retain(|watch| !watch.events.is_closed());
        state.watches.len()
    }
}

impl State {
    fn tell(&mut self, plural: &str, kind: &str, object: &Value) {
        let line = Bytes::from(format!("{}\n", json!({ "type": kind, "object": object })));
        self.watches.retain(|watch| {
            let concerned = watch.plural == plural && matches(object, &watch.labels);
            !concerned || watch.events.unbounded_send(line.clone()).is_ok()
        });
    }

    fn answer(&mut self, method: &str, uri: &http::Uri, body: &Value) -> Answer {
        self.requests.push(format!("{method} {uri}"));
        let segments: Vec<&str> = uri.path().split('/').filter(|segment| !segment.is_empty()).collect();
        if segments == ["version"] {
            return json_answer(200, &json!({ "major": "1", "minor": "30", "gitVersion": "v1.30.0" }));
        }
        // `/api/v1/...` or `/apis/<group>/<version>/...`, then perhaps `namespaces/<namespace>/`.
        let kind = if segments[0] == "api" { 2 } else { 3 };
        let kind = if segments[kind] == "namespaces" { kind + 2 } else { kind };
        let (plural, name) = (segments[kind].to_owned(), segments.get(kind + 1));
        let query: BTreeMap<String, String> = query_of(uri);
        if self.not_served.contains(&plural) {
            return text(404, "404 page not found");
        }
        if self.forbidden.contains(&plural) || (name.is_none() && self.forbidden_watches.contains(&plural)) {
            let message = format!("{plural} is forbidden: User \"jane\" cannot list resource \"{plural}\"");
            return json_answer(403, &status(403, "Forbidden", &message, &Value::Null));
        }
        let labels = labels_of(&query);
        if let (Some(name), Some(&"log")) = (name, segments.get(kind + 2)) {
            let log = self.objects.get(&(plural, (*name).to_owned())).and_then(|pod| pod["log"].as_str());
            return text(200, log.unwrap_or_default());
        }
        match (method, name) {
            ("PATCH", Some(name)) => self.patch(&plural, name, body),
            ("GET", Some(name)) => match self.objects.get(&(plural, (*name).to_owned())) {
                Some(object) => json_answer(200, object),
                None => json_answer(404, &status(404, "NotFound", "not found", &Value::Null)),
            },
            ("GET", None) if query.contains_key("watch") => self.watch(plural, labels),
            ("GET", None) => {
                let items: Vec<&Value> = self
                    .objects
                    .iter()
                    .filter(|((kind, _), object)| *kind == plural && matches(object, &labels))
                    .map(|(_, object)| object)
                    .collect();
                let version = self.version.max(1).to_string();
                json_answer(
                    200,
                    &json!({ "kind": "List", "metadata": { "resourceVersion": version }, "items": items }),
                )
            }
            ("DELETE", Some(name)) => {
                let key = (plural.clone(), (*name).to_owned());
                let Some(mut object) = self.objects.get(&key).cloned() else {
                    return json_answer(404, &status(404, "NotFound", "not found", &Value::Null));
                };
                if self.unheld.contains(&plural) {
                    self.objects.remove(&key);
                    self.version += 1;
                    self.tell(&plural, "DELETED", &object);
                    return json_answer(200, &object);
                }
                object["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
                self.objects.insert(key, object.clone());
                self.version += 1;
                self.tell(&plural, "MODIFIED", &object);
                json_answer(200, &object)
            }
            _ => panic!("unexpected request: {method} {uri}"),
        }
    }

    /// Merges; what an apply no longer has is not removed. A change of `spec` is a new generation.
    fn patch(&mut self, plural: &str, name: &str, body: &Value) -> Answer {
        self.patches.push((plural.to_owned(), name.to_owned(), body.clone()));
        let key = (plural.to_owned(), name.to_owned());
        let before = self.objects.get(&key).cloned();
        let mut object = before.clone().unwrap_or_else(|| json!({ "metadata": { "uid": name } }));
        merge(&mut object, body);
        let is_changed = before.as_ref().is_none_or(|before| before["spec"] != object["spec"]);
        if is_changed {
            let generation = object["metadata"]["generation"].as_i64().unwrap_or(0);
            object["metadata"]["generation"] = (generation + 1).into();
        }
        for reaction in self.reactions.clone() {
            reaction(plural, &mut object);
        }
        self.version += 1;
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        self.objects.insert(key, object.clone());
        self.tell(plural, if before.is_some() { "MODIFIED" } else { "ADDED" }, &object);
        json_answer(if before.is_some() { 200 } else { 201 }, &object)
    }

    fn watch(&mut self, plural: String, labels: BTreeMap<String, String>) -> Answer {
        let (events, receiver) = unbounded();
        if std::mem::take(&mut self.expired) {
            let gone = json!({ "type": "ERROR", "object": status(410, "Expired", "too old resource version", &Value::Null) });
            let line = Bytes::from(format!("{gone}\n"));
            return streamed(stream::iter([line]).boxed());
        }
        self.watches.push(Watch { plural, labels, events });
        streamed(receiver.boxed())
    }
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                if value.is_null() {
                    into.remove(name);
                } else {
                    merge(into.entry(name).or_insert(Value::Null), value);
                }
            }
        }
        (into, from) => *into = from.clone(),
    }
}

fn query_of(uri: &http::Uri) -> BTreeMap<String, String> {
    let pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| {
            (name.to_owned(), value.replace("%3D", "=").replace("%2F", "/").replace("%2C", ","))
        })
        .collect()
}

fn labels_of(query: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let selector = query.get("labelSelector").cloned().unwrap_or_default();
    let pairs = selector.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn matches(object: &Value, labels: &BTreeMap<String, String>) -> bool {
    labels.iter().all(|(key, value)| object["metadata"]["labels"][key] == value.as_str())
}

fn json_answer(code: u16, body: &Value) -> Answer {
    whole(code, body.to_string())
}

fn text(code: u16, body: &str) -> Answer {
    whole(code, body.to_owned())
}

fn whole(code: u16, body: String) -> Answer {
    let body = Full::from(body).map_err(|never: Infallible| match never {}).boxed_unsync();
    Response::builder().status(code).body(body).unwrap()
}

fn streamed(lines: futures::stream::BoxStream<'static, Bytes>) -> Answer {
    Response::new(StreamBody::new(lines.map(|line| Ok(Frame::data(line)))).boxed_unsync())
}

impl tower::Service<Request<Body>> for TestApi {
    type Response = Answer;
    type Error = std::io::Error;
    type Future = BoxFuture<'static, Result<Answer, std::io::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), std::io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let api = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
            let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
            let mut state = api.state();
            if state.away {
                return Err(std::io::ErrorKind::ConnectionRefused.into());
            }
            Ok(state.answer(parts.method.as_str(), &parts.uri, &body))
        })
    }
}
