//! What goes wrong with `kubeblocks_addon`, and what Terraform says and does about it.

use std::time::Duration;

use acceptance_tests::operator::Times;
use serde_json::json;

use crate::platform::Platform;
use crate::terraform::Cli;

fn addon(name: &str, lines: &str) -> String {
    format!("resource \"kubeblocks_addon\" \"this\" {{\n  name = \"{name}\"\n  {lines}\n}}\n")
}

async fn phase(platform: &Platform, name: &str) -> String {
    let found = platform.get("extensions.kubeblocks.io", "Addon", "addons", None, name).await;
    found.and_then(|addon| addon["status"]["phase"].as_str().map(str::to_owned)).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_that_fails_once_heals_within_the_apply() {
    let platform = Platform::with_operator().await;
    let workspace = platform.workspace(Cli::Terraform);
    platform.faults().addon_fails("zookeeper", Times::Once, "Error: the connection was lost");
    workspace.write("main.tf", addon("zookeeper", ""));
    workspace.apply().await.succeeded();
    assert_eq!(phase(platform, "zookeeper").await, "Enabled");
    let attributes = workspace.attributes("kubeblocks_addon.this").await;
    assert_eq!(attributes["cluster_definitions"], json!(["zookeeper"]), "{attributes:#}");
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_that_always_fails_is_said_with_its_log_and_tried_again_by_the_next_apply() {
    let platform = Platform::with_operator().await;
    let workspace = platform.workspace(Cli::Terraform);
    platform.faults().addon_fails("milvus", Times::Always, "Error: template: milvus/x.yaml: nil pointer");
    workspace.write("main.tf", addon("milvus", ""));
    workspace.apply().await.failed().says(&[
        "could not be installed, although the operator's Job tried several times",
        "Error: template: milvus/x.yaml: nil pointer",
    ]);
    assert_eq!(phase(platform, "milvus").await, "Failed");
    platform.faults().addon_works("milvus");
    workspace.apply().await.succeeded();
    assert_eq!(phase(platform, "milvus").await, "Enabled");
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_that_is_not_in_the_image_is_said_with_helm_s_own_words() {
    let platform = Platform::with_operator().await;
    let workspace = platform.workspace(Cli::Terraform);
    platform.faults().addon_missing_chart("weaviate", true);
    workspace.write("main.tf", addon("weaviate", ""));
    workspace.apply().await.failed().says(&["could not be installed", "weaviate"]);
    platform.faults().addon_missing_chart("weaviate", false);
    workspace.apply().await.succeeded();
    workspace.destroy().await.succeeded();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_add_on_that_failed_behind_terraform_s_back_is_planned_and_mended() {
    let platform = Platform::with_operator().await;
    let workspace = platform.workspace(Cli::Terraform);
    workspace.write("main.tf", addon("nyancat", "replicas = 1"));
    workspace.apply().await.succeeded();
    platform.faults().addon_fails("nyancat", Times::Always, "Error: no");
    let change = json!({"spec": {"install": {"storageClass": "other"}}});
    platform.merge("extensions.kubeblocks.io", "Addon", "addons", None, "nyancat", change).await;
    platform
        .until(("extensions.kubeblocks.io", "Addon", "addons"), None, "nyancat", |addon| {
            addon.is_some_and(|addon| addon.data["status"]["phase"] == "Failed")
        })
        .await;
    platform.faults().addon_works("nyancat");
    assert_eq!(
        workspace.planned_actions().await,
        [("kubeblocks_addon.this".to_owned(), vec!["update".to_owned()])]
    );
    workspace.apply().await.succeeded();
    assert_eq!(phase(platform, "nyancat").await, "Enabled");
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_installation_is_kept_with_a_warning_and_waited_for_by_the_next_apply() {
    let platform = Platform::with_operator().await;
    let workspace = platform.workspace(Cli::Terraform);
    platform.faults().addon_delay("qdrant", Duration::from_secs(30));
    workspace.write("main.tf", addon("qdrant", "timeouts = { create = \"15s\" }"));
    workspace.apply().await.succeeded().says(&["KubeBlocks add-on is not ready yet"]);
    platform.faults().addon_delay("qdrant", Duration::ZERO);
    workspace.apply().await.succeeded();
    let attributes = workspace.attributes("kubeblocks_addon.this").await;
    assert_eq!(attributes["cluster_definitions"], json!(["qdrant"]), "{attributes:#}");
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_a_missing_object_should_bring_do_not_hang_for_ever() {
    let platform = Platform::with_operator().await;
    let workspace = platform.workspace(Cli::Terraform);
    let references = json!({"spec": {"helm": {"installValues": {"configMapRefs": [{"name": "absent", "key": "values.yaml"}]}}}});
    platform.merge("extensions.kubeblocks.io", "Addon", "addons", None, "opensearch", references).await;
    workspace.write("main.tf", addon("opensearch", ""));
    workspace.apply().await.failed().says(&["takes values from an object that is missing", "absent"]);
    // Made by hand, it is found, and the next apply goes on.
    platform
        .kubectl(&[
            "-n",
            "kb-system",
            "create",
            "configmap",
            "absent",
            "--from-literal=values.yaml=team: shop",
        ])
        .await
        .succeeded();
    workspace.apply().await.succeeded();
    assert_eq!(phase(platform, "opensearch").await, "Enabled");
    workspace.destroy().await.succeeded();
}

#[tokio::test(flavor = "multi_thread")]
async fn old_jobs_that_stay_do_not_count_for_what_comes_after_them() {
    let platform = Platform::with_operator().await;
    let workspace = platform.workspace(Cli::Terraform);
    platform
        .kubectl(&["annotate", "addon", "nebula", "extensions.kubeblocks.io/no-delete-jobs=true"])
        .await
        .succeeded();
    workspace.write("main.tf", addon("nebula", "timeouts = { create = \"3m\", delete = \"2m\" }"));
    for _ in 0..2 {
        workspace.apply().await.succeeded();
        let definition =
            platform.get("apps.kubeblocks.io", "ClusterDefinition", "clusterdefinitions", None, "nebula");
        assert!(definition.await.is_some());
        workspace.destroy().await.succeeded();
        let definition =
            platform.get("apps.kubeblocks.io", "ClusterDefinition", "clusterdefinitions", None, "nebula");
        assert!(definition.await.is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_still_going_from_before_does_not_take_the_new_installation_along() {
    let platform = Platform::with_operator().await;
    let workspace = platform.workspace(Cli::Terraform);
    let definition = ("apps.kubeblocks.io", "ClusterDefinition", "clusterdefinitions");
    workspace.write("main.tf", addon("greptimedb", "timeouts = { delete = \"20s\" }"));
    workspace.apply().await.succeeded();
    let held = async |by: serde_json::Value| {
        let (group, kind, plural) = definition;
        let patch = json!({"metadata": {"finalizers": by}});
        platform.merge(group, kind, plural, None, "greptimedb", patch).await;
    };
    held(json!(["example.com/held"])).await;
    workspace.destroy().await.failed().says(&["ClusterDefinition greptimedb"]);
    let (applied, ()) = tokio::join!(workspace.apply(), async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        held(json!([])).await;
    });
    applied.succeeded();
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_do_nothing_is_told_which_permission_is_missing() {
    let platform = Platform::with_operator().await;
    let workspace = Platform::workspace_through(Cli::Terraform, &platform.kubeconfig_without_rights());
    workspace.write("main.tf", addon("tdengine", ""));
    workspace.apply().await.failed().says(&["Missing permission", "addons.extensions.kubeblocks.io"]);
}
