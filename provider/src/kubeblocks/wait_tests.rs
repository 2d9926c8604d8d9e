//! The waits for a Cluster against an API server in memory. The clock moves only when nothing else does, so minutes
//! pass at once and nothing sleeps.

use std::time::Duration;

use kubeblocks_schemas::v1alpha1::Cluster;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::deletion::{DeleteError, delete_cluster};
use super::diagnostic::{self, Timeout};
use super::readiness::FailureKind;
use super::wait::{NotReady, Reason, wait_until_ready};
use crate::kubernetes::error::Error;
use crate::kubernetes::test_api::TestApi;
use crate::wait::Limits;

const CLUSTERS: &str = "clusters";
const WORKLOADS: &str = "replicatedstatemachines";
const SETS: &str = "statefulsets";

fn labels() -> Value {
    json!({
        "app.kubernetes.io/instance": "orders", "app.kubernetes.io/managed-by": "kubeblocks",
        "apps.kubeblocks.io/component-name": "redis",
    })
}

fn cluster(phase: &str) -> Value {
    json!({
        "apiVersion": "apps.kubeblocks.io/v1alpha1", "kind": "Cluster",
        "metadata": {
            "name": "orders", "namespace": "shop", "uid": "u-1", "generation": 3,
            "finalizers": ["cluster.kubeblocks.io/finalizer"],
        },
        "spec": {
            "clusterDefinitionRef": "redis", "terminationPolicy": "Delete",
            "componentSpecs": [{ "name": "redis", "componentDefRef": "redis", "replicas": 2 }],
        },
        "status": {
            "observedGeneration": 3, "phase": phase, "components": { "redis": { "phase": phase } },
        },
    })
}

fn workload() -> Value {
    json!({
        "metadata": {
            "name": "orders-redis", "namespace": "shop", "generation": 7, "labels": labels(),
            "annotations": { "kubeblocks.io/generation": "3" },
        },
        "spec": { "replicas": 2, "selector": {}, "template": {} },
        "status": { "observedGeneration": 7, "currentGeneration": 7, "updateRevision": "redis-new" },
    })
}

fn pod(waiting: &str) -> Value {
    let mut labels = labels();
    labels["controller-revision-hash"] = "redis-new".into();
    json!({
        "metadata": { "name": "orders-redis-0", "namespace": "shop", "labels": labels },
        "status": {
            "phase": "Pending",
            "containerStatuses": [{
                "name": "redis", "image": "", "imageID": "", "ready": false, "restartCount": 9,
                "state": { "waiting": { "reason": waiting, "message": "see the logs" } },
                "lastState": { "terminated": { "exitCode": 137, "reason": "OOMKilled" } },
            }],
        },
    })
}

struct Scene {
    api: TestApi,
    limits: Limits,
}

/// A Cluster that was just applied.
fn applied(minutes: u64) -> Scene {
    let api = TestApi::default();
    api.put(CLUSTERS, cluster("Creating"));
    Scene { api, limits: Limits::new(Duration::from_secs(60 * minutes), &CancellationToken::new()) }
}

impl Scene {
    async fn wait(&self) -> Result<Cluster, NotReady> {
        let applied = serde_json::from_value(cluster("")).unwrap();
        wait_until_ready(&self.api.client(), &applied, &self.limits).await
    }

    fn run(&self) {
        self.api.put(WORKLOADS, workload());
        self.api.put(CLUSTERS, cluster("Running"));
    }

    async fn delete(&self) -> Result<(), DeleteError> {
        Box::pin(delete_cluster(&self.api.client(), "shop", "orders", &self.limits)).await
    }
}

