//! What an upgrade must not take away, and a removal without an operator that could help or while
//! it is at work.

use std::time::Duration;

use serde_json::json;

use crate::platform::Platform;
use crate::terraform::Cli;

const ADDON: (&str, &str, &str) = ("extensions.kubeblocks.io", "Addon", "addons");
/// Longer than anything here takes.
const LONG: Duration = Duration::from_mins(10);
/// Those of the operator.
const DEPLOYMENTS: [&str; 2] = ["kubeblocks", "kubeblocks-dataprotection"];
const DEPLOYMENT: (&str, &str, &str) = ("apps", "Deployment", "deployments");

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_keeps_add_ons_that_the_chart_drops_and_without_the_operator_none_is_removed() {
    let platform = Platform::bare().await;
    let workspace = platform.workspace(Cli::Terraform);
    workspace.write("main.tf", platform.operator("0.7.5", ""));
    workspace.write("addon.tf", "resource \"kubeblocks_addon\" \"foxlake\" {\n  kubernetes = kubeblocks_operator.this.kubernetes\n  name       = \"foxlake\"\n}\n");
    workspace.apply().await.succeeded();

    // 0.8.0 has no Addon for foxlake any more; deleting it would uninstall the engine.
    workspace.write("main.tf", platform.operator("0.8.0", ""));
    workspace.plan().await.succeeded().says(&["foxlake", "0.8.0"]);
    workspace.apply().await.succeeded();
    let (group, kind, plural) = ADDON;
    let kept = platform.get(group, kind, plural, None, "foxlake").await.expect("it is kept");
    assert_eq!(kept["metadata"]["annotations"]["helm.sh/resource-policy"], "keep");
    assert_eq!(kept["status"]["phase"], "Enabled");
    let releases = platform.helm(&["list", "-n", "kb-system", "--short"]).await.succeeded();
    assert!(releases.stdout.lines().any(|release| release == "kb-addon-foxlake"), "{}", releases.text());
    workspace.plan_is_empty().await;

    // Nobody is there to take the finalizers off.
    workspace.run(["state", "rm", "kubeblocks_addon.foxlake"]).await.succeeded();
    workspace.remove("addon.tf");
    for deployment in DEPLOYMENTS {
        stop(&platform, deployment).await;
    }
    workspace
        .destroy()
        .await
        .failed()
        .says(&["The operator does not run and cannot remove its add-ons", "force_destroy"]);

    // By force it goes without the operator, also while a Job that it has begun is at work.
    workspace.write("main.tf", platform.operator("0.8.0", "force_destroy = true\n  delete_crds = true"));
    workspace.apply().await.succeeded();
    for deployment in DEPLOYMENTS {
        scale(&platform, deployment, 1).await;
    }
    platform.faults().addon_delay("clickhouse", LONG);
    platform
        .merge(group, kind, plural, None, "clickhouse", json!({"spec": {"install": {"enabled": true}}}))
        .await;
    platform
        .until(("", "Pod", "pods"), Some("kb-system"), &pod_of("clickhouse", &platform).await, |found| {
            found.is_some_and(|found| found.data["status"]["phase"] == "Running")
        })
        .await;
    for deployment in DEPLOYMENTS {
        stop(&platform, deployment).await;
    }
    workspace.destroy().await.succeeded();
    platform.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn installations_that_are_under_way_do_not_survive_the_operator() {
    let platform = Platform::bare().await;
    // The chart has it installed by itself.
    platform.faults().addon_delay("pulsar", Duration::from_secs(10));
    let workspace = platform.workspace(Cli::Terraform);
    workspace.write("main.tf", platform.operator("0.7.5", "delete_crds = true"));
    workspace.apply().await.succeeded();
    pod_of("pulsar", &platform).await;
    workspace.destroy().await.succeeded();
    platform.is_empty().await;

    // Nothing was begun yet when the operator goes again.
    workspace.apply().await.succeeded();
    workspace.destroy().await.succeeded();
    platform.is_empty().await;
}

/// The pod that installs an add-on, as soon as there is one.
async fn pod_of(addon: &str, platform: &Platform) -> String {
    let job = format!("install-{addon}-addon");
    platform
        .until(("batch", "Job", "jobs"), Some("kb-system"), &job, |found| {
            found.is_some_and(|found| found.data["status"]["active"] == 1)
        })
        .await;
    let pods = platform.names("", "Pod", "pods", Some("kb-system")).await;
    pods.into_iter().find(|name| name.starts_with(&job)).expect("an active Job has a pod")
}

/// Leaves the operator without pods.
async fn stop(platform: &Platform, deployment: &str) {
    scale(platform, deployment, 0).await;
    platform
        .until(DEPLOYMENT, Some("kb-system"), deployment, |found| {
            found.is_some_and(|found| found.data["status"].get("replicas").is_none())
        })
        .await;
}

async fn scale(platform: &Platform, deployment: &str, replicas: u32) {
    let replicas = format!("--replicas={replicas}");
    platform.kubectl(&["-n", "kb-system", "scale", "deployment", deployment, &replicas]).await.succeeded();
}
