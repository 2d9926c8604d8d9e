//! What an add-on has brought: the `ClusterDefinition`s and `ClusterVersion`s of its release, whether they can be used,
//! and which databases use them. Reads; the judgements are pure.

use std::collections::BTreeSet;

use kube::ResourceExt;
use kube::api::DynamicObject;
use kubeblocks_schemas::v1alpha1::{AvailabilityPhase, Cluster, ClusterDefinition, ClusterVersion};
use serde_json::Value as Json;
use tfplugin::typed::Value;

use super::facts::release_name;
use super::readiness::ReleaseFacts;
use super::schema::Names;
use crate::helm::manifest::{self, Manifest};
use crate::helm::release;
use crate::kubernetes::{Client, Error as ApiError};

/// Label of a Cluster with the name of its definition.
const DEFINITION_LABEL: &str = "clusterdefinition.kubeblocks.io/name";
/// Label with the release that an object belongs to, as charts set it by convention.
pub const INSTANCE_LABEL: &str = "app.kubernetes.io/instance";
/// How many databases are named.
const NAMED: usize = 20;

/// What could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The API server did not hand the objects out.
    #[error("failed to read what the add-on has installed")]
    Api {
        /// What the server said.
        source: ApiError,
    },
    /// The release of the add-on.
    #[error("failed to read the release of the add-on")]
    Release {
        /// What is wrong with it.
        source: release::Error,
    },
    /// What the release holds.
    #[error("failed to read what the release of the add-on holds")]
    Manifest {
        /// What is wrong with it.
        source: manifest::Error,
    },
}

/// What an add-on has brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Brought {
    /// Names of the definitions.
    pub definitions: BTreeSet<String>,
    /// Names of the versions.
    pub versions: BTreeSet<String>,
    /// The values that its release was given; absent without a release, or when it must not be read.
    pub values: Option<Json>,
    /// How the release fares.
    pub release: ReleaseFacts,
}

impl Brought {
    /// Adds what was found at another look.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.definitions.extend(other.definitions);
        self.versions.extend(other.versions);
        self
    }

    /// The names of the definitions, for state.
    pub fn definition_names(&self) -> Value<Names> {
        names(&self.definitions)
    }

    /// The names of the versions, for state.
    pub fn version_names(&self) -> Value<Names> {
        names(&self.versions)
    }
}

fn names(names: &BTreeSet<String>) -> Value<Names> {
    Value::Known(names.iter().cloned().map(Value::Known).collect())
}

/// Reads what the add-on has brought: from its release, and by label, as neither need be allowed or complete.
pub async fn brought(client: &Client, namespace: &str, addon: &str) -> Result<Brought, Error> {
    let name = release_name(addon);
    let mut brought = Brought::default();
    match release::history(client, namespace, &name).await {
        Ok(history) => {
            let deployed = history.iter().find(|release| release.status == release::Status::Deployed);
            if let Some(last) = history.first() {
                brought.release.exists = true;
                brought.release.is_pending =
                    last.status.is_pending() || last.status == release::Status::Uninstalling;
                brought.release.has_deployed = deployed.is_some();
            }
            if let Some(release) = deployed {
                brought.values = Some(release.config.clone());
                let manifest = Manifest::parse(&release.manifest, namespace)
                    .map_err(|source| Error::Manifest { source })?;
                for key in manifest.keys() {
                    match key.kind.as_str() {
                        "ClusterDefinition" => brought.definitions.insert(key.name.clone()),
                        "ClusterVersion" => brought.versions.insert(key.name.clone()),
                        _ => false,
                    };
                }
            }
        }
        // Without permission to read Secrets the labels tell.
        Err(release::Error::Read { source, .. }) if matches!(*source, ApiError::Forbidden { .. }) => {}
        Err(source) => return Err(Error::Release { source }),
    }
    let labels = format!("{INSTANCE_LABEL}={name}");
    let listed = async {
        let definitions: Vec<ClusterDefinition> = client.list(None, Some(&labels)).await?;
        let versions: Vec<ClusterVersion> = client.list(None, Some(&labels)).await?;
        Ok((definitions, versions))
    };
    match listed.await {
        Ok((definitions, versions)) => {
            brought.definitions.extend(definitions.iter().map(ResourceExt::name_any));
            brought.versions.extend(versions.iter().map(ResourceExt::name_any));
        }
        Err(ApiError::Forbidden { .. } | ApiError::KindNotServed { .. }) => {}
        Err(source) => return Err(Error::Api { source }),
    }
    Ok(brought)
}

