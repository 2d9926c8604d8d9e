//! What the Kubernetes cluster has that matters for a descriptor: the objects that it reads from, and the databases that
//! refer to it. Reads; writes nothing.

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kubeblocks_schemas::v1alpha1::Cluster;
use tfplugin::prelude::*;
use tokio_util::sync::CancellationToken;

use super::schema::{KeyReference, ServiceDescriptorState, ValueFrom};
use crate::kubernetes::observe::Selection;
use crate::kubernetes::{Client, Error, readable};
use crate::resources::backup_repo::checks::until_none;

/// Keys that the descriptor reads from and that are not there. The operator looks only for the Secrets, and databases then
/// do not start. Who may not read an object finds no fault in it.
pub(super) async fn sources(
    client: &Client,
    summary: &str,
    state: &ServiceDescriptorState,
) -> Result<Diagnostics, Error> {
    let mut found = Diagnostics::new();
    for (attribute, from) in written(state) {
        let path = Path::attribute(attribute).then_attribute("value_from");
        if let Some((reference, path)) =
            from.secret.known().map(|secret| (secret, path.clone().then_attribute("secret")))
        {
            let object = name(reference);
            let secret = readable(client.get_opt::<Secret>(Some(state.namespace()), object).await)?;
            let keys = secret
                .map(|secret| secret.map(|secret| secret.data.unwrap_or_default().into_keys().collect()));
            found.append(judge(summary, state, "Secret", reference, keys, &path));
        }
        if let Some((reference, path)) =
            from.config_map.known().map(|map| (map, path.then_attribute("config_map")))
        {
            let object = name(reference);
            let map = readable(client.get_opt::<ConfigMap>(Some(state.namespace()), object).await)?;
            let keys = map.map(|map| map.map(|map| map.data.unwrap_or_default().into_keys().collect()));
            found.append(judge(summary, state, "ConfigMap", reference, keys, &path));
        }
    }
    Ok(found)
}

fn name(reference: &KeyReference) -> &str {
    reference.name.known().map_or("", String::as_str)
}

/// Every place that something is read from.
fn written(state: &ServiceDescriptorState) -> Vec<(&'static str, &ValueFrom)> {
    let values = [("endpoint", &state.endpoint), ("port", &state.port), ("username", &state.username)];
    let values =
        values.into_iter().filter_map(|(name, value)| Some((name, value.known()?.value_from.known()?)));
    let password = state.password.known().and_then(|password| password.value_from.known());
    values.chain(password.map(|from| ("password", from))).collect()
}

/// `keys` is nothing where the object may not be read, and holds nothing where it is not there.
#[allow(clippy::option_option, reason = "not to be read, not there, and there are three answers")]
fn judge(
    summary: &str,
    state: &ServiceDescriptorState,
    kind: &str,
    reference: &KeyReference,
    keys: Option<Option<Vec<String>>>,
    path: &Path,
) -> Diagnostics {
    let Some(keys) = keys else { return Diagnostics::new() };
    let place = format!("{kind} {}/{}", state.namespace(), name(reference));
    let wanted = reference.key.known().map_or("", String::as_str);
    let (detail, path) = match keys {
        None => (
            format!(
                "{place} does not exist. If the same apply makes it, refer to it, so that it comes first."
            ),
            path.clone(),
        ),
        Some(keys) if !keys.iter().any(|key| key == wanted) => (
            format!("{place} has no key \"{wanted}\". It has: {}.", keys.join(", ")),
            path.clone().then_attribute("key"),
        ),
        Some(_) => return Diagnostics::new(),
    };
    Diagnostic::error(summary, detail).at(path).into()
}

/// Waits a moment until no database refers to the descriptor, but for those on their way out. Those that stay are returned,
/// `namespace/name`. Who may not list databases finds none.
pub(super) async fn until_unused(
    client: &Client,
    state: &ServiceDescriptorState,
    stop: &CancellationToken,
) -> Result<Vec<String>, Error> {
    let there = users(client, state).await?;
    if there.is_empty() {
        return Ok(there);
    }
    let is_over = |clusters: &[Cluster]| users_among(clusters, state).is_empty();
    until_none(client, Selection::kind::<Cluster>(), stop, |seen| is_over(&seen.typed::<Cluster>())).await;
    users(client, state).await
}

