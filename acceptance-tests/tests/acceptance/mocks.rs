//! The mock data that comes with the provider, as the real programs take it: with each example of the documentation.

use std::path::{Path, PathBuf};

use crate::documentation::copy;
use crate::terraform::{Cli, Workspace};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_is_mocked_in_terraform() {
    mock_every_type(Cli::Terraform).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_is_mocked_in_opentofu() {
    mock_every_type(Cli::OpenTofu).await;
}

/// A mock that a program does not take, or whose values the provider's own checks refuse, fails the run.
async fn mock_every_type(cli: Cli) {
    let mut count = 0;
    for (folder, block) in [("resources", "resource"), ("data-sources", "data")] {
        for example in std::fs::read_dir(examples().join(folder)).expect("the folder can be read").flatten() {
            let name = example.file_name().to_string_lossy().into_owned();
            let workspace = Workspace::new(cli);
            copy(&examples().join("mocks"), &workspace.path("mocks"));
            let text = configuration(&example.path(), block, &name);
            if text.contains("required_providers") {
                workspace.remove("versions.tf");
            }
            workspace.write("main.tf", &text);
            std::fs::create_dir(workspace.path("tests")).expect("it can be made");
            workspace.write("tests/mocked.tftest.hcl", tests(cli, &text));
            let tested = workspace.run(["test", "-no-color"]).await;
            assert!(tested.code == 0, "{name}:\n{}", tested.text());
            assert!(tested.stdout.contains("1 passed"), "{name}:\n{}", tested.text());
            count += 1;
        }
    }
    assert!(count >= 27, "the examples are found: {count}");
}

/// The example, or where that looks up one of several things, of which a mock has none, the smallest configuration.
fn configuration(example: &Path, block: &str, name: &str) -> String {
    match (block, name) {
        ("data", "kubeblocks_catalog") => return "data \"kubeblocks_catalog\" \"all\" {}\n".to_owned(),
        ("data", "kubeblocks_cluster_definition") => {
            return "data \"kubeblocks_cluster_definition\" \"it\" {\n  name = \"postgresql\"\n}\n"
                .to_owned();
        }
        ("resource", "kubeblocks_addon") => {
            return "resource \"kubeblocks_addon\" \"it\" {\n  name = \"postgresql\"\n}\n".to_owned();
        }
        _ => {}
    }
    let file = if block == "data" { "data-source.tf" } else { "resource.tf" };
    let text = std::fs::read_to_string(example.join(file)).expect("the example is there");
    // An address of a component is one of several things as well.
    text.split("\noutput \"orders_host\"").next().unwrap_or_default().to_owned()
}

/// One run, with a value for every variable.
fn tests(cli: Cli, configuration: &str) -> String {
    let mock = match cli {
        Cli::OpenTofu => std::fs::read_to_string(examples().join("mocks/opentofu.hcl")).expect("it is there"),
        _ => "mock_provider \"kubeblocks\" {\n  source = \"./mocks\"\n}\n".to_owned(),
    };
    let names = configuration.split("\nvariable \"").skip(1).filter_map(|rest| rest.split('"').next());
    let first = configuration.strip_prefix("variable \"").and_then(|rest| rest.split('"').next());
    let variables: Vec<String> =
        first.into_iter().chain(names).map(|name| format!("  {name} = \"mocked\"\n")).collect();
    let variables = variables.concat();
    format!("{mock}\nvariables {{\n{variables}}}\n\nrun \"mocked\" {{}}\n")
}