/// What of it cannot be used yet, each with the reason; nothing when all can.
pub fn unusable(
    brought: &Brought,
    definitions: &[ClusterDefinition],
    versions: &[ClusterVersion],
) -> Vec<String> {
    let mut unusable = Vec::new();
    for name in &brought.definitions {
        let found = definitions.iter().find(|object| object.name_any() == *name);
        let status = found.and_then(|object| object.status.as_ref());
        let facts = Availability {
            exists: found.is_some(),
            is_deleting: found.is_some_and(|object| object.metadata.deletion_timestamp.is_some()),
            phase: status.and_then(|status| status.phase.as_ref()),
            message: status.and_then(|status| status.message.as_deref()),
        };
        unusable.extend(facts.flaw().map(|flaw| format!("ClusterDefinition {name} {flaw}")));
    }
    for name in &brought.versions {
        let found = versions.iter().find(|object| object.name_any() == *name);
        let status = found.and_then(|object| object.status.as_ref());
        let facts = Availability {
            exists: found.is_some(),
            is_deleting: found.is_some_and(|object| object.metadata.deletion_timestamp.is_some()),
            phase: status.and_then(|status| status.phase.as_ref()),
            message: status.and_then(|status| status.message.as_deref()),
        };
        unusable.extend(facts.flaw().map(|flaw| format!("ClusterVersion {name} {flaw}")));
    }
    unusable
}

struct Availability<'a> {
    exists: bool,
    is_deleting: bool,
    phase: Option<&'a AvailabilityPhase>,
    message: Option<&'a str>,
}

impl Availability<'_> {
    fn flaw(&self) -> Option<String> {
        let message = self.message.filter(|message| !message.is_empty());
        let message = message.map_or_else(String::new, |message| format!(": {message}"));
        if !self.exists {
            return Some("is missing".to_owned());
        }
        if self.is_deleting {
            return Some("is being deleted".to_owned());
        }
        match self.phase {
            Some(AvailabilityPhase::Available) => None,
            Some(phase) => Some(format!("is {phase}{message}")),
            None => Some("has not been looked at by the operator".to_owned()),
        }
    }
}

/// What of it is still there.
pub fn remaining(
    brought: &Brought,
    definitions: &[ClusterDefinition],
    versions: &[ClusterVersion],
) -> Vec<String> {
    let definitions =
        definitions.iter().map(ResourceExt::name_any).filter(|name| brought.definitions.contains(name));
    let versions = versions.iter().map(ResourceExt::name_any).filter(|name| brought.versions.contains(name));
    let definitions = definitions.map(|name| format!("ClusterDefinition {name}"));
    definitions.chain(versions.map(|name| format!("ClusterVersion {name}"))).collect()
}

/// What of these is being deleted, as `Kind name`.
pub fn leaving<'a>(objects: impl IntoIterator<Item = &'a DynamicObject>) -> Vec<String> {
    let going = objects.into_iter().filter(|object| object.metadata.deletion_timestamp.is_some());
    going
        .map(|object| {
            let kind = object.types.as_ref().map_or("object", |types| types.kind.as_str());
            format!("{kind} {}", object.name_any())
        })
        .collect()
}

/// The databases that use what an add-on has brought, as `namespace/name`, sorted.
pub fn users(brought: &Brought, clusters: &[Cluster]) -> Vec<String> {
    let is_user = |cluster: &&Cluster| {
        let label = cluster.metadata.labels.as_ref().and_then(|labels| labels.get(DEFINITION_LABEL));
        let version = cluster.spec.cluster_version_ref.as_ref();
        brought.definitions.contains(&cluster.spec.cluster_definition_ref)
            || label.is_some_and(|name| brought.definitions.contains(name))
            || version.is_some_and(|name| brought.versions.contains(name))
    };
    let mut users: Vec<String> = clusters
        .iter()
        .filter(is_user)
        .map(|cluster| format!("{}/{}", cluster.namespace().unwrap_or_default(), cluster.name_any()))
        .collect();
    users.sort();
    users
}

