//! Which component of a database an account is in, and which engine that is. The decision is pure.

use kubeblocks_schemas::catalogue::{Catalogue, Function, Support, did_you_mean};
use kubeblocks_schemas::v1alpha1::{Cluster, ClusterDefinition, ComponentSpec};

use crate::kubeblocks::lorry::Engine;
use crate::kubernetes::{Client, Error};

/// Where an account is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The component.
    pub component: String,
    /// Its engine.
    pub engine: Engine,
}

/// Why there can be no account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The attribute that is wrong.
    pub attribute: &'static str,
    /// Reason, and what to do.
    pub reason: String,
}

impl Subject {
    /// Finds it. Definitions are cluster-wide and not everybody may read them; the catalogue then knows those of KubeBlocks.
    pub async fn find(
        client: &Client,
        cluster: &Cluster,
        wanted: Option<&str>,
    ) -> Result<Result<Self, Refusal>, Error> {
        let definition = definition_of(client, cluster).await?;
        Ok(choose(cluster, definition.as_ref(), wanted))
    }

    /// Every component of the database that has accounts.
    pub async fn all(client: &Client, cluster: &Cluster) -> Result<Vec<Self>, Error> {
        if engine_without_accounts(&cluster.spec.cluster_definition_ref).is_some() {
            return Ok(Vec::new());
        }
        let definition = definition_of(client, cluster).await?;
        Ok(able(cluster, definition.as_ref()))
    }
}

