//! `kubeblocks_backup`: taken, kept, refused, interrupted, gone.

use serde_json::{Value, json};

use crate::cluster_interrupted::kill_provider_of;
use crate::hcl::Redis;
use crate::playground::{Namespace, Playground};
use crate::terraform::{Cli, Workspace};

const GROUP: &str = "dataprotection.kubeblocks.io";
const ADDRESS: &str = "kubeblocks_backup.this";

/// A repository of the namespace's own, a redis whose backups go there, and a backup.
fn stack(namespace: &Namespace, lines: &str) -> String {
    let name = &namespace.name;
    let redis = Redis::new(name, "cache").extra("backup = { repo = kubeblocks_backup_repo.this.name, method = \"datafile\", enabled = false, schedule = \"0 3 * * *\" }");
    format!(
        r#"
resource "kubeblocks_backup_repo" "this" {{
  name             = "{name}"
  storage_provider = "pvc"
  access_method    = "Mount"
}}
{redis}
{}"#,
        backup(lines)
    )
}

fn backup(lines: &str) -> String {
    if lines.is_empty() {
        return String::new();
    }
    format!(
        r#"
resource "kubeblocks_backup" "this" {{
  namespace = kubeblocks_cluster.cache.namespace
  cluster   = kubeblocks_cluster.cache.name
  {lines}
}}
"#
    )
}

