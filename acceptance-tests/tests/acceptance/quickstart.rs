//! The configuration that newcomers meet first, installed as they would install it.

use std::path::Path;

use crate::playground::Playground;
use crate::terraform::Cli;

#[tokio::test(flavor = "multi_thread")]
async fn the_quickstart_runs_with_both_programs_from_a_filesystem_mirror() {
    let stack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/stacks/quickstart/main.tf");
    let text = std::fs::read_to_string(stack).expect("the quickstart is there");
    for cli in [Cli::Terraform, Cli::OpenTofu] {
        let playground = Playground::shared().await;
        let namespace = playground.namespace("quick").await;
        let mut workspace = Playground::workspace_from_mirror(cli);
        workspace.write("main.tf", &text);
        workspace.set("TF_VAR_namespace", &namespace.name);
        // The quickstart has no argument for it: the provider finds the kubeconfig as kubectl does.
        workspace.set("KUBECONFIG", playground.kubeconfig().display());
        workspace.run(["init", "-no-color", "-input=false"]).await.succeeded();
        let applied = workspace.apply().await.succeeded();
        assert!(applied.stdout.contains("2 added, 0 changed, 0 destroyed"), "{}", applied.text());
        assert!(applied.stdout.contains("orders-postgresql"), "{}", applied.text());
        workspace.plan_is_empty().await;
        workspace.destroy().await.succeeded();
        namespace.is_empty().await;
    }
}
