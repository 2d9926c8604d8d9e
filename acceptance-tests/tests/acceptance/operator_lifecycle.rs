//! The operator's life: installed on an empty Kubernetes cluster, looked at, changed, upgraded, imported, removed. All
//! with the real helm, whose runs are noted, and charts from a repository whose requests are counted.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use acceptance_tests::tools;
use base64::Engine as _;
use serde_json::{Value, json};

use crate::platform::Platform;
use crate::terraform::{Cli, Workspace};

const OPERATOR: &str = "kubeblocks_operator.this";
const RELEASE: &str = "sh.helm.release.v1.kubeblocks";

/// A helm that notes how it is run, and then is the real one.
pub(crate) struct NotingHelm {
    log: PathBuf,
}

impl NotingHelm {
    /// Puts it into the workspace and names it to the provider.
    pub(crate) fn of(workspace: &mut Workspace) -> Self {
        let (log, program) = (workspace.path("helm.log"), workspace.path("noting-helm"));
        let real = tools::helm().expect("helm is built");
        let script =
            format!("#!/bin/sh\necho \"$@\" >> '{}'\nexec '{}' \"$@\"\n", log.display(), real.display());
        std::fs::write(&program, script).expect("it can be written");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("permitted");
        workspace.set("KUBEBLOCKS_HELM", program.display());
        Self { log }
    }

    /// What it was asked since the last time, without the questions for its version.
    pub(crate) fn runs(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let _ = std::fs::remove_file(&self.log);
        text.lines().filter(|line| !line.starts_with("version ")).map(str::to_owned).collect()
    }
}

/// Sizes of the Secrets of the release in bytes, and how many there are.
async fn release_secrets(platform: &Platform) -> Vec<usize> {
    let secrets = platform.list("", "Secret", "secrets", Some("kb-system")).await;
    let ours = secrets
        .iter()
        .filter(|secret| secret["metadata"]["name"].as_str().is_some_and(|name| name.starts_with(RELEASE)));
    ours.map(|secret| {
        let data = secret["data"]["release"].as_str().expect("a release");
        base64::engine::general_purpose::STANDARD.decode(data).expect("base64").len()
    })
    .collect()
}

