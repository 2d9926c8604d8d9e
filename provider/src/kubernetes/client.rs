//! What operations do with an API server: find, list, apply, delete, watch. Typed by kind, with errors by meaning.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use http::{Request, StatusCode};
use kube::api::{DeleteParams, GetParams, ListParams, Patch, PatchParams, Preconditions};
use kube::core::ObjectList;
use kube::runtime::watcher;
use kube::{Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::configuration;
use super::connection::Connection;
use super::credential::Identity;
use super::error::{Action, Error, ObjectName};
use super::feed::Feeds;
use super::glance::{Glances, Range};
use super::minted::{self, Mint};
use super::request::{Answer, Away, Sender};
use super::transport::{self, Transport};

/// The name under which the API server notes which fields are ours.
pub const FIELD_MANAGER: &str = "terraform-provider-kubeblocks";

/// Whether credentials that a server refuses may just have been renewed: made anew at most this often.
const RENEW_AT_MOST_EVERY: std::time::Duration = std::time::Duration::from_secs(10);

/// What a server-side apply does about fields that other managers own with other values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflicts {
    /// Fails with [`Error::FieldConflict`].
    Refuse,
    /// Takes them over.
    Force,
}

/// An object as the server has it after an apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied<K> {
    /// The object.
    pub object: K,
    /// Whether the apply made it.
    pub created: bool,
}

/// What a delete did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// The server accepted it; finalizers may hold the object for a while.
    Accepted,
    /// There is no such object: the server has removed it at once, or there was none, or only another one of the same name.
    Gone,
}

/// What the answer to a delete says. Of an object that is gone a server tells no more than that: with a `Status`, while
/// it answers with the object itself when something still holds it.
pub(super) fn deleted(answer: Result<Answer, Error>) -> Result<Deleted, Error> {
    #[derive(serde::Deserialize)]
    struct Told {
        kind: Option<String>,
    }
    match answer {
        Ok(answer) => {
            let told = serde_json::from_slice::<Told>(&answer.body).ok().and_then(|told| told.kind);
            Ok(if told.as_deref() == Some("Status") { Deleted::Gone } else { Deleted::Accepted })
        }
        Err(Error::Changed { replaced: true, .. }) => Ok(Deleted::Gone),
        Err(error) if error.is_not_found() => Ok(Deleted::Gone),
        Err(error) => Err(error),
    }
}

/// A kind that can be read and written.
pub trait Kind:
    Resource<DynamicType: Default> + Clone + Debug + DeserializeOwned + Send + Sync + 'static
{
}

impl<K> Kind for K where
    K: Resource<DynamicType: Default> + Clone + Debug + DeserializeOwned + Send + Sync + 'static
{
}

/// The client of one API server. Clones share its connection, tokens and watches.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    stop: CancellationToken,
    /// Whether its reads may be answered by lists of a moment ago.
    glances: bool,
}

struct Shared {
    /// From where the transport is made anew when the server refuses its credentials; absent in tests.
    connection: Option<Connection>,
    /// What makes the credentials of a managed Kubernetes cluster.
    mint: Option<Mint>,
    access: ArcSwap<Access>,
    renewing: tokio::sync::Mutex<()>,
    away: Away,
    feeds: Feeds,
    glances: Glances,
}

struct Access {
    transport: Transport,
    endpoint: String,
    exec_command: Option<String>,
    made: Instant,
    /// Whether it was made because a server refused the one before it.
    is_renewed: bool,
    /// When it is to be made anew without being refused: it has a client certificate that ends.
    renew_at: Option<SystemTime>,
}

impl Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Client").field("endpoint", &self.endpoint()).finish_non_exhaustive()
    }
}

impl Client {
    pub(super) async fn connect(connection: Connection, mint: Option<Mint>) -> Result<Self, Error> {
        let access = Access::new(&connection, mint.as_ref()).await?;
        Ok(Self::with(Some(connection), mint, access))
    }

