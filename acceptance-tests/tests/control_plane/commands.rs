//! Commands in the containers of simulated pods, by the clients that people use.

use std::process::Stdio;

use acceptance_tests::control_plane::ControlPlane;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::AttachParams;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{create, namespace, until};

/// A pod with a container, running.
async fn running_pod() -> (Api<Pod>, String) {
    let (client, namespace) = namespace().await;
    let pods: Api<Pod> = Api::namespaced(client, &namespace);
    let spec = json!({ "containers": [{ "name": "main", "image": "images.example/main:1" }] });
    create(&pods, json!({ "metadata": { "name": "tool" }, "spec": spec })).await;
    until(&pods, "tool", |pod: Option<&Pod>| {
        let status = pod.and_then(|pod| pod.status.as_ref());
        status.is_some_and(|status| status.phase.as_deref() == Some("Running"))
    })
    .await;
    (pods, namespace)
}

/// Without input: kube cannot end it, and the command would wait for more.
#[tokio::test]
async fn kube_runs_a_command_and_learns_its_end() {
    let (pods, _) = running_pod().await;
    let mut process = pods.exec("tool", ["sh", "-c", "true"], &AttachParams::default()).await.unwrap();
    let status = process.take_status().unwrap().await.unwrap();
    assert_eq!(
        (status.status.as_deref(), status.reason.as_deref()),
        (Some("Failure"), Some("NonZeroExitCode"))
    );

    // There is no lorry in this pod.
    let curl = ["curl", "--silent", "http://127.0.0.1:3501/v1.0/bindings/redis"];
    let mut process = pods.exec("tool", curl, &AttachParams::default()).await.unwrap();
    let mut said = String::new();
    process.stderr().unwrap().read_to_string(&mut said).await.unwrap();
    assert!(said.contains("Failed to connect to 127.0.0.1 port 3501"), "{said}");
    assert!(pods.exec("nobody", ["cat"], &AttachParams::default()).await.is_err());
}

#[tokio::test]
async fn kubectl_runs_a_command_with_input_and_passes_its_exit_code_on() {
    let (_, namespace) = running_pod().await;
    let kubeconfig = ControlPlane::shared().await.unwrap().kubeconfig();
    let run = async |command: &[&str]| {
        let mut child = tokio::process::Command::new("kubectl")
            .args(["exec", "-i", "-n", &namespace, "tool", "--"])
            .args(command)
            .env("KUBECONFIG", kubeconfig)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(b"what comes in").await.unwrap();
        let output = child.wait_with_output().await.unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(run(&["cat"]).await, (Some(0), "what comes in".to_owned()));
    assert_eq!(run(&["curl", "http://127.0.0.1:3501/"]).await.0, Some(7));
    assert_eq!(run(&["curl", "--data-raw", "x", "http://127.0.0.1:3501/"]).await.0, Some(2));
}
