//! Objects whose kind is known only at run time, and the requests that no typed kind needs. The same client, with
//! the same retries and errors by meaning. Beside [`super::client`], not above it.

use http::{Request, StatusCode};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::APIResourceList;
use kube::Resource;
use kube::api::{DynamicObject, GetParams, ListParams, Patch, PatchParams};
use kube::core::{ApiResource, ObjectList};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::client::{
    Applied, Client, Conflicts, Deleted, FIELD_MANAGER, Kind, action, annotation_removal, decode, deleted,
    deletion_of,
};
use super::error::{Action, Error};
use super::glance::Range;

/// A kind as the server serves it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServedKind {
    /// Group, version, kind and plural.
    pub resource: ApiResource,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Whether it has a status of its own, which an apply of the object cannot write.
    pub has_status: bool,
}

/// The kind `K` for the methods that take a kind at run time.
pub fn resource_of<K: Kind>() -> ApiResource {
    ApiResource::erase::<K>(&K::DynamicType::default())
}

/// What a request does, for messages and errors.
pub(crate) fn action_of(
    resource: &ApiResource,
    verb: &'static str,
    namespace: Option<&str>,
    name: Option<&str>,
) -> Action {
    Action {
        verb,
        group: resource.group.clone(),
        version: resource.version.clone(),
        resource: resource.plural.clone(),
        kind: resource.kind.clone(),
        namespace: namespace.map(str::to_owned),
        name: name.map(str::to_owned),
    }
}

fn requests(resource: &ApiResource, namespace: Option<&str>) -> kube::core::Request {
    kube::core::Request::new(DynamicObject::url_path(resource, namespace))
}

