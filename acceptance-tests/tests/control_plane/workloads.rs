//! What runs on the simulated nodes: pods, jobs, volumes, and their faults on request.

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Event, PersistentVolume, PersistentVolumeClaim, Pod};
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use serde_json::{Value, json};

use crate::support::{create, namespace, until};

fn capacity(claim: &PersistentVolumeClaim) -> Option<&str> {
    Some(claim.status.as_ref()?.capacity.as_ref()?.get("storage")?.0.as_str())
}

fn phase(pod: &Pod) -> Option<&str> {
    pod.status.as_ref()?.phase.as_deref()
}

fn waiting_reason(pod: &Pod) -> Option<&str> {
    let container = pod.status.as_ref()?.container_statuses.as_ref()?.first()?;
    container.state.as_ref()?.waiting.as_ref()?.reason.as_deref()
}

fn condition<'a>(pod: &'a Pod, kind: &str) -> Option<(&'a str, Option<&'a str>)> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let found = conditions.iter().find(|condition| condition.type_ == kind)?;
    Some((found.status.as_str(), found.reason.as_deref()))
}

fn claim(name: &str, class: Option<&str>, annotations: &Value) -> Value {
    json!({
        "metadata": { "name": name, "annotations": annotations },
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": class,
            "resources": { "requests": { "storage": "1Gi" } },
        },
    })
}

fn bigger() -> Patch<Value> {
    Patch::Merge(json!({ "spec": { "resources": { "requests": { "storage": "3Gi" } } } }))
}

fn pod(name: &str, annotations: &Value, resources: &Value) -> Value {
    json!({
        "metadata": { "name": name, "annotations": annotations },
        "spec": { "containers": [{ "name": "main", "image": "images.example/main:1", "resources": resources }] },
    })
}

fn job(name: &str, labels: &Value, annotations: &Value) -> Value {
    json!({
        "metadata": { "name": name },
        "spec": { "backoffLimit": 0, "template": {
            "metadata": { "labels": labels, "annotations": annotations },
            "spec": { "restartPolicy": "Never", "containers": [{ "name": "main", "image": "images.example/job:1" }] },
        }},
    })
}

#[tokio::test]
async fn a_stateful_set_gets_its_volumes_and_becomes_ready_and_its_volumes_grow() {
    let (client, namespace) = namespace().await;
    let sets = Api::<StatefulSet>::namespaced(client.clone(), &namespace);
    create(
        &sets,
        json!({
            "metadata": { "name": "store" },
            "spec": {
                "replicas": 2,
                "serviceName": "store",
                "selector": { "matchLabels": { "app": "store" } },
                "template": {
                    "metadata": { "labels": { "app": "store" } },
                    "spec": { "containers": [{ "name": "main", "image": "images.example/store:1" }] },
                },
                "volumeClaimTemplates": [claim("data", None, &json!({}))],
            },
        }),
    )
    .await;
    until(&sets, "store", |set: Option<&StatefulSet>| {
        set.and_then(|set| set.status.as_ref()).and_then(|status| status.ready_replicas) == Some(2)
    })
    .await;

    let claims = Api::<PersistentVolumeClaim>::namespaced(client.clone(), &namespace);
    let bound = claims.get("data-store-1").await.unwrap();
    let spec = bound.spec.as_ref().unwrap();
    assert_eq!(capacity(&bound), Some("1Gi"));
    assert_eq!(spec.storage_class_name.as_deref(), Some("standard"));

    claims.patch("data-store-1", &PatchParams::default(), &bigger()).await.unwrap();
    until(&claims, "data-store-1", |claim: Option<&PersistentVolumeClaim>| {
        claim.and_then(capacity) == Some("3Gi")
    })
    .await;
    let volume =
        Api::<PersistentVolume>::all(client).get(spec.volume_name.as_deref().unwrap()).await.unwrap();
    assert_eq!(volume.spec.unwrap().capacity.unwrap()["storage"].0, "3Gi");
}

