//! Writes of objects that live outside namespaces.

use std::fmt::Debug;

use kube::api::{Api, ListParams, Patch, PostParams};
use kube::core::ClusterResourceScope;
use kube::{Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Error, Labels, Store, difference, failed, ignore_missing, parameters, selector};
use crate::operator::naming::FIELD_MANAGER;

/// A kind that lives outside namespaces.
pub(crate) trait Global:
    Resource<DynamicType = (), Scope = ClusterResourceScope> + Clone + Debug + DeserializeOwned + Serialize
{
}

impl<K> Global for K where
    K: Resource<DynamicType = (), Scope = ClusterResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Serialize
{
}

impl Store {
    fn global<K: Global>(&self) -> Api<K> {
        Api::all(self.client.clone())
    }

    /// Lists the objects that carry all of `labels`.
    pub(crate) async fn list_global_labeled<K: Global>(&self, labels: &Labels) -> Result<Vec<K>, Error> {
        let parameters = ListParams::default().labels(&selector(labels));
        let found = self.global::<K>().list(&parameters).await;
        Ok(found.map_err(|source| failed::<K>("list", "", "*", source))?.items)
    }

    /// Writes a whole object over the one that was read, and gives it as it is now.
    pub(crate) async fn replace_global<K: Global>(&self, object: &K) -> Result<K, Error> {
        let name = object.name_any();
        let parameters =
            PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
        let written = self.global::<K>().replace(&name, &parameters, object).await;
        written.map_err(|source| failed::<K>("update", "", &name, source))
    }

    /// Merges `patch` into an object. An object that is gone is not an error.
    pub(crate) async fn merge_global<K: Global>(&self, name: &str, patch: &Value) -> Result<(), Error> {
        let outcome = self.global::<K>().patch(name, &parameters(), &Patch::Merge(patch)).await;
        ignore_missing::<K>(outcome.map(drop), "patch", "", name)
    }

    /// Writes the difference between two versions of a status, if there is one.
    pub(crate) async fn write_global_status<K: Global, S: Serialize>(
        &self,
        object: &K,
        old: Option<&S>,
        new: &S,
    ) -> Result<(), Error> {
        let name = object.name_any();
        let shape = |source| Error::Shape { object: format!("{} {name}", K::kind(&())), source };
        let old = old.map_or(Ok(json!({})), serde_json::to_value).map_err(shape)?;
        let new = serde_json::to_value(new).map_err(shape)?;
        let Some(difference) = difference(&old, &new) else { return Ok(()) };
        let patch = json!({ "status": difference });
        let outcome = self.global::<K>().patch_status(&name, &parameters(), &Patch::Merge(&patch)).await;
        ignore_missing::<K>(outcome.map(drop), "patch the status of", "", &name)
    }

    /// Adds a finalizer, keeping the others. Says whether it was missing.
    pub(crate) async fn add_global_finalizer<K: Global>(
        &self,
        object: &K,
        finalizer: &str,
    ) -> Result<bool, Error> {
        if object.finalizers().iter().any(|known| known == finalizer) {
            return Ok(false);
        }
        let mut finalizers = object.finalizers().to_vec();
        finalizers.push(finalizer.to_owned());
        self.write_global_finalizers(object, &finalizers).await?;
        Ok(true)
    }

    /// Takes a finalizer away, keeping the others.
    pub(crate) async fn remove_global_finalizer<K: Global>(
        &self,
        object: &K,
        finalizer: &str,
    ) -> Result<(), Error> {
        let left: Vec<String> =
            object.finalizers().iter().filter(|known| *known != finalizer).cloned().collect();
        self.write_global_finalizers(object, &left).await
    }

    async fn write_global_finalizers<K: Global>(
        &self,
        object: &K,
        finalizers: &[String],
    ) -> Result<(), Error> {
        let patch = json!({ "metadata": {
            "finalizers": finalizers,
            "resourceVersion": object.resource_version(),
        }});
        self.merge_global::<K>(&object.name_any(), &patch).await
    }
}