async fn users(client: &Client, state: &ServiceDescriptorState) -> Result<Vec<String>, Error> {
    let clusters = match client.list::<Cluster>(None, None).await {
        Err(error) if error.is_not_served() => None,
        listed => readable(listed)?,
    };
    Ok(users_among(&clusters.unwrap_or_default(), state))
}

fn users_among(clusters: &[Cluster], state: &ServiceDescriptorState) -> Vec<String> {
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    let refers = |cluster: &&Cluster| {
        let home = part(&cluster.metadata.namespace);
        cluster.spec.component_specs.iter().flat_map(|component| &component.service_refs).any(|reference| {
            let namespace = reference.namespace.as_ref().filter(|namespace| !namespace.is_empty());
            // Where both are named, the database goes before.
            reference.cluster.as_ref().is_none_or(String::is_empty)
                && reference.service_descriptor.as_deref() == Some(state.name())
                && namespace.unwrap_or(&home) == state.namespace()
        })
    };
    let staying = clusters.iter().filter(|cluster| cluster.metadata.deletion_timestamp.is_none());
    staying
        .filter(refers)
        .map(|cluster| format!("{}/{}", part(&cluster.metadata.namespace), part(&cluster.metadata.name)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resources::service_descriptor::test_support::{etcd, from_secret, text};

    #[test]
    fn a_source_must_have_the_key() {
        let state = ServiceDescriptorState { endpoint: from_secret("own", "endpoint"), ..etcd() };
        let (attribute, from) = written(&state)[0];
        assert_eq!((attribute, written(&state).len()), ("endpoint", 1));
        let reference = from.secret.known().unwrap();
        let path = Path::attribute("endpoint");
        let keys = |keys: &[&str]| Some(Some(keys.iter().map(|key| (*key).to_owned()).collect()));
        for (keys, expected) in [
            (None, None),
            (Some(None), Some("Secret shop/own does not exist")),
            (keys(&["port", "user"]), Some("has no key \"endpoint\". It has: port, user.")),
            (keys(&["endpoint"]), None),
        ] {
            let found = judge("Summary", &state, "Secret", reference, keys, &path);
            let found: Vec<&String> = found.iter().map(|one| &one.detail).collect();
            assert_eq!(found.len(), usize::from(expected.is_some()), "{found:?}");
            assert!(expected.is_none_or(|part| found[0].contains(part)), "{found:?}");
        }
    }

    #[test]
    fn databases_that_refer_to_it_are_found() {
        let cluster = |namespace: &str, reference: serde_json::Value, deleted: bool| -> Cluster {
            serde_json::from_value(json!({
                "metadata": {"name": "db", "namespace": namespace,
                    "deletionTimestamp": deleted.then_some("2026-01-01T00:00:00Z")},
                "spec": {"clusterDefinitionRef": "x", "terminationPolicy": "Delete", "componentSpecs": [
                    {"name": "c", "componentDefRef": "c", "serviceRefs": [reference]}]},
            }))
            .unwrap()
        };
        let state = ServiceDescriptorState { namespace: text("shop"), name: text("etcd"), ..etcd() };
        for (cluster, expected) in [
            (cluster("shop", json!({"name": "s", "serviceDescriptor": "etcd"}), false), Some("shop/db")),
            (cluster("shop", json!({"name": "s", "serviceDescriptor": "etcd"}), true), None),
            (cluster("shop", json!({"name": "s", "serviceDescriptor": "other"}), false), None),
            (cluster("else", json!({"name": "s", "serviceDescriptor": "etcd"}), false), None),
            (
                cluster(
                    "else",
                    json!({"name": "s", "namespace": "shop", "serviceDescriptor": "etcd"}),
                    false,
                ),
                Some("else/db"),
            ),
            (cluster("shop", json!({"name": "s", "cluster": "e", "serviceDescriptor": "etcd"}), false), None),
        ] {
            let expected: Vec<String> = expected.map(str::to_owned).into_iter().collect();
            assert_eq!(users_among(std::slice::from_ref(&cluster), &state), expected, "{cluster:?}");
        }
    }
}
