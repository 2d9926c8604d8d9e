//! What goes wrong with the operator: each fault says what is the matter and what to do, and the next apply heals.
//!
//! The operator is one in a Kubernetes cluster, so each of these tests has one to itself; it begins and ends with nothing.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use acceptance_tests::charts::{Charts, OciRegistry};
use acceptance_tests::tools;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tokio::process::Child;

use crate::cluster_interrupted::kill_provider_of;
use crate::platform::Platform;
use crate::terraform::{Cli, Output, Workspace, ended, play_provider};

const OPERATOR: &str = "kubeblocks_operator.this";
/// So long something may take that is certain to happen.
const CERTAIN: Duration = Duration::from_mins(2);

/// Removes everything, also the definitions of kinds.
async fn clean(platform: &Platform, workspace: &Workspace, lines: &str) {
    workspace.write("main.tf", platform.operator("0.7.5", &format!("delete_crds = true\n  {lines}")));
    workspace.apply().await.succeeded();
    workspace.destroy().await.succeeded();
    platform.is_empty().await;
}

/// A helm that does `first` once, in place of running `verb`, and then is the real one.
fn faulty_helm(workspace: &mut Workspace, verb: &str, first: &str) {
    let (program, done) = (workspace.path("faulty-helm"), workspace.path("faulty-helm-done"));
    let _ = std::fs::remove_file(&done);
    let real = tools::helm().expect("helm is built").display().to_string();
    let (done, first) = (done.display(), first.replace("REAL", &real));
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = {verb} ] && [ ! -e '{done}' ]; then\n  touch '{done}'\n  {first}\nfi\nexec '{real}' \"$@\"\n"
    );
    std::fs::write(&program, script).expect("it can be written");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("permitted");
    workspace.set("KUBEBLOCKS_HELM", program.display());
}

/// Runs the real helm, a bit at a time, and kills it as soon as it has noted its begin. It stands still while it is looked at: on a
/// busy machine it would be through before.
const KILLED_AT_WORK: &str = "exec 3<&0\n  HELM_QPS=20 HELM_BURST_LIMIT=1 'REAL' \"$@\" <&3 & helm=$!\n  while kill -STOP $helm && ! 'REAL' list -a -n kb-system -f '^kubeblocks$' -o json 2>/dev/null | grep -q pending; do\n    kill -CONT $helm; sleep 0.3\n  done\n  kill -9 $helm; wait $helm; kill -9 $$";

/// Runs the real helm, slowly and in a process group of its own, and kills it when it is interrupted.
const KILLED_ON_INTERRUPT: &str = "exec 3<&0\n  HELM_QPS=10 HELM_BURST_LIMIT=1 setsid 'REAL' \"$@\" <&3 & helm=$!\n  trap 'kill -9 $helm; kill -9 $$' INT\n  wait $helm; wait $helm; exit";

