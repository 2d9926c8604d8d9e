//! What a plan announces is what then happens: `planned_impact`, the guard, and the command `review`, held against the pods
//! and volumes of the playground.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::hcl::{self, Redis};
use crate::playground::{Namespace, Playground};
use crate::terraform::{Cli, Workspace, finished, provider_command};

const SPEC: &str = "redis-replication-config";

/// A change, what its plan has to announce, and how many instances it adds or starts.
struct Step<'a> {
    case: &'a str,
    config: String,
    level: &'a str,
    restarted: usize,
    removed: &'a [&'a str],
}

struct Stage<'a> {
    namespace: &'a Namespace,
    workspace: &'a Workspace,
    cluster: &'a str,
    address: String,
}

impl Stage<'_> {
    async fn claims(&self) -> BTreeSet<String> {
        let claims = self.namespace.claims(self.cluster).await;
        claims.iter().map(|claim| claim["metadata"]["name"].as_str().expect("a name").to_owned()).collect()
    }

    async fn planned(&self) -> Value {
        let plan = plan(self.workspace).await;
        let changes = plan["resource_changes"].as_array().expect("changes").clone();
        let change =
            changes.into_iter().find(|change| change["address"] == *self.address).expect("it is there");
        change["change"]["after"]["planned_impact"].clone()
    }

    /// Plans and applies a change, and compares what was announced with what happened.
    async fn change(&self, step: Step<'_>) -> Value {
        let Step { case, config, level, restarted, removed } = step;
        self.workspace.write("main.tf", config);
        let announced = self.planned().await;
        assert_eq!(announced["level"], level, "{case}: {announced:#}");
        assert_eq!(announced["instances_restarted"], restarted, "{case}: {announced:#}");
        assert_eq!(announced["data_removed"], json!(removed), "{case}");
        let reviewed = review(self.workspace, &["--format", "json"]).await;
        assert_eq!(reviewed.json()["level"], level, "{case}");

        let (claims, before) = (self.claims().await, self.namespace.pods(self.cluster).await.len());
        let pods = self.namespace.pods_from_now_on(self.cluster).await;
        self.workspace.apply().await.succeeded();
        let (seen, after) = (pods.count(), self.namespace.pods(self.cluster).await.len());
        assert_eq!(
            seen - before - after.saturating_sub(before),
            restarted,
            "{case}: instances that restarted"
        );
        let gone: Vec<String> = claims.difference(&self.claims().await).cloned().collect();
        assert_eq!(gone, removed, "{case}: volumes that were deleted");
        assert_eq!(
            after,
            usize::try_from(announced["after"]["instances"].as_u64().expect("a number")).expect("small"),
            "{case}"
        );
        self.workspace.plan_is_empty().await;
        let state = self.workspace.attributes(&self.address).await;
        assert_eq!(state["planned_impact"], announced, "{case}: the state keeps it");
        announced
    }
}

struct Reviewed {
    code: i32,
    text: String,
}

impl Reviewed {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("the review is JSON")
    }
}

/// Plans, and keeps the plan for `review`.
async fn plan(workspace: &Workspace) -> Value {
    let plan = workspace.plan_json().await;
    workspace.write("plan.json", plan.to_string());
    plan
}

