//! The `playground` command as the demo uses it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use acceptance_tests::control_plane;
use k8s_openapi::api::core::v1::Node;
use kube::Api;
use kube::api::ListParams;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;

use crate::support::until_unclaimed;

fn playground(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_playground"));
    command.args(arguments).arg("--dir").arg(folder).stdin(Stdio::null());
    command
}

async fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = playground(folder, arguments);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn fact(folder: &Path, name: &str) -> Value {
    let facts: Value =
        serde_json::from_slice(&std::fs::read(folder.join("playground.json")).unwrap()).unwrap();
    facts[name].clone()
}

fn process(folder: &Path) -> Pid {
    let id = fact(folder, "control_plane_process").as_u64().and_then(|id| i32::try_from(id).ok()).unwrap();
    Pid::from_raw(id).unwrap()
}

#[tokio::test]
async fn a_playground_can_be_a_cloud_without_a_cluster() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("state");
    let started = run(&folder, &["up", "--detach", "--cloud", "azure", "--speed", "30"]).await;
    assert!(started.status.success(), "{}", text(&started));
    assert!(text(&started).contains("cloud:      azure at https://127.0.0.1:"), "{}", text(&started));
    let environment = std::fs::read_to_string(folder.join("env")).unwrap();
    for expected in ["export AZURE_TENANT_ID=", "export PLAYGROUND_KUBECONFIG=", "export KUBEBLOCKS_HELM="] {
        assert!(environment.contains(expected), "{environment}");
    }
    assert!(!environment.contains("export KUBECONFIG="), "{environment}");
    let client = control_plane::client(&folder.join("kubeconfig")).await.unwrap();
    let nodes = Api::<Node>::all(client).list(&ListParams::default()).await.unwrap();
    // What runs the Jobs of add-ons is there before any cluster.
    let names: Vec<_> = nodes.items.iter().filter_map(|node| node.metadata.name.as_deref()).collect();
    assert_eq!(names, ["addon-jobs"]);

    let (plane, data) =
        (process(&folder), PathBuf::from(fact(&folder, "control_plane_folder").as_str().unwrap()));
    let stopped = run(&folder, &["down"]).await;
    assert!(stopped.status.success(), "{}", text(&stopped));
    assert!(test_kill_process(plane).is_err());
    assert!(!folder.exists() && !data.exists());
}

#[tokio::test]
async fn a_playground_in_the_background_is_found_again_and_leaves_nothing_when_it_is_stopped() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("state");
    assert_eq!(run(&folder, &["status"]).await.status.code(), Some(3));

    let started = run(&folder, &["up", "--detach"]).await;
    assert!(started.status.success(), "{}", text(&started));
    let (plane, data) =
        (process(&folder), PathBuf::from(fact(&folder, "control_plane_folder").as_str().unwrap()));
    test_kill_process(plane).unwrap();

    let client = control_plane::client(&folder.join("kubeconfig")).await.unwrap();
    let nodes = Api::<Node>::all(client).list(&ListParams::default()).await.unwrap();
    let has = |name: &str| nodes.items.iter().any(|node| node.metadata.name.as_deref() == Some(name));
    assert!(has("addon-jobs"));
    // Nothing of KubeBlocks is installed, but its charts are at hand.
    let shown = Command::new(fact(&folder, "helm").as_str().unwrap())
        .args(["show", "chart", "kubeblocks", "--version", "0.7.5", "--repo"])
        .arg(fact(&folder, "chart_repository").as_str().unwrap())
        .env("HOME", parent.path())
        .output()
        .unwrap();
    assert!(shown.status.success() && text(&shown).contains("version: 0.7.5"), "{}", text(&shown));

    let again = run(&folder, &["up", "--detach"]).await;
    assert!(again.status.success() && text(&again).contains("runs already"), "{}", text(&again));
    assert_eq!(process(&folder), plane);
    assert_eq!(run(&folder, &["status"]).await.status.code(), Some(0));

    let stopped = run(&folder, &["down"]).await;
    assert!(stopped.status.success(), "{}", text(&stopped));
    assert!(test_kill_process(plane).is_err());
    assert!(!folder.exists() && !data.exists());
    assert!(run(&folder, &["down"]).await.status.success());
}

#[tokio::test]
async fn a_killed_playground_takes_its_control_plane_along_and_can_be_started_again() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("state");
    let mut holder = playground(&folder, &["up"]).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(holder.stdout.take().unwrap()).lines();
    let ready = tokio::task::spawn_blocking(move || lines.map_while(Result::ok).any(|line| line == "ready"));
    assert!(ready.await.unwrap());
    let (plane, data) =
        (process(&folder), PathBuf::from(fact(&folder, "control_plane_folder").as_str().unwrap()));
    let claim = File::open(data.join("claim")).unwrap();

    kill_process(Pid::from_child(&holder), Signal::KILL).unwrap();
    holder.wait().unwrap();
    until_unclaimed(claim).await;
    assert!(!data.exists());

    // What the killed one wrote does not make it look alive.
    assert!(folder.join("playground.json").exists());
    assert_eq!(run(&folder, &["status"]).await.status.code(), Some(3));
    let started = run(&folder, &["up", "--detach"]).await;
    assert!(started.status.success(), "{}", text(&started));
    assert_ne!(process(&folder), plane);
    assert!(run(&folder, &["down"]).await.status.success());
}

#[tokio::test]
async fn a_playground_whose_kubernetes_has_ended_ends_too_and_says_so() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("state");
    let started = run(&folder, &["up", "--detach"]).await;
    assert!(started.status.success(), "{}", text(&started));
    let owner = File::open(folder.join("playground.lock")).unwrap();
    kill_process(process(&folder), Signal::KILL).unwrap();
    until_unclaimed(owner).await;
    assert_eq!(run(&folder, &["status"]).await.status.code(), Some(3));
    let log = std::fs::read_to_string(folder.join("playground.log")).unwrap();
    assert!(log.contains("Kubernetes has ended"), "{log}");
}

#[tokio::test]
async fn the_folder_of_something_else_is_not_removed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("thesis.txt"), "").unwrap();
    let refused = run(folder.path(), &["down"]).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused).contains("it is not the folder of a playground"), "{}", text(&refused));
    assert!(folder.path().join("thesis.txt").exists());
}

#[tokio::test]
async fn a_tool_is_named_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let found = run(folder.path(), &["tool", "control-plane"]).await;
    assert!(Path::new(String::from_utf8_lossy(&found.stdout).trim()).is_file(), "{}", text(&found));
}

#[tokio::test]
async fn without_go_or_terraform_a_tool_says_what_to_install() {
    let empty = tempfile::tempdir().unwrap();
    for (tool, expected) in [
        ("control-plane", "the program \"go\" is not on PATH; install Go"),
        ("tofu", "the program \"go\" is not on PATH; install Go"),
        ("terraform", "unable to find terraform: it is not on PATH"),
    ] {
        let mut command = playground(empty.path(), &["tool", tool]);
        command
            .env("PATH", empty.path())
            .env("KUBEBLOCKS_CACHE", empty.path())
            .env_remove("TF_ACC_TERRAFORM_PATH");
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert_eq!(output.status.code(), Some(1), "{tool}");
        assert!(text(&output).contains(expected), "{tool}: {}", text(&output));
    }
}
