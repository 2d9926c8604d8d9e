//! Objects whose owners are gone, and which Kubernetes is still to delete. Its garbage collector takes notice of new kinds
//! twice a minute only, so in a Kubernetes cluster that has just got KubeBlocks it is late; and with the operator gone,
//! nobody would take the finalizers off. So they are deleted while it still runs.

use std::collections::{BTreeMap, BTreeSet};

use kube::ResourceExt;
use kube::api::DynamicObject;
use kube::core::ApiResource;

use super::destroy::{Destroy, shown};
use super::failure::Failure;
use super::leftovers;
use super::note::Note;
use crate::kubernetes::observe::Selection;

/// Deletes them and waits until they are gone. Those with finalizers need an operator that runs.
pub(super) async fn remove(destroy: &Destroy<'_>, note: &Note, is_running: bool) -> Result<(), Failure> {
    let definitions = leftovers::definitions(destroy, note).await?;
    let objects = leftovers::objects(destroy, &definitions).await?;
    let mut kinds: BTreeMap<String, ApiResource> = BTreeMap::new();
    let mut uids = BTreeSet::new();
    for (kind, object) in orphans(&objects) {
        if !is_running && !object.finalizers().is_empty() {
            continue;
        }
        let (namespace, uid) = (object.namespace(), object.uid());
        destroy
            .client
            .delete_object(kind, namespace.as_deref(), &object.name_any(), uid.as_deref())
            .await
            .map_err(Destroy::failed("objects without owners were deleted"))?;
        kinds.insert(format!("{}/{}", kind.api_version, kind.plural), kind.clone());
        uids.extend(uid);
    }
    if kinds.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = kinds.values().map(|kind| kind.kind.clone()).collect();
    let selections = kinds.into_values().map(Selection::of).collect();
    destroy
        .wait(selections, "objects without owners were deleted", |seen| {
            let left = seen.iter().zip(&names).flat_map(|(seen, kind)| {
                seen.objects()
                    .filter(|object| object.metadata.uid.as_ref().is_some_and(|uid| uids.contains(uid)))
                    .map(move |object| shown(kind, object))
            });
            Ok(left.collect())
        })
        .await
}

/// Objects all of whose owners are of KubeBlocks' kinds and no longer there, and what these own in turn.
fn orphans(objects: &[(ApiResource, DynamicObject)]) -> impl Iterator<Item = (&ApiResource, &DynamicObject)> {
    let mut alive: BTreeSet<&str> =
        objects.iter().filter_map(|(_, object)| object.metadata.uid.as_deref()).collect();
    loop {
        let dead: Vec<&str> = objects
            .iter()
            .filter(|(_, object)| has_only_dead_owners(object, &alive))
            .filter_map(|(_, object)| object.metadata.uid.as_deref())
            .filter(|uid| alive.contains(uid))
            .collect();
        if dead.is_empty() {
            break;
        }
        for uid in dead {
            alive.remove(uid);
        }
    }
    objects
        .iter()
        .filter(move |(_, object)| !object.metadata.uid.as_deref().is_some_and(|uid| alive.contains(uid)))
        .map(|(kind, object)| (kind, object))
}

fn has_only_dead_owners(object: &DynamicObject, alive: &BTreeSet<&str>) -> bool {
    let owners = object.owner_references();
    let is_dead = |owner: &k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference| {
        owner.api_version.contains(".kubeblocks.io/") && !alive.contains(owner.uid.as_str())
    };
    !owners.is_empty() && owners.iter().all(is_dead)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(uid: &str, owners: &[(&str, &str)]) -> (ApiResource, DynamicObject) {
        let owners: Vec<_> = owners
            .iter()
            .map(|(api_version, uid)| json!({"apiVersion": api_version, "kind": "Owner", "name": "owner", "uid": uid}))
            .collect();
        let object = json!({"metadata": {"name": uid, "uid": uid, "ownerReferences": owners}});
        let kind = kube::core::GroupVersionKind::gvk("apps.kubeblocks.io", "v1alpha1", "Configuration");
        (ApiResource::from_gvk(&kind), serde_json::from_value(object).unwrap())
    }

    #[test]
    fn only_what_belongs_to_objects_of_kubeblocks_that_are_gone_is_garbage() {
        const OURS: &str = "apps.kubeblocks.io/v1alpha1";
        let objects = [
            object("nobody's", &[]),
            object("of-the-gone", &[(OURS, "gone")]),
            object("of-one-that-is-gone-in-turn", &[(OURS, "of-the-gone")]),
            object("of-somebody", &[(OURS, "nobody's")]),
            object("of-both", &[(OURS, "gone"), (OURS, "nobody's")]),
            object("of-a-deployment", &[("apps/v1", "elsewhere")]),
        ];
        let found: Vec<String> = orphans(&objects).map(|(_, object)| object.name_any()).collect();
        assert_eq!(found, ["of-the-gone", "of-one-that-is-gone-in-turn"]);
    }
}
