//! Every add-on of the catalogue, declared in HCL and applied at once, with a database of every engine; and what happens
//! when the operator does not run.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use kubeblocks_schemas::catalogue::{Addon, Catalogue, Definition};

use crate::platform::{Platform, VERSION};
use crate::terraform::Cli;

/// The add-ons by the names of their objects; several engines can share one.
fn addons() -> Vec<(&'static str, Vec<&'static Addon>)> {
    let mut addons: Vec<(&'static str, Vec<&'static Addon>)> = Vec::new();
    for addon in Catalogue::v0_7().addons() {
        let name = addon.object.unwrap_or(addon.name);
        match addons.iter_mut().find(|(known, _)| *known == name) {
            Some((_, engines)) => engines.push(addon),
            None => addons.push((name, vec![addon])),
        }
    }
    addons
}

fn declared(name: &str, engines: &[&Addon], image: &str) -> String {
    let mut text = format!("resource \"kubeblocks_addon\" \"{name}\" {{\n  name = \"{name}\"\n");
    if engines[0].object.is_none() {
        let chart = engines[0].chart.unwrap_or(name);
        let _ = writeln!(text, "  chart = {{ url = \"file://{chart}-{VERSION}.tgz\", image = \"{image}\" }}");
    }
    text.push_str("}\n");
    text
}

/// A database with all components of the engine, one instance each.
fn database(addon: &str, definition: &Definition) -> String {
    let mut components = String::new();
    for component in definition.components {
        let volumes: Vec<String> =
            component.volumes.iter().map(|volume| format!("{volume} = {{ size = \"1Gi\" }}")).collect();
        let _ = writeln!(
            components,
            "    {} = {{ replicas = 1, volumes = {{ {} }} }}",
            component.name,
            volumes.join(", ")
        );
    }
    let version = definition.default_version.unwrap_or(definition.versions[0]);
    format!(
        r#"
resource "kubeblocks_cluster" "{definition}" {{
  namespace          = "engines"
  name               = "{name}"
  definition         = "{definition}"
  version            = "{version}"
  termination_policy = "WipeOut"
  components = {{
{components}  }}
  depends_on = [kubeblocks_addon.{addon}]
}}
"#,
        name = definition.name[..definition.name.len().min(15)].trim_end_matches('-'),
        definition = definition.name,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn every_engine_of_the_catalogue_is_applied_and_removed_and_nothing_hangs_without_the_operator() {
    let platform = Platform::bare().await;
    platform.install_by_helm(VERSION).await;
    platform.kubectl(&["create", "namespace", "engines"]).await.succeeded();
    let redis =
        platform.get("extensions.kubeblocks.io", "Addon", "addons", None, "redis").await.expect("an add-on");
    let image = redis["spec"]["helm"]["chartsImage"].as_str().expect("an image").to_owned();
    let workspace = platform.workspace(Cli::Terraform);
    let mut text = String::new();
    for (name, engines) in addons() {
        text.push_str(&declared(name, &engines, &image));
        // Pulsar's ZooKeeper, as an engine of its own, has no version to ask for.
        let definitions = engines.iter().flat_map(|engine| engine.definitions);
        for definition in definitions.filter(|definition| !definition.versions.is_empty()) {
            text.push_str(&database(name, definition));
        }
    }
    // One that no database needs.
    text.push_str("resource \"kubeblocks_addon\" \"nyancat\" {\n  name = \"nyancat\"\n}\n");
    workspace.write("main.tf", text);
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;

    let installed = |kind: &'static str, plural: &'static str| {
        let platform = &platform;
        async move {
            platform
                .names("apps.kubeblocks.io", kind, plural, None)
                .await
                .into_iter()
                .collect::<BTreeSet<_>>()
        }
    };
    let definitions = installed("ClusterDefinition", "clusterdefinitions").await;
    let versions = installed("ClusterVersion", "clusterversions").await;
    for addon in Catalogue::v0_7().addons() {
        for definition in addon.definitions {
            assert!(definitions.contains(definition.name), "{}: {}", addon.name, definition.name);
            for version in definition.versions {
                assert!(versions.contains(*version), "{}: {version}", addon.name);
            }
        }
    }

    // Without the operator an apply ends soon, and says why.
    platform
        .kubectl(&["-n", "kb-system", "scale", "deployment", "kubeblocks", "--replicas=0"])
        .await
        .succeeded();
    platform
        .until(("apps", "Deployment", "deployments"), Some("kb-system"), "kubeblocks", |found| {
            found.is_some_and(|found| found.data["status"].get("readyReplicas").is_none())
        })
        .await;
    workspace.plan_is_empty().await;
    let started = std::time::Instant::now();
    workspace
        .run(["destroy", "-auto-approve", "-no-color", "-target=kubeblocks_addon.nyancat"])
        .await
        .failed()
        .says(&["The KubeBlocks operator is not running", "has no ready pod"]);
    assert!(started.elapsed().as_secs() < 90, "an operator that does not run is no reason to wait");
    platform
        .kubectl(&["-n", "kb-system", "scale", "deployment", "kubeblocks", "--replicas=1"])
        .await
        .succeeded();

    workspace.destroy().await.succeeded();
    let left = installed("ClusterDefinition", "clusterdefinitions").await;
    assert!(left.is_empty(), "{left:?}");
}
