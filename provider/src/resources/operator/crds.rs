//! The chart's custom resource definitions: applied by this provider, as Helm never upgrades them; waited for; and their
//! digest in the Kubernetes cluster, by which a refresh sees that one is missing or was changed.

use std::fmt::Write;

use futures::{StreamExt, TryStreamExt, stream};
use kube::api::DynamicObject;
use kube::core::ApiResource;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::kubernetes::observe::{Seen, Selection};
use crate::kubernetes::{Client, Conflicts, Error};
use crate::wait::{Limits, Step, WaitError, until};

/// So many are written, or read, at once: some have most of a megabyte.
const AT_ONCE: usize = 6;

/// The kind of the definitions.
pub fn resource() -> ApiResource {
    ApiResource {
        group: "apiextensions.k8s.io".to_owned(),
        version: "v1".to_owned(),
        api_version: "apiextensions.k8s.io/v1".to_owned(),
        kind: "CustomResourceDefinition".to_owned(),
        plural: "customresourcedefinitions".to_owned(),
    }
}

/// The kind that a definition defines, in the version that is stored. `spec` is the definition's.
pub fn kind_of(spec: &Json) -> Option<ApiResource> {
    let text = |value: &Json| value.as_str().map(str::to_owned);
    let version = spec["versions"].as_array()?.iter().find(|version| version["storage"] == true)?;
    let (group, version) = (text(&spec["group"])?, text(&version["name"])?);
    Some(ApiResource {
        api_version: format!("{group}/{version}"),
        group,
        version,
        kind: text(&spec["names"]["kind"])?,
        plural: text(&spec["names"]["plural"])?,
    })
}

/// Why definitions are not in place.
#[derive(Debug, thiserror::Error)]
pub enum CrdError {
    /// The API server refused or could not be reached.
    #[error("failed to apply the custom resource definitions")]
    Api {
        /// What it said.
        #[from]
        source: Error,
    },
    /// It does not serve them in time.
    #[error("the Kubernetes API server does not serve {names:?} yet")]
    NotEstablished {
        /// Those that are missing.
        names: Vec<String>,
    },
    /// The practitioner interrupted.
    #[error("interrupted")]
    Interrupted,
}

/// Names of definitions.
pub fn names(crds: &[Json]) -> Vec<String> {
    let mut names: Vec<String> =
        crds.iter().filter_map(|crd| crd["metadata"]["name"].as_str().map(str::to_owned)).collect();
    names.sort();
    names.dedup();
    names
}

