//! What is known of KubeBlocks' kinds without asking a server: where they live, and when they are ready. Pure data.

use serde_json::Value as Json;

/// What is known of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownKind {
    /// Its name.
    pub kind: &'static str,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// The phase in which an object does its work.
    pub ready: Option<&'static str>,
    /// Phases from which it does not come back by itself.
    pub lost: &'static [&'static str],
}

const fn kind(
    kind: &'static str,
    namespaced: bool,
    ready: Option<&'static str>,
    lost: &'static [&'static str],
) -> KnownKind {
    KnownKind { kind, namespaced, ready, lost }
}

const AVAILABLE: Option<&str> = Some("Available");

/// The kinds of KubeBlocks 0.7, and those of later versions that authors of add-ons write.
const KINDS: [KnownKind; 24] = [
    kind("ActionSet", false, AVAILABLE, &[]),
    kind("Addon", false, Some("Enabled"), &["Failed"]),
    kind("Backup", true, Some("Completed"), &["Failed"]),
    kind("BackupPolicy", true, AVAILABLE, &[]),
    kind("BackupPolicyTemplate", false, None, &[]),
    kind("BackupRepo", false, Some("Ready"), &[]),
    kind("BackupSchedule", true, AVAILABLE, &[]),
    kind("Cluster", true, Some("Running"), &[]),
    kind("ClusterDefinition", false, AVAILABLE, &[]),
    kind("ClusterVersion", false, AVAILABLE, &[]),
    kind("ComponentClassDefinition", false, None, &[]),
    kind("ComponentDefinition", false, AVAILABLE, &[]),
    kind("ComponentResourceConstraint", false, None, &[]),
    kind("ComponentVersion", false, AVAILABLE, &[]),
    kind("ConfigConstraint", false, AVAILABLE, &[]),
    kind("Configuration", true, None, &[]),
    kind("InstanceSet", true, None, &[]),
    kind("OpsDefinition", false, AVAILABLE, &[]),
    kind("OpsRequest", true, Some("Succeed"), &["Failed", "Cancelled", "Aborted"]),
    kind("ReplicatedStateMachine", true, None, &[]),
    kind("Restore", true, Some("Completed"), &["Failed"]),
    kind("ServiceDescriptor", true, AVAILABLE, &[]),
    kind("ShardingDefinition", false, AVAILABLE, &[]),
    kind("StorageProvider", false, Some("Ready"), &[]),
];

/// What is known of the kind with this name.
pub fn known(kind: &str) -> Option<&'static KnownKind> {
    KINDS.iter().find(|known| known.kind == kind)
}

/// Whether a group is one of `KubeBlocks`.
pub fn is_kubeblocks_group(group: &str) -> bool {
    group == "kubeblocks.io" || group.ends_with(".kubeblocks.io")
}

/// Checks an `apiVersion` of `KubeBlocks`.
// The derive hands the validators what an attribute holds.
#[allow(clippy::ptr_arg)]
pub fn is_kubeblocks_api(api_version: &String) -> Result<(), String> {
    if is_kubeblocks_group(group_of(api_version)) && !api_version.ends_with('/') {
        return Ok(());
    }
    Err(format!(
        "{api_version:?} is no group and version of KubeBlocks. Write one such as \"apps.kubeblocks.io/v1alpha1\"."
    ))
}

/// The group of an `apiVersion`; empty for the core group.
pub fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// The phase that an object with this content is expected to come to.
pub fn expected_phase(kind: &str, body: &Json) -> Option<&'static str> {
    let ready = known(kind)?.ready?;
    let is_wanted = match kind {
        "Addon" => body["spec"]["install"]["enabled"] == Json::Bool(true),
        // A request for one volume is worked off by the volume's own machinery and stays in another phase.
        "Restore" => body["spec"]["prepareDataConfig"]["dataSourceRef"].is_null(),
        _ => true,
    };
    is_wanted.then_some(ready)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use serde_json::json;

    use super::*;

    #[test]
    fn an_addon_is_waited_for_only_when_it_is_to_be_installed() {
        for (kind, body, expected) in [
            ("Addon", json!({"spec": {"install": {"enabled": true}}}), Some("Enabled")),
            ("Addon", json!({"spec": {"install": {"enabled": false}}}), None),
            ("Addon", json!({"spec": {}}), None),
            ("ClusterDefinition", json!({}), Some("Available")),
            ("BackupPolicyTemplate", json!({}), None),
            ("Unheard", json!({}), None),
        ] {
            assert_eq!(expected_phase(kind, &body), expected, "{kind} {body}");
        }
    }

    #[test]
    fn groups_of_kubeblocks_end_in_its_name() {
        for (api_version, expected) in [
            ("apps.kubeblocks.io/v1alpha1", true),
            ("parameters.kubeblocks.io/v1", true),
            ("notkubeblocks.io/v1", false),
            ("apps/v1", false),
            ("v1", false),
        ] {
            assert_eq!(is_kubeblocks_group(group_of(api_version)), expected, "{api_version}");
        }
    }

    #[test]
    fn what_is_known_of_the_kinds_is_what_the_real_definitions_say() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../shared/reference/kubeblocks-0.7.5/crds");
        let Ok(files) = std::fs::read_dir(&folder) else {
            let _ = writeln!(std::io::stderr(), "skipped: the real definitions are not at hand");
            return;
        };
        let mut seen = 0;
        for file in files {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let definition: Json = serde_saphyr::from_str(&text).unwrap();
            let spec = &definition["spec"];
            let name = spec["names"]["kind"].as_str().unwrap();
            let found = known(name).unwrap_or_else(|| panic!("{name} is not known"));
            assert_eq!(found.namespaced, spec["scope"] == "Namespaced", "{name}");
            let status =
                &spec["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"];
            if let (Some(phases), Some(ready)) = (status["phase"]["enum"].as_array(), found.ready) {
                assert!(phases.contains(&json!(ready)), "{name} has no phase {ready}");
            }
            assert!(found.ready.is_none() || status["phase"].is_object(), "{name} has no phase");
            seen += 1;
        }
        assert!(seen > 15, "only {seen} definitions were found");
    }
}
