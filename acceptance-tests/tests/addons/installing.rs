//! What an operator installs by itself, and what comes of it.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod};
use kube::ResourceExt;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, PostParams};
use serde_json::json;

use crate::addon::{Addon, kind};
use crate::playground::{AUTOMATIC, IDLE, NAMESPACE, Playground, text, until};

/// Whether a definition is good as it is now.
fn is_available(definition: Option<&DynamicObject>) -> bool {
    definition.is_some_and(|definition| {
        definition.data["status"]["phase"] == "Available"
            && definition.data["status"]["observedGeneration"] == json!(definition.metadata.generation)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_installs_its_engines_by_itself_and_they_run() {
    let playground = Playground::shared().await;
    let _operator = playground.installed().await;
    let client = playground.client().await;
    for name in AUTOMATIC {
        let addon = Addon::of(&client, name);
        let enabled = addon.until_phase("Enabled").await;
        assert!(addon.is_released().await, "{name}");
        assert_eq!(enabled.data["spec"]["install"]["enabled"], true, "{name}");
        if name != "snapshot-controller" {
            // An engine's definition has the name of its add-on.
            let definitions = kind(&client, "apps", "ClusterDefinition");
            let found = until(&definitions, name, is_available).await.unwrap();
            assert_eq!(found.finalizers(), ["clusterdefinition.kubeblocks.io/finalizer"]);
        }
        addon.until_tidy().await;
    }
    let listed = playground.helm(&["list", "--output", "json"]).await;
    assert!(text(&listed).contains("kb-addon-redis"), "{}", text(&listed));

    // The template is of the release's namespace, and is kept by the definition that uses it.
    let templates: Api<ConfigMap> = Api::namespaced(client.clone(), NAMESPACE);
    until(&templates, "redis7-config-template", |map: Option<&ConfigMap>| {
        map.is_some_and(|map| map.finalizers().iter().any(|known| known == "config.kubeblocks.io/finalizer"))
    })
    .await;

    let namespace: Namespace = serde_json::from_value(json!({ "metadata": { "name": "shop" } })).unwrap();
    Api::all(client.clone()).create(&PostParams::default(), &namespace).await.unwrap();
    let versions = kind(&client, "apps", "ClusterVersion");
    until(&versions, "redis-7.0.6", is_available).await;
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("apps.kubeblocks.io", "v1alpha1", "Cluster"));
    let clusters: Api<DynamicObject> = Api::namespaced_with(client.clone(), "shop", &resource);
    let cluster = serde_json::from_value(json!({
        "apiVersion": "apps.kubeblocks.io/v1alpha1",
        "kind": "Cluster",
        "metadata": { "name": "cache", "namespace": "shop" },
        "spec": {
            "clusterDefinitionRef": "redis",
            "clusterVersionRef": "redis-7.0.6",
            "terminationPolicy": "WipeOut",
            "componentSpecs": [{
                "name": "redis",
                "componentDefRef": "redis",
                "replicas": 1,
                "volumeClaimTemplates": [{ "name": "data", "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "resources": { "requests": { "storage": "1Gi" } },
                }}],
            }],
        },
    }))
    .unwrap();
    clusters.create(&PostParams::default(), &cluster).await.unwrap();
    until(&clusters, "cache", |cluster: Option<&DynamicObject>| {
        cluster.is_some_and(|cluster| cluster.data["status"]["phase"] == "Running")
    })
    .await;

    // A definition that is in use is kept, though its chart is gone.
    let redis = Addon::of(&client, "redis");
    redis.enable(false).await;
    redis.until_phase("Disabled").await;
    assert!(!redis.is_released().await);
    let definitions = kind(&client, "apps", "ClusterDefinition");
    assert!(definitions.get("redis").await.unwrap().metadata.deletion_timestamp.is_some());
    clusters.delete("cache", &kube::api::DeleteParams::default()).await.unwrap();
    until(&definitions, "redis", |definition: Option<&DynamicObject>| definition.is_none()).await;
    // What is still on its way out would be taken for what is wanted, and then vanish.
    let constraints = kind(&client, "apps", "ConfigConstraint");
    until(&constraints, "redis7-config-constraints", |constraint: Option<&DynamicObject>| {
        constraint.is_none()
    })
    .await;
    until(&versions, "redis-7.0.6", |version: Option<&DynamicObject>| version.is_none()).await;
    until(&templates, "redis7-config-template", |map: Option<&ConfigMap>| map.is_none()).await;
    redis.until_tidy().await;
    redis.enable(true).await;
    redis.until_phase("Enabled").await;
    until(&definitions, "redis", is_available).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_add_on_that_is_enabled_gets_its_default_settings_and_takes_those_of_the_user() {
    let playground = Playground::shared().await;
    let _operator = playground.installed().await;
    let client = playground.client().await;
    let addon = Addon::of(&client, "nyancat");
    addon.until_phase("Disabled").await;
    assert!(addon.get().await.data["spec"]["install"].is_null());
    addon.enable(true).await;
    let enabled = addon.until_phase("Enabled").await;
    let install = &enabled.data["spec"]["install"];
    assert!(install["resources"].is_object(), "the real operator leaves it behind: {install}");
    let manager = enabled
        .managed_fields()
        .iter()
        .find(|entry| entry.manager.as_deref() == Some("manager") && entry.subresource.is_none());
    assert!(manager.is_some_and(|entry| entry.operation.as_deref() == Some("Update")));

    let patch = json!({ "spec": { "install": { "replicas": 3 } } });
    let patch = kube::api::Patch::Merge(&patch);
    addon.until_tidy().await;
    addon.api().patch("nyancat", &kube::api::PatchParams::default(), &patch).await.unwrap();
    addon.until_phase("Enabled").await;
    let deployments: Api<Deployment> = Api::namespaced(client, NAMESPACE);
    let installed = deployments.list(&kube::api::ListParams::default()).await.unwrap();
    let nyancat =
        installed.items.iter().find(|deployment| deployment.name_any().contains("nyancat")).unwrap();
    assert_eq!(nyancat.spec.replicas, Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_add_on_waits_without_end_for_values_that_are_missing() {
    let playground = Playground::shared().await;
    let _operator = playground.installed().await;
    let client = playground.client().await;
    let values = json!({ "configMapRefs": [{ "name": "late-values", "key": "values.yaml" }] });
    let addon = Addon::create(&client, "patient", json!({ "installValues": values })).await;
    let message = addon.until_reason("ReferenceObjectError").await;
    assert_eq!(message, "ConfigMap object kb-system/late-values not found");
    assert_eq!(addon.phase().await, "Enabling");
    assert!(addon.pods().await.is_empty());

    let map: ConfigMap = serde_json::from_value(json!({
        "metadata": { "name": "late-values" }, "data": { "values.yaml": "nameOverride: patient\n" } }))
    .unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), NAMESPACE);
    maps.create(&PostParams::default(), &map).await.unwrap();
    addon.until_phase("Enabled").await;
    assert!(addon.is_released().await);
    let values = playground.helm(&["get", "values", "kb-addon-patient"]).await;
    assert!(text(&values).contains("nameOverride: patient"), "{}", text(&values));

    // Deleting it is disabling it first.
    addon.delete().await;
    addon.until_gone().await;
    assert!(!addon.is_released().await);
    let jobs: Api<Job> = Api::namespaced(client, NAMESPACE);
    until(&jobs, "uninstall-patient-addon", |job: Option<&Job>| job.is_none()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_of_charts_that_does_not_exist_is_pulled_without_end() {
    let playground = Playground::shared().await;
    let _operator = playground.installed().await;
    let client = playground.client().await;
    let image = "docker.io/apecloud/kubeblocks-charts:0.1.2";
    let addon = Addon::create(&client, "imageless", json!({ "chartsImage": image })).await;
    let waits = |pod: &Pod| {
        let statuses = pod.status.iter().flat_map(|status| status.init_container_statuses.iter().flatten());
        statuses
            .filter_map(|status| status.state.as_ref()?.waiting.as_ref()?.reason.clone())
            .any(|reason| reason == "ImagePullBackOff")
    };
    let pod = addon.until_pod(waits).await;
    assert_eq!(pod.spec.unwrap().node_name.as_deref(), Some("addon-jobs"));
    assert_eq!(addon.phase().await, "Enabling");
    addon.delete().await;
    addon.until_gone().await;
    addon.until_tidy().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_without_its_kinds_crashes_until_they_are_there() {
    let playground = Playground::shared().await;
    assert!(!playground.ready_without_kinds);
    let _operator = playground.installed().await;
    let deployments: Api<Deployment> = Api::namespaced(playground.client().await, "default");
    until(&deployments, IDLE, |deployment: Option<&Deployment>| {
        deployment
            .and_then(|deployment| deployment.status.as_ref()?.ready_replicas)
            .is_some_and(|ready| ready > 0)
    })
    .await;
}