/// Applies all definitions, whoever owned their fields before, and waits until they are served.
pub async fn apply(client: &Client, crds: &[Json], limits: &Limits) -> Result<(), CrdError> {
    let resource = resource();
    let applied: Vec<DynamicObject> = stream::iter(crds.iter().map(to_apply))
        .map(|body| {
            let resource = &resource;
            async move {
                let name = body["metadata"]["name"].as_str().unwrap_or_default().to_owned();
                let applied =
                    client.apply_object(resource, None, &name, &body, Conflicts::Force, false).await?;
                Ok::<_, Error>(applied.object)
            }
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
        .map_err(|error| match error {
            Error::Interrupted => CrdError::Interrupted,
            source => CrdError::Api { source },
        })?;
    let waiting: Vec<String> = applied
        .iter()
        .filter(|object| !is_established(object))
        .filter_map(|object| object.metadata.name.clone())
        .collect();
    wait_until_established(client, waiting, limits).await
}

async fn wait_until_established(
    client: &Client,
    mut missing: Vec<String>,
    limits: &Limits,
) -> Result<(), CrdError> {
    if missing.is_empty() {
        return Ok(());
    }
    let mut snapshots = client.observe(vec![Selection::of(resource())]);
    let outcome = until(limits, &mut snapshots, |seen: &Vec<Seen>, _| {
        let objects = seen.iter().flat_map(Seen::objects);
        for object in objects.filter(|object| is_established(object)) {
            missing.retain(|name| object.metadata.name.as_ref() != Some(name));
        }
        if missing.is_empty() { Step::<(), ()>::Done(()) } else { Step::Wait(None) }
    })
    .await;
    match outcome {
        Ok(()) => Ok(()),
        Err(WaitError::Interrupted { .. }) => Err(CrdError::Interrupted),
        Err(WaitError::TimedOut { .. } | WaitError::Failed { .. }) => {
            Err(CrdError::NotEstablished { names: missing })
        }
    }
}

/// As it is sent: without what only the server writes.
fn to_apply(crd: &Json) -> Json {
    let mut body = crd.clone();
    if let Json::Object(parts) = &mut body {
        parts.remove("status");
        if let Some(Json::Object(metadata)) = parts.get_mut("metadata") {
            for written_by_server in
                ["creationTimestamp", "generation", "managedFields", "resourceVersion", "uid"]
            {
                metadata.remove(written_by_server);
            }
        }
    }
    body
}

fn is_established(object: &DynamicObject) -> bool {
    let conditions = object.data["status"]["conditions"].as_array();
    conditions.is_some_and(|conditions| {
        conditions.iter().any(|condition| condition["type"] == "Established" && condition["status"] == "True")
    })
}

/// Digest of the named definitions as they are in the Kubernetes cluster. A missing one changes it as well.
pub async fn digest(client: &Client, names: &[String]) -> Result<String, Error> {
    let resource = resource();
    let mut found: Vec<(String, Option<Json>)> = stream::iter(names.to_vec())
        .map(|name| {
            let resource = &resource;
            async move {
                let object = client.get_object(resource, None, &name).await?;
                Ok::<_, Error>((name, object.map(|mut object| object.data["spec"].take())))
            }
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    found.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(digest_of(&found))
}

/// Digest of definitions by name and `spec`. How versions are converted is left out: webhooks write their certificates
/// there.
fn digest_of(found: &[(String, Option<Json>)]) -> String {
    let mut hash = Sha256::new();
    for (name, spec) in found {
        hash.update(name.as_bytes());
        hash.update([0]);
        match spec {
            None => hash.update(b"missing"),
            Some(spec) => {
                let mut spec = spec.clone();
                if let Json::Object(parts) = &mut spec {
                    parts.remove("conversion");
                }
                hash.update(spec.to_string().as_bytes());
            }
        }
        hash.update([0]);
    }
    hash.finalize().iter().fold("sha256:".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::kubernetes::test_api::TestApi;
    use crate::kubernetes::test_server::{TestServer, on};

    fn crd(name: &str, field: &str) -> Json {
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": name, "creationTimestamp": null},
            "spec": {"scope": "Namespaced", "versions": [{"name": field}], "conversion": {"strategy": "None"}},
            "status": {"conditions": [{"type": "Established", "status": "True"}]},
        })
    }

    fn limits() -> Limits {
        Limits::new(Duration::from_secs(20), &CancellationToken::new())
    }

    #[tokio::test]
    async fn definitions_are_applied_by_force_without_what_the_server_writes() {
        let body = crd("a.test", "v1");
        let server = TestServer::expecting([on(
            "PATCH",
            &[
                "/customresourcedefinitions/a.test",
                "force=true",
                "fieldManager=terraform-provider-kubeblocks",
            ],
        )
        .answers(200, body.clone())]);
        apply(&server.client(), &[body], &limits()).await.unwrap();
        let sent = &server.finish()[0].body;
        assert!(
            sent.get("status").is_none() && sent["metadata"].get("creationTimestamp").is_none(),
            "{sent}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn those_that_are_never_served_are_named() {
        let api = TestApi::default();
        let mut pending = crd("b.test", "v1");
        pending["status"] = json!({});
        api.put("customresourcedefinitions", crd("a.test", "v1"));
        api.put("customresourcedefinitions", pending);
        let missing = vec!["a.test".to_owned(), "b.test".to_owned()];
        let error = wait_until_established(&api.client(), missing, &limits()).await.unwrap_err();
        assert!(matches!(&error, CrdError::NotEstablished { names } if names == &["b.test"]), "{error:?}");
    }

    #[tokio::test]
    async fn the_digest_tells_a_missing_and_a_changed_definition_but_not_a_renewed_certificate() {
        let api = TestApi::default();
        api.put("customresourcedefinitions", crd("a.test", "v1"));
        api.put("customresourcedefinitions", crd("b.test", "v1"));
        let names = ["b.test".to_owned(), "a.test".to_owned()];
        let client = api.client();
        let before = digest(&client, &names).await.unwrap();
        api.change("customresourcedefinitions", "a.test", |object| {
            object["spec"]["conversion"] = json!({"strategy": "Webhook"});
        });
        assert_eq!(digest(&client, &names).await.unwrap(), before);
        api.change("customresourcedefinitions", "a.test", |object| {
            object["spec"]["versions"] = json!([]);
        });
        let changed = digest(&client, &names).await.unwrap();
        api.remove("customresourcedefinitions", "b.test");
        let missing = digest(&client, &names).await.unwrap();
        assert!(before != changed && changed != missing);
    }
}
