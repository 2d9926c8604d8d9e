//! The command `export`: the plan of what it writes imports all and changes nothing. So does what `terraform query`
//! generates.

use std::path::Path;

use serde_json::Value;

use crate::platform::{Platform, VERSION};
use crate::terraform::{Cli, Workspace, finished, provider_command};

struct Exported {
    code: i32,
    text: String,
    problems: String,
}

/// Runs `export`.
async fn export(kubeconfig: &Path, flags: &[&str]) -> Exported {
    let mut command = provider_command("export").await;
    let output = finished(command.arg("--kubeconfig").arg(kubeconfig).args(flags)).await;
    Exported { code: output.code, text: output.stdout, problems: output.stderr }
}

const DATABASES: &str = r#"
resource "kubeblocks_addon" "postgresql" {
  kubernetes = kubeblocks_operator.this.kubernetes
  name       = "postgresql"
}

resource "kubeblocks_backup_repo" "main" {
  kubernetes       = kubeblocks_operator.this.kubernetes
  name             = "main"
  storage_provider = "pvc"
  access_method    = "Mount"
}

resource "kubeblocks_cluster" "orders" {
  kubernetes         = kubeblocks_addon.postgresql.kubernetes
  namespace          = "default"
  name               = "orders"
  definition         = "postgresql"
  version            = "postgresql-14.8.0"
  termination_policy = "WipeOut"
  labels             = { "example.com/team" = "orders" }
  backup             = { repo = kubeblocks_backup_repo.main.name, method = "pg-basebackup", schedule = "0 3 * * *" }

  components = {
    postgresql = {
      replicas  = 2
      resources = { cpu = "100m", memory = "256Mi" }
      volumes   = { data = { size = "1Gi" } }
      services  = { extra = { type = "NodePort" } }
      logs      = ["running"]
    }
  }
  tolerations = [{ key = "db", operator = "Exists" }]
}

resource "kubeblocks_account" "app" {
  kubernetes = kubeblocks_addon.postgresql.kubernetes
  namespace  = "default"
  cluster    = kubeblocks_cluster.orders.name
  name       = "app"
  role       = "readwrite"
  password   = "known-to-the-engine"
}

resource "kubeblocks_cluster" "idle" {
  kubernetes         = kubeblocks_addon.postgresql.kubernetes
  namespace          = "default"
  name               = "idle-1"
  definition         = "postgresql"
  version            = "postgresql-14.8.0"
  termination_policy = "Delete"
  running            = false
  components         = { postgresql = { volumes = { data = { size = "1Gi" } } } }
}

resource "kubeblocks_service_descriptor" "outside" {
  kubernetes = kubeblocks_operator.this.kubernetes
  namespace  = "default"
  name       = "outside"
  kind       = "etcd"
  version    = "v3.5.9"
  endpoint   = { value = "etcd.example.com:2379" }
}
"#;

/// Addresses of what a plan imports, which is all that it does.
pub(crate) fn imported(plan: &Value) -> Vec<String> {
    let changes = plan["resource_changes"].as_array().expect("changes");
    for change in changes {
        assert_eq!(change["change"]["actions"], serde_json::json!(["no-op"]), "{change:#}");
        let importing = &change["change"]["importing"];
        assert!(importing["id"].is_string() || importing["identity"].is_object(), "{change:#}");
    }
    changes.iter().map(|change| change["address"].as_str().expect("an address").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_or_queried_is_imported_without_a_change() {
    let platform = Platform::bare().await;
    let owner = platform.workspace(Cli::Terraform);
    owner.write("main.tf", platform.operator(VERSION, "delete_crds = true") + DATABASES);
    owner.apply().await.succeeded();

    let all = export(platform.kubeconfig(), &[]).await;
    // Of a database that is stopped nobody can be asked.
    assert_eq!(all.code, 3, "{}", all.problems);
    let problems: Vec<&str> = all.problems.lines().collect();
    assert!(problems.len() == 1 && problems[0].contains("default/idle-1"), "{problems:?}");
    assert!(!all.text.contains("known-to-the-engine") && all.text.contains("# Its password"), "{}", all.text);
    let workspace = workspace(&platform, &all.text);
    let addresses = imported(&workspace.plan_json().await);
    for address in [
        "kubeblocks_operator.kubeblocks",
        "kubeblocks_addon.postgresql",
        "kubeblocks_backup_repo.main",
        "kubeblocks_cluster.orders",
        "kubeblocks_cluster.idle_1",
        "kubeblocks_account.orders_app",
        "kubeblocks_service_descriptor.outside",
    ] {
        assert!(addresses.iter().any(|found| found == address), "{address} in {addresses:?}");
    }
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;

    crate::query::finds_all(&platform).await;

    // One namespace, into a file that must not be there.
    let file = workspace.path("some.tf");
    let flags = ["--namespace", "kb-system", "--output", &file.display().to_string()];
    let some = export(platform.kubeconfig(), &flags).await;
    assert_eq!((some.code, some.text.as_str()), (0, ""), "{}", some.problems);
    let written = std::fs::read_to_string(&file).expect("it was written");
    assert!(!written.contains("import") && written.contains("kubeblocks/kubeblocks"), "{written}");
    let again = export(platform.kubeconfig(), &flags).await;
    assert_eq!(again.code, 1, "{}", again.problems);
    std::fs::remove_file(&file).expect("it is there");

    owner.destroy().await.succeeded();
    platform.is_empty().await;
    let nobody = export(&platform.kubeconfig_without_rights(), &[]).await;
    assert_eq!(nobody.code, 1, "{}", nobody.problems);
}

/// A configuration that is what was exported, and nothing else but what the tests need to find the provider.
fn workspace(platform: &Platform, exported: &str) -> Workspace {
    let workspace = platform.workspace(Cli::Terraform);
    workspace.remove("provider.tf");
    // The workspace says where the provider comes from, as the export does.
    workspace.remove("versions.tf");
    workspace.write("main.tf", exported);
    workspace
}
