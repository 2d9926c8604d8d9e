//! What a change needs that only the Kubernetes cluster can tell: a storage class that can expand, and a way to copy data to
//! new instances. The operator would try for ever and say nothing. Reads from the API, judges in a pure part.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use k8s_openapi::api::storage::v1::StorageClass;
use kube::ResourceExt;
use kubeblocks_schemas::quantity::Quantity;
use kubeblocks_schemas::v1alpha1::cluster_definition::HorizontalScalePolicyType;
use kubeblocks_schemas::v1alpha1::{BackupRepo, ClusterDefinition};
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::path::Path;

use super::plan::kept_components;
use super::schema::{ClusterState, Component, Volume};
use super::{build, names, running};
use crate::kubeblocks::naming::{COMPONENT_LABEL, cluster_selector};
use crate::kubernetes::{Client, Error, readable};
use crate::resources::backup_repo::observe::{is_default, is_ready};

/// Label of a volume claim: the name of the volume.
const VOLUME_LABEL: &str = "apps.kubeblocks.io/vct-name";

/// What was found. What may not be read is absent, and nothing is said of it.
#[derive(Clone, Debug, Default)]
pub struct Found {
    claims: Vec<PersistentVolumeClaim>,
    classes: Option<Vec<StorageClass>>,
    definition: Option<ClusterDefinition>,
    /// Whether data can be copied: by a snapshot of volumes, or through a repository.
    can_clone: Option<bool>,
}

/// Whether a change needs something that only the Kubernetes cluster can tell.
pub fn is_needed(prior: &ClusterState, planned: &ClusterState) -> bool {
    !grown(prior, planned).is_empty() || !widened(prior, planned).is_empty()
}

/// Looks for what the change from `prior` to `planned` needs.
pub async fn find(client: &Client, prior: &ClusterState, planned: &ClusterState) -> Result<Found, Error> {
    let mut found = Found::default();
    let (namespace, cluster) = names(planned);
    if !grown(prior, planned).is_empty() {
        let claims = legible(client.list(Some(&namespace), Some(&cluster_selector(&cluster))).await)?;
        found.claims = claims.unwrap_or_default();
        found.classes = legible(client.list(None, None).await)?;
    }
    let (widened, definition) = (widened(prior, planned), planned.definition.known());
    if let (false, Some(definition)) = (widened.is_empty(), definition) {
        found.definition = legible(client.get_opt(None, definition).await)?.flatten();
        let clones = |component: &&String| {
            planned_definition(planned, component).is_some_and(|wanted| found.clones(&wanted))
        };
        if widened.iter().any(clones) {
            found.can_clone = can_clone(client).await?;
        }
    }
    Ok(found)
}

/// What may be read and can be: definitions of other lines of KubeBlocks may not be understood.
pub(super) fn legible<T>(found: Result<T, Error>) -> Result<Option<T>, Error> {
    match found {
        Err(Error::Decode { .. }) => Ok(None),
        found => readable(found),
    }
}

async fn can_clone(client: &Client) -> Result<Option<bool>, Error> {
    let snapshots = client.served_kind("snapshot.storage.k8s.io/v1", "VolumeSnapshotClass").await?;
    if let Some(kind) = snapshots {
        match legible(client.list_objects(&kind.resource, None, None).await)? {
            None => return Ok(None),
            Some(classes) if !classes.is_empty() => return Ok(Some(true)),
            Some(_) => {}
        }
    }
    let repos: Option<Vec<BackupRepo>> = legible(client.list(None, None).await)?;
    Ok(repos.map(|repos| repos.iter().any(|repo| is_default(repo) && is_ready(repo))))
}

impl Found {
    fn clones(&self, component: &str) -> bool {
        let definitions = self.definition.iter().flat_map(|definition| &definition.spec.component_defs);
        let mut named = definitions.filter(|known| known.name == component);
        let policy = named.next().and_then(|known| known.horizontal_scale_policy.as_ref());
        let kind = policy.and_then(|policy| policy.r#type.as_ref());
        matches!(kind, Some(HorizontalScalePolicyType::CloneVolume | HorizontalScalePolicyType::Snapshot))
    }
}

/// What stands against the change.
pub fn judge(prior: &ClusterState, planned: &ClusterState, found: &Found) -> Diagnostics {
    let mut findings = Diagnostics::new();
    for (component, volume) in grown(prior, planned) {
        if let Some(class) = cannot_expand(found, component, volume) {
            let detail = format!(
                "The volumes \"{volume}\" of the component \"{component}\" are of the storage class \"{class}\", which does not allow volumes to grow (`allowVolumeExpansion`). KubeBlocks would wait for ever.\n\nAllow it on the storage class, if its driver can: `kubectl patch storageclass {class} -p '{{\"allowVolumeExpansion\":true}}'`. Else restore a backup into a new database with larger volumes."
            );
            let path = at(component).then_attribute("volumes").then_key(volume).then_attribute("size");
            findings.push(Diagnostic::error("Volume cannot grow", detail).at(path));
        }
    }
    for component in widened(prior, planned) {
        let clones = planned_definition(planned, component).is_some_and(|wanted| found.clones(&wanted));
        if clones && found.can_clone == Some(false) {
            let detail = format!(
                "New instances of the component \"{component}\" get a copy of the data, through a snapshot of volumes or a backup. There is neither a VolumeSnapshotClass nor a default BackupRepo that is ready, so KubeBlocks would wait for ever.\n\nMake a `kubeblocks_backup_repo` with `is_default = true`, or a VolumeSnapshotClass for the driver of the volumes."
            );
            let path = at(component).then_attribute("replicas");
            findings.push(Diagnostic::error("Data cannot be copied to new instances", detail).at(path));
        }
    }
    findings
}

fn at(component: &str) -> Path {
    Path::attribute("components").then_key(component)
}

fn planned_definition(planned: &ClusterState, component: &str) -> Option<String> {
    let (name, component) = build::known_entries(&planned.components).find(|(name, _)| *name == component)?;
    (!component.definition.is_unknown()).then(|| build::definition(name, component).to_owned())
}

/// The storage class of the volumes, when it is there and does not let them grow.
fn cannot_expand(found: &Found, component: &str, volume: &str) -> Option<String> {
    let is = |claim: &&PersistentVolumeClaim, label: &str, value: &str| {
        claim.labels().get(label).is_some_and(|found| found == value)
    };
    let claims = found
        .claims
        .iter()
        .filter(|claim| is(claim, COMPONENT_LABEL, component) && is(claim, VOLUME_LABEL, volume));
    let used: BTreeSet<&String> =
        claims.filter_map(|claim| claim.spec.as_ref()?.storage_class_name.as_ref()).collect();
    let mut classes = found.classes.iter().flatten();
    let rigid = classes
        .find(|class| used.contains(&class.name_any()) && class.allow_volume_expansion != Some(true))?;
    Some(rigid.name_any())
}

/// Volumes that are to grow.
fn grown<'a>(prior: &'a ClusterState, planned: &'a ClusterState) -> Vec<(&'a String, &'a String)> {
    let size = |volume: &Volume| volume.size.known()?.parse::<Quantity>().ok();
    kept_components(prior, planned)
        .flat_map(|(component, before, after)| {
            build::known_entries(&after.volumes).filter_map(move |(name, after)| {
                let (_, before) = build::known_entries(&before.volumes).find(|(known, _)| *known == name)?;
                (size(after)? > size(before)?).then_some((component, name))
            })
        })
        .collect()
}