impl Client {
    /// How the server serves a kind, such as `apps.kubeblocks.io/v1alpha1` `Cluster`; `None` when it does not.
    pub async fn served_kind(&self, api_version: &str, kind: &str) -> Result<Option<ServedKind>, Error> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let path =
            if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
        let list: APIResourceList = match self.get_path(&path, kind).await {
            Ok(list) => list,
            Err(error) if error.is_not_found() || error.is_not_served() => return Ok(None),
            Err(error) => return Err(error),
        };
        let named = |name: &str| list.resources.iter().any(|found| found.name == name);
        let found = list.resources.iter().find(|found| found.kind == kind && !found.name.contains('/'));
        Ok(found.map(|found| ServedKind {
            resource: ApiResource {
                group: group.to_owned(),
                version: version.to_owned(),
                api_version: api_version.to_owned(),
                kind: kind.to_owned(),
                plural: found.name.clone(),
            },
            namespaced: found.namespaced,
            has_status: named(&format!("{}/status", found.name)),
        }))
    }

    /// A document of the server that is no object, such as `/version`. `what` names it in errors.
    pub async fn get_path<T: DeserializeOwned>(&self, path: &str, what: &str) -> Result<T, Error> {
        let action = path_action("get", what);
        let request = Request::get(path).body(Vec::new()).map_err(kube::core::request::Error::BuildRequest);
        decode(&self.send(request, &action).await?, &action)
    }

    /// The object, or nothing when the server says that it does not exist. A kind that is not served is an error.
    pub async fn get_object(
        &self,
        resource: &ApiResource,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<DynamicObject>, Error> {
        let range = Range {
            kind: DynamicObject::url_path(resource, None),
            namespace: namespace.map(str::to_owned),
            label: None,
        };
        let glance =
            Box::pin(self.glance(&range, async || self.list_objects(resource, namespace, None).await)).await;
        if let Some(found) = glance.as_deref().and_then(|shown| shown.named(name)) {
            return Ok(Some(found.clone()));
        }
        let action = action_of(resource, "get", namespace, Some(name));
        let request = requests(resource, namespace).get(name, &GetParams::default());
        match self.send(request, &action).await {
            Ok(answer) => decode(&answer, &action).map(Some),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The objects whose labels match, read in pages. Without a namespace: of all of them.
    pub async fn list_objects(
        &self,
        resource: &ApiResource,
        namespace: Option<&str>,
        labels: Option<&str>,
    ) -> Result<Vec<DynamicObject>, Error> {
        let action = action_of(resource, "list", namespace, None);
        let mut parameters = ListParams::default().limit(500);
        parameters.label_selector = labels.map(str::to_owned);
        let mut objects = Vec::new();
        loop {
            let request = requests(resource, namespace).list(&parameters);
            let page: ObjectList<DynamicObject> = decode(&self.send(request, &action).await?, &action)?;
            objects.extend(page.items);
            match page.metadata.continue_ {
                Some(token) if !token.is_empty() => parameters.continue_token = Some(token),
                Some(_) | None => return Ok(objects),
            }
        }
    }

    /// Server-side apply of `body`, which holds `apiVersion`, `kind`, the name and only the fields that are meant.
    /// With `dry_run` the server answers what would be, and changes nothing.
    pub async fn apply_object(
        &self,
        resource: &ApiResource,
        namespace: Option<&str>,
        name: &str,
        body: &Value,
        conflicts: Conflicts,
        dry_run: bool,
    ) -> Result<Applied<DynamicObject>, Error> {
        let action = action_of(resource, "patch", namespace, Some(name));
        let parameters = PatchParams {
            dry_run,
            force: conflicts == Conflicts::Force,
            field_manager: Some(FIELD_MANAGER.to_owned()),
            field_validation: Some(kube::api::ValidationDirective::Strict),
        };
        let request = requests(resource, namespace).patch(name, &parameters, &Patch::Apply(body));
        let answer = self.send(request, &action).await?;
        let object = decode(&answer, &action)?;
        Ok(Applied { object, created: answer.status == StatusCode::CREATED })
    }

    /// A JSON merge patch (RFC 7386): for annotations, finalizers and other fields that are not owned by an apply.
    /// Nothing when there is no such object.
    pub async fn merge_object(
        &self,
        resource: &ApiResource,
        namespace: Option<&str>,
        name: &str,
        patch: &Value,
    ) -> Result<Option<DynamicObject>, Error> {
        let action = action_of(resource, "patch", namespace, Some(name));
        let parameters =
            PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        let request = requests(resource, namespace).patch(name, &parameters, &Patch::Merge(patch));
        match self.send(request, &action).await {
            Ok(answer) => decode(&answer, &action).map(Some),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes an annotation of an object that exists; all else stays. May be sent twice without harm.
    pub async fn remove_annotation_of_object(
        &self,
        resource: &ApiResource,
        namespace: Option<&str>,
        name: &str,
        annotation: &str,
    ) -> Result<(), Error> {
        let action = action_of(resource, "patch", namespace, Some(name));
        let (parameters, patch) = annotation_removal(annotation);
        let request = requests(resource, namespace).patch_metadata(name, &parameters, &patch);
        self.send(request, &action).await.map(drop)
    }

    /// Deletes the object if it is still the one with `uid`.
    pub async fn delete_object(
        &self,
        resource: &ApiResource,
        namespace: Option<&str>,
        name: &str,
        uid: Option<&str>,
    ) -> Result<Deleted, Error> {
        let action = action_of(resource, "delete", namespace, Some(name));
        deleted(self.send(requests(resource, namespace).delete(name, &deletion_of(uid)), &action).await)
    }

    /// Sends a review, such as a `SelfSubjectAccessReview`, and returns the answer. Reviews change nothing, so they
    /// may be sent twice.
    pub async fn review<K: Kind + Serialize>(&self, review: &K) -> Result<K, Error> {
        let action = action::<K>("create", None, None);
        let mut body = serde_json::to_value(review)
            .map_err(|source| Error::Encode { object: action.object(), source })?;
        if let Some(body) = body.as_object_mut() {
            body.insert("apiVersion".to_owned(), K::api_version(&K::DynamicType::default()).into());
            body.insert("kind".to_owned(), K::kind(&K::DynamicType::default()).into());
        }
        let request = Request::post(K::url_path(&K::DynamicType::default(), None))
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(body.to_string().into_bytes())
            .map_err(kube::core::request::Error::BuildRequest);
        decode(&self.send(request, &action).await?, &action)
    }

    /// The last `lines` lines that a container wrote.
    pub async fn pod_log(
        &self,
        namespace: &str,
        pod: &str,
        container: Option<&str>,
        lines: i64,
    ) -> Result<String, Error> {
        let resource = resource_of::<k8s_openapi::api::core::v1::Pod>();
        let mut action = action_of(&resource, "get", Some(namespace), Some(pod));
        "pods/log".clone_into(&mut action.resource);
        let parameters = kube::api::LogParams {
            container: container.map(str::to_owned),
            tail_lines: Some(lines),
            ..kube::api::LogParams::default()
        };
        let answer = self.send(requests(&resource, Some(namespace)).logs(pod, &parameters), &action).await?;
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }
}

fn path_action(verb: &'static str, what: &str) -> Action {
    Action {
        verb,
        group: String::new(),
        version: String::new(),
        resource: what.to_owned(),
        kind: what.to_owned(),
        namespace: None,
        name: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::kubernetes::test_server::{TestServer, on};

    #[tokio::test]
    async fn a_kind_is_found_with_its_plural_and_scope_and_an_unserved_one_is_no_error() {
        let server = TestServer::expecting([
            on("GET", &["/apis/apps.kubeblocks.io/v1alpha1"]).answers(
                200,
                json!({"kind": "APIResourceList", "groupVersion": "apps.kubeblocks.io/v1alpha1", "resources": [
                    {"name": "clusters", "singularName": "cluster", "namespaced": true, "kind": "Cluster", "verbs": []},
                    {"name": "clusters/status", "singularName": "", "namespaced": true, "kind": "Cluster", "verbs": []},
                    {"name": "clusterdefinitions", "singularName": "", "namespaced": false, "kind": "ClusterDefinition", "verbs": []},
                ]}),
            ),
            on("GET", &["/api/v1"]).answers(
                200,
                json!({"kind": "APIResourceList", "groupVersion": "v1", "resources": []}),
            ),
            on("GET", &["/apis/none.example.com/v1"]).fails(404, "NotFound", "the server could not find the requested resource"),
        ]);
        let client = server.client();
        let kind = client.served_kind("apps.kubeblocks.io/v1alpha1", "Cluster").await.unwrap().unwrap();
        assert_eq!(kind.resource.plural, "clusters");
        assert!(kind.namespaced && kind.has_status);
        assert_eq!(client.served_kind("v1", "Cluster").await.unwrap(), None);
        assert_eq!(client.served_kind("none.example.com/v1", "Thing").await.unwrap(), None);
        server.finish();
    }
}
