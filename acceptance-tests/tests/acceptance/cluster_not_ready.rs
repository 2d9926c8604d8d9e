//! Databases that do not become ready: the error says what holds them back, and what exists is kept.

use acceptance_tests::api_faults::{Fault, Matching};

use crate::hcl::Redis;
use crate::playground::Playground;
use crate::terraform::Cli;

#[tokio::test(flavor = "multi_thread")]
async fn a_timeout_names_the_pod_and_the_reason_and_keeps_the_cluster() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("huge").await;
    let workspace = playground.workspace(Cli::Terraform);
    let redis =
        Redis::new(&namespace.name, "cache").memory("4000Gi").extra("timeouts = { create = \"20s\" }");
    workspace.write("main.tf", redis.to_string());
    let output = workspace.apply().await;
    output.failed().says(&["cache-redis-0", "Insufficient memory", "timeouts.create"]);
    assert_eq!(workspace.managed().await, [redis.address()]);
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_storage_class_fails_long_before_the_timeout() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("noclass").await;
    let workspace = playground.workspace(Cli::Terraform);
    let mut text = Redis::new(&namespace.name, "cache").to_string();
    text = text.replace("size = \"1Gi\"", "size = \"1Gi\", storage_class = \"does-not-exist\"");
    workspace.write("main.tf", text);
    let started = std::time::Instant::now();
    workspace.apply().await.failed().says(&["does-not-exist"]);
    assert!(started.elapsed().as_secs() < 300, "the default timeout is 30 minutes");
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_cannot_be_pulled_and_a_crash_loop_are_named() {
    let playground = Playground::shared().await;
    for (fault, expected) in [("image-pull", "ImagePullBackOff"), ("crash-loop", "CrashLoopBackOff")] {
        let namespace = playground.namespace(fault).await;
        namespace.break_pods(fault);
        let workspace = playground.workspace(Cli::Terraform);
        let redis = Redis::new(&namespace.name, "cache").extra("timeouts = { create = \"30s\" }");
        workspace.write("main.tf", redis.to_string());
        workspace.apply().await.failed().says(&["cache-redis-0", expected]);
        assert_eq!(workspace.managed().await, [redis.address()]);
        workspace.destroy().await.succeeded();
        namespace.is_empty().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destroy_that_a_finalizer_holds_names_it() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("held").await;
    let workspace = playground.workspace(Cli::Terraform);
    let redis = Redis::new(&namespace.name, "cache").extra("timeouts = { delete = \"10s\" }");
    workspace.write("main.tf", redis.to_string());
    workspace.apply().await.succeeded();
    namespace.add_finalizer("cache", "playground.kubeblocks.io/hold").await;
    workspace.destroy().await.failed().says(&["playground.kubeblocks.io/hold"]);
    assert_eq!(workspace.managed().await, [redis.address()]);
    namespace.remove_finalizer("cache", "playground.kubeblocks.io/hold").await;
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protected_cluster_is_not_destroyed_and_the_plan_says_the_edit_that_allows_it() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("protected").await;
    let workspace = playground.workspace(Cli::Terraform);
    let redis = Redis::new(&namespace.name, "cache").policy("DoNotTerminate");
    workspace.write("main.tf", redis.to_string());
    workspace.apply().await.succeeded();
    let refused = workspace.run(["plan", "-destroy", "-no-color", "-input=false"]).await.failed();
    refused.says(&["termination_policy", "DoNotTerminate"]);
    workspace.destroy().await.failed().says(&["termination_policy"]);
    let cluster = namespace.cluster("cache").await.expect("it is untouched");
    assert!(cluster["metadata"]["deletionTimestamp"].is_null());

    workspace.write("main.tf", redis.clone().policy("WipeOut").to_string());
    workspace.apply().await.succeeded();
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_hiccups_is_ridden_out() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("hiccups").await;
    let proxy = playground.faulty_api().await;
    let workspace = Playground::workspace_through(Cli::Terraform, proxy.kubeconfig());
    let redis = Redis::new(&namespace.name, "cache");
    workspace.write("main.tf", redis.to_string());
    let clusters = || Matching::path("/clusters").expect("a pattern");
    proxy.inject(clusters(), Fault::internal_error(), 1);
    proxy.inject(clusters(), Fault::unavailable(), 1);
    proxy.inject(clusters(), Fault::too_many_requests(1), 1);
    workspace.apply().await.succeeded();
    assert_eq!(proxy.forget_faults(), 0, "each fault was met");

    // Watches are cut and the API is away for a while in the middle of an update.
    workspace.write("main.tf", redis.clone().replicas(3).to_string());
    let apply = workspace.apply();
    let trouble = async {
        namespace.cluster_generation("cache", 2).await;
        proxy.cut_watches();
        proxy.be_away_for(std::time::Duration::from_secs(20)).await.expect("the proxy comes back");
    };
    let (applied, ()) = tokio::join!(apply, trouble);
    applied.succeeded();
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_whose_class_does_not_let_it_grow_is_told_while_planning() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("fixed").await;
    let workspace = playground.workspace(Cli::Terraform);
    let sized = |size: &str| {
        let redis = Redis::new(&namespace.name, "cache").size(size).to_string();
        let with_class = redis.replace("size = ", "storage_class = \"fixed\", size = ");
        workspace.write("main.tf", with_class);
    };
    sized("1Gi");
    workspace.apply().await.succeeded();
    let generation = namespace.cluster("cache").await.expect("it exists")["metadata"]["generation"].clone();
    sized("2Gi");
    workspace.plan().await.failed().says(&[
        "Volume cannot grow",
        "storage class \"fixed\"",
        "allowVolumeExpansion",
    ]);
    assert_eq!(namespace.cluster("cache").await.expect("it exists")["metadata"]["generation"], generation);
    // A destroy plans what is written, too.
    sized("1Gi");
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}
