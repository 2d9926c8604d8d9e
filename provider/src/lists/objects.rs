//! Objects of any kind of KubeBlocks.

use kube::ResourceExt as _;
use kube::api::DynamicObject;
use tfplugin::prelude::*;

use super::{Findable, Findings, Found};
use crate::kubernetes::{Client, Error};
use crate::resources::object::import::id_of_identity;
use crate::resources::object::kinds::is_kubeblocks_api;
use crate::resources::object::remote::not_served;
use crate::resources::object::{ObjectIdentity, ObjectResource};

/// Finds objects of a kind of KubeBlocks, so that `kubeblocks_object` can take them over.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub(crate) struct ObjectSearch {
    /// Group and version of the kind, such as `apps.kubeblocks.io/v1alpha1`.
    #[tf(required, validate = is_kubeblocks_api)]
    pub(crate) api_version: Value<String>,
    /// The kind, such as `ClusterDefinition`.
    #[tf(required)]
    pub(crate) kind: Value<String>,
    /// Only in this Kubernetes namespace. Left out, in all.
    #[tf(optional)]
    pub(crate) namespace: Value<String>,
    /// Only those whose labels match, written as for `kubectl get --selector`, such as `team=orders,tier!=test`.
    #[tf(optional)]
    pub(crate) label_selector: Value<String>,
}

impl Findable for ObjectResource {
    type Search = ObjectSearch;

    async fn find(client: &Client, search: &ObjectSearch) -> Result<Findings<ObjectIdentity>, Error> {
        let text = |value: &Value<String>| value.known().cloned().unwrap_or_default();
        let (api_version, kind) = (text(&search.api_version), text(&search.kind));
        let served = client.served_kind(&api_version, &kind).await?;
        let served = served.ok_or_else(|| not_served(client, &api_version, &kind))?;
        let namespace = search.namespace.known().map(String::as_str).filter(|_| served.namespaced);
        let labels = search.label_selector.known().map(String::as_str);
        let objects = client.list_objects(&served.resource, namespace, labels).await?;
        Ok(objects.iter().map(|object| found(search, object)).collect())
    }
}

fn found(search: &ObjectSearch, object: &DynamicObject) -> Found<ObjectIdentity> {
    let identity = ObjectIdentity {
        api_version: search.api_version.clone(),
        kind: search.kind.clone(),
        namespace: object.namespace().into(),
        name: Value::Known(object.name_any()),
    };
    Found { id: id_of_identity(&identity), identity, namespace: object.namespace(), name: object.name_any() }
}
