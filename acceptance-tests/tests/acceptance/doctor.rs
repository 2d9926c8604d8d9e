//! The command `doctor` on Kubernetes clusters of all sorts.

use std::path::Path;

use acceptance_tests::control_plane::{ControlPlane, Options};
use acceptance_tests::kubeconfig::{Kubeconfig, Login};
use k8s_openapi::api::core::v1::Node;
use kube::api::{Api, ListParams, Patch, PatchParams};
use serde_json::{Value, json};

use crate::platform::Platform;
use crate::playground::Playground;
use crate::terraform::{Output, finished, provider_command};

/// Runs `doctor` with helm at hand.
async fn doctor(kubeconfig: &Path, flags: &[&str]) -> Output {
    let helm = tokio::task::spawn_blocking(acceptance_tests::tools::helm).await.expect("no panic");
    let mut command = provider_command("doctor").await;
    command
        .args(flags)
        .env("KUBECONFIG", "/nonexistent/and/overruled")
        .env("KUBE_CONFIG_PATH", kubeconfig)
        .env("KUBEBLOCKS_HELM", helm.expect("helm is built"));
    finished(&mut command).await
}

/// Result of a check.
#[track_caller]
fn result<'a>(report: &'a Value, name: &str) -> &'a str {
    let checks = report["checks"].as_array().expect("there are checks");
    let check = checks.iter().find(|check| check["name"] == name);
    check.and_then(|check| check["result"].as_str()).unwrap_or_else(|| panic!("no check {name}: {report:#}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn where_databases_run_nothing_fails() {
    let playground = Playground::shared().await;
    let found = doctor(playground.kubeconfig(), &["--json"]).await;
    let report = found.json();
    assert_eq!(report["checks"].as_array().map(Vec::len), Some(16), "{report:#}");
    assert_ne!(report["result"], "fail", "{report:#}");
    assert_eq!(found.code, i32::from(report["result"] != "pass"));
    for name in [
        "connection",
        "kubernetes-version",
        "nodes",
        "node-taints",
        "default-storage-class",
        "volume-expansion",
        "kubeblocks",
        "permissions-operator",
        "permissions-addons",
        "permissions-databases",
        "helm",
    ] {
        assert_eq!(result(&report, name), "pass", "{name}: {report:#}");
    }
    // The operator of this playground runs outside of it.
    assert_eq!(result(&report, "operator"), "warn", "{report:#}");
    assert_eq!(found.stderr, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_a_chart_installed_is_found_ready() {
    let platform = Platform::with_operator().await;
    let report = doctor(platform.kubeconfig(), &["--json"]).await.json();
    for name in ["kubeblocks", "operator"] {
        assert_eq!(result(&report, name), "pass", "{report:#}");
    }
    let elsewhere = doctor(platform.kubeconfig(), &["--json", "--namespace", "default"]).await.json();
    assert_eq!(result(&elsewhere, "operator"), "warn", "{elsewhere:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kubernetes_cluster_without_anything_is_told_what_will_be_missing() {
    let options = Options { nodes: 1, version_suffix: Some("-eks-1a2b3c4".to_owned()), ..Options::default() };
    let control_plane = ControlPlane::start(options).await.expect("it starts");
    let found = doctor(control_plane.kubeconfig(), &[]).await;
    assert_eq!(found.code, 1, "{}{}", found.stdout, found.stderr);
    let lines: Vec<&str> = found.stdout.lines().collect();
    let column = lines[0].find("FOUND").expect("there is a heading");
    for (name, result, text) in [
        ("kubernetes-version", "pass", "-eks-1a2b3c4"),
        ("nodes", "warn", "1 node, 1 ready; 16 CPU and 64Gi memory"),
        ("load-balancer", "warn", "AWS Load Balancer Controller is not installed"),
        ("volume-snapshots", "warn", "snapshot.storage.k8s.io/v1 is not served"),
        ("kubeblocks", "skip", "KubeBlocks is not installed"),
        ("permissions-operator", "pass", "allowed to install"),
    ] {
        let line = lines.iter().find(|line| line.contains(&format!("    {name} ")));
        let line = line.unwrap_or_else(|| panic!("no {name}:\n{}", found.stdout));
        assert!(line.starts_with(result), "{line}");
        assert!(line[column..].contains(text) && line.as_bytes()[column - 1] == b' ', "{line}");
    }
    assert!(!found.stdout.contains('\x1b'), "there is no terminal: {}", found.stdout);
    assert!(lines.last().is_some_and(|line| line.starts_with("warn: ")), "{}", found.stdout);

    // Another cloud has load balancers of its own.
    let told = doctor(control_plane.kubeconfig(), &["--json", "--cloud", "gcp"]).await.json();
    assert_eq!(result(&told, "load-balancer"), "pass");

    taint_all(&control_plane).await;
    let tainted = doctor(control_plane.kubeconfig(), &["--json"]).await;
    assert_eq!(tainted.code, 2, "{}", tainted.stdout);
    assert_eq!(result(&tainted.json(), "node-taints"), "fail");
    assert!(tainted.stdout.contains("dedicated=others:NoSchedule"), "{}", tainted.stdout);
}

async fn taint_all(control_plane: &ControlPlane) {
    let nodes: Api<Node> = Api::all(control_plane.client().await.expect("it answers"));
    let taint =
        json!({ "spec": { "taints": [{ "key": "dedicated", "value": "others", "effect": "NoSchedule" }] } });
    for node in nodes.list(&ListParams::default()).await.expect("it answers") {
        let name = node.metadata.name.expect("nodes have names");
        nodes.patch(&name, &PatchParams::default(), &Patch::Merge(&taint)).await.expect("it is tainted");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_do_nothing_is_told_what_is_missing_and_no_token_is_shown() {
    let playground = Playground::shared().await;
    let kubeconfig = playground.kubeconfig_without_rights();
    let found = doctor(&kubeconfig, &["--json"]).await;
    assert_eq!(found.code, 2, "{}", found.stdout);
    let report = found.json();
    for (name, expected) in [
        ("connection", "pass"),
        ("nodes", "warn"),
        ("kubeblocks", "pass"),
        ("permissions-operator", "warn"),
        ("permissions-addons", "warn"),
        ("permissions-databases", "fail"),
    ] {
        assert_eq!(result(&report, name), expected, "{report:#}");
    }
    assert!(found.stdout.contains("not allowed to list nodes"), "{report:#}");
    assert!(
        found.stdout.contains("clusters.apps.kubeblocks.io (create, delete, get, list, patch, watch)"),
        "{report:#}"
    );
    let text = std::fs::read_to_string(&kubeconfig).expect("it was written");
    let token = text.split_once("token").expect("it has a token").1;
    let token = token.trim_start_matches(['"', ':', ' ']).split(['"', '\n', '\r']).next().unwrap_or_default();
    assert!(token.len() > 7, "a token was found");
    assert!(!found.stdout.contains(token) && !found.stderr.contains(token));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_one_failure_that_says_what_to_do() {
    let playground = Playground::shared().await;
    let unknown = doctor(&playground.kubeconfig_of_nobody(), &["--json"]).await;
    assert_eq!(unknown.code, 2, "{}", unknown.stdout);
    assert!(unknown.json()["checks"][0]["found"].as_str().is_some_and(|text| text.contains("401")));

    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("away.kubeconfig");
    // Nobody listens at the port of a listener that is gone.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    drop(listener);
    let away = Kubeconfig {
        server: format!("https://{address}"),
        ca_certificate: None,
        login: Login::Anonymous,
        context: "away".to_owned(),
    };
    away.write(&path).expect("it can be written");
    let found =
        doctor(Path::new("/nonexistent"), &["--json", "--kubeconfig", &path.display().to_string()]).await;
    assert_eq!(found.code, 2, "{}", found.stdout);
    let report = found.json();
    assert_eq!(
        report["checks"].as_array().map(Vec::len),
        Some(2),
        "only helm is checked besides: {report:#}"
    );
    assert_eq!(result(&report, "connection"), "fail");
    let text = report["checks"][0]["found"].as_str().unwrap_or_default();
    assert!(text.contains(&address.to_string()) && text.contains("cannot be reached"), "{text}");
    assert!(report["checks"][0]["advice"].as_str().is_some_and(|text| text.contains("port")));

    let mistaken = doctor(&path, &["--cloud", "mars"]).await;
    assert_eq!((mistaken.code, mistaken.stdout.as_str()), (64, ""));
    assert!(mistaken.stderr.contains("alibaba"), "{}", mistaken.stderr);
}