    /// A client over another way of sending requests, which is how tests script a server.
    pub fn over(client: kube::Client, endpoint: impl Into<String>) -> Self {
        let endpoint = endpoint.into();
        let identity = Identity::unknown(&endpoint);
        let transport = Transport { requests: client.clone(), watches: client, identity };
        let access = Access {
            transport,
            endpoint,
            exec_command: None,
            made: Instant::now(),
            is_renewed: false,
            renew_at: None,
        };
        Self::with(None, None, access)
    }

    fn with(connection: Option<Connection>, mint: Option<Mint>, access: Access) -> Self {
        let shared = Shared {
            connection,
            mint,
            access: ArcSwap::from_pointee(access),
            renewing: tokio::sync::Mutex::default(),
            away: Away::default(),
            feeds: Feeds::default(),
            glances: Glances::default(),
        };
        Self { shared: Arc::new(shared), stop: CancellationToken::new(), glances: false }
    }

    /// The same client, whose requests and retries end when `stop` is cancelled. To read once more after an
    /// interrupt, use the client that this was made from.
    #[must_use]
    pub fn obeying(&self, stop: &CancellationToken) -> Self {
        Self { stop: stop.clone(), ..self.clone() }
    }

    /// The same client for reads that may come in numbers, as those of a refresh do: lists that they share answer them.
    /// What they show is at most a second old, and older than no write of this process. Not for what is decided before a
    /// write.
    #[must_use]
    pub fn glancing(&self) -> Self {
        Self { glances: true, ..self.clone() }
    }

    /// The lists that reads share, when this client's do.
    pub(super) fn glances(&self) -> Option<&Glances> {
        self.glances.then_some(&self.shared.glances)
    }

    /// Whether both are handles on one connection.
    #[cfg(test)]
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// URL of the API server.
    pub fn endpoint(&self) -> String {
        self.shared.access.load().endpoint.clone()
    }

    /// The namespace of the kubeconfig's context, else `default`.
    pub fn default_namespace(&self) -> String {
        self.shared.access.load().transport.requests.default_namespace().to_owned()
    }

    /// The object, or nothing when the server says that it does not exist. A server that does not know the kind
    /// is an error, not nothing.
    pub async fn get_opt<K: Kind>(&self, namespace: Option<&str>, name: &str) -> Result<Option<K>, Error> {
        if let Some(Some(found)) = self.shown(namespace, name).await {
            return Ok(Some(found));
        }
        self.ask(namespace, name).await
    }

