//! What an engine does not have: asked for, it has to be warned of or refused, by the name of the add-on and the function.

use kubeblocks_schemas::catalogue::{Function, Support};
use serde_json::Value;

use super::databases::{self, Stage, configuration};
use super::{Engine, Run};
use crate::terraform::{Cli, Output};

/// Functions that are refused, or warned of, without a server.
const OFFLINE: [Function; 6] = [
    Function::Logs,
    Function::Monitoring,
    Function::Restart,
    Function::StopStart,
    Function::Configuration,
    Function::BackupRestore,
];

/// What was said of an engine's function: the severity.
fn said(diagnostics: &[Value], engine: &Engine, function: Function) -> Option<String> {
    let name = format!("{:?}", engine.name).to_lowercase();
    let function = function.to_string().to_lowercase();
    let is_wanted = |found: &&Value| {
        let text = format!(
            "{} {}",
            found["summary"].as_str().unwrap_or_default(),
            found["detail"].as_str().unwrap_or_default()
        );
        let text = text.to_lowercase();
        text.contains(&format!("add-on {name}")) && text.contains(&function) && text.contains("0.7")
    };
    let found = diagnostics.iter().find(is_wanted)?;
    found["severity"].as_str().map(str::to_owned)
}

fn note(run: &mut Run, functions: &[Function], diagnostics: &[Value]) {
    for engine in run.engines.clone() {
        for function in functions.iter().copied().filter(|function| !engine.has(*function)) {
            let said = said(diagnostics, &engine, function);
            let said = said.unwrap_or_else(|| panic!("nothing is said of {function} of {}", engine.name));
            run.table.refused(engine.name, function, engine.support(function), &said);
        }
    }
}

/// `terraform validate` of all that can be said without a server.
pub(super) async fn validated(run: &mut Run) {
    let workspace = run.platform.workspace(Cli::Terraform);
    workspace.write("main.tf", databases::refused());
    let output = workspace.run(["validate", "-json"]).await;
    let told: Value = serde_json::from_str(&output.stdout).expect("JSON");
    let diagnostics = told["diagnostics"].as_array().cloned().unwrap_or_default();
    note(run, &OFFLINE, &diagnostics);
}

fn diagnostics(output: &Output) -> Vec<Value> {
    let lines = output.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["type"] == "diagnostic").map(|line| line["diagnostic"].clone()).collect()
}

/// A plan that changes what runs by functions that the engine does not have.
pub(super) async fn planned(run: &mut Run, stage: &Stage) {
    let asked = Stage { larger: true, more: true, whatever: true, ..stage.clone() };
    run.workspace.write("main.tf", configuration(&run.engines, &asked));
    let output = run.workspace.run(["plan", "-json", "-input=false"]).await;
    let diagnostics = diagnostics(&output);
    for engine in run.engines.clone() {
        for function in [
            Function::VerticalScaling,
            Function::HorizontalScaling,
            Function::VolumeExpansion,
            Function::Upgrade,
        ] {
            if engine.has(function) {
                continue;
            }
            let support = engine.support(function);
            let has_volumes = !engine.main().volumes.is_empty();
            match said(&diagnostics, &engine, function) {
                Some(said) => run.table.refused(engine.name, function, support, &said),
                None if function == Function::Upgrade && engine.other_version().is_none() => {
                    run.table.nothing(engine.name, function, "there is one version only");
                }
                None if function == Function::VolumeExpansion && !has_volumes => {
                    run.table.nothing(engine.name, function, "it has no volumes");
                }
                None => panic!("nothing is said of {function} of {}: {}", engine.name, output.text()),
            }
        }
        if engine.support(Function::Failover) == Support::No {
            run.table.nothing(engine.name, Function::Failover, "nothing is declared for it");
        }
    }
    refused(run, stage, Function::Switchover, &|engine| {
        databases::switchover(engine, &format!("{}-{}-1", engine.cluster(), engine.main().name))
    })
    .await;
    refused(run, stage, Function::Accounts, &databases::account).await;
}

/// What is asked of engines that do not have it is refused by the plan, each at its own resource; or warned of, where only
/// the matrix says so and the definition has it.
async fn refused(run: &mut Run, stage: &Stage, function: Function, asked: &dyn Fn(&Engine) -> String) {
    let without: Vec<Engine> = run.engines.iter().filter(|engine| !engine.has(function)).copied().collect();
    let mut text = configuration(&run.engines, stage);
    text.extend(without.iter().map(asked));
    run.workspace.write("main.tf", text);
    let output = run.workspace.run(["plan", "-json", "-input=false"]).await;
    assert_ne!(output.code, 0, "the plan with {function} is refused: {}", output.text());
    let diagnostics = diagnostics(&output);
    for engine in without {
        let is_of = |found: &&Value| {
            let address = found["address"].as_str().unwrap_or_default();
            address.split('.').nth(1) == Some(&engine.cluster())
                && !address.starts_with("kubeblocks_cluster.")
        };
        let found: Vec<Value> = diagnostics.iter().filter(is_of).cloned().collect();
        let said = if found.iter().any(|found| found["severity"] == "error") {
            "error".to_owned()
        } else {
            said(&found, &engine, function)
                .unwrap_or_else(|| panic!("{function} of {}: {found:#?}", engine.name))
        };
        run.table.refused(engine.name, function, engine.support(function), &said);
    }
}