#[tokio::test]
async fn a_deleted_claim_takes_its_volume_along_but_not_while_a_pod_uses_it() {
    let (client, namespace) = namespace().await;
    let claims = Api::<PersistentVolumeClaim>::namespaced(client.clone(), &namespace);
    let pods = Api::<Pod>::namespaced(client.clone(), &namespace);
    create(&claims, claim("data", None, &json!({}))).await;
    let mut user = pod("user", &json!({}), &json!({}));
    user["spec"]["volumes"] = json!([{ "name": "data", "persistentVolumeClaim": { "claimName": "data" } }]);
    create(&pods, user).await;
    until(&pods, "user", |pod: Option<&Pod>| pod.and_then(phase) == Some("Running")).await;
    let volume = claims.get("data").await.unwrap().spec.unwrap().volume_name.unwrap();

    let deleted = claims.delete("data", &DeleteParams::default()).await.unwrap().left().unwrap();
    assert_eq!(deleted.metadata.finalizers, Some(vec!["kubernetes.io/pvc-protection".to_owned()]));
    pods.delete("user", &DeleteParams::default()).await.unwrap();
    until(&claims, "data", |claim: Option<&PersistentVolumeClaim>| claim.is_none()).await;
    until(&Api::<PersistentVolume>::all(client), &volume, |volume: Option<&PersistentVolume>| {
        volume.is_none()
    })
    .await;
}

#[tokio::test]
async fn a_claim_of_a_fixed_class_may_not_grow() {
    let (client, namespace) = namespace().await;
    let claims = Api::<PersistentVolumeClaim>::namespaced(client, &namespace);
    create(&claims, claim("data", Some("fixed"), &json!({}))).await;
    until(&claims, "data", |claim: Option<&PersistentVolumeClaim>| claim.and_then(capacity).is_some()).await;
    let error = claims.patch("data", &PatchParams::default(), &bigger()).await.unwrap_err();
    assert!(matches!(&error, kube::Error::Api(status) if status.code == 403), "{error}");
}

#[tokio::test]
async fn a_claim_can_be_told_not_to_grow_until_the_fault_is_taken_back() {
    let (client, namespace) = namespace().await;
    let claims = Api::<PersistentVolumeClaim>::namespaced(client, &namespace);
    let other = json!({ "playground.kubeblocks.io/fault": "resize-hangs" });
    for (name, annotations) in [("stuck", other), ("sound", json!({}))] {
        create(&claims, claim(name, None, &annotations)).await;
        until(&claims, name, |claim: Option<&PersistentVolumeClaim>| claim.and_then(capacity).is_some())
            .await;
    }
    // The sound one is asked after the stuck one and grows; the stuck one was seen by then.
    for name in ["stuck", "sound"] {
        claims.patch(name, &PatchParams::default(), &bigger()).await.unwrap();
    }
    let grown = |claim: Option<&PersistentVolumeClaim>| claim.and_then(capacity) == Some("3Gi");
    until(&claims, "sound", grown).await;
    assert_eq!(capacity(&claims.get("stuck").await.unwrap()), Some("1Gi"));

    let healed =
        Patch::Merge(json!({ "metadata": { "annotations": { "playground.kubeblocks.io/fault": null } } }));
    claims.patch("stuck", &PatchParams::default(), &healed).await.unwrap();
    until(&claims, "stuck", grown).await;
}

#[tokio::test]
async fn a_job_completes_or_fails_as_told_and_a_job_of_an_add_on_is_left_alone() {
    let (client, namespace) = namespace().await;
    let jobs = Api::<Job>::namespaced(client.clone(), &namespace);
    let pods = Api::<Pod>::namespaced(client, &namespace);
    create(
        &jobs,
        job("of-an-add-on", &json!({ "extensions.kubeblocks.io/addon-name": "redis" }), &json!({})),
    )
    .await;
    create(&jobs, job("fails", &json!({}), &json!({ "playground.kubeblocks.io/fault": "exit-1" }))).await;
    create(&jobs, job("completes", &json!({}), &json!({}))).await;

    let ended = |kind: &'static str| {
        move |job: Option<&Job>| {
            let conditions =
                job.and_then(|job| job.status.as_ref()).and_then(|status| status.conditions.as_ref());
            conditions
                .is_some_and(|all| all.iter().any(|found| found.type_ == kind && found.status == "True"))
        }
    };
    until(&jobs, "completes", ended("Complete")).await;
    until(&jobs, "fails", ended("Failed")).await;
    let of_add_on = ListParams::default().labels("extensions.kubeblocks.io/addon-name=redis");
    let name = pods.list(&of_add_on).await.unwrap().items.remove(0).metadata.name.unwrap();
    let scheduled = until(&pods, &name, |pod: Option<&Pod>| {
        pod.and_then(|pod| condition(pod, "PodScheduled")) == Some(("True", None))
    })
    .await
    .unwrap();
    assert_eq!(phase(&scheduled), Some("Pending"));
}

