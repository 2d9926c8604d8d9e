//! Whether volumes and snapshots work as databases need them. Pure.

use k8s_openapi::api::storage::v1::StorageClass;

use super::facts::Facts;
use super::report::Check;

/// Marks the class of claims that name none; the second is its old name.
const IS_DEFAULT: [&str; 2] =
    ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];

/// The checks of this file.
pub(super) fn judge(facts: &Facts) -> Vec<Check> {
    let mut checks = match &facts.storage_classes {
        Ok(classes) => default_class(classes),
        Err(unread) => ["default-storage-class", "volume-expansion", "volume-binding"]
            .map(|name| unread.check(name))
            .into(),
    };
    checks.push(match &facts.snapshot_classes {
        Ok(classes) => snapshots(classes.as_deref()),
        Err(unread) => unread.check("volume-snapshots"),
    });
    checks
}

fn is_default(class: &StorageClass) -> bool {
    let annotations = class.metadata.annotations.as_ref();
    let mut marks = IS_DEFAULT.iter().filter_map(|name| annotations?.get(*name));
    marks.any(|value| value == "true")
}

fn name(class: &StorageClass) -> &str {
    class.metadata.name.as_deref().unwrap_or_default()
}

fn default_class(classes: &[StorageClass]) -> Vec<Check> {
    let mut defaults: Vec<&StorageClass> = classes.iter().filter(|class| is_default(class)).collect();
    // Of several defaults Kubernetes takes the newest; of equal ones the first by name.
    defaults.sort_by(|left, right| {
        let created = |class: &StorageClass| class.metadata.creation_timestamp.clone();
        created(right).cmp(&created(left)).then_with(|| name(left).cmp(name(right)))
    });
    let Some(default) = defaults.first() else {
        let known: Vec<&str> = classes.iter().map(name).collect();
        let found = match known.as_slice() {
            [] => "there is no StorageClass at all".to_owned(),
            known => format!("none of the StorageClasses is the default: {}", known.join(", ")),
        };
        let advice = "Set `storage_class` of every volume, or mark a StorageClass as default with the annotation storageclass.kubernetes.io/is-default-class=true. On EKS, GKE and ACK the operator makes kb-default-sc for databases.";
        return vec![
            Check::warn("default-storage-class", found, advice),
            Check::skip("volume-expansion", "there is no default StorageClass"),
            Check::skip("volume-binding", "there is no default StorageClass"),
        ];
    };
    let (class, others) = (name(default), defaults.len() - 1);
    let described = format!("{class} ({})", default.provisioner);
    vec![
        if others == 0 {
            Check::pass("default-storage-class", described)
        } else {
            let all: Vec<&str> = defaults.iter().map(|class| name(class)).collect();
            Check::warn(
                "default-storage-class",
                format!("{} StorageClasses are the default: {}", all.len(), all.join(", ")),
                format!("Kubernetes takes the newest, {class}. Take the mark off the others."),
            )
        },
        if default.allow_volume_expansion == Some(true) {
            Check::pass("volume-expansion", format!("volumes of {class} can grow"))
        } else {
            Check::warn(
                "volume-expansion",
                format!("volumes of {class} cannot grow"),
                "`size` of a volume can never be raised. Set allowVolumeExpansion of the StorageClass if its driver can do it, or name another one in `storage_class`.",
            )
        },
        if default.volume_binding_mode.as_deref() == Some("WaitForFirstConsumer") {
            Check::pass("volume-binding", format!("{class} waits for the pod"))
        } else {
            Check::warn(
                "volume-binding",
                format!("{class} makes volumes before it is known where the pod will run"),
                "In a Kubernetes cluster of several zones a pod may then find its volume in another zone. Use a StorageClass with volumeBindingMode WaitForFirstConsumer.",
            )
        },
    ]
}

fn snapshots(classes: Option<&[String]>) -> Check {
    const NAME: &str = "volume-snapshots";
    let without = "Backups by `volume-snapshot` and new instances that start from a copy of the data need them; other backup methods work.";
    match classes {
        None => Check::warn(
            NAME,
            "snapshot.storage.k8s.io/v1 is not served",
            format!(
                "{without} Install the snapshot controller, for example with the add-on snapshot-controller."
            ),
        ),
        Some([]) => Check::warn(
            NAME,
            "there is no VolumeSnapshotClass",
            format!("{without} Make one for the CSI driver of the volumes."),
        ),
        Some(classes) => Check::pass(NAME, classes.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::facts::fixtures::object;
    use super::super::report::Outcome;
    use super::*;

    fn class(name: &str, default: &str, grows: bool, binding: &str, created: &str) -> StorageClass {
        object(json!({
            "metadata": {
                "name": name, "creationTimestamp": created,
                "annotations": { "storageclass.kubernetes.io/is-default-class": default },
            },
            "provisioner": "ebs.csi.aws.com", "allowVolumeExpansion": grows, "volumeBindingMode": binding,
        }))
    }

    fn results(checks: &[Check]) -> Vec<Outcome> {
        checks.iter().map(|check| check.result).collect()
    }

    #[test]
    fn the_default_class_is_judged_by_growth_and_binding() {
        use Outcome::{Pass, Skip, Warn};
        const OLD: &str = "2025-01-01T00:00:00Z";
        const NEW: &str = "2026-01-01T00:00:00Z";
        let late = "WaitForFirstConsumer";
        let table = [
            (
                vec![class("gp3", "true", true, late, OLD), class("gp2", "false", false, late, OLD)],
                [Pass, Pass, Pass],
            ),
            (vec![class("gp3", "true", false, "Immediate", OLD)], [Pass, Warn, Warn]),
            (vec![class("gp3", "false", true, late, OLD)], [Warn, Skip, Skip]),
            (vec![], [Warn, Skip, Skip]),
            // The newer one is judged.
            (
                vec![class("old", "true", false, late, OLD), class("new", "true", true, late, NEW)],
                [Warn, Pass, Pass],
            ),
        ];
        for (classes, expected) in table {
            let checks = default_class(&classes);
            assert_eq!(results(&checks), expected, "{checks:?}");
        }
        let old_name: StorageClass = object(json!({
            "metadata": { "annotations": { "storageclass.beta.kubernetes.io/is-default-class": "true" } },
            "provisioner": "x",
        }));
        assert!(is_default(&old_name));
    }

    #[test]
    fn snapshots_need_the_kind_and_a_class() {
        let classes = ["csi".to_owned()];
        for (found, expected) in [
            (None, Outcome::Warn),
            (Some([].as_slice()), Outcome::Warn),
            (Some(classes.as_slice()), Outcome::Pass),
        ] {
            assert_eq!(snapshots(found).result, expected, "{found:?}");
        }
    }
}
