//! `kubeblocks_backup_repo` from nothing to nothing, and what it refuses.

use serde_json::json;

use crate::platform::Platform;
use crate::terraform::{Cli, Workspace};

const GROUP: &str = "dataprotection.kubeblocks.io";
const NAMESPACE: &str = "kb-system";
/// Keys that are nowhere else.
const KEY: &str = "AKIAMARKEROFTHEBACKUPS";
const SECRET: &str = "marker+of/the=secret~key";

/// A repository on S3, and its keys from variables that Terraform does not store.
fn on_s3(name: &str, bucket: &str, version: u32, lines: &str) -> String {
    format!(
        r#"
variable "access_key_id" {{
  type      = string
  ephemeral = true
}}

variable "secret_access_key" {{
  type      = string
  ephemeral = true
}}

resource "kubeblocks_backup_repo" "this" {{
  name             = "{name}"
  storage_provider = "s3"
  config           = {{ bucket = "{bucket}", region = "eu-central-1" }}
  credentials_wo = {{
    accessKeyId     = var.access_key_id
    secretAccessKey = var.secret_access_key
  }}
  credentials_wo_version = {version}
  {lines}
}}
"#
    )
}

fn with_keys(workspace: &mut Workspace, secret: &str) {
    workspace.set("TF_VAR_access_key_id", KEY).set("TF_VAR_secret_access_key", secret);
}

/// Names of the Secrets of a repository.
async fn secrets(platform: &Platform, repo: &str) -> Vec<String> {
    let all = platform.names("", "Secret", "secrets", Some(NAMESPACE)).await;
    all.into_iter().filter(|name| name.ends_with(&format!("backup-repo-{repo}"))).collect()
}

