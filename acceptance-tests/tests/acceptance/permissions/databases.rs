//! Roles for what happens in the namespace of databases.

use std::path::Path;

use serde_json::json;

use super::account::{Account, Exception};
use super::live;
use crate::hcl::{self, Redis};
use crate::playground::{Namespace, Playground};
use crate::rpc::Plugin;
use crate::terraform::{Cli, Workspace};

/// A namespace, and an account with the rights of a feature there.
async fn account(feature: &str) -> (&'static Playground, Namespace, Account<'static>) {
    let playground = Playground::shared().await;
    let namespace = playground.namespace(&format!("rights-{feature}")).await;
    let account = Account::with(feature, &namespace.name, playground.recorded()).await;
    (playground, namespace, account)
}

fn workspace(kubeconfig: &Path) -> Workspace {
    Playground::workspace_through(Cli::Terraform, kubeconfig)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_databases_are_enough_and_none_is_superfluous() {
    let (_, namespace, account) = account("databases").await;
    let redis = |clients: &str, services: &str| {
        let parameters =
            format!("parameters = {{ \"redis-replication-config\" = {{ maxclients = \"{clients}\" }} }}");
        Redis::new(&namespace.name, "cache").component(&format!("{parameters}\n{services}"))
    };
    let services = "services = { extra = { type = \"NodePort\" } }";
    let lives = [
        redis("20000", "").to_string(),
        redis("30000", services).replicas(3).memory("256Mi").size("2Gi").to_string(),
    ];
    live(&account, &workspace(&account.kubeconfig()), &lives).await;
    namespace.is_empty().await;
    account.used_exactly(&[], &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_a_plan_change_nothing() {
    let (playground, namespace, account) = account("plan").await;
    let owner = playground.workspace(Cli::Terraform);
    let name = &namespace.name;
    let redis = Redis::new(name, "cache")
        .extra("backup = { repo = kubeblocks_backup_repo.this.name, method = \"datafile\", enabled = false, schedule = \"0 3 * * *\" }")
        .component("parameters = { \"redis-replication-config\" = { maxclients = \"20000\" } }");
    let stack = |redis: &Redis| {
        format!(
            r#"{redis}
resource "kubeblocks_backup_repo" "this" {{
  name             = "{name}"
  storage_provider = "pvc"
  access_method    = "Mount"
}}
resource "kubeblocks_backup" "first" {{
  namespace = kubeblocks_cluster.cache.namespace
  cluster   = kubeblocks_cluster.cache.name
  name      = "first"
  method    = "datafile"
}}
resource "kubeblocks_backup_schedule" "nightly" {{
  namespace = kubeblocks_cluster.cache.namespace
  name      = "nightly"
  cluster   = kubeblocks_cluster.cache.name
  schedules = {{ datafile = {{ cron = "0 3 * * *" }} }}
}}
resource "kubeblocks_service_descriptor" "etcd" {{
  namespace = "{name}"
  name      = "etcd"
  kind      = "etcd"
  version   = "v3.5.6"
  endpoint  = {{ value = "etcd.example.com:2379" }}
}}
"#
        )
    };
    owner.write("main.tf", stack(&redis));
    owner.apply().await.succeeded();

    owner.write("provider.tf", hcl::provider(&account.kubeconfig()));
    owner.plan_is_empty().await;
    let other = Redis::new(name, "other");
    owner.write(
        "main.tf",
        format!("{}{other}", stack(&redis.clone().replicas(3).memory("256Mi").size("2Gi"))),
    );
    owner.plan().await.succeeded().says(&["1 to add, 1 to change, 0 to destroy"]);
    // Verb, kind and namespace, and what to do.
    owner.apply().await.failed().says(&[
        "cannot patch resource \"clusters\"",
        &format!("in the namespace \"{name}\""),
        "kubectl auth can-i",
    ]);

    owner.write("provider.tf", hcl::provider(playground.kubeconfig()));
    owner.write("main.tf", stack(&redis));
    owner.destroy().await.succeeded();
    let refused = Exception { right: "patch clusters.apps.kubeblocks.io", why: "the apply was to fail" };
    account.used_exactly(&[], &[refused]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_operations_are_enough_and_none_is_superfluous() {
    let (_, namespace, account) = account("operations").await;
    namespace.create_foreign("pg", "postgresql", "postgresql-14.8.0", "postgresql").await;
    namespace.cluster_running("pg").await;
    let operation = |trigger: u8| {
        crate::ops_request::operation(
            &namespace.name,
            "pg",
            "restart = { components = [\"postgresql\"] }",
            &format!("triggers = {{ at = \"{trigger}\" }}"),
        )
    };
    live(&account, &workspace(&account.kubeconfig()), &[operation(1), operation(2)]).await;

    let plugin = Plugin::start(&account.kubeconfig()).await;
    let invoke = async |action: &str, more: serde_json::Value| {
        let mut all =
            json!({"kubernetes": null, "namespace": namespace.name, "cluster": "pg", "timeout": null});
        all.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let invoked = plugin.invoke(action, &all).await;
        assert_eq!(invoked.diagnostics, Vec::<String>::new(), "{action}");
    };
    invoke("kubeblocks_switchover", json!({"component": "postgresql", "instance": "pg-postgresql-1"})).await;
    invoke("kubeblocks_restart", json!({"components": null})).await;
    invoke("kubeblocks_stop", json!({})).await;
    invoke("kubeblocks_start", json!({})).await;
    namespace.delete_cluster("pg").await;
    account.used_exactly(&[], &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_backups_are_enough_and_none_is_superfluous() {
    let (playground, namespace, account) = account("backups").await;
    let owner = playground.workspace(Cli::Terraform);
    let name = &namespace.name;
    let redis = Redis::new(name, "cache").extra(
        "backup = { repo = kubeblocks_backup_repo.this.name, method = \"datafile\", enabled = false, schedule = \"0 3 * * *\" }",
    );
    owner.write(
        "main.tf",
        format!(
            "resource \"kubeblocks_backup_repo\" \"this\" {{\n  name = \"{name}\"\n  storage_provider = \"pvc\"\n  access_method = \"Mount\"\n}}\n{redis}"
        ),
    );
    owner.apply().await.succeeded();
    let configuration = |retention: &str, cron: &str| {
        format!(
            r#"
resource "kubeblocks_backup" "first" {{
  namespace       = "{name}"
  cluster         = "cache"
  name            = "first"
  method          = "datafile"
  retention       = "1w"
  deletion_policy = "{retention}"
}}
resource "kubeblocks_backup_schedule" "nightly" {{
  namespace = "{name}"
  name      = "nightly"
  cluster   = "cache"
  schedules = {{ datafile = {{ cron = "{cron}" }} }}
}}
data "kubeblocks_backups" "all" {{
  namespace  = "{name}"
  depends_on = [kubeblocks_backup.first]
}}
"#
        )
    };
    let restored = Redis::new(name, "copy").extra("restore = { backup = kubeblocks_backup.first.name }");
    let with_copy = configuration("Delete", "0 4 * * *") + &restored.to_string();
    live(&account, &workspace(&account.kubeconfig()), &[configuration("Delete", "0 3 * * *"), with_copy])
        .await;
    owner.destroy().await.succeeded();
    account.used_exactly(&[], &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_accounts_are_enough_and_none_is_superfluous() {
    let (_, namespace, account) = account("accounts").await;
    namespace.create_foreign("pg", "postgresql", "postgresql-14.8.0", "postgresql").await;
    namespace.cluster_running("pg").await;
    let resource = |role: &str| {
        format!(
            r#"
resource "kubeblocks_account" "app" {{
  namespace         = "{}"
  cluster           = "pg"
  name              = "app"
  role              = "{role}"
  password          = "{role}-password"
  password_revision = {}
}}
"#,
            namespace.name,
            role.len()
        )
    };
    live(&account, &workspace(&account.kubeconfig()), &[resource("readwrite"), resource("readonly")]).await;
    namespace.delete_cluster("pg").await;
    account.used_exactly(&[], &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_service_descriptors_are_enough_and_none_is_superfluous() {
    let (_, namespace, account) = account("service-descriptors").await;
    let resource = |port: u16, password: &str| {
        format!(
            r#"
resource "kubeblocks_service_descriptor" "etcd" {{
  namespace = "{}"
  name      = "etcd"
  kind      = "etcd"
  version   = "v3.5.6"
  endpoint  = {{ value = "etcd.example.com:{port}" }}
  port      = {{ value = "{port}" }}
  username  = {{ value = "root" }}
  {password}
}}
"#,
            namespace.name
        )
    };
    let password =
        |version: u8| format!("password_wo = \"geheim-{version}\"\n  password_wo_version = {version}");
    let lives = [resource(2379, &password(1)), resource(2380, &password(2)), resource(2380, "")];
    live(&account, &workspace(&account.kubeconfig()), &lives).await;
    account.used_exactly(&[], &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_an_object_are_enough_and_none_is_superfluous() {
    let (_, _, account) = account("objects").await;
    let constraint = |dynamic: &str| crate::object::constraint("rights", dynamic, "");
    live(&account, &workspace(&account.kubeconfig()), &[constraint("\"a\""), constraint("\"b\"")]).await;
    account.used_exactly(&[], &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_credentials_are_enough_and_none_is_superfluous() {
    let (_, namespace, account) = account("credentials").await;
    namespace.create_foreign_redis("cache").await;
    namespace.cluster_running("cache").await;
    let text = format!(
        r#"
ephemeral "kubeblocks_credentials" "cache" {{
  namespace = "{}"
  cluster   = "cache"
}}
resource "terraform_data" "use" {{
  provisioner "local-exec" {{
    command     = "test -n \"$PASSWORD\""
    environment = {{ PASSWORD = ephemeral.kubeblocks_credentials.cache.password }}
  }}
}}
"#,
        namespace.name
    );
    live(&account, &workspace(&account.kubeconfig()), &[text]).await;
    namespace.delete_cluster("cache").await;
    account.used_exactly(&[], &[]).await;
}