async fn definition_of(client: &Client, cluster: &Cluster) -> Result<Option<ClusterDefinition>, Error> {
    match client.get_opt::<ClusterDefinition>(None, &cluster.spec.cluster_definition_ref).await {
        Ok(found) => Ok(found),
        Err(Error::Forbidden { .. } | Error::Decode { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn able(cluster: &Cluster, definition: Option<&ClusterDefinition>) -> Vec<Subject> {
    let specs = cluster.spec.component_specs.iter();
    specs
        .filter_map(|spec| {
            let engine = engine_of(cluster, definition, spec)?;
            Some(Subject { component: spec.name.clone(), engine })
        })
        .collect()
}

/// What is said of an engine that the catalogue knows to have no accounts.
pub fn engine_without_accounts(definition: &str) -> Option<Refusal> {
    let addon = Catalogue::v0_7().addon_of(definition)?;
    if addon.support(Function::Accounts) == Support::Yes {
        return None;
    }
    let able: Vec<&str> = Catalogue::v0_7()
        .addons()
        .filter(|addon| addon.support(Function::Accounts) == Support::Yes)
        .map(|addon| addon.name)
        .collect();
    Some(Refusal {
        attribute: "cluster",
        reason: format!(
            "The engine {definition} (add-on {}) has no accounts in KubeBlocks {}; those of {} have. Make accounts with the engine's own means.",
            addon.name,
            Catalogue::v0_7().line,
            able.join(", ")
        ),
    })
}

/// The engine of a component, if lorry manages accounts of it: it speaks the engine's language, and lorry is beside it, which
/// it is where something is probed.
fn engine_of(
    cluster: &Cluster,
    definition: Option<&ClusterDefinition>,
    spec: &ComponentSpec,
) -> Option<Engine> {
    if let Some(definition) = definition {
        let known = definition.spec.component(&spec.component_def_ref)?;
        known.probes.as_ref()?;
        return Engine::of(known.character_type.as_deref()?);
    }
    let known = Catalogue::v0_7().definition(&cluster.spec.cluster_definition_ref)?;
    let known = known.component(&spec.component_def_ref)?;
    known.role_probe.then_some(())?;
    Engine::of(known.character?)
}

fn choose(
    cluster: &Cluster,
    definition: Option<&ClusterDefinition>,
    wanted: Option<&str>,
) -> Result<Subject, Refusal> {
    let engine = &cluster.spec.cluster_definition_ref;
    if let Some(refusal) = engine_without_accounts(engine) {
        return Err(refusal);
    }
    let all = &cluster.spec.component_specs;
    let able = able(cluster, definition);
    let names = able.iter().map(|subject| subject.component.as_str()).collect::<Vec<_>>().join(", ");
    let refuse = |attribute, reason| Err(Refusal { attribute, reason });
    if able.is_empty() {
        return refuse(
            "cluster",
            format!(
                "No component of the engine {engine} has accounts that KubeBlocks manages: those of MySQL, PostgreSQL and Redis have."
            ),
        );
    }
    let Some(wanted) = wanted else {
        return match <[Subject; 1]>::try_from(able) {
            Ok([only]) => Ok(only),
            Err(_) => refuse(
                "component",
                format!("Several components of the database have accounts; name one of: {names}."),
            ),
        };
    };
    if let Some(found) = able.iter().find(|subject| subject.component == wanted) {
        return Ok(found.clone());
    }
    if all.iter().any(|spec| spec.name == wanted) {
        return refuse(
            "component",
            format!("Component {wanted:?} of the engine {engine} has no accounts; {names} has."),
        );
    }
    let meant = did_you_mean(wanted, all.iter().map(|spec| spec.name.as_str()));
    refuse(
        "component",
        format!("The database has no component {wanted:?}.{meant} Those with accounts: {names}."),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn cluster(definition: &str, components: &[(&str, &str)]) -> Cluster {
        let specs: Vec<Value> = components
            .iter()
            .map(|(name, definition)| json!({"name": name, "componentDefRef": definition}))
            .collect();
        serde_json::from_value(json!({
            "apiVersion": "apps.kubeblocks.io/v1alpha1", "kind": "Cluster", "metadata": {"name": "orders"},
            "spec": {"clusterDefinitionRef": definition, "terminationPolicy": "Delete", "componentSpecs": specs},
        }))
        .unwrap()
    }

    fn own_engine() -> ClusterDefinition {
        let probes = json!({"roleProbe": {}});
        serde_json::from_value(json!({
            "apiVersion": "apps.kubeblocks.io/v1alpha1", "kind": "ClusterDefinition", "metadata": {"name": "own"},
            "spec": {"componentDefs": [
                {"name": "main", "workloadType": "Replication", "characterType": "mysql", "probes": probes},
                {"name": "proxy", "workloadType": "Stateless", "characterType": "mysql"},
                {"name": "queue", "workloadType": "Stateful", "characterType": "kafka", "probes": probes},
            ]},
        }))
        .unwrap()
    }

    #[test]
    fn the_component_is_the_one_that_is_named_or_the_only_one_with_accounts() {
        let own = own_engine();
        let two = [("a", "main"), ("b", "main")];
        for (cluster, definition, wanted, expected) in [
            (
                cluster("redis", &[("db", "redis"), ("watch", "redis-sentinel")]),
                None,
                None,
                Ok(("db", Engine::Redis)),
            ),
            (
                cluster("postgresql", &[("postgresql", "postgresql")]),
                None,
                Some("postgresql"),
                Ok(("postgresql", Engine::Postgresql)),
            ),
            (
                cluster("apecloud-mysql", &[("mysql", "mysql"), ("gate", "vtgate")]),
                None,
                None,
                Ok(("mysql", Engine::Mysql)),
            ),
            (
                cluster("redis", &[("db", "redis"), ("watch", "redis-sentinel")]),
                None,
                Some("watch"),
                Err(("component", "has no accounts; db has")),
            ),
            (cluster("redis", &[("db", "redis")]), None, Some("bd"), Err(("component", "no component"))),
            (
                cluster("kafka", &[("broker", "kafka-broker")]),
                None,
                None,
                Err(("cluster", "apecloud-mysql, postgresql, redis have")),
            ),
            (cluster("mongodb", &[("mongodb", "mongodb")]), None, None, Err(("cluster", "has no accounts"))),
            (
                cluster("own", &[("x", "main"), ("y", "proxy"), ("z", "queue")]),
                Some(&own),
                None,
                Ok(("x", Engine::Mysql)),
            ),
            (cluster("own", &two), Some(&own), None, Err(("component", "name one of: a, b"))),
            (cluster("own", &two), Some(&own), Some("b"), Ok(("b", Engine::Mysql))),
            (cluster("own", &[("y", "proxy")]), Some(&own), None, Err(("cluster", "No component"))),
            (cluster("own", &[("x", "main")]), None, None, Err(("cluster", "No component"))),
        ] {
            match (choose(&cluster, definition, wanted), expected) {
                (Ok(found), Ok((component, engine))) => {
                    assert_eq!(found, Subject { component: component.to_owned(), engine });
                }
                (Err(found), Err((attribute, part))) => {
                    assert_eq!(found.attribute, attribute, "{found:?}");
                    assert!(found.reason.contains(part), "{found:?}");
                }
                other => panic!("{other:?}"),
            }
        }
    }
}