async fn object(namespace: &Namespace, name: &str) -> Option<Value> {
    namespace.object(GROUP, "Backup", "backups", name).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_lives_its_whole_life_with_terraform() {
    lives_its_whole_life(Cli::Terraform).await;
}

async fn lives_its_whole_life(cli: Cli) {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("backup").await;
    let workspace = playground.workspace(cli);
    let good = "name = \"first\"\n  method = \"datafile\"\n  retention = \"1w\"";
    workspace.write("main.tf", stack(&namespace, good));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    let attributes = workspace.attributes(ADDRESS).await;
    assert_eq!(
        (&attributes["phase"], &attributes["repo"], &attributes["policy"]),
        (&"Completed".into(), &namespace.name.clone().into(), &"cache-redis-backup-policy".into())
    );
    let made = object(&namespace, "first").await.expect("it is there");
    assert_eq!(made["status"]["phase"], "Completed");
    assert_eq!(made["spec"]["retentionPeriod"], "1w");
    assert!(made["metadata"]["annotations"]["terraform.kubeblocks.io/unfinished"].is_null(), "{made:#}");

    is_listed_beside_others(&namespace, &workspace).await;

    workspace.run(["state", "rm", ADDRESS]).await.succeeded();
    let id = format!("{}/first", namespace.name);
    workspace.run(["import", "-no-color", "-input=false", ADDRESS, &id]).await.succeeded();
    workspace.plan_is_empty().await;

    // In place: what a destroy does. Anything else is another backup.
    workspace.write("main.tf", stack(&namespace, &format!("{good}\n  deletion_policy = \"Retain\"")));
    assert_eq!(workspace.planned_actions().await, [(ADDRESS.to_owned(), vec!["update".to_owned()])]);
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    workspace.write("main.tf", stack(&namespace, &good.replace("1w", "2w")));
    let replaced = [(ADDRESS.to_owned(), vec!["delete".to_owned(), "create".to_owned()])];
    assert_eq!(workspace.planned_actions().await, replaced);

    // Retained: forgotten, and still there; imported again, and deleted.
    workspace.write("main.tf", stack(&namespace, ""));
    workspace.apply().await.succeeded().says(&["Backup is left where it is", "first"]);
    assert_eq!(object(&namespace, "first").await.expect("it is kept")["status"]["phase"], "Completed");
    workspace.write("main.tf", stack(&namespace, good));
    workspace.apply().await.failed().says(&["There is a Backup", "terraform import"]);
    workspace.run(["import", "-no-color", "-input=false", ADDRESS, &id]).await.succeeded();
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;

    workspace.destroy().await.succeeded();
    assert!(workspace.managed().await.is_empty());
    assert!(object(&namespace, "first").await.is_none());
}

/// The data source shows the backup, and one that failed before the operator had labelled it.
async fn is_listed_beside_others(namespace: &Namespace, workspace: &Workspace) {
    let bad = json!({
        "metadata": {"name": "bad", "namespace": namespace.name},
        "spec": {"backupPolicyName": "cache-redis-backup-policy", "backupMethod": "nothing"},
    });
    namespace.create_object(GROUP, "Backup", "backups", bad).await;
    let failed = |object: Option<&Value>| object.is_some_and(|it| it["status"]["phase"] == "Failed");
    namespace.object_until((GROUP, "Backup", "backups"), "bad", failed).await;
    let look = |filter: &str| {
        let text = format!(
            r#"
data "kubeblocks_backups" "it" {{
  namespace = "{}"
  {filter}
}}
output "backups" {{
  value = {{ for backup in data.kubeblocks_backups.it.backups : backup.name => backup }}
}}
output "latest" {{
  value = data.kubeblocks_backups.it.latest_completed
}}
"#,
            namespace.name
        );
        workspace.write("data.tf", text);
        async {
            workspace.apply().await.succeeded();
            workspace.plan_is_empty().await;
            let outputs = workspace.state().await["values"]["outputs"].clone();
            (outputs["backups"]["value"].clone(), outputs["latest"]["value"].clone())
        }
    };
    let (all, latest) = look("cluster = \"cache\"").await;
    assert_eq!(latest, "first");
    let (first, bad) = (&all["first"], &all["bad"]);
    for (attribute, expected) in [
        ("cluster", "cache"),
        ("component", "redis"),
        ("method", "datafile"),
        ("phase", "Completed"),
        ("deletion_policy", "Delete"),
        ("repo", &namespace.name),
    ] {
        assert_eq!(first[attribute], expected, "{attribute}: {first:#}");
    }
    for attribute in ["started_at", "completed_at", "duration", "expires_at", "path"] {
        assert!(first[attribute].is_string(), "{attribute}: {first:#}");
    }
    assert_eq!((&bad["phase"], &bad["cluster"]), (&"Failed".into(), &"cache".into()));
    assert!(bad["failure_reason"].as_str().is_some_and(|why| why.contains("nothing")), "{bad:#}");
    let (failed, latest) = look("status = \"Failed\"").await;
    assert_eq!((failed.as_object().map(serde_json::Map::len), latest), (Some(1), Value::Null));
    workspace.write("data.tf", "");
    workspace.write(
        "bad.tf",
        "data \"kubeblocks_backups\" \"bad\" {\n  namespace = \"x\"\n  status = \"Done\"\n}\n",
    );
    workspace.plan().await.failed().says(&["\"Done\" is not one of New, Running, Completed"]);
    workspace.remove("bad.tf");
    namespace.delete_object(GROUP, "Backup", "backups", "bad").await;
    // The outputs are gone after this.
    workspace.apply().await.succeeded();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_fail_for_good_is_refused_before_it_is_asked_for() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("nobackup").await;
    let workspace = playground.workspace(Cli::Terraform);
    workspace.write("main.tf", stack(&namespace, ""));
    workspace.apply().await.succeeded();
    for (lines, expected) in [
        ("name = \"bad\"\n  method = \"datafil\"", &["has no method", "Did you mean \"datafile\""][..]),
        (
            "name = \"bad\"\n  method = \"datafile\"\n  policy = \"other\"",
            &["There is no BackupPolicy \"other\""],
        ),
        ("name = \"bad\"\n  method = \"datafile\"\n  retention = \"week\"", &["retention"]),
    ] {
        workspace.write("main.tf", stack(&namespace, lines));
        workspace.apply().await.failed().says(expected);
        assert!(object(&namespace, "bad").await.is_none());
    }
    workspace.write("main.tf", stack(&namespace, ""));
    workspace.destroy().await.succeeded();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_whose_apply_is_killed_is_gone_on_with() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("killed").await;
    let workspace = playground.workspace(Cli::Terraform);
    workspace.write("main.tf", stack(&namespace, ""));
    workspace.apply().await.succeeded();
    workspace.write("main.tf", stack(&namespace, "name = \"first\"\n  method = \"datafile\""));
    let child = workspace.spawn(["apply", "-auto-approve", "-no-color"]);
    namespace.object_exists(GROUP, "Backup", "backups", "first").await;
    kill_provider_of(child, &workspace).await;
    assert!(!workspace.managed().await.contains(&ADDRESS.to_owned()));
    let uid = object(&namespace, "first").await.expect("it is there")["metadata"]["uid"].clone();
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    let made = object(&namespace, "first").await.expect("it is there");
    assert_eq!(made["metadata"]["uid"], uid, "the same one");
    workspace.destroy().await.succeeded();
}
