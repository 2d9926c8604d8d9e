//! Operations that are kept waiting, interrupted, killed, or that fail: nothing is lost, doubled, or locked for ever.

use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncBufReadExt as _;

use crate::cluster_interrupted::{interrupt, kill_provider_of};
use crate::ops_request::{on_foreign_redis, operation};
use crate::platform::CERTAIN;
use crate::playground::Playground;
use crate::terraform::{Cli, ended};

const ADDRESS: &str = "kubeblocks_ops_request.this";
const RESTART: &str = r#"restart = { components = ["redis"] }"#;
const LOCK: &str = "kubeblocks.io/ops-request";

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_of_somebody_else_is_waited_for_and_named() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("opslock").await;
    let workspace = playground.workspace(Cli::Terraform);
    on_foreign_redis(&namespace, &workspace, RESTART).await;
    let lock = |text: serde_json::Value| json!({"metadata": {"annotations": {LOCK: text}}});
    namespace
        .merge_cluster("cache", "kubectl", lock(r#"[{"name":"of-others","type":"Upgrade"}]"#.into()))
        .await;
    workspace
        .write("main.tf", operation(&namespace.name, "cache", RESTART, "timeouts = { create = \"3s\" }"));
    workspace
        .apply()
        .await
        .failed()
        .says(&["OpsRequest of-others (Upgrade) has to end first", "timeouts.create"]);
    assert!(workspace.managed().await.is_empty());
    assert_eq!(namespace.ops_requests().await.len(), 0);

    // It ends while we wait.
    workspace.write("main.tf", operation(&namespace.name, "cache", RESTART, ""));
    let mut command = workspace.command(["apply", "-auto-approve", "-no-color"]);
    // To the standard error, and not to a file as in some workspaces.
    command
        .env("TF_LOG_PROVIDER", "info")
        .env_remove("TF_LOG_PATH")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut log = tokio::io::BufReader::new(child.stderr.take().expect("it is piped"));
    let says_so = async {
        let mut line = String::new();
        while !line.contains("waits for Cluster") {
            line.clear();
            let read = log.read_line(&mut line).await.expect("it can be read");
            assert!(read > 0, "it says that it waits");
        }
        line
    };
    let line = tokio::time::timeout(CERTAIN, says_so).await.expect("it says that it waits");
    assert!(line.contains("of-others"), "{line}");
    namespace.merge_cluster("cache", "kubectl", lock(serde_json::Value::Null)).await;
    child.stderr = Some(log.into_inner());
    ended(child).await.succeeded();
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
    namespace.delete_cluster("cache").await;
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_in_the_wait_ends_in_seconds_and_the_next_apply_goes_on() {
    for cli in [Cli::Terraform, Cli::OpenTofu] {
        let playground = Playground::shared().await;
        let namespace = playground.namespace("opsctrlc").await;
        let workspace = playground.workspace(cli);
        on_foreign_redis(&namespace, &workspace, RESTART).await;
        namespace.pause_operator("cache", true);
        let child = workspace.spawn(["apply", "-auto-approve", "-no-color"]);
        let name = namespace.ops_request_exists().await;
        let output = interrupt(child).await;
        assert!(output.contains("Interrupted while the operation was under way"), "{output}");
        assert_eq!(workspace.managed().await, [ADDRESS]);
        assert_eq!(workspace.planned_actions().await, [(ADDRESS.to_owned(), vec!["update".to_owned()])]);

        namespace.pause_operator("cache", false);
        workspace.apply().await.succeeded();
        let all = namespace.ops_requests().await;
        assert_eq!((all.len(), &all[0]["metadata"]["name"]), (1, &name.into()), "the same one");
        assert_eq!(workspace.attributes(ADDRESS).await["phase"], "Succeed");
        workspace.plan_is_empty().await;
        workspace.destroy().await.succeeded();
        namespace.delete_cluster("cache").await;
        namespace.is_empty().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_killed_in_the_wait_loses_and_doubles_nothing() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("opskill").await;
    let workspace = playground.workspace(Cli::Terraform);
    on_foreign_redis(&namespace, &workspace, RESTART).await;
    namespace.pause_operator("cache", true);
    let child = workspace.spawn(["apply", "-auto-approve", "-no-color"]);
    let name = namespace.ops_request_exists().await;
    kill_provider_of(child, &workspace).await;
    assert!(workspace.managed().await.is_empty(), "Terraform was told nothing");

    namespace.pause_operator("cache", false);
    workspace.apply().await.succeeded();
    let all = namespace.ops_requests().await;
    assert_eq!((all.len(), &all[0]["metadata"]["name"]), (1, &name.into()), "gone on with, not done twice");
    workspace.plan_is_empty().await;

    // Told of its end, the same inputs are another run.
    workspace.run(["state", "rm", ADDRESS]).await.succeeded();
    workspace.apply().await.succeeded();
    assert_eq!(namespace.ops_requests().await.len(), 2);
    workspace.destroy().await.succeeded();
    namespace.delete_cluster("cache").await;
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_hangs_is_taken_away_and_the_error_shows_what_it_knows() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("opshang").await;
    let workspace = playground.workspace(Cli::Terraform);
    on_foreign_redis(&namespace, &workspace, RESTART).await;
    namespace.break_pods("crash-loop");
    workspace
        .write("main.tf", operation(&namespace.name, "cache", RESTART, "timeouts = { create = \"12s\" }"));
    workspace.apply().await.failed().says(&[
        "was not over after 12 seconds",
        "CrashLoopBackOff",
        "timeouts.create",
    ]);
    assert_eq!(namespace.ops_requests().await.len(), 0, "it would lock the database");
    let cluster = namespace.cluster("cache").await.expect("it exists");
    assert!(cluster["metadata"]["annotations"][LOCK].is_null(), "{cluster:#}");
    // It is tainted: the next apply does it once more.
    assert_eq!(
        workspace.planned_actions().await,
        [(ADDRESS.to_owned(), vec!["delete".to_owned(), "create".to_owned()])]
    );
    workspace.destroy().await.succeeded();
    namespace.delete_cluster("cache").await;
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_operation_shows_the_operator_s_words_and_stays_to_be_looked_at() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("opsfail").await;
    let workspace = playground.workspace(Cli::Terraform);
    // Snapshots of volumes are not served here.
    on_foreign_redis(&namespace, &workspace, r#"backup_now = { method = "volume-snapshot" }"#).await;
    workspace.apply().await.failed().says(&[
        "has ended as Failed",
        "OpsRequestFailed",
        "left to be looked at",
    ]);
    let left = namespace.ops_requests().await;
    assert_eq!(left[0]["status"]["phase"], "Failed");
    workspace.destroy().await.succeeded();
    assert_eq!(namespace.ops_requests().await.len(), 0);
    namespace.delete_cluster("cache").await;
    namespace.is_empty().await;
}

/// The tests above look at an operation under way: a pause that let it run would make them pass for nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_destroy_takes_an_operation_away_that_is_under_way() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("opsgone").await;
    let workspace = playground.workspace(Cli::Terraform);
    on_foreign_redis(&namespace, &workspace, RESTART).await;
    namespace.pause_operator("cache", true);
    let child = workspace.spawn(["apply", "-auto-approve", "-no-color"]);
    namespace.ops_request_exists().await;
    interrupt(child).await;
    let destroyed = tokio::time::timeout(Duration::from_mins(1), workspace.destroy()).await;
    destroyed.expect("it needs no operator").succeeded();
    assert_eq!(namespace.ops_requests().await.len(), 0);
    namespace.pause_operator("cache", false);
    namespace.delete_cluster("cache").await;
    namespace.is_empty().await;
}
