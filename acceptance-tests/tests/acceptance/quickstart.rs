//! The configuration that newcomers meet first, installed as they would install it: from an empty Kubernetes cluster to
//! two databases, and back.

use std::path::Path;

use acceptance_tests::tools;

use crate::platform::Platform;
use crate::playground::Playground;
use crate::terraform::Cli;

#[tokio::test(flavor = "multi_thread")]
async fn the_quickstart_brings_databases_to_an_empty_kubernetes_cluster_and_leaves_nothing() {
    let stack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/stacks/quickstart/main.tf");
    let text = std::fs::read_to_string(stack).expect("the quickstart is there");
    let platform = Platform::bare().await;
    let helms = [tools::helm().expect("helm 3 is built"), tools::helm4().expect("helm 4 is built")];
    for (cli, helm) in [Cli::Terraform, Cli::OpenTofu].into_iter().zip(helms) {
        let mut workspace = Playground::workspace_from_mirror(cli);
        workspace.write("main.tf", &text);
        // The quickstart has no argument for it: the provider finds the kubeconfig as kubectl does.
        workspace.set("KUBECONFIG", platform.kubeconfig().display());
        workspace.set("KUBEBLOCKS_HELM", helm.display());
        workspace.set("TF_VAR_chart_repository", platform.repository().url());
        workspace.run(["init", "-no-color", "-input=false"]).await.succeeded();

        let applied = workspace.apply().await.succeeded();
        assert!(applied.stdout.contains("5 added, 0 changed, 0 destroyed"), "{}", applied.text());
        assert!(applied.stdout.contains("orders-postgresql"), "{}", applied.text());
        // What the same plan installs is nothing to warn of.
        assert!(!applied.text().contains("Warning"), "{}", applied.text());
        workspace.plan_is_empty().await;
        let releases = platform.helm(&["list", "--all-namespaces", "--short"]).await.succeeded();
        for release in ["kubeblocks", "kb-addon-redis", "kb-addon-postgresql"] {
            assert!(releases.stdout.lines().any(|line| line == release), "{}", releases.text());
        }

        workspace.destroy().await.succeeded();
        assert_eq!(workspace.managed().await, Vec::<String>::new());
        platform.is_empty().await;
    }
}