#[tokio::test]
async fn a_pod_fails_as_its_annotation_asks_with_the_events_of_that_fault() {
    let (client, namespace) = namespace().await;
    let pods = Api::<Pod>::namespaced(client.clone(), &namespace);
    let events = Api::<Event>::namespaced(client, &namespace);
    for (fault, expected_phase, expected_reason, expected_event, restarts) in [
        ("crash-loop", "Running", Some("CrashLoopBackOff"), "BackOff", 5..),
        ("image-pull", "Pending", Some("ImagePullBackOff"), "Failed", 0..),
        ("not-ready", "Running", None, "Unhealthy", 0..),
    ] {
        create(&pods, pod(fault, &json!({ "playground.kubeblocks.io/fault": fault }), &json!({}))).await;
        let failed = until(&pods, fault, |pod: Option<&Pod>| {
            pod.is_some_and(|pod| condition(pod, "Ready") == Some(("False", Some("ContainersNotReady"))))
        })
        .await
        .unwrap();
        assert_eq!(phase(&failed), Some(expected_phase), "{fault}");
        assert_eq!(waiting_reason(&failed), expected_reason, "{fault}");
        let container = &failed.status.as_ref().unwrap().container_statuses.as_ref().unwrap()[0];
        assert!(restarts.contains(&container.restart_count), "{fault}: {}", container.restart_count);

        let of_pod =
            ListParams::default().fields(&format!("involvedObject.name={fault},reason={expected_event}"));
        let until_seen = async {
            while events.list(&of_pod).await.unwrap().items.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(crate::support::LIMIT, until_seen).await.expect(expected_event);
    }
}

#[tokio::test]
async fn a_running_pod_gets_a_fault_and_gets_over_it_as_its_annotation_comes_and_goes() {
    let (client, namespace) = namespace().await;
    let pods = Api::<Pod>::namespaced(client, &namespace);
    create(&pods, pod("changes", &json!({}), &json!({}))).await;
    let healthy = |pod: Option<&Pod>| {
        pod.is_some_and(|pod| {
            condition(pod, "Ready") == Some(("True", None)) && waiting_reason(pod).is_none()
        })
    };
    until(&pods, "changes", healthy).await;
    for fault in ["crash-loop", "image-pull", "not-ready"] {
        for (value, ready) in [(Some(fault), false), (None, true)] {
            let change = Patch::Merge(
                json!({ "metadata": { "annotations": { "playground.kubeblocks.io/fault": value } } }),
            );
            pods.patch("changes", &PatchParams::default(), &change).await.unwrap();
            until(&pods, "changes", move |pod: Option<&Pod>| healthy(pod) == ready).await;
        }
    }
}

#[tokio::test]
async fn a_pod_that_asks_for_more_than_a_node_has_is_never_scheduled() {
    let (client, namespace) = namespace().await;
    let pods = Api::<Pod>::namespaced(client, &namespace);
    create(&pods, pod("huge", &json!({}), &json!({ "requests": { "cpu": "1000" } }))).await;
    let unscheduled = until(&pods, "huge", |pod: Option<&Pod>| {
        pod.is_some_and(|pod| condition(pod, "PodScheduled") == Some(("False", Some("Unschedulable"))))
    })
    .await;
    assert_eq!(unscheduled.as_ref().and_then(phase), Some("Pending"));
}