async fn stored_key(platform: &Platform, repo: &str) -> String {
    use base64::Engine as _;
    let name = format!("kubeblocks-backup-repo-{repo}");
    let secret =
        platform.get("", "Secret", "secrets", Some(NAMESPACE), &name).await.expect("the Secret is there");
    let data = secret["data"]["secretAccessKey"].as_str().unwrap_or_default();
    String::from_utf8(base64::prelude::BASE64_STANDARD.decode(data).expect("base64")).expect("text")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_lives_its_whole_life_with_opentofu() {
    lives_its_whole_life(Cli::OpenTofu, "tofu").await;
}

async fn lives_its_whole_life(cli: Cli, name: &str) {
    let platform = Platform::with_operator().await;
    let mut workspace = platform.workspace(cli);
    with_keys(&mut workspace, SECRET);
    let log = workspace.path("trace.log");
    workspace.set("TF_LOG", "TRACE").set("TF_LOG_PATH", log.display());
    workspace.write("main.tf", on_s3(name, "shop", 1, ""));
    workspace.validate().await.succeeded();
    let mut said = workspace.apply().await.succeeded().text();
    workspace.plan_is_empty().await;
    let address = "kubeblocks_backup_repo.this";
    assert_eq!(workspace.attributes(address).await["phase"], "Ready");
    assert_eq!(stored_key(platform, name).await, SECRET);

    // The keys are in the Secret alone.
    said += &std::fs::read_to_string(workspace.path("terraform.tfstate")).expect("there is a state");
    said += &std::fs::read_to_string(log).expect("there is a log");
    let repo = platform.get(GROUP, "BackupRepo", "backuprepos", None, name).await.expect("it is there");
    said += &repo.to_string();
    for secret in [KEY, SECRET] {
        assert!(!said.contains(secret), "a key is shown");
    }
    workspace.set("TF_LOG", "");

    workspace.run(["state", "rm", address]).await.succeeded();
    workspace.run(["import", "-no-color", "-input=false", address, name]).await.succeeded();
    workspace.plan_is_empty().await;

    // In place: another bucket, and other keys, which the version tells.
    with_keys(&mut workspace, "another");
    workspace.plan_is_empty().await;
    workspace.write("main.tf", on_s3(name, "orders", 2, "pv_reclaim_policy = \"Delete\""));
    assert_eq!(workspace.planned_actions().await, [(address.to_owned(), vec!["update".to_owned()])]);
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    assert_eq!(stored_key(platform, name).await, "another");
    let repo = platform.get(GROUP, "BackupRepo", "backuprepos", None, name).await.expect("it is there");
    assert_eq!(repo["spec"]["config"]["bucket"], "orders");
    assert_eq!(repo["spec"]["accessMethod"], "Tool");

    // From outside: the bucket, and the Secret. Both are shown and brought back.
    let change = json!({"spec": {"config": {"bucket": "theirs"}}});
    platform.merge(GROUP, "BackupRepo", "backuprepos", None, name, change).await;
    platform
        .kubectl(&["delete", "secret", "-n", NAMESPACE, &secrets(platform, name).await[0]])
        .await
        .succeeded();
    assert_eq!(workspace.planned_actions().await, [(address.to_owned(), vec!["update".to_owned()])]);
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    assert_eq!(stored_key(platform, name).await, "another");

    workspace.destroy().await.succeeded();
    assert!(workspace.managed().await.is_empty());
    assert!(platform.get(GROUP, "BackupRepo", "backuprepos", None, name).await.is_none());
    assert_eq!(secrets(platform, name).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_fail_later_is_refused_and_nothing_is_written() {
    let platform = Platform::with_operator().await;
    let mut workspace = platform.workspace(Cli::Terraform);
    with_keys(&mut workspace, SECRET);
    let good = on_s3("bad", "shop", 1, "");
    for (right, slip, expected) in [
        ("bucket =", "buckte =", &["Unknown parameter of the storage", "Did you mean", "config"][..]),
        ("region = \"eu-central-1\" }", "region = \"x\", secretAccessKey = \"y\" }", &["Secret in the open"]),
        ("\"s3\"", "\"s3x\"", &["StorageProvider", "s3x", "not installed"]),
    ] {
        workspace.write("main.tf", good.replace(right, slip));
        workspace.apply().await.failed().says(expected);
        assert!(platform.get(GROUP, "BackupRepo", "backuprepos", None, "bad").await.is_none());
    }
    // What is missing may come: it is written, and the operator goes on trying.
    let mounted = "access_method = \"Mount\"\n  timeouts = { create = \"3s\" }";
    workspace.write("main.tf", on_s3("bad", "shop", 1, mounted));
    workspace.apply().await.failed().says(&["is not ready after 3 seconds", "csi-s3"]);
    workspace.destroy().await.succeeded();
    assert!(platform.get(GROUP, "BackupRepo", "backuprepos", None, "bad").await.is_none());
    assert_eq!(secrets(platform, "bad").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_one_default_and_a_repository_with_backups_stays() {
    let platform = Platform::with_operator().await;
    let workspace = platform.workspace(Cli::Terraform);
    let repo = |label: &str, is_default: bool| {
        format!(
            "resource \"kubeblocks_backup_repo\" \"{label}\" {{\n  name = \"{label}\"\n  storage_provider = \"pvc\"\n  access_method = \"Mount\"\n  is_default = {is_default}\n}}\n"
        )
    };
    workspace.write("main.tf", repo("first", true));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    workspace.write("main.tf", repo("first", true) + &repo("second", true));
    workspace.apply().await.failed().says(&["first", "is the default one already", "is_default = false"]);
    assert!(platform.get(GROUP, "BackupRepo", "backuprepos", None, "second").await.is_none());
    // Both at once: one makes room for the other.
    workspace.write("main.tf", repo("first", false) + &repo("second", true));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;

    // As somebody's backup lies in it, it is not removed, and goes on working.
    let backup = json!({
        "apiVersion": "dataprotection.kubeblocks.io/v1alpha1",
        "kind": "Backup",
        "metadata": {
            "name": "theirs", "namespace": "default",
            "labels": { "dataprotection.kubeblocks.io/backup-repo-name": "second" },
        },
        "spec": { "backupPolicyName": "none", "backupMethod": "none" },
    });
    workspace.write("backup.json", backup.to_string());
    let file = workspace.path("backup.json").display().to_string();
    platform.kubectl(&["create", "-f", &file]).await.succeeded();
    workspace.destroy().await.failed().says(&["There is a backup in BackupRepo second", "default/theirs"]);
    let kept = platform.get(GROUP, "BackupRepo", "backuprepos", None, "second").await.expect("it is kept");
    assert!(kept["metadata"]["deletionTimestamp"].is_null());
    platform
        .kubectl(&["delete", "backups.dataprotection.kubeblocks.io", "theirs", "-n", "default"])
        .await
        .succeeded();
    workspace.destroy().await.succeeded();
    assert!(workspace.managed().await.is_empty());
}
