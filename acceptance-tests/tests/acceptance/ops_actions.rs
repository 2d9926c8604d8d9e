//! The actions: by the messages of the protocol, where a test looks at each, and by a Terraform that has actions, as people
//! use them.

use serde_json::{Value, json};

use crate::playground::{Namespace, Playground};
use crate::rpc::Plugin;
use crate::terraform::Cli;

/// The arguments that all actions have, and more.
#[allow(clippy::needless_pass_by_value, reason = "JSON is written in place")]
fn arguments(namespace: &Namespace, cluster: &str, more: Value) -> Value {
    let mut all =
        json!({"kubernetes": null, "namespace": namespace.name, "cluster": cluster, "timeout": null});
    for (name, value) in more.as_object().expect("an object") {
        all[name] = value.clone();
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_tells_its_progress_and_each_invocation_is_another_one() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("actrestart").await;
    namespace.create_foreign_redis("cache").await;
    namespace.cluster_running("cache").await;
    let plugin = Plugin::start(playground.kubeconfig()).await;
    let config = arguments(&namespace, "cache", json!({"components": ["redis"]}));
    assert_eq!(plugin.validate("kubeblocks_restart", &config).await, Vec::<String>::new());
    assert_eq!(plugin.plan("kubeblocks_restart", &config).await, Vec::<String>::new());
    for number in 1..=2 {
        let invoked = plugin.invoke("kubeblocks_restart", &config).await;
        assert_eq!(invoked.diagnostics, Vec::<String>::new());
        let said = |text: &str| invoked.progress.iter().any(|line| line.contains(text));
        // A watch may pass over what lasts for a moment only; the last count is never passed over.
        assert!(said("is submitted") && said("restart of cache: Succeed, 2/2"), "{invoked:#?}");
        assert!(said("Successfully processed the OpsRequest"), "{invoked:#?}");
        assert_eq!(namespace.ops_requests().await.len(), number);
    }
    let made = namespace.ops_requests().await;
    assert!(
        made.iter().all(|object| object["spec"]["ttlSecondsAfterSucceed"] == 86400),
        "nobody else removes them"
    );
    namespace.delete_cluster("cache").await;
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_action_is_gone_on_with_by_the_next_invocation() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("actstop").await;
    namespace.create_foreign_redis("cache").await;
    namespace.cluster_running("cache").await;
    namespace.pause_operator("cache", true);
    let config = arguments(&namespace, "cache", json!({}));
    let plugin = Plugin::start(playground.kubeconfig()).await;
    let (invoked, name) = tokio::join!(plugin.invoke("kubeblocks_stop", &config), async {
        let name = namespace.ops_request_exists().await;
        plugin.stop().await;
        name
    });
    assert!(invoked.diagnostics[0].contains("Interrupted while OpsRequest"), "{invoked:#?}");
    namespace.pause_operator("cache", false);
    let plugin = Plugin::start(playground.kubeconfig()).await;
    let invoked = plugin.invoke("kubeblocks_stop", &config).await;
    assert_eq!(invoked.diagnostics, Vec::<String>::new());
    assert!(invoked.progress[0].contains(&format!("going on with OpsRequest {name}")), "{invoked:#?}");
    assert_eq!(namespace.ops_requests().await.len(), 1);
    assert!(namespace.pods("cache").await.is_empty());

    let again = plugin.invoke("kubeblocks_stop", &config).await;
    assert_eq!((again.diagnostics, again.progress[0].as_str()), (Vec::new(), "It was stopped already."));
    let started = plugin.invoke("kubeblocks_start", &config).await;
    assert_eq!(started.diagnostics, Vec::<String>::new());
    assert_eq!(namespace.pods("cache").await.len(), 2);
    namespace.delete_cluster("cache").await;
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switchover_and_a_script_are_done_and_what_cannot_be_is_warned_of_and_refused() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("actswitch").await;
    namespace.create_foreign("pg", "postgresql", "postgresql-14.8.0", "postgresql").await;
    namespace.cluster_running("pg").await;
    let plugin = Plugin::start(playground.kubeconfig()).await;
    let to = |instance: &str| {
        arguments(&namespace, "pg", json!({"component": "postgresql", "instance": instance}))
    };
    let invoked = plugin.invoke("kubeblocks_switchover", &to("pg-postgresql-1")).await;
    assert_eq!(invoked.diagnostics, Vec::<String>::new());
    assert_eq!(
        namespace.roles("pg").await,
        [("pg-postgresql-0".into(), "secondary".into()), ("pg-postgresql-1".into(), "primary".into())]
    );
    let planned = plugin.plan("kubeblocks_switchover", &to("pg-postgresql-1")).await;
    assert!(planned[0].contains("leads component"), "{planned:?}");
    let refused = plugin.invoke("kubeblocks_switchover", &to("pg-postgresql-1")).await;
    assert!(refused.diagnostics[0].contains("leads component"), "{refused:#?}");
    assert_eq!(namespace.ops_requests().await.len(), 1);

    let script = |statements: Value| {
        let rest = json!({
            "component": null, "config_map_refs": null, "secret_refs": null, "image": null, "secret": null,
            "selector": null, "statements": statements,
        });
        arguments(&namespace, "pg", rest)
    };
    let invalid = plugin.validate("kubeblocks_script", &script(json!([]))).await;
    assert!(invalid[0].contains("A script without statements"), "{invalid:?}");
    let done = plugin.invoke("kubeblocks_script", &script(json!(["SELECT 1"]))).await;
    assert_eq!(done.diagnostics, Vec::<String>::new());
    let method = |method: &str| {
        let rest = json!({"policy": null, "name": null, "retention": null, "deletion_policy": null, "method": method});
        arguments(&namespace, "pg", rest)
    };
    let refused = plugin.invoke("kubeblocks_backup_now", &method("no-such")).await;
    assert!(refused.diagnostics[0].contains("no method \"no-such\""), "{refused:#?}");
    // Snapshots of volumes are not served here: the end of the operation is that of its backup.
    let failed = plugin.invoke("kubeblocks_backup_now", &method("volume-snapshot")).await;
    assert!(failed.diagnostics[0].contains("snapshots of volumes are not served"), "{failed:#?}");
    let backup = namespace.ops_requests().await.into_iter().find(|one| one["spec"]["type"] == "Backup");
    let backup = backup.expect("it was made");
    assert_eq!(backup["spec"]["backupSpec"]["backupName"], backup["metadata"]["name"]);
    assert_eq!(backup["spec"]["backupSpec"]["backupPolicyName"], "pg-postgresql-backup-policy");
    namespace.delete_cluster("pg").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_runs_by_itself_and_with_the_change_that_triggers_it() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("actcli").await;
    namespace.create_foreign_redis("cache").await;
    namespace.cluster_running("cache").await;
    let workspace = playground.workspace(Cli::Newest);
    let configuration = |certificate: &str| {
        format!(
            r#"
action "kubeblocks_restart" "cache" {{
  config {{
    namespace  = "{0}"
    cluster    = "cache"
    components = ["redis"]
  }}
}}

resource "terraform_data" "certificate" {{
  input = "{certificate}"

  lifecycle {{
    action_trigger {{
      events  = [after_update]
      actions = [action.kubeblocks_restart.cache]
    }}
  }}
}}
"#,
            namespace.name
        )
    };
    workspace.write("main.tf", configuration("one"));
    workspace.apply().await.succeeded();
    assert_eq!(namespace.ops_requests().await.len(), 0, "a create triggers nothing here");

    let invoke =
        ["apply", "-auto-approve", "-no-color", "-input=false", "-invoke=action.kubeblocks_restart.cache"];
    workspace.run(invoke).await.succeeded().says(&["restart of cache: Succeed, 2/2"]);
    assert_eq!(namespace.ops_requests().await.len(), 1);

    workspace.write("main.tf", configuration("two"));
    let plan = workspace.plan_json().await;
    assert_eq!(plan["action_invocations"][0]["type"], "kubeblocks_restart", "{plan:#}");
    workspace.apply().await.succeeded().says(&["restart of cache: Succeed, 2/2"]);
    assert_eq!(namespace.ops_requests().await.len(), 2);
    workspace.plan_is_empty().await;

    workspace.destroy().await.succeeded();
    namespace.delete_cluster("cache").await;
    namespace.is_empty().await;
}
