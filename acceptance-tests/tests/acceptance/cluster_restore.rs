//! Databases that start from a backup, and that leave one behind.

use std::fmt::Write as _;

use serde_json::Value;

use crate::cluster_interrupted::kill_provider_of;
use crate::hcl::Redis;
use crate::playground::{Namespace, Playground};
use crate::terraform::{Cli, Workspace};

const GROUP: &str = "dataprotection.kubeblocks.io";
const RESTORE: &str = "kubeblocks.io/restore-from-backup";

/// A repository that outlives the databases, under the name of the namespace.
async fn repository(playground: &Playground, namespace: &Namespace) -> Workspace {
    let workspace = playground.workspace(Cli::Terraform);
    workspace.write(
        "main.tf",
        format!(
            r#"
resource "kubeblocks_backup_repo" "this" {{
  name             = "{}"
  storage_provider = "pvc"
  access_method    = "Mount"
}}
"#,
            namespace.name
        ),
    );
    workspace.apply().await.succeeded();
    workspace
}

fn source(namespace: &Namespace) -> Redis {
    let backup = format!(
        "backup = {{ repo = \"{}\", method = \"datafile\", enabled = false, schedule = \"0 3 * * *\" }}",
        namespace.name
    );
    Redis::new(&namespace.name, "cache").extra(&backup)
}

const BACKUP: &str = r#"
resource "kubeblocks_backup" "first" {
  namespace = kubeblocks_cluster.cache.namespace
  cluster   = kubeblocks_cluster.cache.name
  name      = "first"
  method    = "datafile"
}
"#;

fn copy(namespace: &Namespace, restore: &str) -> Redis {
    Redis::new(&namespace.name, "copy").extra(&format!("restore = {{ {restore} }}"))
}

async fn password(namespace: &Namespace, cluster: &str) -> String {
    namespace.secret(&format!("{cluster}-conn-credential"), "password").await
}

async fn annotation(namespace: &Namespace, cluster: &str) -> Value {
    namespace.cluster(cluster).await.expect("it exists")["metadata"]["annotations"][RESTORE].clone()
}

