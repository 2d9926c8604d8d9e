//! The example policies, by the real Open Policy Agent: their own tests, and plans that Terraform has made.

use std::path::PathBuf;

use acceptance_tests::tools;
use serde_json::{Value, json};

use crate::hcl::Redis;
use crate::playground::Playground;
use crate::terraform::{Cli, Output, Workspace, finished};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/policies")
}

async fn opa<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Output {
    let binary = tokio::task::spawn_blocking(tools::opa).await.expect("no panic").expect("opa is built");
    finished(tokio::process::Command::new(binary).args(arguments)).await
}

/// What the policies say of the plan that is made now.
async fn refused(workspace: &Workspace, exceptions: &Value) -> Vec<String> {
    workspace.write("plan.json", workspace.plan_json().await.to_string());
    workspace.write("exceptions.json", exceptions.to_string());
    let (policies, plan) =
        (folder().display().to_string(), workspace.path("plan.json").display().to_string());
    let exceptions = workspace.path("exceptions.json").display().to_string();
    let output = opa([
        "eval",
        "--format",
        "json",
        "--data",
        &policies,
        "--data",
        &exceptions,
        "--input",
        &plan,
        "[message | some message in data.kubeblocks[_].deny]",
    ])
    .await;
    let found = output.succeeded().json();
    serde_json::from_value(found["result"][0]["expressions"][0]["value"].clone()).expect("a list of texts")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policies_pass_their_own_tests() {
    let folder = folder().display().to_string();
    for arguments in [["test", &folder], ["check", &folder]] {
        opa(arguments).await.succeeded();
    }
    let unformatted = opa(["fmt", "--list", &folder]).await.succeeded();
    assert_eq!((unformatted.stdout, unformatted.stderr), Default::default(), "opa fmt would change these");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policies_judge_plans_as_terraform_makes_them() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("policy").await;
    let workspace = playground.workspace(Cli::Terraform);
    let redis = Redis::new(&namespace.name, "cache").policy("Delete");
    let (none, address) = (json!({}), redis.address());
    workspace.write("main.tf", redis.to_string());
    assert_eq!(refused(&workspace, &none).await, Vec::<String>::new(), "a new database disturbs nobody");
    workspace.apply().await.succeeded();

    workspace.write("main.tf", redis.clone().memory("192Mi").to_string());
    assert_eq!(refused(&workspace, &none).await, Vec::<String>::new(), "a rolling restart");
    workspace.write("main.tf", redis.clone().extra("running = false").to_string());
    let [message] = &refused(&workspace, &none).await[..] else { panic!("one refusal") };
    assert!(message.contains("downtime outside of a change window: every instance stops"), "{message}");
    let accepted = json!({"accepted": {&address: ["downtime"]}});
    assert_eq!(refused(&workspace, &accepted).await, Vec::<String>::new());

    // Removed, and replaced.
    let gone = format!("{address}: deletes data: it is destroyed with its volumes");
    workspace.write("main.tf", "");
    assert_eq!(refused(&workspace, &none).await, std::slice::from_ref(&gone));
    let replaced = redis.clone().extra(r#"accept_impact = ["data_loss"]"#).to_string();
    workspace.write("main.tf", replaced.replace("= \"cache\"", "= \"other\""));
    assert_eq!(refused(&workspace, &none).await, [gone]);
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}
