//! Between the common attributes and the cloud's types. Pure.

use std::collections::BTreeMap;

use kubeblocks_cloud::{Made, Nodes, Object, Seen, Taint};
use sha2::{Digest as _, Sha256};
use tfplugin::prelude::*;

use super::kind::ManagedCluster;
use super::open::{Open, fill};
use super::schema::{
    Autoscaling, ClusterState as _, Common, CreatedResource, ManagedAuth, ManagedConnection, Map, NodeTaint,
    SystemNodePool,
};
use crate::kubernetes::{Auth, CloudLogin, Connection};

/// How many nodes there are when nothing says how many: one for each of three zones.
pub(crate) const DEFAULT_SIZE: i64 = 3;

/// The mark of what is made for a cluster. It is made of what makes the name unique, and so the same in a process that
/// knows nothing of the one before it.
pub(crate) fn owner(method: &str, place: &str, name: &str) -> String {
    let digest = Sha256::digest(format!("{method}/{place}/{name}"));
    digest.iter().take(8).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// What earlier runs made.
pub(crate) fn made(resources: &Value<Vec<Value<CreatedResource>>>) -> Made {
    let text = |value: &Value<String>| value.known().cloned().unwrap_or_default();
    let objects = resources.known().into_iter().flatten().filter_map(Value::known).map(|resource| Object {
        part: text(&resource.part),
        kind: text(&resource.kind),
        id: text(&resource.id),
    });
    Made::of(objects.collect())
}

/// The same as an attribute.
pub(crate) fn created(made: &Made) -> Value<Vec<Value<CreatedResource>>> {
    let resources = made.objects().iter().map(|object| {
        Value::Known(CreatedResource {
            part: Value::Known(object.part.clone()),
            kind: Value::Known(object.kind.clone()),
            id: Value::Known(object.id.clone()),
        })
    });
    Value::Known(resources.collect())
}

/// The texts of a map; unknowns do not reach an apply.
pub(crate) fn texts(map: &Value<Map<String>>) -> BTreeMap<String, String> {
    let pairs = map.known().into_iter().flatten();
    pairs.filter_map(|(key, value)| Some((key.clone(), value.known()?.clone()))).collect()
}

/// The texts of a list.
pub(crate) fn list(values: &Value<Vec<Value<String>>>) -> Vec<String> {
    values.known().into_iter().flatten().filter_map(Value::known).cloned().collect()
}

/// A list of texts as an attribute; nothing for an empty one.
pub(crate) fn some_list(texts: &[String]) -> Value<Vec<Value<String>>> {
    if texts.is_empty() {
        return Value::Null;
    }
    Value::Known(texts.iter().cloned().map(Value::Known).collect())
}

/// What the first nodes are to be. `machine_types` are those of the cloud when none is written.
pub(crate) fn nodes(pool: &Value<SystemNodePool>, machine_types: &[&str]) -> Nodes {
    let pool = pool.known().cloned().unwrap_or_default();
    let autoscaling = range(&pool.autoscaling);
    let written = list(&pool.machine_types);
    let default_size = autoscaling.map_or(DEFAULT_SIZE, |(min, max)| DEFAULT_SIZE.clamp(min, max));
    Nodes {
        machine_types: if written.is_empty() {
            machine_types.iter().map(|&name| name.to_owned()).collect()
        } else {
            written
        },
        disk_size_gib: pool.disk_size_gib.into_known(),
        size: Some(pool.size.into_known().unwrap_or(default_size)),
        autoscaling,
        labels: texts(&pool.labels),
        taints: taints(&pool.taints),
        spot: pool.spot == Value::Known(true),
    }
}

/// The least and the most nodes.
pub(crate) fn range(autoscaling: &Value<Autoscaling>) -> Option<(i64, i64)> {
    let range = autoscaling.known()?;
    Some((*range.min.known()?, *range.max.known()?))
}

/// Taints as the clouds take them.
pub(crate) fn taints(taints: &Value<Vec<Value<NodeTaint>>>) -> Vec<Taint> {
    let text = |value: &Value<String>| value.known().cloned().unwrap_or_default();
    let written = taints.known().into_iter().flatten().filter_map(Value::known);
    written
        .map(|taint| Taint { key: text(&taint.key), value: text(&taint.value), effect: text(&taint.effect) })
        .collect()
}

/// Taints as attributes.
pub(crate) fn shown_taints(taints: &[Taint]) -> Value<Vec<Value<NodeTaint>>> {
    if taints.is_empty() {
        return Value::Null;
    }
    let shown = taints.iter().map(|taint| {
        Value::Known(NodeTaint {
            key: Value::Known(taint.key.clone()),
            value: if taint.value.is_empty() { Value::Null } else { Value::Known(taint.value.clone()) },
            effect: Value::Known(taint.effect.clone()),
        })
    });
    Value::Known(shown.collect())
}

/// A map as an attribute: null for an empty one, unless the practitioner wrote an empty one.
pub(crate) fn shown_map(seen: &BTreeMap<String, String>, written: &Value<Map<String>>) -> Value<Map<String>> {
    if seen.is_empty() && written.known().is_none_or(|written| !written.is_empty()) {
        return Value::Null;
    }
    Value::Known(seen.iter().map(|(key, value)| (key.clone(), Value::Known(value.clone()))).collect())
}

/// Puts what the cloud shows into the common attributes. What is not written stays so, unless it is an import.
pub(crate) fn adopt<K: ManagedCluster>(state: &mut K::State, observed: &Seen<K::Cloud>, is_import: bool) {
    let mut common = state.common();
    common.kubernetes_version = Value::Known(observed.version.clone());
    common.platform_version = observed.platform_version.clone().into();
    common.oidc_issuer = observed.oidc_issuer.clone().into();
    common.tags = shown_map(&observed.tags, &common.tags);
    if is_import {
        common.deletion_protection = Value::Known(true);
    }
    if let (Some(endpoint), Some(ca_certificate)) = (&observed.endpoint, &observed.ca_certificate) {
        common.kubernetes = Value::Known(ManagedConnection {
            endpoint: Value::Known(endpoint.clone()),
            ca_certificate: Value::Known(ca_certificate.clone()),
            auth: Value::Known(ManagedAuth {
                method: Value::Known(K::METHOD.text().to_owned()),
                cluster: K::cluster_id(state).map(|id| id.0).into(),
                region: K::login_region(state).into(),
            }),
        });
    }
    if let Some(pool) = &observed.system_pool {
        let seen = seen_pool(common.system_node_pool, &pool.nodes, is_import);
        common.system_node_pool = Value::Known(seen);
    }
    state.set_common(common);
    K::show(state, observed, is_import);
    K::refresh(state, &observed.wish);
}

/// A pool as the cloud shows it, at what is written.
pub(crate) fn seen_pool(written: Value<SystemNodePool>, seen: &Nodes, is_import: bool) -> SystemNodePool {
    let is_new = is_import || written.known().is_none();
    let mut pool = written.into_known().unwrap_or_default();
    let range_seen =
        seen.autoscaling.map(|(min, max)| Autoscaling { min: Value::Known(min), max: Value::Known(max) });
    fill(&mut pool.machine_types, some_list(&seen.machine_types), is_new);
    fill(&mut pool.disk_size_gib, seen.disk_size_gib, is_new);
    // A size that the autoscaler chose is no difference.
    let is_scaled = range_seen.is_some();
    fill(&mut pool.size, seen.size, is_new || !is_scaled);
    pool.spot = Value::Known(seen.spot);
    pool.autoscaling = range_seen.into();
    pool.labels = shown_map(&seen.labels, &pool.labels);
    if taints(&pool.taints) != seen.taints {
        pool.taints = shown_taints(&seen.taints);
    }
    pool
}

/// The way into a cluster, for the provider's own client.
pub(crate) fn connection<K: ManagedCluster>(common: &Common) -> Option<Connection> {
    let shown = common.kubernetes.known()?;
    let auth = shown.auth.known()?;
    Some(Connection {
        endpoint: Some(shown.endpoint.known()?.clone()),
        ca_certificate: Some(shown.ca_certificate.known()?.clone()),
        auth: Auth::Cloud(CloudLogin {
            method: K::METHOD,
            cluster: auth.cluster.known()?.clone(),
            region: auth.region.known().cloned(),
        }),
    })
}

/// The state of an apply that did not come to its end: what it did not learn is null.
pub(crate) fn without_unknowns<K: ManagedCluster>(mut state: K::State) -> K::State {
    let mut common = state.common();
    common.open_values().into_iter().for_each(Open::close);
    state.set_common(common);
    K::open_values(&mut state).into_iter().for_each(Open::close);
    state
}