async fn seconds(seconds: u64) {
    sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_becomes_ready_ends_the_wait_two_seconds_later_without_polling() {
    let scene = applied(30);
    let story = async {
        seconds(200).await;
        scene.run();
        Instant::now()
    };
    let (outcome, ran) = tokio::join!(scene.wait(), story);
    assert_eq!(outcome.unwrap().status.unwrap().phase.unwrap().as_str(), "Running");
    assert!(
        ran.elapsed() >= Duration::from_secs(2) && ran.elapsed() < Duration::from_secs(4),
        "{:?}",
        ran.elapsed()
    );
    // One list and one watch a kind, one fresh read at the end.
    assert!(scene.api.count("GET") <= 16, "{} requests", scene.api.count("GET"));
}

fn set(observed: i64, updated: i32) -> Value {
    json!({
        "metadata": { "name": "orders-redis", "namespace": "shop", "generation": 4, "labels": labels() },
        "spec": { "selector": {}, "serviceName": "orders-redis", "template": {} },
        "status": { "observedGeneration": observed, "replicas": 2, "updatedReplicas": updated },
    })
}

/// The operator says that all is well, by numbers of the spec before, and no watch tells when that ends.
#[tokio::test(start_paused = true)]
async fn a_workload_whose_set_has_not_rolled_is_not_ready() {
    let scene = applied(30);
    let story = async {
        scene.api.put(SETS, set(3, 2));
        scene.run();
        seconds(60).await;
        scene.api.put(SETS, set(4, 1));
        seconds(60).await;
        scene.api.put(SETS, set(4, 2));
        Instant::now()
    };
    let wait = async {
        scene.wait().await.unwrap();
        Instant::now()
    };
    let (ended, rolled) = tokio::join!(wait, story);
    assert!(rolled <= ended && ended < rolled + Duration::from_secs(8), "{:?}", ended - rolled);
}

#[tokio::test(start_paused = true)]
async fn a_running_that_does_not_last_two_seconds_is_not_ready() {
    let scene = applied(30);
    let story = async {
        seconds(10).await;
        scene.run();
        seconds(1).await;
        scene.api.put(CLUSTERS, cluster("Updating"));
        seconds(60).await;
        scene.api.put(CLUSTERS, cluster("Running"));
        Instant::now()
    };
    let (outcome, last) = tokio::join!(scene.wait(), story);
    assert!(outcome.is_ok());
    assert!(last.elapsed() >= Duration::from_secs(2), "{:?}", last.elapsed());
}

#[tokio::test(start_paused = true)]
async fn cut_and_expired_watches_and_a_server_that_is_away_do_not_end_a_wait() {
    let scene = applied(30);
    let story = async {
        seconds(20).await;
        scene.api.cut_watches();
        seconds(20).await;
        scene.api.expire_watches();
        seconds(20).await;
        scene.api.away(true);
        seconds(20).await;
        scene.api.away(false);
        scene.run();
    };
    let (outcome, ()) = tokio::join!(scene.wait(), story);
    assert!(outcome.is_ok(), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stays_away_ends_the_wait_at_its_deadline_and_is_named() {
    let scene = applied(10);
    let started = Instant::now();
    let story = async {
        seconds(20).await;
        scene.api.away(true);
    };
    let (outcome, ()) = tokio::join!(scene.wait(), story);
    let error = outcome.unwrap_err();
    assert!(matches!(error.reason, Reason::TimedOut), "{error:?}");
    assert!(error.missing.as_ref().unwrap().contains("connection"), "{error:?}");
    assert!(started.elapsed() <= Duration::from_secs(601), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_slow_cluster_times_out_as_healthy_and_a_troubled_one_does_not() {
    let slow = applied(5).wait().await.unwrap_err();
    assert!(slow.is_slow_but_healthy(), "{slow:?}");
    let warning = diagnostic::slow_but_healthy(&slow, Timeout::Create);
    assert!(
        warning.detail.contains("5 minutes") && warning.detail.contains("timeouts.create"),
        "{}",
        warning.detail
    );

    let troubled = applied(2);
    troubled.api.put(WORKLOADS, workload());
    troubled.api.put("pods", pod("ImagePullBackOff"));
    let error = troubled.wait().await.unwrap_err();
    assert!(matches!(error.reason, Reason::TimedOut) && !error.is_slow_but_healthy(), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_fails_at_once_and_says_which_pod_and_why() {
    let scene = applied(30);
    let started = Instant::now();
    let story = async {
        seconds(100).await;
        scene.api.put(WORKLOADS, workload());
        scene.api.put("pods", pod("CrashLoopBackOff"));
    };
    let (outcome, ()) = tokio::join!(scene.wait(), story);
    let error = outcome.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(105), "{:?}", started.elapsed());
    assert!(
        matches!(&error.reason, Reason::Failed(failure) if matches!(failure.kind, FailureKind::Trouble(_)))
    );
    let text = diagnostic::not_ready("cannot create KubeBlocks cluster", &error, Timeout::Create).detail;
    for part in [
        "Cluster shop/orders",
        "orders-redis-0",
        "CrashLoopBackOff",
        "restarted 9 times",
        "137",
        "OOMKilled",
        "kubectl logs --previous",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_ends_the_wait_within_a_second() {
    let scene = applied(30);
    let story = async {
        seconds(100).await;
        scene.limits.stop.cancel();
        Instant::now()
    };
    let (outcome, stopped) = tokio::join!(scene.wait(), story);
    let error = outcome.unwrap_err();
    assert!(matches!(error.reason, Reason::Interrupted), "{error:?}");
    assert!(stopped.elapsed() < Duration::from_secs(1));
    assert!(error.last.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_somebody_deletes_or_replaces_ends_the_wait() {
    for replaced in [false, true] {
        let scene = applied(30);
        let story = async {
            seconds(100).await;
            scene.api.remove(CLUSTERS, "orders");
            if replaced {
                let mut other = cluster("Running");
                other["metadata"]["uid"] = "u-2".into();
                scene.api.put(CLUSTERS, other);
            }
        };
        let (outcome, ()) = tokio::join!(scene.wait(), story);
        assert!(matches!(outcome.unwrap_err().reason, Reason::Gone), "replaced: {replaced}");
    }
}

#[tokio::test(start_paused = true)]
async fn clusters_that_must_not_be_seen_and_kinds_that_are_not_served_are_errors_of_the_api() {
    let scene = applied(30);
    scene.api.forbid(CLUSTERS);
    let error = scene.wait().await.unwrap_err();
    assert!(
        matches!(&error.reason, Reason::Api(Error::Forbidden { action, .. }) if action.verb == "list"),
        "{error:?}"
    );
    let scene = applied(30);
    scene.api.do_not_serve(CLUSTERS);
    let error = scene.wait().await.unwrap_err();
    assert!(matches!(&error.reason, Reason::Api(Error::KindNotServed { .. })), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn what_must_not_be_seen_beside_the_cluster_does_not_stop_the_wait() {
    let scene = applied(30);
    for plural in [WORKLOADS, "pods", "persistentvolumeclaims", "events", "restores"] {
        scene.api.forbid(plural);
    }
    let story = async {
        seconds(10).await;
        scene.api.put(CLUSTERS, cluster("Running"));
        Instant::now()
    };
    let (outcome, ran) = tokio::join!(scene.wait(), story);
    assert!(outcome.is_ok(), "{outcome:?}");
    assert!(ran.elapsed() >= Duration::from_secs(15), "{:?}", ran.elapsed());
}

#[tokio::test(start_paused = true)]
async fn many_waits_in_a_namespace_share_their_watches_and_the_last_one_closes_them() {
    let scene = applied(30);
    let client = scene.api.client();
    let applied: Cluster = serde_json::from_value(cluster("")).unwrap();
    let waits = (0..20).map(|_| wait_until_ready(&client, &applied, &scene.limits));
    let story = async {
        seconds(60).await;
        let open = scene.api.open_watches();
        scene.run();
        open
    };
    let (outcomes, open) = tokio::join!(futures::future::join_all(waits), story);
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(open, 6);
    seconds(1).await;
    assert_eq!(scene.api.open_watches(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_delete_waits_until_the_cluster_is_gone() {
    let scene = applied(30);
    let story = async {
        seconds(100).await;
        scene.api.remove(CLUSTERS, "orders");
        Instant::now()
    };
    let (outcome, gone) = tokio::join!(scene.delete(), story);
    assert!(outcome.is_ok(), "{outcome:?}");
    assert!(gone.elapsed() < Duration::from_secs(1), "{:?}", gone.elapsed());
    scene.delete().await.unwrap();
    assert_eq!(scene.api.count("DELETE"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_replaced_while_it_goes_is_gone() {
    let scene = applied(30);
    let story = async {
        seconds(10).await;
        let mut other = cluster("Creating");
        other["metadata"]["uid"] = "u-2".into();
        scene.api.put(CLUSTERS, other);
    };
    let (outcome, ()) = tokio::join!(scene.delete(), story);
    assert!(outcome.is_ok(), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_protected_cluster_is_never_sent_a_delete() {
    let scene = applied(30);
    scene
        .api
        .change(CLUSTERS, "orders", |cluster| cluster["spec"]["terminationPolicy"] = "DoNotTerminate".into());
    let error = scene.delete().await.unwrap_err();
    assert!(matches!(error, DeleteError::Protected { .. }), "{error:?}");
    assert_eq!(scene.api.count("DELETE"), 0);
    let text = diagnostic::not_deleted("cannot delete KubeBlocks cluster", &error).detail;
    assert!(text.contains("termination_policy = \"Delete\""), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_hangs_names_the_finalizer_and_what_is_left() {
    let scene = applied(5);
    let mut held = workload();
    held["metadata"]["finalizers"] = json!(["cluster.kubeblocks.io/finalizer"]);
    scene.api.put(WORKLOADS, held);
    let error = scene.delete().await.unwrap_err();
    assert!(matches!(error, DeleteError::TimedOut { .. }), "{error:?}");
    let text = diagnostic::not_deleted("cannot delete KubeBlocks cluster", &error).detail;
    for part in [
        "5 minutes",
        "cluster.kubeblocks.io/finalizer",
        "ReplicatedStateMachine/orders-redis",
        "timeouts.delete",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_without_the_permission_to_watch_still_sees_the_end() {
    let scene = applied(30);
    // Reading one Cluster is permitted here, watching them is not.
    scene.api.forbid_watches(CLUSTERS);
    let story = async {
        seconds(30).await;
        scene.api.remove(CLUSTERS, "orders");
        Instant::now()
    };
    let (outcome, gone) = tokio::join!(scene.delete(), story);
    assert!(outcome.is_ok(), "{outcome:?}");
    assert!(gone.elapsed() <= Duration::from_secs(3), "{:?}", gone.elapsed());
}