/// Reads the databases that use what an add-on has brought. Without the kind there are none.
pub async fn find_users(client: &Client, brought: &Brought) -> Result<Vec<String>, Error> {
    if brought.definitions.is_empty() && brought.versions.is_empty() {
        return Ok(Vec::new());
    }
    match client.list::<Cluster>(None, None).await {
        Ok(clusters) => Ok(users(brought, &clusters)),
        Err(ApiError::KindNotServed { .. }) => Ok(Vec::new()),
        Err(source) => Err(Error::Api { source }),
    }
}

/// A list of databases for messages, one a line.
pub fn listed(users: &[String]) -> String {
    let mut lines: Vec<String> = users.iter().take(NAMED).map(|user| format!("  {user}")).collect();
    if users.len() > NAMED {
        lines.push(format!("  and {} more", users.len() - NAMED));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn redis() -> Brought {
        Brought {
            definitions: ["redis".to_owned()].into(),
            versions: ["redis-7.0.6".to_owned()].into(),
            ..Brought::default()
        }
    }

    fn definition(name: &str, status: &Json) -> ClusterDefinition {
        serde_json::from_value(
            json!({"metadata": {"name": name}, "spec": {"componentDefs": []}, "status": status}),
        )
        .unwrap()
    }

    fn version(name: &str, status: &Json) -> ClusterVersion {
        let object = json!({"metadata": {"name": name}, "spec": {"clusterDefinitionRef": "redis", "componentVersions": []}, "status": status});
        serde_json::from_value(object).unwrap()
    }

    #[test]
    fn everything_that_was_brought_must_be_available() {
        let available = json!({"phase": "Available"});
        let (definition, version) =
            (|status: &Json| definition("redis", status), |status: &Json| version("redis-7.0.6", status));
        let fine = unusable(&redis(), &[definition(&available)], &[version(&available)]);
        assert!(fine.is_empty(), "{fine:?}");
        let table = [
            (vec![], vec![version(&available)], "ClusterDefinition redis is missing"),
            (
                vec![definition(&json!({}))],
                vec![version(&available)],
                "ClusterDefinition redis has not been looked at by the operator",
            ),
            (
                vec![definition(&available)],
                vec![version(&json!({"phase": "Unavailable", "message": "no such template"}))],
                "ClusterVersion redis-7.0.6 is Unavailable: no such template",
            ),
        ];
        for (definitions, versions, expected) in table {
            assert_eq!(unusable(&redis(), &definitions, &versions), [expected]);
        }
        let mut leaving = definition(&available);
        leaving.metadata.deletion_timestamp = serde_json::from_value(json!("2026-01-01T00:00:00Z")).unwrap();
        assert_eq!(
            unusable(&redis(), &[leaving], &[version(&available)]),
            ["ClusterDefinition redis is being deleted"]
        );
    }

    #[test]
    fn what_remains_is_only_what_was_brought() {
        let none = json!({});
        let definitions = [definition("redis", &none), definition("kafka", &none)];
        assert_eq!(remaining(&redis(), &definitions, &[]), ["ClusterDefinition redis"]);
        assert_eq!(
            remaining(&redis(), &definitions[1..], &[version("redis-7.0.6", &none)]),
            ["ClusterVersion redis-7.0.6"]
        );
        assert!(remaining(&redis(), &definitions[1..], &[]).is_empty());
    }

    #[test]
    fn users_are_databases_of_its_definitions_by_reference_or_label() {
        let cluster = |name: &str, definition: &str, label: &str| -> Cluster {
            let object = json!({
                "metadata": {"name": name, "namespace": "shop", "labels": {DEFINITION_LABEL: label}},
                "spec": {"clusterDefinitionRef": definition, "terminationPolicy": "Delete"},
            });
            serde_json::from_value(object).unwrap()
        };
        let clusters =
            [cluster("c", "redis", "redis"), cluster("b", "kafka", "kafka"), cluster("a", "kafka", "redis")];
        assert_eq!(users(&redis(), &clusters), ["shop/a", "shop/c"]);
        assert!(users(&Brought::default(), &clusters).is_empty());
    }

    #[test]
    fn a_long_list_of_databases_is_cut() {
        let users: Vec<String> = (0..25).map(|number| format!("shop/{number}")).collect();
        let text = listed(&users);
        assert_eq!(text.lines().count(), 21);
        assert!(text.ends_with("  and 5 more"), "{text}");
        assert_eq!(listed(&users[..1]), "  shop/0");
    }
}
