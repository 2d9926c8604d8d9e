//! What the resources of one object of a namespace have in common: how it is looked at, imported, waited for, refused and
//! deleted. Each of them says what is written, and what is seen in it.

use std::time::Duration;

use tfplugin::prelude::*;

use super::object::messages::not_deleted;
use super::object::readiness::Goal;
use super::object::remote::{NotThere, Target};
use super::waited::{import_id, nothing_to_import};
use crate::kubernetes::client::{Kind, object_name};
use crate::kubernetes::diagnostic::{diagnostic, read_timed_out};
use crate::kubernetes::dynamic::{ServedKind, resource_of};
use crate::kubernetes::{Client, Deleted, Error};
use crate::kubernetes_attribute::KubernetesConnection;
use crate::provider::{Reach, Shared};
use crate::wait::{Limits, at_most};

/// A namespace and a name in it.
pub(crate) type Place<'a> = (&'a str, &'a str);

/// What a refresh sees of an object.
pub(crate) enum Look<K> {
    /// The provider block is not known yet, so nobody was asked: what is known stays.
    Unasked,
    /// A server that is reached says that it is not there.
    Gone,
    /// It is there, and this is who was asked.
    Here(K, Client),
}

/// Looks at an object for a refresh. `summary` says what could not be done.
pub(crate) async fn look<K: Kind>(
    shared: &Shared,
    context: &Context,
    kubernetes: &Value<KubernetesConnection>,
    (namespace, name): Place<'_>,
    summary: &'static str,
    limit: Duration,
) -> Result<Look<K>, Diagnostics> {
    if shared.reach(kubernetes) == Reach::Unknown {
        return Ok(Look::Unasked);
    }
    let client = shared.client_for(kubernetes, summary).await?.obeying(context.stop()).glancing();
    match at_most(limit, client.get_opt::<K>(Some(namespace), name)).await {
        Some(Ok(Some(object))) => Ok(Look::Here(object, client)),
        Some(Ok(None) | Err(Error::KindNotServed { .. })) => Ok(Look::Gone),
        Some(Err(error)) => Err(diagnostic(summary, &error).into()),
        None => Err(read_timed_out(summary, &client, limit).into()),
    }
}

/// Namespace and name of what is to be imported; `what` is that, such as `a backup`. `parts` takes them out of an identity.
pub(crate) fn import_place<I>(
    request: Import<I>,
    what: &str,
    parts: impl FnOnce(I) -> (Value<String>, Value<String>),
) -> Result<(String, String), Diagnostics> {
    match request {
        Import::Id(id) => import_id(&id, what),
        Import::Identity(identity) => {
            let (namespace, name) = parts(identity);
            let text = |value: Value<String>| value.into_known().unwrap_or_default();
            Ok((text(namespace), text(name)))
        }
    }
}

/// The object that is to be imported, from the Kubernetes cluster of the provider block.
pub(crate) async fn find_to_import<K: Kind>(
    shared: &Shared,
    context: &Context,
    (namespace, name): Place<'_>,
    summary: &'static str,
) -> Result<K, Diagnostics> {
    let client = shared.client_for(&Value::Null, summary).await?.obeying(context.stop());
    let found = client.get_opt::<K>(Some(namespace), name).await;
    let found = found.map_err(|error| Diagnostics::from(diagnostic(summary, &error)))?;
    let object = object_name::<K>(Some(namespace), name).to_string();
    found.ok_or_else(|| nothing_to_import(summary, &object, &client.endpoint()))
}

/// Waits until an object of `generation` is as `goal` says.
pub(crate) async fn until_ready<K: Kind>(
    client: &Client,
    (namespace, name): Place<'_>,
    goal: &Goal,
    generation: i64,
    limits: &Limits,
) -> Result<(), NotThere> {
    let served = served::<K>();
    let target = Target { client, served: &served, namespace: Some(namespace), name };
    target.until_ready(goal, generation, limits).await
}

/// Waits until an object is gone.
pub(crate) async fn until_gone<K: Kind>(
    client: &Client,
    (namespace, name): Place<'_>,
    uid: &str,
    limits: &Limits,
) -> Result<(), NotThere> {
    let served = served::<K>();
    let target = Target { client, served: &served, namespace: Some(namespace), name };
    target.until_gone(uid, limits).await
}

fn served<K: Kind>() -> ServedKind {
    ServedKind { resource: resource_of::<K>(), namespaced: true, has_status: true }
}

/// An object that is to be deleted; nothing when it is gone already, also with its kind. `client` obeys.
pub(crate) async fn find_to_delete<K: Kind>(
    client: &Client,
    (namespace, name): Place<'_>,
    summary: &'static str,
) -> Result<Option<K>, Diagnostics> {
    match client.get_opt::<K>(Some(namespace), name).await {
        Ok(found) => Ok(found),
        Err(Error::KindNotServed { .. }) => Ok(None),
        Err(error) => Err(diagnostic(summary, &error).into()),
    }
}

/// Deletes an object and waits until it is gone.
pub(crate) async fn delete<K: Kind>(
    client: &Client,
    existing: &K,
    summary: &'static str,
    limits: &Limits,
) -> Result<(), Diagnostics> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let meta = existing.meta();
    let (namespace, name, uid) = (text(&meta.namespace), text(&meta.name), text(&meta.uid));
    let deleted = client.obeying(&limits.stop).delete::<K>(Some(&namespace), &name, Some(&uid)).await;
    let deleted = deleted.map_err(|error| Diagnostics::from(diagnostic(summary, &error)))?;
    if deleted == Deleted::Accepted
        && let Err(why) = until_gone::<K>(client, (&namespace, &name), &uid, limits).await
    {
        let object = object_name::<K>(Some(&namespace), &name).to_string();
        return Err(not_deleted(summary, &object, &why, &[]).into());
    }
    Ok(())
}

/// That there is an object of that name already, and why it is not gone on with.
pub(crate) fn there_already<K: Kind>(
    (namespace, name): Place<'_>,
    summary: &'static str,
    why: &str,
) -> Diagnostic {
    let object = object_name::<K>(Some(namespace), name);
    Diagnostic::error(summary, format!("There is a {object} already: {why}")).at(Path::attribute("name"))
}

/// Why an object that is being deleted is not gone on with.
pub(crate) const BEING_DELETED: &str = "it is being deleted; try again when it is gone.";

/// Why an object that somebody else made is not gone on with. `resource` is the type of the resource.
pub(crate) fn made_by_somebody(resource: &str, (namespace, name): Place<'_>) -> String {
    format!(
        "somebody has made it. To manage it: `terraform import {resource}.NAME {namespace}/{name}`. Or choose another `name`."
    )
}
