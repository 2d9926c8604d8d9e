//! Changes in an order that nobody thought of: after each, what is there is what the configuration describes, the next
//! plan is empty, and nothing was touched that did not change.

use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::inventory::{Inventory, Step};
use crate::playground::Playground;
use crate::terraform::Cli;

/// Changes of one sequence.
const STEPS: usize = 20;

/// A sequence that failed once stays here. `SEED` plays another one.
pub(crate) fn seeds(known: u64) -> u64 {
    std::env::var("SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(known)
}

async fn twenty_changes(seed: u64, cli: Cli) {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("random").await;
    let workspace = playground.workspace(cli);
    let mut random = StdRng::seed_from_u64(seed);
    let mut inventory = Inventory::of(2);
    let mut history = Vec::new();
    workspace.write("main.tf", inventory.hcl(&namespace.name));
    workspace.apply().await.succeeded();
    for number in 0..STEPS {
        let before = inventory.instances(&namespace).await;
        let step = inventory.change(&mut random, 1 + number % 3);
        history.push(step.to_string());
        eprintln!("seed {seed}, step {number}: {step}");
        workspace.write("main.tf", inventory.hcl(&namespace.name));
        workspace.apply().await.succeeded();
        workspace.plan_is_empty().await;
        let wrong = inventory.wrong(&namespace, &before, &step).await;
        assert!(wrong.is_empty(), "seed {seed}, {wrong:#?} after {history:#?}");
    }

    // What is imported is what was made: nothing is written to it, and nothing restarts.
    let before = inventory.instances(&namespace).await;
    workspace.remove("terraform.tfstate");
    workspace.write("import.tf", inventory.imports(&namespace.name));
    workspace.apply().await.succeeded();
    workspace.remove("import.tf");
    workspace.plan_is_empty().await;
    let wrong = inventory.wrong(&namespace, &before, &Step::default()).await;
    assert!(wrong.is_empty(), "seed {seed}, after the import: {wrong:#?}");
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_random_changes_with_terraform() {
    twenty_changes(seeds(1), Cli::Terraform).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_random_changes_with_opentofu() {
    twenty_changes(seeds(2), Cli::OpenTofu).await;
}
