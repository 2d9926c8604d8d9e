//! Objects for tests: Cluster `shop/orders` with the component `redis` of two instances.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Operation, Request};

/// A run of an operation on `shop/orders`.
pub(super) fn request(operation: &Operation) -> Request<'_> {
    Request { namespace: "shop", cluster: "orders", operation, run: "1", keep: None }
}

/// JSON as the kind that it is.
pub(super) fn typed<K: DeserializeOwned>(object: &Value) -> K {
    serde_json::from_value(object.clone()).unwrap()
}

/// The Cluster in a phase that the operator has seen it in.
pub(super) fn cluster(phase: &str) -> Value {
    json!({
        "apiVersion": "apps.kubeblocks.io/v1alpha1", "kind": "Cluster",
        "metadata": {"name": "orders", "namespace": "shop", "uid": "u-orders", "generation": 4},
        "spec": {
            "clusterDefinitionRef": "redis", "terminationPolicy": "Delete",
            "componentSpecs": [{"name": "redis", "componentDefRef": "redis", "replicas": 2}],
        },
        "status": {"observedGeneration": 4, "phase": phase},
    })
}

/// A pod of the component; without a role when that is empty.
pub(super) fn pod(number: usize, role: &str) -> Value {
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": format!("orders-redis-{number}"), "namespace": "shop", "labels": {
            "app.kubernetes.io/instance": "orders", "apps.kubeblocks.io/component-name": "redis",
            "app.kubernetes.io/managed-by": "kubeblocks",
        }},
    });
    if !role.is_empty() {
        pod["metadata"]["labels"]["kubeblocks.io/role"] = role.into();
    }
    pod
}
