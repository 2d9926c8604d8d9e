//! `kubeblocks_cluster` from nothing to nothing: create, change, replace, destroy.

use crate::hcl::Redis;
use crate::playground::Playground;
use crate::terraform::{Cli, Workspace};

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_lives_its_whole_life_with_terraform() {
    lives_its_whole_life(Cli::Terraform).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_lives_its_whole_life_with_opentofu() {
    lives_its_whole_life(Cli::OpenTofu).await;
}

async fn lives_its_whole_life(cli: Cli) {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("life").await;
    let workspace = playground.workspace(cli);
    let redis = Redis::new(&namespace.name, "cache");
    workspace.write("main.tf", redis.to_string());

    workspace.validate().await.succeeded();
    let plan = workspace.plan().await.succeeded();
    assert!(plan.stdout.contains("1 to add, 0 to change, 0 to destroy"), "{}", plan.text());

    // Create: the apply ends only when the database is healthy.
    workspace.apply().await.succeeded();
    let cluster = namespace.cluster("cache").await.expect("the cluster exists");
    assert_eq!(cluster["status"]["phase"], "Running");
    assert_eq!(cluster["spec"]["componentSpecs"][0]["replicas"], 2);
    workspace.plan_is_empty().await;
    let attributes = workspace.attributes(&redis.address()).await;
    assert_eq!(attributes["credentials_secret"]["name"], "cache-conn-credential");
    assert!(
        attributes["endpoints"]["redis"].to_string().contains(&format!("cache-redis.{}.svc", namespace.name)),
        "{attributes:#}"
    );

    // Change in place: every kind of edit at once, then one by one back.
    let uid = cluster["metadata"]["uid"].clone();
    let changed = redis.clone().replicas(3).memory("256Mi").size("2Gi").policy("Delete");
    workspace.write("main.tf", changed.to_string());
    assert_eq!(workspace.planned_actions().await, [(redis.address(), vec!["update".to_owned()])]);
    workspace.apply().await.succeeded();
    let cluster = namespace.cluster("cache").await.expect("the cluster exists");
    assert_eq!(cluster["metadata"]["uid"], uid, "changed in place");
    assert_eq!(cluster["status"]["phase"], "Running");
    assert_eq!(namespace.pods("cache").await.len(), 3);
    assert_eq!(cluster["spec"]["terminationPolicy"], "Delete");
    assert_eq!(
        cluster["spec"]["componentSpecs"][0]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"],
        "2Gi"
    );
    for claim in namespace.claims("cache").await {
        assert_eq!(claim["status"]["capacity"]["storage"], "2Gi", "{claim:#}");
    }
    workspace.plan_is_empty().await;

    // Replace: another definition is another database. The plan says so before anything happens.
    let accepted = changed.extra(r#"accept_impact = ["data_loss"]"#);
    let replaced =
        accepted.to_string().replace("name               = \"cache\"", "name               = \"cache2\"");
    workspace.write("main.tf", replaced);
    assert_eq!(
        workspace.planned_actions().await,
        [(redis.address(), vec!["delete".to_owned(), "create".to_owned()])]
    );
    workspace.apply().await.succeeded();
    assert!(namespace.cluster("cache").await.is_none(), "the old one is gone");
    assert!(namespace.cluster("cache2").await.is_some());
    workspace.plan_is_empty().await;

    workspace.destroy().await.succeeded();
    assert!(workspace.managed().await.is_empty());
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attribute_of_a_cluster_reaches_the_object_and_comes_back() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("full").await;
    let workspace = playground.workspace(Cli::Terraform);
    workspace.write("main.tf", full(&namespace.name, "tester", "running"));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;

    let cluster = namespace.cluster("full").await.expect("the cluster exists");
    let component = &cluster["spec"]["componentSpecs"][0];
    assert_eq!(component["name"], "db");
    assert_eq!(component["componentDefRef"], "postgresql");
    assert_eq!(component["enabledLogs"], serde_json::json!(["running"]));
    assert_eq!(component["monitor"], true);
    assert_eq!(component["resources"]["limits"]["cpu"], "200m");
    assert_eq!(component["resources"]["requests"]["cpu"], "100m");
    assert_eq!(component["services"][0]["name"], "vpc");
    assert_eq!(component["volumeClaimTemplates"][0]["spec"]["storageClassName"], "standard");
    assert_eq!(cluster["spec"]["affinity"]["podAntiAffinity"], "Preferred");
    assert_eq!(cluster["spec"]["tolerations"][0]["value"], "tester");

    // A list element goes, another changes: nothing of the old stays.
    let changed = full(&namespace.name, "other", "running")
        .replace("services = {", "services = {\n        ro = { type = \"ClusterIP\" }");
    workspace.write("main.tf", changed);
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    let cluster = namespace.cluster("full").await.expect("the cluster exists");
    assert_eq!(cluster["spec"]["tolerations"][0]["value"], "other");
    assert_eq!(cluster["spec"]["componentSpecs"][0]["services"].as_array().map(Vec::len), Some(2));

    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

fn full(namespace: &str, toleration: &str, log: &str) -> String {
    format!(
        r#"
resource "kubeblocks_cluster" "full" {{
  namespace          = "{namespace}"
  name               = "full"
  definition         = "postgresql"
  version            = "postgresql-14.8.0"
  termination_policy = "WipeOut"

  affinity    = {{ pod_anti_affinity = "Preferred", topology_keys = ["kubernetes.io/hostname"] }}
  tolerations = [{{ key = "dedicated", operator = "Equal", value = "{toleration}", effect = "NoSchedule" }}]

  components = {{
    db = {{
      definition = "postgresql"
      replicas   = 1
      resources = {{
        requests = {{ cpu = "100m", memory = "256Mi" }}
        limits   = {{ cpu = "0.2", memory = "256Mi" }}
      }}
      volumes = {{ data = {{ size = "1Gi", storage_class = "standard" }} }}
      services = {{
        vpc = {{ type = "ClusterIP" }}
      }}
      logs    = ["{log}"]
      monitor = true
    }}
  }}

  timeouts = {{ create = "5m", update = "5m", delete = "5m" }}
}}
"#
    )
    .replace("\"0.2\"", "\"200m\"")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_that_is_unknown_at_plan_is_planned_offline_and_applied() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("unknown").await;
    let workspace = Workspace::new(Cli::Terraform);
    // Nothing of the Kubernetes cluster is known while this is planned, as if it were made in the same apply.
    workspace.write(
        "main.tf",
        format!(
            r#"
resource "terraform_data" "kubernetes" {{
  input = "{}"
}}
{}"#,
            playground.kubeconfig().display(),
            Redis::new(&namespace.name, "later").extra(
                r#"kubernetes = { auth = { method = "kubeconfig", kubeconfig_path = terraform_data.kubernetes.output } }"#
            )
        ),
    );
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_of_several_components_is_ready_when_each_is() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("several").await;
    let workspace = playground.workspace(Cli::Terraform);
    let redis = Redis::new(&namespace.name, "cache");
    let sentinel = r#"
    sentinel = {
      definition = "redis-sentinel"
      replicas   = 3
      resources  = { cpu = "100m", memory = "128Mi" }
      volumes    = { data = { size = "1Gi" } }
    }
  }
"#;
    // The components end where the resource's further arguments begin.
    let text = redis.to_string();
    let end = text.rfind("  }\n").expect("the components have an end");
    workspace.write("main.tf", format!("{}{sentinel}{}", &text[..end], &text[end + 4..]));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    let cluster = namespace.cluster("cache").await.expect("the cluster exists");
    assert_eq!(cluster["status"]["components"]["redis"]["phase"], "Running");
    assert_eq!(cluster["status"]["components"]["sentinel"]["phase"], "Running");
    assert_eq!(namespace.pods("cache").await.len(), 5);
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}