async fn destroy_with_backups(
    playground: &Playground,
    namespace: &Namespace,
    repository: &Workspace,
    backups: &[&str],
) {
    // Backups that databases left behind are imported, to be deleted.
    let cleaning = playground.workspace(Cli::Terraform);
    let mut text = String::new();
    for name in backups {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            r#"
import {{
  to = kubeblocks_backup.{label}
  id = "{namespace}/{name}"
}}
resource "kubeblocks_backup" "{label}" {{
  namespace = "{namespace}"
  cluster   = "{cluster}"
  name      = "{name}"
  method    = "datafile"
  retention = "30d"
}}
"#,
            label = name.replace('-', "_"),
            namespace = namespace.name,
            cluster = name.split('-').next().unwrap_or_default(),
        );
    }
    cleaning.write("main.tf", text);
    cleaning.apply().await.succeeded();
    cleaning.destroy().await.succeeded();
    repository.destroy().await.succeeded();
    assert!(namespace.cluster("cache").await.is_none() && namespace.cluster("copy").await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_backed_up_copied_and_leaves_a_final_backup() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("restore").await;
    let repository = repository(playground, &namespace).await;
    let workspace = playground.workspace(Cli::Terraform);

    // The database, its backup and the copy in one apply; the copy has the password that its data has.
    let from_first = "backup = kubeblocks_backup.first.name";
    workspace.write("main.tf", format!("{}{BACKUP}{}", source(&namespace), copy(&namespace, from_first)));
    workspace.apply().await.succeeded();
    assert_eq!(password(&namespace, "copy").await, password(&namespace, "cache").await);
    assert_eq!(annotation(&namespace, "copy").await, Value::Null, "the operator has forgotten the restore");
    workspace.plan_is_empty().await;

    // What is read at create only changes nothing later.
    let generation = namespace.cluster("copy").await.expect("it exists")["metadata"]["generation"].clone();
    workspace
        .write("main.tf", format!("{}{BACKUP}{}", source(&namespace), Redis::new(&namespace.name, "copy")));
    workspace.apply().await.succeeded();
    let after = namespace.cluster("copy").await.expect("it exists");
    assert_eq!(after["metadata"]["generation"], generation);
    workspace.plan_is_empty().await;

    // A final backup, of one that runs, is taken and named; of one that is stopped it cannot be had, and nothing goes.
    let last = "final_backup = { method = \"datafile\", retention = \"30d\" }";
    let copy = || {
        Redis::new(&namespace.name, "copy").extra(last).extra(&format!(
            "backup = {{ repo = \"{}\", method = \"datafile\", enabled = false, schedule = \"0 3 * * *\" }}",
            namespace.name
        ))
    };
    workspace.write("main.tf", format!("{}{BACKUP}{}", source(&namespace), copy().extra("running = false")));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    workspace.write("main.tf", format!("{}{BACKUP}", source(&namespace)));
    workspace.apply().await.failed().says(&["Final backup was not taken", "is stopped"]);
    assert!(namespace.cluster("copy").await.is_some(), "nothing was removed");
    workspace.write("main.tf", format!("{}{BACKUP}{}", source(&namespace), copy()));
    workspace.apply().await.succeeded();
    workspace.write("main.tf", format!("{}{BACKUP}", source(&namespace)));
    workspace.apply().await.succeeded().says(&["Final backup is taken", "copy-final"]);
    assert!(namespace.cluster("copy").await.is_none());
    let left = namespace.object(GROUP, "Backup", "backups", "copy-final").await.expect("it stays");
    assert_eq!(
        (&left["status"]["phase"], &left["spec"]["retentionPeriod"]),
        (&"Completed".into(), &"30d".into())
    );

    // The next one of that name is another one; and a database starts from it.
    let again = || copy().extra("restore = { backup = \"copy-final\" }");
    workspace.write("main.tf", format!("{}{BACKUP}{}", source(&namespace), again()));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    assert_eq!(password(&namespace, "copy").await, password(&namespace, "cache").await);
    workspace.destroy().await.succeeded().says(&["copy-final-2"]);
    destroy_with_backups(playground, &namespace, &repository, &["copy-final", "copy-final-2"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_does_not_fit_is_refused_and_one_that_is_killed_is_gone_on_with() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("norestore").await;
    let repository = repository(playground, &namespace).await;
    let workspace = playground.workspace(Cli::Terraform);
    let with = |copy: &Redis| format!("{}{BACKUP}{copy}", source(&namespace));
    workspace.write("main.tf", format!("{}{BACKUP}", source(&namespace)));
    workspace.apply().await.succeeded();

    let first = |more: &str| copy(&namespace, &format!("backup = \"first\"{more}"));
    for (copy, expected) in [
        (copy(&namespace, "backup = \"frist\""), &["no Backup \"frist\"", "Did you mean \"first\""][..]),
        (first("").size("512Mi"), &["with the volume data of 1Gi", "512Mi"]),
        (first(", component = \"redsi\""), &["no component \"redsi\"", "Did you mean \"redis\""]),
        (first(", time = \"2026-01-31T12:00:00Z\""), &["tells no time range"]),
        (first(", time = \"yesterday\""), &["2026-01-31T12:00:00Z"]),
        (first("").extra("running = false"), &["Stopped database cannot be restored"]),
    ] {
        workspace.write("main.tf", with(&copy));
        workspace.plan().await.failed().says(expected);
    }
    assert!(namespace.cluster("copy").await.is_none());

    // Cut off before the operator has begun: the next apply leaves what asks for the restore as it is.
    workspace.write("main.tf", with(&first("")));
    namespace.pause_operator("copy", true);
    let child = workspace.spawn(["apply", "-auto-approve", "-no-color"]);
    namespace.cluster_exists("copy").await;
    kill_provider_of(child, &workspace).await;
    let asked = annotation(&namespace, "copy").await;
    let asked: Value = serde_json::from_str(asked.as_str().expect("it is asked for")).expect("it is JSON");
    assert!(asked["redis"]["connectionPassword"].is_string(), "{asked:#}");
    namespace.pause_operator("copy", false);
    workspace.apply().await.succeeded();
    assert_eq!(password(&namespace, "copy").await, password(&namespace, "cache").await);
    workspace.plan_is_empty().await;

    workspace.destroy().await.succeeded();
    repository.destroy().await.succeeded();
    assert!(namespace.cluster("cache").await.is_none() && namespace.cluster("copy").await.is_none());
}
