//! Whether statements can be run. Without an engine that can, or without what it refers to, a script fails late or never.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kubeblocks_schemas::v1alpha1::{Cluster, ClusterDefinition, ComponentSpec};

use super::checks::{definition, definition_of, readable, require};
use super::error::{About, OperationError, Refusal};
use super::lock::display;
use super::{KeyReference, Script};
use crate::kubeblocks::naming::connection_secret;
use crate::kubernetes::Client;

/// The engines (`characterType`) for which KubeBlocks 0.7 can run statements.
const ENGINES: [&str; 4] = ["mysql", "postgresql", "redis", "oceanbase"];

const USERNAME_KEY: &str = "username";
const PASSWORD_KEY: &str = "password";

/// Whether the engine can. Returns the component that it runs on.
pub(super) async fn possible(
    client: &Client,
    cluster: &Cluster,
    script: &Script,
) -> Result<String, OperationError> {
    let definition = definition(client, cluster).await?;
    Ok(component(cluster, definition.as_ref(), script)?)
}

/// Checks what it refers to. Returns the component that it runs on.
pub(super) async fn check(
    client: &Client,
    cluster: &Cluster,
    script: &Script,
) -> Result<String, OperationError> {
    let component = possible(client, cluster, script).await?;
    let namespace = cluster.metadata.namespace.as_deref().unwrap_or_default();
    for (place, reference) in script.config_maps.iter().enumerate() {
        let found = readable(client.get_opt::<ConfigMap>(Some(namespace), &reference.name).await)?;
        let Some(found) = found else { continue };
        let keys = found.map(|map| map.data.unwrap_or_default().into_keys().collect());
        referred(namespace, "ConfigMap", reference, keys, About::ConfigMap(place))?;
    }
    for (place, reference) in script.secrets.iter().enumerate() {
        let Some(keys) = keys_of(client, namespace, &reference.name).await? else { continue };
        referred(namespace, "Secret", reference, keys, About::Secret(place))?;
    }
    login(client, cluster, namespace, script).await?;
    Ok(component)
}

/// The keys of a Secret; nothing where it must not be read. What is in them is not kept.
async fn keys_of(
    client: &Client,
    namespace: &str,
    name: &str,
) -> Result<Option<Option<BTreeSet<String>>>, OperationError> {
    let found = readable(client.get_opt::<Secret>(Some(namespace), name).await)?;
    Ok(found.map(|secret| secret.map(|secret| secret.data.unwrap_or_default().into_keys().collect())))
}

async fn login(
    client: &Client,
    cluster: &Cluster,
    namespace: &str,
    script: &Script,
) -> Result<(), OperationError> {
    let own = connection_secret(cluster.metadata.name.as_deref().unwrap_or_default());
    let login = script.login.as_ref();
    let name = login.map_or(own.as_str(), |login| login.secret.as_str());
    let Some(keys) = keys_of(client, namespace, name).await? else { return Ok(()) };
    let username = login.and_then(|login| login.username_key.as_deref()).unwrap_or(USERNAME_KEY);
    let password = login.and_then(|login| login.password_key.as_deref()).unwrap_or(PASSWORD_KEY);
    for key in [username, password] {
        let reference = KeyReference { name: name.to_owned(), key: key.to_owned() };
        referred(namespace, "Secret", &reference, keys.clone(), About::Login)?;
    }
    Ok(())
}

/// Whether an object with a key is there.
fn referred(
    namespace: &str,
    kind: &str,
    reference: &KeyReference,
    keys: Option<BTreeSet<String>>,
    about: About,
) -> Result<(), Refusal> {
    let KeyReference { name, key } = reference;
    let Some(keys) = keys else {
        return Err(Refusal::new(
            about,
            format!("There is no {kind} {name:?} in namespace {namespace:?}, where that of the database is."),
        ));
    };
    if keys.contains(key) {
        return Ok(());
    }
    let known = keys.into_iter().collect::<Vec<_>>().join(", ");
    Err(Refusal::new(about, format!("{kind} {namespace}/{name} has no key {key:?}; it has {known}.")))
}

