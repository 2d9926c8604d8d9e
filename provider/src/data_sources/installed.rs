//! What the data sources of installed engines share: how add-ons, definitions and versions belong together, and what
//! is said when KubeBlocks is not there. Pure; the reading is in the data sources.

use kube::ResourceExt as _;
use kubeblocks_schemas::catalogue::Catalogue;
use kubeblocks_schemas::v1alpha1::{ClusterDefinition, ClusterVersion};
use tfplugin::diagnostic::Diagnostics;
use tfplugin::typed::Value;

use crate::kubernetes::Error;
use crate::kubernetes::diagnostic::diagnostic;

/// A list as the schemas have it.
pub(super) type List<T> = Vec<Value<T>>;

/// The operator installs each add-on as a release of this prefix.
const RELEASE_PREFIX: &str = "kb-addon-";

/// Marks the version that is meant when none is named.
const IS_DEFAULT: &str = "kubeblocks.io/is-default-cluster-version";

/// What Helm writes on every object of a release.
const RELEASE_NAME: &str = "meta.helm.sh/release-name";

/// The error of a read. A kind that is not served usually means that the operator is only about to be installed.
pub(super) fn cannot_read(summary: &str, error: &Error) -> Diagnostics {
    let mut found = diagnostic(summary, error);
    if error.is_not_served() {
        found.detail.push_str(
            "\n\nA data source is read while Terraform plans. If this configuration installs the operator itself \
             (`kubeblocks_operator`), make the data source wait for it: `depends_on = [kubeblocks_operator.<name>]`, \
             or `kubernetes = kubeblocks_operator.<name>.kubernetes`. What an add-on brings is there after its \
             `kubeblocks_addon`.",
        );
    }
    found.into()
}

/// Texts as a list, in the order in which they come.
pub(super) fn list<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Value<List<String>> {
    Value::Known(texts.into_iter().map(|text| Value::Known(text.into())).collect())
}

/// Name of the `Addon` object that brought a definition: by its release, else as the catalogue knows it.
pub(super) fn addon_of(definition: &ClusterDefinition) -> Option<String> {
    let release = definition.annotations().get(RELEASE_NAME);
    match release {
        Some(release) => release.strip_prefix(RELEASE_PREFIX).map(str::to_owned),
        None => Catalogue::v0_7().addon_of(&definition.name_any())?.object.map(str::to_owned),
    }
}

/// Whether a version carries the mark of a default.
pub(super) fn is_marked_default(version: &ClusterVersion) -> bool {
    version.annotations().get(IS_DEFAULT).is_some_and(|value| value == "true")
}

/// The versions of a definition, by name.
pub(super) fn versions_of<'a>(definition: &str, versions: &'a [ClusterVersion]) -> Vec<&'a ClusterVersion> {
    let mut own: Vec<&ClusterVersion> =
        versions.iter().filter(|version| version.spec.cluster_definition_ref == definition).collect();
    own.sort_by_key(|version| version.name_any());
    own
}

/// The version that is meant when none is named: the marked one, the first by name of several marked ones, or the
/// only one.
pub(super) fn default_of(versions: &[&ClusterVersion]) -> Option<String> {
    let marked = versions.iter().find(|version| is_marked_default(version));
    let only = if let [only] = versions { Some(only) } else { None };
    marked.or(only).map(|version| version.name_any())
}

#[cfg(test)]
pub(super) mod fixtures {
    use kubeblocks_schemas::v1alpha1::{ClusterDefinition, ClusterVersion};
    use serde_json::{Value, json};

