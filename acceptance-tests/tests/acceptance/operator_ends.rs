//! What an upgrade must not take away, and a removal without an operator that could help.

use crate::platform::Platform;
use crate::terraform::Cli;

const ADDON: (&str, &str, &str) = ("extensions.kubeblocks.io", "Addon", "addons");
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
    for deployment in ["kubeblocks", "kubeblocks-dataprotection"] {
        platform
            .kubectl(&["-n", "kb-system", "scale", "deployment", deployment, "--replicas=0"])
            .await
            .succeeded();
        platform
            .until(DEPLOYMENT, Some("kb-system"), deployment, |found| {
                found.is_some_and(|found| found.data["status"].get("replicas").is_none())
            })
            .await;
    }
    workspace
        .destroy()
        .await
        .failed()
        .says(&["The operator does not run and cannot remove its add-ons", "force_destroy"]);
}
