//! The stand-in's access to the API server: typed reads and the few kinds of write it makes.
//!
//! Every write of the stand-in goes through this file. It knows nothing about KubeBlocks.

mod global;

use std::fmt::Debug;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::core::{ClusterResourceScope, NamespaceResourceScope};
use kube::{Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::error::{Error, code};
use super::naming::{FIELD_MANAGER, Labels, selector};

pub(crate) use global::Global;

/// A kind that lives in a namespace.
pub(crate) trait Object:
    Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned + Serialize
{
}

impl<K> Object for K where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Serialize
{
}

/// Reads and writes objects.
#[derive(Clone)]
pub(crate) struct Store {
    client: Client,
}

impl Store {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    fn api<K: Object>(&self, namespace: &str) -> Api<K> {
        Api::namespaced(self.client.clone(), namespace)
    }

    pub(crate) async fn get<K: Object>(&self, namespace: &str, name: &str) -> Result<Option<K>, Error> {
        self.api::<K>(namespace)
            .get_opt(name)
            .await
            .map_err(|source| failed::<K>("get", namespace, name, source))
    }

    /// Reads an object that lives outside namespaces.
    pub(crate) async fn get_global<K>(&self, name: &str) -> Result<Option<K>, Error>
    where
        K: Resource<DynamicType = (), Scope = ClusterResourceScope> + Clone + Debug + DeserializeOwned,
    {
        Api::<K>::all(self.client.clone())
            .get_opt(name)
            .await
            .map_err(|source| failed::<K>("get", "", name, source))
    }

    /// Lists all objects of a kind that lives outside namespaces.
    pub(crate) async fn list_global<K>(&self) -> Result<Vec<K>, Error>
    where
        K: Resource<DynamicType = (), Scope = ClusterResourceScope> + Clone + Debug + DeserializeOwned,
    {
        Ok(Api::<K>::all(self.client.clone())
            .list(&ListParams::default())
            .await
            .map_err(|source| failed::<K>("list", "", "*", source))?
            .items)
    }

    /// Lists the objects of a namespace that carry all of `labels`.
    pub(crate) async fn list<K: Object>(&self, namespace: &str, labels: &Labels) -> Result<Vec<K>, Error> {
        let parameters = ListParams::default().labels(&selector(labels));
        Ok(self
            .api::<K>(namespace)
            .list(&parameters)
            .await
            .map_err(|source| failed::<K>("list", namespace, "*", source))?
            .items)
    }

    /// Lists the objects of all namespaces that carry all of `labels`.
    pub(crate) async fn list_everywhere<K: Object>(&self, labels: &Labels) -> Result<Vec<K>, Error> {
        let parameters = ListParams::default().labels(&selector(labels));
        Ok(Api::<K>::all(self.client.clone())
            .list(&parameters)
            .await
            .map_err(|source| failed::<K>("list", "", "*", source))?
            .items)
    }

    /// Creates an object, and leaves it alone when there is one of that name. Says whether it was created.
    pub(crate) async fn create_if_absent<K: Object>(&self, object: &K) -> Result<bool, Error> {
        let (namespace, name) = identity(object);
        let parameters =
            PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
        match self.api::<K>(&namespace).create(&parameters, object).await {
            Ok(_) => Ok(true),
            Err(source) if code(&source) == Some(409) => Ok(false),
            Err(source) => Err(failed::<K>("create", &namespace, &name, source)),
        }
    }

    /// Applies an object: what it says is enforced, what others wrote beside it stays.
    pub(crate) async fn apply<K: Object>(&self, object: &K) -> Result<K, Error> {
        let (namespace, name) = identity(object);
        let mut manifest = serde_json::to_value(object)
            .map_err(|source| Error::Shape { object: format!("{} {name}", K::kind(&())), source })?;
        manifest["apiVersion"] = json!(K::api_version(&()));
        manifest["kind"] = json!(K::kind(&()));
        self.api::<K>(&namespace)
            .patch(&name, &PatchParams::apply(FIELD_MANAGER).force(), &Patch::Apply(&manifest))
            .await
            .map_err(|source| failed::<K>("apply", &namespace, &name, source))
    }

    /// Merges `patch` into an object. An object that is gone is not an error.
    pub(crate) async fn merge<K: Object>(
        &self,
        namespace: &str,
        name: &str,
        patch: &Value,
    ) -> Result<(), Error> {
        let outcome = self.api::<K>(namespace).patch(name, &parameters(), &Patch::Merge(patch)).await;
        ignore_missing::<K>(outcome.map(drop), "patch", namespace, name)
    }

    /// Writes the difference between two versions of a status, if there is one. Says whether there was.
    /// A first status is written as a whole: some of its zeros are required.
    pub(crate) async fn write_status<K: Object, S: Serialize>(
        &self,
        object: &K,
        old: Option<&S>,
        new: &S,
    ) -> Result<bool, Error> {
        let (namespace, name) = identity(object);
        let shape = |source| Error::Shape { object: format!("{} {name}", K::kind(&())), source };
        let old = old.map_or(Ok(json!({})), serde_json::to_value).map_err(shape)?;
        let new = serde_json::to_value(new).map_err(shape)?;
        let Some(difference) = difference(&old, &new) else { return Ok(false) };
        let patch = json!({ "status": difference });
        let outcome =
            self.api::<K>(&namespace).patch_status(&name, &parameters(), &Patch::Merge(&patch)).await;
        ignore_missing::<K>(outcome.map(drop), "patch the status of", &namespace, &name)?;
        Ok(true)
    }

    /// Deletes an object in the background. An object that is gone is not an error.
    pub(crate) async fn delete<K: Object>(&self, namespace: &str, name: &str) -> Result<(), Error> {
        let outcome = self.api::<K>(namespace).delete(name, &DeleteParams::background()).await;
        ignore_missing::<K>(outcome.map(drop), "delete", namespace, name)
    }

    /// Adds a finalizer, keeping the others.
    pub(crate) async fn add_finalizer<K: Object>(&self, object: &K, finalizer: &str) -> Result<(), Error> {
        let mut finalizers = object.finalizers().to_vec();
        if finalizers.iter().any(|known| known == finalizer) {
            return Ok(());
        }
        finalizers.push(finalizer.to_owned());
        self.write_finalizers(object, &finalizers).await
    }

    /// Takes a finalizer away, keeping the others. Says whether it was there.
    pub(crate) async fn remove_finalizer<K: Object>(
        &self,
        object: &K,
        finalizer: &str,
    ) -> Result<bool, Error> {
        let left: Vec<String> =
            object.finalizers().iter().filter(|known| *known != finalizer).cloned().collect();
        if left.len() == object.finalizers().len() {
            return Ok(false);
        }
        self.write_finalizers(object, &left).await?;
        Ok(true)
    }

    async fn write_finalizers<K: Object>(&self, object: &K, finalizers: &[String]) -> Result<(), Error> {
        let (namespace, name) = identity(object);
        let patch = json!({ "metadata": {
            "finalizers": finalizers,
            "resourceVersion": object.resource_version(),
        }});
        self.merge::<K>(&namespace, &name, &patch).await
    }
}

fn parameters() -> PatchParams {
    PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() }
}

