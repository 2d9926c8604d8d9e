//! What is left when the release is gone: the hook's Job, Secrets of the release, objects of KubeBlocks' kinds, the
//! definitions of these kinds, the namespace.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, PersistentVolumeClaim, Pod, Secret};
use kube::ResourceExt;
use kube::api::DynamicObject;
use kube::core::ApiResource;
use serde_json::json;
use tfplugin::prelude::*;

use super::apply::{MADE_BY, OPERATOR};
use super::crds;
use super::destroy::{CANNOT_DELETE, Destroy, shown};
use super::failure::{self, Failure};
use super::note::Note;
use crate::kubernetes::dynamic::resource_of;
use crate::kubernetes::observe::Selection;
use crate::kubernetes::{Client, Error};

/// How many objects are named.
const NAMED: usize = 20;

/// Removes what is left, as far as that is wanted.
pub(super) async fn remove(destroy: &Destroy<'_>, note: &Note) -> Result<(), Failure> {
    remove_of_release(destroy).await?;
    let definitions = definitions(destroy, note).await?;
    let left = objects(destroy, &definitions).await?;
    if destroy.forced {
        for (resource, object) in &left {
            delete_by_force(&destroy.client, resource, object).await?;
        }
        free_templates(destroy).await?;
    } else if let Some(told) = tell(&left, destroy.deletes_crds) {
        if told.severity == tfplugin::diagnostic::Severity::Error {
            return Err(told.into());
        }
        destroy.context.warn(told);
    }
    if destroy.deletes_crds {
        delete_definitions(destroy, &definitions).await?;
    }
    remove_namespace(destroy).await
}

/// What helm leaves: the Job of a hook that did not come to its end, Secrets of revisions that it lost sight of.
async fn remove_of_release(destroy: &Destroy<'_>) -> Result<(), Failure> {
    let failed = Destroy::failed("what helm leaves was removed");
    let namespace = Some(destroy.namespace.as_str());
    let job = format!("{}-addon-removal", destroy.name);
    if destroy.client.get_opt::<Job>(namespace, &job).await.map_err(&failed)?.is_some() {
        destroy.client.delete::<Job>(namespace, &job, None).await.map_err(&failed)?;
    }
    let labels = format!("owner=helm,name={}", destroy.name);
    for secret in destroy.client.list::<Secret>(namespace, Some(&labels)).await.map_err(&failed)? {
        if secret.type_.as_deref() == Some("helm.sh/release.v1") {
            let uid = secret.uid();
            destroy
                .client
                .delete::<Secret>(namespace, &secret.name_any(), uid.as_deref())
                .await
                .map_err(&failed)?;
        }
    }
    Ok(())
}

/// The definitions of KubeBlocks' kinds that are there.
pub(super) async fn definitions(destroy: &Destroy<'_>, note: &Note) -> Result<Vec<DynamicObject>, Failure> {
    let all = match destroy.client.list_objects(&crds::resource(), None, None).await {
        Ok(all) => all,
        Err(Error::Forbidden { .. }) if !destroy.deletes_crds && !destroy.forced => return Ok(Vec::new()),
        Err(error) => return Err(Destroy::failed("definitions of kinds were listed")(error)),
    };
    Ok(all.into_iter().filter(|crd| is_of_kubeblocks(crd, &note.crds)).collect())
}

/// Those that an apply noted; of a release that was imported, those of the groups of KubeBlocks.
fn is_of_kubeblocks(crd: &DynamicObject, noted: &[String]) -> bool {
    if !noted.is_empty() {
        return noted.contains(&crd.name_any());
    }
    is_domain_of_kubeblocks(crd.data["spec"]["group"].as_str().unwrap_or_default())
}

/// All objects of these kinds.
pub(super) async fn objects(
    destroy: &Destroy<'_>,
    definitions: &[DynamicObject],
) -> Result<Vec<(ApiResource, DynamicObject)>, Failure> {
    let mut left = Vec::new();
    for kind in definitions.iter().filter_map(|crd| crds::kind_of(&crd.data["spec"])) {
        match destroy.client.list_objects(&kind, None, None).await {
            Ok(objects) => left.extend(objects.into_iter().map(|object| (kind.clone(), object))),
            Err(error) if error.is_not_served() => {}
            Err(error) => return Err(Destroy::failed("objects of KubeBlocks were listed")(error)),
        }
    }
    Ok(left)
}

