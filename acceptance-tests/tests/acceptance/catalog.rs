//! The catalogue through the real programs: offline, without any Kubernetes cluster.

use std::io::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::terraform::{Cli, Workspace};

/// A workspace whose provider would fail if it looked for a Kubernetes cluster.
fn offline(cli: Cli) -> Workspace {
    let mut workspace = Workspace::new(cli);
    workspace.set("KUBE_CONFIG_PATH", "/nonexistent");
    workspace.set("HTTPS_PROXY", "http://127.0.0.1:9");
    workspace
}

const CATALOGUE: &str = r#"
data "kubeblocks_catalog" "all" {}

data "kubeblocks_catalog" "with_switchover" {
  function = "switchover"
}

data "kubeblocks_catalog" "redis" {
  name = "redis"
}

locals {
  addons = data.kubeblocks_catalog.all.addons
}

output "addons" {
  value = length(local.addons)
}

output "cells" {
  value = sum([for addon in local.addons : length(addon.functions)])
}

output "yes" {
  value = sum([for addon in local.addons : length([for function, support in addon.functions : function if support == "yes"])])
}

output "matrix" {
  value = {
    for name, addon in local.addons : name => {
      functions = addon.functions
      versions  = addon.versions
      addon     = addon.addon
    }
  }
}

output "with_switchover" {
  value = keys(data.kubeblocks_catalog.with_switchover.addons)
}

output "consensus" {
  value = sort(distinct(flatten([
    for addon in local.addons : [
      for definition, engine in addon.cluster_definitions : [
        for component in engine.components : definition if component.workload_type == "Consensus"
      ]
    ]
  ])))
}

output "redis" {
  value = data.kubeblocks_catalog.redis.addons["redis"].cluster_definitions["redis"]
}

output "agrees" {
  description = "The function says what the catalogue says."
  value = alltrue(flatten([
    for name, addon in local.addons : [
      for function, support in addon.functions : provider::kubeblocks::supports(name, function) == (support == "yes")
    ]
  ]))
}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_is_the_whole_support_matrix_without_any_kubernetes_cluster() {
    for cli in [Cli::Terraform, Cli::OpenTofu] {
        let workspace = offline(cli);
        workspace.write("main.tf", CATALOGUE);
        workspace.apply().await.succeeded();
        let outputs = workspace.state().await["values"]["outputs"].clone();
        let value = |name: &str| &outputs[name]["value"];
        assert_eq!(
            (value("addons"), value("cells"), value("yes")),
            (&32.into(), &(32 * 13).into(), &177.into())
        );
        assert_eq!(value("agrees"), &Value::Bool(true));
        assert_eq!(value("with_switchover").as_array().map(Vec::len), Some(counted(&outputs, "switchover")));
        let consensus = value("consensus").as_array().expect("it is a list");
        assert!(
            consensus.contains(&"apecloud-mysql".into()) && !consensus.contains(&"redis".into()),
            "{consensus:?}"
        );
        assert_eq!(value("redis")["default_version"], "redis-7.0.6");
        assert_eq!(value("redis")["components"]["redis"]["ports"]["redis"], 6379);
        compare_with_reference(value("matrix"));
        workspace.plan_is_empty().await;
    }
}

/// Add-ons whose cell of a function is yes, counted here.
fn counted(outputs: &Value, function: &str) -> usize {
    let matrix = outputs["matrix"]["value"].as_object().expect("it is a map");
    matrix.values().filter(|addon| addon["functions"][function] == "yes").count()
}

/// Compares cell by cell with the reference, where it is at hand.
fn compare_with_reference(matrix: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference/addons.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        // Past the harness, which keeps what passing tests print to itself.
        let _ = writeln!(std::io::stderr(), "skipped: there is no reference data at {}", path.display());
        return;
    };
    let rows: Vec<Value> = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(matrix.as_object().map(serde_json::Map::len), Some(rows.len()));
    for row in rows {
        let name = row["name"].as_str().unwrap_or_default();
        // One name says more than a name.
        let name = name.split_once(" (").map_or(name, |(name, _)| name);
        assert_eq!(matrix[name]["functions"], row["functions"], "{name}");
        assert_eq!(matrix[name]["versions"], row["versions"], "{name}");
        assert_eq!(matrix[name]["addon"], row["addon_cr"], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_the_catalogue_does_not_have_are_refused_with_what_was_meant() {
    let meant: [(&str, &[&str]); 4] = [
        (
            "data \"kubeblocks_catalog\" \"x\" {\n  name = \"postgres\"\n}\n",
            &["Did you mean \"postgresql\"?"],
        ),
        (
            "data \"kubeblocks_catalog\" \"x\" {\n  function = \"switch_over\"\n}\n",
            &["Did you mean \"switchover\"?"],
        ),
        (
            "output \"x\" {\n  value = provider::kubeblocks::supports(\"postgres\", \"hscale\")\n}\n",
            &["addon", "Did you mean \"postgresql\"?"],
        ),
        (
            "output \"x\" {\n  value = provider::kubeblocks::supports(\"redis\", \"backups\")\n}\n",
            &["function", "\"backups\"", "backup_restore"],
        ),
    ];
    for cli in [Cli::Terraform, Cli::OpenTofu] {
        for (text, expected) in meant {
            let workspace = offline(cli);
            workspace.write("main.tf", text);
            workspace.plan().await.failed().says(expected);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_can_be_checked_against_the_support_matrix() {
    let workspace = offline(Cli::Terraform);
    workspace.write(
        "main.tf",
        r#"
variable "engine" {
  type = string
  validation {
    condition     = provider::kubeblocks::supports(var.engine, "backup_restore")
    error_message = "Choose an engine that can be backed up."
  }
}
"#,
    );
    for (engine, code) in [("postgresql", 0), ("kafka", 1)] {
        let variable = format!("-var=engine={engine}");
        let output = workspace.run(["plan", "-no-color", "-input=false", &variable]).await;
        assert_eq!(output.code, code, "{}", output.text());
        assert_eq!(output.sentences().contains("Choose an engine that can be backed up."), code == 1);
    }
}