    pub(in crate::data_sources) fn definition(name: &str, release: Option<&str>) -> Value {
        let annotations = release.map(|release| json!({ "meta.helm.sh/release-name": release }));
        json!({
            "apiVersion": "apps.kubeblocks.io/v1alpha1", "kind": "ClusterDefinition",
            "metadata": { "name": name, "annotations": annotations },
            "spec": {
                "type": "store",
                "connectionCredential": { "username": "root", "password": "$(RANDOM_PASSWD)" },
                "componentDefs": [{
                    "name": "main", "workloadType": "Replication", "characterType": "redis",
                    "configSpecs": [{ "name": "settings", "templateRef": "t", "volumeName": "v", "constraintRef": "rules" }],
                    "logConfigs": [{ "name": "running", "filePathPattern": "/log/*" }],
                    "service": { "ports": [{ "name": "redis", "port": 6379 }, { "port": 9 }] },
                    "systemAccounts": {
                        "cmdExecutorConfig": {}, "passwordConfig": {},
                        "accounts": [{ "name": "kbadmin", "provisionPolicy": {} }],
                    },
                    "volumeTypes": [{ "name": "data", "type": "data" }, { "name": "scratch" }],
                    "switchoverSpec": { "withCandidate": {} },
                    "horizontalScalePolicy": { "type": "CloneVolume" },
                    "serviceRefDeclarations": [{ "name": "etcd", "serviceRefDeclarationSpecs": [] }],
                }, { "name": "side", "workloadType": "Stateless" }],
            },
            "status": { "phase": "Available" },
        })
    }

    pub(in crate::data_sources) fn version(name: &str, definition: &str, is_default: Option<&str>) -> Value {
        let annotations =
            is_default.map(|value| json!({ "kubeblocks.io/is-default-cluster-version": value }));
        json!({
            "apiVersion": "apps.kubeblocks.io/v1alpha1", "kind": "ClusterVersion",
            "metadata": { "name": name, "annotations": annotations },
            "spec": {
                "clusterDefinitionRef": definition,
                "componentVersions": [{ "componentDefRef": "main", "versionsContext": {
                    "containers": [{ "name": "redis", "image": "redis:7.0.6" }, { "name": "no-image" }],
                } }],
            },
            "status": { "phase": "Available" },
        })
    }

    pub(in crate::data_sources) fn cluster_definition(
        name: &str,
        release: Option<&str>,
    ) -> ClusterDefinition {
        serde_json::from_value(definition(name, release)).unwrap()
    }

    pub(in crate::data_sources) fn cluster_version(
        name: &str,
        definition: &str,
        is_default: Option<&str>,
    ) -> ClusterVersion {
        serde_json::from_value(version(name, definition, is_default)).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::fixtures::{cluster_definition, cluster_version};
    use super::*;

    #[test]
    fn a_definition_belongs_to_the_release_that_brought_it_else_to_what_the_catalogue_says() {
        for (name, release, addon) in [
            ("redis", Some("kb-addon-redis"), Some("redis")),
            ("redis", Some("kb-addon-my-redis"), Some("my-redis")),
            ("redis", Some("somebody-s-chart"), None),
            ("mongodb-sharding", None, Some("mongodb")),
            ("etcd", None, None),
            ("ours", None, None),
        ] {
            let found = addon_of(&cluster_definition(name, release));
            assert_eq!(found.as_deref(), addon, "{name} {release:?}");
        }
    }

    #[test]
    fn the_default_version_is_marked_or_the_only_one() {
        let none: &[(&str, Option<&str>)] = &[];
        let table = [
            (none, None),
            (&[("b", None)], Some("b")),
            (&[("b", None), ("a", None)], None),
            (&[("b", Some("true")), ("a", Some("false"))], Some("b")),
            (&[("b", Some("true")), ("a", Some("true"))], Some("a")),
        ];
        for (versions, default) in table {
            let objects: Vec<ClusterVersion> =
                versions.iter().map(|(name, mark)| cluster_version(name, "redis", *mark)).collect();
            assert_eq!(default_of(&versions_of("redis", &objects)).as_deref(), default, "{versions:?}");
            assert_eq!(default_of(&versions_of("other", &objects)), None);
        }
    }
}
