//! What stands against removing the operator: data that only it can look after. Pure.

use kube::ResourceExt;
use kube::api::DynamicObject;
use tfplugin::diagnostic::Diagnostic;

/// How many objects are named.
const NAMED: usize = 20;

/// The refusal, when there are databases, backups or backup repositories. `found` are the objects by kind;
/// `namespace` and `name` are those of the release, whose own objects go with it.
pub fn refuse(found: &[(&str, Vec<DynamicObject>)], namespace: &str, name: &str) -> Option<Diagnostic> {
    let mut lines: Vec<String> = found
        .iter()
        .flat_map(|(kind, objects)| {
            let foreign = objects.iter().filter(|object| !belongs_to(*object, namespace, name));
            foreign.map(move |object| line(kind, object))
        })
        .collect();
    if lines.is_empty() {
        return None;
    }
    let more = lines.len().saturating_sub(NAMED);
    lines.truncate(NAMED);
    if more > 0 {
        lines.push(format!("- and {more} more"));
    }
    Some(Diagnostic::error(
        "KubeBlocks is in use",
        format!(
            "Without the operator nobody looks after these, and they could not even be deleted:\n{}\n\nDestroy them first. What this configuration manages is destroyed before the operator when it refers to it, for example by `depends_on = [kubeblocks_operator...]`; the rest goes with `kubectl delete`. `force_destroy` does not change this, as it would lose data. To only forget the operator, use `terraform state rm`.",
            lines.join("\n")
        ),
    ))
}

fn line(kind: &str, object: &DynamicObject) -> String {
    match object.namespace() {
        Some(namespace) => format!("- {kind} {namespace}/{}", object.name_any()),
        None => format!("- {kind} {}", object.name_any()),
    }
}

/// Whether helm made the object for that release.
pub fn belongs_to(object: &impl ResourceExt, namespace: &str, name: &str) -> bool {
    let annotation = |key: &str| object.annotations().get(key).map(String::as_str);
    annotation("meta.helm.sh/release-name") == Some(name)
        && annotation("meta.helm.sh/release-namespace") == Some(namespace)
}

/// The add-ons that are to be removed: those marked to be kept only when they are forced to go.
pub fn removable(addons: Vec<DynamicObject>, force: bool) -> Vec<DynamicObject> {
    let keeps = |addon: &DynamicObject| {
        addon.annotations().get("helm.sh/resource-policy").is_some_and(|policy| policy.trim() == "keep")
    };
    addons.into_iter().filter(|addon| force || !keeps(addon)).collect()
}

/// How an add-on stands on its way to being off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is off, or never was on.
    Off,
    /// It has to be switched off.
    On,
    /// The operator is switching it off.
    Stopping,
    /// The operator could not switch it off, in its words.
    Failed(String),
}

/// How an add-on stands.
pub fn standing(addon: &DynamicObject) -> Standing {
    let phase = addon.data["status"]["phase"].as_str().unwrap_or_default();
    let is_on = addon.data["spec"]["install"]["enabled"].as_bool();
    let generation = addon.metadata.generation.unwrap_or_default();
    let is_seen = addon.data["status"]["observedGeneration"].as_i64().unwrap_or_default() >= generation;
    match (is_on, phase) {
        (Some(true), _) | (None, "Enabled" | "Enabling" | "Failed") => Standing::On,
        (_, "" | "Disabled") => Standing::Off,
        (Some(false), "Failed") if is_seen => Standing::Failed(said(addon)),
        (Some(false) | None, _) => Standing::Stopping,
    }
}

/// Whether the operator would install it as soon as it looks at it.
pub fn is_undecided(addon: &DynamicObject) -> bool {
    let is_automatic = addon.data["spec"]["installable"]["autoInstall"] == true;
    is_automatic && addon.data["spec"]["install"].is_null() && addon.metadata.deletion_timestamp.is_none()
}

