//! What is looked up and computed: data source, ephemeral credentials, functions.

use crate::hcl::Redis;
use crate::playground::Playground;
use crate::terraform::Cli;

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
