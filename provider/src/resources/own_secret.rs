//! A Secret of ours beside an object that refers to it, with what its configuration must not hold: building it, writing,
//! looking for it, removing it. Its content is never read.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::ObjectMeta;

use crate::kubernetes::{Client, Error, FIELD_MANAGER};

/// Label with the manager of an object.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// Namespace and name of a Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretPlace {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// The Secret. `label` and `of` say whose it is; `owner` is the object with which it then goes.
pub(crate) fn secret<K>(
    place: &SecretPlace,
    (label, of): (&str, &str),
    content: BTreeMap<String, String>,
    owner: Option<&K>,
) -> Secret
where
    K: kube::Resource<DynamicType = ()>,
{
    let data = content.into_iter().map(|(key, value)| (key, ByteString(value.into_bytes()))).collect();
    Secret {
        metadata: ObjectMeta {
            name: Some(place.name.clone()),
            namespace: Some(place.namespace.clone()),
            labels: Some(BTreeMap::from([
                (MANAGED_BY.to_owned(), FIELD_MANAGER.to_owned()),
                (label.to_owned(), of.to_owned()),
            ])),
            owner_references: owner.and_then(reference).map(|owner| vec![owner]),
            ..ObjectMeta::default()
        },
        data: Some(data),
        ..Secret::default()
    }
}

fn reference<K: kube::Resource<DynamicType = ()>>(owner: &K) -> Option<OwnerReference> {
    Some(OwnerReference {
        api_version: K::api_version(&()).into_owned(),
        kind: K::kind(&()).into_owned(),
        name: owner.meta().name.clone()?,
        uid: owner.meta().uid.clone()?,
        ..OwnerReference::default()
    })
}

/// Whether the Secret is there. Who may not look takes it to be.
pub(crate) async fn exists(client: &Client, place: &SecretPlace) -> Result<bool, Error> {
    match client.get_opt::<Secret>(Some(&place.namespace), &place.name).await {
        Ok(found) => Ok(found.is_some()),
        Err(Error::Forbidden { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Removes the Secret, if its `label` says that it is the one `of` the object.
pub(crate) async fn remove(
    client: &Client,
    place: &SecretPlace,
    (label, of): (&str, &str),
) -> Result<(), Error> {
    let Some(found) = client.get_opt::<Secret>(Some(&place.namespace), &place.name).await? else {
        return Ok(());
    };
    let labels = found.metadata.labels.unwrap_or_default();
    if labels.get(label).is_none_or(|found| found != of) {
        return Ok(());
    }
    let uid = found.metadata.uid;
    client.delete::<Secret>(Some(&place.namespace), &place.name, uid.as_deref()).await.map(drop)
}
