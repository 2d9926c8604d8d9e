//! `kubeblocks_addon` from nothing to nothing. All tests share one operator; each has add-ons of its own.

use serde_json::{Value, json};

use crate::platform::Platform;
use crate::terraform::Cli;

/// Group, kind and plural of add-ons.
const ADDON: (&str, &str, &str) = ("extensions.kubeblocks.io", "Addon", "addons");

async fn addon(platform: &Platform, name: &str) -> Value {
    let (group, kind, plural) = ADDON;
    platform.get(group, kind, plural, None, name).await.unwrap_or(Value::Null)
}

/// The values that the release of an add-on was given.
async fn release_values(platform: &Platform, name: &str) -> Value {
    let release = format!("kb-addon-{name}");
    let output =
        platform.helm(&["get", "values", &release, "-n", "kb-system", "-o", "json"]).await.succeeded();
    serde_json::from_str(&output.stdout).expect("helm writes JSON")
}

async fn definitions(platform: &Platform) -> Vec<String> {
    platform.names("apps.kubeblocks.io", "ClusterDefinition", "clusterdefinitions", None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_add_on_lives_its_whole_life_with_terraform() {
    lives_its_whole_life(Cli::Terraform, "prometheus").await;
}

async fn lives_its_whole_life(cli: Cli, name: &str) {
    let platform = Platform::with_operator().await;
    let workspace = platform.workspace(cli);
    let address = format!("kubeblocks_addon.{name}");
    let with = |lines: &str| {
        format!("resource \"kubeblocks_addon\" \"{name}\" {{\n  name = \"{name}\"\n{lines}\n}}\n")
    };
    workspace.write(
        "main.tf",
        with(
            r#"
  replicas    = 2
  extras      = { alertmanager = { persistent = true, storage_class = "standard" } }
  tolerations = [{ key = "monitoring", operator = "Exists" }]
  values      = { server = { retention = "3d", resources = { requests = { cpu = "100m" } } }, "a.b" = [1, true, "x"] }
"#,
        ),
    );
    workspace.validate().await.succeeded();
    let plan = workspace.plan().await.succeeded();
    assert!(plan.stdout.contains("1 to add, 0 to change, 0 to destroy"), "{}", plan.text());
    workspace.apply().await.succeeded();
    assert_eq!(addon(platform, name).await["status"]["phase"], "Enabled");
    let values = release_values(platform, name).await;
    assert_eq!(values["server"]["replicaCount"], 2, "{values:#}");
    assert_eq!(values["server"]["retention"], "3d");
    assert_eq!(values["server"]["resources"]["requests"]["cpu"], "100m");
    assert_eq!(values["a.b"], json!([1, true, "x"]));
    assert_eq!(values["server"]["tolerations"], json!([{"key": "monitoring", "operator": "Exists"}]));
    assert_eq!(values["alertmanager"]["persistentVolume"]["storageClass"], "standard");
    // What is not written stays as the add-on's defaults for this Kubernetes have it.
    assert_eq!(values["server"]["persistentVolume"]["size"], "20Gi");
    assert_eq!(values["alertmanager"]["replicaCount"], 1);
    let attributes = workspace.attributes(&address).await;
    assert_eq!(attributes["cluster_definitions"], json!([]), "{attributes:#}");
    workspace.plan_is_empty().await;

    // Another change by hand shows, and is put right; what others set elsewhere is not shown.
    let (group, kind, plural) = ADDON;
    let change = json!({"spec": {"install": {"replicas": 9, "persistentVolumeEnabled": true}}});
    platform.merge(group, kind, plural, None, name, change).await;
    assert_eq!(workspace.planned_actions().await, [(address.clone(), vec!["update".to_owned()])]);
    workspace.apply().await.succeeded();
    let values = release_values(platform, name).await;
    assert_eq!(values["server"]["replicaCount"], 2);
    assert_eq!(values["server"]["persistentVolume"]["enabled"], true);
    workspace.plan_is_empty().await;

    workspace.write("main.tf", with("  replicas = 3\n  values = { server = { retention = \"5d\" } }"));
    workspace.apply().await.succeeded();
    let values = release_values(platform, name).await;
    assert_eq!(values["server"]["replicaCount"], 3);
    assert_eq!(values["server"]["retention"], "5d");
    assert_eq!(values["a.b"], Value::Null);
    assert_eq!(values["server"]["persistentVolume"]["size"], "20Gi");
    workspace.plan_is_empty().await;

    workspace.run(["state", "rm", &address]).await.succeeded();
    workspace.run(["import", "-no-color", &address, name]).await.succeeded();
    workspace.plan_is_empty().await;

    workspace.write("main.tf", with("  enabled = false"));
    workspace.apply().await.succeeded();
    assert_eq!(addon(platform, name).await["status"]["phase"], "Disabled");
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
    let left = addon(platform, name).await;
    assert_eq!(left["status"]["phase"], "Disabled");
    assert_eq!(left["spec"]["helm"]["installOptions"]["set-json"], Value::Null, "{left:#}");
    assert!(release_secrets(platform, name).await.is_empty());
}

async fn release_secrets(platform: &Platform, name: &str) -> Vec<String> {
    let mut names = platform.names("", "Secret", "secrets", Some("kb-system")).await;
    names.retain(|secret| secret.starts_with(&format!("sh.helm.release.v1.kb-addon-{name}.")));
    names
}

const POSTGRESQL: &str = r#"
resource "kubeblocks_addon" "postgresql" {
  name = "postgresql"
  ENABLED
}
"#;

fn database(namespace: &str) -> String {
    format!(
        r#"
resource "kubeblocks_cluster" "shop" {{
  namespace          = "{namespace}"
  name               = "shop"
  definition         = one(kubeblocks_addon.postgresql.cluster_definitions)
  version            = "postgresql-14.8.0"
  termination_policy = "WipeOut"
  components         = {{ postgresql = {{ replicas = 1, volumes = {{ data = {{ size = "1Gi" }} }} }} }}
}}
"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_and_its_database_come_in_one_apply_and_the_engine_stays_while_the_database_does() {
    let platform = Platform::with_operator().await;
    let workspace = platform.workspace(Cli::Terraform);
    platform.kubectl(&["create", "namespace", "addon-shop"]).await.succeeded();
    workspace.write("main.tf", POSTGRESQL.replace("ENABLED", ""));
    workspace.write("database.tf", database("addon-shop"));
    workspace.apply().await.succeeded();
    assert!(definitions(platform).await.contains(&"postgresql".to_owned()));
    workspace.plan_is_empty().await;

    // The plan says what would fail, and the apply refuses; nothing is touched.
    workspace.write("main.tf", POSTGRESQL.replace("ENABLED", "enabled = false"));
    workspace.write(
        "database.tf",
        database("addon-shop")
            .replace("one(kubeblocks_addon.postgresql.cluster_definitions)", "\"postgresql\"")
            .replace("one(kubeblocks_addon.postgresql.cluster_versions)", "\"postgresql\""),
    );
    workspace
        .plan()
        .await
        .succeeded()
        .says(&["The add-on cannot be disabled as things are", "addon-shop/shop"]);
    workspace.apply().await.failed().says(&[
        "Cannot update the KubeBlocks add-on",
        "One database uses",
        "addon-shop/shop",
    ]);
    assert_eq!(addon(platform, "postgresql").await["status"]["phase"], "Enabled");
    workspace
        .run(["destroy", "-auto-approve", "-no-color", "-target=kubeblocks_addon.postgresql"])
        .await
        .failed()
        .says(&["addon-shop/shop"]);

    // Without the reference the engine could go first; with it the order is right.
    workspace.write("main.tf", POSTGRESQL.replace("ENABLED", ""));
    workspace.write("database.tf", database("addon-shop"));
    workspace.apply().await.succeeded();
    workspace.destroy().await.succeeded();
    assert!(!definitions(platform).await.contains(&"postgresql".to_owned()), "gone when the destroy ends");
    assert!(release_secrets(platform, "postgresql").await.is_empty());
    let left = addon(platform, "postgresql").await;
    assert_eq!(left["status"]["phase"], "Disabled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_that_the_operator_has_no_add_on_for_is_made_and_removed() {
    let platform = Platform::with_operator().await;
    let workspace = platform.workspace(Cli::Terraform);
    let without = "resource \"kubeblocks_addon\" \"etcd\" {\n  name = \"etcd\"\n}\n";
    workspace.write("main.tf", without);
    workspace.plan().await.failed().says(&["No such add-on", "file://etcd-0.7.5.tgz"]);

    let image =
        addon(platform, "redis").await["spec"]["helm"]["chartsImage"].as_str().expect("an image").to_owned();
    let own = |image: &str| {
        format!(
            "resource \"kubeblocks_addon\" \"etcd\" {{\n  name = \"etcd\"\n  chart = {{ url = \"file://etcd-0.7.5.tgz\", image = \"{image}\" }}\n  values = {{ team = \"shop\" }}\n  timeouts = {{ create = \"20s\" }}\n}}\n"
        )
    };
    // An image that does not exist is said, and mended by the next apply although its Job would never end.
    workspace.write("main.tf", own("registry.invalid/charts:1"));
    workspace.apply().await.failed().says(&["does not start", "registry.invalid"]);
    workspace.write("main.tf", own(&image).replace("  timeouts = { create = \"20s\" }\n", ""));
    workspace.apply().await.succeeded();
    let attributes = workspace.attributes("kubeblocks_addon.etcd").await;
    assert_eq!(attributes["cluster_definitions"], json!(["etcd"]));
    assert_eq!(attributes["cluster_versions"], json!(["etcd-v3.5.6"]));
    assert_eq!(release_values(platform, "etcd").await, json!({"team": "shop"}));
    workspace.plan_is_empty().await;

    workspace.run(["state", "rm", "kubeblocks_addon.etcd"]).await.succeeded();
    workspace.apply().await.succeeded();
    workspace.run(["state", "rm", "kubeblocks_addon.etcd"]).await.succeeded();
    workspace.run(["import", "-no-color", "kubeblocks_addon.etcd", "etcd"]).await.succeeded();
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
    assert_eq!(addon(platform, "etcd").await, Value::Null);
    assert!(!definitions(platform).await.contains(&"etcd".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_the_operator_does_not_know_is_said_with_the_near_one() {
    let platform = Platform::with_operator().await;
    let workspace = platform.workspace(Cli::Terraform);
    workspace.write("main.tf", "resource \"kubeblocks_addon\" \"x\" {\n  name = \"posgresql\"\n}\n");
    workspace
        .plan()
        .await
        .succeeded()
        .says(&["Did you mean \"postgresql\"?", "When the same apply installs the operator"]);
    workspace.apply().await.failed().says(&["The operator has no add-on \"posgresql\"."]);
}
