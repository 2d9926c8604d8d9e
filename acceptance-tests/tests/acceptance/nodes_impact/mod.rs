//! What a plan announces of nodes is what then happens to them: `planned_impact` and the warnings of managed Kubernetes
//! clusters and of pools of nodes, held against the nodes, and what runs on them, of the control plane behind the cloud.

mod happening;
mod table;

use acceptance_tests::clouds::Cloud;
use serde_json::{Value, json};

use crate::cloud_world::World;
use crate::terraform::{Cli, Workspace, finished, provider_command};
use happening::{Happened, Inside};
use table::{Announced, Configuration, Row, Words};

/// A cluster with a pool, and what is seen of it from inside.
struct Stage<'a> {
    words: &'a Words,
    workspace: &'a Workspace,
    inside: &'a Inside,
}

/// What a plan tells of one resource.
struct Told {
    actions: Vec<String>,
    impact: Value,
}

impl Stage<'_> {
    /// Plans and applies a change, and compares what was announced with what happened.
    async fn change(&self, row: &Row) {
        let case = row.case;
        self.workspace.write("main.tf", self.words.text(&row.configuration));
        let said = self.workspace.run(["plan", "-no-color", "-input=false", "-out=plan.bin"]).await;
        let said = said.succeeded().says(row.says);
        if row.says.is_empty() {
            let text = said.text();
            // That the provider is one that was just built is told in each plan.
            let mut warnings =
                text.lines().filter(|line| line.contains("Warning: ") && !line.contains("development"));
            assert!(warnings.next().is_none(), "{case}: {text}");
        }
        let plan = self.workspace.run(["show", "-json", "-no-color", "plan.bin"]).await.succeeded().stdout;
        self.workspace.write("plan.json", &plan);
        let plan: Value = serde_json::from_str(&plan).expect("the plan is JSON");
        self.is_reviewed(row).await;

        let before = self.inside.look().await;
        self.workspace.run(["apply", "-no-color", "-input=false", "plan.bin"]).await.succeeded();
        let after = self.inside.settled().await;
        assert_eq!(before.system_namespace, after.system_namespace, "{case}: the control plane stays");
        let sides = [
            (self.words.cluster_address(), row.cluster, Happened::between(&before.first, &after.first)),
            (self.words.pool_address(), row.pool, Happened::between(&before.further, &after.further)),
        ];
        for (address, announced, happened) in sides {
            is_so(&format!("{case}, {address}"), &told(&plan, &address), announced, &happened);
        }
    }

    /// Plans what no apply may do; nothing happens.
    async fn refused(&self, configuration: &Configuration, says: &[&str]) {
        self.workspace.write("main.tf", self.words.text(configuration));
        self.workspace.plan().await.failed().says(says);
    }

    /// The command `review` tells the worst of what the plan announces, also of what it takes away.
    async fn is_reviewed(&self, row: &Row) {
        let mut command = provider_command("review").await;
        command.args(["--format", "json"]).arg(self.workspace.path("plan.json"));
        let review = finished(&mut command).await.json();
        assert_eq!(review["level"], row.level(), "{}: {review:#}", row.case);
    }
}

fn told(plan: &Value, address: &str) -> Told {
    let changes = plan["resource_changes"].as_array().cloned().unwrap_or_default();
    let change = changes.into_iter().find(|change| change["address"] == *address);
    let change = change.unwrap_or_else(|| panic!("{address} is in the plan"));
    let actions = change["change"]["actions"].as_array().cloned().unwrap_or_default();
    Told {
        actions: actions.iter().filter_map(|action| action.as_str().map(str::to_owned)).collect(),
        impact: change["change"]["after"]["planned_impact"].clone(),
    }
}

/// Compares what the table and the plan say of a resource with what became of its nodes.
fn is_so(case: &str, told: &Told, announced: Announced, happened: &Happened) {
    match announced {
        Announced::Nothing => {
            assert_eq!(told.actions, ["no-op"], "{case}");
            assert_eq!((happened.recreated, happened.restarted), (0, 0), "{case}: {happened:?}");
        }
        Announced::Update { level, recreated } | Announced::InPlace { level, recreated } => {
            assert_eq!(told.actions, ["update"], "{case}");
            let impact = &told.impact;
            assert_eq!(impact["level"], level, "{case}: {impact:#}");
            // A kubelet that restarts may take instances along, and need not.
            let happens = if matches!(announced, Announced::InPlace { .. }) { "none" } else { level };
            assert_eq!(happened.level(), happens, "{case}: {happened:?}");
            assert_eq!(impact["nodes_recreated"], recreated, "{case}: {impact:#}");
            assert_eq!(happened.recreated, recreated, "{case}: {happened:?}");
            assert_eq!(impact["data_removed"], json!([]), "{case}");
            assert_eq!(impact["before"]["nodes"], happened.before, "{case}: {impact:#}");
            assert_eq!(impact["after"]["nodes"], happened.after, "{case}: {impact:#}");
        }
        // What goes with the old half stands in the warning, as Terraform plans the new half like any new object.
        Announced::Replacement => {
            assert_eq!(told.actions, ["delete", "create"], "{case}");
            assert_eq!(told.impact["level"], "none", "{case}");
            assert_eq!(happened.recreated, happened.before, "{case}: {happened:?}");
            assert_eq!(told.impact["after"]["nodes"], happened.after, "{case}");
        }
        Announced::Removal => {
            assert_eq!(told.actions, ["delete"], "{case}");
            assert_eq!((happened.after, happened.recreated), (0, 0), "{case}: {happened:?}");
            assert_eq!(happened.level(), "rolling_restart", "{case}: {happened:?}");
        }
    }
}

/// Makes a cluster with a pool, and goes through the table.
async fn happens_as_announced(cloud: Cloud) {
    let world = World::start(cloud, 1).await;
    let workspace = world.workspace(Cli::Terraform);
    let words = Words::of(cloud);
    let first = Configuration::new();
    workspace.write("main.tf", words.text(&first));
    workspace.apply().await.succeeded();
    let pool = workspace.attributes(&words.pool_address()).await["id"].clone();
    let inside = Inside::of(&world, pool.as_str().expect("an id")).await;
    inside.begin().await;
    inside.settled().await;
    let stage = Stage { words: &words, workspace: &workspace, inside: &inside };
    for (configuration, says) in table::refusals(&first, &words) {
        stage.refused(&configuration, says).await;
    }
    for row in table::rows(&words, &first) {
        stage.change(&row).await;
    }
    workspace.plan_is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_change_of_nodes_of_eks_announces_is_what_happens() {
    happens_as_announced(Cloud::Aws).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_change_of_nodes_of_gke_announces_is_what_happens() {
    happens_as_announced(Cloud::Gcp).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_change_of_nodes_of_aks_announces_is_what_happens() {
    happens_as_announced(Cloud::Azure).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_change_of_nodes_of_ack_announces_is_what_happens() {
    happens_as_announced(Cloud::Alibaba).await;
}
