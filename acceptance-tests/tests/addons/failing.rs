//! Add-ons that cannot be installed, and what heals them.

use std::time::Duration;

use acceptance_tests::operator::Times;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::rbac::v1::ClusterRoleBinding;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, ListParams, LogParams, PostParams};

use crate::addon::Addon;
use crate::playground::{NAMESPACE, Playground, text};

fn has_failed(pod: &Pod) -> bool {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Failed")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_add_on_that_failed_once_stays_failed_until_it_is_toggled() {
    let playground = Playground::shared().await;
    let _operator = playground.installed().await;
    let client = playground.client().await;
    let addon = Addon::of(&client, "qdrant");
    playground.faults.addon_fails("qdrant", Times::Once, "Error: INSTALLATION FAILED: no space left");
    addon.enable(true).await;
    addon.until_phase("Failed").await;
    let log = addon.until_reason("InstallationFailedLogs").await;
    assert_eq!(log, "Error: INSTALLATION FAILED: no space left\n");

    // The Job tries again and succeeds, and nobody looks.
    addon.until_released().await;
    addon
        .until_pod(|pod| pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Succeeded"))
        .await;
    assert_eq!(addon.phase().await, "Failed");

    addon.enable(false).await;
    addon.until_phase("Disabled").await;
    assert!(!addon.is_released().await);
    addon.until_tidy().await;
    addon.enable(true).await;
    addon.until_phase("Enabled").await;
    assert!(addon.is_released().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_add_on_that_always_fails_says_so_in_its_condition_and_its_log() {
    let playground = Playground::shared().await;
    let _operator = playground.installed().await;
    let client = playground.client().await;
    let addon = Addon::of(&client, "weaviate");
    playground.faults.addon_fails("weaviate", Times::Always, "Error: timed out\nwaiting for the condition");
    addon.enable(true).await;
    addon.until_phase("Failed").await;
    assert!(addon.until_reason("InstallationFailedLogs").await.ends_with("waiting for the condition\n"));
    let pod = addon.until_pod(has_failed).await.name_any();
    let pods: Api<Pod> = Api::namespaced(client.clone(), NAMESPACE);
    let last = LogParams { tail_lines: Some(1), ..LogParams::default() };
    assert_eq!(pods.logs(&pod, &last).await.unwrap(), "waiting for the condition\n");
    if let Some(shown) = playground.kubectl(&["logs", &pod, "--container", "helm"]).await {
        assert_eq!(text(&shown), "Error: timed out\nwaiting for the condition\n");
    }
    assert!(!addon.is_released().await);

    addon.enable(false).await;
    addon.until_phase("Disabled").await;
    addon.until_tidy().await;
    addon.enable(true).await;
    addon.until_phase("Failed").await;
    playground.faults.addon_works("weaviate");
    addon.enable(false).await;
    addon.until_phase("Disabled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_an_install_can_be_followed_while_it_is_under_way() {
    let playground = Playground::shared().await;
    let _operator = playground.installed().await;
    let client = playground.client().await;
    let addon = Addon::of(&client, "zookeeper");
    playground.faults.addon_delay("zookeeper", Duration::from_secs(3));
    addon.enable(true).await;
    let runs = |pod: &Pod| pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Running");
    let pod = addon.until_pod(runs).await.name_any();
    let pods: Api<Pod> = Api::namespaced(client.clone(), NAMESPACE);
    let follow = LogParams { follow: true, container: Some("helm".to_owned()), ..LogParams::default() };
    let lines = pods.log_stream(&pod, &follow).await.unwrap();
    let text = futures::AsyncReadExt::read_to_string;
    let (mut lines, mut read) = (lines, String::new());
    text(&mut lines, &mut read).await.unwrap();
    assert!(read.contains("NAME: kb-addon-zookeeper") && read.contains("STATUS: deployed"), "{read}");
    addon.until_phase("Enabled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_that_its_image_lacks_fails_in_helms_words() {
    let playground = Playground::shared().await;
    let _operator = playground.installed().await;
    let client = playground.client().await;
    let addon = Addon::of(&client, "milvus");
    playground.faults.addon_missing_chart("milvus", true);
    addon.enable(true).await;
    addon.until_phase("Failed").await;
    let log = addon.until_reason("InstallationFailedLogs").await;
    assert!(log.contains("\"/charts/milvus-0.7.5.tgz\" not found"), "{log}");

    playground.faults.addon_missing_chart("milvus", false);
    addon.enable(false).await;
    addon.until_phase("Disabled").await;
    addon.until_tidy().await;
    addon.enable(true).await;
    addon.until_phase("Enabled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn add_ons_are_installed_with_the_rights_of_their_own_account() {
    let playground = Playground::shared().await;
    let _operator = playground.alone().await;
    let client = playground.client().await;
    let bindings: Api<ClusterRoleBinding> = Api::all(client.clone());
    let all = bindings.list(&ListParams::default()).await.unwrap().items;
    let is_installers = |binding: &ClusterRoleBinding| {
        let mut subjects = binding.subjects.iter().flatten();
        subjects.any(|subject| subject.name == "kubeblocks-addon-installer")
    };
    let mut binding = all.into_iter().find(is_installers).unwrap();
    bindings.delete(&binding.name_any(), &DeleteParams::default()).await.unwrap();

    let addon = Addon::of(&client, "greptimedb");
    addon.enable(true).await;
    addon.until_phase("Failed").await;
    let log = addon.until_reason("InstallationFailedLogs").await;
    let account = "system:serviceaccount:kb-system:kubeblocks-addon-installer";
    assert!(log.contains("forbidden") && log.contains(account), "{log}");
    assert!(!addon.is_released().await);

    binding.metadata.resource_version = None;
    binding.metadata.uid = None;
    bindings.create(&PostParams::default(), &binding).await.unwrap();
    addon.enable(false).await;
    addon.until_phase("Disabled").await;
    addon.until_tidy().await;
    addon.enable(true).await;
    addon.until_phase("Enabled").await;
}
