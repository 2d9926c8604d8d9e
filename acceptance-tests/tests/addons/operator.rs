//! The operator as a Deployment: it works while it has pods.

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;

use crate::addon::Addon;
use crate::playground::{NAMESPACE, Playground, until};

async fn scale(deployments: &Api<Deployment>, replicas: i32) {
    let patch = json!({ "spec": { "replicas": replicas } });
    deployments.patch("kubeblocks", &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
    until(deployments, "kubeblocks", |deployment: Option<&Deployment>| {
        deployment.is_some_and(|deployment| {
            let ready = deployment.status.as_ref().and_then(|status| status.ready_replicas);
            ready.unwrap_or_default() == replicas
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_is_scaled_to_zero_does_nothing_until_it_is_back() {
    let playground = Playground::shared().await;
    let _operator = playground.alone().await;
    let client = playground.client().await;
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), NAMESPACE);
    let addon = Addon::of(&client, "clickhouse");
    addon.until_phase("Disabled").await;
    scale(&deployments, 0).await;

    // Whoever still worked would see this first.
    addon.enable(true).await;
    let other = Addon::create(&client, "unseen", json!({})).await;
    scale(&deployments, 1).await;
    let seen = addon.until_phase("Enabled").await;
    other.until_phase("Enabled").await;
    let phases: Vec<String> = seen.data["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|condition| condition["reason"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert!(phases.contains(&"AddonEnabled".to_owned()), "{phases:?}");
    other.delete().await;
    other.until_gone().await;
}
