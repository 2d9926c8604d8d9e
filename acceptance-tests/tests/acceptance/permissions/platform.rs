//! Roles for what serves the whole Kubernetes cluster, and for looking at it.

use std::path::Path;

use acceptance_tests::tools;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use serde_json::json;

use super::account::{Account, Exception};
use super::live;
use crate::hcl::Redis;
use crate::platform::{Platform, VERSION};
use crate::playground::Playground;
use crate::query;
use crate::terraform::{Cli, Workspace, finished, provider_command};

fn workspace(kubeconfig: &Path) -> Workspace {
    Platform::workspace_through(Cli::Terraform, kubeconfig)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_the_operator_are_enough_and_none_is_superfluous() {
    let platform = Platform::bare().await;
    let account = Account::with("operator", "default", platform.recorded()).await;
    let workspace = workspace(&account.kubeconfig());
    workspace.write("main.tf", platform.operator("0.7.4", "values = { replicaCount = 1 }"));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    workspace.write("main.tf", platform.operator(VERSION, ""));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    // What the new chart lacks is kept, and holds the definitions.
    platform.kubectl(&["delete", "addon", "xinference", "--timeout", "60s"]).await.succeeded();
    live(&account, &workspace, &[platform.operator(VERSION, "delete_crds = true")]).await;
    let inside = "the API server asks for it within the request that writes a role or a binding";
    account
        .used_exactly(
            &[
                Exception { right: "escalate clusterroles.rbac.authorization.k8s.io", why: inside },
                Exception { right: "bind clusterroles.rbac.authorization.k8s.io", why: inside },
                Exception { right: "escalate roles.rbac.authorization.k8s.io", why: inside },
                Exception { right: "bind roles.rbac.authorization.k8s.io", why: inside },
            ],
            &[],
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_add_ons_are_enough_and_none_is_superfluous() {
    let platform = Platform::with_operator().await;
    let account = Account::with("addons", "default", platform.recorded()).await;
    let addon = |lines: &str| {
        format!("resource \"kubeblocks_addon\" \"it\" {{\n  name = \"risingwave\"\n{lines}\n}}\n")
    };
    let workspace = workspace(&account.kubeconfig());
    workspace.write("main.tf", addon(""));
    let hold = leaving_constraint(platform, "kb-addon-risingwave").await;
    let (applied, ()) = tokio::join!(workspace.apply(), async {
        // A wait whose first lists are enough ends before some of its watches begin, or after, as the machine is fast or slow.
        for plural in ["clusterdefinitions", "clusterversions", "configconstraints", "backuppolicytemplates"]
        {
            account.uses(&format!("watch {plural}.apps.kubeblocks.io")).await;
        }
        hold.release().await;
    });
    applied.succeeded();
    let look = "data \"kubeblocks_addons\" \"all\" {}\n";
    live(&account, &workspace, &[addon(""), addon("  enabled = false") + look]).await;
    let log = Exception { right: "get pods/log", why: "of an installation that fails, for its error" };
    account.used_exactly(&[log], &[]).await;
}

/// What keeps an object from going.
struct Hold(Api<DynamicObject>);

const HELD: &str = "of-a-former-risingwave";

impl Hold {
    async fn release(&self) {
        let none = Patch::Merge(json!({"metadata": {"finalizers": null}}));
        self.0.patch(HELD, &PatchParams::default(), &none).await.expect("it is there");
    }
}

/// A `ConfigConstraint` that a former release of this name has brought, and that is still going.
async fn leaving_constraint(platform: &Platform, release: &str) -> Hold {
    let constraints = platform.api("apps.kubeblocks.io", "ConfigConstraint", "configconstraints", None);
    let constraint = json!({
        "apiVersion": "apps.kubeblocks.io/v1alpha1",
        "kind": "ConfigConstraint",
        "metadata": {
            "name": HELD,
            "labels": { "app.kubernetes.io/instance": release },
            "finalizers": ["example.com/held"],
        },
        "spec": { "formatterConfig": { "format": "properties" } },
    });
    let constraint = serde_json::from_value(constraint).expect("an object");
    constraints.create(&PostParams::default(), &constraint).await.expect("it is accepted");
    constraints.delete(HELD, &DeleteParams::default()).await.expect("it is there");
    Hold(constraints)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_backup_repositories_are_enough_and_none_is_superfluous() {
    let platform = Platform::with_operator().await;
    let account = Account::with("backup-repositories", "default", platform.recorded()).await;
    let repository = |version: u8| {
        format!(
            r#"
resource "kubeblocks_backup_repo" "this" {{
  name             = "rights"
  storage_provider = "s3"
  config           = {{ bucket = "shop", region = "eu-central-1" }}
  credentials_wo = {{
    accessKeyId     = "AKIARIGHTS"
    secretAccessKey = "rights-{version}"
  }}
  credentials_wo_version = {version}
}}
"#
        )
    };
    live(&account, &workspace(&account.kubeconfig()), &[repository(1), repository(2)]).await;
    let keys = "the keys belong to the repository, so the API server's garbage collector may come first";
    account.used_exactly(&[Exception { right: "delete secrets", why: keys }], &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_doctor_are_enough_and_none_is_superfluous() {
    let playground = Playground::shared().await;
    let account = Account::with("doctor", "default", playground.recorded()).await;
    let helm = tokio::task::spawn_blocking(tools::helm).await.expect("no panic").expect("helm is built");
    let mut doctor = provider_command("doctor").await;
    doctor
        .args(["--json", "--namespace", "default"])
        .env("KUBE_CONFIG_PATH", account.kubeconfig())
        .env("KUBEBLOCKS_HELM", helm);
    let report = finished(&mut doctor).await.json();
    // It may look, and says that it may do nothing else.
    for check in report["checks"].as_array().expect("checks") {
        let rights = check["name"].as_str().is_some_and(|name| name.starts_with("permissions-"));
        let unread = check.to_string().contains("may not");
        assert!(rights || !unread, "{check:#}");
    }
    account.used_exactly(&[], &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_export_and_query_are_enough_and_none_is_superfluous() {
    let playground = Playground::of_its_own().await;
    let namespace = playground.namespace("rights-export").await;
    let owner = playground.workspace(Cli::Terraform);
    let parameters = "parameters = { \"redis-replication-config\" = { maxclients = \"20000\" } }";
    owner.write("main.tf", Redis::new(&namespace.name, "cache").component(parameters).to_string());
    owner.apply().await.succeeded();
    let account = Account::with("export", &namespace.name, playground.recorded()).await;
    let mut export = provider_command("export").await;
    export.arg("--kubeconfig").arg(account.kubeconfig());
    assert_eq!(finished(&mut export).await.succeeded().stderr, "");

    let workspace = Playground::workspace_through(Cli::Newest, &account.kubeconfig());
    let kinds =
        ["operator", "addon", "backup_repo", "cluster", "service_descriptor", "backup_schedule", "backup"];
    workspace.write("search.tfquery.hcl", kinds.map(|kind| query::list(kind, "")).concat());
    workspace.run(["query", "-no-color"]).await.succeeded();
    account.used_exactly(&[], &[]).await;
}