#[tokio::test(flavor = "multi_thread")]
async fn a_helm_that_is_killed_leaves_a_release_that_the_next_apply_heals() {
    let platform = &Platform::bare().await;
    let mut workspace = platform.workspace(Cli::Terraform);
    workspace.write("main.tf", platform.operator("0.7.5", ""));
    faulty_helm(&mut workspace, "upgrade", KILLED_AT_WORK);
    workspace.apply().await.failed().says(&["killed"]);
    assert_eq!(status(platform).await, "pending-install");
    workspace.apply().await.succeeded();
    assert_eq!(status(platform).await, "deployed");
    workspace.plan_is_empty().await;

    // An interrupt on which helm does not get to note its end: the release stays as it was at its begin.
    clean(platform, &workspace, "").await;
    workspace.write("main.tf", platform.operator("0.7.5", ""));
    faulty_helm(&mut workspace, "upgrade", KILLED_ON_INTERRUPT);
    let child = workspace.spawn(["apply", "-auto-approve", "-no-color"]);
    let (group, kind, plural) = ("", "Secret", "secrets");
    platform
        .until((group, kind, plural), Some("kb-system"), "sh.helm.release.v1.kubeblocks.v1", |found| {
            found.is_some()
        })
        .await;
    interrupt(child).await;
    assert_eq!(status(platform).await, "pending-install");
    workspace.apply().await.succeeded();
    assert_eq!(status(platform).await, "deployed");
    workspace.plan_is_empty().await;

    faulty_helm(&mut workspace, "upgrade", KILLED_AT_WORK);
    workspace.write("main.tf", platform.operator("0.7.5", "values = { podAnnotations = { a = \"b\" } }"));
    workspace.apply().await.failed().says(&["killed"]);
    assert_eq!(status(platform).await, "pending-upgrade");
    workspace.apply().await.succeeded();
    assert_eq!(status(platform).await, "deployed");
    workspace.plan_is_empty().await;
    clean(platform, &workspace, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_that_is_cut_off_leaves_an_operator_that_runs_and_the_next_apply_finishes_it() {
    let platform = &Platform::bare().await;
    let mut workspace = platform.workspace(Cli::Terraform);
    workspace.write("main.tf", platform.operator("0.7.4", ""));
    workspace.apply().await.succeeded();

    faulty_helm(&mut workspace, "upgrade", KILLED_AT_WORK);
    workspace.write("main.tf", platform.operator("0.7.5", ""));
    workspace.apply().await.failed().says(&["killed"]);
    // It was stopped for the upgrade.
    for deployment in ["kubeblocks", "kubeblocks-dataprotection"] {
        platform
            .until(("apps", "Deployment", "deployments"), Some("kb-system"), deployment, |found| {
                found.is_some_and(|found| found.data["status"]["readyReplicas"] == 1)
            })
            .await;
    }
    assert_eq!(workspace.planned_actions().await, [(OPERATOR.to_owned(), vec!["update".to_owned()])]);
    workspace.apply().await.succeeded();
    assert_eq!(release(platform).await["chart"], "kubeblocks-0.7.5");
    workspace.plan_is_empty().await;
    // The add-on that the new chart dropped is kept, and goes only by force.
    clean(platform, &workspace, "force_destroy = true").await;
}

/// The release as helm lists it.
async fn release(platform: &Platform) -> Value {
    let listed = platform
        .helm(&["list", "-a", "-n", "kb-system", "-f", "^kubeblocks$", "-o", "json"])
        .await
        .succeeded();
    let mut listed: Value = serde_json::from_str(&listed.stdout).expect("JSON");
    listed[0].take()
}

async fn status(platform: &Platform) -> String {
    release(platform).await["status"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apply_that_is_interrupted_or_loses_its_provider_is_gone_on_with() {
    let platform = &Platform::bare().await;
    let workspace = platform.workspace(Cli::Terraform);
    // No image: the operator does not become ready, so there is time.
    let broken = platform.operator(
        "0.7.5",
        "values = { podAnnotations = { \"playground.kubeblocks.io/fault\" = \"image-pull\" } }",
    );
    workspace.write("main.tf", &broken);
    let child = workspace.spawn(["apply", "-auto-approve", "-no-color"]);
    platform
        .until(("apps", "Deployment", "deployments"), Some("kb-system"), "kubeblocks", |found| {
            found.is_some()
        })
        .await;
    interrupt(child).await;
    assert_eq!(workspace.planned_actions().await, [(OPERATOR.to_owned(), vec!["update".to_owned()])]);
    workspace.write("main.tf", platform.operator("0.7.5", ""));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    clean(platform, &workspace, "").await;

    workspace.write("main.tf", &broken);
    let child = workspace.spawn(["apply", "-auto-approve", "-no-color"]);
    platform
        .until(("apps", "Deployment", "deployments"), Some("kb-system"), "kubeblocks", |found| {
            found.is_some()
        })
        .await;
    kill_provider_of(child, &workspace).await;
    workspace.write("main.tf", platform.operator("0.7.5", ""));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    clean(platform, &workspace, "").await;
}

/// Sends Ctrl-C to an apply that installs the operator, and checks that it says so.
async fn interrupt(child: Child) {
    let terraform = child.id().expect("it runs");
    kill_process_group(Pid::from_raw(terraform.cast_signed()).expect("a process"), Signal::INT)
        .expect("sent");
    let text = tokio::time::timeout(CERTAIN, ended(child)).await.expect("it ends").text();
    assert!(text.contains("Interrupted while KubeBlocks was being installed"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn charts_and_values_that_cannot_be_used_are_refused_while_planning() {
    let platform = &Platform::bare().await;
    let workspace = platform.workspace(Cli::Terraform);
    let table = [
        (platform.operator("0.7.99", ""), vec!["has no version 0.7.99", "0.7.5"]),
        (
            platform.operator("0.7.5", &format!("chart_digest = \"sha256:{}\"", "0".repeat(64))),
            vec!["has the digest", "chart_digest"],
        ),
        (platform.operator("0.7.5", "values = { replicaCount = \"many\" }"), vec!["schema", "replicaCount"]),
        (
            platform.operator("0.7.5", "values = { provider = \"moon\" }"),
            vec!["provider \"moon\" is unknown"],
        ),
        (
            platform.operator("0.7.5", "values = { admissionWebhooks = { enabled = true } }"),
            vec!["Admission webhooks cannot be enabled"],
        ),
        (
            platform.operator("0.7.5", "image_registry = \"a\"\n  values = { image = { registry = \"b\" } }"),
            vec!["`image_registry` sets the value `image.registry`"],
        ),
        (platform.operator("0.7.5", "values = \"replicaCount: 1\""), vec!["yamldecode"]),
        (
            platform.operator("0.7.5", "sensitive_values = { a = \"b\" }"),
            vec!["sensitive_values_revision = 1"],
        ),
    ];
    for (configuration, expected) in table {
        workspace.write("main.tf", configuration);
        workspace.plan().await.failed().says(&expected);
    }
    let mut without_helm = platform.workspace(Cli::Terraform);
    without_helm.set("KUBEBLOCKS_HELM", "/nowhere/helm");
    without_helm.write("main.tf", platform.operator("0.7.5", ""));
    without_helm.plan().await.failed().says(&["/nowhere/helm", "KUBEBLOCKS_HELM"]);

    platform.repository().leave().await.expect("it leaves");
    workspace.write("main.tf", platform.operator("0.7.5", ""));
    let planned = workspace.plan().await.succeeded();
    planned.says(&["Planned without the chart"]);
    workspace.apply().await.failed().says(&["failed to reach"]);
    platform.repository().come_back().await.expect("it comes back");
    platform.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_permissions_and_operators_that_do_not_start_are_named() {
    let platform = &Platform::bare().await;
    let intern = Platform::workspace_through(Cli::Terraform, &platform.kubeconfig_without_rights());
    intern.write("main.tf", platform.operator("0.7.5", ""));
    intern.apply().await.failed().says(&["Missing permission", "secrets"]);

    let workspace = platform.workspace(Cli::Terraform);
    let lines = "values = { podAnnotations = { \"playground.kubeblocks.io/fault\" = \"image-pull\" } }\n  timeouts = { create = \"2m\" }";
    workspace.write("main.tf", platform.operator("0.7.5", lines));
    workspace.apply().await.failed().says(&[
        "operator was not ready in time",
        "Pod kubeblocks-",
        "image_registry",
    ]);
    // What failed is tainted: the next apply removes it first.
    workspace.write("main.tf", platform.operator("0.7.5", ""));
    workspace.apply().await.succeeded();
    clean(platform, &workspace, "").await;
}

/// The operator knows the Job that removes an add-on only by its name, and an old one that has not gone yet looks to it
/// as if the add-on were removed already.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_job_that_removed_an_add_on_does_not_keep_the_operator_from_going() {
    let platform = &Platform::bare().await;
    let workspace = platform.workspace(Cli::Terraform);
    workspace
        .write("main.tf", platform.operator("0.7.5", "delete_crds = true\n  timeouts = { delete = \"4m\" }"));
    workspace.apply().await.succeeded();
    let becomes = |phase: &'static str| {
        let addon = ("extensions.kubeblocks.io", "Addon", "addons");
        platform.until(addon, None, "redis", move |found| {
            found.is_some_and(|found| {
                found.data["status"]["phase"] == phase
                    && found.data["status"]["observedGeneration"].as_i64() == found.metadata.generation
            })
        })
    };
    let switch = async |on: bool| {
        let patch = json!({"spec": {"install": {"enabled": on}}}).to_string();
        platform.kubectl(&["patch", "addon", "redis", "--type=merge", "-p", &patch]).await.succeeded();
    };
    becomes("Enabled").await;
    platform
        .kubectl(&["annotate", "addon", "redis", "extensions.kubeblocks.io/no-delete-jobs=true"])
        .await
        .succeeded();
    switch(false).await;
    becomes("Disabled").await;
    // Those that are still going would take the next installation along.
    let going = [
        "clusterdefinition/redis",
        "clusterversion/redis-7.0.6",
        "configconstraint/redis7-config-constraints",
        "backuppolicytemplate/redis-backup-policy-template",
        "actionset/redis-physical-backup",
    ];
    for object in going {
        platform.kubectl(&["wait", "--for=delete", object, "--timeout", "60s"]).await.succeeded();
    }
    let install =
        ["delete", "job", "install-redis-addon", "-n", "kb-system", "--ignore-not-found", "--timeout", "60s"];
    platform.kubectl(&install).await.succeeded();
    switch(true).await;
    becomes("Enabled").await;
    assert!(
        platform
            .get("apps.kubeblocks.io", "ClusterDefinition", "clusterdefinitions", None, "redis")
            .await
            .is_some()
    );
    let uninstall = ["get", "job", "uninstall-redis-addon", "-n", "kb-system"];
    platform.kubectl(&uninstall).await.succeeded();
    workspace.destroy().await.succeeded();
    // The annotation says that these are to stay.
    platform.kubectl(&["delete", "job", "--all", "-n", "kb-system", "--timeout", "60s"]).await.succeeded();
    platform.kubectl(&["delete", "namespace", "kb-system", "--timeout", "60s"]).await.succeeded();
    platform.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_by_hand_is_seen_and_put_back() {
    let platform = &Platform::bare().await;
    let workspace = platform.workspace(Cli::Terraform);
    workspace.write("main.tf", platform.operator("0.7.4", ""));
    workspace.apply().await.succeeded();
    workspace.write("main.tf", platform.operator("0.7.5", "values = { podAnnotations = { a = \"b\" } }"));
    workspace.apply().await.succeeded();
    let update = [(OPERATOR.to_owned(), vec!["update".to_owned()])];

    // A definition that is gone, and one of another version.
    let crd = ("apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions");
    platform.kubectl(&["delete", "crd", "servicedescriptors.apps.kubeblocks.io"]).await.succeeded();
    assert_eq!(workspace.planned_actions().await, update);
    workspace.apply().await.succeeded();
    assert!(platform.get(crd.0, crd.1, crd.2, None, "servicedescriptors.apps.kubeblocks.io").await.is_some());
    workspace.plan_is_empty().await;

    // Values, and a rollback to the older chart.
    let chart = Charts::packaged().expect("charts").operator_archive("0.7.5").display().to_string();
    platform
        .helm(&["upgrade", "kubeblocks", &chart, "-n", "kb-system", "--set", "hostNetwork=true"])
        .await
        .succeeded();
    let plan = workspace.plan_json().await;
    assert_eq!(plan["resource_changes"][0]["change"]["before"]["values"], json!({"hostNetwork": true}));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    // Helm cannot roll back over an object that was kept.
    platform.kubectl(&["delete", "addon", "xinference", "--timeout", "60s"]).await.succeeded();
    platform.helm(&["rollback", "kubeblocks", "1", "-n", "kb-system"]).await.succeeded();
    let plan = workspace.plan_json().await;
    assert_eq!(plan["resource_changes"][0]["change"]["before"]["version"], "0.7.4");
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;

    // The release itself, which leaves add-ons that nobody is left to finish.
    platform.helm(&["uninstall", "kubeblocks", "-n", "kb-system", "--no-hooks"]).await.succeeded();
    assert_eq!(workspace.planned_actions().await, [(OPERATOR.to_owned(), vec!["create".to_owned()])]);
    workspace.apply().await.succeeded();
    assert!(platform.get("extensions.kubeblocks.io", "Addon", "addons", None, "redis").await.is_some());
    // The add-on that only the older chart has is kept, and goes only by force.
    clean(platform, &workspace, "force_destroy = true").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn releases_of_others_are_refused_and_those_of_helm_release_are_taken_over() {
    let platform = &Platform::bare().await;
    let workspace = platform.workspace(Cli::Terraform);
    let charts = Charts::packaged().expect("charts");
    let nyancat = charts.addon_folder("nyancat").display().to_string();
    platform.install_by_helm("0.7.5").await;
    workspace.write("main.tf", platform.operator("0.7.5", ""));
    refused(&workspace, &["installed already", "import it with the id"]).await;
    workspace.write("main.tf", platform.operator("0.7.5", "namespace = \"elsewhere\""));
    refused(&workspace, &["The Deployment kb-system/kubeblocks"]).await;
    platform.helm(&["install", "other", &nyancat, "-n", "kb-system"]).await.succeeded();
    workspace.write("main.tf", platform.operator("0.7.5", "name = \"other\""));
    refused(&workspace, &["Another Helm release has this name", "nyancat"]).await;
    platform.helm(&["uninstall", "other", "-n", "kb-system"]).await;

    // A `helm_release` of that release.
    let state = json!({
        "version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "00000000-0000-0000-0000-000000000001", "outputs": {},
        "resources": [{
            "mode": "managed", "type": "helm_release", "name": "kubeblocks",
            "provider": "provider[\"registry.terraform.io/hashicorp/helm\"]",
            "instances": [{"schema_version": 2, "attributes": {
                "id": "kubeblocks", "name": "kubeblocks", "namespace": "kb-system", "chart": "kubeblocks",
                "repository": platform.repository().url(), "version": "0.7.5", "values": [], "set": [],
            }, "sensitive_attributes": []}],
        }],
    });
    play_provider(&workspace, "hashicorp/helm");
    workspace.write("terraform.tfstate", state.to_string());
    let moved = format!(
        "{}\nmoved {{\n  from = helm_release.kubeblocks\n  to   = {OPERATOR}\n}}\n",
        platform.operator("0.7.5", "")
    );
    workspace.write("main.tf", &moved);
    assert_eq!(workspace.planned_actions().await, [(OPERATOR.to_owned(), vec!["update".to_owned()])]);
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    workspace
        .write("main.tf", platform.operator("0.7.5", "delete_crds = true\n  timeouts = { delete = \"4m\" }"));
    workspace.apply().await.succeeded();
    workspace.destroy().await.succeeded();
    // Not made by us, so it stayed.
    platform.kubectl(&["delete", "namespace", "kb-system"]).await.succeeded();
    platform.is_empty().await;
}

async fn refused(workspace: &Workspace, texts: &[&str]) -> Output {
    workspace.apply().await.failed().says(texts)
}

#[tokio::test(flavor = "multi_thread")]
async fn charts_come_from_registries_folders_and_archives_as_well() {
    let platform = &Platform::bare().await;
    let workspace = platform.workspace(Cli::Terraform);
    let charts = Charts::packaged().expect("charts");
    let registry = OciRegistry::start(charts).await.expect("the registry starts");
    let place = registry.reference();
    let place = place.trim_end_matches("/kubeblocks");
    let sources = [
        format!("chart = {{ repository = \"{place}\" }}\n  version = \"0.7.5\""),
        format!("chart = {{ path = \"{}\" }}", charts.operator_archive("0.7.5").display()),
        format!("chart = {{ path = \"{}\" }}", charts.operator_folder("0.7.5").display()),
    ];
    for lines in sources {
        workspace.write("main.tf", format!("resource \"kubeblocks_operator\" \"this\" {{\n  {lines}\n}}\n"));
        workspace.apply().await.succeeded();
        assert_eq!(workspace.attributes(OPERATOR).await["version"], "0.7.5");
        workspace.plan_is_empty().await;
    }
    clean(platform, &workspace, "").await;
}
