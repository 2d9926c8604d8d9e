//! What the releases of the operator's chart consist of, and the kinds that each brings. Pure.
//!
//! The chart in `charts/kubeblocks` is 0.7.5; the others are told by how they differ, so that an upgrade has something to
//! add, to change and to remove.

use serde_json::Value;

use super::Error;

/// Kinds that the provider has no types for.
const OTHER_KINDS: &str = include_str!("../definitions/kinds.yaml");

/// One release of the operator's chart.
pub(super) struct Release {
    pub(super) version: &'static str,
    /// Folder in `charts/releases` whose files come on top.
    pub(super) besides: Option<&'static str>,
    /// Files of the chart that this release does not have.
    pub(super) lacks: &'static [&'static str],
    /// Kinds, in plural, that this release does not have.
    lacks_kinds: &'static [&'static str],
    /// Fields that this release does not have: the kind in plural, and the path to the field from its schema.
    lacks_fields: &'static [(&'static str, &'static str)],
}

/// The releases, oldest first.
pub(super) const RELEASES: [Release; 4] = [
    Release {
        version: "0.7.4",
        besides: Some("0.7.4"),
        lacks: &["storage-providers/gcs-s3comp.yaml"],
        lacks_kinds: &["servicedescriptors"],
        lacks_fields: &[("clusters", "/properties/spec/properties/backup/properties/pitrEnabled")],
    },
    Release { version: "0.7.5", besides: None, lacks: &[], lacks_kinds: &[], lacks_fields: &[] },
    Release { version: "0.8.0", ..LATER },
    Release { version: "0.9.0", ..LATER },
];

const LATER: Release = Release {
    version: "",
    besides: Some("0.8.0"),
    lacks: &["engines/foxlake.yaml"],
    lacks_kinds: &[],
    lacks_fields: &[],
};

/// The definitions of all kinds of 0.7.5.
pub(super) fn kinds() -> Result<Vec<Value>, Error> {
    let own = kubeblocks_schemas::crds().map_err(|source| Error::Kinds { source: Box::new(source) })?;
    let mut kinds = own
        .iter()
        .map(serde_json::to_value)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| Error::Kinds { source: Box::new(source) })?;
    let others: Vec<Value> = serde_saphyr::from_multiple(OTHER_KINDS)
        .map_err(|source| Error::Kinds { source: Box::new(source) })?;
    kinds.extend(others);
    Ok(kinds)
}

/// The definitions of a release, each with the name of its file.
pub(super) fn kinds_of(release: &Release, kinds: &[Value]) -> Vec<(String, Value)> {
    kinds
        .iter()
        .filter(|kind| !release.lacks_kinds.contains(&plural(kind)))
        .map(|kind| {
            let group = kind["spec"]["group"].as_str().unwrap_or_default();
            let name = format!("{group}_{}.yaml", plural(kind));
            let mut reduced = kind.clone();
            for (_, path) in release.lacks_fields.iter().filter(|(of, _)| *of == plural(kind)) {
                remove_field(&mut reduced, path);
            }
            (name, reduced)
        })
        .collect()
}

fn plural(kind: &Value) -> &str {
    kind["spec"]["names"]["plural"].as_str().unwrap_or_default()
}

/// Removes a field from every version's schema.
fn remove_field(kind: &mut Value, path: &str) {
    let Some((parent, field)) = path.rsplit_once('/') else { return };
    for version in kind["spec"]["versions"].as_array_mut().into_iter().flatten() {
        let properties = version["schema"]["openAPIV3Schema"].pointer_mut(parent);
        if let Some(properties) = properties.and_then(Value::as_object_mut) {
            properties.remove(field);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::OPERATOR_VERSIONS;

    fn release(version: &str) -> &'static Release {
        static LIST: [Release; 4] = RELEASES;
        LIST.iter().find(|release| release.version == version).unwrap()
    }

    #[test]
    fn the_releases_are_those_that_are_announced() {
        assert_eq!(RELEASES.map(|release| release.version), OPERATOR_VERSIONS);
    }

    #[test]
    fn an_older_release_lacks_a_kind_and_a_field_and_nothing_else() {
        let kinds = kinds().unwrap();
        let (old, current) = (kinds_of(release("0.7.4"), &kinds), kinds_of(release("0.7.5"), &kinds));
        assert_eq!(current.len(), kinds.len());
        let names = |list: &[(String, Value)]| list.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let missing: Vec<_> =
            names(&current).into_iter().filter(|name| !names(&old).contains(name)).collect();
        assert_eq!(missing, ["apps.kubeblocks.io_servicedescriptors.yaml"]);
        let changed: Vec<_> = current
            .iter()
            .filter(|(name, kind)| old.iter().any(|(same, other)| same == name && other != kind))
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(changed, ["apps.kubeblocks.io_clusters.yaml"]);
    }
}