fn said(addon: &DynamicObject) -> String {
    let conditions = addon.data["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let failed = conditions.iter().rev().find(|condition| condition["status"] == "False");
    let text =
        |key: &str| failed.and_then(|condition| condition[key].as_str()).unwrap_or_default().to_owned();
    format!("{}: {}", text("reason"), text("message"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn object(json: Json) -> DynamicObject {
        serde_json::from_value(json).unwrap()
    }

    fn cluster(number: usize) -> DynamicObject {
        object(json!({"metadata": {"namespace": "shop", "name": format!("orders-{number}")}}))
    }

    #[test]
    fn data_is_listed_up_to_a_number_and_the_releases_own_objects_do_not_count() {
        assert!(refuse(&[("Cluster", Vec::new())], "kb-system", "kubeblocks").is_none());
        let own = object(json!({"metadata": {"name": "own", "annotations": {
            "meta.helm.sh/release-name": "kubeblocks", "meta.helm.sh/release-namespace": "kb-system",
        }}}));
        let foreign = object(json!({"metadata": {"name": "store"}}));
        assert!(refuse(&[("BackupRepo", vec![own.clone()])], "kb-system", "kubeblocks").is_none());
        let found = [("Cluster", (0..25).map(cluster).collect()), ("BackupRepo", vec![own, foreign.clone()])];
        let text = refuse(&found, "kb-system", "kubeblocks").unwrap().detail;
        assert!(text.contains("- Cluster shop/orders-0\n") && text.contains("- and 6 more\n"), "{text}");
        assert!(!text.contains("own\n"), "{text}");
        let text = refuse(&[("BackupRepo", vec![foreign])], "kb-system", "kubeblocks").unwrap().detail;
        assert!(text.contains("- BackupRepo store\n") && text.contains("`force_destroy` does not"), "{text}");
    }

    #[test]
    fn add_ons_that_are_marked_to_be_kept_go_only_by_force() {
        let kept =
            object(json!({"metadata": {"name": "a", "annotations": {"helm.sh/resource-policy": "keep"}}}));
        let plain = object(json!({"metadata": {"name": "b"}}));
        let names = |force| -> Vec<String> {
            removable(vec![kept.clone(), plain.clone()], force).iter().map(ResourceExt::name_any).collect()
        };
        assert_eq!(names(false), ["b"]);
        assert_eq!(names(true), ["a", "b"]);
    }

    #[test]
    fn every_phase_of_an_add_on_is_on_off_or_on_its_way() {
        let addon = |enabled: Option<bool>, phase: &str, observed: i64| {
            let install = enabled.map_or(json!(null), |enabled| json!({"enabled": enabled}));
            let condition =
                json!({"type": "Succeed", "status": "False", "reason": "JobFailed", "message": "no way"});
            object(json!({
                "metadata": {"name": "redis", "generation": 3},
                "spec": {"install": install},
                "status": {"phase": phase, "observedGeneration": observed, "conditions": [condition]},
            }))
        };
        let table = [
            (Some(true), "Enabled", 3, Standing::On),
            (Some(true), "Disabled", 3, Standing::On),
            (None, "Enabling", 3, Standing::On),
            (None, "Failed", 3, Standing::On),
            (None, "", 0, Standing::Off),
            (Some(false), "", 0, Standing::Off),
            (Some(false), "Disabled", 3, Standing::Off),
            (Some(false), "Enabled", 2, Standing::Stopping),
            (Some(false), "Disabling", 3, Standing::Stopping),
            (Some(false), "Failed", 2, Standing::Stopping),
            (Some(false), "Failed", 3, Standing::Failed("JobFailed: no way".to_owned())),
        ];
        for (enabled, phase, observed, expected) in table {
            assert_eq!(standing(&addon(enabled, phase, observed)), expected, "{enabled:?} {phase}");
        }
    }

    #[test]
    fn the_operator_decides_of_add_ons_that_install_themselves() {
        let addon = |install: Json, automatic: bool| {
            object(json!({"metadata": {"name": "redis"}, "spec": {
                "installable": {"autoInstall": automatic}, "install": install,
            }}))
        };
        assert!(is_undecided(&addon(json!(null), true)));
        assert!(!is_undecided(&addon(json!(null), false)));
        assert!(!is_undecided(&addon(json!({"enabled": false}), true)));
        let mut going = addon(json!(null), true);
        going.metadata.deletion_timestamp = serde_json::from_value(json!("2024-01-01T00:00:00Z")).unwrap();
        assert!(!is_undecided(&going));
    }
}