fn texts(value: &Value) -> Vec<String> {
    let list = value.as_array().cloned().unwrap_or_default();
    list.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_lives_from_an_empty_kubernetes_cluster_to_an_empty_one() {
    let platform = Platform::bare().await;
    let mut workspace = platform.workspace(Cli::Terraform);
    let helm = NotingHelm::of(&mut workspace);

    // What would be made is known before anything is.
    workspace.write("main.tf", platform.operator("0.7.4", "values = { replicaCount = 1 }"));
    let plan = workspace.plan_json().await;
    let planned = &plan["resource_changes"][0]["change"]["after"];
    let added = texts(&planned["planned_changes"]["added"]);
    assert!(added.iter().any(|object| object == "Addon redis"), "{added:?}");
    assert!(added.iter().any(|object| object.starts_with("Deployment ") && object.ends_with("kubeblocks")));
    assert!(planned["chart_digest"].as_str().is_some_and(|digest| digest.starts_with("sha256:")));

    install(&platform, &workspace).await;
    helm.runs();
    nothing_changed(&platform, &workspace, &helm).await;
    values_are_changed_in_place(&platform, &workspace, &helm).await;
    a_minor_version_is_not_skipped(&platform, &workspace).await;
    upgrade(&platform, &workspace, &helm).await;
    import(&platform, &workspace).await;
    data_is_guarded(&platform, &workspace).await;

    workspace.write("main.tf", platform.operator("0.7.5", "delete_crds = true"));
    workspace.apply().await.succeeded();
    workspace.destroy().await.succeeded();
    platform.is_empty().await;
}

async fn install(platform: &Platform, workspace: &Workspace) {
    workspace.apply().await.succeeded();
    let listed = platform.helm(&["list", "-n", "kb-system", "-o", "json"]).await.succeeded();
    let listed: Value = serde_json::from_str(&listed.stdout).expect("JSON");
    assert_eq!(listed[0]["name"], "kubeblocks");
    assert_eq!(listed[0]["status"], "deployed");
    assert_eq!(listed[0]["chart"], "kubeblocks-0.7.4");
    // The limit of a Secret is 1 MiB.
    let sizes = release_secrets(platform).await;
    assert!(sizes.len() == 1 && sizes[0] < 400 * 1024, "{sizes:?}");

    let state = workspace.attributes(OPERATOR).await;
    assert_eq!(state["app_version"], "0.7.4");
    assert!(state["crds_digest"].as_str().is_some_and(|digest| digest.starts_with("sha256:")));
    let crds = platform
        .names("apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions", None)
        .await;
    assert!(crds.iter().any(|name| name == "clusters.apps.kubeblocks.io"));
    for name in ["kubeblocks", "kubeblocks-dataprotection"] {
        let found = platform.get("apps", "Deployment", "deployments", Some("kb-system"), name).await;
        assert_eq!(found.expect("it is there")["status"]["availableReplicas"], 1, "{name}");
    }
}

/// No helm, no repository.
async fn nothing_changed(platform: &Platform, workspace: &Workspace, helm: &NotingHelm) {
    let before = platform.repository().requests().len();
    workspace.plan_is_empty().await;
    assert_eq!(platform.repository().requests().len(), before, "the repository is not asked");
    assert_eq!(helm.runs(), Vec::<String>::new(), "helm does not run");
}

async fn values_are_changed_in_place(platform: &Platform, workspace: &Workspace, helm: &NotingHelm) {
    let lines = "values = { replicaCount = 1, podAnnotations = { team = \"data\" } }\n  sensitive_values = { dataProtection = { encryptionKey = \"hunter2hunter2\" } }\n  sensitive_values_revision = 1";
    workspace.write("main.tf", platform.operator("0.7.4", lines));
    workspace.apply().await.succeeded();
    let runs = helm.runs();
    assert!(runs.iter().any(|run| run.starts_with("upgrade ")), "{runs:?}");
    assert!(!runs.concat().contains("hunter2"), "no secret in arguments");
    let found = platform.get("apps", "Deployment", "deployments", Some("kb-system"), "kubeblocks").await;
    let annotations = &found.expect("it is there")["spec"]["template"]["metadata"]["annotations"];
    assert_eq!(annotations["team"], "data");
    let state = std::fs::read_to_string(workspace.path("terraform.tfstate")).expect("a state");
    assert!(!state.contains("hunter2"), "no secret in the state");
    let values = platform.helm(&["get", "values", "kubeblocks", "-n", "kb-system", "-o", "json"]).await;
    let values: Value = serde_json::from_str(&values.succeeded().stdout).expect("JSON");
    assert_eq!(values["dataProtection"]["encryptionKey"], "hunter2hunter2");
    let changed = texts(&workspace.attributes(OPERATOR).await["planned_changes"]["changed"]);
    assert!(changed.iter().any(|object| object.starts_with("Deployment ")), "{changed:?}");
    nothing_changed(platform, workspace, helm).await;
}

async fn a_minor_version_is_not_skipped(platform: &Platform, workspace: &Workspace) {
    workspace.write("main.tf", platform.operator("0.9.0", "values = { replicaCount = 1 }"));
    workspace.plan().await.failed().says(&["would be skipped", "0.8"]);
}

async fn upgrade(platform: &Platform, workspace: &Workspace, helm: &NotingHelm) {
    workspace.write("main.tf", platform.operator("0.7.5", ""));
    let plan = workspace.plan_json().await;
    let changes = &plan["resource_changes"][0]["change"]["after"]["planned_changes"];
    assert!(texts(&changes["removed"]).iter().any(|object| object == "Addon xinference"), "{changes}");
    assert!(!texts(&changes["changed"]).is_empty(), "{changes}");
    workspace.apply().await.succeeded();
    let crds = platform
        .names("apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions", None)
        .await;
    assert!(crds.iter().any(|name| name == "servicedescriptors.apps.kubeblocks.io"), "{crds:?}");
    let kept = platform.get("extensions.kubeblocks.io", "Addon", "addons", None, "xinference").await;
    assert!(kept.is_some(), "an add-on that the new chart lacks is kept");
    platform.kubectl(&["delete", "addon", "xinference", "--timeout", "60s"]).await.succeeded();
    for name in ["kubeblocks", "kubeblocks-dataprotection"] {
        let found = platform.get("apps", "Deployment", "deployments", Some("kb-system"), name).await;
        assert_eq!(found.expect("it is there")["status"]["availableReplicas"], 1, "{name}");
    }
    helm.runs();
    nothing_changed(platform, workspace, helm).await;
}

async fn import(platform: &Platform, workspace: &Workspace) {
    workspace.run(["state", "rm", OPERATOR]).await.succeeded();
    workspace.run(["import", "-no-color", OPERATOR, "kb-system/kubeblocks"]).await.succeeded();
    workspace.plan_is_empty().await;
    // Without a state, what is installed is refused and not taken over in silence.
    workspace.run(["state", "rm", OPERATOR]).await.succeeded();
    workspace.apply().await.failed().says(&["installed already", "kb-system/kubeblocks"]);
    // The limit of a Secret is 1 MiB.
    let sizes = release_secrets(platform).await;
    assert!(sizes.iter().all(|size| *size < 400 * 1024), "{sizes:?}");
    workspace.run(["import", "-no-color", OPERATOR, "kb-system/kubeblocks"]).await.succeeded();
}

async fn data_is_guarded(platform: &Platform, workspace: &Workspace) {
    let cluster = json!({
        "apiVersion": "apps.kubeblocks.io/v1alpha1", "kind": "Cluster",
        "metadata": {"name": "orders", "namespace": "default"},
        "spec": {"terminationPolicy": "Delete", "clusterDefinitionRef": "nothing", "clusterVersionRef": "nothing", "componentSpecs": [{"name": "redis", "componentDefRef": "redis", "replicas": 1}]},
    });
    let api = platform.api("apps.kubeblocks.io", "Cluster", "clusters", Some("default"));
    let cluster = serde_json::from_value(cluster).expect("an object");
    api.create(&kube::api::PostParams::default(), &cluster).await.expect("it is made");
    workspace.destroy().await.failed().says(&["KubeBlocks is in use", "Cluster default/orders"]);
    let still = platform.helm(&["list", "-n", "kb-system", "-o", "json"]).await.succeeded();
    assert!(still.stdout.contains("deployed"), "nothing was touched");
    platform
        .merge(
            "apps.kubeblocks.io",
            "Cluster",
            "clusters",
            Some("default"),
            "orders",
            json!({"metadata": {"finalizers": null}}),
        )
        .await;
    api.delete("orders", &kube::api::DeleteParams::default()).await.expect("it is deleted");
    platform
        .until(("apps.kubeblocks.io", "Cluster", "clusters"), Some("default"), "orders", |found| {
            found.is_none()
        })
        .await;
}
