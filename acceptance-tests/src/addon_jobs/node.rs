//! The node object, and the signs of life that keep its pods from being evicted.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Node;
use kube::Client;
use kube::api::{Api, Patch, PatchParams};
use serde_json::{Value, json};

use super::Error;
use crate::operator::conditions::now;

/// Name of the node.
pub(super) const NAME: &str = "addon-jobs";
/// As whom the node writes.
pub(super) const MANAGER: &str = "addon-jobs";

/// How often the node shows that it lives. The control plane gives nodes far longer.
const RENEWAL: Duration = Duration::from_mins(1);

/// Makes the node, with the port on which logs are read. The scheduler puts nothing on it.
pub(super) async fn register(client: &Client, port: u16) -> Result<(), Error> {
    let nodes: Api<Node> = Api::all(client.clone());
    let parameters = PatchParams::apply(MANAGER).force();
    nodes
        .patch(NAME, &parameters, &Patch::Apply(object()))
        .await
        .map_err(Error::api("register", "the node of add-on Jobs"))?;
    nodes
        .patch_status(NAME, &parameters, &Patch::Apply(status(port)))
        .await
        .map_err(Error::api("write", "the status of the node of add-on Jobs"))?;
    lease(client).await
}

/// Shows that the node lives, until that fails.
pub(super) async fn renew(client: &Client) -> Error {
    loop {
        tokio::time::sleep(RENEWAL).await;
        // The control plane may be busy for a moment; a node may miss many of these.
        if let Err(error) = lease(client).await {
            tracing::debug!(error = %error.chain(), "the lease of the node was not renewed");
        }
    }
}

fn object() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": { "name": NAME, "labels": {
            "kubernetes.io/hostname": NAME,
            "kubernetes.io/os": "linux",
            "playground.kubeblocks.io/node": NAME,
        }},
        "spec": {
            "unschedulable": true,
            "taints": [
                { "key": "playground.kubeblocks.io/addon-jobs", "effect": "NoSchedule" },
                { "key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule" },
            ],
        },
    })
}

fn status(port: u16) -> Value {
    let now = now();
    let room = json!({ "cpu": "2", "memory": "4Gi", "pods": "250" });
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": { "name": NAME },
        "status": {
            "addresses": [{ "type": "InternalIP", "address": "127.0.0.1" }],
            "daemonEndpoints": { "kubeletEndpoint": { "Port": port } },
            "capacity": room,
            "allocatable": room,
            "conditions": [{
                "type": "Ready",
                "status": "True",
                "reason": "KubeletReady",
                "message": "the process that runs the Jobs of add-ons lives",
                "lastHeartbeatTime": now,
                "lastTransitionTime": now,
            }],
            "nodeInfo": {
                "architecture": std::env::consts::ARCH,
                "bootID": "",
                "containerRuntimeVersion": "processes://1",
                "kernelVersion": "",
                "kubeProxyVersion": "",
                "kubeletVersion": "v1.34.4",
                "machineID": "",
                "operatingSystem": std::env::consts::OS,
                "osImage": "",
                "systemUUID": "",
            },
        },
    })
}

async fn lease(client: &Client) -> Result<(), Error> {
    let leases: Api<Lease> = Api::namespaced(client.clone(), "kube-node-lease");
    let object = json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": { "name": NAME },
        "spec": {
            "holderIdentity": NAME,
            "leaseDurationSeconds": 40,
            "renewTime": jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string(),
        },
    });
    leases
        .patch(NAME, &PatchParams::apply(MANAGER).force(), &Patch::Apply(object))
        .await
        .map(drop)
        .map_err(Error::api("renew", "the lease of the node of add-on Jobs"))
}
