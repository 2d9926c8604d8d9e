//! `kubeblocks_ops_request`: operations that go well, once each, and inputs that are refused.

use crate::hcl::Redis;
use crate::playground::{Namespace, Playground};
use crate::terraform::{Cli, Workspace};

const ADDRESS: &str = "kubeblocks_ops_request.this";

/// An operation on the database `name` of a namespace.
pub(crate) fn operation(namespace: &str, name: &str, operation: &str, more: &str) -> String {
    format!(
        r#"
resource "kubeblocks_ops_request" "this" {{
  namespace = "{namespace}"
  cluster   = "{name}"
  {operation}
  {more}
}}
"#
    )
}

/// A workspace with one operation on a database that others made and that runs.
pub(crate) async fn on_foreign_redis(namespace: &Namespace, workspace: &Workspace, what: &str) {
    namespace.create_foreign_redis("cache").await;
    namespace.cluster_running("cache").await;
    workspace.write("main.tf", operation(&namespace.name, "cache", what, ""));
}

async fn uids(namespace: &Namespace, cluster: &str) -> Vec<String> {
    let pods = namespace.pods(cluster).await;
    let mut uids: Vec<String> = pods.iter().map(|pod| pod["metadata"]["uid"].to_string()).collect();
    uids.sort();
    uids
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_is_done_once_and_again_for_each_trigger() {
    for cli in [Cli::Terraform, Cli::OpenTofu] {
        let playground = Playground::shared().await;
        let namespace = playground.namespace("opsrestart").await;
        let workspace = playground.workspace(cli);
        let redis = Redis::new(&namespace.name, "cache");
        workspace.write("cluster.tf", redis.to_string());
        workspace.apply().await.succeeded();
        let first = uids(&namespace, "cache").await;

        let restart = |trigger: &str| {
            let name = format!("{}.name", redis.address());
            let what = r#"restart = { components = ["redis"] }"#;
            let text =
                operation(&namespace.name, "NAME", what, &format!("triggers = {{ at = \"{trigger}\" }}"));
            text.replace("\"NAME\"", &name)
        };
        workspace.write("main.tf", restart("1"));
        workspace.apply().await.succeeded();
        let second = uids(&namespace, "cache").await;
        assert!(first.iter().all(|uid| !second.contains(uid)), "every instance is a new one");
        let attributes = workspace.attributes(ADDRESS).await;
        assert_eq!((&attributes["phase"], &attributes["progress"]), (&"Succeed".into(), &"2/2".into()));
        workspace.plan_is_empty().await;
        workspace.apply().await.succeeded();
        assert_eq!(uids(&namespace, "cache").await, second, "once");

        // Somebody clears up: what was done is done.
        let name = attributes["name"].as_str().expect("it has a name");
        namespace.delete_ops_request(name).await;
        workspace.plan_is_empty().await;

        workspace.write("main.tf", restart("2"));
        assert_eq!(
            workspace.planned_actions().await,
            [(ADDRESS.to_owned(), vec!["delete".to_owned(), "create".to_owned()])]
        );
        workspace.apply().await.succeeded();
        let third = uids(&namespace, "cache").await;
        assert!(second.iter().all(|uid| !third.contains(uid)), "again, for the trigger");
        assert_eq!(namespace.ops_requests().await.len(), 1, "the one before is gone");
        workspace.plan_is_empty().await;

        workspace.destroy().await.succeeded();
        namespace.is_empty().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switchover_moves_the_leading_role_to_whom_it_is_told_or_to_anybody() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("opsswitch").await;
    namespace.create_foreign("pg", "postgresql", "postgresql-14.8.0", "postgresql").await;
    namespace.cluster_running("pg").await;
    let workspace = playground.workspace(Cli::Terraform);
    let leader = async || {
        let roles = namespace.roles("pg").await;
        roles.into_iter().find(|(_, role)| role == "primary").map(|(pod, _)| pod).expect("one leads")
    };
    assert_eq!(leader().await, "pg-postgresql-0");

    let to = |instance: &str| {
        let what = format!("switchover = {{ component = \"postgresql\"{instance} }}");
        operation(&namespace.name, "pg", &what, "")
    };
    workspace.write("main.tf", to(", instance = \"pg-postgresql-1\""));
    workspace.apply().await.succeeded();
    assert_eq!(leader().await, "pg-postgresql-1");
    workspace.plan_is_empty().await;

    workspace.write("main.tf", to(""));
    workspace.apply().await.succeeded();
    assert_eq!(leader().await, "pg-postgresql-0");

    // Who leads already is refused, and nothing is made.
    workspace.destroy().await.succeeded();
    workspace.write("main.tf", to(", instance = \"pg-postgresql-0\""));
    workspace
        .plan()
        .await
        .succeeded()
        .says(&["leads component \"postgresql\"", "When the same apply changes that"]);
    workspace.apply().await.failed().says(&["leads component \"postgresql\"", "pg-postgresql-1 (secondary)"]);
    workspace.write("main.tf", to(", instance = \"pg-postgresql-9\""));
    workspace.apply().await.failed().says(&["does not belong to component"]);
    assert_eq!(namespace.ops_requests().await.len(), 0);
    assert!(workspace.managed().await.is_empty());
    namespace.delete_cluster("pg").await;
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switchover_that_the_operator_does_not_see_is_told_by_the_roles_and_locks_nothing() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("opsblind").await;
    namespace.create_foreign("pg", "postgresql", "postgresql-14.8.0", "postgresql").await;
    namespace.cluster_running("pg").await;
    namespace.blind_to_switchover("pg");
    let workspace = playground.workspace(Cli::Terraform);
    workspace.write(
        "main.tf",
        operation(&namespace.name, "pg", r#"switchover = { component = "postgresql" }"#, ""),
    );
    workspace.apply().await.succeeded();
    assert_eq!(
        namespace.roles("pg").await,
        [("pg-postgresql-0".into(), "secondary".into()), ("pg-postgresql-1".into(), "primary".into())]
    );
    let attributes = workspace.attributes(ADDRESS).await;
    assert_eq!(attributes["phase"], "Succeed");
    assert!(attributes["message"].as_str().expect("a message").contains("pg-postgresql-1 leads now"));
    assert_eq!(namespace.ops_requests().await.len(), 0, "it would lock the database for ever");
    let cluster = namespace.cluster("pg").await.expect("the cluster exists");
    assert!(cluster["metadata"]["annotations"]["kubeblocks.io/ops-request"].is_null(), "{cluster:#}");
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
    namespace.delete_cluster("pg").await;
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_and_a_start_are_right_over_the_note_of_an_earlier_stop() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("opsstop").await;
    let workspace = playground.workspace(Cli::Terraform);
    on_foreign_redis(&namespace, &workspace, "stop = {}").await;
    // Left by a stop that was undone by hand: the operator would stop nothing, and wait for ever.
    let note = serde_json::json!({"metadata": {"annotations": {"kubeblocks.io/snapshot-for-start": "{\"redis\":7}"}}});
    namespace.merge_cluster("cache", "kubectl", note).await;
    workspace.apply().await.succeeded();
    assert!(namespace.pods("cache").await.is_empty());
    assert_eq!(namespace.cluster("cache").await.expect("it exists")["status"]["phase"], "Stopped");
    workspace.plan_is_empty().await;

    workspace.write("main.tf", operation(&namespace.name, "cache", "start = {}", ""));
    workspace.apply().await.succeeded();
    assert_eq!(namespace.pods("cache").await.len(), 2, "as many as before, not as many as the old note said");
    workspace.plan_is_empty().await;

    // What is so already needs no operation.
    workspace
        .write("main.tf", operation(&namespace.name, "cache", "start = {}", "triggers = { again = \"1\" }"));
    workspace.apply().await.succeeded();
    assert_eq!(namespace.ops_requests().await.len(), 0);
    assert!(workspace.attributes(ADDRESS).await["name"].is_null());
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
    namespace.delete_cluster("cache").await;
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_is_run_and_what_it_needs_is_checked_before() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("opsscript").await;
    let workspace = playground.workspace(Cli::Terraform);
    namespace.create_core("Secret", "secrets", "sql", serde_json::json!({"users.sql": "U0VMRUNUIDE="})).await;
    let script = |key: &str| {
        format!(
            r#"script = {{ statements = ["SELECT 1"], secret_refs = [{{ name = "sql", key = "{key}" }}] }}"#
        )
    };
    on_foreign_redis(&namespace, &workspace, &script("other.sql")).await;
    workspace.apply().await.failed().says(&["has no key \"other.sql\"; it has users.sql"]);
    assert_eq!(namespace.ops_requests().await.len(), 0);
    workspace.write("main.tf", operation(&namespace.name, "cache", &script("users.sql"), ""));
    workspace.apply().await.succeeded();
    let made = namespace.ops_requests().await;
    assert_eq!(made[0]["spec"]["scriptSpec"]["componentName"], "redis", "the only one that can");
    assert_eq!(made[0]["spec"]["scriptSpec"]["scriptFrom"]["secretRef"][0]["key"], "users.sql");
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
    namespace.delete_cluster("cache").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_work_is_refused_and_changes_nothing() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("opsrefuse").await;
    let workspace = playground.workspace(Cli::Terraform);
    on_foreign_redis(&namespace, &workspace, "stop = {}").await;
    let before = namespace.cluster("cache").await.expect("it exists")["metadata"]["generation"].clone();
    for (cluster, what, texts) in [
        (
            "cache",
            r#"restart = { components = ["redis", "redsi"] }"#,
            &["no component \"redsi\"", "Did you mean \"redis\"?"][..],
        ),
        ("cache", r#"switchover = { component = "redis" }"#, &["has no switchover"][..]),
        ("cache", r#"backup_now = { method = "no-such" }"#, &["no method \"no-such\""][..]),
        ("nowhere", "stop = {}", &["Cluster opsrefuse", "nowhere is not in the Kubernetes cluster"][..]),
    ] {
        workspace.write("main.tf", operation(&namespace.name, cluster, what, ""));
        workspace.apply().await.failed().says(texts);
        assert!(workspace.managed().await.is_empty(), "{what}");
    }
    for (what, text) in [
        ("", "No operation"),
        ("stop = {}\n  start = {}", "Several operations"),
        ("restart = { components = [] }", "name one at least"),
        ("script = {}", "A script without statements"),
        (r#"backup_now = { method = "m", retention = "soon" }"#, "retention"),
    ] {
        workspace.write("main.tf", operation(&namespace.name, "cache", what, ""));
        workspace.validate().await.failed().says(&[text]);
    }
    workspace.write("main.tf", operation(&namespace.name, "cache", "stop = {}", ""));
    workspace.run(["import", "-no-color", ADDRESS, "x"]).await.failed().says(&["cannot be imported"]);
    assert_eq!(namespace.ops_requests().await.len(), 0);
    assert_eq!(namespace.cluster("cache").await.expect("it exists")["metadata"]["generation"], before);
    namespace.delete_cluster("cache").await;
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_on_an_engine_that_has_none_is_refused() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("opskafka").await;
    let workspace = playground.workspace(Cli::Terraform);
    namespace.create_foreign("queue", "kafka", "kafka-3.3.2", "kafka-server").await;
    workspace.write(
        "main.tf",
        operation(
            &namespace.name,
            "queue",
            r#"script = { component = "kafka-server", statements = ["SELECT 1"] }"#,
            "",
        ),
    );
    // It needs more components to run, and need not run to be refused.
    namespace.cluster_exists("queue").await;
    workspace.apply().await.failed().says(&["runs statements for mysql, postgresql, redis, oceanbase only"]);
    assert_eq!(namespace.ops_requests().await.len(), 0);
    namespace.delete_cluster("queue").await;
}