    /// The same, but an object that a shared list does not show is not there: for what nothing is lost by when it was
    /// made a second ago and is missed.
    pub async fn get_opt_as_listed<K: Kind>(
        &self,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<K>, Error> {
        match self.shown(namespace, name).await {
            Some(found) => Ok(found),
            None => self.ask(namespace, name).await,
        }
    }

    /// What a shared list shows of the object; nothing when there is no list to look into.
    async fn shown<K: Kind>(&self, namespace: Option<&str>, name: &str) -> Option<Option<K>> {
        let range = range::<K>(namespace, None);
        let glance = Box::pin(self.glance::<K>(&range, async || self.list_all(namespace, None).await)).await;
        glance.map(|list| list.named(name).cloned())
    }

    async fn ask<K: Kind>(&self, namespace: Option<&str>, name: &str) -> Result<Option<K>, Error> {
        match self.get(namespace, name).await {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The object.
    pub async fn get<K: Kind>(&self, namespace: Option<&str>, name: &str) -> Result<K, Error> {
        let action = action::<K>("get", namespace, Some(name));
        let request = requests::<K>(namespace).get(name, &GetParams::default());
        decode(&self.send(request, &action).await?, &action)
    }

    /// The objects whose labels match `labels` (`a=b,c=d`), read in pages. Without a namespace: of all of them.
    pub async fn list<K: Kind>(
        &self,
        namespace: Option<&str>,
        labels: Option<&str>,
    ) -> Result<Vec<K>, Error> {
        if let Some((label, value)) = labels.and_then(only_label) {
            let range = range::<K>(namespace, Some(label));
            let glance =
                Box::pin(self.glance::<K>(&range, async || self.list_all(namespace, Some(label)).await))
                    .await;
            if let Some(shown) = glance {
                return Ok(shown.labelled(label, value));
            }
        }
        self.list_all(namespace, labels).await
    }

    async fn list_all<K: Kind>(
        &self,
        namespace: Option<&str>,
        labels: Option<&str>,
    ) -> Result<Vec<K>, Error> {
        let action = action::<K>("list", namespace, None);
        let mut parameters = ListParams::default().limit(500);
        parameters.label_selector = labels.map(str::to_owned);
        let mut objects = Vec::new();
        loop {
            let request = requests::<K>(namespace).list(&parameters);
            let page: ObjectList<K> = decode(&self.send(request, &action).await?, &action)?;
            objects.extend(page.items);
            match page.metadata.continue_ {
                Some(token) if !token.is_empty() => parameters.continue_token = Some(token),
                Some(_) | None => return Ok(objects),
            }
        }
    }

    /// Creates the object or makes it as `object` says, field by field: fields of an earlier apply that `object`
    /// no longer has are removed, fields of others stay. Only fields that are present are sent.
    pub async fn server_side_apply<K: Kind + Serialize>(
        &self,
        object: &K,
        conflicts: Conflicts,
    ) -> Result<Applied<K>, Error> {
        self.apply(object, conflicts, false).await
    }

    /// What [`Self::server_side_apply`] would do, without doing it.
    pub async fn server_side_apply_dry_run<K: Kind + Serialize>(
        &self,
        object: &K,
        conflicts: Conflicts,
    ) -> Result<Applied<K>, Error> {
        self.apply(object, conflicts, true).await
    }

    async fn apply<K: Kind + Serialize>(
        &self,
        object: &K,
        conflicts: Conflicts,
        dry_run: bool,
    ) -> Result<Applied<K>, Error> {
        let (namespace, name) = (object.namespace(), object.name_any());
        let action = action::<K>("patch", namespace.as_deref(), Some(&name));
        let body = to_apply(object).map_err(|source| Error::Encode { object: action.object(), source })?;
        let parameters = PatchParams {
            dry_run,
            force: conflicts == Conflicts::Force,
            field_manager: Some(FIELD_MANAGER.to_owned()),
            field_validation: Some(kube::api::ValidationDirective::Strict),
        };
        let request = requests::<K>(namespace.as_deref()).patch(&name, &parameters, &Patch::Apply(&body));
        let answer = self.send(request, &action).await?;
        let object = decode(&answer, &action)?;
        Ok(Applied { object, created: answer.status == StatusCode::CREATED })
    }

    /// Deletes the object if it is still the one with `uid`. Dependants go after it, as the server does by default.
    pub async fn delete<K: Kind>(
        &self,
        namespace: Option<&str>,
        name: &str,
        uid: Option<&str>,
    ) -> Result<Deleted, Error> {
        let action = action::<K>("delete", namespace, Some(name));
        let request = requests::<K>(namespace).delete(name, &deletion_of(uid));
        deleted(self.send(request, &action).await)
    }

    /// Sets annotations of an object that exists; others stay, and so does all else. May be sent twice without harm.
    pub async fn annotate<K: Kind>(
        &self,
        namespace: Option<&str>,
        name: &str,
        annotations: &BTreeMap<String, String>,
    ) -> Result<(), Error> {
        let action = action::<K>("patch", namespace, Some(name));
        let body = serde_json::json!({ "metadata": { "annotations": annotations } });
        let parameters =
            PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        // Only metadata comes back: the object can have a megabyte.
        let request = requests::<K>(namespace).patch_metadata(name, &parameters, &Patch::Merge(&body));
        self.send(request, &action).await.map(drop)
    }

    /// Removes an annotation of an object that exists; all else stays. May be sent twice without harm.
    pub async fn remove_annotation<K: Kind>(
        &self,
        namespace: Option<&str>,
        name: &str,
        annotation: &str,
    ) -> Result<(), Error> {
        let action = action::<K>("patch", namespace, Some(name));
        let (parameters, patch) = annotation_removal(annotation);
        let request = requests::<K>(namespace).patch_metadata(name, &parameters, &patch);
        self.send(request, &action).await.map(drop)
    }

    /// The client that watches go through, for `kube::runtime::watcher`.
    pub(crate) fn for_watches(&self) -> kube::Client {
        self.shared.access.load().transport.watches.clone()
    }

    /// What ends the requests of this client.
    pub(crate) fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// What programs that this process starts need to make requests of their own.
    pub(super) fn identity(&self) -> Identity {
        self.shared.access.load().transport.identity.clone()
    }

    /// The watches that this client shares among its users.
    pub(crate) fn feeds(&self) -> &Feeds {
        &self.shared.feeds
    }

    pub(super) async fn send(
        &self,
        request: Result<Request<Vec<u8>>, kube::core::request::Error>,
        action: &Action,
    ) -> Result<Answer, Error> {
        let request = request
            .map_err(|error| Error::Request { object: action.object(), message: error.to_string() })?;
        let access = self.access().await?;
        // Also when it fails: it may have been done all the same.
        let _forget = is_write(&request).then(|| Forget(&self.shared.glances));
        match self.sender(&access).send(&request, action).await {
            Err(Error::Unauthenticated { endpoint, message }) => match self.renew(&access).await? {
                Some(renewed) => self.sender(&renewed).send(&request, action).await,
                None => Err(Error::Unauthenticated { endpoint, message }),
            },
            outcome => outcome,
        }
    }

    fn sender<'a>(&'a self, access: &'a Access) -> Sender<'a> {
        Sender {
            client: &access.transport.requests,
            endpoint: &access.endpoint,
            exec_command: access.exec_command.as_deref(),
            stop: &self.stop,
            away: &self.shared.away,
        }
    }

    /// The transport, made anew when its client certificate comes to its end.
    async fn access(&self) -> Result<Arc<Access>, Error> {
        let access = self.shared.access.load_full();
        let Some(connection) = &self.shared.connection else { return Ok(access) };
        if access.renew_at.is_none_or(|renew_at| SystemTime::now() < renew_at) {
            return Ok(access);
        }
        let _turn = self.shared.renewing.lock().await;
        let current = self.shared.access.load_full();
        if !Arc::ptr_eq(&current, &access) {
            return Ok(current);
        }
        let access = Arc::new(Access::new(connection, self.shared.mint.as_ref()).await?);
        self.shared.access.store(Arc::clone(&access));
        Ok(access)
    }

    /// Whether its transport can be another one later: it has a client certificate that ends.
    pub(crate) fn is_renewable(&self) -> bool {
        self.shared.access.load().renew_at.is_some()
    }

    /// A watch was refused: the next one is to have new credentials. What goes wrong the next one will say.
    pub(crate) async fn watch_was_refused(&self, error: &watcher::Error) {
        if is_unauthorized(error) {
            let access = self.shared.access.load_full();
            let _ = self.renew(&access).await;
        }
    }

    /// A transport made anew in the place of `refused`, unless there is no way to make one or it was just made.
    async fn renew(&self, refused: &Arc<Access>) -> Result<Option<Arc<Access>>, Error> {
        let Some(connection) = &self.shared.connection else { return Ok(None) };
        let _turn = self.shared.renewing.lock().await;
        let current = self.shared.access.load_full();
        if !Arc::ptr_eq(&current, refused) {
            return Ok(Some(current));
        }
        // What is made in this process costs little: only when the renewed one is refused as well, another helps no more.
        let is_fresh = self.shared.mint.is_none() || current.is_renewed;
        if is_fresh && current.made.elapsed() < RENEW_AT_MOST_EVERY {
            return Ok(None);
        }
        if let Some(mint) = &self.shared.mint {
            mint.forget().await;
        }
        let made = Access::new(connection, self.shared.mint.as_ref()).await?;
        let access = Arc::new(Access { is_renewed: true, ..made });
        self.shared.access.store(Arc::clone(&access));
        Ok(Some(access))
    }
}

impl Access {
    async fn new(connection: &Connection, mint: Option<&Mint>) -> Result<Self, Error> {
        let failed = |source| Error::Configuration { source };
        let resolved = configuration::resolve(connection, mint).await.map_err(failed)?;
        let renew_at = match mint {
            Some(mint) => minted::renew_at(&mint.current().await.map_err(failed)?, SystemTime::now()),
            None => None,
        };
        let endpoint = resolved.config.cluster_url.to_string().trim_end_matches('/').to_owned();
        let exec_command = resolved.exec_command.clone();
        let transport =
            transport::connect(resolved).await.map_err(|source| Error::Configuration { source })?;
        Ok(Self { transport, endpoint, exec_command, made: Instant::now(), is_renewed: false, renew_at })
    }
}

/// No list from before the end of a write is used after it.
struct Forget<'a>(&'a Glances);

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.0.forget();
    }
}

