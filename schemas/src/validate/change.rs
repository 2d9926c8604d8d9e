//! Checks of a change in place: what KubeBlocks would ignore in silence or would do at the price of the data.

use std::collections::{BTreeMap, BTreeSet};

use super::{ClusterInput, ComponentInput, Field, Path, Problem, ProblemKind, Problems, VolumeInput};
use crate::quantity::Quantity;

/// A volume before and after a change.
#[derive(Clone, Copy, Debug)]
pub struct VolumeChange<'a> {
    /// As it is.
    pub from: &'a VolumeInput,
    /// As it shall be.
    pub to: &'a VolumeInput,
}

/// Every problem of a change in place of a cluster. Do not ask when the cluster is replaced.
pub fn check_change(from: &ClusterInput, to: &ClusterInput) -> Vec<Problem> {
    let mut problems = Problems::default();
    let path = Path::default().attribute("components");
    let (Field::Known(before), Field::Known(after)) = (&from.components, &to.components) else {
        return problems.0;
    };
    for (name, old) in before {
        let path = path.key(name);
        match after.get(name) {
            Some(new) => check_component(&mut problems, &path, name, old, new),
            None => problems.error(
                &path,
                ProblemKind::ComponentChanges,
                format!("component {name:?} would be removed, but KubeBlocks leaves its instances and volumes running"),
                "keep it with 0 replicas, or replace the cluster",
            ),
        }
    }
    problems.0
}

fn check_component(
    problems: &mut Problems,
    path: &Path,
    name: &str,
    old: &ComponentInput,
    new: &ComponentInput,
) {
    let definition = |component: &ComponentInput| match &component.definition {
        Field::Known(definition) => Some(definition.clone()),
        Field::Absent => Some(name.to_owned()),
        Field::Unknown => None,
    };
    if let (Some(was), Some(wanted)) = (definition(old), definition(new))
        && was != wanted
    {
        problems.error(
            &path.attribute("definition"),
            ProblemKind::ComponentChanges,
            format!("the definition of component {name:?} cannot change from {was:?} to {wanted:?}"),
            format!("go back to {was:?}, or add a component of another name"),
        );
    }
    check_volumes(problems, &path.attribute("volumes"), &old.volumes, &new.volumes);
}

fn check_volumes(
    problems: &mut Problems,
    path: &Path,
    before: &BTreeMap<String, VolumeInput>,
    after: &BTreeMap<String, VolumeInput>,
) {
    for (name, from) in before {
        let path = path.key(name);
        match after.get(name) {
            Some(to) => problems.0.extend(check_volume(&path, VolumeChange { from, to })),
            None => refuse_change(problems, &path, &format!("volume {name:?} would be removed")),
        }
    }
    for name in after.keys().filter(|name| !before.contains_key(*name)) {
        refuse_change(problems, &path.key(name), &format!("volume {name:?} would be added"));
    }
}

fn refuse_change(problems: &mut Problems, path: &Path, what: &str) {
    problems.error(
        path,
        ProblemKind::VolumeChanges,
        format!("{what}, which KubeBlocks ignores on a running component"),
        "undo the change, or move the data to a new cluster",
    );
}

/// Every problem of a change of one volume; the paths begin at the volume.
pub fn check_volume_change(change: VolumeChange<'_>) -> Vec<Problem> {
    check_volume(&Path::default(), change)
}

fn check_volume(path: &Path, VolumeChange { from, to }: VolumeChange<'_>) -> Vec<Problem> {
    let mut problems = Problems::default();
    let size = |volume: &VolumeInput| volume.size.known().and_then(|text| text.parse::<Quantity>().ok());
    if let (Some(was), Some(wanted)) = (size(from), size(to))
        && wanted < was
    {
        problems.error(
            &path.attribute("size"),
            ProblemKind::VolumeShrinks,
            format!("the volume would shrink from {was} to {wanted}, and volumes can only grow"),
            format!("use {was} or more, or move the data to a new cluster"),
        );
    }
    if differs(&from.storage_class, &to.storage_class) {
        let what = "the storage class would change";
        refuse_change(&mut problems, &path.attribute("storage_class"), what);
    }
    // Left out means `ReadWriteOnce`.
    let modes = |volume: &VolumeInput| match &volume.access_modes {
        Field::Absent => Field::Known(BTreeSet::from(["ReadWriteOnce".to_owned()])),
        other => other.clone(),
    };
    if differs(&modes(from), &modes(to)) {
        let what = "the access modes would change";
        refuse_change(&mut problems, &path.attribute("access_modes"), what);
    }
    problems.0
}