/// What is said of objects that are left: a refusal when their definitions are to go, a warning when only the operator
/// could have removed them.
fn tell(left: &[(ApiResource, DynamicObject)], deletes_crds: bool) -> Option<Diagnostic> {
    let concerned = left.iter().filter(|(_, object)| deletes_crds || !object.finalizers().is_empty());
    let mut lines: Vec<String> =
        concerned.map(|(kind, object)| format!("- {}", shown(&kind.kind, object))).collect();
    if lines.is_empty() {
        return None;
    }
    let more = lines.len().saturating_sub(NAMED);
    lines.truncate(NAMED);
    if more > 0 {
        lines.push(format!("- and {more} more"));
    }
    let lines = lines.join("\n");
    Some(if deletes_crds {
        Diagnostic::error(
            "Custom resource definitions are in use",
            format!("`delete_crds` would delete these objects with their definitions:\n{lines}\n\nThe release itself is removed. Delete the objects, or set `force_destroy = true`, or `delete_crds = false`, and run the command again."),
        )
        .at(Path::attribute("delete_crds"))
    } else {
        Diagnostic::warning(
            "Objects of KubeBlocks are left",
            format!(
                "The operator is removed, and these objects have finalizers that only it takes off:\n{lines}\n\nAn operator that is installed again takes them up. To be rid of them without one, take the finalizers off with `kubectl patch`."
            ),
        )
    })
}

/// Deletes an object, and takes off the finalizers that nobody else will.
pub(super) async fn delete_by_force(
    client: &Client,
    resource: &ApiResource,
    object: &DynamicObject,
) -> Result<(), Failure> {
    let (namespace, name) = (object.namespace(), object.name_any());
    let removed = async {
        client.delete_object(resource, namespace.as_deref(), &name, object.uid().as_deref()).await?;
        let free = json!({"metadata": {"finalizers": null}});
        client.merge_object(resource, namespace.as_deref(), &name, &free).await
    };
    removed
        .await
        .map(drop)
        .map_err(|error| failure::of_api(CANNOT_DELETE, "objects of KubeBlocks were removed", &error))
}

/// Templates of configurations, which add-ons bring as `ConfigMaps`: helm has deleted them, and only the operator takes
/// its finalizer off. With it the namespace could not go either.
async fn free_templates(destroy: &Destroy<'_>) -> Result<(), Failure> {
    let failed = Destroy::failed("templates of add-ons were removed");
    let kind = resource_of::<ConfigMap>();
    let namespace = Some(destroy.namespace.as_str());
    for template in destroy.client.list_objects(&kind, namespace, None).await.map_err(&failed)? {
        let (own, others): (Vec<&String>, Vec<&String>) =
            template.finalizers().iter().partition(|finalizer| is_operators(finalizer));
        if template.metadata.deletion_timestamp.is_some() && !own.is_empty() {
            let free = json!({"metadata": {
                "resourceVersion": template.resource_version(), "finalizers": others,
            }});
            destroy
                .client
                .merge_object(&kind, namespace, &template.name_any(), &free)
                .await
                .map_err(&failed)?;
        }
    }
    Ok(())
}

/// Whether it is the operator that takes the finalizer off.
fn is_operators(finalizer: &str) -> bool {
    is_domain_of_kubeblocks(finalizer.split('/').next().unwrap_or_default())
}

fn is_domain_of_kubeblocks(domain: &str) -> bool {
    domain == "kubeblocks.io" || domain.ends_with(".kubeblocks.io")
}

async fn delete_definitions(destroy: &Destroy<'_>, definitions: &[DynamicObject]) -> Result<(), Failure> {
    let resource = crds::resource();
    for crd in definitions {
        destroy
            .client
            .delete_object(&resource, None, &crd.name_any(), crd.uid().as_deref())
            .await
            .map_err(Destroy::failed("definitions of kinds were deleted"))?;
    }
    let names: Vec<String> = definitions.iter().map(ResourceExt::name_any).collect();
    if names.is_empty() {
        return Ok(());
    }
    destroy
        .wait(vec![Selection::of(resource)], "definitions of kinds were deleted", |seen| {
            let left = seen[0].objects().filter(|crd| names.contains(&crd.name_any()));
            Ok(left.map(|crd| shown("CustomResourceDefinition", crd)).collect())
        })
        .await
}

