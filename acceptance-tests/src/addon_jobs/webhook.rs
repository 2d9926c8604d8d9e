//! Sends the pods of add-ons' Jobs to the node, by a webhook at their creation.
//!
//! The scheduler would bind them to simulated nodes before anyone else could bind them. The Jobs stay as they are made.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::api::core::v1::Pod;
use kube::Client;
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Error;
use super::node::{MANAGER, NAME};

/// Path on which the API server asks.
pub(super) const PATH: &str = "/mutate";

/// The label by which the pods of add-ons' Jobs are known, and the Job that removes add-ons.
const ADDON: &str = "extensions.kubeblocks.io/addon-name";
const REMOVAL: &str = "kubeblocks-addon-removal";

/// How long the API server may take until it calls a new webhook; an idle one needs a fraction of a second.
const CALLED_WITHIN: Duration = Duration::from_mins(1);
const RETRY: Duration = Duration::from_millis(50);

/// Tells the API server to ask on this port.
pub(super) async fn register(client: &Client, port: u16, certificate: &str) -> Result<(), Error> {
    let configurations: Api<MutatingWebhookConfiguration> = Api::all(client.clone());
    configurations
        .patch(NAME, &PatchParams::apply(MANAGER).force(), &Patch::Apply(object(port, certificate)))
        .await
        .map(drop)
        .map_err(Error::api("register", "the webhook of add-on Jobs"))
}

fn object(port: u16, certificate: &str) -> Value {
    let webhook = |name: &str, selector: Value| {
        json!({
            "name": format!("{name}.playground.kubeblocks.io"),
            "clientConfig": {
                "url": format!("https://127.0.0.1:{port}{PATH}"),
                "caBundle": STANDARD.encode(certificate),
            },
            "rules": [{
                "apiGroups": [""],
                "apiVersions": ["v1"],
                "resources": ["pods"],
                "operations": ["CREATE"],
                "scope": "Namespaced",
            }],
            "objectSelector": { "matchExpressions": [selector] },
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            // Where they would go otherwise, nobody would ever run them.
            "failurePolicy": "Fail",
            "timeoutSeconds": 10,
        })
    };
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": { "name": NAME },
        "webhooks": [
            webhook("addon-jobs", json!({ "key": ADDON, "operator": "Exists" })),
            webhook("addon-removal", json!({ "key": "job-name", "operator": "In", "values": [REMOVAL] })),
        ],
    })
}

/// Returns when a pod that is created is sent to the node, tried without creating it.
pub(super) async fn until_it_works(client: &Client) -> Result<(), Error> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), "default");
    let probe: Pod = serde_json::from_value(json!({
        "metadata": { "name": "addon-jobs-probe", "labels": { ADDON: "probe" } },
        "spec": { "containers": [{ "name": "probe", "image": "probe" }] },
    }))
    .map_err(|source| Error::Webhook { reason: source.to_string() })?;
    let parameters = PostParams { dry_run: true, ..PostParams::default() };
    let deadline = Instant::now() + CALLED_WITHIN;
    loop {
        let reason = match pods.create(&parameters, &probe).await {
            Ok(pod) if pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()) == Some(NAME) => {
                return Ok(());
            }
            Ok(_) => "the webhook is not called".to_owned(),
            Err(error) => error.to_string(),
        };
        if Instant::now() > deadline {
            return Err(Error::Webhook { reason });
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// Answers the API server: a pod without a node is sent to this one.
pub(super) fn answer(review: &Value) -> Value {
    let request = &review["request"];
    let mut response = json!({ "uid": request["uid"], "allowed": true });
    if request["object"]["spec"]["nodeName"].is_null() {
        let patch = json!([{ "op": "add", "path": "/spec/nodeName", "value": NAME }]);
        response["patchType"] = json!("JSONPatch");
        response["patch"] = json!(STANDARD.encode(patch.to_string()));
    }
    json!({ "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pods_without_a_node_are_sent_to_this_one() {
        let review = |spec: Value| json!({ "request": { "uid": "1", "object": { "spec": spec } } });
        let sent = answer(&review(json!({})));
        let patch = STANDARD.decode(sent["response"]["patch"].as_str().unwrap()).unwrap();
        assert_eq!(
            serde_json::from_slice::<Value>(&patch).unwrap(),
            json!([{ "op": "add", "path": "/spec/nodeName", "value": "addon-jobs" }])
        );
        let left = answer(&review(json!({ "nodeName": "node-1" })));
        assert_eq!(left["response"], json!({ "uid": "1", "allowed": true }));
    }
}
