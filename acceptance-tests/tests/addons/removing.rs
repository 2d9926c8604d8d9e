//! The operator is uninstalled.

use std::io::Write as _;

use acceptance_tests::tools;
use k8s_openapi::api::apps::v1::Deployment;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use serde_json::json;

use crate::addon::{Addon, kind};
use crate::playground::{NAMESPACE, Playground, text, until};

#[tokio::test(flavor = "multi_thread")]
async fn the_hook_removes_all_add_ons_before_the_operator_goes() {
    if tools::kubectl().is_none() {
        // Past the test harness, which keeps what passing tests print to itself.
        let _ =
            writeln!(std::io::stderr(), "skipped: the hook of the operator's chart needs kubectl on PATH");
        return;
    }
    let playground = Playground::shared().await;
    let mut is_installed = playground.alone().await;
    let client = playground.client().await;
    Addon::of(&client, "redis").until_phase("Enabled").await;
    let output = playground.helm(&["uninstall", "kubeblocks"]).await;
    assert!(output.status.success(), "{}", text(&output));
    *is_installed = false;
    let addons = kind(&client, "extensions", "Addon").list(&ListParams::default()).await.unwrap();
    let left: Vec<String> = addons.items.iter().map(ResourceExt::name_any).collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(!Addon::of(&client, "redis").is_released().await);
    let deployments: Api<Deployment> = Api::namespaced(client, NAMESPACE);
    until(&deployments, "kubeblocks", |deployment: Option<&Deployment>| deployment.is_none()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_hook_add_ons_are_stuck_on_their_finalizers() {
    let playground = Playground::shared().await;
    let mut is_installed = playground.alone().await;
    let client = playground.client().await;
    let redis = Addon::of(&client, "redis");
    redis.until_phase("Enabled").await;
    let output = playground.helm(&["uninstall", "kubeblocks", "--no-hooks"]).await;
    assert!(output.status.success(), "{}", text(&output));
    *is_installed = false;
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), NAMESPACE);
    until(&deployments, "kubeblocks", |deployment: Option<&Deployment>| deployment.is_none()).await;
    let stuck = redis.get().await;
    assert!(stuck.metadata.deletion_timestamp.is_some());
    assert_eq!(stuck.finalizers(), ["addon.kubeblocks.io/finalizer"]);
    assert!(redis.is_released().await);

    // The next test finds a Kubernetes cluster without leftovers of this one.
    for (group, name) in [("extensions", "Addon"), ("storage", "StorageProvider")] {
        let objects = kind(&client, group, name);
        for object in objects.list(&ListParams::default()).await.unwrap().items {
            release(&objects, &object).await;
        }
    }
}

async fn release(objects: &Api<DynamicObject>, object: &DynamicObject) {
    let name = object.name_any();
    let patch = json!({ "metadata": { "finalizers": null } });
    // What nobody holds back is gone by itself.
    let _ = objects.delete(&name, &DeleteParams::default()).await;
    let _ = objects.patch(&name, &PatchParams::default(), &Patch::Merge(&patch)).await;
    until(objects, &name, |object: Option<&DynamicObject>| object.is_none()).await;
}