/// Whether a request changes something.
fn is_write(request: &Request<Vec<u8>>) -> bool {
    let only_tries = request.uri().query().is_some_and(|query| query.contains("dryRun=All"));
    request.method() != http::Method::GET && !only_tries
}

/// The label and the value of a selector that has nothing else.
fn only_label(selector: &str) -> Option<(&str, &str)> {
    let (label, value) = selector.split_once('=')?;
    (!label.ends_with('!') && !value.contains(['=', ','])).then_some((label, value))
}

/// A patch that takes an annotation away and leaves all else, whoever wrote it.
pub(super) fn annotation_removal(annotation: &str) -> (PatchParams, Patch<serde_json::Value>) {
    let body = serde_json::json!({ "metadata": { "annotations": { annotation: null } } });
    let parameters = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
    (parameters, Patch::Merge(body))
}

/// A deletion of the object with this uid and of no other of its name; dependants go after it.
pub(super) fn deletion_of(uid: Option<&str>) -> DeleteParams {
    let preconditions = uid.map(|uid| Preconditions { uid: Some(uid.to_owned()), resource_version: None });
    DeleteParams { preconditions, ..DeleteParams::background() }
}

fn range<K: Kind>(namespace: Option<&str>, label: Option<&str>) -> Range {
    let kind = K::DynamicType::default();
    Range {
        kind: K::url_path(&kind, None),
        namespace: namespace.map(str::to_owned),
        label: label.map(str::to_owned),
    }
}

