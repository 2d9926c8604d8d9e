//! What is looked up and computed: data source, ephemeral credentials, functions.

use crate::hcl::{self, Redis};
use crate::platform::Platform;
use crate::playground::Playground;
use crate::terraform::{Cli, Workspace};

#[tokio::test(flavor = "multi_thread")]
async fn the_data_source_shows_a_cluster_that_someone_else_made() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("lookup").await;
    namespace.create_foreign_redis("theirs").await;
    namespace.cluster_running("theirs").await;
    for cli in [Cli::Terraform, Cli::OpenTofu] {
        let workspace = playground.workspace(cli);
        workspace.write(
            "main.tf",
            format!(
                "data \"kubeblocks_cluster\" \"theirs\" {{\n  namespace = \"{}\"\n  name = \"theirs\"\n}}\noutput \"theirs\" {{\n  value = data.kubeblocks_cluster.theirs\n}}\n",
                namespace.name
            ),
        );
        workspace.apply().await.succeeded();
        let state = workspace.state().await;
        let theirs = &state["values"]["outputs"]["theirs"]["value"];
        assert_eq!(theirs["definition"], "redis");
        assert_eq!(theirs["phase"], "Running");
        assert_eq!(theirs["credentials_secret"]["name"], "theirs-conn-credential");
        assert_eq!(theirs["components"]["redis"]["replicas"], 2, "{theirs:#}");
        workspace.plan_is_empty().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failover_the_data_source_shows_the_new_leader_and_the_resource_is_as_planned() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("failover").await;
    let workspace = playground.workspace(Cli::Terraform);
    let redis = Redis::new(&namespace.name, "cache");
    workspace.write("main.tf", redis.to_string());
    workspace.write(
        "data.tf",
        r#"
data "kubeblocks_cluster" "cache" {
  namespace = kubeblocks_cluster.cache.namespace
  name      = kubeblocks_cluster.cache.name
}
output "instances" {
  value = data.kubeblocks_cluster.cache.instances
}
output "leader" {
  value = one([for name, instance in data.kubeblocks_cluster.cache.instances : name if instance.leader])
}
"#,
    );
    workspace.apply().await.succeeded();
    let (first, second) = ("cache-redis-0", "cache-redis-1");
    namespace.place_in_zone(second, "zone-b").await;
    let outputs = workspace.state().await["values"]["outputs"].clone();
    assert_eq!(outputs["leader"]["value"], first);
    let endpoints = workspace.attributes(&redis.address()).await["endpoints"].clone();
    namespace.service_leads_to("cache-redis", first).await;

    namespace.fail_over(first, second).await;
    // What the configuration says is as it was; only what it looks up is new.
    assert!(workspace.planned_actions().await.is_empty());
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    let outputs = workspace.state().await["values"]["outputs"].clone();
    assert_eq!(outputs["leader"]["value"], second);
    let instance = &outputs["instances"]["value"][second];
    for (attribute, expected) in [
        ("component", serde_json::json!("redis")),
        ("role", "primary".into()),
        ("phase", "Running".into()),
        ("ready", true.into()),
        ("zone", "zone-b".into()),
    ] {
        assert_eq!(instance[attribute], expected, "{attribute}: {instance:#}");
    }
    assert!(instance["node"].is_string(), "{instance:#}");
    assert_eq!(outputs["instances"]["value"][first]["leader"], false);
    // The same addresses, and they lead to the new leader.
    assert_eq!(workspace.attributes(&redis.address()).await["endpoints"], endpoints);
    assert_eq!(endpoints["redis"]["host"], format!("cache-redis.{}.svc", namespace.name));
    namespace.service_leads_to("cache-redis", second).await;
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_does_not_exist_is_an_error_of_the_data_source() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("nolookup").await;
    let workspace = playground.workspace(Cli::Terraform);
    workspace.write(
        "main.tf",
        format!(
            "data \"kubeblocks_cluster\" \"x\" {{\n  namespace = \"{}\"\n  name = \"nothing\"\n}}\n",
            namespace.name
        ),
    );
    workspace.plan().await.failed().says(&["nothing", &namespace.name]);
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_opened_in_each_run_and_say_what_is_missing() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("creds").await;
    let workspace = playground.workspace(Cli::Terraform);
    let ephemeral = |cluster: &str| {
        format!(
            r#"
ephemeral "kubeblocks_credentials" "it" {{
  namespace = "{}"
  cluster   = "{cluster}"
  lifecycle {{
    postcondition {{
      condition     = self.username == "default" && length(self.password) > 7 && self.host == "cache-redis.{0}.svc" && self.port == 6379
      error_message = "wrong credentials"
    }}
  }}
}}
"#,
            namespace.name
        )
    };
    let redis = Redis::new(&namespace.name, "cache").replicas(1);
    workspace.write("main.tf", redis.to_string());
    workspace.apply().await.succeeded();
    workspace.write("credentials.tf", ephemeral("cache"));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;

    workspace.write("credentials.tf", ephemeral("nothing"));
    workspace.plan().await.failed().says(&["nothing", "kubeblocks_credentials.it"]);
    workspace.remove("credentials.tf");
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_compute_offline_and_name_the_wrong_argument() {
    let playground = Playground::shared().await;
    for cli in [Cli::Terraform, Cli::OpenTofu] {
        let workspace = playground.workspace(cli);
        workspace.write(
            "main.tf",
            r#"
output "same" {
  value = provider::kubeblocks::quantity("1Gi") == provider::kubeblocks::quantity("1024Mi")
}
output "uri" {
  value = provider::kubeblocks::connection_uri("postgresql", { host = "db", port = "5432", username = "u", password = "p@ss/word", database = "shop" })
}
"#,
        );
        workspace.apply().await.succeeded();
        let outputs = workspace.state().await["values"]["outputs"].clone();
        assert_eq!(outputs["same"]["value"], true);
        assert_eq!(outputs["uri"]["value"], "postgresql://u:p%40ss%2Fword@db:5432/shop");

        workspace
            .write("main.tf", "output \"bad\" {\n  value = provider::kubeblocks::quantity(\"10 GB\")\n}\n");
        workspace.plan().await.failed().says(&["10 GB"]);
    }
}

const ENGINES: &str = r#"
data "kubeblocks_cluster_definition" "redis" {
  name = "redis"
}

data "kubeblocks_cluster_definitions" "all" {}

data "kubeblocks_cluster_definitions" "of_redis" {
  addon = "redis"
}

data "kubeblocks_cluster_versions" "redis" {
  cluster_definition = "redis"
}

output "redis" {
  value = data.kubeblocks_cluster_definition.redis
}

output "all" {
  value = data.kubeblocks_cluster_definitions.all.cluster_definitions
}

output "of_redis" {
  value = keys(data.kubeblocks_cluster_definitions.of_redis.cluster_definitions)
}

output "versions" {
  value = data.kubeblocks_cluster_versions.redis
}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn installed_engines_are_shown_as_a_database_can_use_them() {
    let playground = Playground::shared().await;
    for cli in [Cli::Terraform, Cli::OpenTofu] {
        let workspace = playground.workspace(cli);
        workspace.write("main.tf", ENGINES);
        workspace.apply().await.succeeded();
        let outputs = workspace.state().await["values"]["outputs"].clone();
        let value = |name: &str| &outputs[name]["value"];
        let redis = value("redis");
        assert_eq!(
            (&redis["phase"], &redis["default_version"]),
            (&"Available".into(), &"redis-7.0.6".into())
        );
        assert_eq!(redis["components"]["redis"]["workload_type"], "Replication");
        assert_eq!(redis["components"]["redis"]["ports"]["redis"], 6379);
        assert!(
            redis["components"]["redis"]["config_specs"]["redis-replication-config"].is_object(),
            "{redis:#}"
        );
        assert_eq!(value("all")["postgresql"]["components"]["postgresql"], "Replication");
        assert_eq!(value("of_redis"), &serde_json::json!(["redis"]));
        let versions = value("versions");
        assert_eq!(versions["default_version"], "redis-7.0.6");
        assert_eq!(versions["cluster_versions"]["redis-7.0.6"]["cluster_definition"], "redis");
        workspace.plan_is_empty().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_is_not_installed_is_an_error_that_names_the_others() {
    let playground = Playground::shared().await;
    let workspace = playground.workspace(Cli::Terraform);
    workspace.write("main.tf", "data \"kubeblocks_cluster_definition\" \"x\" {\n  name = \"postgres\"\n}\n");
    workspace.plan().await.failed().says(&["Did you mean \"postgresql\"?", "redis", "depends_on"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn add_ons_are_listed_and_chosen_by_name_and_switch() {
    let platform = Platform::with_operator().await;
    let workspace = Workspace::new(Cli::Terraform);
    workspace.write("provider.tf", hcl::provider(platform.kubeconfig()));
    workspace.write(
        "main.tf",
        r#"
data "kubeblocks_addons" "all" {}

data "kubeblocks_addons" "some" {
  names = ["qdrant", "nothing"]
}

data "kubeblocks_addons" "off" {
  enabled = false
}

output "all" {
  value = data.kubeblocks_addons.all.addons
}

output "some" {
  value = keys(data.kubeblocks_addons.some.addons)
}

output "on_among_off" {
  value = [for name, addon in data.kubeblocks_addons.off.addons : name if addon.enabled]
}
"#,
    );
    workspace.apply().await.succeeded();
    let outputs = workspace.state().await["values"]["outputs"].clone();
    let all = outputs["all"]["value"].as_object().expect("it is a map").clone();
    let catalogue = kubeblocks_schemas::catalogue::Catalogue::v0_7();
    for object in catalogue.addons().filter_map(|addon| addon.object) {
        let addon = all.get(object).unwrap_or_else(|| panic!("{object} is missing: {:?}", all.keys()));
        assert_eq!(addon["version"], "0.7.5", "{addon:#}");
        assert!(addon["chart"].as_str().is_some_and(|chart| chart.contains(object)), "{addon:#}");
    }
    assert_eq!(outputs["some"]["value"], serde_json::json!(["qdrant"]));
    assert_eq!(outputs["on_among_off"]["value"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_operator_is_not_installed_a_data_source_says_how_to_wait_for_it() {
    let bare = Playground::bare().await;
    let workspace = bare.workspace(Cli::Terraform);
    for data in ["kubeblocks_addons", "kubeblocks_cluster_definitions", "kubeblocks_cluster_versions"] {
        workspace.write("main.tf", format!("data \"{data}\" \"x\" {{}}\n"));
        workspace
            .plan()
            .await
            .failed()
            .says(&["is not installed there", "depends_on = [kubeblocks_operator.<name>]"]);
    }
}
