//! Stopping, starting and restarting a database by its attributes.

use serde_json::{Value, json};

use crate::hcl::Redis;
use crate::playground::{Namespace, Playground};
use crate::terraform::{Cli, Workspace};

const NOTE: &str = "kubeblocks.io/snapshot-for-start";

async fn annotation(namespace: &Namespace, name: &str) -> Value {
    namespace.cluster("cache").await.expect("the cluster exists")["metadata"]["annotations"][name].clone()
}

/// Does what `kbcli cluster stop` and `start` do, from a configuration of its own.
async fn operate(workspace: &Workspace, namespace: &Namespace, what: &str, times: u32) {
    workspace.write(
        "main.tf",
        format!(
            r#"
resource "kubeblocks_ops_request" "other" {{
  namespace = "{}"
  cluster   = "cache"
  {what}
  triggers = {{ times = "{times}" }}
}}
"#,
            namespace.name
        ),
    );
    workspace.apply().await.succeeded();
}

async fn import_is_empty(workspace: &Workspace, redis: &Redis) {
    let id = format!("{}/cache", redis.namespace);
    workspace.run(["state", "rm", &redis.address()]).await.succeeded();
    workspace.run(["import", "-no-color", &redis.address(), &id]).await.succeeded();
    workspace.plan_is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_stopped_resized_and_started_by_us_and_by_others() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("running").await;
    let workspace = playground.workspace(Cli::Terraform);
    let others = playground.workspace(Cli::Terraform);
    let redis = |replicas: u32, running: bool| {
        Redis::new(&namespace.name, "cache").replicas(replicas).extra(&format!("running = {running}"))
    };
    let write = |redis: &Redis| workspace.write("main.tf", redis.to_string());
    write(&redis(2, true));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;

    // Stopped: volumes and the wanted number stay, and `kbcli cluster start` would know it.
    write(&redis(2, false));
    workspace.plan().await.succeeded().says(&["Downtime", "Every instance stops"]);
    workspace.apply().await.succeeded();
    assert!(namespace.pods("cache").await.is_empty());
    assert_eq!(namespace.claims("cache").await.len(), 2);
    assert_eq!(annotation(&namespace, NOTE).await, r#"{"redis":2}"#);
    workspace.plan_is_empty().await;
    import_is_empty(&workspace, &redis(2, false)).await;

    // Another number while it is stopped is for the next start.
    write(&redis(3, false));
    workspace.apply().await.succeeded();
    assert!(namespace.pods("cache").await.is_empty());
    assert_eq!(annotation(&namespace, NOTE).await, r#"{"redis":3}"#);
    workspace.plan_is_empty().await;
    write(&redis(3, true));
    workspace.apply().await.succeeded();
    assert_eq!(namespace.pods("cache").await.len(), 3);
    assert_eq!(
        annotation(&namespace, NOTE).await,
        Value::Null,
        "an old note would make a Stop wait for ever"
    );
    workspace.plan_is_empty().await;

    // Somebody stops it, twice: each time the plan shows it, and the apply starts it again.
    for times in 1..=2 {
        operate(&others, &namespace, "stop = {}", times).await;
        let change = &workspace.plan_json().await["resource_changes"][0]["change"];
        assert_eq!(
            (&change["before"]["running"], &change["after"]["running"]),
            (&json!(false), &json!(true))
        );
        assert_eq!(change["before"]["components"], change["after"]["components"], "only `running` differs");
        workspace.apply().await.succeeded();
        assert_eq!(namespace.pods("cache").await.len(), 3);
        assert_eq!(annotation(&namespace, NOTE).await, Value::Null);
        workspace.plan_is_empty().await;
    }

    // Stopped by us, started by somebody, stopped by us.
    write(&redis(3, false));
    workspace.apply().await.succeeded();
    operate(&others, &namespace, "start = {}", 3).await;
    assert_eq!(namespace.pods("cache").await.len(), 3, "our stop left the note that a start needs");
    workspace.apply().await.succeeded();
    assert!(namespace.pods("cache").await.is_empty());
    workspace.plan_is_empty().await;

    workspace.destroy().await.succeeded();
    others.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_restarts_each_instance_once_whatever_else_changes() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("trigger").await;
    let workspace = playground.workspace(Cli::Terraform);
    let redis = |trigger: &str, memory: &str| {
        Redis::new(&namespace.name, "cache")
            .memory(memory)
            .component(&format!("restart_trigger = \"{trigger}\""))
            .extra("timeouts = { update = \"10m\" }")
    };
    let write = |redis: &Redis| workspace.write("main.tf", redis.to_string());
    write(&redis("1", "128Mi"));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;

    let pods = namespace.pods_from_now_on("cache").await;
    write(&redis("2", "128Mi"));
    workspace.plan().await.succeeded().says(&["Rolling restart", "restart_trigger"]);
    workspace.apply().await.succeeded();
    assert_eq!(pods.count(), 4, "each of two instances was replaced once");
    workspace.plan_is_empty().await;

    // The change of memory restarts them; a second restart would be needless.
    let pods = namespace.pods_from_now_on("cache").await;
    write(&redis("3", "256Mi"));
    workspace.apply().await.succeeded();
    assert_eq!(pods.count(), 4, "each of two instances was replaced once");
    workspace.plan_is_empty().await;

    // An operation of somebody else is waited for, and named.
    let lock = |text: Value| json!({"metadata": {"annotations": {"kubeblocks.io/ops-request": text}}});
    let held = json!(r#"[{"name":"other-resize","type":"VerticalScaling"}]"#);
    namespace.merge_cluster("cache", "kubectl", lock(held)).await;
    let hurried = redis("4", "256Mi").to_string().replace("\"10m\"", "\"3s\"");
    workspace.write("main.tf", hurried);
    let pods = namespace.pods_from_now_on("cache").await;
    workspace.apply().await.failed().says(&["OpsRequest other-resize (VerticalScaling) has to end first"]);
    namespace.merge_cluster("cache", "kubectl", lock(Value::Null)).await;
    assert_eq!(pods.count(), 2, "nothing was restarted");

    // What was not done is still to be done; taking the trigger out restarts nothing.
    write(&redis("4", "256Mi"));
    let pods = namespace.pods_from_now_on("cache").await;
    workspace.apply().await.succeeded();
    assert_eq!(pods.count(), 4, "each of two instances was replaced once");
    write(&Redis::new(&namespace.name, "cache").memory("256Mi"));
    let pods = namespace.pods_from_now_on("cache").await;
    workspace.apply().await.succeeded();
    assert_eq!(pods.count(), 2, "nothing was restarted");
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}