fn is_unauthorized(error: &watcher::Error) -> bool {
    match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchFailed(kube::Error::Api(status))
        | watcher::Error::WatchError(status) => status.code == 401,
        _ => false,
    }
}

/// The object as it is sent: without what only the server writes, and without nulls, which would claim a field.
fn to_apply<K: Kind + Serialize>(object: &K) -> Result<serde_json::Value, serde_json::Error> {
    let kind = K::DynamicType::default();
    let mut body = serde_json::to_value(object)?;
    if let Some(body) = body.as_object_mut() {
        body.insert("apiVersion".to_owned(), K::api_version(&kind).into());
        body.insert("kind".to_owned(), K::kind(&kind).into());
        body.remove("status");
        if let Some(metadata) = body.get_mut("metadata").and_then(serde_json::Value::as_object_mut) {
            for written_by_server in
                ["creationTimestamp", "generation", "managedFields", "resourceVersion", "uid"]
            {
                metadata.remove(written_by_server);
            }
        }
    }
    Ok(body)
}

fn requests<K: Kind>(namespace: Option<&str>) -> kube::core::Request {
    kube::core::Request::new(K::url_path(&K::DynamicType::default(), namespace))
}

pub(crate) fn action<K: Kind>(verb: &'static str, namespace: Option<&str>, name: Option<&str>) -> Action {
    let kind = K::DynamicType::default();
    Action {
        verb,
        group: K::group(&kind).into_owned(),
        version: K::version(&kind).into_owned(),
        resource: K::plural(&kind).into_owned(),
        kind: K::kind(&kind).into_owned(),
        namespace: namespace.map(str::to_owned),
        name: name.map(str::to_owned),
    }
}

/// The name of an object of kind `K`, for messages.
pub fn object_name<K: Kind>(namespace: Option<&str>, name: &str) -> ObjectName {
    action::<K>("get", namespace, Some(name)).object()
}

pub(super) fn decode<T: DeserializeOwned>(answer: &Answer, action: &Action) -> Result<T, Error> {
    serde_json::from_slice(&answer.body).map_err(|source| Error::Decode { object: action.object(), source })
}
