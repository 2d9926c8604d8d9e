//! Hours of random changes of many databases through one process of the provider, with faults on the way to the API.
//!
//! `SOAK_MINUTES=120` is how long, `SOAK_DATABASES=50` how many, `SEED` plays the same changes again.

// A failed expectation is how a test here ends, also in its helpers.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, missing_docs)]

#[path = "../acceptance/attachable.rs"]
mod attachable;
#[path = "../acceptance/hcl.rs"]
#[allow(dead_code, reason = "the acceptance tests use the rest")]
mod hcl;
#[path = "../acceptance/inventory.rs"]
#[allow(dead_code, reason = "the acceptance tests use the rest")]
mod inventory;
#[path = "../acceptance/platform.rs"]
#[allow(dead_code, reason = "the acceptance tests use the rest")]
mod platform;
#[path = "../acceptance/playground.rs"]
#[allow(dead_code, reason = "the acceptance tests use the rest")]
mod playground;
mod process;
#[path = "../acceptance/recorded_states.rs"]
mod recorded_states;
mod report;
#[path = "../acceptance/secret_search.rs"]
#[allow(dead_code, reason = "the acceptance tests use the rest")]
mod secret_search;
#[path = "../acceptance/terraform.rs"]
#[allow(dead_code, reason = "the acceptance tests use the rest")]
mod terraform;
#[path = "../acceptance/time_limit.rs"]
mod time_limit;
mod trouble;

use std::time::{Duration, Instant};

use rand::prelude::*;

use attachable::Attachable;
use inventory::Inventory;
use playground::Playground;
use process::Sample;
use report::Report;
use terraform::{Cli, Output, Workspace};
use trouble::Trouble;

const APPLY: [&str; 5] = ["apply", "-auto-approve", "-no-color", "-input=false", "-parallelism=50"];

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name)
        .ok()
        .filter(|text| !text.is_empty())
        .map_or(usual, |text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_nothing_grows_in_hours_of_changes_and_faults() {
    let minutes = number("SOAK_MINUTES", 120);
    let databases = usize::try_from(number("SOAK_DATABASES", 50)).expect("few");
    let seed = number("SEED", rand::random_range(0..1_000_000));
    eprintln!("SEED={seed} SOAK_MINUTES={minutes} SOAK_DATABASES={databases}");
    let mut random = StdRng::seed_from_u64(seed);
    let playground = Playground::shared().await;
    let namespace = playground.namespace("soak").await;
    let api = playground.faulty_api().await;
    let temporary = tempfile::tempdir().expect("a folder");
    let provider = Attachable::start(temporary.path()).await;
    let mut workspace = Playground::workspace_through(Cli::Terraform, api.kubeconfig());
    workspace.set("TF_REATTACH_PROVIDERS", &provider.variable);
    let mut inventory = Inventory::of(databases);
    let mut report = Report::new(seed, databases);

    workspace.write("main.tf", inventory.hcl(&namespace.name));
    workspace.run(APPLY).await.succeeded();
    let until = Instant::now() + Duration::from_secs(minutes * 60);
    while Instant::now() < until {
        let before = inventory.instances(&namespace).await;
        let changes = random.random_range(1..=6);
        let step = inventory.change(&mut random, changes);
        workspace.write("main.tf", inventory.hcl(&namespace.name));
        let trouble = Trouble::any(&mut random);
        let first = suffer(&workspace, &api, &trouble).await;
        if first.code != 0 {
            workspace.run(APPLY).await.succeeded();
        }
        workspace.plan_is_empty().await;
        let wrong = inventory.wrong(&namespace, &before, &step).await;
        assert!(
            wrong.is_empty(),
            "round {}: {wrong:#?} after {step} and {trouble}: {first:?}",
            report.rounds()
        );
        // Nothing runs now, so what is there now stays for ever.
        let sample = Sample::of(provider.id(), temporary.path());
        eprintln!("round {}: {step}; {trouble}: {}; {sample}", report.rounds(), first.code);
        report.round(changes, &trouble, first.code == 0, sample);
    }
    workspace
        .run(["destroy", "-auto-approve", "-no-color", "-input=false", "-parallelism=50"])
        .await
        .succeeded();
    namespace.is_empty().await;
    let end = Sample::of(provider.id(), temporary.path());
    report.write(end);
    report.judge(end);
}

/// An apply to which something happens.
async fn suffer(
    workspace: &Workspace,
    api: &acceptance_tests::api_faults::ApiFaults,
    trouble: &Trouble,
) -> Output {
    for (matching, spared, fault) in trouble.faults() {
        api.inject_at(matching, spared, fault);
    }
    let child = workspace.spawn(APPLY);
    let process = child.id().expect("it runs");
    let ended = child.wait_with_output();
    tokio::pin!(ended);
    let output = tokio::select! {
        output = &mut ended => output,
        () = trouble.happen(api, process) => ended.await,
    };
    api.forget_faults();
    let output = output.expect("terraform runs");
    Output {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
