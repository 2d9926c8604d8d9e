//! The add-ons under the databases: all of the catalogue come with what they bring, and end with an error, not with a wait,
//! where no operator runs.

use std::collections::BTreeSet;

use kubeblocks_schemas::catalogue::Catalogue;

use super::Run;

async fn installed(run: &Run, kind: &str, plural: &str) -> BTreeSet<String> {
    run.platform.names("apps.kubeblocks.io", kind, plural, None).await.into_iter().collect()
}

/// Each definition and version of the catalogue is there.
pub(super) async fn bring_all_definitions(run: &Run) {
    let definitions = installed(run, "ClusterDefinition", "clusterdefinitions").await;
    let versions = installed(run, "ClusterVersion", "clusterversions").await;
    for addon in Catalogue::v0_7().addons() {
        for definition in addon.definitions {
            assert!(definitions.contains(definition.name), "{}: {}", addon.name, definition.name);
            for version in definition.versions {
                assert!(versions.contains(*version), "{}: {version}", addon.name);
            }
        }
    }
}

/// Without the operator an apply ends soon, and says why.
pub(super) async fn do_not_wait_for_an_operator_that_does_not_run(run: &Run) {
    let scale = async |replicas: &str| {
        let arguments = ["-n", "kb-system", "scale", "deployment", "kubeblocks", replicas];
        run.platform.kubectl(&arguments).await.succeeded();
    };
    scale("--replicas=0").await;
    run.platform
        .until(("apps", "Deployment", "deployments"), Some("kb-system"), "kubeblocks", |found| {
            found.is_some_and(|found| found.data["status"].get("readyReplicas").is_none())
        })
        .await;
    run.workspace.plan_is_empty().await;
    let started = std::time::Instant::now();
    run.workspace
        .run(["destroy", "-auto-approve", "-no-color", "-target=kubeblocks_addon.nyancat"])
        .await
        .failed()
        .says(&["The KubeBlocks operator is not running", "has no ready pod"]);
    assert!(started.elapsed().as_secs() < 90, "an operator that does not run is no reason to wait");
    scale("--replicas=1").await;
}

/// Nothing of them is left.
pub(super) async fn are_gone(run: &Run) {
    let left = installed(run, "ClusterDefinition", "clusterdefinitions").await;
    assert!(left.is_empty(), "{left:?}");
}