fn identity<K: ResourceExt>(object: &K) -> (String, String) {
    (object.namespace().unwrap_or_default(), object.name_any())
}

fn failed<K: Resource<DynamicType = ()>>(
    verb: &'static str,
    namespace: &str,
    name: &str,
    source: kube::Error,
) -> Error {
    Error::Api { verb, object: format!("{} {namespace}/{name}", K::kind(&())), source: Box::new(source) }
}

fn ignore_missing<K: Resource<DynamicType = ()>>(
    outcome: Result<(), kube::Error>,
    verb: &'static str,
    namespace: &str,
    name: &str,
) -> Result<(), Error> {
    match outcome {
        Err(source) if code(&source) != Some(404) => Err(failed::<K>(verb, namespace, name, source)),
        _ => Ok(()),
    }
}

/// The JSON merge patch that turns `old` into `new`, if they differ. Lists are replaced as a whole.
pub(crate) fn difference(old: &Value, new: &Value) -> Option<Value> {
    let (Value::Object(old), Value::Object(new)) = (old, new) else {
        return (old != new).then(|| new.clone());
    };
    let mut patch = Map::new();
    for (key, value) in new {
        match old.get(key) {
            Some(before) => {
                if let Some(change) = difference(before, value) {
                    patch.insert(key.clone(), change);
                }
            }
            None => {
                patch.insert(key.clone(), value.clone());
            }
        }
    }
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    (!patch.is_empty()).then_some(Value::Object(patch))
}

/// A reference that makes `owner` the controller of an object.
pub(crate) fn controlled_by<K: Resource<DynamicType = ()>>(owner: &K) -> OwnerReference {
    OwnerReference {
        api_version: K::api_version(&()).into_owned(),
        kind: K::kind(&()).into_owned(),
        name: owner.meta().name.clone().unwrap_or_default(),
        uid: owner.meta().uid.clone().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_holds_changes_additions_and_removals_and_replaces_lists() {
        let table = [
            (json!({"a": 1}), json!({"a": 1}), None),
            (json!({"a": 1}), json!({"a": 2, "b": 3}), Some(json!({"a": 2, "b": 3}))),
            (
                json!({"a": 1, "b": {"c": 1, "d": 2}}),
                json!({"a": 1, "b": {"c": 1}}),
                Some(json!({"b": {"d": null}})),
            ),
            (json!({"a": [1, 2]}), json!({"a": [1]}), Some(json!({"a": [1]}))),
            (json!(null), json!({"a": 1}), Some(json!({"a": 1}))),
        ];
        for (old, new, expected) in table {
            assert_eq!(difference(&old, &new), expected, "{old} -> {new}");
        }
    }
}