/// The command `review` on the plan that was kept last.
async fn review(workspace: &Workspace, flags: &[&str]) -> Reviewed {
    let mut command = provider_command("review").await;
    let output = finished(command.args(flags).arg(workspace.path("plan.json"))).await;
    Reviewed { code: output.code, text: output.stdout }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_change_of_a_database_announces_is_what_happens() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("impact").await;
    let workspace = playground.workspace(Cli::Terraform);
    let redis = Redis::new(&namespace.name, "cache").replicas(3);
    let stage =
        Stage { namespace: &namespace, workspace: &workspace, cluster: "cache", address: redis.address() };
    let step = |case, config: &Redis, level, restarted| Step {
        case,
        config: config.to_string(),
        level,
        restarted,
        removed: &[],
    };

    let new = stage.change(step("create", &redis, "none", 0)).await;
    assert_eq!(new["before"], Value::Null);
    let size = json!({"instances": 3, "nodes": null, "cpu": 0.3, "memory_gib": 0.375, "storage_gib": 3});
    assert_eq!(new["after"], size);

    let redis = redis.memory("256Mi");
    let scaled = stage.change(step("memory", &redis, "rolling_restart", 3)).await;
    assert_eq!((&scaled["before"], &scaled["after"]["memory_gib"]), (&size, &json!(0.75)));
    let path = r#"components["redis"].resources"#;
    assert_eq!(scaled["reasons"][0]["path"], path);

    let redis = redis.size("2Gi");
    stage.change(step("larger volumes", &redis, "none", 0)).await;

    // The volumes of the third go; the others have a copy of its data.
    let fewer = redis.clone().replicas(2);
    workspace.write("main.tf", fewer.to_string());
    workspace.plan().await.succeeded().says(&["volumes of each are deleted", "have a copy"]);
    let removed = &["data-cache-redis-2"];
    stage.change(Step { removed, ..step("fewer", &fewer, "none", 0) }).await;
    stage.change(step("more", &redis, "none", 0)).await;

    let own = |lines: &str| redis.clone().component(lines);
    let parameters = |lines: &str| own(&format!("parameters = {{ \"{SPEC}\" = {{ {lines} }} }}"));
    stage.change(step("dynamic parameter", &parameters(r#"maxclients = "9000""#), "none", 0)).await;
    let redis = parameters(r#"maxclients = "9000", databases = "32""#);
    let told = stage.change(step("static parameter", &redis, "rolling_restart", 3)).await;
    let path = format!(r#"components["redis"].parameters["{SPEC}"]["databases"]"#);
    assert_eq!(told["reasons"][0]["path"], path);

    let quiet = redis
        .clone()
        .component(&format!(
            "{}\n monitor = true\n logs = [\"running\"]\n services = {{ extra = {{}} }}",
            redis.component
        ))
        .policy("Delete")
        .extra(r#"labels = { team = "orders" }"#);
    stage.change(step("monitor, logs, services, labels, policy", &quiet, "none", 0)).await;
    let tolerant = quiet.clone().extra(r#"tolerations = [{ key = "db", operator = "Exists" }]"#);
    stage.change(step("tolerations", &tolerant, "rolling_restart", 3)).await;
    let spread = tolerant.extra(
        r#"affinity = { pod_anti_affinity = "Preferred", topology_keys = ["kubernetes.io/hostname"] }"#,
    );
    stage.change(step("affinity", &spread, "rolling_restart", 3)).await;
    let again = spread.clone().component(&format!("{}\n restart_trigger = \"1\"", spread.component));
    stage.change(step("restart_trigger", &again, "rolling_restart", 3)).await;

    let stopped = again.clone().extra("running = false");
    stage.change(step("stop", &stopped, "downtime", 0)).await;
    let reviewed = review(&workspace, &["--fail-on", "downtime"]).await;
    assert_eq!(reviewed.code, 2, "{}", reviewed.text);
    stage.change(step("start", &again, "none", 0)).await;

    let removed = &["data-cache-redis-1", "data-cache-redis-2"];
    let single = again.replicas(1);
    stage.change(Step { removed, ..step("to one", &single, "none", 0) }).await;
    stage.change(step("the only instance", &single.clone().memory("128Mi"), "downtime", 1)).await;

    workspace.destroy().await.succeeded();
    assert!(workspace.managed().await.is_empty());
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_of_the_engine_announces_the_restart_of_all() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("upgrade").await;
    let workspace = playground.workspace(Cli::OpenTofu);
    let of = |version: &str| {
        Redis::new(&namespace.name, "db")
            .to_string()
            .replace("redis = {", "postgresql = {")
            .replace("\"redis\"", "\"postgresql\"")
            .replace("redis-7.0.6", version)
    };
    let address = "kubeblocks_cluster.db".to_owned();
    let stage = Stage { namespace: &namespace, workspace: &workspace, cluster: "db", address };
    let step = |case, config, level, restarted| Step { case, config, level, restarted, removed: &[] };
    stage.change(step("create", of("postgresql-14.7.2"), "none", 0)).await;
    let told = stage.change(step("version", of("postgresql-14.8.0"), "rolling_restart", 2)).await;
    assert_eq!(told["reasons"][0]["path"], "version");
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_loses_data_is_held_back_until_it_is_accepted() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("guard").await;
    let workspace = playground.workspace(Cli::Terraform);
    let redis = Redis::new(&namespace.name, "cache").replicas(1).policy("Delete");
    workspace.write("main.tf", redis.to_string());
    workspace.apply().await.succeeded();
    let uid = namespace.cluster("cache").await.expect("it is there")["metadata"]["uid"].clone();

    // A replacement: another name is another database.
    let renamed = |redis: &Redis| redis.to_string().replace("= \"cache\"", "= \"other\"");
    workspace.write("main.tf", renamed(&redis));
    let refused =
        ["Change is held back by the guard", "\"data_loss\"", "name: the database is removed with its data"];
    workspace.plan().await.failed().says(&refused);
    workspace.apply().await.failed().says(&["accept_impact = [\"data_loss\"]", "Nothing has been changed"]);
    assert_eq!(namespace.cluster("cache").await.expect("it is there")["metadata"]["uid"], uid);

    // Another guard, and none.
    let guarded = |guard: &str| {
        let text = hcl::provider(playground.kubeconfig());
        let (head, tail) = text.rsplit_once('}').expect("a block");
        format!("{head}  guard = \"{guard}\"\n}}{tail}")
    };
    workspace.write("main.tf", redis.clone().memory("192Mi").to_string());
    for (guard, message) in [("downtime", "Change is held back"), ("outage", "\"outage\" is not one of")] {
        workspace.write("provider.tf", guarded(guard));
        workspace.plan().await.failed().says(&[message]);
    }
    let accepted = redis.clone().memory("192Mi").extra(r#"accept_impact = ["downtime"]"#);
    workspace.write("main.tf", accepted.to_string());
    workspace.write("provider.tf", guarded("downtime"));
    workspace.plan().await.succeeded().says(&["Downtime", "The only instance of \"redis\" restarts"]);
    workspace.write("provider.tf", guarded("off"));
    workspace.write("main.tf", renamed(&redis));
    workspace.plan().await.succeeded().says(&["Data loss"]);
    workspace.write("provider.tf", hcl::provider(playground.kubeconfig()));

    // Accepted: it happens, and the review tells of it.
    workspace.write("main.tf", renamed(&redis.clone().extra(r#"accept_impact = ["data_loss"]"#)));
    plan(&workspace).await;
    let reviewed = review(&workspace, &["--fail-on", "data_loss"]).await;
    assert_eq!(reviewed.code, 2, "{}", reviewed.text);
    assert!(
        reviewed.text.contains("kubeblocks\\_cluster.cache")
            || reviewed.text.contains("kubeblocks_cluster.cache"),
        "{}",
        reviewed.text
    );
    workspace.apply().await.succeeded();
    assert!(namespace.cluster("cache").await.is_none() && namespace.claims("cache").await.is_empty());
    workspace.plan_is_empty().await;

    // Fewer instances of an engine whose instances hold different data.
    let kafka = |replicas: u32, extra: &str| {
        Redis::new(&namespace.name, "queue")
            .replicas(replicas)
            .extra(extra)
            .to_string()
            .replace("redis = {", "kafka-server = {")
            .replace("\"redis\"", "\"kafka\"")
            .replace("redis-7.0.6", "kafka-3.3.2")
    };
    workspace.write("queue.tf", kafka(2, ""));
    workspace.apply().await.succeeded();
    workspace.write("queue.tf", kafka(1, ""));
    workspace.plan().await.failed().says(&["data that no other instance needs to have", "\"data_loss\""]);
    assert_eq!(namespace.pods("queue").await.len(), 2);
    workspace.write("queue.tf", kafka(1, r#"accept_impact = ["data_loss"]"#));
    workspace.apply().await.succeeded();
    assert_eq!((namespace.pods("queue").await.len(), namespace.claims("queue").await.len()), (1, 1));
    workspace.plan_is_empty().await;

    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_known_while_planning_is_judged_when_it_is() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("later").await;
    let workspace = playground.workspace(Cli::Terraform);
    let of = |input: &str| {
        let memory = "terraform_data.memory.output";
        let redis = Redis::new(&namespace.name, "cache").replicas(1).to_string().replace("\"128Mi\"", memory);
        format!("resource \"terraform_data\" \"memory\" {{ input = \"{input}\" }}\n{redis}")
    };
    workspace.write("main.tf", of("128Mi"));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;

    workspace.write("main.tf", of("192Mi"));
    let plan = plan(&workspace).await;
    let changes = plan["resource_changes"].as_array().expect("changes").clone();
    let change = changes.iter().find(|change| change["type"] == "kubeblocks_cluster").expect("it changes");
    assert_eq!(change["change"]["after_unknown"]["planned_impact"]["level"], true, "{change:#}");
    let reviewed = review(&workspace, &["--format", "json"]).await.json();
    assert_eq!(reviewed["unknown_levels"], 1, "{reviewed:#}");
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    let state = workspace.attributes("kubeblocks_cluster.cache").await;
    assert_eq!(state["planned_impact"]["level"], "downtime");
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}
