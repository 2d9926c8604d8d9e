//! `terraform query`, of a Terraform that has it: what list resources find, and the configuration that is generated of it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::export::imported;
use crate::platform::Platform;
use crate::terraform::{Cli, Workspace};

/// A search for all that a resource could manage.
pub(crate) fn list(name: &str, config: &str) -> String {
    format!(
        "list \"kubeblocks_{name}\" \"all\" {{\n  provider         = kubeblocks\n  include_resource = true\n{config}}}\n"
    )
}

/// What `query` tells: the messages of one type.
pub(crate) fn told(output: &str, kind: &str) -> Vec<Value> {
    let lines = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["type"] == kind).collect()
}

/// Names of what `query` finds, as people see them.
pub(crate) async fn found(workspace: &Workspace, search: &str) -> BTreeSet<String> {
    workspace.write("search.tfquery.hcl", search);
    let output = workspace.run(["query", "-json"]).await.succeeded();
    let found = told(&output.stdout, "list_resource_found").into_iter();
    found.map(|one| one["list_resource_found"]["display_name"].as_str().expect("a name").to_owned()).collect()
}

/// All of a platform with the databases of [`crate::export::DATABASES`] is found, and the configuration that Terraform
/// makes of it imports everything and changes nothing.
pub(crate) async fn finds_all(platform: &Platform) {
    let workspace = platform.workspace(Cli::Newest);
    let databases = |more: &str| list("cluster", &format!("  config {{\n    {more}\n  }}\n"));
    assert_eq!(
        found(&workspace, &databases("namespace = \"default\"")).await,
        BTreeSet::from(["default/idle-1".to_owned(), "default/orders".to_owned()])
    );
    assert_eq!(
        found(&workspace, &databases("label_selector = \"example.com/team=orders\"")).await,
        BTreeSet::from(["default/orders".to_owned()])
    );
    assert_eq!(found(&workspace, &databases("namespace = \"kb-system\"")).await, BTreeSet::new());

    let searches = [
        list("operator", ""),
        list("addon", ""),
        list("backup_repo", ""),
        list("cluster", ""),
        list("account", ""),
        list("service_descriptor", ""),
        list("backup_schedule", ""),
        list("backup", "  config {\n    cluster = \"orders\"\n  }\n"),
        list(
            "object",
            "  config {\n    api_version = \"apps.kubeblocks.io/v1alpha1\"\n    kind = \"ClusterDefinition\"\n  }\n",
        ),
    ];
    workspace.write("search.tfquery.hcl", searches.concat());
    workspace.run(["query", "-no-color", "-generate-config-out=found.tf"]).await.succeeded();
    let generated = std::fs::read_to_string(workspace.path("found.tf")).expect("it was generated");
    // Nothing that only the server says. That all else is there with null is Terraform's way to write it.
    for unwanted in ["planned_impact", "endpoints", "credentials_secret", "app.kubernetes.io/instance = "] {
        assert!(!generated.contains(unwanted), "{unwanted:?} in:\n{generated}");
    }

    let fresh = platform.workspace(Cli::Newest);
    fresh.write("main.tf", &generated);
    let plan = fresh.plan_json().await;
    let types: BTreeSet<String> = imported(&plan)
        .iter()
        .map(|address| address.split('.').next().unwrap_or_default().to_owned())
        .collect();
    let expected = ["operator", "addon", "backup_repo", "cluster", "account", "service_descriptor", "object"];
    assert_eq!(types, expected.map(|name| format!("kubeblocks_{name}")).into());
    fresh.apply().await.succeeded();
    fresh.plan_is_empty().await;
}
