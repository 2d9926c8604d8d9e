//! What a change needs that only the Kubernetes cluster can tell. Refused while planning, or before anything is written: the
//! operator would try for ever. On a playground of its own, as constraints and repositories are there for all.

use serde_json::{Value, json};

use crate::hcl::Redis;
use crate::playground::Playground;
use crate::terraform::Cli;

/// Two classes for redis, and rules that hold for it.
const HOUSE_RULES: &str = r#"
resource "kubeblocks_object" "classes" {
  manifest = {
    apiVersion = "apps.kubeblocks.io/v1alpha1"
    kind       = "ComponentClassDefinition"
    metadata = {
      name = "redis-classes"
      labels = {
        "clusterdefinition.kubeblocks.io/name"   = "redis"
        "apps.kubeblocks.io/component-def-ref"   = "redis"
      }
    }
    spec = { groups = [{ series = [{ classes = [
      { name = "small", cpu = "100m", memory = "256Mi" },
      { name = "large", cpu = "1", memory = "2Gi" },
    ] }] }] }
  }
}

resource "kubeblocks_object" "constraint" {
  manifest = {
    apiVersion = "apps.kubeblocks.io/v1alpha1"
    kind       = "ComponentResourceConstraint"
    metadata   = { name = "house-rules" }
    spec = {
      rules = [{
        name    = "balanced"
        cpu     = { min = "100m", max = "2", step = "100m" }
        memory  = { minPerCPU = "1Gi", maxPerCPU = "4Gi" }
        storage = { min = "1Gi", max = "10Gi" }
      }]
      selector = [{
        clusterDefRef = "redis"
        components    = [{ componentDefRef = "redis", rules = ["balanced"] }]
      }]
    }
  }
}
"#;

fn after_the_rules(redis: &Redis) -> Redis {
    redis.clone().extra("depends_on = [kubeblocks_object.classes, kubeblocks_object.constraint]")
}

async fn pod_memory(namespace: &crate::playground::Namespace) -> Vec<Value> {
    let pods = namespace.pods("cache").await;
    pods.iter().map(|pod| pod["spec"]["containers"][0]["resources"]["limits"]["memory"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn classes_and_constraints_are_kept_to() {
    let playground = Playground::of_its_own().await;
    let namespace = playground.namespace("sizes").await;
    let workspace = playground.workspace(Cli::Terraform);
    let redis = after_the_rules(&Redis::new(&namespace.name, "cache").memory("256Mi"));
    let with = |redis: &Redis| format!("{HOUSE_RULES}{redis}");

    // The rules come in the same apply, so that it shows only then; nothing is written.
    workspace.write("main.tf", with(&redis.clone().memory("2Gi")));
    let rule =
        "balanced: CPU 100m to 2, CPU in steps of 100m, memory 1Gi to 4Gi per CPU, volumes 1Gi to 10Gi";
    workspace.apply().await.failed().says(&["Resources are not allowed", rule]);
    assert!(namespace.cluster("cache").await.is_none());

    workspace.write("main.tf", with(&redis));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    assert_eq!(pod_memory(&namespace).await, [json!("256Mi"), json!("256Mi")]);
    let before = namespace.cluster("cache").await.expect("it is there")["metadata"]["generation"].clone();

    // Now they are there, and the plan tells.
    for bad in [redis.clone().memory("64Mi"), redis.clone().size("11Gi")] {
        workspace.write("main.tf", with(&bad));
        workspace.plan().await.failed().says(&["Resources are not allowed", rule]);
    }
    let sized = |class: &str| {
        with(&redis).replace("{ cpu = \"100m\", memory = \"256Mi\" }", &format!("{{ class = \"{class}\" }}"))
    };
    workspace.write("main.tf", sized("smal"));
    workspace.plan().await.failed().says(&["no class \"smal\"", "large, small", "Did you mean \"small\"?"]);
    let after = namespace.cluster("cache").await.expect("it is there")["metadata"]["generation"].clone();
    assert_eq!(after, before, "a plan that is refused changes nothing");

    // A class is one size by name.
    workspace.write("main.tf", sized("large"));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    assert_eq!(pod_memory(&namespace).await, [json!("2Gi"), json!("2Gi")]);
    workspace.run(["state", "rm", &redis.address()]).await.succeeded();
    let id = format!("{}/cache", namespace.name);
    workspace.run(["import", "-no-color", "-input=false", &redis.address(), &id]).await.succeeded();
    workspace.plan_is_empty().await;

    workspace.destroy().await.succeeded();
    assert!(workspace.managed().await.is_empty());
    namespace.is_empty().await;
}

fn mysql(namespace: &str, replicas: u32) -> String {
    format!(
        r#"
resource "kubeblocks_cluster" "db" {{
  namespace          = "{namespace}"
  name               = "db"
  definition         = "apecloud-mysql"
  version            = "ac-mysql-8.0.30"
  termination_policy = "WipeOut"
  components = {{
    mysql = {{
      replicas  = {replicas}
      resources = {{ cpu = "100m", memory = "256Mi" }}
      volumes   = {{ data = {{ size = "1Gi" }} }}
    }}
  }}
}}
"#
    )
}

const REPO: &str = r#"
resource "kubeblocks_backup_repo" "main" {
  name             = "main"
  storage_provider = "pvc"
  access_method    = "Mount"
  is_default       = true
}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn new_instances_of_an_engine_that_copies_its_data_need_a_way_to_it() {
    let playground = Playground::of_its_own().await;
    let namespace = playground.namespace("clone").await;
    let workspace = playground.workspace(Cli::Terraform);
    workspace.write("main.tf", mysql(&namespace.name, 1));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;

    let wider = mysql(&namespace.name, 3);
    workspace.write("main.tf", &wider);
    workspace.plan().await.failed().says(&[
        "Data cannot be copied to new instances",
        "neither a VolumeSnapshotClass nor a default BackupRepo",
        "kubeblocks_backup_repo",
    ]);
    assert_eq!(namespace.pods("db").await.len(), 1);

    // With a repository the same change goes through, by a backup that is gone afterwards.
    workspace.write("main.tf", format!("{REPO}{}", mysql(&namespace.name, 1)));
    workspace.apply().await.succeeded();
    workspace.write("main.tf", format!("{REPO}{wider}"));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    assert_eq!(namespace.pods("db").await.len(), 3);
    let scaling =
        namespace.object("dataprotection.kubeblocks.io", "Backup", "backups", "db-mysql-scaling").await;
    assert_eq!(scaling.map(|backup| backup["metadata"]["deletionTimestamp"].is_null()), None);

    workspace.destroy().await.succeeded();
    assert!(workspace.managed().await.is_empty());
    namespace.is_empty().await;
}
