//! Runs that do not reach their end: Ctrl-C and killed providers. The next apply goes on; nothing is lost or doubled.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;

use crate::hcl::Redis;
use crate::playground::{Namespace, Playground};
use crate::terraform::{Cli, Workspace, ended};

/// A Ctrl-C must be over by then; a create here would take for ever.
const PROMPT: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_during_a_create_ends_in_seconds_and_the_next_apply_goes_on() {
    for cli in [Cli::Terraform, Cli::OpenTofu] {
        let playground = Playground::shared().await;
        let namespace = playground.namespace("ctrlc").await;
        let workspace = playground.workspace(cli);
        // No node is that large: the create waits until it is interrupted.
        let redis = Redis::new(&namespace.name, "cache").memory("4000Gi");
        workspace.write("main.tf", redis.to_string());

        let child = workspace.spawn(["apply", "-auto-approve", "-no-color"]);
        namespace.cluster_exists("cache").await;
        let uid = namespace.cluster("cache").await.expect("the cluster exists")["metadata"]["uid"].clone();
        let output = interrupt(child).await;
        assert!(output.contains("Interrupted while the KubeBlocks cluster was starting"), "{output}");
        assert_eq!(workspace.managed().await, [redis.address()], "what exists is in the state");
        // Nothing in the configuration changed, yet the next apply has to go on waiting; it must not replace.
        assert_eq!(workspace.planned_actions().await, [(redis.address(), vec!["update".to_owned()])]);

        workspace.write("main.tf", redis.clone().memory("128Mi").to_string());
        workspace.apply().await.succeeded();
        let cluster = namespace.cluster("cache").await.expect("the cluster exists");
        assert_eq!(cluster["metadata"]["uid"], uid, "the same database goes on");
        workspace.plan_is_empty().await;
        workspace.destroy().await.succeeded();
        namespace.is_empty().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_killed_during_a_create_loses_and_doubles_nothing() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("killcreate").await;
    let workspace = playground.workspace(Cli::Terraform);
    let redis = Redis::new(&namespace.name, "cache").memory("4000Gi");
    workspace.write("main.tf", redis.to_string());

    let child = workspace.spawn(["apply", "-auto-approve", "-no-color"]);
    namespace.cluster_exists("cache").await;
    let uid = namespace.cluster("cache").await.expect("the cluster exists")["metadata"]["uid"].clone();
    kill_provider_of(child, &workspace).await;

    // Terraform knows nothing of it, but the cluster carries our mark: it is adopted, not refused.
    workspace.write("main.tf", redis.clone().memory("128Mi").to_string());
    workspace.apply().await.succeeded();
    let cluster = namespace.cluster("cache").await.expect("the cluster exists");
    assert_eq!(cluster["metadata"]["uid"], uid, "adopted, not made twice");
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_killed_during_an_update_goes_on_with_the_next_apply() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("killupdate").await;
    let workspace = playground.workspace(Cli::Terraform);
    let redis = Redis::new(&namespace.name, "cache");
    workspace.write("main.tf", redis.to_string());
    workspace.apply().await.succeeded();

    workspace.write("main.tf", redis.clone().memory("4000Gi").to_string());
    let child = workspace.spawn(["apply", "-auto-approve", "-no-color"]);
    namespace.cluster_generation("cache", 2).await;
    kill_provider_of(child, &workspace).await;
    assert_eq!(workspace.managed().await, [redis.address()]);

    workspace.write("main.tf", redis.clone().memory("256Mi").to_string());
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_killed_during_a_delete_goes_on_with_the_next_destroy() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("killdelete").await;
    let workspace = playground.workspace(Cli::Terraform);
    let redis = Redis::new(&namespace.name, "cache");
    workspace.write("main.tf", redis.to_string());
    workspace.apply().await.succeeded();

    // A finalizer of a third party holds the deletion until it is taken away.
    namespace.add_finalizer("cache", "playground.kubeblocks.io/hold").await;
    let child = workspace.spawn(["destroy", "-auto-approve", "-no-color"]);
    namespace.cluster_deleting("cache").await;
    kill_provider_of(child, &workspace).await;
    assert_eq!(workspace.managed().await, [redis.address()], "it is still there, and still in the state");

    namespace.remove_finalizer("cache", "playground.kubeblocks.io/hold").await;
    workspace.destroy().await.succeeded();
    assert!(workspace.managed().await.is_empty());
    namespace.is_empty().await;
}

/// Sends one Ctrl-C to the whole process group, as a terminal does, and waits for the end.
pub(crate) async fn interrupt(child: Child) -> String {
    let group = Pid::from_raw(child.id().expect("it runs").cast_signed()).expect("a process");
    rustix::process::kill_process_group(group, Signal::INT).expect("the group can be signalled");
    let output = tokio::time::timeout(PROMPT, ended(child)).await;
    output.expect("one Ctrl-C ends the run within seconds").text()
}

/// Kills every provider that this run of Terraform started, and waits for Terraform to notice.
pub(crate) async fn kill_provider_of(child: Child, workspace: &Workspace) {
    let terraform = child.id().expect("it runs");
    let mut killed = 0;
    for process in procfs(terraform) {
        kill_process(Pid::from_raw(process.cast_signed()).expect("a process"), Signal::KILL).expect("killed");
        killed += 1;
    }
    assert!(killed > 0, "a provider runs under {terraform} in {}", workspace.path("").display());
    ended(child).await.failed();
}

/// The providers among the children of a process.
fn procfs(parent: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("/proc is there").flatten() {
        let Ok(process) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        // "pid (name) state parent ..."; the name may hold blanks and is cut to 15 characters.
        let Some((head, tail)) = stat.rsplit_once(')') else { continue };
        let is_child = tail.split_whitespace().nth(1) == Some(parent.to_string().as_str());
        if is_child && head.contains("(terraform-provi") {
            found.push(process);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_shows_what_is_left_in_it() {
    // The tests above end with `is_empty`; this one shows that it can fail.
    let playground = Playground::shared().await;
    let namespace: Namespace = playground.namespace("leftover").await;
    namespace.create_foreign_redis("cache").await;
    assert!(!namespace.leftovers().await.is_empty());
}
