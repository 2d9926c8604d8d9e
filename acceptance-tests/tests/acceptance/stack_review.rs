//! A stack is reviewed before anything of it exists: its plan asks neither the cloud nor Kubernetes, and the command
//! `review` tells each database with its level and its size.

use std::path::Path;

use acceptance_tests::tools;
use serde_json::{Value, json};

use crate::terraform::{Cli, Workspace, finished, provider_command};

/// An address where nobody answers.
const NOBODY: &str = "http://127.0.0.1:1";

/// The stack of AWS as it is, for whom there is no network, no Kubernetes cluster and no credential.
fn workspace(cli: Cli) -> Workspace {
    let stack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/stacks/aws/main.tf");
    let mut workspace = Workspace::new(cli);
    workspace.remove("versions.tf").write("main.tf", std::fs::read_to_string(stack).expect("it is there"));
    // Neither a kubeconfig nor profiles of AWS are in an empty home.
    std::fs::create_dir(workspace.path("home")).expect("it can be made");
    workspace.set("HOME", workspace.path("home").display());
    let helm = tools::helm().expect("helm is built");
    for (name, value) in [
        ("KUBEBLOCKS_HELM", helm.display().to_string().as_str()),
        ("TF_VAR_chart_repository", NOBODY),
        ("TF_VAR_backup_bucket", "backups"),
        ("TF_VAR_backup_keys", r#"{ accessKeyId = "id", secretAccessKey = "key" }"#),
        ("HTTP_PROXY", NOBODY),
        ("HTTPS_PROXY", NOBODY),
        ("AWS_ENDPOINT_URL", NOBODY),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", NOBODY),
    ] {
        workspace.set(name, value);
    }
    workspace
}

async fn review(workspace: &Workspace, flags: &[&str]) -> String {
    let mut command = provider_command("review").await;
    command.args(flags).arg(workspace.path("plan.json")).env("HOME", workspace.path("home"));
    finished(&mut command).await.succeeded().stdout
}

/// A database of the review.
fn of<'a>(review: &'a Value, address: &str) -> &'a Value {
    let resources = review["resources"].as_array().expect("resources");
    resources.iter().find(|resource| resource["address"] == address).expect("it is listed")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_database_of_a_stack_is_listed_offline_with_its_level() {
    for cli in [Cli::Terraform, Cli::OpenTofu] {
        let workspace = workspace(cli);
        let plan = workspace.plan_json().await;
        workspace.write("plan.json", plan.to_string());

        let told: Value =
            serde_json::from_str(&review(&workspace, &["--format", "json"]).await).expect("JSON");
        assert_eq!((&told["level"], &told["unknown_levels"]), (&json!("none"), &json!(0)), "{told:#}");
        for (address, cpu, memory, storage) in
            [("kubeblocks_cluster.orders", 2, 4, 40), ("kubeblocks_cluster.cache", 1, 2, 10)]
        {
            let database = of(&told, address);
            assert_eq!((&database["group"], &database["action"]), (&json!("database"), &json!("add")));
            assert_eq!(database["impact"]["level"], "none", "{database:#}");
            let size = json!({
                "instances": 2, "nodes": null, "cpu": cpu, "memory_gib": memory, "storage_gib": storage
            });
            assert_eq!(database["impact"]["after"], size, "{database:#}");
        }
        assert_eq!(of(&told, "kubeblocks_eks_cluster.this")["impact"]["after"]["nodes"], 3);
        let all = &told["capacity"]["databases"];
        assert_eq!(
            (&all["before"]["instances"], &all["after"]["instances"]),
            (&json!(0), &json!(4)),
            "{all:#}"
        );

        let text = review(&workspace, &[]).await;
        for line in [
            "#### `kubeblocks_cluster.orders`: added, **none**",
            "- Capacity: 0 → 2 instances, 0 → 2 CPU cores, 0 → 4 GiB memory, 0 → 40 GiB storage.",
            "#### `kubeblocks_cluster.cache`: added, **none**",
            "- Capacity: 0 → 2 instances, 0 → 1 CPU cores, 0 → 2 GiB memory, 0 → 10 GiB storage.",
            "| Databases | 0 → 4 | – | 0 → 3 | 0 → 6 | 0 → 50 |",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\nin\n{text}");
        }
    }
}