/// The component that a script runs on.
fn component(
    cluster: &Cluster,
    definition: Option<&ClusterDefinition>,
    script: &Script,
) -> Result<String, Refusal> {
    let all = &cluster.spec.component_specs;
    let names = || all.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(", ");
    let character = |component: &ComponentSpec| {
        definition.and_then(|known| definition_of(known, component)?.character_type.clone())
    };
    let can = |component: &ComponentSpec| {
        // Who may not read definitions learns it from the operator.
        definition.is_none() || character(component).is_some_and(|engine| ENGINES.contains(&engine.as_str()))
    };
    let chosen = if let Some(name) = &script.component {
        require(cluster, name, About::Component(0))?
    } else {
        let able: Vec<&ComponentSpec> = all.iter().filter(|component| can(component)).collect();
        match (able.as_slice(), all.as_slice()) {
            ([only], _) => only,
            ([], [only]) => only,
            (_, _) => {
                return Err(Refusal::new(
                    About::Operation,
                    format!(
                        "{} has the components {}. Say in `component` which one the script is for.",
                        display(cluster),
                        names()
                    ),
                ));
            }
        }
    };
    if !can(chosen) {
        let engine = character(chosen).unwrap_or_else(|| chosen.component_def_ref.clone());
        return Err(Refusal::new(
            About::Component(0),
            format!(
                "KubeBlocks 0.7 runs statements for {} only, and component {:?} of {} is {engine}.",
                ENGINES.join(", "),
                chosen.name,
                display(cluster)
            ),
        ));
    }
    let known = definition.and_then(|known| definition_of(known, chosen));
    if script.selector.is_empty() && known.is_some_and(|known| known.service.is_none()) {
        return Err(Refusal::new(
            About::Component(0),
            format!(
                "Component {:?} has no Service to run statements through. Choose pods in `selector`.",
                chosen.name
            ),
        ));
    }
    Ok(chosen.name.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::kubeblocks::operation::test_support::{cluster, typed};

    fn definition(components: &[(&str, &str, bool)]) -> ClusterDefinition {
        let component = |(name, character, service): &(&str, &str, bool)| {
            let service = if *service { json!({"ports": []}) } else { Value::Null };
            json!({"name": name, "workloadType": "Stateful", "characterType": character, "service": service})
        };
        typed(&json!({
            "apiVersion": "apps.kubeblocks.io/v1alpha1", "kind": "ClusterDefinition", "metadata": {"name": "redis"},
            "spec": {"componentDefs": components.iter().map(component).collect::<Vec<_>>()},
        }))
    }

    fn database(components: &[(&str, &str)]) -> Cluster {
        let mut object = cluster("Running");
        object["spec"]["componentSpecs"] = components
            .iter()
            .map(|(name, definition)| json!({"name": name, "componentDefRef": definition, "replicas": 1}))
            .collect();
        typed(&object)
    }

    #[test]
    fn the_component_is_the_one_that_can_run_statements() {
        type Row<'a> = (&'a [(&'a str, &'a str)], Option<&'a str>, Result<&'a str, About>);
        let known =
            definition(&[("redis", "redis", true), ("kafka", "kafka", true), ("headless", "mysql", false)]);
        let script =
            |component: Option<&str>| Script { component: component.map(str::to_owned), ..Script::default() };
        let table: [Row<'_>; 7] = [
            (&[("a", "redis")], None, Ok("a")),
            (&[("a", "redis"), ("b", "kafka")], None, Ok("a")),
            (&[("a", "redis"), ("b", "redis")], None, Err(About::Operation)),
            (&[("a", "redis"), ("b", "redis")], Some("b"), Ok("b")),
            (&[("a", "kafka")], None, Err(About::Component(0))),
            (&[("a", "redis")], Some("c"), Err(About::Component(0))),
            (&[("a", "headless")], None, Err(About::Component(0))),
        ];
        for (components, wanted, expected) in table {
            let found = component(&database(components), Some(&known), &script(wanted));
            let found = found.as_deref().map_err(|refusal| refusal.about.clone());
            assert_eq!(found, expected, "{components:?} {wanted:?}");
        }
        let selected = Script { selector: [("a".to_owned(), "b".to_owned())].into(), ..script(None) };
        assert!(component(&database(&[("a", "headless")]), Some(&known), &selected).is_ok());
        assert!(component(&database(&[("a", "kafka")]), None, &script(None)).is_ok());
    }

    #[test]
    fn what_is_referred_to_must_be_there_with_its_key() {
        let reference = KeyReference { name: "sql".to_owned(), key: "a.sql".to_owned() };
        let keys = |key: &str| Some(BTreeSet::from([key.to_owned()]));
        assert_eq!(referred("shop", "Secret", &reference, keys("a.sql"), About::Secret(1)), Ok(()));
        for (keys, text) in [(None, "no Secret \"sql\""), (keys("b.sql"), "it has b.sql")] {
            let refusal = referred("shop", "Secret", &reference, keys, About::Secret(1)).unwrap_err();
            assert_eq!(refusal.about, About::Secret(1));
            assert!(refusal.reason.contains(text), "{}", refusal.reason);
        }
    }
}