/// Components of a running database that get more instances.
fn widened<'a>(prior: &'a ClusterState, planned: &'a ClusterState) -> Vec<&'a String> {
    if running::is_stopped(prior) || running::is_stopped(planned) {
        return Vec::new();
    }
    kept_components(prior, planned)
        .filter(|(_, before, after)| {
            let replicas = |component: &Component| component.replicas.known().copied();
            matches!((replicas(before), replicas(after)), (Some(from), Some(to)) if 0 < from && from < to)
        })
        .map(|(name, ..)| name)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tfplugin::typed::Value;

    use super::*;
    use crate::resources::cluster::test_support::{component_mut, redis, text, volume_mut};

    fn paths(prior: &ClusterState, planned: &ClusterState, found: &Found) -> Vec<String> {
        let findings = judge(prior, planned, found);
        findings.iter().map(|found| found.path.as_ref().unwrap().to_string()).collect()
    }

    fn with_class(expands: Option<bool>) -> Found {
        let claim = |component: &str, class: &str| {
            let labels = json!({COMPONENT_LABEL: component, VOLUME_LABEL: "data"});
            serde_json::from_value(
                json!({"metadata": {"labels": labels}, "spec": {"storageClassName": class}}),
            )
            .unwrap()
        };
        let class = |name: &str, expands: Option<bool>| {
            let object =
                json!({"metadata": {"name": name}, "provisioner": "p", "allowVolumeExpansion": expands});
            serde_json::from_value(object).unwrap()
        };
        Found {
            claims: vec![claim("redis", "disk"), claim("other", "rigid")],
            classes: Some(vec![class("disk", expands), class("rigid", None)]),
            ..Found::default()
        }
    }

    #[test]
    fn a_volume_grows_only_where_its_class_lets_it() {
        let mut planned = redis();
        volume_mut(&mut planned, "redis", "data").size = text("30Gi");
        let path = r#"components["redis"].volumes["data"].size"#.to_owned();
        for (expands, expected) in
            [(Some(true), vec![]), (Some(false), vec![path.clone()]), (None, vec![path])]
        {
            assert_eq!(paths(&redis(), &planned, &with_class(expands)), expected, "{expands:?}");
        }
        let hidden = Found { classes: None, ..with_class(None) };
        assert!(paths(&redis(), &planned, &hidden).is_empty());
        assert!(paths(&redis(), &redis(), &with_class(None)).is_empty(), "nothing grows");
    }

    #[test]
    fn new_instances_need_a_way_to_their_data_where_the_engine_copies_it() {
        let found = |policy: &str, can_clone: Option<bool>| {
            let definition = json!({"metadata": {"name": "redis"}, "spec": {"componentDefs": [
                {"name": "redis", "workloadType": "Replication", "horizontalScalePolicy": {"type": policy}}
            ]}});
            Found {
                definition: Some(serde_json::from_value(definition).unwrap()),
                can_clone,
                ..Found::default()
            }
        };
        let to = |replicas: i64| {
            let mut planned = redis();
            component_mut(&mut planned, "redis").replicas = Value::Known(replicas);
            planned
        };
        let path = vec![r#"components["redis"].replicas"#.to_owned()];
        assert_eq!(paths(&redis(), &to(3), &found("CloneVolume", Some(false))), path);
        for (planned, found) in [
            (to(3), found("CloneVolume", Some(true))),
            (to(3), found("CloneVolume", None)),
            (to(3), found("None", Some(false))),
            (to(1), found("CloneVolume", Some(false))),
        ] {
            assert!(paths(&redis(), &planned, &found).is_empty());
        }
        let stopped = ClusterState { running: Value::Known(false), ..redis() };
        assert!(paths(&stopped, &to(3), &found("CloneVolume", Some(false))).is_empty());
    }
}