/// A namespace of our own, in which nobody else runs anything.
async fn remove_namespace(destroy: &Destroy<'_>) -> Result<(), Failure> {
    let failed = Destroy::failed("the namespace was removed");
    let (client, name) = (&destroy.client, destroy.namespace.as_str());
    let Some(namespace) = client.get_opt::<Namespace>(None, name).await.map_err(&failed)? else {
        return Ok(());
    };
    if namespace.annotations().get(MADE_BY).map(String::as_str) != Some(OPERATOR) {
        return Ok(());
    }
    let pods = client.list::<Pod>(Some(name), None).await.map_err(&failed)?.len();
    let claims = client.list::<PersistentVolumeClaim>(Some(name), None).await.map_err(&failed)?.len();
    let releases = client.list::<Secret>(Some(name), Some("owner=helm")).await.map_err(&failed)?.len();
    let left = [(pods, "pods"), (claims, "volume claims"), (releases, "Secrets of Helm releases")];
    let left: Vec<String> =
        left.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if !left.is_empty() {
        destroy.context.warn(Diagnostic::warning(
            "The operator's namespace is kept",
            format!(
                "The namespace \"{name}\" was made for the operator, and stays, as there is in it: {}.",
                left.join(", ")
            ),
        ));
        return Ok(());
    }
    client.delete::<Namespace>(None, name, namespace.uid().as_deref()).await.map_err(&failed)?;
    destroy
        .wait(vec![Selection::kind::<Namespace>().named(name)], "the namespace was removed", |seen| {
            let left = seen[0].objects().filter(|object| object.uid() == namespace.uid());
            Ok(left.map(|object| shown("Namespace", object)).collect())
        })
        .await
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tfplugin::diagnostic::Severity;

    use super::*;

    fn object(json: Json) -> DynamicObject {
        serde_json::from_value(json).unwrap()
    }

    fn crd(plural: &str, group: &str) -> DynamicObject {
        object(json!({
            "metadata": {"name": format!("{plural}.{group}")},
            "spec": {
                "group": group, "names": {"kind": "Thing", "plural": plural},
                "versions": [{"name": "v1alpha1", "storage": false}, {"name": "v1beta1", "storage": true}],
            },
        }))
    }

    #[test]
    fn definitions_are_those_that_were_noted_or_those_of_the_groups_of_kubeblocks() {
        let own = crd("clusters", "apps.kubeblocks.io");
        let foreign = crd("clusters", "mykubeblocks.io");
        assert!(is_of_kubeblocks(&own, &[]) && !is_of_kubeblocks(&foreign, &[]));
        assert!(is_of_kubeblocks(&foreign, &["clusters.mykubeblocks.io".to_owned()]));
        assert!(!is_of_kubeblocks(&own, &["clusters.mykubeblocks.io".to_owned()]));
        let kind = crds::kind_of(&own.data["spec"]).unwrap();
        assert_eq!(
            (kind.api_version.as_str(), kind.plural.as_str()),
            ("apps.kubeblocks.io/v1beta1", "clusters")
        );
    }

    #[test]
    fn finalizers_of_the_operator_are_told_by_their_domain() {
        assert!(is_operators("config.kubeblocks.io/finalizer") && is_operators("kubeblocks.io/x"));
        assert!(!is_operators("kubernetes.io/pvc-protection") && !is_operators("mykubeblocks.io/x"));
    }

    #[test]
    fn objects_that_are_left_are_warned_of_when_they_are_stuck_and_refuse_their_definitions_to_go() {
        let kind = crds::kind_of(&crd("addons", "extensions.kubeblocks.io").data["spec"]).unwrap();
        let plain = object(json!({"metadata": {"name": "a"}}));
        let stuck =
            object(json!({"metadata": {"name": "b", "finalizers": ["addon.kubeblocks.io/finalizer"]}}));
        assert!(tell(&[], true).is_none());
        assert!(tell(&[(kind.clone(), plain.clone())], false).is_none());
        let left = [(kind.clone(), plain), (kind, stuck)];
        let warning = tell(&left, false).unwrap();
        assert_eq!(warning.severity, Severity::Warning);
        assert!(warning.detail.contains("Thing b (finalizers: addon") && !warning.detail.contains("Thing a"));
        let refusal = tell(&left, true).unwrap();
        assert_eq!(refusal.severity, Severity::Error);
        assert!(refusal.detail.contains("Thing a") && refusal.detail.contains("force_destroy"));
    }
}
