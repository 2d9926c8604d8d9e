//! Parameters of an engine, through the real operator's objects.

use serde_json::json;

use crate::hcl::Redis;
use crate::playground::{Namespace, Playground};
use crate::terraform::{Cli, Workspace};

const SPEC: &str = "redis-replication-config";
const RESTARTS: &str = "Rolling restart";

/// A redis with parameters.
fn redis(namespace: &str, name: &str, parameters: &str) -> Redis {
    Redis::new(namespace, name).component(&format!("parameters = {{ \"{SPEC}\" = {{ {parameters} }} }}"))
}

/// The value of a parameter in the file that the instances mount.
async fn in_force(namespace: &Namespace, cluster: &str, parameter: &str) -> Option<String> {
    namespace.parameter(cluster, SPEC, parameter).await
}

fn written(workspace: &Workspace, redis: &Redis) {
    workspace.write("main.tf", redis.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_are_set_reloaded_rolled_put_back_and_imported() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("params").await;
    let workspace = playground.workspace(Cli::Terraform);
    let of = |parameters: &str| redis(&namespace.name, "cache", parameters);

    // At the first apply, a parameter that stands in the file, and one that does not.
    written(&workspace, &of("maxclients = \"20000\", databases = \"32\""));
    workspace.apply().await.succeeded();
    assert_eq!(in_force(&namespace, "cache", "maxclients").await.as_deref(), Some("20000"));
    assert_eq!(in_force(&namespace, "cache", "databases").await.as_deref(), Some("32"));
    workspace.plan_is_empty().await;

    // Dynamic: the instances stay.
    let pods = namespace.pods_from_now_on("cache").await;
    written(&workspace, &of("maxclients = \"30000\", databases = \"32\""));
    let plan = workspace.plan().await.succeeded();
    assert!(!plan.sentences().contains(RESTARTS), "{}", plan.text());
    workspace.apply().await.succeeded();
    assert_eq!(pods.count(), 2, "no instance was replaced");
    assert_eq!(in_force(&namespace, "cache", "maxclients").await.as_deref(), Some("30000"));
    workspace.plan_is_empty().await;

    // Static: the plan says so, and every instance is replaced once.
    let pods = namespace.pods_from_now_on("cache").await;
    written(&workspace, &of("maxclients = \"30000\", databases = \"64\""));
    workspace.plan().await.succeeded().says(&[RESTARTS, "The 2 instances of \"redis\" restart"]);
    workspace.apply().await.succeeded();
    assert_eq!(pods.count(), 4, "each of two instances was replaced once");
    assert_eq!(in_force(&namespace, "cache", "databases").await.as_deref(), Some("64"));
    workspace.plan_is_empty().await;

    // An import finds them.
    for cli in [Cli::Terraform, Cli::OpenTofu] {
        let other = playground.workspace(cli);
        let same = of("maxclients = \"30000\", databases = \"64\"");
        written(&other, &same);
        let id = format!("{}/cache", namespace.name);
        other.run(["import", "-no-color", "-input=false", &same.address(), &id]).await.succeeded();
        other.plan_is_empty().await;
    }

    // Taken out one after the other: the value of before, and no line where there was none.
    written(&workspace, &of("databases = \"64\""));
    workspace.apply().await.succeeded();
    assert_eq!(in_force(&namespace, "cache", "maxclients").await.as_deref(), Some("10000"));
    assert_eq!(in_force(&namespace, "cache", "databases").await.as_deref(), Some("64"));
    workspace.plan_is_empty().await;
    written(&workspace, &Redis::new(&namespace.name, "cache"));
    workspace.plan().await.succeeded().says(&[RESTARTS]);
    workspace.apply().await.succeeded();
    assert_eq!(in_force(&namespace, "cache", "databases").await, None);
    assert_eq!(in_force(&namespace, "cache", "maxclients").await.as_deref(), Some("10000"));
    workspace.plan_is_empty().await;

    // What was put back is nothing to import.
    let other = playground.workspace(Cli::Terraform);
    let bare = Redis::new(&namespace.name, "cache");
    written(&other, &bare);
    let id = format!("{}/cache", namespace.name);
    other.run(["import", "-no-color", "-input=false", &bare.address(), &id]).await.succeeded();
    other.plan_is_empty().await;

    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_changed_outside_is_shown_and_set_back() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("paramdrift").await;
    let workspace = playground.workspace(Cli::Terraform);
    let redis = redis(&namespace.name, "cache", "maxclients = \"20000\"");
    written(&workspace, &redis);
    workspace.apply().await.succeeded();

    let outside = json!({ "maxclients": "500", "maxmemory-policy": "noeviction" });
    namespace.set_parameters("cache-redis", SPEC, "redis.conf", outside).await;
    let plan = workspace.plan_json().await;
    let change = &plan["resource_changes"][0]["change"];
    let shown = |side: &str| change[side]["components"]["redis"]["parameters"][SPEC].clone();
    assert_eq!(shown("before"), json!({ "maxclients": "500" }), "what others set beside is theirs");
    assert_eq!(shown("after"), json!({ "maxclients": "20000" }));

    workspace.apply().await.succeeded();
    assert_eq!(in_force(&namespace, "cache", "maxclients").await.as_deref(), Some("20000"));
    assert_eq!(in_force(&namespace, "cache", "maxmemory-policy").await.as_deref(), Some("noeviction"));
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_and_resources_of_one_apply_share_a_roll() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("paramroll").await;
    let workspace = playground.workspace(Cli::Terraform);
    written(&workspace, &Redis::new(&namespace.name, "cache").replicas(3));
    workspace.apply().await.succeeded();

    let pods = namespace.pods_from_now_on("cache").await;
    let both = redis(&namespace.name, "cache", "databases = \"32\"").replicas(3).memory("256Mi");
    written(&workspace, &both);
    let held = namespace.hold_pods("cache").await;
    let (applied, ()) = tokio::join!(workspace.apply(), async {
        // The second change does not wait for the roll of the first, which has come no further than the first instance.
        let kind = ("workloads.kubeblocks.io", "ReplicatedStateMachine", "replicatedstatemachines");
        let is_there = |machine: Option<&serde_json::Value>| {
            let container = machine.map(|machine| &machine["spec"]["template"]["spec"]["containers"][0]);
            container.is_some_and(|container| container["resources"]["limits"]["memory"] == "256Mi")
        };
        namespace.object_until(kind, "cache-redis", is_there).await;
        assert_eq!(pods.so_far(), 3, "the roll was held");
        held.let_go().await;
    });
    applied.succeeded();
    // Three before and three after. The first instance may come back before its StatefulSet has both changes.
    let seen = pods.count();
    assert!((6..=7).contains(&seen), "{seen} pods in all");
    assert_eq!(in_force(&namespace, "cache", "databases").await.as_deref(), Some("32"));
    let cluster = namespace.cluster("cache").await.expect("the cluster exists");
    assert_eq!(cluster["spec"]["componentSpecs"][0]["resources"]["limits"]["memory"], "256Mi");
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_constraint_forbids_is_refused_while_planning() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("parambad").await;
    let workspace = playground.workspace(Cli::Terraform);
    for (parameters, expected) in [
        ("maxclients = \"0\"", "1 to 65000"),
        ("maxclients = \"many\"", "whole number"),
        ("maxmemory-policy = \"random\"", "\"noeviction\""),
        ("bind = \"127.0.0.1\"", "cannot be changed"),
        ("maxclient = \"5\"", "Did you mean \"maxclients\"?"),
    ] {
        written(&workspace, &redis(&namespace.name, "cache", parameters));
        workspace.plan().await.failed().says(&[expected]);
    }
    // Without a look at the Kubernetes cluster: the config spec, and an engine that has no parameters.
    let slip = Redis::new(&namespace.name, "cache")
        .component("parameters = { \"redis-replication-confg\" = { maxclients = \"5\" } }");
    written(&workspace, &slip);
    workspace.validate().await.failed().says(&["redis-replication-config"]);
    let other = slip
        .to_string()
        .replace("\"redis\"\n", "\"elasticsearch\"\n")
        .replace("redis-7.0.6", "elasticsearch-8.8.2")
        .replace("redis = {", "elasticsearch = {");
    workspace.write("main.tf", other);
    workspace.plan().await.failed().says(&["does not support change of parameters"]);
    assert!(namespace.cluster("cache").await.is_none(), "nothing was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_only_the_operator_refuses_changes_nothing_and_the_next_apply_recovers() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("paramrefused").await;
    let workspace = playground.workspace(Cli::Terraform);
    let of = |timeout: &str| redis(&namespace.name, "cache", &format!("timeout = \"{timeout}\""));
    written(&workspace, &of("60"));
    workspace.apply().await.succeeded();
    let pods = namespace.pods_from_now_on("cache").await;

    // The constraint's bounds of `timeout` are of a form that plans do not read.
    written(&workspace, &of("9999").memory("256Mi"));
    let refused = workspace.apply().await.failed();
    refused.says(&["KubeBlocks refused the parameters", "MergeFailed", "out of bound <=7200", "timeout"]);
    assert_eq!(in_force(&namespace, "cache", "timeout").await.as_deref(), Some("60"));
    let cluster = namespace.cluster("cache").await.expect("the cluster exists");
    assert_eq!(cluster["spec"]["componentSpecs"][0]["resources"]["limits"]["memory"], "128Mi");
    assert_eq!(pods.count(), 2, "no instance was touched");
    let plan = workspace.plan_json().await;
    let before = &plan["resource_changes"][0]["change"]["before"];
    assert_eq!(
        before["components"]["redis"]["parameters"][SPEC]["timeout"], "60",
        "what is in force is shown"
    );

    written(&workspace, &of("120").memory("256Mi"));
    workspace.apply().await.succeeded();
    assert_eq!(in_force(&namespace, "cache", "timeout").await.as_deref(), Some("120"));
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_refused_at_create_keeps_the_database_and_is_put_right_in_place() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("paramfirst").await;
    let workspace = playground.workspace(Cli::Terraform);
    let of = |timeout: &str| redis(&namespace.name, "cache", &format!("timeout = \"{timeout}\""));
    written(&workspace, &of("9999"));
    let made = workspace.apply().await.succeeded();
    made.says(&["KubeBlocks refused the parameters", "out of bound <=7200"]);
    let uid = |cluster: &serde_json::Value| cluster["metadata"]["uid"].clone();
    let before = uid(&namespace.cluster("cache").await.expect("the cluster exists"));

    written(&workspace, &of("120"));
    assert_eq!(
        workspace.planned_actions().await,
        [("kubeblocks_cluster.cache".to_owned(), vec!["update".to_owned()])]
    );
    workspace.apply().await.succeeded();
    assert_eq!(uid(&namespace.cluster("cache").await.expect("the cluster exists")), before);
    assert_eq!(in_force(&namespace, "cache", "timeout").await.as_deref(), Some("120"));
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_are_listed_of_an_engine_and_of_a_database() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("paramlist").await;
    let workspace = playground.workspace(Cli::Terraform);
    written(&workspace, &redis(&namespace.name, "cache", "maxclients = \"20000\""));
    workspace.apply().await.succeeded();
    for cli in [Cli::Terraform, Cli::OpenTofu] {
        let reader = playground.workspace(cli);
        reader.write(
            "main.tf",
            format!(
                r#"
data "kubeblocks_parameters" "engine" {{
  definition = "redis"
  component  = "redis"
}}
data "kubeblocks_parameters" "cache" {{
  namespace = "{}"
  cluster   = "cache"
  component = "redis"
}}
output "engine" {{
  value = {{ for one in data.kubeblocks_parameters.engine.parameters : one.name => one }}
}}
output "cache" {{
  value = {{ for one in data.kubeblocks_parameters.cache.parameters : one.name => one.value }}
}}
"#,
                namespace.name
            ),
        );
        reader.apply().await.succeeded();
        let outputs = reader.state().await["values"]["outputs"].clone();
        let engine = &outputs["engine"]["value"];
        let expected = json!({
            "component": "redis", "config_spec": SPEC, "file": "redis.conf", "name": "maxclients",
            "type": "integer", "default": "10000", "minimum": "1", "maximum": "65000", "allowed": [],
            "effect": "reload", "description": "The most clients at a time.", "value": "10000",
        });
        assert_eq!(engine["maxclients"], expected);
        assert_eq!(engine["databases"]["effect"], "restart");
        assert_eq!(engine["bind"]["effect"], "refused");
        assert_eq!(engine["maxmemory-policy"]["allowed"][4], "noeviction");
        assert_eq!(outputs["cache"]["value"]["maxclients"], "20000");
        assert_eq!(outputs["cache"]["value"]["databases"], json!(null));
        reader.plan_is_empty().await;
    }
    let wrong =
        "data \"kubeblocks_parameters\" \"x\" {\n  definition = \"redis\"\n  component = \"reds\"\n}\n";
    let reader = playground.workspace(Cli::Terraform);
    reader.write("main.tf", wrong);
    reader.plan().await.failed().says(&["no component \"reds\"", "Did you mean \"redis\"?"]);
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}