/// Whether two values are known to differ; an absent one is a value of its own.
fn differs<T: PartialEq>(from: &Field<T>, to: &Field<T>) -> bool {
    !from.is_unknown() && !to.is_unknown() && from != to
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::fixture::{Change, component, main, redis, short};
    use super::super::{Field, VolumeInput};
    use super::{VolumeChange, check_change, check_volume_change};

    fn volume(size: &str) -> VolumeInput {
        VolumeInput { size: size.into(), ..VolumeInput::default() }
    }

    #[test]
    fn volumes_only_grow() {
        for (from, to, found) in [
            ("20Gi", "20Gi", None),
            ("20Gi", "21Gi", None),
            ("1Gi", "1024Mi", None),
            ("1Gi", "1G", Some("Error VolumeShrinks size")),
            ("20Gi", "10Gi", Some("Error VolumeShrinks size")),
            ("20Gi", "nonsense", None),
        ] {
            let problems = check_volume_change(VolumeChange { from: &volume(from), to: &volume(to) });
            assert_eq!(short(&problems), found.into_iter().collect::<Vec<_>>(), "{from} to {to}");
        }
    }

    #[test]
    fn class_and_access_modes_of_a_volume_stay() {
        let class = |class: Field<String>| VolumeInput { storage_class: class, ..volume("1Gi") };
        let modes = |mode: &str| VolumeInput {
            access_modes: Field::Known(BTreeSet::from([mode.to_owned()])),
            ..volume("1Gi")
        };
        for (from, to, found) in [
            (class("gp2".into()), class("gp2".into()), None),
            (class("gp2".into()), class("gp3".into()), Some("Error VolumeChanges storage_class")),
            (class("gp2".into()), class(Field::Absent), Some("Error VolumeChanges storage_class")),
            (class("gp2".into()), class(Field::Unknown), None),
            (volume("1Gi"), modes("ReadWriteOnce"), None),
            (volume("1Gi"), modes("ReadWriteMany"), Some("Error VolumeChanges access_modes")),
        ] {
            let problems = check_volume_change(VolumeChange { from: &from, to: &to });
            assert_eq!(short(&problems), found.into_iter().collect::<Vec<_>>(), "{from:?} to {to:?}");
        }
    }

    #[test]
    fn components_stay_what_they_are() {
        let cases: [(Change, &[&str]); 7] = [
            (|_| {}, &[]),
            (|c| c.components = Field::Unknown, &[]),
            (
                |c| {
                    if let Field::Known(components) = &mut c.components {
                        components.clear();
                        components.insert("other".into(), component("redis", "data"));
                    }
                },
                &["Error ComponentChanges components[\"main\"]"],
            ),
            (
                |c| main(c).definition = "redis-sentinel".into(),
                &["Error ComponentChanges components[\"main\"].definition"],
            ),
            (
                |c| main(c).definition = Field::Absent,
                &["Error ComponentChanges components[\"main\"].definition"],
            ),
            (
                |c| {
                    main(c).volumes.clear();
                    main(c).volumes.insert("log".into(), volume("1Gi"));
                },
                &[
                    "Error VolumeChanges components[\"main\"].volumes[\"data\"]",
                    "Error VolumeChanges components[\"main\"].volumes[\"log\"]",
                ],
            ),
            (
                |c| {
                    main(c).volumes.insert("data".into(), volume("1Gi"));
                },
                &["Error VolumeShrinks components[\"main\"].volumes[\"data\"].size"],
            ),
        ];
        for (change, found) in cases {
            let mut to = redis();
            change(&mut to);
            assert_eq!(short(&check_change(&redis(), &to)), found);
        }
    }

    #[test]
    fn adding_a_component_is_fine() {
        let mut to = redis();
        if let Field::Known(components) = &mut to.components {
            components.insert("sentinel".into(), component("redis-sentinel", "data"));
        }
        assert!(check_change(&redis(), &to).is_empty());
    }
}
